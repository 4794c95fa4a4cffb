//! `KEY=VALUE`: how several keys are set.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use crate::cli::failure::Failure;
use crate::model::Key;

/// How pairs are given.
pub(super) const HINT: &str =
    "to set several keys, write every argument as KEY=VALUE, and name the config with -c";

/// The pairs, if every word is one. No other call of `set` has such words alone: its first word would be a key or a
/// config, neither of which can contain `=`.
pub(super) fn read(words: &[OsString]) -> Option<Vec<(Key, Vec<u8>)>> {
    words.iter().map(|word| pair(word)).collect()
}

/// The failure, with how pairs are given if one of the words that a config and key were read from is one.
pub(super) fn hinted(failure: Failure, words: &[String]) -> Failure {
    if words.iter().any(|word| pair(OsStr::new(word)).is_some()) {
        return failure.hint(HINT);
    }
    failure
}

fn pair(word: &OsStr) -> Option<(Key, Vec<u8>)> {
    let bytes = word.as_bytes();
    let equals = bytes.iter().position(|byte| *byte == b'=')?;
    let key = str::from_utf8(&bytes[..equals]).ok()?.parse().ok()?;
    Some((key, bytes[equals + 1..].to_vec()))
}
