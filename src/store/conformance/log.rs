//! The log: every change, once, in order, with what it replaced.

use futures::{StreamExt as _, TryStreamExt as _};

use super::support::{Config, delete, hours, key, largest, section, set, set_for_an_hour};
use crate::model::{Change, Entry, Mutation, Op, Revision};
use crate::store::{PastEntries, Txn};

fn places(log: &[Change]) -> Vec<(String, u64, u32)> {
    log.iter()
        .map(|change| (change.key.to_string(), change.revision.get(), change.index))
        .collect()
}

fn expected(places: &[(&str, u64, u32)]) -> Vec<(String, u64, u32)> {
    places
        .iter()
        .map(|(key, revision, index)| ((*key).to_owned(), *revision, *index))
        .collect()
}

pub(super) async fn the_log_holds_every_change_and_what_it_replaced(config: &Config) {
    let mut said = Vec::new();
    for changes in [
        vec![set("/db/a", "1"), set("/db/b", "1"), set("/app/a", "1")],
        vec![set("/app/a", "2")],
        vec![set("/db/a", "2"), delete("/db/b"), delete("/db/none")],
        vec![set_for_an_hour("/db/b", "3"), set("/dbx/a", "1")],
        vec![delete("/db/a"), set("/db/b", "4"), set("/db", "root")],
    ] {
        config.clock.advance(1);
        said.extend(config.commit(changes).await.changes);
    }
    for name in ["/db", "/app", "/dbx", "@root"] {
        let told: Vec<Change> = said
            .iter()
            .filter(|applied| applied.change.key.section() == section(name))
            .map(|applied| applied.change.clone())
            .collect();
        assert_eq!(config.changes(name, 0).await, told, "{name}");
    }
    let log = config.changes("/db", 0).await;
    assert_eq!(
        places(&log),
        expected(&[
            ("/db/a", 1, 0),
            ("/db/b", 1, 1),
            ("/db/a", 2, 0),
            ("/db/b", 2, 1),
            ("/db/b", 3, 0),
            ("/db/a", 4, 0),
            ("/db/b", 4, 1)
        ])
    );
    let replaced: Vec<_> = log
        .iter()
        .map(|change| {
            let old = change.previous.as_ref()?;
            Some((
                old.value.value()?.as_text()?.to_owned(),
                old.version,
                old.revision.get(),
            ))
        })
        .collect();
    let old = |value: &str, version, revision| Some((value.to_owned(), version, revision));
    assert_eq!(
        replaced,
        [
            None,
            None,
            old("1", 1, 1),
            old("1", 1, 1),
            None,
            old("2", 2, 2),
            old("3", 1, 3)
        ]
    );
    let versions: Vec<_> = log
        .iter()
        .map(|change| match change.op {
            Op::Set { version, .. } => Some(version),
            Op::Delete => None,
        })
        .collect();
    assert_eq!(
        versions,
        [Some(1), Some(1), Some(2), None, Some(1), None, Some(2)]
    );
}

pub(super) async fn the_log_is_read_from_a_revision(config: &Config) {
    assert_eq!(
        config.changes("/db", 0).await,
        [],
        "a section that isn't there has no log"
    );
    for i in 1..=40 {
        config
            .commit(vec![set("/db/a", &i.to_string()), set("/db/b", &i.to_string())])
            .await;
    }
    let all = config.changes("/db", 0).await;
    assert_eq!(all.len(), 80);
    for after in [0, 1, 17, 39, 40, 41] {
        let from = config.changes("/db", after).await;
        let rest: Vec<_> = all
            .iter()
            .filter(|change| change.revision > Revision::new(after))
            .cloned()
            .collect();
        assert_eq!(from, rest, "after {after}");
    }
    let db = section("/db");
    let first: Vec<Change> = config
        .store
        .changes(&db, Revision::new(5))
        .take(3)
        .try_collect()
        .await
        .expect("the beginning of the log");
    assert_eq!(
        places(&first),
        expected(&[("/db/a", 6, 0), ("/db/b", 6, 1), ("/db/a", 7, 0)])
    );
}

pub(super) async fn the_log_of_large_values_is_read_to_its_end(config: &Config) {
    for with in b'a'..=b'h' {
        config
            .commit(vec![
                Mutation::set(key("/db/a"), largest(with)),
                set("/db/b", "x"),
            ])
            .await;
    }
    let log = config.changes("/db", 0).await;
    assert_eq!(log.len(), 16);
    for (pair, with) in log.chunks(2).zip(b'a'..) {
        match &pair[0].op {
            Op::Set { value, .. } => assert!(*value == largest(with)),
            Op::Delete => panic!("a set is logged as a delete"),
        }
    }
    let history = config.history("/db/a", None).await;
    let revisions: Vec<_> = history.iter().map(|change| change.revision.get()).collect();
    assert_eq!(revisions, [8, 7, 6, 5, 4, 3, 2, 1]);
}

async fn with_a_history(config: &Config) {
    config.set("/db/a", "1").await;
    config.commit(vec![set("/db/b", "1"), set("/db/a", "2")]).await;
    config.set("/db/a/b", "1").await;
    config.set("/db/ab", "1").await;
    config.delete("/db/a").await;
    config.set("/db/b", "2").await;
    config.set("/db/a", "3").await;
}

pub(super) async fn history_is_newest_first(config: &Config) {
    with_a_history(config).await;
    let history = config.history("/db/a", None).await;
    assert_eq!(
        places(&history),
        expected(&[("/db/a", 7, 0), ("/db/a", 5, 0), ("/db/a", 2, 1), ("/db/a", 1, 0)])
    );
    let mut log = config.changes("/db", 0).await;
    log.retain(|change| change.key == key("/db/a"));
    log.reverse();
    assert_eq!(history, log);
    assert_eq!(config.history("/db/none", None).await, []);
    assert_eq!(config.history("/none/a", None).await, []);
    assert_eq!(config.history("/a", None).await, []);
}

pub(super) async fn history_ends_before_a_revision(config: &Config) {
    with_a_history(config).await;
    let all = config.history("/db/a", None).await;
    for before in 1..=9 {
        let older: Vec<_> = all
            .iter()
            .filter(|change| change.revision < Revision::new(before))
            .cloned()
            .collect();
        assert_eq!(
            config.history("/db/a", Some(before)).await,
            older,
            "before {before}"
        );
    }
    let db_a = key("/db/a");
    let newest: Vec<Change> = config
        .store
        .history(&db_a, None)
        .take(1)
        .try_collect()
        .await
        .expect("the newest line");
    assert_eq!(places(&newest), expected(&[("/db/a", 7, 0)]));
}

pub(super) async fn the_history_of_a_section_has_whole_revisions(config: &Config) {
    with_a_history(config).await;
    config.set("/app/a", "1").await;
    let of = |before: Option<u64>| async move {
        let db = section("/db");
        let lines = config.store.section_history(&db, before.map(Revision::new));
        lines.try_collect::<Vec<Change>>().await.expect("a history")
    };
    let mut log = config.changes("/db", 0).await;
    log.reverse();
    assert_eq!(of(None).await, log);
    for before in 1..=9 {
        let older = log.iter().filter(|line| line.revision < Revision::new(before));
        assert_eq!(
            of(Some(before)).await,
            older.cloned().collect::<Vec<_>>(),
            "before {before}"
        );
    }
    let none = section("/none");
    let none: Vec<Change> = config
        .store
        .section_history(&none, None)
        .try_collect()
        .await
        .expect("nothing");
    assert_eq!(none, []);
}

pub(super) async fn a_message_and_where_a_key_came_from_are_kept(config: &Config) {
    config.set("/db/old", "1").await;
    let mut txn = Txn::new(vec![set("/db/new", "1"), Mutation::delete(key("/db/old"))])
        .with_message(Some("a name\nthat says \"more\"".parse().expect("a message")));
    txn.moved.insert(key("/db/new"), key("/db/old"));
    let committed = config.store.commit(txn).await.expect("a commit");
    let log = config.changes("/db", 1).await;
    assert_eq!(log.len(), 2);
    for line in &log {
        assert_eq!(line.message.as_deref(), Some("a name\nthat says \"more\""));
        let from = (line.key == key("/db/new")).then(|| key("/db/old"));
        assert_eq!(line.from, from, "{}", line.key);
    }
    let lines: Vec<Change> = committed
        .changes
        .into_iter()
        .map(|applied| applied.change)
        .collect();
    assert_eq!(lines, log);
    // What no commit deletes was not moved, whatever its writer says.
    let mut txn = Txn::new(vec![set("/db/new", "2")]);
    txn.moved.insert(key("/db/new"), key("/secret/name"));
    config.store.commit(txn).await.expect("a commit");
    let newest = &config.history("/db/new", None).await[0];
    assert_eq!((&newest.message, &newest.from), (&None, &None));
}

pub(super) async fn the_log_keeps_the_ttl_of_what_was_replaced(config: &Config) {
    config
        .commit(vec![
            set_for_an_hour("/db/lease", "1"),
            set_for_an_hour("/db/gone", "1"),
        ])
        .await;
    config.clock.advance(60);
    // What it lives by a touch counts, not what it was written with.
    let touched = config.store.touch(&key("/db/lease"), Some(hours(2))).await;
    let touched = touched.expect("it is there");
    let gone = config.entry("/db/gone").await;
    let done = config
        .commit(vec![set("/db/lease", "2"), delete("/db/gone")])
        .await;
    config.set("/db/lease", "3").await;
    let log = config.changes("/db", 1).await;
    let replaced: Vec<_> = log.iter().map(|line| line.replaced().expect("a value")).collect();
    let second = done.changes[0].entry.clone();
    assert_eq!(replaced, [Some(touched.clone()), Some(gone), second]);
    assert_eq!(done.changes[0].previous, Some(touched.clone()));
    assert_eq!(
        config.history("/db/lease", Some(3)).await[0].replaced(),
        Ok(Some(touched))
    );
    let last = log[2].previous.as_ref().expect("it was there");
    assert_eq!((last.ttl, last.expires), (None, None));
}

pub(super) async fn an_expiry_is_not_logged(config: &Config) {
    config.commit(vec![set_for_an_hour("/db/lease", "1")]).await;
    config.clock.advance(3601);
    assert_eq!(config.get("/db/lease").await, None);
    config.set("/db/url", "1").await;
    config.set("/db/lease", "2").await;
    assert_eq!(
        places(&config.changes("/db", 0).await),
        expected(&[("/db/lease", 1, 0), ("/db/url", 2, 0), ("/db/lease", 3, 0)])
    );
    assert_eq!(config.history("/db/lease", None).await.len(), 2);
}

pub(super) async fn an_older_state_is_the_state_now_undone(config: &Config) {
    let mut states: Vec<Vec<Entry>> = Vec::new();
    for changes in [
        vec![set("/db/a", "1"), set("/db/b", "1")],
        vec![set("/db/a", "2"), delete("/db/b"), set("/app/a", "1")],
        vec![
            set("/db/b", "anew"),
            set_for_an_hour("/db/b/c", "1"),
            set_for_an_hour("/db/lease", "1"),
        ],
        vec![delete("/db/a"), delete("/db/b"), set_for_an_hour("/db/b/c", "2")],
        vec![set("/db/b/c", "3"), delete("/db/lease")],
        vec![set("/db/a", "anew"), set("/dbx/a", "1")],
    ] {
        config.clock.advance(1);
        config.commit(changes).await;
        states.push(config.snapshot(&["/db"]).await.entries);
    }
    let now = states.last().cloned().expect("six states");
    for (state, revision) in states.into_iter().zip(1..) {
        let mut past = PastEntries::from_now(now.clone());
        for line in config.changes("/db", revision).await {
            past.undo(&line).expect("nothing was purged");
        }
        assert_eq!(past.into_entries(), state, "at revision {revision}");
    }
}
