use std::env;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::getpgrp;
use rustix::termios::tcgetpgrp;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::serve::served_configs::ServedConfigs;
use super::serve::signals::StopSignals;
use super::serve::{listen, memory, pages};
use crate::cli::failure::Failure;
use crate::cli::global::Global;
use crate::cli::help::GlobalsLast as _;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::log::{LogForm, LogWriter};
use crate::context::EngineName;
use crate::http::{self, Api, ApiSettings, BrowserSessions, ServerActivity, ServerOrigin, ServerSettings};
use crate::model::{Access, ConfigName, ErrorKind, Role, Span};

/// How often the embedded engine is checked for what other processes changed.
const LOCAL_INTERVAL: Duration = Duration::from_secs(1);
/// How often it is looked whether the process is in the foreground of its terminal again.
const BACKGROUND: Duration = Duration::from_millis(500);
/// How long open requests may go on once the console is to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Open the console in a browser
///
/// Shows the keys of configs, their history and who can access them, and edits keys. Serves the current config if none is given,
/// with your access (limited by --as; read-only if you can't assume the write role), on a free port of the loopback interface,
/// until Ctrl-C.
///
/// The browser is opened with a link that is valid once and for a minute. On a terminal, press Enter for a new one. If a
/// link is used twice, the session that it began ends, and a warning is shown. On Linux, other users of this machine can't use
/// the link. The second address is for browsers that do not resolve *.localhost.
///
/// While a page is visible, the config is checked for changes every 2 seconds, or every second with the embedded engine. On DynamoDB,
/// each check costs half a read unit per section.
#[derive(Debug, Args)]
#[command(globals_last(), after_long_help = EXAMPLES)]
pub(in crate::cli) struct UiArgs {
    /// Configs to show [default: the current config]
    #[arg(value_name = "CONFIG")]
    configs: Vec<ConfigName>,
    /// Print the addresses, but don't open a browser
    #[arg(long)]
    no_open: bool,
    /// Stop when no page has been visible for this long
    #[arg(long, value_name = "TIME")]
    exit_when_idle: Option<Span>,
}

const EXAMPLES: &str = "\
-f json:
  {\"action\":\"ui\",\"url\",\"loopbackUrl\",\"configs\":[…]} once it is ready

Examples:
  discfg ui
  discfg ui payments-test payments-production
  discfg ui --no-open --exit-when-idle 30m";

#[derive(Serialize)]
struct UiResult {
    action: &'static str,
    url: String,
    #[serde(rename = "loopbackUrl")]
    loopback_url: String,
    configs: Vec<String>,
}

pub(in crate::cli) async fn run(
    args: UiArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    memory::keep_private()?;
    let log = LogWriter::begin(LogForm::Off, session.global().verbose);
    let served = serve(args, session, terminal).await;
    log.end();
    served
}

/// The two names of a console, one of which no other server on this machine has: browsers send cookies to every port of a
/// name.
struct LaunchAddress {
    name: String,
    address: SocketAddr,
}

impl LaunchAddress {
    fn origins(&self) -> Result<Vec<ServerOrigin>, Failure> {
        let port = self.address.port();
        let names = [format!("{}:{port}", self.name), self.address.to_string()];
        let origins = names.iter().map(|name| name.parse());
        let origins: Result<Vec<_>, _> = origins.collect();
        origins.map_err(|error| Failure::internal("cannot name the console", &error))
    }

    /// The link with a new code, under both names.
    fn links(&self, sessions: &BrowserSessions) -> (String, String) {
        let code = sessions.new_launch_code();
        let port = self.address.port();
        let link = |host: &str| format!("http://{host}/launch/{code}");
        (
            link(&format!("{}:{port}", self.name)),
            link(&self.address.to_string()),
        )
    }
}

async fn serve(args: UiArgs, session: &mut Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let served = open(args.configs, session, terminal).await?;
    let is_local = matches!(session.target()?.engine.value, EngineName::Local);
    let mut signals = StopSignals::new()?;
    let listener = listen::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Failure::internal("cannot print the address that the console listens on", &error))?;
    let launch = LaunchAddress {
        name: format!("{}.localhost", hex::encode(fastrand::u64(..).to_be_bytes())),
        address,
    };
    let settings = ApiSettings {
        interval: if is_local {
            LOCAL_INTERVAL
        } else {
            ApiSettings::default().interval
        },
        ..ApiSettings::default()
    };
    let api = Api::new(served.stores.iter().cloned(), settings);
    let sessions = Arc::new(BrowserSessions::new(address.port(), false, None));
    let console = pages::console(&api, &served, Arc::clone(&sessions), true, session).await?;
    let activity = ServerActivity::new();
    let settings = ServerSettings {
        grace: GRACE,
        access: served.access,
        hosts: launch.origins()?,
        only_hosts: true,
        activity: Some(activity.clone()),
        pages: Some(console.into_pages()),
        ..ServerSettings::default()
    };
    let (stop, stopped) = oneshot::channel();
    let stopped = async {
        let _ = stopped.await;
    };
    let serving = http::serve(listener, api, settings, stopped);
    announce(
        &launch,
        &sessions,
        served.names(),
        args.no_open,
        session,
        terminal,
    )?;
    let mut enters = read_enters();
    let idle = async {
        match args.exit_when_idle {
            Some(time) => activity.wait_until_idle(time.duration()).await,
            None => std::future::pending().await,
        }
    };
    let watched = async {
        tokio::pin!(idle);
        loop {
            tokio::select! {
                () = signals.next() => break,
                () = &mut idle => {
                    terminal.note("stopping: no page was visible");
                    break;
                }
                Some(()) = enters.recv() => {
                    let (link, loopback_link) = launch.links(&sessions);
                    terminal.note(&link);
                    terminal.note(&loopback_link);
                    open_browser(&link, args.no_open, terminal);
                }
            }
        }
        let _ = stop.send(());
        signals.next().await;
    };
    tokio::select! {
        served = serving => served.map_err(|error| Failure::internal("the console stopped", &error)),
        () = watched => Err(Failure::new(ErrorKind::Interrupted, "")),
    }
}

/// Opens the configs for writing, or for reading if the write role can't be assumed and no role was chosen.
async fn open(
    configs: Vec<ConfigName>,
    session: &mut Session,
    terminal: &Terminal,
) -> Result<ServedConfigs, Failure> {
    let failure = match ServedConfigs::open(configs.clone(), session).await {
        Err(failure) if failure.kind == ErrorKind::Denied => failure,
        opened => return opened,
    };
    if session.target()?.role.is_some() {
        return Err(failure);
    }
    let global = Global {
        role: Some(Role::Config(Access::Read)),
        ..session.global().clone()
    };
    let Ok(served) = ServedConfigs::open(configs, &mut session.beside(global)).await else {
        return Err(failure);
    };
    terminal.hint("you can only read: the write role can't be assumed");
    Ok(served)
}

/// Prints the links, and opens the browser.
fn announce(
    launch: &LaunchAddress,
    sessions: &BrowserSessions,
    configs: Vec<String>,
    no_open: bool,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let (url, loopback_url) = launch.links(sessions);
    terminal.note(&format!("console of {}; Ctrl-C stops it", configs.join(", ")));
    let shape = UiResult {
        action: "ui",
        url,
        loopback_url,
        configs,
    };
    let human = || format!("{}\n{}\n", shape.url, shape.loopback_url);
    show(terminal, session.format(), &shape, human, || {
        format!("{}\n", shape.url).into_bytes()
    })?;
    terminal.flush()?;
    open_browser(&shape.url, no_open, terminal);
    Ok(())
}

fn open_browser(link: &str, no_open: bool, terminal: &Terminal) {
    if no_open {
        return;
    }
    // Its error would name the link.
    if !has_display() || open::that_detached(link).is_err() {
        terminal.hint("cannot open a browser: open the address yourself");
    }
}

/// Whether a browser with windows can be opened: without a display, one for terminals would be started.
fn has_display() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos")
        || ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"]
            .iter()
            .any(|name| is_set(name))
}

/// What tells that Enter was pressed on the terminal. Its thread ends with the process.
///
/// It reads only in the foreground: in the background that would stop the process.
fn read_enters() -> mpsc::UnboundedReceiver<()> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let input = io::stdin();
    if input.is_terminal() {
        thread::spawn(move || {
            let mut line = String::new();
            loop {
                let mut ready = [PollFd::new(&input, PollFlags::IN)];
                let has_input = poll(&mut ready, None).is_ok_and(|ready| ready > 0);
                if tcgetpgrp(&input).ok() != Some(getpgrp()) {
                    thread::sleep(BACKGROUND);
                    continue;
                }
                line.clear();
                if !has_input
                    || input.read_line(&mut line).is_ok_and(|read| read == 0)
                    || sender.send(()).is_err()
                {
                    break;
                }
            }
        });
    }
    receiver
}
