mod denied_role;
#[cfg(test)]
mod texts;

use std::collections::BTreeSet;
use std::env;
use std::fmt::Display;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use self::denied_role::DeniedRole;
use super::child::program_start;
use super::failure::{Failure, Stop};
use super::failure::{api, signed};
use super::global::{Format, Global};
use super::terminal::prompt::mfa_prompt;
use crate::aws::{Aws, AwsError, AwsSettings, Meter, RoleArn};
use crate::context::{Choices, EngineName, Target};
use crate::engine::{self, OpenError, OpenSettings, OpenedEngine};
use crate::model::{Access, ConfigName, ErrorKind, GrantName, Role, Section, Uncovered};
use crate::ops::OpsError;
use crate::stack::{PRICES_IN, PRICES_OF, READ_UNIT, WRITE_UNIT};
use crate::store::{Store, StoreError};

/// The state that commands share: the target, resolved once, and the store, opened once.
pub(super) struct Session {
    global: Global,
    target: Option<Target>,
    aws: Option<Arc<Aws>>,
    opened: Option<OpenedEngine>,
    requests: Meter,
    capacity: Meter,
    patience: Option<Duration>,
}

impl Session {
    pub(super) fn new(global: Global) -> Self {
        Self {
            global,
            target: None,
            aws: None,
            opened: None,
            requests: Meter::default(),
            capacity: Meter::default(),
            patience: None,
        }
    }

    /// Another session, whose requests are counted together with this one's.
    pub(super) fn beside(&self, global: Global) -> Self {
        Self {
            requests: self.requests.clone(),
            capacity: self.capacity.clone(),
            patience: self.patience,
            ..Self::new(global)
        }
    }

    /// Limits how long the engine retries commits.
    pub(super) fn be_patient_for(&mut self, patience: Duration) {
        self.patience = Some(patience);
    }

    pub(super) fn format(&self) -> Format {
        self.global
            .format
            .and_then(|format| format.shown)
            .unwrap_or_default()
    }

    pub(super) fn global(&self) -> &Global {
        &self.global
    }

    /// Chooses the config that was given as a positional argument.
    pub(super) fn choose(&mut self, config: Option<ConfigName>) -> Result<(), Failure> {
        match (&self.global.config, config) {
            (Some(flag), Some(positional)) if *flag != positional => Err(Failure::usage(format!(
                "the config is given twice: {flag} with -c and {positional} as an argument"
            ))),
            (_, Some(positional)) => {
                self.global.config = Some(positional);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The target of the command.
    pub(super) fn target(&mut self) -> Result<&Target, Failure> {
        let target = match self.target.take() {
            Some(target) => target,
            None => settle(&self.global)?,
        };
        Ok(self.target.insert(target))
    }

    /// The name of the target config.
    pub(super) fn config(&mut self) -> Result<String, Failure> {
        Ok(self.target()?.config()?.to_string())
    }

    /// The AWS clients for the target's region, profile and endpoint.
    pub(super) async fn aws(&mut self) -> Result<Arc<Aws>, Failure> {
        if let Some(aws) = &self.aws {
            return Ok(Arc::clone(aws));
        }
        let settings = AwsSettings {
            requests: self.requests.clone(),
            mfa: Some(mfa_prompt()),
            start: Some(program_start()),
            ..AwsSettings::default()
        };
        let aws = engine::aws(self.target()?, settings).await?;
        Ok(Arc::clone(self.aws.insert(aws)))
    }

    async fn aws_if_used(&mut self) -> Result<Option<Arc<Aws>>, Failure> {
        if self.target()?.uses_aws() {
            self.aws().await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// The store, opened for this access. `subject` is the key or prefix of the command, for error messages.
    pub(super) async fn store(
        &mut self,
        access: Access,
        subject: impl Display,
    ) -> Result<&dyn Store, Failure> {
        if self.opened.is_none() {
            self.target()?.config()?;
            let spent = match self.target()?.engine.value {
                // Only the engine sends requests.
                EngineName::Http(_) => Some(self.requests.clone()),
                _ => self.global.stats.then(|| self.capacity.clone()),
            };
            let aws = self.aws_if_used().await?;
            let target = self.target()?.clone();
            let settings = OpenSettings {
                spent,
                patience: self.patience,
                clock: None,
            };
            match engine::open(&target, access, aws.as_ref(), settings).await {
                Ok(opened) => self.opened = Some(opened),
                Err(error) => {
                    let actions = match access {
                        _ if target.signed.is_some() => "execute-api:Invoke",
                        Access::Read => "dynamodb:GetItem and dynamodb:Query",
                        Access::Write => "dynamodb:PutItem and dynamodb:DeleteItem",
                    };
                    let purpose = format!("{actions} on {subject}");
                    return Err(self.explain_open(&target, error, purpose).await);
                }
            }
        }
        match &self.opened {
            Some(opened) => Ok(opened.store.as_ref()),
            None => Err(not_open()),
        }
    }

    /// A session for another config of the same engine, which shares the AWS clients.
    pub(super) async fn of_config(&mut self, config: ConfigName) -> Result<Self, Failure> {
        let aws = self.aws_if_used().await?;
        let global = Global {
            config: Some(config),
            ..self.global.clone()
        };
        Ok(Self {
            aws,
            ..self.beside(global)
        })
    }

    /// Returns the opened store, which outlives the session.
    pub(super) fn into_store(self) -> Result<Arc<dyn Store>, Failure> {
        let opened = self.opened.ok_or_else(not_open)?;
        Ok(opened.store.into())
    }

    /// The configs of the target's engine, ordered by name.
    pub(super) async fn configs(&mut self) -> Result<Vec<ConfigName>, Failure> {
        let aws = self.aws_if_used().await?;
        Ok(engine::configs(self.target()?, aws.as_ref()).await?)
    }

    /// Explains an error: adds the caller, the role, and a hint to a denial.
    pub(super) fn explain(&self, error: impl Into<OpsError>, access: Access) -> Failure {
        let error = error.into();
        if let Some(target) = &self.target
            && let EngineName::Http(url) = &target.engine.value
        {
            if target.signed.is_none() {
                return api::explain(error, target, url);
            }
            if !signed::is_of_aws(&error) {
                return signed::explain(error, target, url, self.opened.as_ref(), access);
            }
        }
        if let OpsError::Store(StoreError::Credentials { .. }) = &error
            && let Some(OpenedEngine {
                session: Some(session),
                ..
            }) = &self.opened
        {
            // They were valid when they were cached: the role may have been recreated since.
            session.forget();
            let mut failure = Failure::from(error);
            failure.hints = vec![format!(
                "rerun the command: the cached credentials of the role {} were rejected and deleted",
                session.role().name
            )];
            return failure;
        }
        let (denied, widens) = match &error {
            OpsError::Store(StoreError::Denied { action, .. }) => (Some(action.clone()), None),
            OpsError::Store(StoreError::Uncovered {
                action,
                grant,
                uncovered,
                ..
            }) => (Some(action.clone()), Some(widened(grant, uncovered, access))),
            OpsError::Store(StoreError::Unlisted(grant)) => {
                let (grant, config) = (grant.clone(), self.config_word());
                return Failure::from(error).hint(format!(
                    "record them with `discfg grant {config} {grant}`, or give a prefix such as /db"
                ));
            }
            _ => (None, None),
        };
        let mut failure = Failure::from(error);
        let Some(action) = denied else {
            return failure;
        };
        let Some(OpenedEngine { role, caller, .. }) = &self.opened else {
            return failure;
        };
        let identity = match (role, caller) {
            (Some(role), Some(caller)) => format!(" (role {}, assumed by {})", role.arn, caller.arn),
            (Some(role), None) => format!(" (role {})", role.arn),
            (None, Some(caller)) => format!(" (you are {})", caller.arn),
            (None, None) => String::new(),
        };
        failure.message.push_str(&identity);
        failure.hint(self.mends(&action, role.as_ref(), access, widens))
    }

    /// The hint on how to allow the denied `action`. `widens` are the arguments of `discfg grant` that cover it.
    fn mends(&self, action: &str, role: Option<&RoleArn>, access: Access, widens: Option<String>) -> String {
        let about_key = action.starts_with("kms:");
        let config = self.config_word();
        let Some(role) = role else {
            let what = if about_key { "key" } else { "table" };
            return format!("allow {action} on the config's {what} in your own policies");
        };
        if about_key {
            format!(
                "allow kms:Decrypt (to read secrets) and kms:GenerateDataKey (to write them) in the policy of {}, and in the \
                 key policy of an existing key; if the config has no key, create one with `discfg init {config} --kms`",
                role.name
            )
        } else if let Some(flags) = widens {
            format!("have the grant extended: `discfg grant {config} {flags}`")
        } else if let Some(grant) = self.grant() {
            format!(
                "if the policy of {} was changed, recreate it: run `discfg revoke {config} {grant}`, then `discfg grant` with \
                 the same options",
                role.name
            )
        } else if role.name.ends_with("-read") && access == Access::Write {
            "omit `--as read` to act in the write role".into()
        } else {
            format!(
                "check whether the policy of {}, which allows {action}, was changed outside CloudFormation: `discfg status \
                 {config} --drift`",
                role.name
            )
        }
    }

    /// The config name for suggested commands.
    fn config_word(&self) -> &str {
        let config = self.target.as_ref().and_then(|target| target.config.as_ref());
        config.map_or("CONFIG", |config| config.value.as_str())
    }

    /// The grant whose role the command uses, if any.
    pub(super) fn grant(&self) -> Option<&GrantName> {
        match &self.target.as_ref()?.role.as_ref()?.value {
            Role::Grant(grant) => Some(grant),
            Role::Config(_) | Role::Caller => None,
        }
    }

    /// Explains why a command stopped half way.
    pub(super) fn explain_stop(&self, stop: Stop, access: Access) -> Failure {
        match stop {
            Stop::Ops(error) => self.explain(error, access),
            Stop::Failure(failure) => failure,
        }
    }

    /// Explains why a store couldn't be opened. STS also denies missing roles, so CloudFormation is asked whether the
    /// config exists.
    async fn explain_open(&mut self, target: &Target, error: OpenError, purpose: String) -> Failure {
        let (role, caller) = match &error {
            OpenError::Aws(AwsError::AssumeDenied { role, caller, .. }) => (role, caller),
            OpenError::Store(StoreError::NoConfig { config, .. }) => {
                let hint = format!("create it with `discfg init {config} --local`");
                let mut failure = Failure::from(error);
                failure.hints = vec![hint];
                return failure;
            }
            OpenError::Aws(AwsError::Credentials { .. }) => {
                let mut failure = Failure::from(error);
                if let Some(profile) = &target.profile {
                    let (name, origin) = (&profile.value, &profile.origin);
                    // Writing to a String can't fail.
                    let _ = write!(failure.message, " (profile {name}, from {origin})");
                }
                return failure;
            }
            _ => return error.into(),
        };
        let (role, caller) = (role.clone(), caller.clone());
        let is_about_session_tags = matches!(&error, OpenError::Aws(error) if error.is_about_session_tags());
        let config = target.config.as_ref().map(|setting| setting.value.clone());
        let mut stack = None;
        if let (Some(config), Some(aws)) = (&config, &self.aws) {
            let cfn = aws_sdk_cloudformation::Client::new(aws.sdk());
            match crate::stack::status(&cfn, config).await {
                Ok(None) => {
                    return Failure::from(StoreError::NoConfig {
                        config: config.to_string(),
                        place: Some(format!("no stack {} in {}", config.stack_name(), aws.region())),
                    });
                }
                Ok(Some(deployed)) => match deployed.check_whole() {
                    Ok(()) => stack = Some(deployed),
                    Err(error) => return error.into(),
                },
                // Who can't see the stack gets the hints that need none.
                Err(_) => {}
            }
        }
        let config = config.map_or_else(|| "CONFIG".into(), |config| config.to_string());
        let mut failure = Failure::from(error);
        let _ = write!(failure.message, " (needed for {purpose})");
        let denied = DeniedRole {
            arn: &role,
            caller: &caller,
            role: target.role.as_ref().map(|setting| &setting.value),
            config: &config,
            stack: stack.as_ref(),
            is_about_session_tags,
        };
        denied.explain(failure)
    }

    /// The output of `--stats`, once.
    pub(super) fn take_stats(&mut self) -> Option<String> {
        std::mem::take(&mut self.global.stats).then(|| self.stats())
    }

    fn stats(&self) -> String {
        let spent = self.requests.spent();
        let capacity = self.capacity.spent();
        let each: Vec<String> = spent
            .requests
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        let each = if each.is_empty() {
            String::new()
        } else {
            format!(" ({})", each.join(", "))
        };
        let requests = format!("stats: {} requests{each}", spent.total());
        let engine = self.target.as_ref().map(|target| &target.engine.value);
        if matches!(engine, Some(EngineName::Http(_))) {
            return format!("{requests}; read and write units are unknown for an HTTP API");
        }
        let written = capacity.write_units + capacity.cancelled_write_units;
        let price = capacity.read_units * READ_UNIT + written * WRITE_UNIT;
        let cancelled = match capacity.cancelled {
            0 => String::new(),
            n => format!(
                ", about {} write units of {n} cancelled transaction{} (estimated; DynamoDB doesn't report them)",
                capacity.cancelled_write_units,
                if n == 1 { "" } else { "s" },
            ),
        };
        format!(
            "{requests}; {} read units, {} write units{cancelled}, about ${price:.8} (on demand, {PRICES_IN}, prices of {PRICES_OF})",
            capacity.read_units, capacity.write_units,
        )
    }
}

fn not_open() -> Failure {
    Failure::new(ErrorKind::Internal, "the store is not open")
}

/// The arguments after `discfg grant CONFIG` that extend a grant to the requested sections.
fn widened(grant: &GrantName, uncovered: &Uncovered, wanted: Access) -> String {
    let scope = &uncovered.scope;
    let access = scope.access().max(wanted);
    let sections: BTreeSet<&Section> = scope.sections().union(&uncovered.sections).collect();
    let flags = sections.iter().map(|section| format!(" --{access} {section}"));
    format!("{grant}{}", flags.collect::<String>())
}

fn settle(global: &Global) -> Result<Target, Failure> {
    let folder = env::current_dir()
        .map_err(|error| Failure::internal("cannot determine the working directory", &error))?;
    let choices = Choices {
        config: global.config.clone(),
        engine: if global.local {
            Some(EngineName::Local)
        } else {
            global.engine.clone()
        },
        region: global.region.clone(),
        profile: global.profile.clone(),
        endpoint_url: global.endpoint_url.clone(),
        role: global.role.clone(),
        account: global.account.clone(),
        external_id: global.external_id.clone(),
    };
    Ok(Target::settle_in(choices, &folder)?)
}
