use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::init::StackArgs;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::stack::{self, Blueprint};

/// How the AWS CLI deploys what this prints.
const EXAMPLE: &str = "\
The AWS CLI takes both as they are printed:

  discfg template > discfg.yaml
  discfg template -c payments --parameters=deploy --reader ARN > payments.json
  aws cloudformation deploy --stack-name discfg-payments --template-file discfg.yaml \\
    --parameter-overrides file://payments.json --capabilities CAPABILITY_NAMED_IAM

Under that name the stack is a config like any other. `discfg init payments` then finds
nothing to change, and writes the settings that the table lacks.";

/// Print the template that init deploys
///
/// It can be read, compared, linted and deployed without discfg. With --parameters it prints, instead, the parameters
/// that these flags give, in the form that the AWS CLI takes.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(in crate::cli) struct TemplateArgs {
    /// Print the parameters for these flags; needs -c CONFIG
    #[arg(
        long,
        value_name = "FORM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "stack"
    )]
    parameters: Option<Form>,
    #[command(flatten)]
    stack: StackArgs,
}

/// How parameters are written.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// For --parameters of aws cloudformation create-stack, update-stack and create-change-set; the form if none is given
    Stack,
    /// For --parameter-overrides of aws cloudformation deploy
    Deploy,
}

pub(in crate::cli) fn run(
    args: TemplateArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let Some(form) = args.parameters else {
        if args.stack.is_empty() {
            return terminal.write(stack::TEMPLATE.as_bytes());
        }
        return Err(Failure::usage(
            "the template is the same whatever the stack is to be: its parameters tell that",
        )
        .hint("--parameters prints them"));
    };
    let target = session.target()?;
    let spec = args
        .stack
        .spec(target.config()?.clone(), target.external_id.as_deref())?;
    if spec.tags.is_some() || spec.cfn_role.is_some() {
        return Err(Failure::usage(
            "tags and the role that CloudFormation deploys with are no parameters of the template",
        )
        .hint("give them to the AWS CLI, with --tags and --role-arn"));
    }
    let json = serde_json::to_string_pretty(&parameters(&Blueprint::from(&spec), form))
        .map_err(|error| Failure::internal("the parameters have no JSON form", &error))?;
    terminal.line(&json)
}

fn parameters(blueprint: &Blueprint, form: Form) -> Value {
    let written = |(name, value): (&str, &str)| match form {
        Form::Deploy => json!(format!("{name}={value}")),
        Form::Stack => json!({"ParameterKey": name, "ParameterValue": value}),
    };
    blueprint.given().map(written).collect()
}
