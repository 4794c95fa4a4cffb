//! The engines: where a config's data lives. [`open`] is the only place that tells them apart.

pub mod dynamodb;
mod failure;
pub mod http;
mod identity;
mod kms;
#[cfg(feature = "local")]
pub mod local;
mod open_error;
mod queue;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use self::dynamodb::{DynamoDb, DynamoDbOptions};
use self::http::{HttpEngine, HttpOptions, InTheClear};
use self::identity::Identity;
pub use self::open_error::OpenError;
use super::context::{ApiUrl, EngineName, Setting, SettingOrigin, Target};
use crate::aws::{AssumedRole, Aws, AwsSettings, CallerIdentity, Meter, Profile, RoleArn};
#[cfg(feature = "local")]
use crate::model::SystemClock;
use crate::model::{Access, Clock, ConfigName, Role};
use crate::store::{Store, StoreError};

/// An opened engine and its identity.
pub struct OpenedEngine {
    /// The config's data.
    pub store: Box<dyn Store>,
    /// The role that requests are sent in, if one was assumed.
    pub role: Option<RoleArn>,
    /// What keeps that role's credentials.
    pub session: Option<AssumedRole>,
    /// Whose credentials assumed it, where that is known.
    pub caller: Option<CallerIdentity>,
}

impl OpenedEngine {
    fn on_aws(store: Box<dyn Store>, identity: Identity) -> Self {
        Self {
            store,
            role: identity.assumed.as_ref().map(|assumed| assumed.role().clone()),
            session: identity.assumed,
            caller: identity.caller,
        }
    }
}

/// AWS as the target chooses it, its requests counted by `requests`.
pub async fn aws(target: &Target, requests: Meter) -> Result<Arc<Aws>, OpenError> {
    let settings = AwsSettings {
        region: target.region.as_ref().map(|setting| setting.value.clone()),
        profile: match &target.profile {
            // The SDKs read it themselves.
            None
            | Some(Setting {
                origin: SettingOrigin::Environment(_),
                ..
            }) => None,
            Some(Setting { value, origin }) => Some(Profile {
                name: value.clone(),
                decides: *origin == SettingOrigin::Flag,
            }),
        },
        endpoint_url: target.endpoint_url.clone(),
        requests,
    };
    Aws::load(&settings).await.map(Arc::new).map_err(OpenError::Aws)
}

/// Settings of an engine that aren't the target's.
#[derive(Clone, Default)]
pub struct OpenSettings {
    /// Counts the capacity that DynamoDB consumes, or the requests to an API.
    pub spent: Option<Meter>,
    /// How long a commit is tried while DynamoDB asks for patience; 30 seconds where nothing is said.
    pub patience: Option<Duration>,
    /// The clock of the engine; the machine's, or on DynamoDB the service's, where none is given. An API has its own.
    pub clock: Option<Arc<dyn Clock>>,
}

/// Opens the target's engine for what a command does with it, in the role that this takes unless the target
/// names one. `aws` is loaded only where the engine needs it.
pub async fn open(
    target: &Target,
    access: Access,
    aws: Option<&Arc<Aws>>,
    settings: OpenSettings,
) -> Result<OpenedEngine, OpenError> {
    let config = target.config().map_err(OpenError::Target)?;
    match (&target.engine.value, aws) {
        (EngineName::DynamoDb, Some(aws)) => open_dynamodb(target, config, access, aws, settings).await,
        (EngineName::DynamoDb, None) => {
            let aws = self::aws(target, Meter::default()).await?;
            open_dynamodb(target, config, access, &aws, settings).await
        }
        (EngineName::Local, _) => open_local(target, config, access, settings.clock),
        (EngineName::Http(url), Some(aws)) if target.signed.is_some() => {
            open_signed(target, config, url, access, aws, settings.spent).await
        }
        (EngineName::Http(url), _) if target.signed.is_some() => {
            let aws = self::aws(target, Meter::default()).await?;
            open_signed(target, config, url, access, &aws, settings.spent).await
        }
        (EngineName::Http(url), _) => open_http(target, config, url, settings.spent),
    }
}

async fn open_dynamodb(
    target: &Target,
    config: &ConfigName,
    access: Access,
    aws: &Arc<Aws>,
    settings: OpenSettings,
) -> Result<OpenedEngine, OpenError> {
    let identity = Identity::take(target, config, access, aws).await?;
    let store = DynamoDb::new(DynamoDbOptions {
        config: config.clone(),
        sdk: identity.sdk.clone(),
        by: identity.by(),
        clock: settings.clock,
        registers_sections: !matches!(identity.role, Role::Grant(_)),
        capacity: settings.spent,
        patience: settings.patience.unwrap_or(DynamoDb::PATIENCE),
    });
    let store = match &identity.role {
        Role::Grant(grant) => store.under(grant.clone()),
        Role::Config(_) | Role::Caller => store,
    };
    Ok(OpenedEngine::on_aws(Box::new(store), identity))
}

#[cfg(feature = "local")]
fn open_local(
    target: &Target,
    config: &ConfigName,
    access: Access,
    clock: Option<Arc<dyn Clock>>,
) -> Result<OpenedEngine, OpenError> {
    use self::local::{LocalEngine, OpenMode};
    let access = match target.role.as_ref().map(|setting| &setting.value) {
        Some(Role::Grant(grant)) => return Err(OpenError::NoGrants(grant.to_string())),
        Some(Role::Config(access)) => *access,
        Some(Role::Caller) | None => access,
    };
    let mode = match access {
        Access::Read => OpenMode::Read,
        Access::Write => OpenMode::Write,
    };
    let path = local_file(target)?;
    let clock = clock.unwrap_or_else(|| Arc::new(SystemClock));
    let store = match LocalEngine::open(&path, mode, clock, local_user()) {
        Err(StoreError::NoConfig { place, .. }) => Err(StoreError::NoConfig {
            config: config.to_string(),
            place,
        }),
        opened => opened,
    };
    Ok(OpenedEngine {
        store: Box::new(store.map_err(OpenError::Store)?),
        role: None,
        session: None,
        caller: None,
    })
}

/// Who writes to an embedded config.
#[cfg(feature = "local")]
fn local_user() -> String {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    format!("local:{}", user.as_deref().unwrap_or("unknown"))
}

/// Makes the file of the target's embedded config where it isn't there.
#[cfg(feature = "local")]
pub fn ensure_local(target: &Target) -> Result<(), OpenError> {
    use self::local::{LocalEngine, OpenMode};
    let path = local_file(target)?;
    if !path.exists() {
        LocalEngine::open(&path, OpenMode::Create, Arc::new(SystemClock), local_user())
            .map_err(OpenError::Store)?;
    }
    Ok(())
}

#[cfg(not(feature = "local"))]
fn open_local(
    _: &Target,
    _: &ConfigName,
    _: Access,
    _: Option<Arc<dyn Clock>>,
) -> Result<OpenedEngine, OpenError> {
    Err(OpenError::Engine("local".into()))
}

fn open_http(
    target: &Target,
    config: &ConfigName,
    url: &ApiUrl,
    requests: Option<Meter>,
) -> Result<OpenedEngine, OpenError> {
    // What a file says of the engine that it names is none of another's business.
    let of_another = |role: &Setting<Role>| {
        matches!(role.origin, SettingOrigin::File(_))
            && !matches!(target.engine.origin, SettingOrigin::File(_))
    };
    if let Some(role) = target.role.as_ref().filter(|role| !of_another(role)) {
        return Err(OpenError::NoRoles(url.clone(), role.value.to_string()));
    }
    let token = target
        .tokens
        .find(url)
        .map_err(|error| OpenError::Token(url.clone(), error))?;
    let store = HttpEngine::new(HttpOptions {
        token,
        withheld: target.tokens.withheld(url),
        requests: requests.unwrap_or_default(),
        ..HttpOptions::new(url.clone(), config.clone())
    });
    Ok(OpenedEngine {
        store: Box::new(store.map_err(OpenError::InTheClear)?),
        role: None,
        session: None,
        caller: None,
    })
}

async fn open_signed(
    target: &Target,
    config: &ConfigName,
    url: &ApiUrl,
    access: Access,
    aws: &Arc<Aws>,
    requests: Option<Meter>,
) -> Result<OpenedEngine, OpenError> {
    if url.is_in_the_clear() {
        return Err(OpenError::InTheClear(InTheClear::Signature(url.clone())));
    }
    let identity = Identity::take(target, config, access, aws).await?;
    let options = HttpOptions {
        requests: requests.unwrap_or_default(),
        ..HttpOptions::new(url.clone(), config.clone())
    };
    let store = HttpEngine::signed(
        options,
        aws.region().clone(),
        identity.credentials()?,
        identity.assumed.clone(),
        identity.sdk.clone(),
    );
    let store = store.map_err(OpenError::InTheClear)?;
    Ok(OpenedEngine::on_aws(Box::new(store), identity))
}

/// The configs that are there, ordered by name: on DynamoDB those whose tables the caller sees, on the embedded engine
/// those that have a file. `aws` is loaded only where the engine needs it.
pub async fn configs(target: &Target, aws: Option<&Arc<Aws>>) -> Result<Vec<ConfigName>, OpenError> {
    match (&target.engine.value, aws) {
        (EngineName::DynamoDb, Some(aws)) => dynamodb::configs(aws).await.map_err(OpenError::Aws),
        (EngineName::DynamoDb, None) => {
            let aws = self::aws(target, Meter::default()).await?;
            dynamodb::configs(&aws).await.map_err(OpenError::Aws)
        }
        (EngineName::Local, _) => local_configs(target),
        (EngineName::Http(url), _) => Err(OpenError::NoList(url.clone())),
    }
}

fn local_configs(target: &Target) -> Result<Vec<ConfigName>, OpenError> {
    let folder = target.data_dir.as_ref().ok_or(OpenError::NoDataDir)?;
    let files = match std::fs::read_dir(folder) {
        Ok(files) => files,
        // It is created with the first config.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let (path, source) = (folder.clone(), error.into());
            return Err(OpenError::Store(StoreError::File { path, source }));
        }
    };
    let name = |file: std::fs::DirEntry| file.file_name().to_str()?.strip_suffix(".db")?.parse().ok();
    let mut configs: Vec<ConfigName> = files.flatten().filter_map(name).collect();
    configs.sort();
    Ok(configs)
}

/// The file of a config on the embedded engine.
pub fn local_file(target: &Target) -> Result<PathBuf, OpenError> {
    let config = target.config().map_err(OpenError::Target)?;
    let folder = target.data_dir.as_ref().ok_or(OpenError::NoDataDir)?;
    Ok(folder.join(format!("{config}.db")))
}
