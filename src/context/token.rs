use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{ApiHost, ApiUrl, EngineName, Origin, Setting};
use crate::files::{Durability, Folder, Privacy};
use crate::model::Kind;

/// What shows a discfg API who is calling: a bearer token (RFC 6750), of at most 4,096 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<String>);

/// A text is no token. It may be one that was pasted badly, so that it isn't repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token is one word of A-Z, a-z, 0-9, `-`, `.`, `_`, `~`, `+` and `/`, with `=` at its end only")]
pub struct TokenFormError;

/// Why there is no token to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The environment variable can't be understood.
    #[error("DISCFG_TOKEN can't be used: expected HOST=TOKEN, HOST:PORT=TOKEN, or a token alone")]
    Variable(#[source] TokenFormError),
    /// The file can't be used.
    #[error("can't use {}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// A line of the file is none. It may hold a token, so that it isn't repeated.
    #[error("line {line} of {} can't be understood: expected HOST TOKEN or HOST:PORT TOKEN", .path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// There is no folder that the file could be in.
    #[error("there is no folder for tokens: neither XDG_CONFIG_HOME nor HOME is set")]
    NoFolder,
}

impl TokenError {
    /// What sort of failure this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Variable(_) | Self::NoFolder => Kind::Usage,
            Self::File(..) | Self::Line { .. } => Kind::Invalid,
        }
    }
}

impl Token {
    const MAX_CHARACTERS: usize = 4096;

    /// The token as it is sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = TokenFormError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
        let word = text.trim_end_matches('=');
        if word.is_empty() || text.len() > Self::MAX_CHARACTERS || !word.chars().all(is_part) {
            return Err(TokenFormError);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// The name of the file of tokens, in the folder `discfg` of the XDG config folder.
const FILE_NAME: &str = "tokens";
/// The most bytes of it.
const MAX_BYTES: u64 = 1024 * 1024;

/// The name of the environment variable that holds a token.
const VARIABLE: &str = "DISCFG_TOKEN";

/// Where tokens are looked for. Each is bound to the host that it was given for, and is sent to no other.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    variable: Option<Zeroizing<String>>,
    /// The API that `DISCFG_ENGINE` names, to which a token alone in `DISCFG_TOKEN` is bound.
    chosen: Option<ApiUrl>,
    folder: Option<Folder>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// What `DISCFG_TOKEN` says.
enum Given {
    For(ApiHost, Token),
    Alone(Token),
}

impl Tokens {
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
    pub fn find(&self, url: &ApiUrl) -> Result<Option<Setting<Token>>, TokenError> {
        let value = match self.given()? {
            Some(Given::For(host, token)) if url.is_at(&host) => Some(token),
            Some(Given::Alone(token)) if self.chooses(url) => Some(token),
            _ => None,
        };
        if let Some(value) = value {
            return Ok(Some(Setting {
                value,
                origin: Origin::Environment(VARIABLE),
            }));
        }
        let Some(folder) = &self.folder else {
            return Ok(None);
        };
        let kept = Kept::read(folder)?;
        let found = kept.lines.into_iter().find_map(|line| match line {
            Line::Token(host, token) if url.is_at(&host) => Some(token),
            _ => None,
        });
        Ok(found.map(|value| Setting {
            value,
            origin: Origin::File(folder.path().join(FILE_NAME)),
        }))
    }

    /// Why the token of the environment isn't sent to that API; none where there is none or it is.
    pub fn withheld(&self, url: &ApiUrl) -> Option<String> {
        match self.given().ok()?? {
            Given::For(host, _) if !url.is_at(&host) => {
                Some(format!("{VARIABLE} is for {host} and is sent nowhere else"))
            }
            Given::Alone(_) if !self.chooses(url) => Some(format!(
                "{VARIABLE} holds a token alone, which is sent only where DISCFG_ENGINE names its host: \
                 {VARIABLE}={}=TOKEN binds it",
                url.host()
            )),
            _ => None,
        }
    }

    /// Keeps the token for that API's host, in place of one that was kept, and gives the file that it is in.
    pub fn keep(&self, url: &ApiUrl, token: &Token) -> Result<PathBuf, TokenError> {
        let folder = self.folder.as_ref().ok_or(TokenError::NoFolder)?;
        let path = folder.path().join(FILE_NAME);
        let mut kept = Kept::read(folder)?;
        kept.lines
            .retain(|line| !matches!(line, Line::Token(host, _) if url.is_at(host)));
        kept.lines.push(Line::Token(url.host(), token.clone()));
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

    fn given(&self) -> Result<Option<Given>, TokenError> {
        let Some(text) = &self.variable else {
            return Ok(None);
        };
        // A token may end with `=`, and no host is followed by nothing else.
        let given = match text.split_once('=') {
            Some((host, token)) if !token.trim_start_matches('=').is_empty() => host
                .parse()
                .map_err(|_| TokenFormError)
                .and_then(|host| Ok(Given::For(host, token.parse()?))),
            _ => text.parse().map(Given::Alone),
        };
        given.map(Some).map_err(TokenError::Variable)
    }
}

/// The file of tokens: a line for each, and what its owner wrote beside.
#[derive(Default)]
struct Kept {
    lines: Vec<Line>,
}

enum Line {
    Token(ApiHost, Token),
    /// A comment, or nothing.
    Other(String),
}

impl Line {
    fn of((host, token): (ApiHost, Token)) -> Self {
        Self::Token(host, token)
    }
}

impl Kept {
    /// What the file holds; nothing where it isn't there.
    fn read(folder: &Folder) -> Result<Self, TokenError> {
        let path = || folder.path().join(FILE_NAME);
        let bytes = match folder.read(FILE_NAME, MAX_BYTES, Privacy::Private) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(TokenError::File(path(), error)),
        };
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| TokenError::File(path(), io::Error::new(io::ErrorKind::InvalidData, error)))?;
        let line = |(index, line): (usize, &str)| {
            let mut words = line.split_whitespace();
            let read = match (words.next(), words.next(), words.next()) {
                (None, ..) => Some(Line::Other(line.to_owned())),
                (Some(word), ..) if word.starts_with('#') => Some(Line::Other(line.to_owned())),
                (Some(host), Some(token), None) => host.parse().ok().zip(token.parse().ok()).map(Line::of),
                _ => None,
            };
            read.ok_or_else(|| TokenError::Line {
                path: path(),
                line: index + 1,
            })
        };
        let lines = text.lines().enumerate().map(line).collect::<Result<_, _>>()?;
        Ok(Self { lines })
    }

    /// What the file is to hold.
    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for line in &self.lines {
            // Writing to a String can't fail.
            let _ = match line {
                Line::Token(host, token) => writeln!(text, "{host} {}", token.reveal()),
                Line::Other(other) => writeln!(text, "{other}"),
            };
        }
        text
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

    fn tokens(variable: Option<&str>, engine: Option<&str>, folder: Option<&Path>) -> Tokens {
        let kept = Tokens {
            folder: folder.map(|folder| Folder::below(folder.into(), "discfg")),
            ..Tokens::default()
        };
        kept.and(variable.map(str::to_owned), engine)
    }

    fn found(tokens: &Tokens, at: &str) -> Option<String> {
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
            assert!(error.to_string().starts_with("line 2 of "), "{error}");
            assert!(!error.to_string().contains("hunter"), "{error}");
            fs::remove_file(&path).expect("removed");
        }
    }
}
