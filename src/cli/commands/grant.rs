mod args;
mod oidc_provider;
mod prove;

use std::fmt::Write as _;
use std::time::Instant;

use aws_sdk_cloudformation::Client;
use clap::Args;
use serde_json::json;

pub(in crate::cli) use self::args::CoverArgs;
pub(in crate::cli) use self::oidc_provider::given_provider;
use super::init::RoleArgs;
use crate::aws::{ASSUME_ACTIONS, Aws, CallerIdentity};
use crate::cli::deploying::deployer::Deployer;
use crate::cli::deploying::deployment::Deployment;
use crate::cli::deploying::options::DeployArgs;
use crate::cli::deploying::patience::DeploymentPatience;
use crate::cli::deploying::propose::DesiredStack;
use crate::cli::direct_table::direct_table;
use crate::cli::failure::Failure;
use crate::cli::help::{CONFIG, GlobalsLast as _, Positional, positionals};
use crate::cli::output::show;
use crate::cli::positionals::parse;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::{EngineName, Target};
use crate::engine::dynamodb::DynamoDb;
use crate::model::{AwsNames, ConfigName, ErrorKind, GrantName, GrantScope, OidcTrust};
use crate::stack::{self, Deployed, Grant, GrantSpec, Output, StackState};
use crate::store::{Admin as _, StoreError};
use crate::wire::result::{AssumeStatement, GrantResult, GrantShape};

/// Create a role scoped to sections of a config
///
/// Deploys a small stack, discfg-CONFIG--NAME, with a role that can read, or read and write, only these sections. The
/// principals, GitHub jobs and OIDC subjects given can assume it, with `--as NAME`. A principal's own policies must
/// also allow sts:AssumeRole: the statement is printed.
///
/// Run it again to change the grant; flags that are not given keep their values.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    override_usage = "discfg grant [OPTIONS] [CONFIG] NAME --read SECTION...\n       \
                      discfg grant [OPTIONS] [CONFIG] NAME --write SECTION...",
    help_template = positionals(&[CONFIG, NAME]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct GrantArgs {
    /// Config, if two are given, and the grant's name
    #[arg(value_name = "NAME", required = true, num_args = 1..=2, hide = true)]
    words: Vec<String>,
    #[command(flatten)]
    covers: CoverArgs,
    #[command(flatten)]
    role: RoleArgs,
    /// Don't let the role call the HTTP API
    #[arg(long, help_heading = "Grant options")]
    no_api: bool,
    #[command(flatten)]
    deploy: DeployArgs,
}

/// The name of a grant.
pub(super) const NAME: Positional = ("NAME", "Name of the grant");

const EXAMPLES: &str = "\
Examples:
  discfg grant payments reports --read db \\
    --principal arn:aws:iam::123456789012:role/app
  discfg grant payments ci --write db --github acme/shop:environment:production
  discfg get payments /db/url --as reports";

impl GrantShape {
    pub(super) fn new(name: &GrantName, grant: &Grant) -> Self {
        Self {
            name: name.to_string(),
            access: grant.scope.access().to_string(),
            sections: grant.scope.sections().iter().map(ToString::to_string).collect(),
            principals: grant.principals.clone(),
            github: grant.github.clone(),
            oidc: grant.oidc.iter().map(ToString::to_string).collect(),
            role: grant.role.clone(),
            policy: grant.policy.clone(),
            api: grant.api.clone(),
        }
    }

    /// The grant in indented lines, one per property.
    pub(super) fn lines(&self) -> String {
        let mut text = format!("  {:<9}  {}\n", self.access, self.sections.join(", "));
        let principals = self.principals.iter().map(|principal| ("principal", principal));
        let jobs = self.github.iter().map(|job| ("GitHub", job));
        let subjects = self.oidc.iter().map(|subject| ("OIDC", subject));
        let role = self.role.iter().map(|role| ("role", role));
        let api = self.api.iter().map(|api| ("API", api));
        for (what, value) in principals.chain(jobs).chain(subjects).chain(role).chain(api) {
            let _ = writeln!(text, "  {what:<9}  {value}");
        }
        text
    }
}

/// Reads `[CONFIG] NAME`.
pub(super) fn config_and_grant(words: &[String]) -> Result<(Option<ConfigName>, GrantName), Failure> {
    match words {
        [name] => Ok((None, parse(name)?)),
        [config, name] => Ok((Some(parse(config)?), parse(name)?)),
        _ => Err(Failure::usage("expected [CONFIG] NAME")),
    }
}

/// Checks that the engine supports grants.
pub(super) fn require_dynamodb(target: &Target) -> Result<(), Failure> {
    match &target.engine.value {
        EngineName::DynamoDb => Ok(()),
        EngineName::Local => Err(Failure::usage("the embedded engine has no grants")),
        EngineName::Http(url) => Err(Failure::usage(format!("cannot manage grants through {url}"))
            .hint("use --engine dynamodb to access AWS directly")),
    }
}

pub(in crate::cli) async fn run(
    args: GrantArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let started = Instant::now();
    let (config, name) = config_and_grant(&args.words)?;
    session.choose(config)?;
    let target = session.target()?.clone();
    let config = target.config()?.clone();
    require_dynamodb(&target)?;
    let creates_provider = args.covers.creates_oidc_provider();
    let mut spec = args.covers.spec(config.clone(), name.clone(), args.role)?;
    spec.check_size()?;
    let aws = session.aws().await?;
    AwsNames::new(&config, aws.region())
        .and_then(|names| names.grant_role(&name))
        .map_err(|error| Failure::new(ErrorKind::Invalid, error.to_string()))?;
    let caller = aws.caller().await?;
    for principal in spec.principals.iter().flatten() {
        principal
            .check_home(aws.region().partition(), &caller.account)
            .map_err(|error| Failure::usage(error.to_string()))?;
    }

    let cfn = Client::new(aws.sdk());
    let of = config_stack(&aws, &config).await?;
    let there = stack::grant_status(&cfn, &config, &name).await?;
    // The leftover of a failed create is created again, only from these flags.
    let there = there.as_ref().and_then(|stack| Grant::of(stack).ok());
    let there = there.filter(|grant| grant.role.is_some());
    check_whole(&spec, there.as_ref())?;
    let settling = oidc_provider::settle_provider(
        &aws,
        &caller,
        &mut spec,
        creates_provider,
        there.as_ref(),
        terminal,
    );
    settling.await?;
    let had_key = there.as_ref().and_then(|grant| grant.kms_key.as_ref());
    spec.kms_key = of
        .outputs
        .get(Output::KmsKeyArn.name())
        .cloned()
        .or(had_key.map(|_| String::new()));
    spec.api_reads = if args.no_api {
        without_api(there.as_ref())
    } else {
        api_reads(&spec, &of, there.as_ref())
    };
    let patience = DeploymentPatience::new(args.deploy.timeout);
    // Boxed, since the future is large and passed on several times.
    let deployer = Deployer::new(&aws, &args.deploy, &patience, terminal);
    let making = Box::pin(make(deployer, &caller, &target, &spec));
    let (made, grant) = patience.unless_left_at_once(&config, making).await?;

    if let Some(grant) = &grant {
        show_statements(grant, terminal);
    }
    let shape = GrantResult {
        action: "grant",
        config: config.to_string(),
        result: made.result,
        statements: grant.as_ref().map(statements).unwrap_or_default(),
        grant: grant.as_ref().map(|grant| GrantShape::new(&name, grant)),
        deployment: made.reviewed.shape,
        duration_ms: started.elapsed().as_millis(),
    };
    let human = || {
        let lines = shape.grant.as_ref().map(GrantShape::lines).unwrap_or_default();
        format!("{name} of {config}: {}\n{lines}", shape.result)
    };
    show(terminal, session.format(), &shape, human, || {
        format!("{}\n", shape.result).into_bytes()
    })
}

/// Deploys the grant's stack, records its scope in the table, and verifies it. `None` if it was only planned.
async fn make(
    mut deployer: Deployer<'_>,
    caller: &CallerIdentity,
    target: &Target,
    spec: &GrantSpec,
) -> Result<(Deployment, Option<Grant>), Failure> {
    let deployment = Box::pin(deployer.deploy(DesiredStack::Grant(spec))).await?;
    let Deployer {
        aws,
        options,
        patience,
        terminal,
        ..
    } = deployer;
    let Some(stack) = &deployment.deployed else {
        return Ok((deployment, None));
    };
    let grant = Grant::of(stack)?;
    if !options.dry_run {
        record_grant(
            &direct_table(&spec.config, aws.sdk().clone()),
            &spec.grant,
            &grant.scope,
        )
        .await
        .map_err(unrecorded)?;
    }
    if deployment.is_new() {
        tokio::select! {
            proved = prove::prove(aws, caller, target, &spec.grant, &grant, terminal) => proved?,
            () = patience.interrupted(1) => {
                return Err(Failure::new(
                    ErrorKind::Interrupted,
                    format!("the stack {} is deployed; its role was not verified", stack.name),
                ));
            }
        }
    }
    Ok((deployment, Some(grant)))
}

/// The stack of the config, which must exist.
pub(super) async fn config_stack(aws: &Aws, config: &ConfigName) -> Result<Deployed, Failure> {
    let found = stack::status(&Client::new(aws.sdk()), config).await?;
    let of = found.ok_or_else(|| StoreError::NoConfig {
        config: config.to_string(),
        place: Some(format!("no stack {} in {}", config.stack_name(), aws.region())),
    })?;
    match of.state {
        _ if of.is_ours() => {
            of.check_whole()?;
            Ok(of)
        }
        // The output that identifies it is missing until its creation ends.
        StackState::ReviewInProgress | StackState::CreateInProgress => {
            let (name, state) = (&of.name, &of.state);
            Err(Failure::new(
                ErrorKind::NotFound,
                format!("config \"{config}\" is not ready: the stack {name} is in {state}"),
            )
            .hint(format!("create it with `discfg init {config} --wait`")))
        }
        _ => Err(stack::StackError::NotOurs {
            stack: of.name,
            mark: Output::DiscfgLayout.name(),
        }
        .into()),
    }
}

/// The resources of the config's HTTP API that the grant's role can read, if it has one.
fn api_reads(spec: &GrantSpec, of: &Deployed, there: Option<&Grant>) -> Option<Vec<String>> {
    let scope = spec.scope.as_ref().or(there.map(|grant| &grant.scope))?;
    let reads = stack::api_reads(of, &spec.config, scope);
    if reads.is_empty() {
        return without_api(there);
    }
    Some(reads)
}

/// Removes the HTTP API from a grant that has it.
fn without_api(there: Option<&Grant>) -> Option<Vec<String>> {
    there.and_then(|grant| grant.api.as_ref()).map(|_| Vec::new())
}

/// Checks that the grant will have sections and subjects.
fn check_whole(spec: &GrantSpec, there: Option<&Grant>) -> Result<(), Failure> {
    if spec.scope.is_none() && there.is_none() {
        return Err(Failure::usage("a new grant needs sections: --read or --write")
            .hint("use --read db to read the section /db, --write db to read and write it; @root is the section of keys at the root"));
    }
    if spec.principals.is_none() && spec.github.is_none() && spec.oidc.is_none() && there.is_none() {
        return Err(Failure::usage("a new grant needs a principal: --principal, --github or --oidc").hint(
            "use --principal ARN for a role or user of this account, --github ORG/REPO:environment:E for a job, --oidc \
             ISSUER,SUBJECT for GitLab, Kubernetes and others",
        ));
    }
    Ok(())
}

/// Registers the sections and records the grant's scope in the table, unless it is recorded already.
async fn record_grant(table: &DynamoDb, name: &GrantName, scope: &GrantScope) -> Result<(), StoreError> {
    if table.grant_scope(name).await?.as_ref() == Some(scope) {
        return Ok(());
    }
    let sections: Vec<_> = scope.sections().iter().cloned().collect();
    table.register(&sections).await?;
    table.write_grant(name, scope).await
}

fn unrecorded(error: StoreError) -> Failure {
    Failure::from(error).hint(
        "the role is deployed, but its sections are not recorded in the table: allow dynamodb:GetItem and dynamodb:PutItem \
         on the table in your own policies, then rerun the command",
    )
}

fn statements(grant: &Grant) -> Vec<AssumeStatement> {
    let Some(role) = &grant.role else {
        return Vec::new();
    };
    let of = |principal: &String| AssumeStatement {
        principal: principal.clone(),
        statement: json!({"Effect": "Allow", "Action": ASSUME_ACTIONS, "Resource": role}),
    };
    grant.principals.iter().map(of).collect()
}

fn show_statements(grant: &Grant, terminal: &Terminal) {
    let statements = statements(grant);
    if !statements.is_empty() {
        terminal.hint("Each principal also needs a policy of its own that lets it assume the role:");
    }
    for AssumeStatement { principal, statement } in statements {
        terminal.hint(&format!("  {principal}"));
        terminal.hint(&format!("    {statement}"));
    }
    if let (false, Some(role)) = (grant.github.is_empty(), &grant.role) {
        terminal.hint(&format!(
            "GitHub jobs need no IAM policy of their own. In the workflow, set `role-to-assume: {role}`."
        ));
    }
    let Some(role) = &grant.role else {
        return;
    };
    let trust = OidcTrust::accepted(&grant.oidc);
    let (accounts, others): (Vec<_>, Vec<_>) = trust.subjects().partition(|one| one.is_service_account());
    if !accounts.is_empty() {
        terminal.hint(&format!(
            "Service accounts need no IAM policy of their own. Annotate them with `eks.amazonaws.com/role-arn: {role}`."
        ));
    }
    if !others.is_empty() {
        terminal.hint(&format!(
            "OIDC subjects need no IAM policy of their own. In the job, set AWS_WEB_IDENTITY_TOKEN_FILE to a file with the token, and AWS_ROLE_ARN={role}."
        ));
    }
}
