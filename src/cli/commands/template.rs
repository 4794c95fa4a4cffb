use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::grant::{CoverArgs, given_provider};
use super::init::{CodeFrom, StackArgs};
use crate::cli::failure::Failure;
use crate::cli::help::GlobalsLast as _;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::GrantName;
use crate::stack::{self, Blueprint};

/// How the AWS CLI deploys what this prints.
const EXAMPLE: &str = "\
To deploy a config with the AWS CLI:
  discfg template > discfg.yaml
  discfg template -c payments --parameters=deploy --reader ARN > payments.json
  aws cloudformation deploy --stack-name discfg-payments \\
    --template-file discfg.yaml --parameter-overrides file://payments.json \\
    --capabilities CAPABILITY_NAMED_IAM
  discfg init payments    # writes the settings that the table lacks";

/// Print the CloudFormation template of a config or grant
///
/// Use it to review, lint or deploy the stack without discfg. The stack must be named discfg-CONFIG, or
/// discfg-CONFIG--NAME for a grant; after deploying a grant, `discfg grant CONFIG NAME` registers its sections in the
/// table. With --parameters, prints the parameters for the given flags instead.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(after_long_help = EXAMPLE)]
pub(in crate::cli) struct TemplateArgs {
    /// Print the template of a grant
    ///
    /// With --parameters, NAME is required.
    #[arg(long, value_name = "NAME")]
    #[expect(clippy::option_option, reason = "the flag may stand without a name")]
    grant: Option<Option<GrantName>>,
    /// Print parameters; requires -c CONFIG
    ///
    /// Prints the parameters for the other flags given, in the form that the AWS CLI takes.
    #[arg(
        long,
        value_name = "FORMAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "stack"
    )]
    parameters: Option<ParameterForm>,
    #[command(flatten)]
    covers: CoverArgs,
    #[command(flatten)]
    stack: StackArgs,
}

/// How parameters are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ParameterForm {
    /// For --parameters of `aws cloudformation create-stack` and similar commands (default)
    Stack,
    /// For --parameter-overrides of `aws cloudformation deploy`
    Deploy,
}

pub(in crate::cli) fn run(
    args: TemplateArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    if args.grant.is_none() && !args.covers.is_empty() {
        return Err(Failure::usage(
            "--read, --write, --principal and --create-oidc-provider require --grant NAME",
        ));
    }
    let parameters = match (args.grant, args.parameters) {
        (grant, None) => {
            if !args.stack.is_empty() {
                return Err(
                    Failure::usage("these flags set parameters, and don't change the template")
                        .hint("add --parameters to print the parameters"),
                );
            }
            let template = if grant.is_some() {
                stack::GRANT_TEMPLATE
            } else {
                stack::TEMPLATE
            };
            return terminal.write(template.as_bytes());
        }
        (None, Some(form)) => {
            if let CodeFrom::Zip(_) = args.stack.code() {
                return Err(Failure::usage("--code is not supported here: template uploads nothing").hint(
                    "upload the zip file yourself, and set CodeBucket, CodeKey, CodeVersion and CodeArchitecture",
                ));
            }
            let target = session.target()?;
            let spec = args
                .stack
                .spec(target.config()?.clone(), target.external_id.as_deref())?;
            written(&Blueprint::from(&spec), form)?
        }
        (Some(None), Some(_)) => {
            return Err(Failure::usage(
                "the parameters of a grant require its name: --grant NAME",
            ));
        }
        (Some(Some(name)), Some(form)) => {
            let config = session.target()?.config()?.clone();
            let creates_provider = args.covers.creates_oidc_provider();
            let mut spec = args.covers.spec(config, name, args.stack.of_grant()?)?;
            if creates_provider {
                spec.oidc_provider = Some(given_provider(&spec)?);
            }
            spec.check_size()?;
            if spec.scope.is_none() {
                return Err(Failure::usage("a grant needs sections: --read or --write"));
            }
            if spec.principals.is_none() && spec.github.is_none() && spec.oidc.is_none() {
                return Err(Failure::usage(
                    "a grant needs a principal: --principal, --github or --oidc",
                ));
            }
            written(&Blueprint::from(&spec), form)?
        }
    };
    let json = serde_json::to_string_pretty(&parameters)
        .map_err(|error| Failure::internal("cannot write the parameters as JSON", &error))?;
    terminal.write_document(&(json + "\n"))
}

fn written(blueprint: &Blueprint, form: ParameterForm) -> Result<Value, Failure> {
    if blueprint.is_told_beside() {
        return Err(
            Failure::usage("--tag and --cfn-role are not parameters of the template")
                .hint("pass them to the AWS CLI with --tags and --role-arn"),
        );
    }
    let entry = |(name, value): (&str, &str)| match form {
        ParameterForm::Deploy => json!(format!("{name}={value}")),
        ParameterForm::Stack => json!({"ParameterKey": name, "ParameterValue": value}),
    };
    Ok(blueprint.given().map(entry).collect())
}
