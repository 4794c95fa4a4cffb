use std::fmt::Write as _;
use std::io;

use zeroize::Zeroizing;

use super::api_token::ApiToken;
use super::api_url::ApiHost;
use super::token_error::TokenError;
use crate::files::{Folder, Privacy};

/// The name of the file of tokens, in the folder `discfg` of the XDG config folder.
pub(super) const FILE_NAME: &str = "tokens";
/// The most bytes of it.
const MAX_BYTES: u64 = 1024 * 1024;

/// The file of tokens: a line for each, and its owner's comments.
#[derive(Default)]
pub(super) struct TokensFile {
    pub(super) lines: Vec<TokenLine>,
}

pub(super) enum TokenLine {
    Token(ApiHost, ApiToken),
    /// A comment, or nothing.
    Other(String),
}

impl TokenLine {
    fn of((host, token): (ApiHost, ApiToken)) -> Self {
        Self::Token(host, token)
    }
}

impl TokensFile {
    /// What the file holds; nothing where it isn't there.
    pub(super) fn read(folder: &Folder) -> Result<Self, TokenError> {
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
                (None, ..) => Some(TokenLine::Other(line.to_owned())),
                (Some(word), ..) if word.starts_with('#') => Some(TokenLine::Other(line.to_owned())),
                (Some(host), Some(token), None) => {
                    host.parse().ok().zip(token.parse().ok()).map(TokenLine::of)
                }
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
    pub(super) fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::new());
        for line in &self.lines {
            // Writing to a String can't fail.
            let _ = match line {
                TokenLine::Token(host, token) => writeln!(text, "{host} {}", token.reveal()),
                TokenLine::Other(other) => writeln!(text, "{other}"),
            };
        }
        text
    }
}
