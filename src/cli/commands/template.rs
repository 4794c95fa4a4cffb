use clap::Args;

use super::init::StackArgs;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::stack;

/// Print the template that init deploys
///
/// It can be read, compared, linted and deployed without discfg. With --parameters it prints, instead, the
/// parameters that these flags give, as the CloudFormation command line takes them.
#[derive(Debug, Args)]
pub(in crate::cli) struct TemplateArgs {
    /// Print the parameters for these flags; needs -c CONFIG
    #[arg(long)]
    parameters: bool,
    #[command(flatten)]
    stack: StackArgs,
}

pub(in crate::cli) fn run(
    args: TemplateArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    if !args.parameters {
        return terminal.write(stack::TEMPLATE.as_bytes());
    }
    let target = session.target()?;
    let spec = args
        .stack
        .spec(target.config()?.clone(), target.external_id.as_deref())?;
    let json = serde_json::to_string_pretty(&stack::parameters_json(&spec))
        .map_err(|error| Failure::internal("the parameters have no JSON form", &error))?;
    terminal.line(&json)
}
