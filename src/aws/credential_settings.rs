//! The settings by which a profile gets its credentials, checked before the SDK reads them: it names neither file nor line.

use super::AwsError;
use super::sendable_credentials::unsendable;
use super::shared_files::{FileSetting, SharedFiles};

/// What a role's own credentials can come from.
const SOURCES: [&str; 3] = ["source_profile", "credential_source", "web_identity_token_file"];

/// Checks the profile, and those that its role is assumed with.
pub(super) fn check(files: &SharedFiles, profile: &str) -> Result<(), AwsError> {
    let mut seen = vec![profile.to_owned()];
    loop {
        let current = seen.last().map(String::as_str).unwrap_or_default();
        let find = |name| files.find(current, name);
        for name in ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"] {
            if let Some(found) = find(name) {
                check_credential(name, &found.value, Some(&found.place))?;
            }
        }
        if let Some(session) = find("sso_session")
            && !files.has_section("sso-session", &session.value)
        {
            let problem = format!("the section [sso-session {}] does not exist", session.value);
            return Err(invalid("sso_session", session, problem));
        }
        let Some(role) = find("role_arn") else {
            return Ok(());
        };
        if SOURCES.iter().all(|name| find(name).is_none()) {
            let problem = format!(
                "its profile also needs {}",
                SOURCES.join(", ").replace(", web", " or web")
            );
            return Err(invalid("role_arn", role, problem));
        }
        let Some(source) = find("source_profile") else {
            return Ok(());
        };
        if source.value == current {
            // Then the role is assumed with the profile's own key.
            return match find("aws_access_key_id") {
                Some(_) => Ok(()),
                None => Err(invalid(
                    "source_profile",
                    source,
                    "it names its own profile, which has no access key".into(),
                )),
            };
        }
        if seen.contains(&source.value) {
            let problem = format!("these profiles name each other: {}", seen.join(", "));
            return Err(invalid("source_profile", source, problem));
        }
        if let Err(AwsError::NoProfile { problem, .. }) = files.check_profile(&source.value) {
            return Err(invalid(
                "source_profile",
                source,
                format!("no such profile: {problem}"),
            ));
        }
        seen.push(source.value);
    }
}

fn invalid(name: &str, found: FileSetting, problem: String) -> AwsError {
    AwsError::Setting {
        name: name.into(),
        value: Some(found.value),
        place: Some(found.place),
        problem,
    }
}

/// Checks a credential, which no error shows.
pub(super) fn check_credential(name: &str, value: &str, place: Option<&str>) -> Result<(), AwsError> {
    let is_id = name.eq_ignore_ascii_case("aws_access_key_id");
    // These part what a signature is made of. STS's documentation has letters and digits alone.
    let breaks_signature = is_id && value.contains(['/', ',', '=']);
    let problem =
        unsendable(value).or(breaks_signature.then_some("it contains a character that no access key ID has"));
    match problem {
        None => Ok(()),
        Some(problem) => Err(AwsError::Setting {
            name: name.into(),
            value: None,
            place: place.map(Into::into),
            problem: problem.into(),
        }),
    }
}
