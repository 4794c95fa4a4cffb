use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use super::{ApiHost, ApiUrl, EngineName, Origin, Setting};
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
    /// Others than its owner may read the file, or write it.
    #[error("{} holds tokens, and others may read or write it: `chmod 600` keeps it to you", .0.display())]
    Open(PathBuf),
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
            Self::File(..) | Self::Open(_) | Self::Line { .. } => Kind::Invalid,
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

/// The name of the environment variable that holds a token.
const VARIABLE: &str = "DISCFG_TOKEN";

/// Where tokens are looked for. Each is bound to the host that it was given for, and is sent to no other.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    variable: Option<Zeroizing<String>>,
    /// The API that `DISCFG_ENGINE` names, to which a token alone in `DISCFG_TOKEN` is bound.
    chosen: Option<ApiUrl>,
    file: Option<PathBuf>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("file", &self.file)
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
            file: base.map(|base| base.config_dir().join("discfg").join("tokens")),
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

    /// The file in which tokens are kept, made or not; none without a home folder.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
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
        let Some(path) = &self.file else { return Ok(None) };
        let kept = Kept::read(path)?;
        let found = kept.lines.into_iter().find_map(|line| match line {
            Line::Token(host, token) if url.is_at(&host) => Some(token),
            _ => None,
        });
        Ok(found.map(|value| Setting {
            value,
            origin: Origin::File(path.clone()),
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
        let path = self.file.as_ref().ok_or(TokenError::NoFolder)?;
        let mut kept = Kept::read(path)?;
        kept.lines
            .retain(|line| !matches!(line, Line::Token(host, _) if url.is_at(host)));
        kept.lines.push(Line::Token(url.host(), token.clone()));
        kept.write(path)
            .map_err(|error| TokenError::File(path.clone(), error))?;
        Ok(path.clone())
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
    fn read(path: &Path) -> Result<Self, TokenError> {
        let failed = |error| TokenError::File(path.into(), error);
        let text = match fs::File::open(path) {
            Ok(mut file) => {
                if is_open_to_others(&file.metadata().map_err(failed)?) {
                    return Err(TokenError::Open(path.into()));
                }
                let mut text = Zeroizing::new(String::new());
                io::Read::read_to_string(&mut file, &mut text).map_err(failed)?;
                text
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(error)),
        };
        let line = |(index, line): (usize, &str)| {
            let mut words = line.split_whitespace();
            let read = match (words.next(), words.next(), words.next()) {
                (None, ..) => Some(Line::Other(line.to_owned())),
                (Some(word), ..) if word.starts_with('#') => Some(Line::Other(line.to_owned())),
                (Some(host), Some(token), None) => host.parse().ok().zip(token.parse().ok()).map(Line::of),
                _ => None,
            };
            read.ok_or_else(|| TokenError::Line {
                path: path.into(),
                line: index + 1,
            })
        };
        let lines = text.lines().enumerate().map(line).collect::<Result<_, _>>()?;
        Ok(Self { lines })
    }

    /// Puts a new file in the place of the old one, whole or not at all.
    fn write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // For its owner alone from the beginning.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        for line in &self.lines {
            match line {
                Line::Token(host, token) => writeln!(file, "{host} {}", token.reveal())?,
                Line::Other(text) => writeln!(file, "{text}")?,
            }
        }
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }
}

#[cfg(unix)]
fn is_open_to_others(file: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ApiUrl {
        text.parse().expect(text)
    }

    fn tokens(variable: Option<&str>, engine: Option<&str>, file: Option<PathBuf>) -> Tokens {
        let kept = Tokens {
            file,
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
        let path = folder.path().join("below/tokens");
        let tokens = tokens(None, None, Some(path.clone()));
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
        let path = folder.path().join("tokens");
        let tokens = tokens(None, None, Some(path.clone()));
        let at = url("https://cfg.example");
        tokens.keep(&at, &"abc".parse().expect("a token")).expect("kept");
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        for open in [0o640, 0o604, 0o620, 0o610] {
            mode(open);
            assert!(matches!(tokens.find(&at), Err(TokenError::Open(_))), "{open:o}");
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
        let path = folder.path().join("tokens");
        let tokens = tokens(None, None, Some(path.clone()));
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
