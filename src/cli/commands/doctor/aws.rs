use std::env;
use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_cloudformation::Client;

use super::check::limited;
use super::machine;
use super::{function, table};
use crate::aws::{Aws, CallerIdentity};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::context::{Setting, SettingOrigin, Target};
use crate::engine::{self, OpenedEngine};
use crate::model::{Access, ConfigName, ErrorKind, Role, Section, Timestamp};
use crate::stack::{self, Deployed, StackState};
use crate::store::{Heads, StoreError};
use crate::wire::result::{Check, CheckStatus};

/// The clock skew in seconds beyond which AWS rejects signatures (AWS IAM User Guide, "Signature Version 4").
const SKEW_REFUSED: i64 = 5 * 60;
/// The clock skew in seconds beyond which the clock is probably not synchronized.
const SKEW_NOTICED: i64 = 60;

/// Checks the credentials and the clock. False if requests can't be signed.
pub(super) async fn credentials(target: &Target, session: &mut Session, checks: &mut Vec<Check>) -> bool {
    reached(target, session, checks).await.is_some()
}

async fn reached(
    target: &Target,
    session: &mut Session,
    checks: &mut Vec<Check>,
) -> Option<(Arc<Aws>, CallerIdentity)> {
    checks.push(machine::cache());
    let aws = match limited("region", session.aws()).await {
        Ok(Ok(aws)) => aws,
        Ok(Err(failure)) => {
            checks.push(Check::failed("region", CheckStatus::Fail, failure));
            return None;
        }
        Err(check) => {
            checks.push(check);
            return None;
        }
    };
    checks.push(region(target, &aws));
    let caller = identity(target, &aws, checks).await?;
    Some((aws, caller))
}

pub(super) async fn check(target: &Target, session: &mut Session, checks: &mut Vec<Check>) {
    let Some((aws, caller)) = reached(target, session, checks).await else {
        return;
    };
    let Some(config) = target.config.as_ref().map(|setting| setting.value.clone()) else {
        return;
    };
    let is_elsewhere = target
        .account
        .as_ref()
        .is_some_and(|account| *account != caller.account);
    if !is_elsewhere {
        match stack(&config, &aws, checks).await {
            Stack::Absent => return,
            Stack::Unknown => {}
            Stack::There(deployed) => checks.extend(function::check(&aws, &deployed).await),
        }
    }
    if let Some(Role::Grant(_)) = target.role.as_ref().map(|role| &role.value) {
        role(target, &aws, Access::Read, checks).await;
        return;
    }
    let reader = role(&as_config(target, Access::Read), &aws, Access::Read, checks).await;
    if let Some(session) = reader.as_ref().and_then(|opened| opened.session.as_ref()) {
        checks.push(table::layout(&config, &aws, session).await);
    }
    role(&as_config(target, Access::Write), &aws, Access::Write, checks).await;
    if !is_elsewhere {
        table::settings(&config, &aws, checks).await;
    }
}

fn region(target: &Target, aws: &Aws) -> Check {
    let origin = target.region.as_ref().map_or_else(
        || "the AWS config files".into(),
        |setting| setting.origin.to_string(),
    );
    Check::ok("region", format!("{}, from {origin}", aws.region()))
}

/// Checks the caller's identity, the endpoint, and the clock.
async fn identity(target: &Target, aws: &Aws, checks: &mut Vec<Check>) -> Option<CallerIdentity> {
    let (caller, date) = match limited("endpoint", aws.ask_caller()).await {
        Ok(answer) => answer,
        Err(check) => {
            checks.push(check);
            return None;
        }
    };
    let place = aws.sdk().endpoint_url().map_or_else(
        || format!("AWS responds in {}", aws.region()),
        |url| format!("{url} responds"),
    );
    if date.is_some() || caller.is_ok() {
        checks.push(Check::ok("endpoint", place));
    }
    if let Some(date) = date {
        checks.push(clock(date, SystemTime::now().into()));
    }
    match caller {
        Ok(caller) => {
            let from = source(target);
            let check = Check::ok("credentials", format!("{}, from {from}", caller.arn));
            checks.push(if caller.is_root() {
                Check::warn(
                    "credentials",
                    "you are the account's root user, which can't assume roles",
                )
                .fix("use an IAM identity, or `--as self`")
            } else {
                check
            });
            Some(caller)
        }
        Err(error) => {
            let name = match error.kind() {
                ErrorKind::Unavailable => "endpoint",
                _ => "credentials",
            };
            checks.push(Check::failed(name, CheckStatus::Fail, error.into()));
            None
        }
    }
}

fn clock(there: Timestamp, here: Timestamp) -> Check {
    let off = here.epoch() - there.epoch();
    let way = if off < 0 { "behind" } else { "ahead of" };
    let message = format!("{} s {way} AWS", off.abs());
    let fix = "synchronize the clock: `timedatectl set-ntp true`";
    match off.abs() {
        0 => Check::ok("clock", "in sync with AWS"),
        1..=SKEW_NOTICED => Check::ok("clock", message),
        off if off <= SKEW_REFUSED => Check::warn("clock", message).fix(fix),
        _ => Check::fail("clock", message + "; AWS rejects signatures at more than 300 s").fix(fix),
    }
}

/// The first source in which the AWS SDKs find credentials, according to the settings.
fn source(target: &Target) -> String {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    match &target.profile {
        Some(Setting {
            value,
            origin: origin @ SettingOrigin::Flag,
        }) => return format!("the profile {value} ({origin})"),
        _ if is_set("AWS_ACCESS_KEY_ID") && is_set("AWS_SECRET_ACCESS_KEY") => {
            return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".into();
        }
        Some(Setting { value, origin }) => return format!("the profile {value} ({origin})"),
        None => {}
    }
    if is_set("AWS_WEB_IDENTITY_TOKEN_FILE") {
        "AWS_WEB_IDENTITY_TOKEN_FILE".into()
    } else if is_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || is_set("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    {
        "the container's credentials service".into()
    } else {
        "the default profile, or the machine's role".into()
    }
}

/// The state of a config's stack, as far as it is known.
enum Stack {
    /// It doesn't exist, so that nothing else can be checked.
    Absent,
    /// Reading it failed.
    Unknown,
    There(Box<Deployed>),
}

async fn stack(config: &ConfigName, aws: &Aws, checks: &mut Vec<Check>) -> Stack {
    let cfn = Client::new(aws.sdk());
    let name = config.stack_name();
    let (check, stack) = match limited("stack", stack::status(&cfn, config)).await {
        Err(check) => (check, Stack::Unknown),
        // A developer may have no permission to read stacks.
        Ok(Err(error)) => {
            let verdict = match error.kind() {
                ErrorKind::Denied => CheckStatus::Warn,
                _ => CheckStatus::Fail,
            };
            (Check::failed("stack", verdict, error.into()), Stack::Unknown)
        }
        Ok(Ok(None)) => {
            let check = Check::fail("stack", format!("no stack {name} in {}", aws.region()));
            (
                check.fix(format!("create it: `discfg init {config}`")),
                Stack::Absent,
            )
        }
        Ok(Ok(Some(stack))) if stack.state != StackState::ReviewInProgress && stack.owner().is_none() => {
            let check = Check::fail("stack", format!("the stack {name} was not created by discfg"));
            (check.fix("choose another config name"), Stack::Absent)
        }
        Ok(Ok(Some(stack))) => (state(config, &stack), Stack::There(stack.into())),
    };
    checks.push(check);
    stack
}

/// The state that a config's stack is in.
fn state(config: &ConfigName, stack: &Deployed) -> Check {
    let name = &stack.name;
    match &stack.state {
        StackState::ImportComplete | StackState::UpdateRollbackComplete if stack.is_adopting() => {
            Check::fail(
                "stack",
                format!(
                    "{name}, {}: it has only the table so far, imported from an earlier stack",
                    stack.state
                ),
            )
            .fix(format!("create the remaining resources: `discfg init {config}`"))
        }
        state if state.is_stuck() || *state == StackState::DeleteComplete => {
            Check::fail("stack", format!("{name}, {state}")).fix(format!(
                "see `discfg status {config}` for the cause; repair the stack with `discfg init {config}`"
            ))
        }
        state if state.is_busy() || matches!(state, StackState::Unknown(_)) => {
            Check::warn("stack", format!("{name}, {state} since {}", stack.since))
                .fix(format!("follow it with `discfg status {config}`"))
        }
        state => Check::ok("stack", format!("{name}, {state}")),
    }
}

/// The target in the config's role for this access.
fn as_config(target: &Target, access: Access) -> Target {
    Target {
        role: Some(Setting {
            value: Role::Config(access),
            origin: SettingOrigin::Default,
        }),
        ..target.clone()
    }
}

/// Assumes the role, and reads once in a role that reads. A denied write role is only a warning.
async fn role(
    target: &Target,
    aws: &Arc<Aws>,
    access: Access,
    checks: &mut Vec<Check>,
) -> Option<OpenedEngine> {
    let is_grant = matches!(
        target.role,
        Some(Setting {
            value: Role::Grant(_),
            ..
        })
    );
    let (name, verdict) = match access {
        _ if is_grant => ("grant role", CheckStatus::Fail),
        Access::Read => ("read role", CheckStatus::Fail),
        Access::Write => ("write role", CheckStatus::Warn),
    };
    let work = async {
        let opened = engine::open(target, access, Some(aws), engine::OpenSettings::default())
            .await
            .map_err(Failure::from)?;
        if access == Access::Read {
            // A grant's role only reads its sections.
            let of = if is_grant {
                Heads::All
            } else {
                Heads::Of(vec![Section::root()])
            };
            let heads = opened.store.heads(of).await;
            heads.map_err(|error| stale(error, &opened))?;
        }
        Ok::<_, Failure>(opened)
    };
    match limited(name, work).await {
        Err(check) => {
            checks.push(check);
            None
        }
        Ok(Ok(opened)) => {
            let role = opened.role.as_ref().map_or("", |role| role.arn.as_str());
            let does = match access {
                Access::Read => "assumed, config readable",
                Access::Write => "assumed",
            };
            checks.push(Check::ok(name, format!("{role}: {does}")));
            Some(opened)
        }
        Ok(Err(failure)) => {
            let check = Check::failed(name, verdict, failure);
            let config = target
                .config
                .as_ref()
                .map_or_else(String::new, |config| config.value.to_string());
            checks.push(if check.fixes.is_empty() {
                check.fix(format!(
                    "find out what is missing with `discfg access {config} --principal ARN read KEY`: your own \
                     policies must allow \
                     sts:AssumeRole on the role (sts:TagSession, too, for a session with tags), and the role must trust you"
                ))
            } else {
                check
            });
            None
        }
    }
}

/// Drops cached credentials that AWS rejects, as after the role was recreated.
fn stale(error: StoreError, opened: &OpenedEngine) -> Failure {
    let is_stale = matches!(error, StoreError::Credentials { .. });
    let failure = Failure::from(error);
    match (&opened.session, is_stale) {
        (Some(session), true) => {
            session.forget();
            failure.hint("rerun the command: the cached credentials of the role were rejected and deleted")
        }
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_what_aws_takes() {
        let judged = |off: i64| {
            clock(
                Timestamp::from_epoch(1_000_000),
                Timestamp::from_epoch(1_000_000 + off),
            )
        };
        for (off, verdict) in [
            (0, CheckStatus::Ok),
            (-60, CheckStatus::Ok),
            (61, CheckStatus::Warn),
            (-300, CheckStatus::Warn),
            (301, CheckStatus::Fail),
        ] {
            assert_eq!(judged(off).verdict, verdict, "{off}");
        }
        assert_eq!(judged(-90).message, "90 s behind AWS");
        assert!(!judged(90).fixes.is_empty());
    }
}
