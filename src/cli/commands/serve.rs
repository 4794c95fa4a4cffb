mod args;
pub(super) mod listen;
pub(super) mod memory;
#[cfg(feature = "console")]
pub(super) mod pages;
pub(super) mod served_configs;
pub(super) mod signals;
mod token;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

pub(in crate::cli) use self::args::ServeArgs;
use self::args::{ServeCommand, ServerArgs};
use self::served_configs::{ServedConfigs, check_engine};
use self::signals::StopSignals;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::log::LogWriter;
use crate::http::{self, Api, ApiSettings, KnownTokens, ServerSettings, Tls, TokenFile};
use crate::model::ErrorKind;
use crate::wire::result::Serving;

/// Which part of a request's time a commit is tried for.
const PATIENCE: f64 = 0.75;
/// How much longer than a request may take its answer is waited for when the server is to stop.
const LEEWAY: Duration = Duration::from_secs(2);

pub(in crate::cli) async fn run(
    args: ServeArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    match args.command {
        Some(ServeCommand::Token(command)) => token::run(command, session, terminal),
        None => serve(args.server, session, terminal).await,
    }
}

async fn serve(args: ServerArgs, session: &mut Session, terminal: &mut Terminal) -> Result<(), Failure> {
    memory::keep_private()?;
    listen::check_exposure(&args)?;
    #[cfg(feature = "console")]
    pages::check_tokens(&args)?;
    // Before files are read: what is wrong with one, and doesn't hinder, is told there.
    let log = LogWriter::begin(args.log, session.global().verbose);
    let served = serve_logged(args, &log, session, terminal).await;
    log.end();
    served
}

async fn serve_logged(
    args: ServerArgs,
    log: &LogWriter,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::read(certificate, key)?),
        _ => None,
    };
    let tokens = args.token_file.as_ref().map(TokenFile::at);
    let tokens = tokens.map(KnownTokens::read).transpose()?.map(Arc::new);
    listen::allow_connections(args.max_connections, terminal);
    // A commit that isn't let through is to be told as not made while its request still can be answered.
    session.be_patient_for(args.request_timeout.duration().mul_f64(PATIENCE));
    check_engine(session)?;
    let served = ServedConfigs::open(args.configs.clone(), session).await?;
    let names = served.names();
    // Before anyone is told that it serves: whoever is told may already stop it.
    let mut signals = StopSignals::new()?;
    let listener = listen::bind(args.listen).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::internal("cannot print the address that the server listens on", &error))?;
    let url = listen::url(address, tls.is_some());
    let asked = if tokens.is_some() {
        "clients need a token"
    } else {
        "no token required"
    };
    terminal.note(&format!("serving {} on {url}; {asked}", names.join(", ")));
    let shape = Serving {
        action: "serve",
        url,
        configs: names,
    };
    show(terminal, session.format(), &shape, String::new, Vec::new)?;
    terminal.flush()?;

    let api = Api::new(served.stores.iter().cloned(), api_settings(&args));
    #[cfg(feature = "console")]
    let pages = pages::of_server(&args, address, &api, &served, tokens.as_ref(), session).await?;
    #[cfg(not(feature = "console"))]
    let pages = None;
    let teller = log.clone();
    let settings = ServerSettings {
        connections: args.max_connections,
        requests: args.max_requests,
        buffered: args.max_buffered,
        waiting: args.max_streams,
        head_time: args.header_timeout.duration(),
        idle_time: args.idle_timeout.duration(),
        stall_time: args.stall_timeout.duration(),
        grace: args.request_timeout.duration() + LEEWAY,
        headers: args.max_headers,
        head_bytes: args.max_header_bytes,
        access: served.access,
        checks_host: listen::is_loopback(address) || !args.hosts.is_empty(),
        hosts: args.hosts,
        only_hosts: false,
        tls,
        tokens,
        access_logger: Some(Arc::new(move |entry| teller.served(entry))),
        activity: None,
        pages,
    };
    let (stop, stopped) = oneshot::channel();
    let watched = async {
        signals.next().await;
        terminal.hint("stopping after the open requests; send a second signal to stop at once");
        let _ = stop.send(());
        signals.next().await;
    };
    let stopped = async {
        let _ = stopped.await;
    };
    tokio::select! {
        served = http::serve(listener, api, settings, stopped) => {
            served.map_err(|error| Failure::internal("the server stopped", &error))
        }
        () = watched => Err(Failure::new(ErrorKind::Interrupted, "")),
    }
}

fn api_settings(args: &ServerArgs) -> ApiSettings {
    ApiSettings {
        interval: args.interval.duration(),
        streams: args.max_streams,
        body_bytes: args.max_body,
        request_time: args.request_timeout.duration(),
        ..ApiSettings::default()
    }
}
