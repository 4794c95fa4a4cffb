use clap::Args;

use super::grant::CoverArgs;
use super::init::StackArgs;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::GrantName;
use crate::stack;

/// Print the template that init or grant deploys
///
/// It can be read, compared, linted and deployed without discfg. With --parameters it prints, instead, the
/// parameters that these flags give, as the CloudFormation command line takes them. A stack that is deployed so must be
/// called discfg-CONFIG, or discfg-CONFIG--NAME for a grant; `discfg grant CONFIG NAME` then writes down in the table
/// what the grant covers.
#[derive(Debug, Args)]
pub(in crate::cli) struct TemplateArgs {
    /// The template of a grant; with --parameters the grant's name is needed
    #[arg(long, value_name = "NAME")]
    #[expect(clippy::option_option, reason = "the flag may stand without a name")]
    grant: Option<Option<GrantName>>,
    /// Print the parameters for these flags; needs -c CONFIG
    #[arg(long)]
    parameters: bool,
    #[command(flatten)]
    covers: CoverArgs,
    #[command(flatten)]
    stack: StackArgs,
}

pub(in crate::cli) fn run(
    args: TemplateArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    if args.grant.is_none() && !args.covers.is_empty() {
        return Err(Failure::usage(
            "--read, --write, --principal and --create-oidc-provider are of a grant: add --grant NAME",
        ));
    }
    let parameters = match (args.grant, args.parameters) {
        (None, false) => return terminal.write(stack::TEMPLATE.as_bytes()),
        (Some(_), false) => return terminal.write(stack::GRANT_TEMPLATE.as_bytes()),
        (None, true) => {
            let target = session.target()?;
            let spec = args
                .stack
                .spec(target.config()?.clone(), target.external_id.as_deref())?;
            stack::parameters_json(&spec)
        }
        (Some(None), true) => {
            return Err(Failure::usage(
                "the parameters of a grant need its name: --grant NAME",
            ));
        }
        (Some(Some(name)), true) => {
            let config = session.target()?.config()?.clone();
            let spec = args.covers.spec(config, name, args.stack.of_grant()?)?;
            spec.check_size()?;
            if spec.scope.is_none() {
                return Err(Failure::usage("a grant needs sections: --read or --write"));
            }
            if spec.principals.is_none() && spec.github.is_none() {
                return Err(Failure::usage(
                    "a grant needs someone to have it: --principal or --github",
                ));
            }
            stack::parameters_json(&spec)
        }
    };
    let json = serde_json::to_string_pretty(&parameters)
        .map_err(|error| Failure::internal("the parameters have no JSON form", &error))?;
    terminal.line(&json)
}
