//! The engines that are reached by requests: DynamoDB, and an HTTP API.

use std::sync::Arc;

use super::dynamodb::{self, DynamoDb, DynamoDbOptions};
use super::http::{HttpEngine, HttpOptions, InTheClear};
use super::identity::Identity;
use super::open_error::OpenError;
use super::opened_engine::{OpenSettings, OpenedEngine};
use crate::aws::{Aws, AwsSettings, Meter, Profile};
use crate::context::{ApiUrl, EngineName, Setting, SettingOrigin, Target};
use crate::model::{Access, ConfigName, Role};
use crate::store::Store;

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

/// AWS as the target chooses it, and else as `settings` says.
pub async fn aws(target: &Target, settings: AwsSettings) -> Result<Arc<Aws>, OpenError> {
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
        ..settings
    };
    Aws::load(&settings).await.map(Arc::new).map_err(OpenError::Aws)
}

/// Opens the engine that the target names. An embedded one is none of these.
pub(super) async fn open(
    target: &Target,
    config: &ConfigName,
    access: Access,
    aws: Option<&Arc<Aws>>,
    settings: OpenSettings,
) -> Result<OpenedEngine, OpenError> {
    match (&target.engine.value, aws) {
        (EngineName::DynamoDb, Some(aws)) => open_dynamodb(target, config, access, aws, settings).await,
        (EngineName::DynamoDb, None) => {
            let aws = self::aws(target, AwsSettings::default()).await?;
            open_dynamodb(target, config, access, &aws, settings).await
        }
        (EngineName::Http(url), Some(aws)) if target.signed.is_some() => {
            open_signed(target, config, url, access, aws, settings.spent).await
        }
        (EngineName::Http(url), _) if target.signed.is_some() => {
            let aws = self::aws(target, AwsSettings::default()).await?;
            open_signed(target, config, url, access, &aws, settings.spent).await
        }
        (EngineName::Http(url), _) => open_http(target, config, url, settings.spent),
        (EngineName::Local, _) => Err(OpenError::Engine("local".into())),
    }
}

/// The configs whose tables the caller sees.
pub(super) async fn configs(target: &Target, aws: Option<&Arc<Aws>>) -> Result<Vec<ConfigName>, OpenError> {
    let loaded;
    let aws = if let Some(aws) = aws {
        aws
    } else {
        loaded = self::aws(target, AwsSettings::default()).await?;
        &loaded
    };
    dynamodb::configs(aws).await.map_err(OpenError::Aws)
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
