mod aws;
mod local;
mod text;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::positionals::optional_config;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::EngineName;

/// Show a config's stack, roles, grants, table and price
///
/// Asks with your own credentials, not through the roles. What you may not see is told as unknown, with the
/// permission that it takes. The exit code is 3 where there is no stack (a table that was kept is shown), 7 where the
/// stack is in a state that it doesn't leave by itself or only its table was taken in so far or its function runs other code than the stack says, and with --drift 1 where something was changed beside it.
#[derive(Debug, Args)]
#[command(override_usage = "discfg status [OPTIONS] [CONFIG]")]
pub(in crate::cli) struct StatusArgs {
    /// The config
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
    /// Compare the resources with the template, which takes some seconds: what was changed beside the stack
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
            "the embedded engine has no stack: --drift is not supported",
        )),
        EngineName::Local => local::run(session, terminal).await,
        EngineName::Http(url) => Err(Failure::usage(format!("can't show the stack through {url}"))
            .hint("use --engine dynamodb to access AWS directly")),
    }
}
