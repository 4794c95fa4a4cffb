use std::fmt;

/// A place of another service that keys are imported from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RemoteSource {
    /// `ssm:/path/`: the parameters below a path, which begins with a slash.
    Parameters(String),
    /// `secretsmanager:GLOB`: the secrets whose whole names match.
    Secrets(SecretGlob),
    /// `appconfig:APP/ENV/PROFILE`: the latest deployed configuration.
    AppConfig(AppConfigProfile),
}

/// Why a source with a scheme is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RemoteSourceError {
    #[error("unknown source {0:?}: expected ssm:, secretsmanager:, appconfig:, a file, or -")]
    Scheme(String),
    #[error("invalid source {0:?}: expected ssm:/PATH/")]
    Path(String),
    #[error("invalid source {0:?}: expected secretsmanager:GLOB")]
    Glob(String),
    #[error("invalid source {0:?}: expected appconfig:APP/ENV/PROFILE")]
    Profile(String),
}

/// A glob for whole names of secrets: `*` stops at a slash, `**` does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretGlob(String);

/// A configuration profile of AWS AppConfig in an environment, by names or IDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppConfigProfile {
    pub(super) application: String,
    pub(super) environment: String,
    pub(super) profile: String,
}

impl RemoteSource {
    /// What sources begin with.
    pub(crate) const SCHEMES: [&str; 3] = ["appconfig:", "secretsmanager:", "ssm:/"];

    /// Reads a source that begins with a scheme; none if the text has no scheme, which makes it a file.
    pub(crate) fn parse(text: &str) -> Option<Result<Self, RemoteSourceError>> {
        let (scheme, rest) = text.split_once(':')?;
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        is_scheme.then(|| Self::of_scheme(scheme, rest, text))
    }

    fn of_scheme(scheme: &str, rest: &str, text: &str) -> Result<Self, RemoteSourceError> {
        match scheme {
            "ssm" if rest.starts_with('/') => Ok(Self::Parameters(rest.to_owned())),
            "ssm" => Err(RemoteSourceError::Path(text.into())),
            "secretsmanager" => match rest.rsplit_once('[') {
                Some((_, set)) if !set.contains(']') => Err(RemoteSourceError::Glob(text.into())),
                _ if rest.is_empty() => Err(RemoteSourceError::Glob(text.into())),
                _ => Ok(Self::Secrets(SecretGlob(rest.to_owned()))),
            },
            "appconfig" => match rest.split('/').collect::<Vec<_>>()[..] {
                [application, environment, profile] if ![application, environment, profile].contains(&"") => {
                    Ok(Self::AppConfig(AppConfigProfile {
                        application: application.into(),
                        environment: environment.into(),
                        profile: profile.into(),
                    }))
                }
                _ => Err(RemoteSourceError::Profile(text.into())),
            },
            _ => Err(RemoteSourceError::Scheme(text.into())),
        }
    }
}

const WILDCARDS: [char; 3] = ['*', '?', '['];

impl SecretGlob {
    /// The text that every matching name begins with.
    pub(super) fn start(&self) -> &str {
        let special = |c| WILDCARDS.contains(&c) || "{\\!".contains(c);
        self.0.split(special).next().unwrap_or_default()
    }

    /// The one name that matches, if there is no wildcard.
    pub(super) fn name(&self) -> Option<&str> {
        (!self.0.contains(WILDCARDS)).then_some(self.0.as_str())
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        fast_glob::glob_match(&self.0, name)
    }
}

impl fmt::Display for RemoteSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameters(path) => write!(f, "ssm:{path}"),
            Self::Secrets(SecretGlob(glob)) => write!(f, "secretsmanager:{glob}"),
            Self::AppConfig(AppConfigProfile {
                application,
                environment,
                profile,
            }) => write!(f, "appconfig:{application}/{environment}/{profile}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_names_the_service() {
        for text in [
            "ssm:/",
            "ssm:/prod/app/",
            "secretsmanager:prod/*",
            "appconfig:a/b c/d",
        ] {
            let source = RemoteSource::parse(text).expect("a scheme").expect(text);
            assert_eq!(source.to_string(), text);
        }
        for file in ["-", ".env", "a.json", "./ssm:/x", "a/b:c", "9a:b", "_:x", ""] {
            assert_eq!(RemoteSource::parse(file), None, "{file}");
        }
    }

    #[test]
    fn what_is_no_source_says_what_is() {
        for (text, expected) in [
            (
                "vault:secret/app",
                "unknown source \"vault:secret/app\": expected ssm:, secretsmanager:",
            ),
            ("ssm:prod", "invalid source \"ssm:prod\": expected ssm:/PATH/"),
            (
                "secretsmanager:",
                "invalid source \"secretsmanager:\": expected secretsmanager:GLOB",
            ),
            (
                "secretsmanager:a[b",
                "invalid source \"secretsmanager:a[b\": expected secretsmanager:GLOB",
            ),
            (
                "appconfig:a/b",
                "invalid source \"appconfig:a/b\": expected appconfig:APP/ENV/PROFILE",
            ),
            ("appconfig:a//b", "invalid source"),
            ("appconfig:a/b/c/d", "invalid source"),
        ] {
            let error = RemoteSource::parse(text).expect("a scheme").expect_err(text);
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }

    #[test]
    fn a_glob_is_for_whole_names() {
        let of = |text: &str| SecretGlob(text.into());
        assert!(of("prod/*").matches("prod/db"));
        assert!(!of("prod/*").matches("prod/db/password"));
        assert!(of("prod/**").matches("prod/db/password"));
        assert_eq!(of("prod/db-*").start(), "prod/db-");
        assert_eq!(of("prod/{a,b}*").start(), "prod/");
        assert_eq!((of("a/b").name(), of("a/?").name()), (Some("a/b"), None));
    }
}
