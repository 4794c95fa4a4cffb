//! Signature Version 4 for requests that no SDK client makes:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
#[cfg(feature = "stack")]
use aws_credential_types::credential_fn::provide_credentials_fn;
#[cfg(feature = "stack")]
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
#[cfg(feature = "stack")]
use aws_types::SdkConfig;
use tokio::sync::Mutex;

use super::{AssumedRole, PlainRequest, SigningError};
use crate::model::Region;

/// Signs requests to one service in one region. A clone signs with the same credentials.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    service: &'static str,
    region: Region,
    credentials: SharedCredentialsProvider,
    held: Arc<Mutex<Option<HeldCredentials>>>,
    /// The role that the credentials are of, until they were renewed before their time.
    renewable: Arc<Mutex<Option<AssumedRole>>>,
}

/// Credentials and until when they are signed with. Their provider may ask another service, or run a program.
#[derive(Debug)]
struct HeldCredentials {
    credentials: Credentials,
    until: SystemTime,
}

/// How long before their end credentials are renewed.
const RENEW_BEFORE: Duration = Duration::from_mins(1);
/// After how long credentials without an end are renewed, as the SDKs do.
const RENEW_AFTER: Duration = Duration::from_mins(15);

impl Signer {
    /// For the service of that signing name.
    pub(crate) fn new(service: &'static str, region: Region, credentials: SharedCredentialsProvider) -> Self {
        Self {
            service,
            region,
            credentials,
            held: Arc::default(),
            renewable: Arc::default(),
        }
    }

    /// The same, whose credentials are of that role.
    pub(crate) fn renewed_by(self, role: Option<AssumedRole>) -> Self {
        Self {
            renewable: Arc::new(Mutex::new(role)),
            ..self
        }
    }

    /// Drops the role's credentials, kept ones too, so that the next request is signed with new ones. Only once: false says
    /// that they were renewed already, or are of no role.
    pub(crate) async fn renew(&self) -> bool {
        let Some(role) = self.renewable.lock().await.take() else {
            return false;
        };
        role.forget();
        *self.held.lock().await = None;
        true
    }

    /// For the credentials that the SDKs' clients have.
    #[cfg(feature = "stack")]
    pub(crate) fn of(sdk: &SdkConfig, service: &'static str, region: Region) -> Self {
        let none = || {
            SharedCredentialsProvider::new(provide_credentials_fn(|| async {
                Err(CredentialsError::not_loaded_no_source())
            }))
        };
        Self::new(service, region, sdk.credentials_provider().unwrap_or_else(none))
    }

    /// Adds the headers that sign the request as it is now, for the next five minutes.
    pub(crate) async fn sign(&self, request: &mut PlainRequest) -> Result<(), SigningError> {
        let credentials = self.credentials().await?;
        self.sign_at(request, &credentials.into(), SystemTime::now())
            .map_err(SigningError::Form)
    }

    async fn credentials(&self) -> Result<Credentials, SigningError> {
        let mut held = self.held.lock().await;
        let now = SystemTime::now();
        if let Some(held) = held.as_ref().filter(|held| now < held.until) {
            return Ok(held.credentials.clone());
        }
        let credentials = self.credentials.provide_credentials().await;
        let credentials = credentials.map_err(|error| SigningError::Credentials(error.into()))?;
        let until = match credentials.expiry() {
            Some(expiry) => expiry.checked_sub(RENEW_BEFORE).unwrap_or(now),
            None => now + RENEW_AFTER,
        };
        *held = Some(HeldCredentials {
            credentials: credentials.clone(),
            until,
        });
        Ok(credentials)
    }

    fn sign_at(
        &self,
        request: &mut PlainRequest,
        identity: &Identity,
        now: SystemTime,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let parameters = SigningParams::builder()
            .identity(identity)
            .region(self.region.as_str())
            .name(self.service)
            .time(now)
            .settings(self.settings())
            .build()?
            .into();
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(request.body.as_deref().unwrap_or_default());
        let signable = SignableRequest::new(request.method, request.url.as_str(), headers, body)?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let (headers, _) = instructions.into_parts();
        let signed = headers
            .iter()
            .map(|header| (header.name(), header.value().to_owned()));
        request.headers.extend(signed);
        Ok(())
    }

    /// The settings of the service: S3 signs a path as it is, and requires the body's hash in a header.
    fn settings(&self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use aws_credential_types::credential_fn::provide_credentials_fn;

    use super::*;

    fn signed(service: &'static str, token: Option<&str>) -> Vec<(&'static str, String)> {
        let credentials = Credentials::new("AKID", "secret", token.map(str::to_owned), None, "test");
        let region = "eu-central-1".parse().expect("a region");
        let signer = Signer::new(
            service,
            region,
            SharedCredentialsProvider::new(credentials.clone()),
        );
        let mut request = PlainRequest {
            operation: "/keys",
            method: "GET",
            url: "https://abc.execute-api.eu-central-1.amazonaws.com/v1/payments/db/keys/url?stored=true"
                .into(),
            headers: vec![("accept", "application/json".into())],
            body: None,
            within: Duration::from_secs(1),
            most: 1,
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(480_000);
        signer
            .sign_at(&mut request, &credentials.into(), now)
            .expect("it is signed");
        request.headers
    }

    fn header<'a>(headers: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
        let found = headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    #[test]
    fn the_service_the_region_and_the_session_are_signed() {
        let headers = signed("execute-api", Some("session"));
        let authorization = header(&headers, "authorization").expect("it is signed");
        assert!(
            authorization.contains("Credential=AKID/20241004/eu-central-1/execute-api/aws4_request"),
            "{authorization}"
        );
        assert!(
            authorization.contains("SignedHeaders=accept;host;x-amz-date;x-amz-security-token"),
            "{authorization}"
        );
        assert_eq!(header(&headers, "x-amz-security-token"), Some("session"));
        assert_eq!(header(&headers, "x-amz-content-sha256"), None);
    }

    #[test]
    fn s3_is_told_the_hash_of_the_body() {
        let headers = signed("s3", None);
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(header(&headers, "x-amz-content-sha256"), Some(of_nothing));
        assert_eq!(header(&headers, "x-amz-security-token"), None);
    }

    #[tokio::test]
    async fn credentials_are_asked_for_again_before_they_end() {
        for (lives, asked) in [(Some(30), 3), (Some(3600), 1), (None, 1)] {
            let count = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&count);
            let provider = provide_credentials_fn(move || {
                let number = counted.fetch_add(1, Ordering::Relaxed);
                let expiry = lives.map(|lives| SystemTime::now() + Duration::from_secs(lives));
                async move {
                    Ok(Credentials::new(
                        format!("AKID{number}"),
                        "s",
                        None,
                        expiry,
                        "test",
                    ))
                }
            });
            let region = "eu-central-1".parse().expect("a region");
            let signer = Signer::new("execute-api", region, SharedCredentialsProvider::new(provider));
            for _ in 0..3 {
                signer.clone().credentials().await.expect("credentials");
            }
            assert_eq!(count.load(Ordering::Relaxed), asked, "{lives:?}");
        }
    }
}
