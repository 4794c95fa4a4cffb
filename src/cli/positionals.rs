//! `[CONFIG] KEY`, `[CONFIG] [PREFIX]`: what a positional means follows from how many there are, never from
//! what they hold.

use std::str::FromStr;

use super::failure::Failure;
use super::session::Session;
use crate::model::{ConfigName, ErrorKind, Key, Prefix};
use crate::wire::ProblemCode;

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

/// Reads `[CONFIG] KEY…`: one word is a key, of more the first is the config. If -c names the config, all are keys.
pub(super) fn config_and_keys(
    command: &str,
    words: &[String],
    session: &Session,
) -> Result<(Option<ConfigName>, Vec<Key>), Failure> {
    let (config, keys) = match words {
        [config, keys @ ..] if !keys.is_empty() && session.global().config.is_none() => {
            let parsed = parse(config).map_err(|failure: Failure| {
                if config.contains('/') {
                    failure.hint(all_keys(command, words))
                } else {
                    failure
                }
            });
            (Some(parsed?), keys)
        }
        keys => (None, keys),
    };
    Ok((
        config,
        keys.iter().map(|key| parse(key)).collect::<Result<_, _>>()?,
    ))
}

/// How several keys are given without a config.
fn all_keys(command: &str, words: &[String]) -> String {
    let keys = words.join(" ");
    format!(
        "the first of several arguments is the config; for keys alone, run `discfg {command} -c CONFIG {keys}`"
    )
}

/// Adds how several keys are given where the first of them may have been read as the config.
pub(super) fn meant_as_keys(command: &str, words: &[String], session: &Session, failure: Failure) -> Failure {
    let config = session.global().config.as_ref();
    let is_first = config.is_some_and(|config| config.as_str() == words[0]);
    if failure.problem == Some(ProblemCode::NoConfig) && words.len() > 2 && is_first {
        return failure.hint(all_keys(command, words));
    }
    failure
}

/// `key /a`, or `keys /a, /b`.
pub(super) fn named(keys: &[&Key]) -> String {
    let names: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    format!(
        "key{} {}",
        if names.len() == 1 { "" } else { "s" },
        names.join(", ")
    )
}

/// Says that keys don't exist.
pub(super) fn not_found(keys: &[&Key]) -> Failure {
    let mut failure = Failure::new(ErrorKind::NotFound, format!("{} not found", named(keys)));
    failure.problem = Some(ProblemCode::NoKey);
    failure
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
