//! Values and keys of every sort come back as they were given.

use std::collections::{BTreeMap, BTreeSet};

use super::support::{Config, bytes, key, largest, set, set_for_an_hour, text};
use crate::model::{Encoding, Key, Mutation, Op, Value, ValueError, ValueKind};
use crate::store::{Consistency, Listed};

/// Writes each value over another, and reads it back every way there is.
async fn round_trip(config: &Config, values: &[Value]) {
    for (n, value) in values.iter().enumerate() {
        let at = format!("/values/{n:03}");
        config.set(&at, "before").await;
        let done = config.commit(vec![Mutation::set(key(&at), value.clone())]).await;
        assert_eq!(
            done.changes[0].entry.as_ref().map(|entry| &entry.value),
            Some(value)
        );
        let entry = config.entry(&at).await;
        assert!(
            entry.value == *value,
            "value {n}: {value:?} came back as {:?}",
            entry.value
        );
        config.set(&at, "after").await;
        let log = config.history(&at, None).await;
        let [after, during, _] = &log[..] else {
            panic!("expected three lines, got {}", log.len());
        };
        assert!(
            after.previous.as_ref().is_some_and(|old| old.value == *value),
            "value {n} in `previous`"
        );
        assert!(
            matches!(&during.op, Op::Set { value: logged, .. } if *logged == *value),
            "value {n} in the log"
        );
        config.commit(vec![Mutation::set(key(&at), value.clone())]).await;
    }
    let snapshot = config.snapshot(&["/values"]).await;
    let listed = config
        .list(&crate::store::Scope::all(super::support::prefix("/values")))
        .await;
    assert_eq!(
        (snapshot.entries.len(), listed.len()),
        (values.len(), values.len())
    );
    for ((value, whole), item) in values.iter().zip(&snapshot.entries).zip(&listed) {
        assert!(whole.value == *value, "{value:?} in a snapshot");
        assert!(
            matches!(item, Listed::Entry(entry) if entry.value == *value),
            "{value:?} in a listing"
        );
    }
}

pub(super) async fn values_stay_as_given(config: &Config) {
    let json = |source: &str| Value::new(source, Encoding::Json).expect("JSON");
    let values = [
        text(""),
        bytes(vec![0xff, 0xfe, 0x00, 0x80]),
        bytes((0..=255).collect::<Vec<u8>>()),
        text("\0"),
        text("a\0b\0"),
        text("1.10"),
        text("true"),
        text(" \n\ttrailing \r\n"),
        text("naïve 日本語 🦀 \u{202e}"),
        text("{\"not\": parsed"),
        text("{\"kept\": \"as text\"}"),
        json("1.10"),
        json("123456789012345678901234567890.000"),
        json("null"),
        json("{\"b\" : 1,\n \"a\": [1.0, 1e400], \"b\": 2}"),
        bytes("[1, 2 ,3]"),
    ];
    let kinds = |kind| values.iter().filter(|value| value.kind() == kind).count();
    assert_eq!(
        (
            kinds(ValueKind::Json),
            kinds(ValueKind::Text),
            kinds(ValueKind::Bytes)
        ),
        (5, 9, 2)
    );
    round_trip(config, &values).await;
}

pub(super) async fn values_at_the_limit(config: &Config) {
    let filled = |with: &str| with.repeat(Value::MAX_BYTES / with.len() + 1)[..Value::MAX_BYTES].to_owned();
    let escaped = Value::new(filled("\""), Encoding::Text).expect("at the limit");
    let raw = largest(0xfe);
    assert_eq!(
        (escaped.len(), raw.len(), raw.kind()),
        (190_000, 190_000, ValueKind::Bytes)
    );
    round_trip(config, &[largest(b'x'), escaped, raw]).await;
    assert_eq!(
        Value::new(vec![b'x'; Value::MAX_BYTES + 1], Encoding::Detect),
        Err(ValueError::TooLarge { size: 190_001 })
    );
    // The largest line of a log: one such value over another under the longest key.
    let longest = format!("/long/{}", "k".repeat(Key::MAX_BYTES - 6));
    for with in [0xfe, 0xff] {
        config
            .commit(vec![Mutation::set(key(&longest), largest(with))])
            .await;
    }
    let log = config.changes("/long", 1).await;
    assert!(
        log[0]
            .previous
            .as_ref()
            .is_some_and(|old| old.value == largest(0xfe))
    );
}

pub(super) async fn the_longest_keys(config: &Config) {
    let alone = format!("/{}", "a".repeat(511));
    let deep = format!("/d{}", "/s".repeat(15));
    let section = format!("/{}/b", "s".repeat(509));
    let odd = "/A.b_c:d-e/...:";
    for at in [&alone, &deep, &section, odd] {
        let entry = config.set(at, at).await;
        assert_eq!(entry.key.as_str(), at);
        assert_eq!(config.get(at).await, Some(entry));
        let head = config.head(key(at).section().as_str()).await;
        assert_eq!(head.expect("a head").revision.get(), 1);
        assert_eq!(config.history(at, None).await.len(), 1);
    }
    assert_eq!(config.snapshot(&["/"]).await.entries.len(), 4);
    config.is_still(&config.everything().await).await;
}

pub(super) async fn many_keys_are_read_together(config: &Config) {
    let ahead = |n| format!("/many/{n:03}");
    let section: Vec<Mutation> = (0..45).map(|n| set(&ahead(n), &n.to_string())).collect();
    config.commit(section).await;
    config.commit(vec![set_for_an_hour("/db/lease", "1")]).await;
    config
        .commit(vec![set("/alone", "2"), set("/app/name", "3")])
        .await;
    config
        .commit(vec![Mutation::set(key("/big"), largest(b'x'))])
        .await;
    config.clock.advance(3601);
    // More than any engine reads at once, most of them absent.
    let mut keys: BTreeSet<Key> = (0..230).map(|n| key(&ahead(n))).collect();
    keys.extend(["/alone", "/app/name", "/big", "/db/lease", "/none"].map(key));
    let mut wanted = BTreeMap::new();
    for at in (0..45)
        .map(ahead)
        .chain(["/alone", "/app/name", "/big"].map(String::from))
    {
        wanted.insert(key(&at), config.entry(&at).await);
    }
    for read in [Consistency::Strong, Consistency::Eventual] {
        let found = config.store.get_many(&keys, read).await.expect("the entries");
        assert!(found == wanted, "{read:?}: {:?}", found.keys());
    }
    let none = config.store.get_many(&BTreeSet::new(), Consistency::Strong).await;
    assert_eq!(none.expect("the entries"), BTreeMap::new());
}
