use std::fmt::Write as _;

use crate::cli::value_line::value_line;
use crate::model::{Change, Entry, Key, Op, Revision, Section, Timestamp, Value, printable};
use crate::ops::Event;
use crate::wire::ChangeLine;

/// One line of what is told.
pub(super) struct WatchLine<'e> {
    what: WatchEvent<'e>,
    pub(super) op: &'static str,
    pub(super) section: Section,
    pub(super) key: Option<&'e Key>,
    pub(super) revision: Revision,
    pub(super) version: Option<u64>,
    pub(super) by: Option<&'e str>,
    pub(super) at: Option<Timestamp>,
    /// With whether it is a secret.
    value: Option<(&'e Value, bool)>,
}

enum WatchEvent<'e> {
    Change(&'e Change),
    Expired {
        key: &'e Key,
        version: u64,
        at: Timestamp,
    },
    Resync {
        of: u32,
    },
    Resynced {
        entry: &'e Entry,
        index: u32,
        of: u32,
    },
}

/// The lines that tell an event, if it is news.
pub(super) fn watch_lines(event: &Event) -> Vec<WatchLine<'_>> {
    match event {
        Event::Commit(changes) => changes.iter().map(change).collect(),
        Event::Expire {
            key,
            at,
            version,
            revision,
        } => vec![WatchLine {
            what: WatchEvent::Expired {
                key,
                version: *version,
                at: *at,
            },
            op: "expire",
            section: key.section(),
            key: Some(key),
            revision: *revision,
            version: Some(*version),
            by: None,
            at: Some(*at),
            value: None,
        }],
        Event::Resync {
            section,
            revision,
            entries,
        } => {
            let of = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            let mut entries: Vec<&Entry> = entries.iter().collect();
            entries.sort_by_key(|entry| entry.revision);
            let entries = (0..).zip(entries).map(|(index, entry)| WatchLine {
                what: WatchEvent::Resynced { entry, index, of },
                op: "set",
                section: section.clone(),
                key: Some(&entry.key),
                revision: entry.revision,
                version: Some(entry.version),
                by: Some(&entry.by),
                at: Some(entry.modified),
                value: Some((&entry.value, entry.secret)),
            });
            // Whoever resumes after its revision has seen all of them.
            let last = WatchLine {
                what: WatchEvent::Resync { of },
                op: "resync",
                section: section.clone(),
                key: None,
                revision: *revision,
                version: None,
                by: None,
                at: None,
                value: None,
            };
            entries.chain([last]).collect()
        }
        _ => Vec::new(),
    }
}

fn change(change: &Change) -> WatchLine<'_> {
    let (op, version, value) = match &change.op {
        Op::Delete => ("delete", None, None),
        Op::Set {
            value,
            version,
            secret,
            ..
        } => (
            "set",
            Some(*version),
            // A watch starts over instead of delivering a value that was purged.
            value.value().map(|value| (value, *secret)),
        ),
    };
    WatchLine {
        what: WatchEvent::Change(change),
        op,
        section: change.key.section(),
        key: Some(&change.key),
        revision: change.revision,
        version,
        by: Some(&change.by),
        at: Some(change.at),
        value,
    }
}

impl<'e> WatchLine<'e> {
    /// What may be shown of the value.
    pub(super) fn shown(&self) -> Option<&'e Value> {
        self.value.and_then(|(value, secret)| (!secret).then_some(value))
    }

    /// What the change is for, as its writer says.
    pub(super) fn message(&self) -> Option<&'e str> {
        match self.what {
            WatchEvent::Change(change) => change.message.as_deref(),
            _ => None,
        }
    }

    pub(super) fn shape(&self) -> ChangeLine {
        match &self.what {
            WatchEvent::Change(change) => ChangeLine::new(Some("watch"), change),
            WatchEvent::Expired { key, version, at } => {
                ChangeLine::expired(key, (*version, self.revision), *at)
            }
            WatchEvent::Resync { of } => ChangeLine::resync(&self.section, self.revision, *of),
            WatchEvent::Resynced { entry, index, of } => ChangeLine::resynced(entry, (*index, *of)),
        }
    }

    pub(super) fn human(&self) -> String {
        let at = self.at.map_or_else(|| "-".into(), |at| at.to_string());
        let version = self
            .version
            .map_or_else(|| "-".into(), |version| format!("v{version}"));
        let place = match (&self.what, self.key) {
            (WatchEvent::Resync { of }, _) => format!("{} ({of} keys)", self.section),
            (_, Some(key)) => key.to_string(),
            (_, None) => self.section.to_string(),
        };
        let op = match self.what {
            WatchEvent::Resynced { .. } => "resync",
            _ => self.op,
        };
        let mut line = format!(
            "{at:<20}  {op:<6}  {place}  {version}  r{}  {}",
            self.revision,
            printable(self.by.unwrap_or("-"))
        );
        if let Some(message) = self.message() {
            // Writing to a String can't fail.
            let _ = write!(line, "  \"{}\"", printable(message));
        }
        if let Some((value, secret)) = self.value {
            line.push('\t');
            line.push_str(&value_line(value, secret));
        }
        line.push('\n');
        line
    }

    pub(super) fn raw(&self) -> Vec<u8> {
        self.shown().map_or_else(Vec::new, |value| {
            let mut bytes = value.bytes().to_vec();
            bytes.push(b'\n');
            bytes
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CommitId, Encoding};

    fn value(text: &str) -> Value {
        Value::new(text, Encoding::Detect).expect("a value")
    }

    fn key() -> Key {
        "/db/pw".parse().expect("a key")
    }

    fn json(line: &WatchLine<'_>) -> String {
        serde_json::to_string(&line.shape()).expect("JSON")
    }

    #[test]
    fn a_secret_is_masked_everywhere() {
        let event = Event::Commit(vec![Change {
            key: key(),
            revision: Revision::new(8),
            index: 0,
            of: 1,
            op: Op::Set {
                value: value("hunter2").into(),
                version: 3,
                secret: true,
                ttl: None,
                expires: None,
            },
            previous: None,
            by: "me".into(),
            at: Timestamp::from_epoch(0),
            commit: CommitId::random(),
            with: std::collections::BTreeMap::new(),
            message: None,
            from: None,
        }]);
        let [line] = &watch_lines(&event)[..] else {
            panic!("one line")
        };
        assert_eq!(line.shown(), None);
        assert_eq!(
            line.human(),
            "1970-01-01T00:00:00Z  set     /db/pw  v3  r8  me\t(secret)\n"
        );
        assert_eq!(line.raw(), b"");
        let json = json(line);
        assert!(
            json.contains("\"masked\":true") && !json.contains("hunter2"),
            "{json}"
        );
    }

    #[test]
    fn a_resync_ends_with_the_revision_to_resume_after() {
        let entry = |key: &str, revision| Entry {
            key: key.parse().expect("a key"),
            value: value("x"),
            version: 2,
            revision: Revision::new(revision),
            created: Timestamp::from_epoch(0),
            modified: Timestamp::from_epoch(1),
            by: "me".into(),
            secret: false,
            ttl: None,
            expires: None,
        };
        let event = Event::Resync {
            section: "/db".parse().expect("a section"),
            revision: Revision::new(9),
            entries: vec![entry("/db/a", 9), entry("/db/pw", 7)],
        };
        let lines = watch_lines(&event);
        let set = |key, revision, index| {
            format!(
                r#"{{"action":"watch","op":"set","section":"/db","key":"{key}","revision":{revision},"index":{index},"of":2,"version":2,"kind":"text","value":"x","by":"me","at":"1970-01-01T00:00:01Z","resync":true}}"#
            )
        };
        assert_eq!(
            lines.iter().map(json).collect::<Vec<_>>(),
            [
                set("/db/pw", 7, 0),
                set("/db/a", 9, 1),
                r#"{"action":"watch","op":"resync","section":"/db","revision":9,"of":2}"#.to_owned(),
            ]
        );
        assert_eq!(
            lines[0].human(),
            "1970-01-01T00:00:01Z  resync  /db/pw  v2  r7  me\tx\n"
        );
        assert_eq!(
            lines[2].human(),
            "-                     resync  /db (2 keys)  -  r9  -\n"
        );
    }
}
