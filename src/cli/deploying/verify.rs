use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::aws::{AssumedRole, Aws, AwsError, CallerIdentity, RoleArn};
use crate::cli::direct_table::direct_table;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::context::{Setting, SettingOrigin, Target};
use crate::engine::{self, OpenError};
use crate::model::{Access, AwsNames, Backoff, PrincipalPattern, Role};
use crate::stack::{self, Deployed, Parameter, PolicyDocument, Statement};
use crate::store::{Admin as _, Meta, StoreError};

/// How long IAM may take to spread a role.
pub(in crate::cli) const SPREADS_WITHIN: Duration = Duration::from_mins(1);
/// The pauses between tries while a change to IAM spreads.
pub(super) const SPREADING: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(8));

/// What reading once through the read role has shown.
pub(in crate::cli) enum Proof {
    /// It works, and these are the settings in the table, if there are any.
    Read(Option<Meta>),
    /// It doesn't, for a reason that is no failure, and has been told.
    Unread,
}

/// Why the role couldn't be read with.
pub(in crate::cli) enum ReadDenial {
    /// The role may not be assumed.
    Role,
    /// The tags of the session may not be passed on to the role.
    Tags,
    /// The role may not read.
    Table(StoreError),
}

impl ReadDenial {
    /// What STS refused, by its error.
    pub(in crate::cli) fn of(error: &AwsError) -> Self {
        if error.is_about_session_tags() {
            Self::Tags
        } else {
            Self::Role
        }
    }
}

/// What is known of whether the role trusts the deployer.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum DeployerTrust {
    Given,
    Refused(Vec<String>),
    Unknown,
}

impl DeployerTrust {
    /// What IAM says may be what held before the deployment: where the stack names the caller, IAM will, too.
    fn unless_named_by(self, deployed: &Deployed, caller: &CallerIdentity) -> Self {
        let readers = deployed.parameters.get(Parameter::Readers.name());
        let mut readers = readers.map_or("", String::as_str).split(',');
        match self {
            Self::Refused(_) if readers.any(|pattern| fits(pattern.trim(), caller)) => Self::Given,
            told => told,
        }
    }
}

/// Assumes the read role and reads once; a role that was made just now is waited for, a minute at most. A deployer who
/// is no reader is told so, which is no failure.
pub(in crate::cli) async fn prove(
    aws: &Arc<Aws>,
    target: &Target,
    deployed: &Deployed,
    fresh: bool,
    terminal: &Terminal,
) -> Result<Proof, Failure> {
    let target = as_reader(target);
    let caller = aws.caller().await?;
    if caller.is_root() {
        terminal.hint("You are the account's root user, who can't assume a role: reading was not tried.");
        return Ok(Proof::Unread);
    }
    let names = AwsNames::new(target.config()?, aws.region()).map_err(OpenError::Names)?;
    let role = names.role(Access::Read);
    if fresh {
        // Credentials that were kept would prove what held before.
        let arn = names.role_arn(&caller.account, &role);
        let role = RoleArn {
            account: caller.account.clone(),
            name: role.clone(),
            arn,
        };
        AssumedRole::new(Arc::clone(aws), role, None).forget();
    }

    let patience = if fresh { SPREADS_WITHIN } else { Duration::ZERO };
    let mut trust = None;
    let tried = retry_until_spread(
        patience,
        async || read_once(aws, &target).await,
        async |denial| match denial {
            ReadDenial::Table(_) | ReadDenial::Tags => true,
            ReadDenial::Role => {
                if trust.is_none() {
                    trust = Some(
                        judge(aws, &role, &caller)
                            .await
                            .unless_named_by(deployed, &caller),
                    );
                }
                !matches!(trust, Some(DeployerTrust::Refused(_)))
            }
        },
    )
    .await?;
    let denial = match tried {
        Ok(meta) => {
            terminal.hint("Proved: the read role was assumed and the table read.");
            return Ok(Proof::Read(meta));
        }
        Err(denial) => denial,
    };
    terminal.hint(&explain_denial(&denial, trust.as_ref(), &role, &caller, fresh));
    Ok(Proof::Unread)
}

/// The target as the read role reaches it.
pub(in crate::cli) fn as_reader(target: &Target) -> Target {
    Target {
        role: Some(Setting {
            value: Role::Config(Access::Read),
            origin: SettingOrigin::Default,
        }),
        // The flag is a setting of the stack here, and what other accounts must give; the deployer is at home.
        external_id: None,
        ..target.clone()
    }
}

/// Tries until it isn't denied any more, `goes_on` says that waiting won't help, or patience ends.
pub(in crate::cli) async fn retry_until_spread<T, E>(
    patience: Duration,
    mut attempt: impl AsyncFnMut() -> Result<Result<T, ReadDenial>, E>,
    mut goes_on: impl AsyncFnMut(&ReadDenial) -> bool,
) -> Result<Result<T, ReadDenial>, E> {
    let until = Instant::now() + patience;
    let mut pauses = 0;
    loop {
        let denial = match attempt().await? {
            Ok(done) => return Ok(Ok(done)),
            Err(denial) => denial,
        };
        let pause = SPREADING.pause(pauses);
        if !goes_on(&denial).await || Instant::now() + pause >= until {
            return Ok(Err(denial));
        }
        sleep(pause).await;
        pauses += 1;
    }
}

/// One `BatchGetItem`, as any command that reads makes.
async fn read_once(aws: &Arc<Aws>, target: &Target) -> Result<Result<Option<Meta>, ReadDenial>, Failure> {
    let opened = match engine::open(target, Access::Read, Some(aws), engine::OpenSettings::default()).await {
        Ok(opened) => opened,
        Err(OpenError::Aws(error @ AwsError::AssumeDenied { .. })) => return Ok(Err(ReadDenial::of(&error))),
        Err(error) => return Err(error.into()),
    };
    let sdk = opened
        .session
        .map_or_else(|| aws.sdk().clone(), |session| aws.sdk_as(session.provider()));
    match direct_table(target.config()?, sdk).meta().await {
        Ok(meta) => Ok(Ok(meta)),
        Err(error @ StoreError::Denied { .. }) => Ok(Err(ReadDenial::Table(error))),
        Err(error) => Err(error.into()),
    }
}

/// Asks IAM whom the role trusts. Whoever may not ask, or gets an answer that can't be read, doesn't know.
async fn judge(aws: &Aws, role: &str, caller: &CallerIdentity) -> DeployerTrust {
    let found = stack::role(&aws_sdk_iam::Client::new(aws.sdk()), role).await;
    match found.map(|role| role.and_then(|role| role.trust.ok())) {
        Ok(Some(trust)) => trusts(&trust, caller),
        Ok(None) => DeployerTrust::Unknown,
        Err(error) => {
            tracing::debug!(%error, "the role's trust can't be read");
            DeployerTrust::Unknown
        }
    }
}

/// Whether a role of the caller's account trusts the caller, as far as the caller's ARN decides that.
fn trusts(trust: &PolicyDocument, caller: &CallerIdentity) -> DeployerTrust {
    let mut named = Vec::new();
    for statement in trust
        .statements
        .iter()
        .filter(|statement| is_for(statement, caller))
    {
        let lists: Vec<_> = statement
            .conditions
            .values()
            .flatten()
            .filter(|(key, _)| key.eq_ignore_ascii_case("aws:PrincipalArn"))
            .map(|(_, patterns)| patterns)
            .collect();
        if lists
            .iter()
            .all(|list| list.iter().any(|pattern| fits(pattern, caller)))
        {
            return DeployerTrust::Given;
        }
        named.extend(lists.into_iter().flatten().cloned());
    }
    DeployerTrust::Refused(named)
}

fn is_for(statement: &Statement, caller: &CallerIdentity) -> bool {
    let assumes = statement
        .actions
        .iter()
        .any(|action| action.eq_ignore_ascii_case("sts:AssumeRole"));
    let mut principals = statement.principals.values().flatten();
    statement.allows
        && assumes
        && principals.any(|principal| {
            let root = format!(":iam::{}:root", caller.account);
            *principal == "*"
                || *principal == caller.account
                || *principal == CallerIdentity::principal(&caller.arn)
                || principal.ends_with(&root)
        })
}

/// Whether a pattern may mean the caller. Of a session only the role's name is known, not its path: any path will do.
pub(in crate::cli) fn fits(pattern: &str, caller: &CallerIdentity) -> bool {
    let principal = CallerIdentity::principal(&caller.arn);
    let Ok(parsed) = pattern.parse::<PrincipalPattern>() else {
        return false;
    };
    if parsed.matches(&principal) {
        return true;
    }
    let last = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    let Some((start, path)) = pattern.split_once(":role/") else {
        return false;
    };
    let pathless = format!("{start}:role/{}", last(path));
    principal != caller.arn
        && pathless
            .parse::<PrincipalPattern>()
            .is_ok_and(|pattern| pattern.matches(&principal))
}

/// Why the role wasn't proved, for the caller. `fresh` says that it was waited for.
pub(in crate::cli) fn explain_denial(
    denial: &ReadDenial,
    trust: Option<&DeployerTrust>,
    role: &str,
    caller: &CallerIdentity,
    fresh: bool,
) -> String {
    let you = CallerIdentity::principal(&caller.arn);
    let waited = if fresh {
        format!("Not proved within {} s", SPREADS_WITHIN.as_secs())
    } else {
        "Not proved".to_owned()
    };
    match (denial, trust) {
        (ReadDenial::Table(error), _) => format!(
            "{waited}: the role {role} was assumed, and {error}. IAM may not have spread its policy yet."
        ),
        (ReadDenial::Tags, _) => format!(
            "{waited}: your session has tags that pass on to the role {role}, so your own policies ({you}) must allow \
             sts:TagSession on it, beside sts:AssumeRole."
        ),
        (ReadDenial::Role, Some(DeployerTrust::Refused(named))) if named.is_empty() => {
            format!(
                "You are not among the readers: the role {role} trusts nobody of your account, and you are {you}."
            )
        }
        (ReadDenial::Role, Some(DeployerTrust::Refused(named))) => format!(
            "You are not among the readers: the role {role} trusts {}, and you are {you}.",
            named.join(", ")
        ),
        (ReadDenial::Role, Some(DeployerTrust::Given)) if fresh => format!(
            "{waited}: the role {role} trusts you ({you}), so either IAM has not spread it yet, or your own policies \
             don't allow sts:AssumeRole on it."
        ),
        (ReadDenial::Role, Some(DeployerTrust::Given)) => format!(
            "{waited}: the role {role} trusts you ({you}), so your own policies must allow sts:AssumeRole on it."
        ),
        (ReadDenial::Role, Some(DeployerTrust::Unknown) | None) => format!(
            "{waited}: you ({you}) may not assume the role {role}. Either you are not among the readers, or IAM has \
             not spread the role yet; with iam:GetRole allowed on it, that could be told."
        ),
    }
}

#[cfg(test)]
mod tests;
