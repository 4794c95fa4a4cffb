use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::value_line::value_line;
use crate::model::{Access, Encoding, Guard, Key, Revision, Value};
use crate::store::StoreError;

/// What must hold for a key to be written or deleted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Guards (exit code 4 if one fails)")]
pub(in crate::cli) struct GuardArgs {
    /// Only if the key exists
    #[arg(long = "if-present", id = "if_present")]
    present: bool,
    /// Only if the key was last changed at this revision
    ///
    /// The revision is that of the key's section, as `ls -l` and `history` show it.
    #[arg(long = "if-revision", id = "if_revision", value_name = "N")]
    revision: Option<Revision>,
    /// Only if the key has this value
    #[arg(
        long = "if-value",
        id = "if_value",
        value_name = "VALUE",
        allow_hyphen_values = true
    )]
    value: Option<String>,
    /// Only if the key does not exist
    #[arg(
        long = "if-absent",
        id = "if_absent",
        conflicts_with_all = ["if_present", "if_revision", "if_value"]
    )]
    absent: bool,
    /// Show the current value if a guard fails
    ///
    /// Secrets stay masked.
    #[arg(long)]
    pub(in crate::cli) show_value: bool,
}

/// Says why a guarded commit failed, with the value that is there if it is to be shown.
pub(in crate::cli) fn refused(error: StoreError, show_value: bool, session: &Session) -> Failure {
    let there = match &error {
        StoreError::Conflict(conflict) if show_value => conflict.current.as_ref(),
        _ => None,
    };
    let there = there.map(|entry| format!("the value there is {}", value_line(&entry.value, entry.secret)));
    let mut failure = session.explain(error, Access::Write);
    failure.causes.extend(there);
    failure
}

impl GuardArgs {
    /// Refuses guards for a commit of several keys: it would not be clear which of them they are about.
    pub(in crate::cli) fn refuse_for_several(&self) -> Result<(), Failure> {
        let given = [
            ("--if-absent", self.absent),
            ("--if-present", self.present),
            ("--if-revision", self.revision.is_some()),
            ("--if-value", self.value.is_some()),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((name, _)) => Err(Failure::usage(format!("{name} can only guard a single key"))),
        }
    }

    /// The guards on `key`.
    pub(in crate::cli) fn read(&self, key: &Key) -> Result<Vec<Guard>, Failure> {
        let mut guards = Vec::new();
        if self.absent {
            guards.push(Guard::Absent(key.clone()));
        }
        if self.present {
            guards.push(Guard::Present(key.clone()));
        }
        if let Some(revision) = self.revision {
            if revision == Revision::ZERO {
                return Err(Failure::usage("no entry is ever at revision 0")
                    .hint("--if-absent writes only where there is none"));
            }
            guards.push(Guard::Revision(key.clone(), revision));
        }
        if let Some(value) = &self.value {
            guards.push(Guard::Value(
                key.clone(),
                Value::new(value.as_str(), Encoding::Detect)?,
            ));
        }
        Ok(guards)
    }
}
