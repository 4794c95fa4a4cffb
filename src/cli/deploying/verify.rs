use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::aws::{AssumedRole, Aws, AwsError, CallerIdentity, RoleArn};
use crate::cli::direct_table::direct_table;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::context::{Setting, SettingOrigin, Target};
use crate::engine::{self, OpenError};
use crate::model::{Access, AwsNames, Backoff, Role};
use crate::stack::{self, Deployed, Parameter, PolicyDocument, Statement};
use crate::store::{Admin as _, Meta, StoreError};

/// How long IAM may take to propagate a role.
pub(in crate::cli) const SPREADS_WITHIN: Duration = Duration::from_mins(1);
/// The pauses between attempts while a change in IAM propagates.
pub(super) const SPREADING: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(8));

/// The result of reading once through the read role.
pub(in crate::cli) enum Proof {
    /// It works; with the settings in the table, if there are any.
    Read(Option<Meta>),
    /// It doesn't, for a reason that is not a failure and was reported.
    Unread,
}

/// Why reading through a role failed.
pub(in crate::cli) enum ReadDenial {
    /// Assuming the role was denied.
    Role,
    /// Passing the session's tags on to the role was denied.
    Tags,
    /// Reading in the role was denied.
    Table(StoreError),
}

impl ReadDenial {
    /// The denial of an STS error.
    pub(in crate::cli) fn of(error: &AwsError) -> Self {
        if error.is_about_session_tags() {
            Self::Tags
        } else {
            Self::Role
        }
    }
}

/// Whether the role trusts the deployer, as far as it is known.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum DeployerTrust {
    Given,
    Refused(Vec<String>),
    Unknown,
}

impl DeployerTrust {
    /// IAM may still return the trust from before the deployment: if the stack names the caller, it is trusted.
    fn unless_named_by(self, deployed: &Deployed, caller: &CallerIdentity) -> Self {
        let readers = deployed.parameters.get(Parameter::Readers.name());
        let mut readers = readers.map_or("", String::as_str).split(',');
        match self {
            Self::Refused(_) if readers.any(|pattern| caller.fits(pattern.trim())) => Self::Given,
            reported => reported,
        }
    }
}

/// Assumes the read role and reads once; retries for a minute at most if the role is new. Reports a deployer who is not
/// a reader, which is not a failure.
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
        terminal.hint("Not verified: you are the account's root user, which can't assume a role.");
        return Ok(Proof::Unread);
    }
    let names = AwsNames::new(target.config()?, aws.region()).map_err(OpenError::Names)?;
    let role = names.role(Access::Read);
    if fresh {
        // Cached credentials would verify the state before the deployment.
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
            terminal.hint("Verified: assumed the read role and read the config.");
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
        // Here --external-id configures the stack for other accounts; the deployer is in the same account.
        external_id: None,
        ..target.clone()
    }
}

/// Retries until the attempt isn't denied, `goes_on` returns false, or patience ends.
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

/// Sends one `BatchGetItem`, as any reading command does.
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

/// Reads from IAM whether the role trusts the caller. Unknown if that is denied or can't be parsed.
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

/// Whether a role in the caller's account trusts the caller, by the caller's ARN.
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
            .all(|list| list.iter().any(|pattern| caller.fits(pattern)))
        {
            return DeployerTrust::Given;
        }
        // An empty list of readers, deployed by another tool, is one empty text.
        let patterns = lists.into_iter().flatten();
        named.extend(patterns.filter(|pattern| !pattern.is_empty()).cloned());
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

/// Explains to the caller why the role wasn't verified. `fresh`: after retries.
pub(in crate::cli) fn explain_denial(
    denial: &ReadDenial,
    trust: Option<&DeployerTrust>,
    role: &str,
    caller: &CallerIdentity,
    fresh: bool,
) -> String {
    let you = CallerIdentity::principal(&caller.arn);
    let waited = if fresh {
        format!("Not verified within {} s", SPREADS_WITHIN.as_secs())
    } else {
        "Not verified".to_owned()
    };
    match (denial, trust) {
        (ReadDenial::Table(error), _) => format!(
            "{waited}: assumed the role {role}, but {error}. IAM may not have propagated its policy yet."
        ),
        (ReadDenial::Tags, _) => format!(
            "{waited}: your session ({you}) has tags that pass on to the role {role}, so your own policies must also \
             allow sts:TagSession on it."
        ),
        (ReadDenial::Role, Some(DeployerTrust::Refused(named))) if named.is_empty() => {
            format!(
                "You can't read this config yourself: the role {role} trusts no principal of your account (you are {you})."
            )
        }
        (ReadDenial::Role, Some(DeployerTrust::Refused(named))) => format!(
            "You can't read this config yourself: the role {role} trusts {}, and you are {you}.",
            named.join(", ")
        ),
        (ReadDenial::Role, Some(DeployerTrust::Given)) if fresh => format!(
            "{waited}: the role {role} trusts you ({you}). Either your own policies don't allow sts:AssumeRole on it, \
             or IAM has not propagated it yet."
        ),
        (ReadDenial::Role, Some(DeployerTrust::Given)) => format!(
            "{waited}: the role {role} trusts you ({you}), but your own policies don't allow sts:AssumeRole on it."
        ),
        (ReadDenial::Role, Some(DeployerTrust::Unknown) | None) => format!(
            "{waited}: assuming the role {role} was denied (you are {you}). Either you are not a reader, or IAM has not \
             propagated the role yet; allow iam:GetRole on it to find out."
        ),
    }
}

#[cfg(test)]
mod tests;
