use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

#[cfg(feature = "profiles")]
use aws_config::identity::IdentityCache;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_types::os_shim_internal::Env;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use super::cache::{Cache, fingerprint};
use super::credential_settings;
use super::mfa_prompt::MfaPrompt;
#[cfg(feature = "profiles")]
use super::profile_credentials;
use super::program_start::ProgramStart;
use super::sdk_settings::{self, SdkSettings, check_chosen_endpoint};
use super::sendable_credentials::SendableCredentials;
use super::shared_files::{DEFAULT_PROFILE, MAX_FILE_BYTES, SharedFiles};
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
    /// Asks for the code of an MFA device, where a profile requires one.
    pub mfa: Option<MfaPrompt>,
    /// Starts a profile's `credential_process`; without it, the program outlives a process that is killed.
    pub start: Option<ProgramStart>,
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
        sdk_settings::check_environment()?;
        check_files()?;
        let files = SharedFiles::read().await?;
        let profile = ProfileChoice::of(settings)?;
        if profile.is_named {
            files.check_profile(&profile.name)?;
        }
        if profile.environment.is_none() {
            if files.find(&profile.name, "login_session").is_some() {
                return Err(AwsError::LoginSession(profile.name));
            }
            credential_settings::check(&files, &profile.name)?;
            check_token_files(&files, &profile)?;
        }
        if let Some(url) = &settings.endpoint_url {
            check_chosen_endpoint(url)?;
        }
        let found = sdk_settings::checked(&files, &profile.name)?;
        // Boxed: it is large, and part of every command.
        let sdk = Box::pin(load(settings, &files, &profile, &found)).await;
        let Some(region) = sdk.region() else {
            // Why there is none, if a profile should have it.
            files.check_profile(&profile.name)?;
            return Err(AwsError::NoRegion);
        };
        let region = region.as_ref().parse().map_err(|_| AwsError::NoRegion)?;
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

/// Refuses what the SDK would read without an end, or wait for.
fn check_files() -> Result<(), AwsError> {
    for variable in [
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ] {
        if let Some(path) = env::var_os(variable).map(PathBuf::from) {
            let checked = files::check_named(&path, MAX_FILE_BYTES);
            let what = || format!("the file in {variable}");
            checked.map_err(|source| AwsError::File { what: what(), source })?;
        }
    }
    Ok(())
}

/// A token's file that can't be read is named, if it is where the credentials come from: the SDK doesn't name it.
fn check_token_files(files: &SharedFiles, profile: &ProfileChoice) -> Result<(), AwsError> {
    let check = |path: &str, named_by: &str| {
        let opened = fs::File::open(path).map(drop);
        let what = || format!("{path}, which {named_by} names");
        opened.map_err(|source| AwsError::File { what: what(), source })
    };
    let of_profile = |name: &str| files.find(&profile.name, name);
    if of_profile("role_arn").is_some()
        && let Some(found) = of_profile("web_identity_token_file")
    {
        return check(
            &found.value,
            &format!("web_identity_token_file in {}", found.place),
        );
    }
    let has_credentials = SOURCES.iter().any(|name| of_profile(name).is_some());
    if profile.decides || has_credentials {
        return Ok(());
    }
    for (variable, used_with) in [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ),
    ] {
        if let (Some(path), Some(_)) = (non_empty(variable), non_empty(used_with)) {
            check(&path, variable)?;
        }
    }
    Ok(())
}

/// The settings of a profile that has credentials of its own. They go before those that variables lead to.
const SOURCES: [&str; 6] = [
    "aws_access_key_id",
    "role_arn",
    "credential_process",
    "sso_session",
    "sso_start_url",
    "source_profile",
];

fn non_empty(variable: &str) -> Option<String> {
    env::var(variable).ok().filter(|value| !value.is_empty())
}

/// The profile whose settings are in force.
struct ProfileChoice {
    name: String,
    is_named: bool,
    /// Whether the credentials are to be its own, even if there are others in the environment.
    decides: bool,
    /// The credentials in the environment, if they are in force.
    environment: Option<Credentials>,
}

impl ProfileChoice {
    fn of(settings: &AwsSettings) -> Result<Self, AwsError> {
        let chosen = settings.profile.clone();
        let in_environment = || non_empty("AWS_PROFILE");
        let decides = chosen.as_ref().is_some_and(|profile| profile.decides);
        let name = chosen.map(|profile| profile.name).or_else(in_environment);
        Ok(Self {
            is_named: name.is_some(),
            name: name.unwrap_or_else(|| DEFAULT_PROFILE.into()),
            decides,
            environment: if decides { None } else { environment_credentials()? },
        })
    }
}

async fn load(
    settings: &AwsSettings,
    files: &SharedFiles,
    profile: &ProfileChoice,
    found: &SdkSettings,
) -> SdkConfig {
    let http = http::client(settings.requests.clone());
    let region = settings.region.as_ref().or(found.region.as_ref());
    let region = region.map(|region| aws_config::Region::new(region.to_string()));
    let config = ProviderConfig::empty()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(http.clone())
        .with_sleep_impl(TokioSleep::new())
        .with_region(region.clone());
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .profile_name(&profile.name)
        .profile_files(files.for_sdk())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .build(),
        );
    if let Some(environment) = non_empty_environment() {
        loader = loader.env(environment);
    }
    if let Some(retry) = &found.retry {
        loader = loader.retry_config(retry.clone());
    }
    loader = match region {
        Some(region) => loader.region(region),
        // What the SDK would ask last.
        None => loader.region(ImdsRegionProvider::builder().configure(&config).build()),
    };
    // The credentials of a profile alone: the default chain would take those in the environment first.
    let of_profile = |name: &str| {
        ProfileFileCredentialsProvider::builder()
            .profile_name(name)
            .profile_files(files.for_sdk())
            .configure(&config)
            .build()
    };
    if let Some(credentials) = profile.environment.clone() {
        // The default chain would end here as well, after building every provider that it could have asked.
        loader = loader.credentials_provider(credentials);
    } else if profile.decides {
        loader = loader.credentials_provider(of_profile(&profile.name));
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let sdk = loader.load().await;
    let mut refined = sdk.to_builder();
    if profile.environment.is_none() {
        let credentials = sdk.credentials_provider();
        #[cfg(feature = "profiles")]
        let credentials = match profile_credentials::find(
            files,
            &profile.name,
            &sdk,
            of_profile,
            settings.mfa,
            settings.start,
        ) {
            None => credentials,
            special => {
                let time = profile_credentials::TIME;
                refined.set_identity_cache(Some(IdentityCache::lazy().load_timeout(time).build()));
                special
            }
        };
        let checked = credentials
            .map(SendableCredentials)
            .map(SharedCredentialsProvider::new);
        refined.set_credentials_provider(checked);
    }
    refined.set_service_config(Some(NonEmpty(sdk)));
    refined.build()
}

/// The environment for the SDK, if it is not this process's: there an empty AWS variable counts as unset.
fn non_empty_environment() -> Option<Env> {
    let is_empty = |(name, value): &(OsString, OsString)| {
        value.is_empty() && name.as_encoded_bytes().starts_with(b"AWS_")
    };
    if !env::vars_os().any(|variable| is_empty(&variable)) {
        return None;
    }
    let set = env::vars_os().filter(|variable| !is_empty(variable));
    let set = set.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Some(Env::from(set.collect::<HashMap<_, _>>()))
}

/// The settings of single services. An empty one counts as unset; the SDK would send requests to nowhere.
#[derive(Debug)]
struct NonEmpty(SdkConfig);

impl LoadServiceConfig for NonEmpty {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let value = self.0.service_config()?.load_config(key);
        value.filter(|value| !value.is_empty())
    }
}

fn environment_credentials() -> Result<Option<Credentials>, AwsError> {
    let Some(id) = non_empty("AWS_ACCESS_KEY_ID") else {
        return Ok(None);
    };
    let secret = non_empty("AWS_SECRET_ACCESS_KEY").ok_or_else(|| AwsError::Setting {
        name: "AWS_SECRET_ACCESS_KEY".into(),
        value: None,
        place: None,
        problem: "it is not set, but AWS_ACCESS_KEY_ID is".into(),
    })?;
    let token = non_empty("AWS_SESSION_TOKEN");
    Ok(Some(Credentials::new(id, secret, token, None, "Environment")))
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
