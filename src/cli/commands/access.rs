mod matrix;

use std::fmt::Write as _;

use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_iam::Client as Iam;
use clap::Args;
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::help::{CONFIG, KEY, Positional, positionals};
use crate::cli::output::show;
use crate::cli::positionals::{optional_config, parse};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::EngineName;
use crate::model::{Access, ConfigName, ExternalId, GitHubSubject, Key, OidcSubject, OrgId, PrincipalArn};
use crate::stack::access::{Answer, Brought, Inspector, NOT_COVERED, Subject, Verdict};
use crate::store::StoreError;

const HELP: &str = "\
Exit codes: 0 yes; 1 no or unknown; 3 config or principal not found; 5 your
credentials lack a permission that the check requires.
Required permissions: cloudformation:DescribeStacks, cloudformation:ListStacks,
iam:GetRole, iam:SimulatePrincipalPolicy.

-f json:
  {\"action\":\"access\",\"config\",\"principal\",\"wants\":\"read|write\",\"key\",
   \"section\",\"answer\":\"yes|no|unknown\",\"ways\":[{\"as\",\"role\"?,\"answer\",
   \"steps\":[{\"of\",\"answer\",\"because\",\"missing\"?,\"onlyWithTags\"?,
   \"onlyByApi\"?}]}],\"notCovered\"}
-f json --matrix:
  {\"action\":\"access\",\"config\",\"sections\":[…],\"principals\":[{\"principal\",
   \"judgedBy\":\"trust|trust and policies\",\"sections\":[{\"section\",
   \"access\":\"none|read|write|unknown\",\"read\":\"yes|no|unknown\",
   \"write\":\"yes|no|unknown\"}]}],\"notCovered\"}
-f raw --matrix:
  CSV, a row for each principal and a column for each section

Examples:
  discfg access payments read /db/url \\
    --principal arn:aws:iam::123456789012:role/app
  discfg access payments read /db/url --github acme/shop:environment:production
  discfg access payments --matrix -f raw > access.csv";

const ARGUMENTS: [Positional; 3] = [CONFIG, ("read|write", "Access to check"), KEY];

/// Check whether a principal can read or write a key, and why
///
/// Evaluates every path to the key: the config's read and write roles, each grant that covers the key's section, and
/// the principal's own policies (--as self). A path through a role is open if the role's trust policy allows the
/// principal, the principal's policies allow assuming the role, and the role's policies allow the access. A session
/// that passes its tags on to the role, as EKS Pod Identity does, also needs permission to tag it. IAM's policy
/// simulator evaluates the policies, including groups, permissions boundaries and service control policies. What it
/// can't evaluate is reported as unknown, never as yes.
#[derive(Debug, Args)]
#[command(
    override_usage = "discfg access [OPTIONS] [CONFIG] read|write KEY --principal ARN\n       \
                      discfg access [OPTIONS] [CONFIG] read|write KEY --github JOB\n       \
                      discfg access [OPTIONS] [CONFIG] read|write KEY --oidc SUBJECT\n       \
                      discfg access [OPTIONS] [CONFIG] --matrix",
    help_template = positionals(&ARGUMENTS),
    after_long_help = HELP
)]
pub(in crate::cli) struct AccessArgs {
    /// Config to check, the access (read or write) and the key
    #[arg(value_name = "WORD", num_args = 0..=3, hide = true)]
    words: Vec<String>,
    /// User, role or assumed-role session to check
    #[arg(long, value_name = "ARN")]
    principal: Vec<PrincipalArn>,
    /// GitHub Actions job to check
    ///
    /// `ORG/REPO:environment:E` or `ORG/REPO:ref:R`.
    #[arg(long, value_name = "JOB")]
    github: Vec<GitHubSubject>,
    /// OIDC subject to check
    ///
    /// ISSUER,SUBJECT[,AUDIENCE], as for `discfg grant --oidc`.
    #[arg(long, value_name = "SUBJECT")]
    oidc: Vec<OidcSubject>,
    /// Organization of the principal's account
    #[arg(long, value_name = "ID")]
    org_id: Option<OrgId>,
    /// Show the access of all principals to all sections
    ///
    /// The principals are those that the roles trust, GitHub jobs and OIDC subjects included, or those given by
    /// --principal, --github and --oidc.
    #[arg(long)]
    matrix: bool,
}

#[derive(Serialize)]
struct AccessResult<'a> {
    action: &'static str,
    config: String,
    principal: String,
    wants: Access,
    key: String,
    section: String,
    #[serde(flatten)]
    verdict: &'a Verdict,
    #[serde(rename = "notCovered")]
    not_covered: &'static str,
}

pub(in crate::cli) async fn run(
    args: AccessArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    let question = match (args.matrix, words.as_slice()) {
        (true, []) => None,
        (true, [config]) => {
            session.choose(optional_config(Some(config))?)?;
            None
        }
        (true, _) => return Err(Failure::usage("with --matrix, expected only [CONFIG]")),
        (false, [access, key]) => Some((parse::<Access>(access)?, parse::<Key>(key)?)),
        (false, [config, access, key]) => {
            session.choose(optional_config(Some(config))?)?;
            Some((parse::<Access>(access)?, parse::<Key>(key)?))
        }
        (false, _) => {
            return Err(Failure::usage(
                "expected [CONFIG] read|write KEY, with --principal ARN; or --matrix",
            ));
        }
    };
    let subjects = args.principal.into_iter().map(Subject::Principal);
    let mut subjects: Vec<Subject> = subjects
        .chain(args.github.into_iter().map(Subject::GitHub))
        .chain(args.oidc.into_iter().map(Subject::Oidc))
        .collect();
    if question.is_some() && subjects.len() != 1 {
        return Err(Failure::usage(
            "expected exactly one of --principal ARN, --github JOB, --oidc ISSUER,SUBJECT",
        ));
    }

    let (config, inspector) = inspector(session).await?;
    for subject in &mut subjects {
        if let Subject::Principal(principal) = subject {
            *principal = inspector.resolve(principal.clone()).await?;
        }
    }
    let external_id = session
        .target()?
        .external_id
        .as_deref()
        .map(str::parse::<ExternalId>);
    let brought = Brought {
        org_id: args.org_id,
        external_id: external_id
            .transpose()
            .map_err(|error| Failure::of(crate::model::ErrorKind::Usage, &error))?,
    };
    let (Some((access, key)), [subject]) = (&question, subjects.as_slice()) else {
        return matrix::run(&config, &inspector, subjects, &brought, session, terminal).await;
    };
    let section = key.section();
    let verdict = inspector.may(subject, &brought, *access, &section).await?;
    let result = AccessResult {
        action: "access",
        config: config.to_string(),
        principal: subject.to_string(),
        wants: *access,
        key: key.to_string(),
        section: section.to_string(),
        verdict: &verdict,
        not_covered: NOT_COVERED,
    };
    let human = || in_words(&result);
    show(terminal, session.format(), &result, human, || {
        format!("{}\n", verdict.answer).into_bytes()
    })?;
    terminal.hint(&format!("Not evaluated: {NOT_COVERED}."));
    match verdict.answer {
        Answer::Yes => Ok(()),
        Answer::No | Answer::Unknown => Err(Failure::no()),
    }
}

/// Reads the config's roles with the caller's own credentials.
async fn inspector(session: &mut Session) -> Result<(ConfigName, Inspector), Failure> {
    let target = session.target()?.clone();
    let config = target.config()?.clone();
    match &target.engine.value {
        EngineName::DynamoDb => {}
        EngineName::Local => {
            return Err(Failure::usage(
                "the embedded engine has no roles: file permissions decide",
            ));
        }
        EngineName::Http(url) => {
            return Err(Failure::usage(format!("cannot evaluate access through {url}"))
                .hint("use --engine dynamodb to access AWS directly, in the config's account"));
        }
    }
    if target.account.is_some() {
        return Err(Failure::usage(
            "access needs credentials of the config's account: omit --account",
        ));
    }
    let aws = session.aws().await?;
    let (cfn, iam) = (CloudFormation::new(aws.sdk()), Iam::new(aws.sdk()));
    match Inspector::new(&cfn, iam, &config).await? {
        Some(inspector) => Ok((config, inspector)),
        None => Err(StoreError::NoConfig {
            config: config.to_string(),
            place: Some(format!("no stack {} in {}", config.stack_name(), aws.region())),
        }
        .into()),
    }
}

fn in_words(result: &AccessResult<'_>) -> String {
    let verb = match result.verdict.answer {
        Answer::Yes => "can",
        Answer::No => "can't",
        Answer::Unknown => "may",
    };
    let mut text = format!(
        "{}: {} {verb} {} {} of {}\n",
        result.verdict.answer, result.principal, result.wants, result.key, result.config
    );
    for way in &result.verdict.ways {
        let _ = writeln!(text, "--as {}: {}", way.role, way.answer);
        for step in &way.steps {
            let only = match (step.only_with_tags, step.only_by_api) {
                (true, _) => " (only for sessions with transitive tags)",
                (_, true) => " (only for the HTTP API)",
                (false, false) => "",
            };
            let _ = writeln!(
                text,
                "  {:<7} {}{only}: {}",
                step.finding.answer, step.of, step.finding.because
            );
            if let Some(missing) = &step.finding.missing {
                let _ = writeln!(text, "          missing: {missing}");
            }
        }
    }
    text
}
