mod aws;
mod local;
mod text;

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::positionals::optional_config;
use crate::cli::price::PriceShape;
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

#[derive(Debug, Serialize)]
struct Status {
    action: &'static str,
    config: String,
    engine: &'static str,
    region: String,
    stack: Option<StackShape>,
    outputs: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
    roles: Vec<RoleShape>,
    grants: Option<Vec<GrantShape>>,
    table: Option<TableShape>,
    /// The code of the API's function.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<CodeShape>,
    #[serde(rename = "lastFailure")]
    last_failure: Option<FailureShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<Vec<DriftShape>>,
    price: Option<PriceShape>,
    #[serde(skip)]
    price_words: Option<String>,
    /// What could not be seen, and why.
    unknown: Vec<String>,
}

#[derive(Debug, Serialize)]
struct StackShape {
    name: String,
    arn: String,
    status: String,
    reason: Option<String>,
    created: String,
    since: String,
    #[serde(rename = "terminationProtection")]
    protected: bool,
    /// Whether it is only the table so far, left by an earlier stack.
    adopting: bool,
}

#[derive(Debug, Serialize)]
struct RoleShape {
    purpose: String,
    name: String,
    /// Nothing where the role isn't there.
    arn: Option<String>,
    #[serde(rename = "lastUsed")]
    last_used: Option<String>,
}

#[derive(Debug, Serialize)]
struct GrantShape {
    name: String,
    /// `read` or `write`; nothing where the stack doesn't say, as one that is being reviewed.
    access: Option<String>,
    sections: Vec<String>,
    principals: Vec<String>,
    github: Vec<String>,
    oidc: Vec<String>,
    stack: String,
    status: String,
}

#[derive(Debug, Serialize)]
struct TableShape {
    name: String,
    arn: String,
    status: String,
    items: u64,
    bytes: u64,
    billing: String,
    #[serde(rename = "pointInTimeRecovery")]
    recovery: Option<bool>,
    #[serde(rename = "timeToLive")]
    time_to_live: Option<String>,
    #[serde(rename = "deletionProtection")]
    protected: bool,
    key: Option<String>,
}

#[derive(Debug, Serialize)]
struct CodeShape {
    /// What the function runs, in Base64.
    sha256: String,
    /// What the stack says that it runs; nothing where the stack doesn't name its code by its SHA-256.
    expected: Option<String>,
}

#[derive(Debug, Serialize)]
struct FailureShape {
    at: String,
    work: String,
    operation: Option<String>,
    resource: String,
    what: String,
    reason: String,
    #[serde(rename = "isOver")]
    is_over: bool,
}

#[derive(Debug, Serialize)]
struct DriftShape {
    resource: String,
    what: String,
    gone: bool,
    differences: Vec<DifferenceShape>,
}

#[derive(Debug, Serialize)]
struct DifferenceShape {
    property: String,
    expected: Option<String>,
    actual: Option<String>,
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
            "the embedded engine has no stack, so nothing can drift from one",
        )),
        EngineName::Local => local::run(session, terminal).await,
        EngineName::Http(url) => Err(Failure::usage(format!("{url} tells nothing of a stack"))
            .hint("`--engine dynamodb` asks AWS itself")),
    }
}
