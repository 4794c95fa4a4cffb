//! `[CONFIG] KEY`, `[CONFIG] [PREFIX]`: what a positional means follows from how many there are, never from
//! what they hold.

use std::str::FromStr;

use super::failure::Failure;
use crate::model::{ConfigName, ErrorKind, Key, Prefix};

/// Reads `[CONFIG]`.
pub(super) fn optional_config(word: Option<&str>) -> Result<Option<ConfigName>, Failure> {
    word.map(parse).transpose()
}

/// Reads the `[CONFIG]` of a command that takes its keys by --prefix and, if `reads_file`, its file by -d.
pub(super) fn config_beside_options(
    word: Option<&str>,
    reads_file: bool,
) -> Result<Option<ConfigName>, Failure> {
    optional_config(word).map_err(|failure| match word {
        Some(word) if word.starts_with('/') => {
            failure.hint(format!("for the keys below {word}, use `--prefix {word}`"))
        }
        Some(word) if reads_file => failure.hint(format!("to read a file, use `-d {word}`")),
        _ => failure,
    })
}

/// Reads `[CONFIG] KEY`.
pub(super) fn config_and_key(words: &[String]) -> Result<(Option<ConfigName>, Key), Failure> {
    match words {
        [key] => Ok((None, parse(key)?)),
        [config, key] => Ok((Some(parse(config)?), parse(key)?)),
        _ => Err(Failure::usage("expected [CONFIG] KEY")),
    }
}

/// Reads `[CONFIG] [PREFIX]`.
pub(super) fn config_and_prefix(words: &[String]) -> Result<(Option<ConfigName>, Prefix), Failure> {
    match words {
        [] => Ok((None, Prefix::all())),
        [prefix] => Ok((None, parse(prefix)?)),
        [config, prefix] => Ok((Some(parse(config)?), parse(prefix)?)),
        _ => Err(Failure::usage("expected [CONFIG] [PREFIX]")),
    }
}

/// How the config would have been named, where one word was read as `what` and nothing was found: none where the
/// word could be no config's name.
pub(super) fn hint(command: &str, words: &[String], what: &str) -> Option<String> {
    let [word] = words else {
        return None;
    };
    let name: ConfigName = word.parse().ok()?;
    let place = what.to_uppercase();
    Some(format!(
        "a single argument is a {what}; for the config \"{name}\", run `discfg {command} -c {name} {place}`"
    ))
}

/// Reads one positional.
pub(super) fn parse<T: FromStr>(text: &str) -> Result<T, Failure>
where
    T::Err: std::error::Error + 'static,
{
    text.parse()
        .map_err(|error| Failure::of(ErrorKind::Usage, &error))
}
