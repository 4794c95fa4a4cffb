mod denied_role;
#[cfg(test)]
mod texts;

use std::collections::BTreeSet;
use std::env;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use self::denied_role::DeniedRole;
use super::failure::{Failure, Stop};
use super::failure::{api, signed};
use super::global::{Format, Global};
use crate::aws::{Aws, AwsError, Meter, RoleArn};
use crate::context::{Choices, EngineName, Target};
use crate::engine::{self, OpenError, OpenSettings, OpenedEngine};
use crate::model::{Access, ConfigName, ErrorKind, GrantName, Role, Section, Uncovered};
use crate::ops::OpsError;
use crate::stack::{PRICES_IN, PRICES_OF, READ_UNIT, WRITE_UNIT};
use crate::store::{Store, StoreError};

/// What commands share: the target, settled once, and the store, opened once.
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

    /// Another session, whose requests count as this one's.
    pub(super) fn beside(&self, global: Global) -> Self {
        Self {
            requests: self.requests.clone(),
            capacity: self.capacity.clone(),
            patience: self.patience,
            ..Self::new(global)
        }
    }

    /// Has commits tried for this long at most, as far as the engine tries them again.
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

    /// Takes the config that was given as a positional.
    pub(super) fn choose(&mut self, config: Option<ConfigName>) -> Result<(), Failure> {
        match (&self.global.config, config) {
            (Some(flag), Some(positional)) if *flag != positional => Err(Failure::usage(format!(
                "the config is given twice: {flag} with -c and {positional} as a positional"
            ))),
            (_, Some(positional)) => {
                self.global.config = Some(positional);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What the command works on.
    pub(super) fn target(&mut self) -> Result<&Target, Failure> {
        let target = match self.target.take() {
            Some(target) => target,
            None => settle(&self.global)?,
        };
        Ok(self.target.insert(target))
    }

    /// The name of the config that the command works on.
    pub(super) fn config(&mut self) -> Result<String, Failure> {
        Ok(self.target()?.config()?.to_string())
    }

    /// AWS, as the target chooses it.
    pub(super) async fn aws(&mut self) -> Result<Arc<Aws>, Failure> {
        if let Some(aws) = &self.aws {
            return Ok(Arc::clone(aws));
        }
        let requests = self.requests.clone();
        let aws = engine::aws(self.target()?, requests).await?;
        Ok(Arc::clone(self.aws.insert(aws)))
    }

    async fn aws_if_used(&mut self) -> Result<Option<Arc<Aws>>, Failure> {
        if self.target()?.uses_aws() {
            self.aws().await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// The store, opened as what the command does with `subject`, a key or a prefix, asks for.
    pub(super) async fn store(
        &mut self,
        access: Access,
        subject: impl Display,
    ) -> Result<&dyn Store, Failure> {
        if self.opened.is_none() {
            self.target()?.config()?;
            let spent = match self.target()?.engine.value {
                // Nothing but the requests of its engine is sent.
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
                    let purpose = format!("the role is needed for {actions} on {subject}");
                    return Err(self.explain_open(&target, error, purpose).await);
                }
            }
        }
        match &self.opened {
            Some(opened) => Ok(opened.store.as_ref()),
            None => Err(not_open()),
        }
    }

    /// A session for another config at the same place, which shares what can be shared.
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

    /// The store that was opened, for longer than the session.
    pub(super) fn into_store(self) -> Result<Arc<dyn Store>, Failure> {
        let opened = self.opened.ok_or_else(not_open)?;
        Ok(opened.store.into())
    }

    /// The configs that are there, where the target says, ordered by name.
    pub(super) async fn configs(&mut self) -> Result<Vec<ConfigName>, Failure> {
        let aws = self.aws_if_used().await?;
        Ok(engine::configs(self.target()?, aws.as_ref()).await?)
    }

    /// Says more of a denial: who asked, in which role, and what mends it.
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
            // They were good when they were kept: the role may have been made anew since.
            session.forget();
            let mut failure = Failure::from(error);
            failure.hints = vec![format!(
                "retry: the cached credentials of {} were removed",
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
                    "record them with `discfg grant {config} {grant}`, or use a prefix such as /db"
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
        if let Some(caller) = caller {
            failure.causes.insert(0, format!("you are {}", caller.arn));
        }
        if let Some(role) = role {
            let assumed = format!("the assumed role {} is not allowed to do this", role.arn);
            failure.causes.insert(1, assumed);
        }
        failure.hint(self.mends(&action, role.as_ref(), access, widens))
    }

    /// What lets `action` through that was denied. `widens` is what `discfg grant` takes to cover it.
    fn mends(&self, action: &str, role: Option<&RoleArn>, access: Access, widens: Option<String>) -> String {
        let about_key = action.starts_with("kms:");
        let config = self.config_word();
        let Some(role) = role else {
            let what = if about_key { "key" } else { "table" };
            return format!("allow {action} on the config's {what} in your own policies");
        };
        if about_key {
            format!(
                "allow {action} in the policy of {} and in the policy of the key; if the config has no key, create one with \
                 `discfg init {config} --kms`",
                role.name
            )
        } else if let Some(flags) = widens {
            format!("extend the grant with `discfg grant {config} {flags}`")
        } else if let Some(grant) = self.grant() {
            format!(
                "if the policy of {} was changed, recreate it with `discfg revoke {config} {grant}` and `discfg grant {config} \
                 {grant}`",
                role.name
            )
        } else if role.name.ends_with("-read") && access == Access::Write {
            "leave out --as read to use the write role".into()
        } else {
            format!(
                "check whether the policy of {} was changed with `discfg status {config} --drift`",
                role.name
            )
        }
    }

    /// The config for a command that is proposed.
    fn config_word(&self) -> &str {
        let config = self.target.as_ref().and_then(|target| target.config.as_ref());
        config.map_or("CONFIG", |config| config.value.as_str())
    }

    /// The grant whose role the command acts in, if it is one's.
    pub(super) fn grant(&self) -> Option<&GrantName> {
        match &self.target.as_ref()?.role.as_ref()?.value {
            Role::Grant(grant) => Some(grant),
            Role::Config(_) | Role::Caller => None,
        }
    }

    /// Says why a command ended half way.
    pub(super) fn explain_stop(&self, stop: Stop, access: Access) -> Failure {
        match stop {
            Stop::Ops(error) => self.explain(error, access),
            Stop::Failure(failure) => failure,
        }
    }

    /// STS says "denied", too, of a role that isn't there: CloudFormation knows which it is.
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
                    failure
                        .causes
                        .insert(0, format!("the profile {name} comes from {origin}"));
                }
                return failure;
            }
            _ => return error.into(),
        };
        let (role, caller) = (role.clone(), caller.clone());
        let is_about_session_tags = matches!(&error, OpenError::Aws(error) if error.is_about_session_tags());
        let config = target.config.as_ref().map(|setting| setting.value.clone());
        if let (Some(config), Some(aws)) = (&config, &self.aws)
            && matches!(
                crate::stack::status(&aws_sdk_cloudformation::Client::new(aws.sdk()), config).await,
                Ok(None)
            )
        {
            return Failure::from(StoreError::NoConfig {
                config: config.to_string(),
                place: Some(format!("no stack {} in {}", config.stack_name(), aws.region())),
            });
        }
        let config = config.map_or_else(|| "CONFIG".into(), |config| config.to_string());
        let mut failure = Failure::from(error);
        failure.causes.insert(0, purpose);
        let denied = DeniedRole {
            arn: &role,
            caller: &caller,
            role: target.role.as_ref().map(|setting| &setting.value),
            config: &config,
            is_about_session_tags,
        };
        denied.explain(failure)
    }

    /// What `--stats` says, once.
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
            return format!("{requests}; an API doesn't tell what they read and write");
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

/// The words after `discfg grant CONFIG` that make a grant cover what was asked for, too.
fn widened(grant: &GrantName, uncovered: &Uncovered, wanted: Access) -> String {
    let scope = &uncovered.scope;
    let access = scope.access().max(wanted);
    let sections: BTreeSet<&Section> = scope.sections().union(&uncovered.sections).collect();
    let flags = sections.iter().map(|section| format!(" --{access} {section}"));
    format!("{grant}{}", flags.collect::<String>())
}

fn settle(global: &Global) -> Result<Target, Failure> {
    let folder =
        env::current_dir().map_err(|error| Failure::internal("the working folder can't be found", &error))?;
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
