use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use serde::{Deserialize, Serialize};

use super::cache::fingerprint;
use super::error::AwsError;
use super::failure::{Failed, Fault};
use super::settings::Aws;

/// A role by account and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn {
    /// The account's number.
    pub account: String,
    /// The role's name, without its path.
    pub name: String,
    /// The whole ARN.
    pub arn: String,
}

/// A role that is assumed with the caller's credentials when it is first needed, and again five minutes before
/// its credentials end. They are kept on disk, so that the next process needs no request for them.
#[derive(Debug, Clone)]
pub struct AssumedRole {
    aws: Arc<Aws>,
    role: RoleArn,
    external_id: Option<String>,
}

/// How long before their end credentials are renewed.
const RENEW_BEFORE: Duration = Duration::from_mins(5);
/// How long credentials last: the roles' `MaxSessionDuration`, and the limit of role chaining.
const SESSION_SECONDS: i32 = 3600;

impl AssumedRole {
    /// The role, to be assumed by the caller of `aws`.
    pub fn new(aws: Arc<Aws>, role: RoleArn, external_id: Option<String>) -> Self {
        Self {
            aws,
            role,
            external_id,
        }
    }

    /// The role.
    pub fn role(&self) -> &RoleArn {
        &self.role
    }

    /// For SDK clients, which ask again when credentials end.
    pub fn provider(&self) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(self.clone())
    }

    /// The role's credentials: those on disk while they last, the caller's own where the caller is this role
    /// already (a role can't assume itself), else new ones.
    pub async fn credentials(&self) -> Result<Credentials, AwsError> {
        let file = self.file();
        if let Some(kept) = self.aws.cache().read::<CachedCredentials>(&file)
            && let Some(credentials) = kept.usable(SystemTime::now())
        {
            return Ok(credentials);
        }
        let caller = self.aws.caller().await?;
        if caller.is_role(&self.role.account, &self.role.name) {
            return self.own().await;
        }
        let answer = self
            .aws
            .sts()
            .assume_role()
            .role_arn(&self.role.arn)
            .role_session_name(caller.session_name())
            .duration_seconds(SESSION_SECONDS)
            .set_external_id(self.external_id.clone())
            .send()
            .await
            .map_err(|error| {
                let failed = Failed::new(&error);
                if failed.fault == Fault::Denied {
                    let (role, caller) = (self.role.arn.clone(), caller.arn.clone());
                    AwsError::AssumeDenied {
                        role,
                        caller,
                        source: failed.into(),
                    }
                } else {
                    AwsError::of_request("sts:AssumeRole", failed)
                }
            })?;
        let kept = answer.credentials.map(|credentials| CachedCredentials {
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key,
            session_token: credentials.session_token,
            expires: credentials.expiration.secs(),
        });
        let kept = kept.ok_or_else(|| AwsError::Credentials {
            problem: format!("STS returned no credentials for {}", self.role.arn),
            source: None,
        })?;
        self.aws.cache().write(&file, &kept);
        Ok(kept.credentials())
    }

    /// Forgets the credentials on disk: they turned out not to be accepted.
    pub fn forget(&self) {
        self.aws.cache().remove(&self.file());
    }

    async fn own(&self) -> Result<Credentials, AwsError> {
        let none = || AwsError::Credentials {
            problem: "no usable AWS credentials found".into(),
            source: None,
        };
        let provider = self.aws.sdk().credentials_provider().ok_or_else(none)?;
        provider
            .provide_credentials()
            .await
            .map_err(|error| AwsError::Credentials {
                problem: "no usable AWS credentials found".into(),
                source: Some(error.into()),
            })
    }

    fn file(&self) -> String {
        let external_id = self.external_id.as_deref().unwrap_or_default();
        format!(
            "role-{}.json",
            fingerprint(&[&self.role.arn, external_id, self.aws.identity()])
        )
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials: provider::Result =
                self.credentials().await.map_err(CredentialsError::provider_error);
            credentials
        })
    }
}

#[derive(Serialize, Deserialize)]
struct CachedCredentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// Seconds since 1970.
    expires: i64,
}

impl CachedCredentials {
    fn usable(self, now: SystemTime) -> Option<Credentials> {
        let credentials = self.credentials();
        credentials
            .expiry()
            .filter(|expires| *expires > now + RENEW_BEFORE)
            .map(|_| credentials)
    }

    fn credentials(self: &CachedCredentials) -> Credentials {
        let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(self.expires).unwrap_or(0));
        Credentials::new(
            &self.access_key_id,
            &self.secret_access_key,
            Some(self.session_token.clone()),
            Some(expires),
            "discfg",
        )
    }
}

impl fmt::Debug for CachedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CachedCredentials({})", self.access_key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_renewed_five_minutes_early() {
        let kept = |expires| CachedCredentials {
            access_key_id: "a".into(),
            secret_access_key: "s".into(),
            session_token: "t".into(),
            expires,
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        assert!(kept(1000 + 301).usable(now).is_some());
        assert!(kept(1000 + 300).usable(now).is_none());
        assert!(!format!("{:?}", kept(0)).contains("\"s\""));
    }
}
