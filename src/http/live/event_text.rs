//! The text of what a stream sends, as server-sent events: one line of `watch -f json` an event. The id of an event is the revision
//! to go on after, so only the last line of a revision bears one: a client that resumes never gets a part of a commit.

use std::fmt::Write as _;

use bytes::Bytes;
use serde::Serialize;

use crate::model::{Change, Entry, Key, Op, Revision, Section, Timestamp};
use crate::wire::ChangeLine;

/// A comment, which keeps what lies between from taking the connection for dead.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum EndReason {
    /// The server stops.
    ShuttingDown,
    /// The client took so long that what it was to get is no longer held.
    Slow,
    /// The store failed, or can't be reached.
    Unavailable,
}

#[derive(Serialize)]
struct EndLine {
    action: &'static str,
    op: &'static str,
    reason: EndReason,
}

/// The beginning: an id alone, which is no event but what a client resumes after that is cut before its first.
pub(super) fn render_start(after: Revision) -> Bytes {
    Bytes::from(format!("id: {after}\n\n"))
}

/// A revision.
pub(super) fn render_commit(lines: &[Change]) -> Bytes {
    let mut text = String::new();
    for (line, is_last) in with_last(lines) {
        let name = match &line.op {
            Op::Set { .. } => "set",
            Op::Delete => "delete",
        };
        let id = is_last.then_some(line.revision);
        write_event(&mut text, name, id, &ChangeLine::new(Some("watch"), line));
    }
    text.into()
}

/// An entry whose time to live ran out, with the version and the revision that it had.
pub(super) fn render_expiry(key: &Key, of: (u64, Revision), at: Timestamp) -> Bytes {
    let mut text = String::new();
    write_event(&mut text, "expire", None, &ChangeLine::expired(key, of, at));
    text.into()
}

/// A section as it is, with all its entries.
pub(super) fn render_resync(section: &Section, revision: Revision, entries: &[Entry]) -> Bytes {
    let of = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mut text = String::new();
    let id = entries.is_empty().then_some(revision);
    write_event(
        &mut text,
        "resync",
        id,
        &ChangeLine::resync(section, revision, of),
    );
    for (index, (entry, is_last)) in (0..).zip(with_last(entries)) {
        let id = is_last.then_some(revision);
        write_event(&mut text, "set", id, &ChangeLine::resynced(entry, (index, of)));
    }
    text.into()
}

/// The last event.
pub(super) fn render_end(reason: EndReason) -> Bytes {
    let mut text = String::new();
    let line = EndLine {
        action: "watch",
        op: "end",
        reason,
    };
    write_event(&mut text, "end", None, &line);
    text.into()
}

fn with_last<T>(items: &[T]) -> impl Iterator<Item = (&T, bool)> {
    let last = items.len().saturating_sub(1);
    items.iter().enumerate().map(move |(at, item)| (item, at == last))
}

fn write_event(text: &mut String, name: &str, id: Option<Revision>, line: &impl Serialize) {
    // Neither fails: the lines are of strings and numbers, and a string takes all that is written to it.
    let json = serde_json::to_string(line).unwrap_or_default();
    let _ = writeln!(text, "event: {name}");
    if let Some(id) = id {
        let _ = writeln!(text, "id: {id}");
    }
    let _ = writeln!(text, "data: {json}\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CommitId, Encoding, Value};

    fn change(key: &str, index: u32, op: Op) -> Change {
        Change {
            key: key.parse().expect("a key"),
            revision: Revision::new(8),
            index,
            of: 3,
            op,
            previous: None,
            by: "me".into(),
            at: Timestamp::from_epoch(0),
            commit: CommitId::random(),
            with: std::collections::BTreeMap::new(),
            message: None,
            from: None,
        }
    }

    fn set(value: &str, secret: bool) -> Op {
        Op::Set {
            value: Value::new(value, Encoding::Detect).expect("a value").into(),
            version: 1,
            secret,
            ttl: None,
            expires: None,
        }
    }

    fn text(bytes: &Bytes) -> &str {
        std::str::from_utf8(bytes).expect("UTF-8")
    }

    /// The events as a client reads them: name, id, data.
    fn events(text: &str) -> Vec<(&str, Option<&str>, serde_json::Value)> {
        let blocks = text.strip_suffix("\n\n").expect("an event's end").split("\n\n");
        blocks
            .map(|block| {
                let field = |name: &str| {
                    let mut lines = block.lines().filter_map(|line| line.strip_prefix(name));
                    let first = lines.next();
                    assert_eq!(lines.next(), None, "{block}");
                    first
                };
                let data = serde_json::from_str(field("data: ").expect("data")).expect("JSON");
                (field("event: ").expect("a name"), field("id: "), data)
            })
            .collect()
    }

    #[test]
    fn the_last_line_of_a_revision_alone_bears_its_id() {
        let lines = [
            change("/db/a", 0, set("{\"x\":\n1}", false)),
            change("/db/b", 1, set("two\nlines\r", false)),
            change("/db/c", 2, Op::Delete),
        ];
        let rendered = render_commit(&lines);
        let events = events(text(&rendered));
        let shape: Vec<_> = events.iter().map(|(name, id, _)| (*name, *id)).collect();
        assert_eq!(shape, [("set", None), ("set", None), ("delete", Some("8"))]);
        assert_eq!(events[0].2["value"]["x"], 1);
        assert_eq!(events[1].2["value"], "two\nlines\r");
        assert_eq!(events[2].2["action"], "watch");
    }

    #[test]
    fn a_secret_is_masked() {
        let rendered = render_commit(&[change("/db/pw", 0, set("hunter2", true))]);
        assert!(!text(&rendered).contains("hunter2"), "{rendered:?}");
        assert_eq!(events(text(&rendered))[0].2["masked"], true);
    }

    #[test]
    fn a_resync_can_be_resumed_after_when_all_of_it_came() {
        let section: Section = "/db".parse().expect("a section");
        let entry = |key: &str, secret| Entry {
            key: key.parse().expect("a key"),
            value: Value::new("hunter2", Encoding::Detect).expect("a value"),
            version: 2,
            revision: Revision::new(3),
            created: Timestamp::from_epoch(0),
            modified: Timestamp::from_epoch(1),
            by: "me".into(),
            secret,
            ttl: None,
            expires: None,
        };
        let revision = Revision::new(9);
        let rendered = render_resync(&section, revision, &[entry("/db/a", false), entry("/db/b", true)]);
        let told = events(text(&rendered));
        let shape: Vec<_> = told.iter().map(|(name, id, _)| (*name, *id)).collect();
        assert_eq!(shape, [("resync", None), ("set", None), ("set", Some("9"))]);
        assert_eq!((&told[0].2["of"], &told[0].2["revision"]), (&2.into(), &9.into()));
        assert_eq!(
            (&told[1].2["resync"], &told[1].2["revision"]),
            (&true.into(), &3.into())
        );
        assert_eq!(
            (&told[2].2["masked"], told[2].2.get("value")),
            (&true.into(), None)
        );
        assert_eq!(
            events(text(&render_resync(&section, revision, &[])))[0].1,
            Some("9")
        );
    }

    #[test]
    fn what_has_no_place_in_the_order_bears_no_id() {
        let key: Key = "/db/a".parse().expect("a key");
        let expired = render_expiry(&key, (4, Revision::new(7)), Timestamp::from_epoch(0));
        assert_eq!(
            text(&expired),
            "event: expire\ndata: {\"action\":\"watch\",\"op\":\"expire\",\"section\":\"/db\",\"key\":\"/db/a\",\
             \"revision\":7,\"version\":4,\"at\":\"1970-01-01T00:00:00Z\"}\n\n"
        );
        assert_eq!(
            text(&render_end(EndReason::ShuttingDown)),
            "event: end\ndata: {\"action\":\"watch\",\"op\":\"end\",\"reason\":\"shutting-down\"}\n\n"
        );
        assert_eq!(text(&render_start(Revision::new(7))), "id: 7\n\n");
    }
}
