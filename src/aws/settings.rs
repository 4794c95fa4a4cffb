use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
#[cfg(feature = "stack")]
use aws_types::service_config::ServiceConfigKey;

use super::cache::{Cache, fingerprint};
use super::{AwsError, Meter, http};
use crate::files;
use crate::model::Region;

/// What a caller chose; what isn't chosen comes from where the AWS SDKs look.
#[derive(Debug, Clone, Default)]
pub struct AwsSettings {
    /// The region.
    pub region: Option<Region>,
    /// The profile of the shared config and credentials files.
    pub profile: Option<Profile>,
    /// The endpoint of every service.
    pub endpoint_url: Option<String>,
    /// Where the requests of every client are counted.
    pub requests: Meter,
}

/// A profile that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Whether it goes before credentials in the environment, as `--profile` does in the AWS CLI.
    pub decides: bool,
}

/// AWS as the caller reaches it: region, endpoints, base credentials.
#[derive(Debug, Clone)]
pub struct Aws {
    sdk: SdkConfig,
    region: Region,
    identity: String,
    cache: Cache,
    requests: Meter,
}

/// A connection that isn't there after this long is tried again.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// An answer that hasn't begun after this long counts as never coming. DynamoDB itself gives up on a request
/// well before.
const READ_TIMEOUT: Duration = Duration::from_secs(15);

impl Aws {
    /// Settles region, endpoints and where credentials come from. Credentials are loaded when a request
    /// first needs them.
    pub async fn load(settings: &AwsSettings) -> Result<Self, AwsError> {
        check_files()?;
        let sdk = loader(settings).await.load().await;
        let region = sdk
            .region()
            // A variable that is set to nothing is as good as unset.
            .filter(|region| !region.as_ref().is_empty())
            .ok_or(AwsError::NoRegion)?
            .as_ref()
            .parse()
            .map_err(AwsError::Region)?;
        Ok(Self {
            region,
            identity: identity(settings, &sdk),
            sdk,
            cache: Cache::open(),
            requests: settings.requests.clone(),
        })
    }

    /// The region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The SDKs' configuration with the base credentials.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The SDKs' configuration with other credentials.
    pub fn sdk_as(&self, credentials: SharedCredentialsProvider) -> SdkConfig {
        self.sdk.to_builder().credentials_provider(credentials).build()
    }

    /// Where the requests of every client are counted.
    pub fn requests(&self) -> &Meter {
        &self.requests
    }

    /// Names the base credentials' settings and endpoints; two callers who differ in them never share a cached
    /// file.
    pub(super) fn identity(&self) -> &str {
        &self.identity
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.cache
    }

    pub(super) fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::new(&self.sdk)
    }
}

/// Where a service is reached that has another endpoint than its own: by what is set for it, else for all of them, in the
/// order in which the SDKs look. `id` is the service's id in their models.
#[cfg(feature = "stack")]
pub(crate) fn endpoint_of(sdk: &SdkConfig, id: &str) -> Option<String> {
    let of_all = sdk.endpoint_url().map(str::to_owned);
    if sdk.get_origin("endpoint_url").is_client_config() {
        return of_all;
    }
    let key = ServiceConfigKey::builder()
        .service_id(id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let of_service = key.ok().and_then(|key| sdk.service_config()?.load_config(key));
    of_service.or(of_all)
}

/// The most bytes of a file that the SDKs read.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Refuses what the SDKs would read without an end, or wait for.
fn check_files() -> Result<(), AwsError> {
    for variable in [
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ] {
        if let Some(path) = env::var_os(variable).map(PathBuf::from) {
            let checked = files::check_named(&path, MAX_FILE_BYTES);
            checked.map_err(|source| AwsError::File { variable, source })?;
        }
    }
    Ok(())
}

async fn loader(settings: &AwsSettings) -> ConfigLoader {
    let http = http::client(settings.requests.clone());
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        );
    if let Some(region) = &settings.region {
        loader = loader.region(aws_config::Region::new(region.to_string()));
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(&profile.name);
        if profile.decides {
            let region = settings
                .region
                .as_ref()
                .map(|region| aws_config::Region::new(region.to_string()));
            loader = loader.credentials_provider(profile_credentials(&profile.name, region, http).await);
        }
    } else if let Some(credentials) = environment_credentials() {
        // The default chain would end here as well, after building every provider that it could have asked.
        loader = loader.credentials_provider(credentials);
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader
}

/// The credentials of a profile, and of nothing else: the default chain would take keys in the environment first.
async fn profile_credentials(
    name: &str,
    region: Option<aws_config::Region>,
    http: SharedHttpClient,
) -> ProfileFileCredentialsProvider {
    let config = ProviderConfig::empty()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(http)
        .with_sleep_impl(TokioSleep::new());
    let region = match region {
        Some(region) => Some(region),
        None => {
            ProfileFileRegionProvider::builder()
                .configure(&config)
                .profile_name(name)
                .build()
                .region()
                .await
        }
    };
    let config = config.with_region(region);
    ProfileFileCredentialsProvider::builder()
        .profile_name(name)
        .configure(&config)
        .build()
}

fn environment_credentials() -> Option<Credentials> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    Some(Credentials::new(
        set("AWS_ACCESS_KEY_ID")?,
        set("AWS_SECRET_ACCESS_KEY")?,
        set("AWS_SESSION_TOKEN"),
        None,
        "Environment",
    ))
}

/// The variables that decide whose credentials the SDKs find, and where requests go.
const DECISIVE: [&str; 14] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_EC2_METADATA_DISABLED",
    "HOME",
];

fn identity(settings: &AwsSettings, sdk: &SdkConfig) -> String {
    let mut parts: Vec<String> = DECISIVE
        .iter()
        .map(|name| env::var(name).unwrap_or_default())
        .collect();
    parts.push(format!("{:?}", settings.profile));
    parts.push(sdk.endpoint_url().unwrap_or_default().to_owned());
    parts.push(sdk.region().map(ToString::to_string).unwrap_or_default());
    // A profile can come to mean somebody else; then its file has changed.
    for (variable, name) in [
        ("AWS_CONFIG_FILE", "config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ] {
        let path = env::var_os(variable)
            .map(PathBuf::from)
            .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".aws").join(name)));
        let changed = path
            .and_then(|path| {
                fs::metadata(path)
                    .ok()?
                    .modified()
                    .ok()?
                    .duration_since(UNIX_EPOCH)
                    .ok()
            })
            .map(|since| since.as_nanos().to_string());
        parts.push(changed.unwrap_or_default());
    }
    fingerprint(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}
