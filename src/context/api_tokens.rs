use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::api_token::{ApiToken, TokenFormError};
use super::api_url::{ApiHost, ApiUrl};
use super::engine_name::EngineName;
use super::setting::{Setting, SettingOrigin};
use super::token_error::TokenError;
use super::tokens_file::{FILE_NAME, TokenLine, TokensFile};
use crate::files::{Durability, Folder, Privacy};

/// The name of the environment variable that holds a token.
const VARIABLE: &str = "DISCFG_TOKEN";

/// Where tokens are looked for. Each is bound to the host that it was given for, and is sent to no other.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ApiTokens {
    variable: Option<Zeroizing<String>>,
    /// The API that `DISCFG_ENGINE` names, to which a token alone in `DISCFG_TOKEN` is bound.
    chosen: Option<ApiUrl>,
    folder: Option<Folder>,
}

impl fmt::Debug for ApiTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiTokens")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// What `DISCFG_TOKEN` says.
enum TokenVariable {
    For(ApiHost, ApiToken),
    Alone(ApiToken),
}

impl ApiTokens {
    /// Those that this user keeps, without the environment's.
    pub fn kept() -> Self {
        use etcetera::BaseStrategy as _;
        let base = etcetera::choose_base_strategy().ok();
        Self {
            folder: base.map(|base| Folder::below(base.config_dir(), "discfg")),
            ..Self::default()
        }
    }

    /// The same, with the environment's: what `DISCFG_TOKEN` and `DISCFG_ENGINE` hold.
    #[must_use]
    pub(super) fn and(self, variable: Option<String>, engine: Option<&str>) -> Self {
        let chosen = match engine.and_then(|engine| engine.parse().ok()) {
            Some(EngineName::Http(url)) => Some(url),
            _ => None,
        };
        Self {
            variable: variable.map(Zeroizing::new),
            chosen,
            ..self
        }
    }

    /// The token for that API, if there is one, and where it is from.
    pub fn find(&self, url: &ApiUrl) -> Result<Option<Setting<ApiToken>>, TokenError> {
        let value = match self.given()? {
            Some(TokenVariable::For(host, token)) if url.is_at(&host) => Some(token),
            Some(TokenVariable::Alone(token)) if self.chooses(url) => Some(token),
            _ => None,
        };
        if let Some(value) = value {
            return Ok(Some(Setting {
                value,
                origin: SettingOrigin::Environment(VARIABLE),
            }));
        }
        let Some(folder) = &self.folder else {
            return Ok(None);
        };
        let kept = TokensFile::read(folder)?;
        let found = kept.lines.into_iter().find_map(|line| match line {
            TokenLine::Token(host, token) if url.is_at(&host) => Some(token),
            _ => None,
        });
        Ok(found.map(|value| Setting {
            value,
            origin: SettingOrigin::File(folder.path().join(FILE_NAME)),
        }))
    }

    /// Why the token of the environment isn't sent to that API; none where there is none or it is.
    pub fn withheld(&self, url: &ApiUrl) -> Option<String> {
        match self.given().ok()?? {
            TokenVariable::For(host, _) if !url.is_at(&host) => {
                Some(format!("{VARIABLE} is only for {host}"))
            }
            TokenVariable::Alone(_) if !self.chooses(url) => Some(format!(
                "{VARIABLE} has no host, so it is sent only to the host in DISCFG_ENGINE; set {VARIABLE}={}=TOKEN",
                url.host()
            )),
            _ => None,
        }
    }

    /// Keeps the token for that API's host, in place of one that was kept, and gives the file that it is in.
    pub fn keep(&self, url: &ApiUrl, token: &ApiToken) -> Result<PathBuf, TokenError> {
        let folder = self.folder.as_ref().ok_or(TokenError::NoFolder)?;
        let path = folder.path().join(FILE_NAME);
        let mut kept = TokensFile::read(folder)?;
        kept.lines
            .retain(|line| !matches!(line, TokenLine::Token(host, _) if url.is_at(host)));
        kept.lines.push(TokenLine::Token(url.host(), token.clone()));
        folder
            .replace(
                FILE_NAME,
                kept.text().as_bytes(),
                Privacy::Private,
                Durability::Synced,
            )
            .map_err(|error| TokenError::File(path.clone(), error))?;
        Ok(path)
    }

    fn chooses(&self, url: &ApiUrl) -> bool {
        self.chosen
            .as_ref()
            .is_some_and(|chosen| chosen.host() == url.host() && chosen.is_plain() == url.is_plain())
    }

    fn given(&self) -> Result<Option<TokenVariable>, TokenError> {
        let Some(text) = &self.variable else {
            return Ok(None);
        };
        // A token may end with `=`, and no host is followed by nothing else.
        let given = match text.split_once('=') {
            Some((host, token)) if !token.trim_start_matches('=').is_empty() => host
                .parse()
                .map_err(|_| TokenFormError)
                .and_then(|host| Ok(TokenVariable::For(host, token.parse()?))),
            _ => text.parse().map(TokenVariable::Alone),
        };
        given.map(Some).map_err(TokenError::Variable)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn url(text: &str) -> ApiUrl {
        text.parse().expect(text)
    }

    fn tokens(variable: Option<&str>, engine: Option<&str>, folder: Option<&Path>) -> ApiTokens {
        let kept = ApiTokens {
            folder: folder.map(|folder| Folder::below(folder.into(), "discfg")),
            ..ApiTokens::default()
        };
        kept.and(variable.map(str::to_owned), engine)
    }

    fn found(tokens: &ApiTokens, at: &str) -> Option<String> {
        let found = tokens.find(&url(at)).expect(at);
        found.map(|setting| setting.value.reveal().to_owned())
    }

    #[test]
    fn a_token_goes_only_to_the_host_that_it_is_bound_to() {
        for (variable, engine, at, sent) in [
            ("cfg.example=abc", None, "https://cfg.example/", Some("abc")),
            ("cfg.example=abc==", None, "https://cfg.example/", Some("abc==")),
            (
                "cfg.example:8443=abc",
                None,
                "https://cfg.example:8443/",
                Some("abc"),
            ),
            ("cfg.example=abc", None, "https://cfg.example:8443/", None),
            ("cfg.example=abc", None, "https://cfg.example.evil/", None),
            (
                "cfg.example=abc",
                Some("https://evil.example"),
                "https://evil.example",
                None,
            ),
            ("abc", None, "https://cfg.example/", None),
            (
                "abc",
                Some("https://cfg.example/v"),
                "https://cfg.example/",
                Some("abc"),
            ),
            (
                "abc==",
                Some("https://cfg.example"),
                "https://cfg.example/",
                Some("abc=="),
            ),
            ("abc", Some("https://cfg.example"), "https://evil.example/", None),
            ("abc", Some("https://cfg.example"), "http://cfg.example/", None),
            ("abc", Some("local"), "https://cfg.example/", None),
        ] {
            let tokens = tokens(Some(variable), engine, None);
            assert_eq!(found(&tokens, at).as_deref(), sent, "{variable} {engine:?} {at}");
            assert_eq!(tokens.withheld(&url(at)).is_none(), sent.is_some());
            assert!(!format!("{tokens:?}").contains("abc"));
        }
    }

    #[test]
    fn a_kept_token_is_found_again_and_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("discfg/tokens");
        let tokens = tokens(None, None, Some(folder.path()));
        assert_eq!(found(&tokens, "https://cfg.example"), None);
        let keep = |at: &str, token: &str| {
            tokens
                .keep(&url(at), &token.parse().expect("a token"))
                .expect("it is kept")
        };
        keep("https://cfg.example", "one");
        keep("https://other.example:8443/api", "two");
        keep("https://cfg.example:443/", "three");
        assert_eq!(found(&tokens, "https://cfg.example").as_deref(), Some("three"));
        assert_eq!(
            found(&tokens, "https://other.example:8443").as_deref(),
            Some("two")
        );
        assert_eq!(found(&tokens, "https://other.example"), None);
        let text = fs::read_to_string(&path).expect("the file");
        assert_eq!(text, "other.example:8443 two\ncfg.example three\n");
        fs::write(&path, format!("# mine\n\n{text}")).expect("written");
        keep("https://cfg.example", "four");
        let text = fs::read_to_string(&path).expect("the file");
        assert_eq!(text, "# mine\n\nother.example:8443 two\ncfg.example four\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("discfg/tokens");
        let tokens = tokens(None, None, Some(folder.path()));
        let at = url("https://cfg.example");
        tokens.keep(&at, &"abc".parse().expect("a token")).expect("kept");
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        for open in [0o640, 0o604, 0o620, 0o610] {
            mode(open);
            assert!(matches!(tokens.find(&at), Err(TokenError::File(..))), "{open:o}");
        }
        mode(0o600);
        assert!(tokens.find(&at).expect("for its owner alone").is_some());
    }

    #[test]
    fn what_is_no_token_is_told_and_not_repeated() {
        let at = url("https://cfg.example");
        for variable in [
            "hunter 2",
            "cfg.example=hunter 2",
            "hunter2 =abc",
            "=abc",
            "a=b=c",
        ] {
            let error = tokens(Some(variable), None, None).find(&at).expect_err(variable);
            let source = std::error::Error::source(&error).map(ToString::to_string);
            assert!(!format!("{error} {source:?}").contains("hunter"), "{error}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("discfg/tokens");
        let tokens = tokens(None, None, Some(folder.path()));
        for line in [
            "hunter2",
            "hunter2/= cfg.example",
            "a b hunter2",
            "cfg.example hünter2",
        ] {
            tokens.keep(&at, &"abc".parse().expect("a token")).expect("kept");
            let text = fs::read_to_string(&path).expect("the file");
            fs::write(&path, format!("{text}{line}\n")).expect("written");
            let error = tokens.find(&at).expect_err(line);
            assert!(error.to_string().starts_with("invalid line 2 in "), "{error}");
            assert!(!error.to_string().contains("hunter"), "{error}");
            fs::remove_file(&path).expect("removed");
        }
    }
}
