//! The engines: where a config's data lives. [`open()`] is the only place that tells them apart.

#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "dynamodb")]
mod failure;
#[cfg(feature = "dynamodb")]
pub mod http;
#[cfg(feature = "dynamodb")]
mod identity;
#[cfg(feature = "dynamodb")]
mod kms;
#[cfg(feature = "local")]
pub mod local;
mod open_error;
mod opened_engine;
#[cfg(any(feature = "dynamodb", feature = "local"))]
mod queue;
#[cfg(feature = "dynamodb")]
mod remote;

use std::path::PathBuf;
use std::sync::Arc;

pub use self::open_error::OpenError;
pub use self::opened_engine::{OpenSettings, OpenedEngine};
#[cfg(feature = "dynamodb")]
pub use self::remote::aws;
use super::context::{EngineName, Target};
#[cfg(feature = "dynamodb")]
use crate::aws::Aws;
#[cfg(feature = "local")]
use crate::model::Role;
#[cfg(feature = "local")]
use crate::model::SystemClock;
use crate::model::{Access, Clock, ConfigName};
#[cfg(any(feature = "dynamodb", feature = "local"))]
use crate::store::StoreError;

/// Opens the target's engine for what a command does with it, in the role that this takes unless the target
/// names one. `aws` is loaded only where the engine needs it.
#[cfg_attr(
    not(feature = "dynamodb"),
    expect(clippy::unused_async, reason = "engines on AWS are opened by requests")
)]
pub async fn open(
    target: &Target,
    access: Access,
    #[cfg(feature = "dynamodb")] aws: Option<&Arc<Aws>>,
    settings: OpenSettings,
) -> Result<OpenedEngine, OpenError> {
    let config = target.config().map_err(OpenError::Target)?;
    match &target.engine.value {
        EngineName::Local => open_local(target, config, access, settings.clock),
        #[cfg(feature = "dynamodb")]
        // Boxed: callers in callers would make the compiler's depth of futures too deep.
        _ => Box::pin(remote::open(target, config, access, aws, settings)).await,
        #[cfg(not(feature = "dynamodb"))]
        other => Err(OpenError::Engine(other.to_string())),
    }
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
        #[cfg(feature = "dynamodb")]
        role: None,
        #[cfg(feature = "dynamodb")]
        session: None,
        #[cfg(feature = "dynamodb")]
        caller: None,
    })
}

/// The writer's name in an embedded config: `USER`, or the account's where that is not set, as in a service or a
/// container.
#[cfg(feature = "local")]
fn local_user() -> String {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let user = user.or_else(|| whoami::username().ok());
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

/// The configs that are there, ordered by name: on DynamoDB those whose tables the caller sees, on the embedded engine
/// those that have a file. `aws` is loaded only where the engine needs it.
#[cfg(feature = "dynamodb")]
pub async fn configs(target: &Target, aws: Option<&Arc<Aws>>) -> Result<Vec<ConfigName>, OpenError> {
    match &target.engine.value {
        EngineName::Local => local_configs(target),
        EngineName::DynamoDb => remote::configs(target, aws).await,
        EngineName::Http(url) => Err(OpenError::NoList(url.clone())),
    }
}

#[cfg(feature = "dynamodb")]
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
