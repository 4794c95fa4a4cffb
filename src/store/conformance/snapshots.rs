//! Snapshots: whole commits only, also under racing writers and across sections.

use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};

use super::support::{Config, delete, key, largest, prefix, set, set_for_an_hour};
use crate::model::{Entry, Mutation, Prefix};
use crate::store::{Snapshot, Store, Txn};

fn names(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.entries.iter().map(|entry| entry.key.as_str()).collect()
}

pub(super) async fn a_snapshot_holds_its_prefixes(config: &Config) {
    let empty = config.snapshot(&["/"]).await;
    assert_eq!((empty.heads, empty.entries), (vec![], vec![]));

    config
        .commit(vec![
            set("/db/url", "1"),
            set("/db/pool/size", "1"),
            set("/db-x/a", "1"),
            set("/dbx/url", "1"),
        ])
        .await;
    config
        .commit(vec![set("/db", "1"), set("/db/url", "2"), set("/app/a", "1")])
        .await;
    config
        .commit(vec![set_for_an_hour("/app/lease", "1"), set("/gone/a", "1")])
        .await;
    config.delete("/gone/a").await;

    let all = config.snapshot(&["/"]).await;
    assert_eq!(
        names(&all),
        [
            "/app/a",
            "/app/lease",
            "/db",
            "/db-x/a",
            "/db/pool/size",
            "/db/url",
            "/dbx/url"
        ]
    );
    assert_eq!(all.heads, config.heads().await);
    for entry in &all.entries {
        assert_eq!(Some(entry), config.get(entry.key.as_str()).await.as_ref());
    }
    let without = all.clone().without_ttl();
    assert_eq!(without.entries.len(), all.entries.len() - 1);

    for (prefixes, expected) in [
        (&["/db"][..], &["/db/pool/size", "/db/url"][..]),
        (&["/db/pool"], &["/db/pool/size"]),
        (&["/dbx", "/db/pool"], &["/db/pool/size", "/dbx/url"]),
        (&["/db/pool", "/db", "/db"], &["/db/pool/size", "/db/url"]),
        (&["/none"], &[]),
        (&["/gone"], &[]),
        (&[], &[]),
    ] {
        let snapshot = config.snapshot(prefixes).await;
        assert_eq!(names(&snapshot), expected, "{prefixes:?}");
        for one in prefixes {
            let section = prefix(one).section().expect("one section");
            let told = snapshot.heads.iter().find(|head| head.section == section);
            assert_eq!(told, config.head(section.as_str()).await.as_ref(), "{prefixes:?}");
        }
        assert!(snapshot.heads.is_sorted_by(|a, b| a.section < b.section));
    }
    let overlapping = config.snapshot(&["/db", "/"]).await;
    assert_eq!(overlapping, all);
}

/// Two writers keep each their own two keys equal, and make and remove a third, while snapshots look on.
async fn stays_whole(config: &Config, places: [&'static str; 3]) {
    let mut writers = Vec::new();
    for writer in 0..2 {
        writers.push(tokio::spawn(write(config.harness.open().await, writer, places)));
    }
    let store = config.harness.open().await;
    let mut newest = [0; 2];
    let mut looks = 0;
    loop {
        let last = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let snapshot = store.snapshot(&[prefix("/")]).await;
        check(&snapshot.expect("a snapshot under writers"), places, &mut newest);
        looks += 1;
        if last {
            break;
        }
    }
    for writer in writers {
        writer.await.expect("a writer panicked");
    }
    assert_eq!(newest, [COMMITS; 2], "the last snapshot shows the last commits");
    assert!(looks > 1, "no snapshot was taken while the writers wrote");
}

const COMMITS: u32 = 60;

async fn write(store: Arc<dyn Store>, writer: usize, [left, right, third]: [&str; 3]) {
    for n in 1..=COMMITS {
        let value = n.to_string();
        let odd = format!("{third}/{writer}-odd");
        let txn = Txn::new(vec![
            set(&format!("{left}/{writer}"), &value),
            if n % 2 == 1 {
                set(&odd, &value)
            } else {
                delete(&odd)
            },
            set(&format!("{right}/{writer}"), &value),
        ]);
        store.commit(txn).await.expect("a commit under contention");
    }
}

fn check(snapshot: &Snapshot, [left, right, third]: [&str; 3], newest: &mut [u32; 2]) {
    let value = |at: String| -> u32 {
        let entry = snapshot.entries.iter().find(|entry| entry.key == key(&at));
        let text = entry.and_then(|entry| entry.value.as_text());
        text.map_or(0, |text| text.parse().expect("a number"))
    };
    for (writer, newest) in newest.iter_mut().enumerate() {
        let n = value(format!("{left}/{writer}"));
        assert_eq!(value(format!("{right}/{writer}")), n, "half of a commit is seen");
        let odd = if n % 2 == 1 { n } else { 0 };
        assert_eq!(
            value(format!("{third}/{writer}-odd")),
            odd,
            "half of a commit is seen"
        );
        assert!(n >= *newest, "a snapshot went back in time");
        *newest = n;
    }
    for entry in &snapshot.entries {
        let section = entry.key.section();
        let head = snapshot.heads.iter().find(|head| head.section == section);
        let head = head.expect("the head of every section with entries");
        assert!(entry.revision <= head.revision, "an entry is newer than its head");
    }
    for head in &snapshot.heads {
        // Every commit of this check writes to each of its sections, so a head counts the commits it has seen.
        let commits = u64::from(newest.iter().sum::<u32>());
        assert_eq!(
            head.revision.get(),
            commits,
            "the head is not of the entries' moment"
        );
    }
}

pub(super) async fn a_snapshot_is_whole_within_a_section(config: &Config) {
    stays_whole(config, ["/one/left", "/one/right", "/one/third"]).await;
}

pub(super) async fn a_snapshot_is_whole_across_sections(config: &Config) {
    stays_whole(config, ["/left", "/right", "/left/third"]).await;
}

pub(super) async fn a_snapshot_of_large_values_is_read_to_its_end(config: &Config) {
    for round in [b'a', b'b'] {
        for some in [0..6, 6..12] {
            let changes = some.map(|i| Mutation::set(key(&format!("/big/{i:02}")), largest(round)));
            config.commit(changes.collect()).await;
        }
    }
    let snapshot = config.snapshot(&["/big"]).await;
    assert_eq!(snapshot.entries.len(), 12);
    assert!(snapshot.entries.iter().all(|entry| entry.value == largest(b'b')));
    assert_eq!(snapshot.heads[0].revision.get(), 4);
}

pub(super) async fn a_snapshot_comes_an_entry_at_a_time(config: &Config) {
    for folder in ["app", "db", "dbx"] {
        let changes = (0..40).map(|n| set(&format!("/{folder}/k{n}"), "x")).collect();
        config.commit(changes).await;
    }
    config.set("/top", "x").await;
    for prefixes in [&["/"][..], &["/db"], &["/app", "/db/"], &["/none"]] {
        let prefixes: Vec<Prefix> = prefixes.iter().map(|text| prefix(text)).collect();
        let streamed = config.store.snapshot_stream(&prefixes, &[]);
        let streamed: Vec<Entry> = streamed.try_collect().await.expect("a snapshot");
        let whole = config.store.snapshot(&prefixes).await.expect("a snapshot");
        assert_eq!(streamed, whole.entries, "{prefixes:?}");
    }
    let some = config.store.snapshot_stream(&[Prefix::all()], &[]).take(3);
    assert_eq!(some.count().await, 3, "whoever has enough may go");
}
