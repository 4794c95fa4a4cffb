mod aws;
mod local;
mod text;
mod trust;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::positionals::optional_config;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::EngineName;

/// Show a config's stack, roles, grants, table and price
///
/// Shows who the roles trust, unless it is the default: any principal of the account whose own policies allow it. Marks
/// GitHub jobs and OIDC subjects that `init` and `grant` would refuse. With -f json, this is in the parameters.
///
/// Uses your own credentials, not the config's roles. What they don't allow you to see is shown as unknown, with the
/// missing permission.
///
/// Exit codes: 3 if there is no stack (a table that was kept is shown); 7 if the stack needs repair, if so far only its
/// table was imported, or if its function runs code other than the stack's; with --drift, 1 if there are changes made
/// outside CloudFormation.
#[derive(Debug, Args)]
#[command(override_usage = "discfg status [OPTIONS] [CONFIG]")]
pub(in crate::cli) struct StatusArgs {
    /// Config to use instead of the current one (see `discfg which`)
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
    /// Detect changes made outside CloudFormation (takes some seconds)
    #[arg(long)]
    drift: bool,
}

pub(in crate::cli) async fn run(
    args: StatusArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    session.choose(optional_config(args.word.as_deref())?)?;
    match &session.target()?.engine.value {
        EngineName::DynamoDb => aws::run(args.drift, session, terminal).await,
        EngineName::Local if args.drift => Err(Failure::usage(
            "a local config has no stack: --drift is not supported",
        )),
        EngineName::Local => local::run(session, terminal).await,
        EngineName::Http(url) => Err(Failure::usage(format!("cannot show the stack through {url}"))
            .hint("use --engine dynamodb to access AWS directly")),
    }
}
