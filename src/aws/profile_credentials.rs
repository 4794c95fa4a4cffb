//! Base credentials that the SDK doesn't get by itself as a person needs them: a program that may hang, and a
//! role that requires a code.

use std::env;
use std::path::PathBuf;
use std::pin::pin;
use std::process::{self, Stdio};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::process::Command;
use tokio::time::timeout;

use super::mfa_prompt::MfaPrompt;
use super::program_start::ProgramStart;
use super::shared_files::SharedFiles;

/// How long a program or a person may take: a code is typed within it.
pub(super) const TIME: Duration = Duration::from_mins(2);

/// When it is said that a program is being waited for.
const NOTICE_AFTER: Duration = Duration::from_secs(5);

/// The credentials of a profile with a program or a device that asks for a code; none for other profiles.
pub(super) fn find<P: ProvideCredentials + 'static>(
    files: &SharedFiles,
    profile: &str,
    sdk: &SdkConfig,
    of_profile: impl Fn(&str) -> P,
    prompt: Option<MfaPrompt>,
    start: Option<ProgramStart>,
) -> Option<SharedCredentialsProvider> {
    let setting = |name: &str| files.find(profile, name).map(|found| found.value);
    let Some(role_arn) = setting("role_arn") else {
        let command = setting("credential_process")?;
        return Some(SharedCredentialsProvider::new(ProcessCredentials {
            command,
            start,
        }));
    };
    let (serial, source) = (setting("mfa_serial")?, setting("source_profile")?);
    let source = SharedCredentialsProvider::new(of_profile(&source));
    Some(SharedCredentialsProvider::new(MfaRole {
        profile: profile.to_owned(),
        role_arn,
        serial,
        external_id: setting("external_id"),
        session_name: setting("role_session_name"),
        duration: setting("duration_seconds").and_then(|seconds| seconds.parse().ok()),
        sdk: sdk.to_builder().credentials_provider(source).build(),
        prompt,
    }))
}

/// A profile's `credential_process`, which ends with its caller.
#[derive(Debug)]
pub(super) struct ProcessCredentials {
    pub(super) command: String,
    pub(super) start: Option<ProgramStart>,
}

/// What the program prints, by the AWS CLI's documentation of external credentials.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

impl ProcessCredentials {
    async fn run(&self) -> provider::Result {
        // Its arguments may be secret.
        let name = self.command.split_whitespace().next().unwrap_or_default();
        let failed = |problem: String| {
            CredentialsError::provider_error(format!("credential_process {name}: {problem}"))
        };
        let mut shell = self
            .start
            .map_or_else(|| process::Command::new("sh"), |ProgramStart(start)| start("sh"));
        let exec = if is_one_program(&self.command) {
            "exec "
        } else {
            ""
        };
        shell
            .args(["-c", &format!("{exec}{}", self.command)])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        // What it says on stderr is for its user.
        let child = Command::from(shell).kill_on_drop(true).spawn();
        let output = child
            .map_err(|error| failed(error.to_string()))?
            .wait_with_output();
        let mut output = pin!(timeout(TIME, output));
        let output = if let Ok(output) = timeout(NOTICE_AFTER, &mut output).await {
            output
        } else {
            tracing::warn!("still waiting for credential_process {name}");
            output.await
        };
        let output = output
            .map_err(|_| failed(format!("no output after {} s", TIME.as_secs())))?
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(output.status.to_string()));
        }
        // The error of the parser could quote a credential.
        let printed: Printed = serde_json::from_slice(&output.stdout)
            .map_err(|_| failed("its output is not the JSON of credentials".into()))?;
        if printed.version != 1 {
            return Err(failed(format!(
                "unsupported version {} of credentials",
                printed.version
            )));
        }
        let expiration = printed.expiration.filter(|text| !text.is_empty());
        let expiry = expiration
            .map(|text| OffsetDateTime::parse(&text, &Rfc3339))
            .transpose();
        let expiry = expiry.map_err(|_| failed("its Expiration is not in ISO 8601".into()))?;
        Ok(Credentials::new(
            printed.access_key_id,
            printed.secret_access_key,
            printed.session_token.filter(|token| !token.is_empty()),
            expiry.map(Into::into),
            "CredentialProcess",
        ))
    }
}

/// Whether a shell's command only runs a program, which the shell can become: then what ends the shell ends the program.
fn is_one_program(command: &str) -> bool {
    let word = command.split_whitespace().next().unwrap_or_default();
    let is_in = |folder: PathBuf| folder.join(word).is_file();
    let folders = env::var_os("PATH").unwrap_or_default();
    !command.contains(|c| ";&|<>(){}`!\n".contains(c))
        && !word.contains('=')
        && (word.contains('/') || env::split_paths(&folders).any(is_in))
}

impl ProvideCredentials for ProcessCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.run())
    }
}

/// A profile's role that requires the code of an MFA device.
#[derive(Debug)]
pub(super) struct MfaRole {
    pub(super) profile: String,
    pub(super) role_arn: String,
    pub(super) serial: String,
    pub(super) external_id: Option<String>,
    pub(super) session_name: Option<String>,
    /// In seconds.
    pub(super) duration: Option<i32>,
    /// With the credentials of the source profile.
    pub(super) sdk: SdkConfig,
    pub(super) prompt: Option<MfaPrompt>,
}

impl MfaRole {
    async fn assume(&self) -> provider::Result {
        let Self { profile, serial, .. } = self;
        let missing = |why: &str| {
            CredentialsError::invalid_configuration(format!(
                "profile {profile} requires a code of the MFA device {serial}: {why}"
            ))
        };
        let MfaPrompt(ask) = self.prompt.ok_or_else(|| missing("no terminal to ask for it"))?;
        let device = serial.clone();
        let code = tokio::task::spawn_blocking(move || ask(&device)).await;
        let code = code.map_err(|error| missing(&error.to_string()))?;
        let code = code.map_err(|error| missing(&error.to_string()))?;
        let answer = aws_sdk_sts::Client::new(&self.sdk)
            .assume_role()
            .role_arn(&self.role_arn)
            .role_session_name(self.session_name.as_deref().unwrap_or("discfg"))
            .set_external_id(self.external_id.clone())
            .set_duration_seconds(self.duration)
            .serial_number(serial)
            .token_code(code.trim())
            .send()
            .await
            .map_err(CredentialsError::provider_error)?;
        let given = answer
            .credentials
            .ok_or_else(|| missing("STS returned no credentials"))?;
        let expiry = given.expiration.try_into().ok();
        Ok(Credentials::new(
            given.access_key_id,
            given.secret_access_key,
            Some(given.session_token),
            expiry,
            "MfaRole",
        ))
    }
}

impl ProvideCredentials for MfaRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
