//! `[CONFIG] KEY`, `[CONFIG] [PREFIX]`: what a positional means follows from how many there are, never from
//! what they hold.

use std::str::FromStr;

use super::failure::Failure;
use crate::model::{ConfigName, Key, Prefix};

/// Reads `[CONFIG]`.
pub(super) fn optional_config(word: Option<&str>) -> Result<Option<ConfigName>, Failure> {
    word.map(|config| parse("CONFIG", config)).transpose()
}

/// Reads `[CONFIG] KEY`.
pub(super) fn config_and_key(words: &[String]) -> Result<(Option<ConfigName>, Key), Failure> {
    match words {
        [key] => Ok((None, parse("KEY", key)?)),
        [config, key] => Ok((Some(parse("CONFIG", config)?), parse("KEY", key)?)),
        _ => Err(Failure::usage("expected [CONFIG] KEY")),
    }
}

/// Reads `[CONFIG] [PREFIX]`.
pub(super) fn config_and_prefix(words: &[String]) -> Result<(Option<ConfigName>, Prefix), Failure> {
    match words {
        [] => Ok((None, Prefix::all())),
        [prefix] => Ok((None, parse("PREFIX", prefix)?)),
        [config, prefix] => Ok((Some(parse("CONFIG", config)?), parse("PREFIX", prefix)?)),
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
        "a single argument is the {what}; to select a config, use `discfg {command} -c {name} {place}`"
    ))
}

/// Reads one positional.
pub(super) fn parse<T: FromStr>(name: &str, text: &str) -> Result<T, Failure>
where
    T::Err: std::error::Error + 'static,
{
    text.parse()
        .map_err(|error| Failure::caused(crate::model::ErrorKind::Usage, format!("invalid {name}"), &error))
}
