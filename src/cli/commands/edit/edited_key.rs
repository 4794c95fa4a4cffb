//! The value of a key as a text.

use super::draft::{Draft, InvalidText};
use super::editor::Editor;
use crate::cli::failure::{Failure, Stop};
use crate::cli::global::Format;
use crate::cli::output::show;
use crate::cli::terminal::Terminal;
use crate::cli::terminal::color::Tone;
use crate::model::{
    Encoding, Entry, ErrorKind, Guard, Key, Message, Mutation, Secrecy, TtlChoice, Value, ValueError,
    ValueKind,
};
use crate::store::{Consistency, Result as StoreResult, Store, StoreError, StoreExt as _, Txn};
use crate::wire::{AnyNode, KeyAnswer};

pub(super) struct KeyEdit {
    pub(super) key: Key,
    pub(super) config: String,
    pub(super) yes: bool,
    pub(super) message: Option<Message>,
}

impl KeyEdit {
    pub(super) async fn run(
        &self,
        editor: &Editor,
        store: &dyn Store,
        format: Format,
        terminal: &mut Terminal,
    ) -> Result<(), Stop> {
        let stored = self.read(store).await?;
        let text = self.text(stored.as_ref())?;
        if stored.is_none() {
            terminal.hint(&format!("key {} not found: saving a value creates it", self.key));
        }
        let is_json = stored
            .as_ref()
            .is_some_and(|entry| entry.value.kind() == ValueKind::Json);
        let extension = if is_json { "json" } else { "txt" };
        let name = self.key.as_str().rsplit('/').next().unwrap_or_default();
        let mut draft = Draft::begin(editor, name, extension, text)?;
        let done = self.edit(&mut draft, stored, store, format, terminal).await;
        draft.close(done, terminal)
    }

    async fn edit(
        &self,
        draft: &mut Draft<'_>,
        mut stored: Option<Entry>,
        store: &dyn Store,
        format: Format,
        terminal: &mut Terminal,
    ) -> Result<(), Stop> {
        // What was opened as a secret stays one, whatever others make of it meanwhile.
        let mut is_secret = false;
        loop {
            is_secret |= stored.as_ref().is_some_and(|entry| entry.secret);
            let read = |text: &str| self.value(text, stored.as_ref());
            let Some(value) = draft.edit(terminal, read).await? else {
                return Ok(self.show("unchanged", stored.as_ref(), None, format, terminal)?);
            };
            self.show_difference(stored.as_ref(), &value, is_secret, terminal);
            if !self.yes {
                let question = format!("{}: set {}?", self.config, self.key);
                let answer = terminal.ask(&question, "--yes").await?;
                answer.or_cancel("nothing was changed")?;
            }
            match store.write(self.txn(value, stored.as_ref(), is_secret)).await {
                Err(StoreError::Conflict(_)) if draft.can_merge() => {
                    stored = self.read(store).await?;
                    let now = self.text(stored.as_ref())?;
                    draft.merge(&format!("key {}", self.key), now, terminal)?;
                }
                committed => {
                    let applied = committed?.changes.into_iter().next();
                    let (entry, previous) =
                        applied.map_or((None, None), |applied| (applied.entry, applied.previous));
                    let (version, revision) = entry
                        .as_ref()
                        .map_or((0, 0), |entry| (entry.version, entry.revision.get()));
                    let human = format!("version {version}, revision {revision}");
                    return Ok(self.show(&human, entry.as_ref(), previous.as_ref(), format, terminal)?);
                }
            }
        }
    }

    /// What is stored, a secret decrypted.
    async fn read(&self, store: &dyn Store) -> StoreResult<Option<Entry>> {
        let entry = store.get(&self.key, Consistency::Strong).await?;
        Ok(store.reveal(Vec::from_iter(entry)).await?.pop())
    }

    fn text(&self, stored: Option<&Entry>) -> Result<String, Failure> {
        let Some(entry) = stored else {
            return Ok(String::new());
        };
        let text = entry.value.as_text().map(str::to_owned);
        text.ok_or_else(|| {
            let key = &self.key;
            Failure::new(
                ErrorKind::Invalid,
                format!("the value of {key} is bytes, not text"),
            )
            .hint(format!(
                "write it to a file with `discfg get {key} -f raw > FILE`"
            ))
            .hint(format!("store the file with `discfg set {key} -d FILE`"))
        })
    }

    /// The value that a text is, of the kind of the stored one; none where it is the stored one.
    fn value(&self, text: &str, stored: Option<&Entry>) -> Result<Option<Value>, InvalidText> {
        let before = stored.and_then(|entry| entry.value.as_text());
        if text == before.unwrap_or_default() {
            return Ok(None);
        }
        let encoding = match stored.map(|entry| entry.value.kind()) {
            Some(ValueKind::Json) => Encoding::Json,
            Some(ValueKind::Text) => Encoding::Text,
            _ => Encoding::Detect,
        };
        Value::new(text, encoding).map(Some).map_err(|error| {
            let line = match error {
                ValueError::Json { line, .. } => Some(line),
                _ => None,
            };
            let failure = Failure::from(error);
            let failure = match line {
                Some(_) => failure.hint(format!(
                    "to store text instead, use `discfg set {} -d FILE --text`",
                    self.key
                )),
                None => failure,
            };
            InvalidText { failure, line }
        })
    }

    /// Shows the lines that differ; of a secret only that it does.
    fn show_difference(&self, stored: Option<&Entry>, value: &Value, is_secret: bool, terminal: &Terminal) {
        let sign = if stored.is_some() { '~' } else { '+' };
        let note = if is_secret { "\t(secret)" } else { "" };
        terminal.toned_hint(Tone::of_sign(sign), &format!("{sign} {}{note}", self.key));
        if is_secret {
            return;
        }
        let before = stored.and_then(|entry| entry.value.as_text()).unwrap_or_default();
        let after = value.as_text().unwrap_or_default();
        // That neither has a newline at its end is no difference.
        let both_lack = [before, after].iter().all(|text| !text.ends_with('\n'));
        let end = if both_lack { "\n" } else { "" };
        let before = if before.is_empty() {
            String::new()
        } else {
            format!("{before}{end}")
        };
        let after = format!("{after}{end}");
        let patch = diffy::create_patch(&before, &after).to_string();
        // The first two lines name files.
        for line in patch.lines().skip(2) {
            let sign = line.chars().next().unwrap_or_default();
            terminal.toned_hint(Tone::of_sign(sign), &format!("  {line}"));
        }
    }

    /// The change, as long as the key is as it was read.
    fn txn(&self, value: Value, stored: Option<&Entry>, is_secret: bool) -> Txn {
        let key = self.key.clone();
        let guard = match stored {
            Some(entry) => Guard::Revision(key.clone(), entry.revision),
            None => Guard::Absent(key.clone()),
        };
        let mutation = Mutation::Set {
            key,
            value,
            secret: if is_secret { Secrecy::Secret } else { Secrecy::Keep },
            ttl: TtlChoice::Keep,
        };
        Txn::new(vec![mutation])
            .guarded([guard])
            .with_message(self.message.clone())
    }

    fn show(
        &self,
        result: &str,
        entry: Option<&Entry>,
        previous: Option<&Entry>,
        format: Format,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let shape = KeyAnswer {
            action: "edit",
            node: AnyNode::of(entry),
            prev_node: AnyNode::of(previous),
        };
        let human = || format!("{}: {result}\n", self.key);
        show(terminal, format, &shape, human, || {
            let revision = entry.map(|entry| format!("{}\n", entry.revision));
            revision.unwrap_or_default().into_bytes()
        })
    }
}
