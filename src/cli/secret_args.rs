//! Which keys of a file or another source are stored as secrets.

use std::collections::BTreeMap;

use clap::Args;

use super::failure::Failure;
use super::key_glob::KeyGlob;
use crate::model::{ErrorKind, Key, Secrecy};
use crate::ops::DesiredValue;

#[derive(Debug, Args)]
pub(super) struct SecretArgs {
    /// Encrypt all values; only principals allowed to decrypt can read them
    #[arg(long)]
    secret: bool,
    /// Encrypt the values of keys that match; repeatable
    ///
    /// A glob for the whole key, as for `find`: * and ? stop at a slash, ** does not, and without a leading slash it can begin
    /// at any segment. A pattern that matches no key is an error, and nothing is written.
    #[arg(long, value_name = "GLOB", conflicts_with = "secret")]
    secret_keys: Vec<KeyGlob>,
}

impl SecretArgs {
    /// Marks the values that are to be secrets.
    pub(super) fn mark(&self, wanted: &mut BTreeMap<Key, DesiredValue>) -> Result<(), Failure> {
        let is_secret = |key: &Key| {
            let matches = |glob: &KeyGlob| glob.matches(key.as_str());
            self.secret || self.secret_keys.iter().any(matches)
        };
        // A typo must not store a secret in the clear.
        let matches_none = |glob: &&KeyGlob| !wanted.keys().any(|key| glob.matches(key.as_str()));
        if let Some(glob) = self.secret_keys.iter().find(matches_none) {
            let glob = glob.as_str();
            return Err(Failure::new(
                ErrorKind::NotFound,
                format!("no key matches --secret-keys {glob}"),
            )
            .hint(
                "the pattern is for the whole key: /db/* or db/*, **/password; see the keys with --dry-run",
            ));
        }
        for (_, value) in wanted.iter_mut().filter(|(key, _)| is_secret(key)) {
            value.secret = Secrecy::Secret;
        }
        Ok(())
    }
}
