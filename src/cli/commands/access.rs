mod cell;
mod matrix;

use std::fmt::Write as _;

use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_iam::Client as Iam;
use clap::Args;
use serde::Serialize;

use self::cell::NOT_COVERED;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::positionals::{optional_config, parse};
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::EngineName;
use crate::model::{Access, ConfigName, ExternalId, GitHubSubject, Key, OidcSubject, OrgId, PrincipalArn};
use crate::stack::access::{Answer, Brought, Inspector, Subject, Verdict};
use crate::store::StoreError;

const HELP: &str = "\
Exit codes: 0 the answer is yes; 1 no, or it can't be known; 3 the config or the principal is not
there; 5 you may not ask. Asking takes cloudformation:DescribeStacks, cloudformation:ListStacks,
iam:GetRole and iam:SimulatePrincipalPolicy.

-f json: {\"action\":\"access\",\"config\",\"principal\",\"wants\":\"read|write\",\"key\",\"section\",
  \"answer\":\"yes|no|unknown\",\"ways\":[{\"as\",\"role\"?,\"answer\",\"steps\":[{\"of\",\"answer\",\"because\",
  \"missing\"?,\"onlyWithTags\"?,\"onlyByApi\"?}]}],\"notCovered\"}
-f json --matrix: {\"action\":\"access\",\"config\",\"sections\":[…],\"principals\":[{\"principal\",
  \"judgedBy\":\"trust|trust and policies\",\"sections\":[{\"section\",\"access\":\"none|read|write|
  unknown\",\"read\":\"yes|no|unknown\",\"write\":\"yes|no|unknown\"}]}],\"notCovered\"}
-f raw --matrix: CSV, a column for each section

Examples:
  discfg access payments --principal arn:aws:iam::123456789012:role/app read /db/url
  discfg access payments --github acme/shop:environment:production read /db/url
  discfg access payments --matrix -f raw > access.csv";

/// Tell whether a principal may read or write a key, and what decides it
///
/// Every way is looked at: the config's roles, the grants that cover the key's section, and the principal's own
/// policies (--as self). For a role three things must hold: its trust lets the principal in, the principal's policies
/// let it assume the role, and the role's policies let it act on the section. A session whose tags pass on to the role,
/// such as EKS Pod Identity's, must be allowed to pass them; a step says where it isn't. IAM's own simulator judges the policies,
/// with groups, permissions boundary and organization. What can't be judged is said to be unknown, never yes.
#[derive(Debug, Args)]
#[command(override_usage = "discfg access [OPTIONS] [CONFIG] --principal <ARN> <read|write> <KEY>\n       \
                            discfg access [OPTIONS] [CONFIG] --matrix", after_help = HELP)]
pub(in crate::cli) struct AccessArgs {
    /// [CONFIG] read|write KEY; with --matrix [CONFIG] alone
    #[arg(value_name = "WORD", num_args = 0..=3)]
    words: Vec<String>,
    /// The user, role or session to ask about, by its ARN
    #[arg(long, value_name = "ARN")]
    principal: Vec<PrincipalArn>,
    /// The GitHub Actions job to ask about: ORG/REPO:environment:E or ORG/REPO:ref:R
    #[arg(long, value_name = "JOB")]
    github: Vec<GitHubSubject>,
    /// The token of another OIDC issuer to ask about: ISSUER,SUBJECT[,AUDIENCE]
    #[arg(long, value_name = "SUBJECT")]
    oidc: Vec<OidcSubject>,
    /// The organization that the principal's account belongs to
    #[arg(long, value_name = "ID")]
    org_id: Option<OrgId>,
    /// Show whom the roles trust, or who is given, with every section
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
        (true, _) => return Err(Failure::usage("with --matrix, expected [CONFIG] alone")),
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
            "name the one who is to be asked about: --principal ARN, --github JOB or --oidc ISSUER,SUBJECT, once",
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
    let told = AccessResult {
        action: "access",
        config: config.to_string(),
        principal: subject.to_string(),
        wants: *access,
        key: key.to_string(),
        section: section.to_string(),
        verdict: &verdict,
        not_covered: NOT_COVERED,
    };
    let human = || in_words(&told);
    show(terminal, session.format(), &told, human, || {
        format!("{}\n", verdict.answer).into_bytes()
    })?;
    terminal.hint(&format!("Not looked at: {NOT_COVERED}."));
    match verdict.answer {
        Answer::Yes => Ok(()),
        Answer::No | Answer::Unknown => Err(Failure::no()),
    }
}

/// Looks into the config's roles with the caller's own credentials.
async fn inspector(session: &mut Session) -> Result<(ConfigName, Inspector), Failure> {
    let target = session.target()?.clone();
    let config = target.config()?.clone();
    match &target.engine.value {
        EngineName::DynamoDb => {}
        EngineName::Local => {
            return Err(Failure::usage(
                "the embedded engine has no roles: whoever reads its file reads it all",
            ));
        }
        EngineName::Http(url) => {
            return Err(Failure::usage(format!("{url} doesn't tell who may do what"))
                .hint("`--engine dynamodb` asks AWS itself, in the account of the config"));
        }
    }
    if target.account.is_some() {
        return Err(Failure::usage(
            "access asks in the account of the config: leave out --account and use credentials of it",
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

fn in_words(told: &AccessResult<'_>) -> String {
    let mut text = format!(
        "{}: may {} {} {} of {}\n",
        told.verdict.answer, told.principal, told.wants, told.key, told.config
    );
    for way in &told.verdict.ways {
        let _ = writeln!(text, "--as {}: {}", way.role, way.answer);
        for step in &way.steps {
            let only = match (step.only_with_tags, step.only_by_api) {
                (true, _) => " (for sessions with tags that pass on)",
                (_, true) => " (through the HTTP API)",
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

#[cfg(test)]
mod tests {
    use super::cell::Cell;
    use super::*;
    use crate::model::Section;

    #[test]
    fn what_can_not_be_excluded_is_unknown() {
        let of = |read, write| Cell::new(Section::root(), read, write).access;
        assert_eq!(of(Answer::Yes, Answer::Yes), "write");
        assert_eq!(of(Answer::Yes, Answer::No), "read");
        assert_eq!(of(Answer::No, Answer::No), "none");
        assert_eq!(of(Answer::Yes, Answer::Unknown), "unknown");
        assert_eq!(of(Answer::Unknown, Answer::No), "unknown");
        assert_eq!(of(Answer::No, Answer::Unknown), "unknown");
    }
}
