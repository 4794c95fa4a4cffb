//! The console of a server.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_iam::Client as Iam;

use super::args::ServerArgs;
use super::served_configs::ServedConfigs;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::console::{AccessSource, Console, ConsoleConfig};
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
pub(super) async fn of_server(
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
    let console = console(api, served, Arc::new(sessions), false, session).await?;
    Ok(Some(console.into_pages()))
}

/// The console of these configs. A personal one shows errors with their causes.
pub(in crate::cli::commands) async fn console(
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
    let target = session.target()?;
    let access = match &target.engine.value {
        EngineName::Local => AccessSource::Local,
        EngineName::Http(_) => AccessSource::Unavailable(
            "Behind an API access can't be evaluated: use discfg access with credentials of the config's account.",
        ),
        // What the server's own credentials may find out is not for everyone who holds a token.
        EngineName::DynamoDb if !is_personal => AccessSource::Unavailable(
            "A shared console doesn't evaluate access: use discfg ui or discfg access with your own credentials.",
        ),
        EngineName::DynamoDb if target.account.is_some() => AccessSource::Unavailable(
            "Access can only be evaluated with credentials of the config's account.",
        ),
        EngineName::DynamoDb => {
            let aws = session.aws().await?;
            AccessSource::Aws {
                cfn: CloudFormation::new(aws.sdk()),
                iam: Iam::new(aws.sdk()),
            }
        }
    };
    Ok(Console {
        api: api.clone(),
        configs: configs.collect(),
        access,
        sessions,
        is_personal,
    })
}
