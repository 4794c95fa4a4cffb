use clap::Args;

use crate::cli::failure::Failure;
use crate::model::{Encoding, Guard, Key, Revision, Value};

/// What must hold for a key to be written or removed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Guards (exit code 4 where one doesn't hold)")]
pub(in crate::cli) struct GuardArgs {
    /// Only if the key is there
    #[arg(long)]
    if_present: bool,
    /// Only if the key was last changed at this revision of its section
    #[arg(long, value_name = "N")]
    if_revision: Option<Revision>,
    /// Only if the key has this value
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    if_value: Option<String>,
    /// Only if the key is not there
    #[arg(long, conflicts_with_all = ["if_present", "if_revision", "if_value"])]
    if_absent: bool,
}

impl GuardArgs {
    /// The guards on `key`.
    pub(in crate::cli) fn read(self, key: &Key) -> Result<Vec<Guard>, Failure> {
        let mut guards = Vec::new();
        if self.if_absent {
            guards.push(Guard::Absent(key.clone()));
        }
        if self.if_present {
            guards.push(Guard::Present(key.clone()));
        }
        if let Some(revision) = self.if_revision {
            if revision == Revision::ZERO {
                return Err(Failure::usage("no entry is ever at revision 0")
                    .hint("--if-absent writes only where there is none"));
            }
            guards.push(Guard::Revision(key.clone(), revision));
        }
        if let Some(value) = self.if_value {
            guards.push(Guard::Value(key.clone(), Value::new(value, Encoding::Detect)?));
        }
        Ok(guards)
    }
}
