//! The items of a config's table, layout 1.
//!
//! | item | pk | sk |
//! | --- | --- | --- |
//! | entry | section | the key |
//! | head | section | `@head` |
//! | change | section | `@log#` + revision, 20 digits + `#` + index, 3 digits |
//! | config's own | `@config` | `@meta` |
//! | section list | `@config` | the section |
//! | number of sections | `@config` | `@sections` |
//! | record of a commit under a caller's id | the first of its sections | `@commit#` + id |
//! | grant list | `@config` | `@grant#` + name |
//!
//! Names that begin with `@` can't be keys, so nothing collides.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{CONFIG, Item, META, PURGED, RECORD, SECTIONS, id, n, s, sk_of};
use super::item_reader::ItemReader;
use super::protocol::{CommitRecord, RecordPlace};
use crate::model::{
    Access, Change, CommitId, Entry, GrantName, GrantScope, Head, Key, LoggedValue, Op, Previous, Revision,
    Section, Timestamp, Ttl, Value,
};
use crate::store::{Meta, Result};

/// What a section's head may require of those who read it, and what of those who write to it. A version that doesn't know a
/// word refuses the section.
const REQUIRES: &str = "requires";
const REQUIRES_OF_WRITERS: &str = "requires_of_writers";

pub(super) fn entry_id(key: &Key) -> Item {
    id(key.section().as_str(), key.as_str())
}

/// The sort key of a log line. Above every line of that revision with `index` 999.
pub(super) fn log_sk(revision: Revision, index: u32) -> String {
    format!("@log#{:020}#{index:03}", revision.get())
}

fn logged_attributes(item: &mut Item, value: &LoggedValue) {
    match value {
        LoggedValue::Value(value) => value_attributes(item, value),
        LoggedValue::Purged => drop(item.insert(PURGED.into(), AttributeValue::Bool(true))),
    }
}

fn value_attributes(item: &mut Item, value: &Value) {
    let stored = match value.as_text() {
        Some(text) => s(text),
        None => AttributeValue::B(Blob::new(value.bytes())),
    };
    item.insert("value".into(), stored);
    item.insert("kind".into(), s(value.kind().as_str()));
}

fn put_secret(item: &mut Item, secret: bool) {
    if secret {
        item.insert("secret".into(), AttributeValue::Bool(true));
    }
}

fn put_expiry(item: &mut Item, ttl: Option<Ttl>, expires: Option<Timestamp>) {
    if let Some(ttl) = ttl {
        item.insert("ttl".into(), n(ttl.seconds()));
    }
    if let Some(expires) = expires {
        item.insert("expires_at".into(), n(expires.epoch()));
    }
}

pub(super) fn from_entry(entry: &Entry) -> Item {
    let mut item = entry_id(&entry.key);
    value_attributes(&mut item, &entry.value);
    item.insert("version".into(), n(entry.version));
    item.insert("rev".into(), n(entry.revision));
    item.insert("created".into(), s(entry.created.to_string()));
    item.insert("modified".into(), s(entry.modified.to_string()));
    item.insert("by".into(), s(&entry.by));
    put_secret(&mut item, entry.secret);
    put_expiry(&mut item, entry.ttl, entry.expires);
    item
}

pub(super) fn to_entry(item: &Item) -> Result<Entry> {
    let read = ItemReader::new(item)?;
    let key: Key = read.path("sk")?;
    read.check_section(&key.section())?;
    Ok(Entry {
        key,
        value: read.value()?,
        version: read.number("version")?,
        revision: Revision::new(read.number("rev")?),
        created: read.parsed("created")?,
        modified: read.parsed("modified")?,
        by: read.writer()?,
        secret: read.flag("secret"),
        ttl: read.ttl("ttl")?,
        expires: read.moment("expires_at")?,
    })
}

/// The attributes of a head but its id.
pub(super) fn head_attributes(head: &Head) -> Item {
    let mut item = Item::from([("rev".into(), n(head.revision))]);
    item.insert("n".into(), n(head.changes));
    if let Some(commit) = &head.commit {
        item.insert("commit".into(), s(commit.as_str()));
    }
    if let Some(modified) = head.modified {
        item.insert("modified".into(), s(modified.to_string()));
    }
    item
}

/// A head as a writer may move it.
pub(super) fn to_head_for_writer(item: &Item) -> Result<Head> {
    let read = ItemReader::new(item)?;
    read.check_requirements(REQUIRES_OF_WRITERS)?;
    to_head(item)
}

pub(super) fn to_head(item: &Item) -> Result<Head> {
    let read = ItemReader::new(item)?;
    read.check_lasts()?;
    read.check_requirements(REQUIRES)?;
    let head = Head {
        section: read.path("pk")?,
        revision: Revision::new(read.number("rev")?),
        changes: read.number("n")?,
        commit: read
            .optional("commit")
            .map(|()| read.parsed("commit"))
            .transpose()?,
        modified: read
            .optional("modified")
            .map(|()| read.parsed("modified"))
            .transpose()?,
    };
    // An earlier build registered sections with heads at 0, of no commit.
    let is_at_start = head.revision == Revision::ZERO;
    if is_at_start && (head.commit.is_some() || head.modified.is_some()) {
        return Err(read.corrupt("rev"));
    }
    if is_at_start != (head.changes == 0) {
        return Err(read.corrupt("n"));
    }
    Ok(head)
}

/// A log line that DynamoDB may delete `history_days` after it was written.
pub(super) fn from_change(change: &Change, history_days: u32) -> Item {
    let mut item = id(
        change.key.section().as_str(),
        &log_sk(change.revision, change.index),
    );
    item.insert("key".into(), s(change.key.as_str()));
    match &change.op {
        Op::Delete => {
            item.insert("op".into(), s("delete"));
        }
        Op::Set {
            value,
            version,
            secret,
            ttl,
            expires,
        } => {
            item.insert("op".into(), s("set"));
            logged_attributes(&mut item, value);
            item.insert("version".into(), n(version));
            put_secret(&mut item, *secret);
            if let Some(ttl) = ttl {
                item.insert("ttl".into(), n(ttl.seconds()));
            }
            if let Some(expires) = expires {
                item.insert("entry_expires_at".into(), n(expires.epoch()));
            }
        }
    }
    if let Some(previous) = &change.previous {
        let mut prev = Item::new();
        logged_attributes(&mut prev, &previous.value);
        prev.insert("version".into(), n(previous.version));
        prev.insert("rev".into(), n(previous.revision));
        prev.insert("created".into(), s(previous.created.to_string()));
        prev.insert("modified".into(), s(previous.modified.to_string()));
        prev.insert("by".into(), s(&previous.by));
        put_secret(&mut prev, previous.secret);
        put_expiry(&mut prev, previous.ttl, previous.expires);
        item.insert("prev".into(), AttributeValue::M(prev));
    }
    item.insert("by".into(), s(&change.by));
    item.insert("at".into(), s(change.at.to_string()));
    item.insert("commit".into(), s(change.commit.as_str()));
    item.insert("n".into(), n(change.of));
    if !change.with.is_empty() {
        item.insert("with".into(), revisions(&change.with));
    }
    if let Some(message) = &change.message {
        item.insert("message".into(), s(message));
    }
    if let Some(from) = &change.from {
        item.insert("from".into(), s(from.as_str()));
    }
    let expires = change.at.epoch() + i64::from(history_days) * 24 * 60 * 60;
    item.insert("expires_at".into(), n(expires));
    item
}

pub(super) fn to_change(item: &Item) -> Result<Change> {
    let read = ItemReader::new(item)?;
    let (revision, index) = read.log_place()?;
    let key: Key = read.path("key")?;
    read.check_section(&key.section())?;
    let of = read.number("n")?;
    if index >= of {
        return Err(read.corrupt("n"));
    }
    let op = match read.text("op")? {
        "delete" => Op::Delete,
        "set" => Op::Set {
            value: read.logged_value()?,
            version: read.number("version")?,
            secret: read.flag("secret"),
            ttl: read.ttl("ttl")?,
            expires: read.moment("entry_expires_at")?,
        },
        _ => return Err(read.corrupt("op")),
    };
    let previous = match item.get("prev") {
        None => None,
        Some(AttributeValue::M(prev)) => {
            let read = read.inner(prev);
            Some(Previous {
                value: read.logged_value()?,
                version: read.number("version")?,
                revision: Revision::new(read.number("rev")?),
                secret: read.flag("secret"),
                created: read.parsed("created")?,
                modified: read.parsed("modified")?,
                by: read.writer()?,
                ttl: read.ttl("ttl")?,
                expires: read.moment("expires_at")?,
            })
        }
        Some(_) => return Err(read.corrupt("prev")),
    };
    Ok(Change {
        key,
        revision,
        index,
        of,
        op,
        previous,
        by: read.writer()?,
        at: read.parsed("at")?,
        commit: read.parsed::<CommitId>("commit")?,
        with: read.revisions("with")?,
        message: read
            .optional("message")
            .map(|()| read.text("message").map(str::to_owned))
            .transpose()?,
        from: read.optional("from").map(|()| read.path("from")).transpose()?,
    })
}

/// A map of sections to revisions, as an attribute.
fn revisions(of: &BTreeMap<Section, Revision>) -> AttributeValue {
    let pairs = of
        .iter()
        .map(|(section, revision)| (section.to_string(), n(revision)));
    AttributeValue::M(pairs.collect())
}

/// When DynamoDB may delete the item, if ever.
pub(super) fn expiry(item: &Item) -> Option<Timestamp> {
    let number = item.get("expires_at")?.as_n().ok()?;
    number.parse().ok().map(Timestamp::from_epoch)
}

pub(super) fn from_meta(meta: Meta) -> Item {
    let mut item = id(CONFIG, META);
    item.insert("layout".into(), n(meta.layout));
    item.insert("history_days".into(), n(meta.history_days));
    item
}

pub(super) fn to_meta(item: &Item) -> Result<Meta> {
    let read = ItemReader::new(item)?;
    read.check_lasts()?;
    Ok(Meta {
        layout: read.number("layout")?,
        history_days: read.number("history_days")?,
    })
}

pub(super) fn grant_id(grant: &GrantName) -> Item {
    id(CONFIG, &format!("@grant#{grant}"))
}

pub(super) fn from_grant(grant: &GrantName, scope: &GrantScope) -> Item {
    let mut item = grant_id(grant);
    let sections = scope.sections().iter().map(ToString::to_string).collect();
    item.insert("sections".into(), AttributeValue::Ss(sections));
    item.insert("access".into(), s(scope.access().to_string()));
    item
}

pub(super) fn to_grant(item: &Item) -> Result<GrantScope> {
    let read = ItemReader::new(item)?;
    read.check_lasts()?;
    let access = match read.text("access")? {
        "read" => Access::Read,
        "write" => Access::Write,
        _ => return Err(read.corrupt("access")),
    };
    let sections = match item.get("sections") {
        Some(AttributeValue::Ss(sections)) => sections.iter().map(|section| section.parse()).collect(),
        _ => return Err(read.corrupt("sections")),
    };
    let sections: std::result::Result<Vec<Section>, _> = sections;
    let sections = sections.map_err(|_| read.corrupt("sections"))?;
    GrantScope::new(access, sections).map_err(|_| read.corrupt("sections"))
}

/// The section that an item of the section list names; none for the config's other items, which begin with `@`.
pub(super) fn listed_section(item: &Item) -> Result<Option<Section>> {
    let sk = sk_of(item);
    if sk.starts_with('@') && sk != Section::root().as_str() {
        return Ok(None);
    }
    let read = ItemReader::new(item)?;
    read.check_lasts()?;
    read.path("sk").map(Some)
}

pub(super) fn from_section_count(sections: usize) -> Item {
    let mut item = id(CONFIG, SECTIONS);
    item.insert("n".into(), n(sections));
    item
}

/// How many lines the section list has.
pub(super) fn to_section_count(item: &Item) -> Result<usize> {
    let read = ItemReader::new(item)?;
    read.check_lasts()?;
    read.number("n")
}

pub(super) fn record_id(place: &RecordPlace) -> Item {
    id(place.section.as_str(), &format!("{RECORD}{}", place.id))
}

pub(super) fn from_record(record: &CommitRecord) -> Item {
    let mut item = record_id(&record.place);
    item.insert("revisions".into(), revisions(&record.revisions));
    item.insert("expires_at".into(), n(record.expires.epoch()));
    item
}

pub(super) fn to_record(item: &Item) -> Result<CommitRecord> {
    let read = ItemReader::new(item)?;
    let id = read
        .text("sk")?
        .strip_prefix(RECORD)
        .and_then(|id| id.parse().ok());
    let revisions = read.revisions("revisions")?;
    let section: Section = read.path("pk")?;
    // It lies in the first of the sections that the commit could change, which it may have left as it was.
    if revisions.keys().next().is_some_and(|first| *first < section) {
        return Err(read.corrupt("revisions"));
    }
    Ok(CommitRecord {
        place: RecordPlace {
            section,
            id: id.ok_or_else(|| read.corrupt("sk"))?,
        },
        revisions,
        expires: read
            .moment("expires_at")?
            .ok_or_else(|| read.corrupt("expires_at"))?,
    })
}
