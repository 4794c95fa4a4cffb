//! What the commands answer in JSON; the HTTP API answers some of it, too.

use serde::Serialize;
use serde_json::value::RawValue;

use super::change_line::ChangeLine;
use super::node::{AnyNode, EntryNode, kind, value};
use crate::model::{BadSection, Head, Key, Value, ValueKind};

/// The result of a command on one key.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = Envelope))]
pub struct KeyAnswer {
    /// The command.
    pub action: &'static str,
    /// The entry read or written.
    pub node: AnyNode,
    /// The entry replaced or deleted.
    #[serde(rename = "prevNode")]
    pub prev_node: AnyNode,
}

/// The result of a command on several keys, in their order.
#[derive(Debug, Serialize)]
pub struct KeysAnswer {
    /// The command.
    pub action: &'static str,
    /// The entries read or written.
    pub nodes: Vec<AnyNode>,
    /// The entries replaced or deleted.
    #[serde(rename = "prevNodes", skip_serializing_if = "Vec::is_empty")]
    pub prev_nodes: Vec<AnyNode>,
}

/// The result of `ls`.
#[derive(Debug, Serialize)]
pub struct ListAnswer {
    /// `ls`
    pub action: &'static str,
    /// The entries.
    pub nodes: Vec<EntryNode>,
    /// The folders, with their trailing slash.
    pub folders: Vec<String>,
    /// Sections that can't be read, and are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<BadSection>,
}

/// The result of `exec --dry-run`.
#[derive(Debug, Serialize)]
pub struct ExecAnswer {
    /// `exec`
    pub action: &'static str,
    /// `planned`
    pub result: &'static str,
    /// The variables, by name.
    pub variables: Vec<PlannedVariable>,
}

/// A variable that a command would be given.
#[derive(Debug, Serialize)]
pub struct PlannedVariable {
    /// Its name.
    pub name: String,
    /// The key that it comes from.
    pub key: String,
    /// Whether it is a secret.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
    /// The length of its value, unless it is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
}

/// The result of `find`.
#[derive(Debug, Serialize)]
pub struct FindAnswer {
    /// `find`
    pub action: &'static str,
    /// The entries found.
    pub matches: Vec<FoundNode>,
    /// What the caller may not read, and was not searched.
    pub denied: Vec<DeniedPart>,
}

impl Default for FindAnswer {
    fn default() -> Self {
        Self {
            action: "find",
            matches: Vec::new(),
            denied: Vec::new(),
        }
    }
}

/// An entry that `find` found.
#[derive(Debug, Serialize)]
pub struct FoundNode {
    /// Its config.
    pub config: String,
    /// Where the pattern matches: `key`, `value` or both.
    #[serde(rename = "in")]
    pub found_in: Vec<&'static str>,
    /// The entry, with its value if values were searched.
    pub node: EntryNode,
}

/// A part of a config that the caller may not read.
#[derive(Debug, Serialize)]
pub struct DeniedPart {
    /// The config.
    pub config: String,
    /// The section, if only that can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// What was denied.
    pub problem: String,
}

/// One key that a plan changes, or that differs between two sides.
#[derive(Debug, Serialize)]
pub struct PlannedChange {
    op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<String>,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<PlannedValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<PlannedValue>,
}

/// A value to show, and whether it is a secret.
pub type ShownValue<'v> = Option<(&'v Value, bool)>;

#[derive(Debug, Serialize)]
struct PlannedValue {
    kind: ValueKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    masked: bool,
}

impl PlannedChange {
    /// The change, with the values before and after if they are shown; secrets are masked.
    pub fn new(op: &'static str, key: String, (from, to): (ShownValue<'_>, ShownValue<'_>)) -> Self {
        let side = |(shown, secret): (&Value, bool)| PlannedValue {
            kind: kind(shown, secret),
            value: (!secret).then(|| value(shown)).flatten(),
            masked: secret,
        };
        Self {
            op,
            config: None,
            key,
            moved_from: None,
            from: from.map(side),
            to: to.map(side),
        }
    }

    /// The same with the kinds before and after, where they alone differ and the values aren't shown.
    #[must_use]
    pub fn with_kinds(mut self, kinds: Option<(ValueKind, ValueKind)>) -> Self {
        let of = |kind| PlannedValue {
            kind,
            value: None,
            masked: false,
        };
        if let (Some((from, to)), None) = (kinds, &self.from) {
            self.from = Some(of(from));
            self.to = Some(of(to));
        }
        self
    }

    /// The same, of a key in this config, where a plan changes two.
    #[must_use]
    pub fn in_config(mut self, config: Option<&str>) -> Self {
        self.config = config.map(Into::into);
        self
    }

    /// The same, of a key that comes from this one.
    #[must_use]
    pub fn moved_from(mut self, old: Option<&Key>) -> Self {
        self.moved_from = old.map(ToString::to_string);
        self
    }
}

/// The revision of a section after a commit.
#[derive(Debug, Serialize)]
pub struct SectionRevision {
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<String>,
    name: String,
    revision: u64,
}

impl SectionRevision {
    /// The section of that head.
    pub fn new(head: &Head) -> Self {
        Self {
            config: None,
            name: head.section.to_string(),
            revision: head.revision.get(),
        }
    }

    /// The same, of a section of this config, where a plan changes two.
    #[must_use]
    pub fn in_config(mut self, config: Option<&str>) -> Self {
        self.config = config.map(Into::into);
        self
    }
}

/// The result of the commands that apply a plan.
#[derive(Debug, Serialize)]
pub struct PlanAnswer {
    /// The command.
    pub action: &'static str,
    /// The config that it changes.
    pub config: String,
    /// `applied`, `unchanged` or `planned`.
    pub result: &'static str,
    /// Keys that are new.
    pub added: usize,
    /// Keys with another value than before.
    pub changed: usize,
    /// Keys that were deleted.
    pub removed: usize,
    /// Keys that did not change.
    pub unchanged: usize,
    /// The keys that change.
    pub changes: Vec<PlannedChange>,
    /// The keys whose names in the source are not valid keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<RenamedKey>,
    /// The sections that were written.
    pub sections: Vec<SectionRevision>,
}

/// A key whose name in the source is not a valid key.
#[derive(Debug, Clone, Serialize)]
pub struct RenamedKey {
    /// The name.
    pub name: String,
    /// The key.
    pub key: String,
}

/// The result of `diff`.
#[derive(Debug, Serialize)]
pub struct DiffAnswer {
    /// `diff`
    pub action: &'static str,
    /// Whether there is no difference.
    pub same: bool,
    /// The names that differ.
    pub changes: Vec<PlannedChange>,
}

/// The result of `history`.
#[derive(Debug, Serialize)]
pub struct HistoryAnswer {
    /// `history`
    pub action: &'static str,
    /// The key, if the history is that of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The lines of the log, newest first.
    pub changes: Vec<ChangeLine>,
    /// Sections that can't be read, and are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<BadSection>,
}

/// A section in [`InfoAnswer`].
#[derive(Debug, Serialize)]
// The description is the document's own words, in which the answer has the name that the document gives it.
#[cfg_attr(
    feature = "http",
    derive(utoipa::ToSchema),
    schema(description = "A section in [`Info`].")
)]
pub struct SectionInfo {
    name: String,
    revision: u64,
    keys: usize,
    modified: Option<String>,
}

impl SectionInfo {
    /// The section of that head, with its number of keys.
    pub fn new(head: &Head, keys: usize) -> Self {
        Self {
            name: head.section.to_string(),
            revision: head.revision.get(),
            keys,
            modified: head.modified.map(|modified| modified.to_string()),
        }
    }
}

/// The result of `info`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "http", derive(utoipa::ToSchema), schema(as = Info))]
pub struct InfoAnswer {
    /// `info`
    pub action: &'static str,
    /// The config.
    pub config: String,
    /// The engine.
    pub engine: String,
    /// The engine's state.
    pub state: String,
    /// The sum of all sections' revisions.
    pub version: u64,
    /// The sections.
    pub sections: Vec<SectionInfo>,
    /// The digest of the content, without keys that have a time to live. None if a section can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Sections that can't be read, and are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<BadSection>,
}
