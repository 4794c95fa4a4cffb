//! What a person has typed, from one page to the next.

use crate::console::error::ConsoleError;
use crate::console::fields::FormFields;
use crate::model::{Encoding, Entry, Guard, Key, Message, Revision, TtlChoice, Value, ValueKind};

/// What the key was when the form was first shown. The commit is made only if it still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::console::pages) enum Base {
    Absent,
    Revision(Revision),
}

impl Base {
    pub(in crate::console::pages) fn of(entry: Option<&Entry>) -> Self {
        entry.map_or(Self::Absent, |entry| Self::Revision(entry.revision))
    }

    /// That of a form with these fields.
    pub(in crate::console::pages) fn read(fields: &FormFields) -> Result<Self, ConsoleError> {
        Ok(match fields.get("base") {
            Some("absent") | None => Self::Absent,
            Some(_) => Self::Revision(fields.parsed("base")?.unwrap_or(Revision::ZERO)),
        })
    }

    /// What must hold for a commit.
    pub(in crate::console::pages) fn guard(self, key: &Key) -> Guard {
        match self {
            Self::Absent => Guard::Absent(key.clone()),
            Self::Revision(revision) => Guard::Revision(key.clone(), revision),
        }
    }

    /// The base as a field of the form.
    pub(in crate::console::pages) fn field(self) -> String {
        match self {
            Self::Absent => "absent".into(),
            Self::Revision(revision) => revision.to_string(),
        }
    }
}

/// Why what was typed is for a secret, if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DraftSecrecy {
    None,
    /// The box is checked.
    Chosen,
    /// The key was a secret when the form was first shown. What is typed for it stays one, whatever became of the key.
    Kept,
}

impl DraftSecrecy {
    fn of(is_chosen: bool, was_secret: bool) -> Self {
        match (was_secret, is_chosen) {
            (true, _) => Self::Kept,
            (false, true) => Self::Chosen,
            (false, false) => Self::None,
        }
    }
}

/// The fields of the form, as they were typed.
#[derive(Debug, Clone)]
pub(super) struct KeyDraft {
    /// The key's name, which is typed for a new one.
    pub(super) name: String,
    pub(super) is_new: bool,
    /// The value, with the line ends that it is to have.
    pub(super) text: String,
    /// Whether its lines end with CRLF. Forms send all line ends so.
    pub(super) has_crlf: bool,
    /// `detect`, `json` or `text`.
    pub(super) kind: String,
    /// `keep`, `never` or `for`.
    pub(super) ttl: String,
    pub(super) ttl_for: String,
    pub(super) secrecy: DraftSecrecy,
    /// The time to live that the key had then, as a text.
    pub(super) ttl_was: String,
    pub(super) message: String,
    pub(super) base: Base,
}

/// What a draft comes to.
pub(super) struct KeyDraftChange {
    pub(super) value: Value,
    pub(super) becomes_secret: bool,
    pub(super) ttl: TtlChoice,
    pub(super) message: Option<Message>,
}

impl KeyDraft {
    /// That of an empty form for a new key.
    pub(super) fn new() -> Self {
        Self {
            name: String::new(),
            is_new: true,
            text: String::new(),
            has_crlf: false,
            kind: "detect".into(),
            ttl: "never".into(),
            ttl_for: String::new(),
            secrecy: DraftSecrecy::None,
            ttl_was: String::new(),
            message: String::new(),
            base: Base::Absent,
        }
    }

    /// That of a key as it is.
    pub(super) fn of(key: Key, entry: Option<&Entry>) -> Self {
        let shown = entry.filter(|entry| !entry.secret);
        let text = shown.and_then(|entry| entry.value.as_text()).unwrap_or_default();
        Self {
            name: key.into(),
            is_new: false,
            text: text.to_owned(),
            has_crlf: text.contains("\r\n"),
            kind: shown.map_or("detect", |entry| kind_word(&entry.value)).into(),
            ttl: if entry.is_some_and(|entry| entry.ttl.is_some()) {
                "keep"
            } else {
                "never"
            }
            .into(),
            secrecy: DraftSecrecy::of(false, entry.is_some_and(|entry| entry.secret)),
            ttl_was: entry
                .and_then(|entry| entry.ttl)
                .map(|ttl| ttl.to_string())
                .unwrap_or_default(),
            base: Base::of(entry),
            ..Self::new()
        }
    }

    /// What the form has. `key` is given where it isn't one of the fields.
    pub(super) fn read(key: Option<Key>, fields: &FormFields) -> Result<Self, ConsoleError> {
        let text = |name: &str| fields.text(name).unwrap_or_default().to_owned();
        let has_crlf = fields.is_on("crlf");
        let lines = text("value").replace("\r\n", "\n");
        Ok(Self {
            is_new: key.is_none(),
            name: key.map_or_else(|| text("key").trim().to_owned(), String::from),
            text: if has_crlf {
                lines.replace('\n', "\r\n")
            } else {
                lines
            },
            has_crlf,
            kind: text("kind"),
            ttl: text("ttl"),
            ttl_for: text("ttl_for").trim().to_owned(),
            secrecy: DraftSecrecy::of(fields.is_on("secret"), fields.is_on("was_secret")),
            ttl_was: text("ttl_was"),
            message: text("message").replace("\r\n", "\n"),
            base: Base::read(fields)?,
        })
    }

    /// The same, to be saved over what is there now.
    pub(super) fn on(self, entry: Option<&Entry>) -> Self {
        let ttl = entry.and_then(|entry| entry.ttl).map(|ttl| ttl.to_string());
        Self {
            base: Base::of(entry),
            is_new: self.is_new && entry.is_none(),
            secrecy: match self.secrecy {
                DraftSecrecy::None if entry.is_some_and(|entry| entry.secret) => DraftSecrecy::Kept,
                secrecy => secrecy,
            },
            ttl_was: ttl.unwrap_or(self.ttl_was),
            ..self
        }
    }

    /// Whether what was typed is for a secret, as the key is, was when the form was first shown, or is to be.
    pub(super) fn is_secret(&self, entry: Option<&Entry>) -> bool {
        self.secrecy != DraftSecrecy::None || entry.is_some_and(|entry| entry.secret)
    }

    /// What is to be written, or what is wrong with a field.
    pub(super) fn change(&self, key: &Key, entry: Option<&Entry>) -> Result<KeyDraftChange, String> {
        let encoding = match self.kind.as_str() {
            "json" => Encoding::Json,
            "text" => Encoding::Text,
            _ => Encoding::Detect,
        };
        let is_secret = entry.is_some_and(|entry| entry.secret);
        let becomes_secret = self.is_secret(entry) && !is_secret;
        if (is_secret || becomes_secret) && self.text.is_empty() {
            return Err("Type the value of the secret.".into());
        }
        let value = Value::new(self.text.clone(), encoding);
        let value = value.map_err(|error| format!("Cannot store the value of {key}: {error}"))?;
        if self.ttl != "for" && !self.ttl_for.is_empty() {
            return Err("Time to live: choose “For …” for this duration, or empty the field.".into());
        }
        let ttl = match self.ttl.as_str() {
            "keep" if entry.is_some_and(|entry| entry.ttl.is_some()) => TtlChoice::Keep,
            // It expired, or its time to live was removed: the one that the form showed begins again.
            "keep" => match self.ttl_was.parse() {
                Ok(ttl) => TtlChoice::For(ttl),
                Err(_) => TtlChoice::Never,
            },
            "for" => {
                let ttl = self
                    .ttl_for
                    .parse()
                    .map_err(|error: crate::model::TtlError| format!("Time to live: {error}"))?;
                TtlChoice::For(ttl)
            }
            _ => TtlChoice::Never,
        };
        let message = match self.message.trim() {
            "" => None,
            text => Some(
                text.parse()
                    .map_err(|error: crate::model::MessageError| format!("Message: {error}"))?,
            ),
        };
        Ok(KeyDraftChange {
            value,
            becomes_secret,
            ttl,
            message,
        })
    }
}

/// The kind of a value, as the form names it.
fn kind_word(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Json => "json",
        _ => "text",
    }
}

/// Why an entry can't be edited in a form, which changes what it can't hold.
pub(super) fn refuse(entry: &Entry) -> Option<&'static str> {
    if entry.secret {
        return None;
    }
    let Some(text) = entry.value.as_text() else {
        return Some("The value is bytes, which a browser can't edit.");
    };
    let lone_cr = text.replace("\r\n", "\n").contains('\r');
    let is_mixed = text.contains("\r\n") && text.replace("\r\n", "").contains('\n');
    let is_held = !lone_cr && !is_mixed && !text.contains('\0');
    (!is_held).then_some("The value has line ends or characters that a browser changes.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn entry(text: &str) -> Entry {
        Entry {
            key: "/db/a".parse().unwrap(),
            value: Value::new(text, Encoding::Detect).unwrap(),
            version: 1,
            revision: Revision::new(3),
            created: Timestamp::from_epoch(0),
            modified: Timestamp::from_epoch(0),
            by: "me".into(),
            secret: false,
            ttl: None,
            expires: None,
        }
    }

    /// What a browser sends of a form with that text: with CRLF at the end of each line.
    fn sent(draft: &KeyDraft) -> KeyDraft {
        let lines = draft.text.replace("\r\n", "\n").replace('\n', "\r\n");
        let crlf = if draft.has_crlf { "on" } else { "" };
        let base = draft.base.field();
        let pairs = [
            ("value", lines.as_str()),
            ("crlf", crlf),
            ("kind", &draft.kind),
            ("ttl", &draft.ttl),
            ("base", &base),
        ];
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        KeyDraft::read(
            Some("/db/a".parse().unwrap()),
            &FormFields::parse(encoded.as_bytes()),
        )
        .unwrap()
    }

    #[test]
    fn a_value_that_is_not_changed_stays_as_it_is() {
        for text in [
            "a",
            "a\nb\n",
            "a\r\nb\r\n",
            "\n\nx",
            "{\"a\": 1.10}\n",
            " ",
            "ü\u{202e}\u{feff}",
        ] {
            let entry = entry(text);
            assert_eq!(refuse(&entry), None, "{text:?}");
            let draft = sent(&KeyDraft::of(entry.key.clone(), Some(&entry)));
            let change = draft
                .change(&entry.key, Some(&entry))
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(change.value, entry.value, "{text:?}");
            assert_eq!(draft.base, Base::Revision(Revision::new(3)));
        }
        for text in ["a\rb", "a\r\nb\n", "a\0b"] {
            assert!(refuse(&entry(text)).is_some(), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let key: Key = "/db/a".parse().unwrap();
        let problem = |change: &dyn Fn(&mut KeyDraft)| {
            let mut draft = KeyDraft::of(key.clone(), None);
            change(&mut draft);
            draft.change(&key, None).err().unwrap_or_default()
        };
        let json = problem(&|draft| {
            draft.kind = "json".into();
            draft.text = "{\n\"a\":}".into();
        });
        assert!(json.contains("line 2, column 5"), "{json}");
        let large = problem(&|draft| draft.text = "x".repeat(190_001));
        assert!(large.contains("190,001"), "{large}");
        assert!(problem(&|draft| draft.ttl = "for".into()).starts_with("Time to live: "));
        assert!(problem(&|draft| draft.message = "a\u{202e}".into()).starts_with("Message: "));
        assert!(!problem(&|draft| draft.secrecy = DraftSecrecy::Chosen).is_empty());
        assert!(problem(&|draft| draft.ttl_for = "30m".into()).contains("For …"));
    }

    #[test]
    fn what_is_typed_for_a_secret_stays_one_and_a_time_to_live_is_kept() {
        let mut entry = entry("sealed");
        (entry.secret, entry.ttl) = (true, "10m".parse().ok());
        let mut draft = KeyDraft::of(entry.key.clone(), Some(&entry));
        draft.text = "typed".into();
        let change = |draft: &KeyDraft, entry: Option<&Entry>| {
            let change = draft.change(&"/db/a".parse().unwrap(), entry);
            let change = change.unwrap_or_else(|error| panic!("{error}"));
            (change.becomes_secret, change.ttl)
        };
        assert_eq!(change(&draft, Some(&entry)), (false, TtlChoice::Keep));
        let kept = (true, TtlChoice::For("10m".parse().unwrap()));
        assert_eq!(change(&draft, None), kept, "it was deleted, or ended");
        let plain = Entry {
            secret: false,
            ttl: None,
            ..entry
        };
        assert_eq!(change(&draft, Some(&plain)), kept);
        assert_eq!(change(&draft.on(None), Some(&plain)), kept);
    }
}
