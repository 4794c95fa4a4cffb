//! The keys below a prefix as one YAML text.

use std::collections::BTreeMap;

use super::draft::{Draft, InvalidText};
use super::editor::Editor;
use crate::cli::failure::{Failure, Stop};
use crate::cli::global::Format;
use crate::cli::message_args::MessageArgs;
use crate::cli::plan_review::{Confirmation, PlanArgs, Review};
use crate::cli::terminal::Terminal;
use crate::cli::terminal::wait::with_progress;
use crate::formats::{self, DataFormat, FormatError, Layout};
use crate::model::{Entry, ErrorKind, Key, Message, PrefixOrRoot, Secrecy, SectionPart, Value};
use crate::ops::{self, DesiredValue, OpsError, Plan};
use crate::store::{Snapshot, Store, StoreError};

pub(super) struct PrefixEdit<'p> {
    pub(super) name: &'p PrefixOrRoot,
    pub(super) config: String,
    pub(super) yes: bool,
    pub(super) batch: bool,
    pub(super) message: Option<Message>,
}

/// What is stored, and how it is shown.
struct StoredKeys {
    part: SectionPart,
    snapshot: Snapshot,
    layout: Layout,
    text: String,
    /// What an unchanged text is read as.
    shown: BTreeMap<Key, Value>,
}

/// What stands for a secret.
const MASK: (&str, &str) = ("(secret, revision ", ")");
const ABOUT_MASKS: &str =
    "# \"(secret, revision N)\" stands for a secret: leave it as it is, or write a new value.\n";
/// A commit elsewhere in the section, as of a lock that is renewed, is not this edit's concern: so often it is tried again.
const MOST_TRIES: usize = 10;

impl PrefixEdit<'_> {
    pub(super) async fn run(
        &self,
        editor: &Editor,
        store: &dyn Store,
        format: Format,
        terminal: &mut Terminal,
    ) -> Result<(), Stop> {
        let stored = with_progress("reading", terminal, self.read(store)).await?;
        if stored.shown.is_empty() {
            terminal.hint(&format!(
                "no keys below {}: `NAME: VALUE` creates one",
                stored.part.name()
            ));
        }
        let name = stored.part.name().trim_matches('/').rsplit('/').next();
        let mut draft = Draft::begin(editor, name.unwrap_or_default(), "yaml", stored.text.clone())?;
        let done = self.edit(&mut draft, stored, store, format, terminal).await;
        draft.close(done, terminal)
    }

    async fn edit(
        &self,
        draft: &mut Draft<'_>,
        mut stored: StoredKeys,
        store: &dyn Store,
        format: Format,
        terminal: &mut Terminal,
    ) -> Result<(), Stop> {
        let how = PlanArgs {
            dry_run: false,
            batch: self.batch,
            values: true,
            message: MessageArgs {
                message: self.message.clone(),
            },
        };
        loop {
            let wanted = draft.edit(terminal, |text| stored.read(text)).await?;
            let mut ask = Confirmation::unless(self.yes);
            let mut tries = 0;
            loop {
                let now = stored.snapshot.clone();
                let plan = Plan::over(store, now, &stored.part, stored.desired(&wanted), false).await?;
                let review = Review::new("edit", self.config.clone(), &plan, ask);
                match review.carry_out(&how, store, format, terminal).await {
                    Err(Stop::Ops(OpsError::Store(StoreError::Conflict(_))))
                        if tries < MOST_TRIES && draft.can_merge() => {}
                    done => return done,
                }
                tries += 1;
                let now = self.read(store).await?;
                if now.text != stored.text {
                    let what = format!("keys below {}", stored.part.name());
                    draft.merge(&what, now.text.clone(), terminal)?;
                    stored = now;
                    break;
                }
                stored = now;
                ask = Confirmation::Given;
            }
        }
    }
}

impl PrefixEdit<'_> {
    async fn read(&self, store: &dyn Store) -> Result<StoredKeys, Stop> {
        let part = ops::find_section_part(store, self.name).await?;
        let snapshot = ops::section_part_snapshot(store, &part).await?;
        let layout = Layout {
            // By the names that were asked for: `/` may be the one section that there is.
            prefix: self.name.prefix().clone(),
            relative: true,
            nested: false,
            flat: true,
            name: self.config.clone(),
        };
        Ok(StoredKeys::new(part, snapshot, layout)?)
    }
}

impl StoredKeys {
    fn new(part: SectionPart, snapshot: Snapshot, layout: Layout) -> Result<Self, Failure> {
        let entries = || snapshot.entries.iter().filter(|entry| entry.expires.is_none());
        let items = entries()
            .map(|entry| Ok((entry.key.clone(), shown(entry)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        let mut text = String::new();
        if entries().any(|entry| entry.secret) {
            text.push_str(ABOUT_MASKS);
        }
        if !items.is_empty() {
            let written = formats::write(DataFormat::Yaml, &items, &layout)?;
            text.push_str(&String::from_utf8_lossy(&written));
        }
        let mut stored = Self {
            part,
            snapshot,
            layout,
            text,
            shown: BTreeMap::new(),
        };
        stored.shown = stored.parse(&stored.text)?;
        Ok(stored)
    }

    /// The keys and values of an edited text.
    fn read(&self, text: &str) -> Result<BTreeMap<Key, Value>, InvalidText> {
        let read = self.parse(text).map_err(|error| InvalidText {
            line: line_of(&error),
            failure: error.into(),
        })?;
        for (key, value) in &read {
            if !self.part.holds(key) {
                let part = self.part.clone();
                return Err(OpsError::Outside {
                    key: key.clone(),
                    part,
                }
                .into());
            }
            if is_mask(value) && self.shown.get(key) != Some(value) {
                let message = format!("the value of {key} stands for a secret that is not stored there");
                let failure = Failure::new(ErrorKind::Invalid, message);
                return Err(failure
                    .hint("write the value itself, or use `discfg copy`")
                    .into());
            }
        }
        Ok(read)
    }

    fn parse(&self, text: &str) -> Result<BTreeMap<Key, Value>, FormatError> {
        // Only where there was something is a text without anything a mistake.
        let is_blank = || {
            text.lines()
                .all(|line| line.trim().is_empty() || line.starts_with('#'))
        };
        if self.shown.is_empty() && is_blank() {
            return Ok(BTreeMap::new());
        }
        let items = formats::read(DataFormat::Yaml, text.as_bytes(), &self.layout)?;
        Ok(items.into_iter().collect())
    }

    /// What the keys are to hold. What wasn't edited stays as it is stored, whether YAML can tell all of it or not.
    fn desired(&self, read: &BTreeMap<Key, Value>) -> BTreeMap<Key, DesiredValue> {
        let stored: BTreeMap<&Key, &Entry> = self
            .snapshot
            .entries
            .iter()
            .map(|entry| (&entry.key, entry))
            .collect();
        let desired = |key: &Key, value: &Value| match stored.get(key) {
            Some(entry) if self.shown.get(key) == Some(value) => DesiredValue {
                value: entry.value.clone(),
                secret: if entry.secret {
                    Secrecy::Sealed
                } else {
                    Secrecy::Keep
                },
                ttl: None,
                until: None,
            },
            _ => DesiredValue::from(value.clone()),
        };
        read.iter()
            .map(|(key, value)| (key.clone(), desired(key, value)))
            .collect()
    }
}

/// What is written for an entry. Of a secret it tells when it was changed, so that two changes of it are a conflict.
fn shown(entry: &Entry) -> Result<Value, Failure> {
    if !entry.secret {
        return Ok(entry.value.clone());
    }
    let (before, after) = MASK;
    Ok(Value::text(format!("{before}{}{after}", entry.revision))?)
}

fn is_mask(value: &Value) -> bool {
    let (before, after) = MASK;
    let text = value.as_text().unwrap_or_default();
    let revision = text
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    revision.is_some_and(|revision| revision.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Where a text is at fault.
fn line_of(error: &FormatError) -> Option<usize> {
    let at = match error {
        FormatError::Syntax { at, .. }
        | FormatError::Key { at, .. }
        | FormatError::EmptyObject { at, .. }
        | FormatError::Value { at, .. } => at,
        FormatError::Duplicate { second, .. } => second,
        FormatError::Mixed { relative_at, .. } => relative_at,
        _ => return None,
    };
    Some(at.line)
}
