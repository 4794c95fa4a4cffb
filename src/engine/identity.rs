use std::sync::Arc;

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::open_error::OpenError;
use crate::aws::{AssumedRole, Aws, AwsError, CallerIdentity, RoleArn};
use crate::context::Target;
use crate::model::{Access, AwsNames, ConfigName, Role};

/// The identity in which AWS is used for a config.
pub(super) struct Identity {
    /// What was chosen, or follows from what is done.
    pub(super) role: Role,
    /// The SDKs' configuration with its credentials.
    pub(super) sdk: SdkConfig,
    /// The role, if one was assumed.
    pub(super) assumed: Option<AssumedRole>,
    /// Whose credentials assumed it, where that is known.
    pub(super) caller: Option<CallerIdentity>,
}

impl Identity {
    /// The identity that the target names, else the config's role for what is done. A role is assumed at once, so that
    /// a denial is known as one.
    pub(super) async fn take(
        target: &Target,
        config: &ConfigName,
        access: Access,
        aws: &Arc<Aws>,
    ) -> Result<Self, OpenError> {
        let names = AwsNames::new(config, aws.region()).map_err(OpenError::Names)?;
        let role = target
            .role
            .as_ref()
            .map_or(Role::Config(access), |setting| setting.value.clone());
        let name = match &role {
            Role::Config(access) => Some(names.role(*access)),
            Role::Grant(grant) => Some(names.grant_role(grant).map_err(OpenError::Names)?),
            Role::Caller => None,
        };
        // Warm, this is a file; a reader who acts as itself needs no name at all.
        let caller = match (&name, access) {
            (None, Access::Read) => None,
            _ => Some(aws.caller().await.map_err(OpenError::Aws)?),
        };
        let mut sdk = aws.sdk().clone();
        let mut assumed = None;
        if let (Some(name), Some(caller)) = (name, &caller) {
            let account = target.account.clone().unwrap_or_else(|| caller.account.clone());
            let arn = names.role_arn(&account, &name);
            let role = AssumedRole::new(
                Arc::clone(aws),
                RoleArn { account, name, arn },
                target.external_id.clone(),
            );
            role.credentials().await.map_err(OpenError::Aws)?;
            sdk = aws.sdk_as(role.provider());
            assumed = Some(role);
        }
        Ok(Self {
            role,
            sdk,
            assumed,
            caller,
        })
    }

    /// What requests are signed with that no SDK client makes.
    pub(super) fn credentials(&self) -> Result<SharedCredentialsProvider, OpenError> {
        self.sdk.credentials_provider().ok_or_else(|| {
            OpenError::Aws(AwsError::Credentials {
                problem: "no usable AWS credentials found".into(),
                source: None,
            })
        })
    }

    /// The name of the writer; empty where it isn't known.
    pub(super) fn by(&self) -> String {
        let arn = self.caller.as_ref().map(|caller| caller.arn.clone());
        arn.unwrap_or_default()
    }
}
