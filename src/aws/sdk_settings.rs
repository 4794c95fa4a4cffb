//! The settings that the SDK takes from the environment and the AWS config files, checked before it sees them: it panics
//! on some that are invalid, and ignores others.

use std::env;

use aws_config::retry::{RetryConfig, RetryMode};
use url::Url;

use super::AwsError;
use super::credential_settings::check_credential;
use super::shared_files::SharedFiles;
use crate::model::Region;

/// What the settings say that isn't left to the SDK.
#[derive(Debug)]
pub(super) struct SdkSettings {
    /// Set if a number of attempts or a mode is.
    pub(super) retry: Option<RetryConfig>,
    pub(super) region: Option<Region>,
}

const BOOLEAN: &[&str] = &["true", "false"];

/// Variables and settings of a profile that have one of a few values.
const CHOICES: [(&str, &str, &[&str]); 12] = [
    (
        "",
        "credential_source",
        &["Environment", "Ec2InstanceMetadata", "EcsContainer"],
    ),
    // `legacy` is the mode of older SDKs; the CLI's setting is shared by all of them.
    (
        "AWS_RETRY_MODE",
        "retry_mode",
        &["standard", "adaptive", "legacy"],
    ),
    ("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", BOOLEAN),
    ("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", BOOLEAN),
    (
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        "ignore_configured_endpoint_urls",
        BOOLEAN,
    ),
    (
        "AWS_DISABLE_REQUEST_COMPRESSION",
        "disable_request_compression",
        BOOLEAN,
    ),
    (
        "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
        "disable_clock_skew_correction",
        BOOLEAN,
    ),
    ("AWS_EC2_METADATA_DISABLED", "", BOOLEAN),
    (
        "AWS_ACCOUNT_ID_ENDPOINT_MODE",
        "account_id_endpoint_mode",
        &["preferred", "disabled", "required"],
    ),
    (
        "AWS_REQUEST_CHECKSUM_CALCULATION",
        "request_checksum_calculation",
        CHECKSUM,
    ),
    (
        "AWS_RESPONSE_CHECKSUM_VALIDATION",
        "response_checksum_validation",
        CHECKSUM,
    ),
    (
        "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        "ec2_metadata_service_endpoint_mode",
        &["IPv4", "IPv6"],
    ),
];
const CHECKSUM: &[&str] = &["when_supported", "when_required"];

/// Variables with credentials, which are sent in headers.
const CREDENTIALS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
];

/// Other variables that are sent in headers.
const IN_HEADERS: [&str; 3] = [
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_SDK_UA_APP_ID",
];

/// What the SDK or discfg takes of the environment as text.
const TEXTS: [&str; 22] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_MAX_ATTEMPTS",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    METADATA_ENDPOINT,
    CONTAINER_URI,
    RELATIVE_URI,
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_ACCOUNT_ID",
    "AWS_AUTH_SCHEME_PREFERENCE",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
    "AWS_SDK_UA_APP_ID",
    "AWS_SIGV4A_SIGNING_REGION_SET",
];
const CONTAINER_URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const RELATIVE_URI: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const METADATA_ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

/// An error for a variable that is used and isn't text: to the SDK it would be unset.
pub(super) fn check_environment() -> Result<(), AwsError> {
    let is_used = |name: &str| {
        TEXTS.contains(&name)
            || name.starts_with("AWS_ENDPOINT_URL")
            || CHOICES.iter().any(|(variable, ..)| *variable == name)
    };
    let not_text = env::vars_os().filter(|(_, value)| value.to_str().is_none());
    let mut names = not_text.filter_map(|(name, _)| name.into_string().ok());
    match names.find(|name| is_used(name)) {
        None => Ok(()),
        Some(name) => Err(AwsError::Setting {
            name,
            value: None,
            place: None,
            problem: "not valid UTF-8".into(),
        }),
    }
}

/// Reads and checks the settings that a profile has, and the environment, which goes before it. What is empty is unset.
pub(super) fn checked(files: &SharedFiles, profile: &str) -> Result<SdkSettings, AwsError> {
    let find = |variables: &[&str], name: &str| {
        let set = variables.iter().find_map(|name| Found::in_environment(name));
        set.or_else(|| {
            let setting = files.find(profile, name)?;
            Some(Found {
                place: Some(setting.place),
                ..Found::new(name, setting.value)
            })
        })
    };
    for (variable, name, choices) in CHOICES {
        if let Some(found) = find(&[variable], name)
            && !choices
                .iter()
                .any(|choice| choice.eq_ignore_ascii_case(&found.value))
        {
            return Err(found.invalid(format!("expected {}", listed(choices))));
        }
    }
    for variable in CREDENTIALS {
        if let Some(found) = Found::in_environment(variable) {
            check_credential(variable, &found.value, None)?;
        }
    }
    for variable in IN_HEADERS {
        if let Some(found) = Found::in_environment(variable)
            && found.value.chars().any(|c| c.is_control() || !c.is_ascii())
        {
            return Err(found.invalid("it contains a character that can't be sent in a header"));
        }
    }
    if let Some(found) = Found::in_environment(RELATIVE_URI)
        && !(found.value.starts_with('/') && found.value.chars().all(|c| c.is_ascii_graphic()))
    {
        return Err(found.invalid("expected a path such as /v2/credentials"));
    }
    for (variable, value) in env::vars_os() {
        if let (Some(variable), Some(value)) = (variable.to_str(), value.to_str())
            && variable.starts_with("AWS_ENDPOINT_URL")
            && !value.is_empty()
        {
            check_endpoint(Found::new(variable, value.into()), ENDPOINT)?;
        }
    }
    for found in [
        find(&[METADATA_ENDPOINT], "ec2_metadata_service_endpoint"),
        Found::in_environment(CONTAINER_URI),
    ] {
        found.map_or(Ok(()), |found| check_endpoint(found, "http://169.254.169.254"))?;
    }
    let ignored = find(
        &["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"],
        "ignore_configured_endpoint_urls",
    );
    let ignored = ignored.is_some_and(|found| found.value.eq_ignore_ascii_case("true"));
    if let Some(found) = find(&["AWS_ENDPOINT_URL"], "endpoint_url").filter(|_| !ignored) {
        check_endpoint(found, ENDPOINT)?;
    }
    let region = find(&["AWS_REGION", "AWS_DEFAULT_REGION"], "region");
    let region = region.map(|found| {
        let parsed = found.value.parse();
        parsed.map_err(|_| found.invalid("expected a code such as eu-central-1"))
    });
    Ok(SdkSettings {
        retry: retry(
            find(&["AWS_MAX_ATTEMPTS"], "max_attempts"),
            find(&["AWS_RETRY_MODE"], "retry_mode"),
        )?,
        region: region.transpose()?,
    })
}

fn retry(attempts: Option<Found>, mode: Option<Found>) -> Result<Option<RetryConfig>, AwsError> {
    if attempts.is_none() && mode.is_none() {
        return Ok(None);
    }
    let mut retry = RetryConfig::standard();
    if mode.is_some_and(|mode| mode.value.eq_ignore_ascii_case("adaptive")) {
        retry = retry.with_retry_mode(RetryMode::Adaptive);
    }
    if let Some(found) = attempts {
        match found.value.trim().parse() {
            Ok(attempts) if attempts > 0 => retry = retry.with_max_attempts(attempts),
            _ => return Err(found.invalid("expected a whole number from 1")),
        }
    }
    Ok(Some(retry))
}

const ENDPOINT: &str = "https://dynamodb.eu-central-1.amazonaws.com";

/// Checks a URL to which requests are sent.
fn check_endpoint(found: Found, example: &str) -> Result<(), AwsError> {
    let is_written_as_sent = found.value.chars().all(|c| c.is_ascii_graphic());
    match Url::parse(&found.value) {
        Ok(url) if is_written_as_sent && matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(()),
        _ => Err(found.invalid(format!("expected a URL such as {example}"))),
    }
}

/// Checks the endpoint that a call chooses.
pub(super) fn check_chosen_endpoint(url: &str) -> Result<(), AwsError> {
    check_endpoint(Found::new("endpoint URL", url.into()), ENDPOINT)
}

/// A value that is set, and where.
struct Found {
    name: String,
    value: String,
    /// The file and the line, unless it is a variable.
    place: Option<String>,
}

impl Found {
    fn new(name: &str, value: String) -> Self {
        Self {
            name: name.to_owned(),
            value,
            place: None,
        }
    }

    fn in_environment(variable: &str) -> Option<Self> {
        let value = env::var(variable).ok().filter(|value| !value.is_empty())?;
        Some(Self::new(variable, value))
    }

    fn invalid(self, problem: impl Into<String>) -> AwsError {
        AwsError::Setting {
            name: self.name,
            value: Some(self.value),
            place: self.place,
            problem: problem.into(),
        }
    }
}

fn listed(choices: &[&str]) -> String {
    match choices {
        [one, other] => format!("{one} or {other}"),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
        [] => String::new(),
    }
}
