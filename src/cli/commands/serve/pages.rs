//! The console of a server.

use std::net::SocketAddr;
use std::sync::Arc;

use super::args::ServerArgs;
use super::served_configs::ServedConfigs;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::console::{Console, ConsoleConfig};
use crate::context::EngineName;
use crate::http::{Api, BrowserPages, BrowserSessions, KnownTokens, ServerOrigin};

/// Refuses a console that nobody could sign in to.
pub(super) fn check_tokens(args: &ServerArgs) -> Result<(), Failure> {
    if !args.ui || args.token_file.is_some() {
        return Ok(());
    }
    Err(
        Failure::usage("--ui requires --token-file: people sign in with a token")
            .hint("for a console of your own, use `discfg ui`")
            .hint("create a token with `discfg serve token new`"),
    )
}

/// The console beside the API of a server, if there is to be one.
pub(super) fn of_server(
    args: &ServerArgs,
    address: SocketAddr,
    api: &Api,
    served: &ServedConfigs,
    tokens: Option<&Arc<KnownTokens>>,
    session: &mut Session,
) -> Result<Option<BrowserPages>, Failure> {
    if !args.ui {
        return Ok(None);
    }
    let is_secure = args.tls_cert.is_some() || args.hosts.iter().any(ServerOrigin::is_https);
    let sessions = BrowserSessions::new(address.port(), is_secure, tokens.cloned());
    let console = console(api, served, Arc::new(sessions), false, session)?;
    Ok(Some(console.into_pages()))
}

/// The console of these configs. A personal one shows errors with their causes.
pub(in crate::cli::commands) fn console(
    api: &Api,
    served: &ServedConfigs,
    sessions: Arc<BrowserSessions>,
    is_personal: bool,
    session: &mut Session,
) -> Result<Console, Failure> {
    let target = session.target()?;
    let engine = match (&target.engine.value, is_personal) {
        (EngineName::Local, _) => "embedded".to_owned(),
        (EngineName::DynamoDb, true) => match &target.region {
            Some(region) => format!("DynamoDB in {}", region.value),
            None => "DynamoDB".to_owned(),
        },
        (EngineName::DynamoDb, false) => "DynamoDB".to_owned(),
        (EngineName::Http(url), _) => format!("API at {url}"),
    };
    let configs = served.stores.iter().map(|(name, _)| ConsoleConfig {
        name: name.clone(),
        engine: engine.clone(),
    });
    Ok(Console {
        api: api.clone(),
        configs: configs.collect(),
        sessions,
        is_personal,
    })
}
