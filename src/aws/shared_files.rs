//! The AWS config and credentials files: read once, so that a fault in them is named by file and line, and handed to the
//! SDK as read. The SDK itself only logs such faults, and then finds no region and no credentials.

use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_types::os_shim_internal::{Env, Fs};

use super::AwsError;
use crate::files;

/// The most bytes of a file that the SDK reads.
pub(super) const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The profile that is used where none is named.
pub(super) const DEFAULT_PROFILE: &str = "default";

/// Both files, as far as they exist.
#[derive(Debug, Default)]
pub(super) struct SharedFiles(Vec<SharedFile>);

#[derive(Debug)]
struct SharedFile {
    path: PathBuf,
    is_config: bool,
    /// Without a byte order mark, indented comments, and quotes around profile names; once it is checked, without empty
    /// settings too.
    content: String,
}

/// The settings that are one value. Others may be blocks: the SDK would take a block for the value.
const VALUES: [&str; 38] = [
    "account_id_endpoint_mode",
    "auth_scheme_preference",
    "aws_access_key_id",
    "aws_account_id",
    "aws_secret_access_key",
    "aws_session_token",
    "credential_process",
    "credential_source",
    "disable_clock_skew_correction",
    "disable_request_compression",
    "duration_seconds",
    "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode",
    "endpoint_url",
    "external_id",
    "ignore_configured_endpoint_urls",
    "login_session",
    "max_attempts",
    "mfa_serial",
    "region",
    "request_checksum_calculation",
    "request_min_compression_size_bytes",
    "response_checksum_validation",
    "retry_mode",
    "role_arn",
    "role_session_name",
    "sdk_ua_app_id",
    "services",
    "sigv4a_signing_region_set",
    "source_profile",
    "sso_account_id",
    "sso_region",
    "sso_role_name",
    "sso_session",
    "sso_start_url",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
    "web_identity_token_file",
];

/// A setting of a profile, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileSetting {
    pub(super) value: String,
    /// Its file and line.
    pub(super) place: String,
}

impl SharedFiles {
    /// Reads and parses both files. A file that doesn't exist is empty, as for the SDK.
    pub(super) async fn read() -> Result<Self, AwsError> {
        let mut found = Vec::new();
        for (variable, name, is_config) in [
            ("AWS_CONFIG_FILE", "config", true),
            ("AWS_SHARED_CREDENTIALS_FILE", "credentials", false),
        ] {
            let Some(path) = path_of(variable, name) else {
                continue;
            };
            let read = files::check_named(&path, MAX_FILE_BYTES).and_then(|()| fs::read(&path));
            let bytes = match read {
                Ok(bytes) => bytes,
                Err(source) if source.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => {
                    let what = path.display().to_string();
                    return Err(AwsError::File { what, source });
                }
            };
            let file = SharedFile::of(path, is_config, bytes)?;
            file.check().await?;
            found.push(file.without_empty_settings()?);
        }
        Ok(Self(found))
    }

    /// The files as the SDK takes them.
    pub(super) fn for_sdk(&self) -> EnvConfigFiles {
        let mut files = EnvConfigFiles::builder();
        for file in &self.0 {
            files = files.with_contents(file.kind(), file.content.as_str());
        }
        if self.0.is_empty() {
            // The SDK would look for the files itself.
            files = files.with_contents(EnvConfigFileKind::Config, "");
        }
        files.build()
    }

    /// The value of a profile's setting. Of several, the last is in force, and the credentials file goes before the config
    /// file. An empty one counts as unset.
    pub(super) fn find(&self, profile: &str, name: &str) -> Option<FileSetting> {
        self.sections()
            .filter(|section| section.profile() == Some(profile))
            .flat_map(FileSection::settings)
            .filter(|setting| setting.name.eq_ignore_ascii_case(name) && !setting.value.is_empty())
            .last()
            .map(|setting| FileSetting {
                value: setting.value.to_owned(),
                place: setting.place(),
            })
    }

    /// An error unless the profile exists.
    pub(super) fn check_profile(&self, name: &str) -> Result<(), AwsError> {
        if name == DEFAULT_PROFILE || self.sections().any(|section| section.profile() == Some(name)) {
            return Ok(());
        }
        let near = self.sections().find_map(|section| section.instead_of(name));
        let problem = near.unwrap_or_else(|| match &self.0[..] {
            [] => "there are no AWS config files".into(),
            files => {
                let paths: Vec<_> = files.iter().map(|file| file.path.display().to_string()).collect();
                format!("not in {}", paths.join(" or "))
            }
        });
        Err(AwsError::NoProfile {
            name: name.to_owned(),
            problem,
        })
    }

    /// Whether there is a section of that kind and name.
    pub(super) fn has_section(&self, kind: &str, name: &str) -> bool {
        self.sections()
            .any(|section| section.header.split_whitespace().eq([kind, name]))
    }

    fn sections(&self) -> impl Iterator<Item = FileSection<'_>> {
        self.0.iter().flat_map(SharedFile::sections)
    }
}

fn path_of(variable: &str, name: &str) -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let home = || set("HOME").map(PathBuf::from);
    match set(variable).map(PathBuf::from) {
        Some(path) => match path.strip_prefix("~") {
            Ok(below) => home().map(|home| home.join(below)),
            Err(_) => Some(path),
        },
        None => home().map(|home| home.join(".aws").join(name)),
    }
}

/// A section of a file: its header and what follows it.
#[derive(Debug, Clone, Copy)]
struct FileSection<'f> {
    file: &'f SharedFile,
    /// The line of the header, from 1.
    line: usize,
    header: &'f str,
}

#[derive(Debug)]
struct Line<'f> {
    file: &'f SharedFile,
    number: usize,
    name: &'f str,
    value: &'f str,
}

impl SharedFile {
    fn of(path: PathBuf, is_config: bool, bytes: Vec<u8>) -> Result<Self, AwsError> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.split(|byte| *byte == b'\n').count();
            AwsError::BadFile {
                path: path.clone(),
                line,
                problem: "not valid UTF-8".into(),
            }
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        Ok(Self {
            path,
            is_config,
            content: text.split_inclusive('\n').map(plain).collect(),
        })
    }

    /// What is empty is unset, as in the environment. An error where a value is expected and a block follows.
    fn without_empty_settings(self) -> Result<Self, AwsError> {
        let lines: Vec<&str> = self.content.split_inclusive('\n').collect();
        let mut empty = Vec::new();
        for setting in self.sections().flat_map(FileSection::settings) {
            let mut rest = lines[setting.number..]
                .iter()
                .filter(|line| !line.trim().is_empty() && !line.starts_with(['#', ';']));
            let is_block = rest.next().is_some_and(|line| line.starts_with([' ', '\t']));
            let is_value = || VALUES.iter().any(|name| name.eq_ignore_ascii_case(setting.name));
            if is_block && is_value() {
                return Err(AwsError::Setting {
                    name: setting.name.to_owned(),
                    value: None,
                    place: Some(setting.place()),
                    problem: "expected a value on this line, not an indented block below it".into(),
                });
            }
            if setting.value.is_empty() && !is_block {
                empty.push(setting.number - 1);
            }
        }
        let kept = lines.iter().enumerate();
        let content = kept
            .map(|(index, line)| if empty.contains(&index) { "\n" } else { line })
            .collect();
        Ok(Self { content, ..self })
    }

    fn kind(&self) -> EnvConfigFileKind {
        if self.is_config {
            EnvConfigFileKind::Config
        } else {
            EnvConfigFileKind::Credentials
        }
    }

    /// Has the SDK parse the file by itself, which tells the line but not the file of a fault.
    async fn check(&self) -> Result<(), AwsError> {
        let alone = EnvConfigFiles::builder()
            .with_contents(self.kind(), self.content.as_str())
            .build();
        let (no_files, no_variables) = (Fs::from_slice(&[]), Env::from_slice(&[]));
        let Err(error) = aws_config::profile::load(&no_files, &no_variables, &alone, None).await else {
            return Ok(());
        };
        let words = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        // `error parsing  on line 3:\n  Expected an '=' sign defining a property`
        let place = words
            .split_once("on line ")
            .and_then(|(_, rest)| rest.split_once(':'));
        let (line, problem) = place.unwrap_or(("1", &words));
        Err(AwsError::BadFile {
            path: self.path.clone(),
            line: line.parse().unwrap_or(1),
            problem: problem.trim().to_owned(),
        })
    }

    fn sections(&self) -> impl Iterator<Item = FileSection<'_>> {
        self.content.lines().enumerate().filter_map(|(index, line)| {
            let (header, _) = line.strip_prefix('[')?.split_once(']')?;
            Some(FileSection {
                file: self,
                line: index + 1,
                header: header.trim(),
            })
        })
    }
}

impl<'f> FileSection<'f> {
    /// The profile that it belongs to; none if the SDK ignores it, or if it is of something else.
    fn profile(self) -> Option<&'f str> {
        let mut words = self.header.split_whitespace();
        match (words.next()?, words.next(), words.next(), self.file.is_config) {
            (DEFAULT_PROFILE, None, None, true) => Some(DEFAULT_PROFILE),
            ("profile", Some(name), None, true) | (name, None, None, false) => Some(name),
            _ => None,
        }
    }

    /// What is wrong with the section, if it was meant to be that profile.
    fn instead_of(self, profile: &str) -> Option<String> {
        let as_config = format!("profile {profile}");
        let (right, is_meant) = match self.file.is_config {
            true if self.header == profile => (as_config, true),
            true if self.header == as_config => return Some(self.at("its name has a space")),
            true => (as_config, false),
            false => (profile.to_owned(), self.header == as_config),
        };
        is_meant.then(|| self.at(&format!("[{}] must be [{right}]", self.header)))
    }

    fn at(self, problem: &str) -> String {
        format!("{}, line {}: {problem}", self.file.path.display(), self.line)
    }

    fn settings(self) -> impl Iterator<Item = Line<'f>> {
        let lines = self.file.content.lines().enumerate().skip(self.line);
        lines
            .take_while(|(_, line)| !line.starts_with('['))
            // Indented lines belong to the setting before them.
            .filter(|(_, line)| !line.starts_with([' ', '\t', '#', ';']))
            .filter_map(move |(index, line)| {
                let (name, value) = line.split_once('=')?;
                let comment = [" #", " ;", "\t#", "\t;"]
                    .iter()
                    .filter_map(|mark| value.find(mark))
                    .min();
                Some(Line {
                    file: self.file,
                    number: index + 1,
                    name: name.trim(),
                    value: value[..comment.unwrap_or(value.len())].trim(),
                })
            })
    }
}

impl Line<'_> {
    fn place(&self) -> String {
        format!("{}, line {}", self.file.path.display(), self.number)
    }
}

/// A line without what the AWS CLI takes and the SDK doesn't: quotes around a profile's name, a comment that is indented.
fn plain(line: &str) -> String {
    if line.trim_start().starts_with(['#', ';']) {
        return "\n".to_owned();
    }
    if !line.starts_with('[') || !line.contains(['"', '\'']) {
        return line.to_owned();
    }
    line.chars().filter(|c| !matches!(c, '"' | '\'')).collect()
}

#[cfg(test)]
mod tests;
