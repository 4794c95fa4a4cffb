use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::api_tokens::ApiTokens;
use super::engine_name::EngineName;
use super::error::TargetError;
use super::setting::{Setting, SettingOrigin};
use super::target_file::{FoundTargetFile, TargetFile};
use super::trusted_files::TrustedFiles;
use crate::model::{ConfigName, Region, Role};

/// What the call itself chooses.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// The config.
    pub config: Option<ConfigName>,
    /// The engine.
    pub engine: Option<EngineName>,
    /// The region.
    pub region: Option<Region>,
    /// The profile of the AWS config files.
    pub profile: Option<String>,
    /// The endpoint of all AWS services.
    pub endpoint_url: Option<String>,
    /// The identity.
    pub role: Option<Role>,
    /// The account that the config lives in, where it isn't the caller's.
    pub account: Option<String>,
    /// The external id that the config's roles ask of another account.
    pub external_id: Option<String>,
}

/// The sources of settings other than the call.
pub struct Surroundings<'s> {
    /// The environment.
    pub environment: &'s dyn Fn(&str) -> Option<String>,
    /// The folder from which `.discfg` is looked for upwards.
    pub folder: &'s Path,
    /// Which files this machine's user wrote with `use`.
    pub trust: &'s TrustedFiles,
}

/// What a command works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The config, if one is chosen anywhere.
    pub config: Option<Setting<ConfigName>>,
    /// The engine.
    pub engine: Setting<EngineName>,
    /// What has requests to the engine signed, where it is an API that takes them signed: its host, or who says so.
    pub signed: Option<SettingOrigin>,
    /// The region, if it is set for discfg; else the AWS SDKs look for it.
    pub region: Option<Setting<Region>>,
    /// The AWS profile, if one is named.
    pub profile: Option<Setting<String>>,
    /// The endpoint of all AWS services, if it is set for discfg.
    pub endpoint_url: Option<String>,
    /// The identity, if one is chosen; else what a command does decides.
    pub role: Option<Setting<Role>>,
    /// The account that the config lives in, where it isn't the caller's.
    pub account: Option<String>,
    /// The external id that the config's roles ask of another account.
    pub external_id: Option<String>,
    /// The folder of the embedded engine's files.
    pub data_dir: Option<PathBuf>,
    /// What shows a discfg API who is calling.
    pub tokens: ApiTokens,
    /// The `.discfg` in force.
    pub file: Option<PathBuf>,
}

impl Target {
    /// Whether both are the same config, reached in the same way by the same identity, so that one commit can change what
    /// is meant by either. Where each choice was made is of no matter.
    pub fn is_reached_like(&self, other: &Self) -> bool {
        fn value<T>(setting: Option<&Setting<T>>) -> Option<&T> {
            setting.map(|setting| &setting.value)
        }
        value(self.config.as_ref()) == value(other.config.as_ref())
            && self.engine.value == other.engine.value
            && value(self.region.as_ref()) == value(other.region.as_ref())
            && value(self.profile.as_ref()) == value(other.profile.as_ref())
            && value(self.role.as_ref()) == value(other.role.as_ref())
            && self.endpoint_url == other.endpoint_url
            && self.account == other.account
            && self.external_id == other.external_id
            && self.data_dir == other.data_dir
    }

    /// Settles what a call in that folder works on, by the environment of this process and the files that its user trusts.
    pub fn settle_in(choices: Choices, folder: &Path) -> Result<Self, TargetError> {
        let mut not_text = std::env::vars_os().filter(|(_, value)| value.to_str().is_none());
        let ours =
            not_text.find_map(|(name, _)| name.into_string().ok().filter(|name| name.starts_with("DISCFG_")));
        if let Some(name) = ours {
            return Err(TargetError::NotText(name));
        }
        let around = Surroundings {
            environment: &|name| std::env::var(name).ok(),
            folder,
            trust: &TrustedFiles::of_user(),
        };
        Self::settle(choices, &around)
    }

    /// Settles what a call works on.
    pub fn settle(choices: Choices, around: &Surroundings<'_>) -> Result<Self, TargetError> {
        let found = FoundTargetFile::nearest(around.folder, around.environment)?;
        let path = found.as_ref().map(|found| found.path().to_owned());
        let mut file = TargetFile::default();
        if let Some(found) = found {
            file = around.trust.content_of(&found)?;
            check_trust(&found, &file, &choices, around)?;
        }
        let from = path.as_deref();

        let config = first(
            choices.config,
            variable(around, "DISCFG_CONFIG", |variable, source| TargetError::Config {
                variable,
                source,
            })?,
            of_file(file.config, from),
        );
        let engine = first(
            choices.engine,
            variable(around, "DISCFG_ENGINE", |variable, source| TargetError::Engine {
                variable,
                source,
            })?,
            of_file(file.engine, from),
        );
        let engine = engine.unwrap_or(Setting {
            value: EngineName::default(),
            origin: SettingOrigin::Default,
        });
        let sign = variable(around, "DISCFG_SIGN", |variable, source| TargetError::Sign {
            variable,
            source,
        })?
        // What a file says is of the engine that it names.
        .or_else(|| of_file(file.sign, from).filter(|_| matches!(engine.origin, SettingOrigin::File(_))));
        let role = first(
            choices.role,
            variable(around, "DISCFG_AS", |variable, source| TargetError::Role {
                variable,
                source,
            })?,
            of_file(file.role, from),
        );
        let region_error = |variable, source| TargetError::Region { variable, source };
        let environment = match variable(around, "AWS_REGION", region_error)? {
            Some(region) => Some(region),
            None => variable(around, "AWS_DEFAULT_REGION", region_error)?,
        };
        let region = first(choices.region, environment, of_file(file.region, from));
        let profile = first(
            choices.profile,
            set(around, "AWS_PROFILE").map(|value| Setting {
                value,
                origin: SettingOrigin::Environment("AWS_PROFILE"),
            }),
            of_file(file.profile, from),
        );
        Ok(Self {
            config,
            signed: engine.value.signed_by(sign),
            region: engine.value.region_of_host().or(region),
            engine,
            profile,
            endpoint_url: choices.endpoint_url,
            role,
            account: choices.account,
            external_id: choices.external_id,
            data_dir: data_dir(around),
            tokens: ApiTokens::kept().and(
                set(around, "DISCFG_TOKEN"),
                set(around, "DISCFG_ENGINE").as_deref(),
            ),
            file: path,
        })
    }

    /// The target that these choices name by themselves, whatever the environment and the folder say.
    pub fn chosen(choices: Choices) -> Self {
        fn flag<T>(value: Option<T>) -> Option<Setting<T>> {
            first(value, None, None)
        }
        let engine = flag(choices.engine).unwrap_or(Setting {
            value: EngineName::default(),
            origin: SettingOrigin::Default,
        });
        Self {
            config: flag(choices.config),
            signed: engine.value.signed_by(None),
            region: engine.value.region_of_host().or(flag(choices.region)),
            engine,
            profile: flag(choices.profile),
            endpoint_url: choices.endpoint_url,
            role: flag(choices.role),
            account: choices.account,
            external_id: choices.external_id,
            data_dir: default_data_dir(),
            tokens: ApiTokens::kept(),
            file: None,
        }
    }

    /// Whether requests go to AWS, or are signed as those that do.
    pub fn uses_aws(&self) -> bool {
        self.engine.value == EngineName::DynamoDb || self.signed.is_some()
    }

    /// The config; an error where none is chosen.
    pub fn config(&self) -> Result<&ConfigName, TargetError> {
        self.config
            .as_ref()
            .map(|setting| &setting.value)
            .ok_or(TargetError::NoConfig)
    }
}

/// `.discfg` comes with a cloned repository, so what sends data or credentials elsewhere is only taken from a
/// file that the user wrote here. What the call or the environment decides anyway is no matter of trust.
fn check_trust(
    found: &FoundTargetFile,
    file: &TargetFile,
    choices: &Choices,
    around: &Surroundings<'_>,
) -> Result<(), TargetError> {
    let engine_is_chosen = choices.engine.is_some() || set(around, "DISCFG_ENGINE").is_some();
    let role_is_chosen = choices.role.is_some() || set(around, "DISCFG_AS").is_some();
    let profile_is_chosen = choices.profile.is_some() || set(around, "AWS_PROFILE").is_some();
    let setting = match file {
        TargetFile {
            engine: Some(EngineName::Http(url)),
            ..
        } if !engine_is_chosen => format!("the engine {url}"),
        TargetFile {
            profile: Some(profile),
            ..
        } if !profile_is_chosen => format!("the profile {profile}"),
        TargetFile {
            role: Some(Role::Caller),
            ..
        } if !role_is_chosen => "the identity self".into(),
        _ => return Ok(()),
    };
    if around.trust.holds(found) {
        return Ok(());
    }
    Err(TargetError::Untrusted {
        path: found.path().into(),
        setting,
    })
}

fn first<T>(
    chosen: Option<T>,
    environment: Option<Setting<T>>,
    file: Option<Setting<T>>,
) -> Option<Setting<T>> {
    chosen
        .map(|value| Setting {
            value,
            origin: SettingOrigin::Flag,
        })
        .or(environment)
        .or(file)
}

fn of_file<T>(value: Option<T>, path: Option<&Path>) -> Option<Setting<T>> {
    let origin = SettingOrigin::File(path?.to_owned());
    value.map(|value| Setting { value, origin })
}

fn set(around: &Surroundings<'_>, name: &str) -> Option<String> {
    (around.environment)(name).filter(|value| !value.is_empty())
}

fn variable<T: FromStr>(
    around: &Surroundings<'_>,
    name: &'static str,
    error: impl FnOnce(&'static str, T::Err) -> TargetError,
) -> Result<Option<Setting<T>>, TargetError> {
    let Some(text) = set(around, name) else {
        return Ok(None);
    };
    let value = text.parse().map_err(|source| error(name, source))?;
    Ok(Some(Setting {
        value,
        origin: SettingOrigin::Environment(name),
    }))
}

fn data_dir(around: &Surroundings<'_>) -> Option<PathBuf> {
    let chosen = set(around, "DISCFG_DATA_DIR").map(|dir| around.folder.join(dir));
    chosen.or_else(default_data_dir)
}

fn default_data_dir() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    Some(etcetera::choose_base_strategy().ok()?.data_dir().join("discfg"))
}

#[cfg(test)]
mod tests;
