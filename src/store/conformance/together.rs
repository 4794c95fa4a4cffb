//! Many writers at once on one handle, whose commits an engine may make together: each gets its own answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;

use super::support::{Config, ENOUGH, delete, key, section, set, text};
use crate::model::{CommitId, Guard, Mutation, Revision};
use crate::store::{Committed, Meta, Result, Store, StoreError, Txn};

const WRITERS: usize = 64;

/// Commits them all at once on one handle, each from a task of its own.
async fn at_once(store: &Arc<dyn Store>, txns: Vec<Txn>) -> Vec<Result<Committed>> {
    let tasks: Vec<_> = txns
        .into_iter()
        .map(|txn| {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.commit(txn).await })
        })
        .collect();
    let ended = join_all(tasks).await;
    ended
        .into_iter()
        .map(|ended| ended.expect("a writer panicked"))
        .collect()
}

fn by(writer: &str, txn: Txn) -> Txn {
    Txn {
        by: Some(writer.into()),
        ..txn
    }
}

fn recorded(id: &str, changes: Vec<Mutation>) -> Txn {
    Txn {
        id: id.parse::<CommitId>().expect(id),
        recorded: true,
        ..Txn::new(changes)
    }
}

/// The section's log is whole: its revisions follow each other, and each has all its lines.
async fn whole_log(config: &Config, of: &str) -> Vec<crate::model::Change> {
    let log = config.changes(of, 0).await;
    let mut expected = (1, 0);
    for line in &log {
        assert_eq!((line.revision.get(), line.index), expected);
        expected = if line.index + 1 == line.of {
            (line.revision.get() + 1, 0)
        } else {
            (line.revision.get(), line.index + 1)
        };
    }
    assert_eq!(
        expected,
        (config.revision(of).await + 1, 0),
        "the head and the log disagree"
    );
    log
}

pub(super) async fn each_of_many_gets_its_own_answer(config: &Config) {
    let txns: Vec<Txn> = (0..WRITERS)
        .map(|n| {
            let own = set(&format!("/many/{n}"), &n.to_string());
            let other = set(&format!("/many/{n}/more"), "x");
            let changes = if n % 3 == 0 { vec![own, other] } else { vec![own] };
            by(&format!("writer-{n}"), Txn::new(changes))
        })
        .collect();
    let asked = txns.clone();
    let answers = at_once(&config.store, txns).await;
    let mut revisions = BTreeSet::new();
    for (n, (txn, answer)) in asked.iter().zip(answers).enumerate() {
        let done = answer.expect("no guards");
        assert_eq!(done.commit, txn.id);
        assert_eq!(done.changes.len(), txn.changes.len());
        let entry = done.changes[0].entry.clone().expect("it was set");
        assert_eq!(
            (entry.key.clone(), entry.value.clone()),
            (key(&format!("/many/{n}")), text(&n.to_string()))
        );
        let writer = config.harness.writer().unwrap_or_else(|| format!("writer-{n}"));
        assert_eq!((entry.by.as_str(), entry.version), (writer.as_str(), 1));
        assert_eq!(done.heads.len(), 1);
        assert_eq!(
            (done.heads[0].revision, done.heads[0].changes as usize),
            (entry.revision, txn.changes.len())
        );
        assert!(revisions.insert(entry.revision.get()), "two have one revision");
        assert_eq!(config.entry(&format!("/many/{n}")).await, entry);
    }
    assert_eq!(revisions, (1..=WRITERS as u64).collect::<BTreeSet<u64>>());
    let log = whole_log(config, "/many").await;
    for line in &log {
        let txn = asked
            .iter()
            .find(|txn| txn.id == line.commit)
            .expect("it was asked for");
        assert_eq!(
            Some(&line.by),
            config.harness.writer().as_ref().or(txn.by.as_ref())
        );
        assert_eq!(line.of as usize, txn.changes.len());
    }
    let head = config.head("/many").await.expect("a head");
    let last = log.last().expect("lines");
    assert_eq!(
        (head.commit.as_ref(), head.changes),
        (Some(&last.commit), last.of)
    );
}

pub(super) async fn a_counter_of_many_tasks_loses_nothing(config: &Config) {
    let first = config.set("/count/n", "0").await;
    let tasks: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (store, mut seen) = (Arc::clone(&config.store), first.clone());
            tokio::spawn(async move {
                for lost in 0.. {
                    assert!(lost < ENOUGH, "a task loses every race");
                    let n: u64 = seen
                        .value
                        .as_text()
                        .and_then(|text| text.parse().ok())
                        .expect("a number");
                    let txn = Txn::new(vec![set("/count/n", &(n + 1).to_string())])
                        .guarded([Guard::Revision(seen.key.clone(), seen.revision)]);
                    match store.commit(txn).await {
                        Ok(_) => break,
                        Err(StoreError::Conflict(conflict)) => {
                            seen = conflict.current.expect("it is never deleted");
                        }
                        Err(other) => panic!("a race ended in {other:?}"),
                    }
                }
            })
        })
        .collect();
    for ended in join_all(tasks).await {
        ended.expect("a writer panicked");
    }
    let end = config.entry("/count/n").await;
    assert_eq!(end.value, text(&WRITERS.to_string()));
    assert_eq!(end.version, WRITERS as u64 + 1);
    for (n, line) in whole_log(config, "/count").await.iter().enumerate() {
        assert_eq!(
            line.entry().expect("a value").map(|entry| entry.value),
            Some(text(&n.to_string())),
            "the log is the count"
        );
    }
}

pub(super) async fn many_writes_of_one_key_are_in_one_order(config: &Config) {
    let txns = (0..WRITERS / 4).map(|n| {
        Txn::new(vec![
            set("/one/k", &n.to_string()),
            set(&format!("/one/{n}"), "x"),
        ])
    });
    let answers = at_once(&config.store, txns.collect()).await;
    let mut versions = BTreeSet::new();
    for answer in answers {
        let done = answer.expect("no guards");
        let applied = &done.changes[0];
        let version = applied
            .entry
            .as_ref()
            .map(|entry| entry.version)
            .expect("it was set");
        assert_eq!(
            applied.previous.as_ref().map_or(0, |old| old.version),
            version - 1
        );
        versions.insert(version);
    }
    assert_eq!(versions.len(), WRITERS / 4);
    let mut before = None;
    for line in whole_log(config, "/one")
        .await
        .iter()
        .filter(|line| line.key == key("/one/k"))
    {
        assert_eq!(line.replaced(), Ok(before), "the chain is broken");
        before = line.entry().expect("a value");
    }
    assert_eq!(config.get("/one/k").await, before);
}

pub(super) async fn a_refused_one_among_many_fails_alone(config: &Config) {
    config.set("/mixed/there", "1").await;
    let txns: Vec<Txn> = (0..WRITERS)
        .map(|n| {
            let mine = vec![set(&format!("/mixed/{n}"), "x")];
            match n % 8 {
                3 => Txn::new(mine).guarded([Guard::Absent(key("/mixed/there"))]),
                5 => Txn::new(vec![set("/mixed/twice", "x"), set("/mixed/twice", "y")]),
                6 => Txn::new(vec![delete(&format!("/mixed/none-{n}"))]),
                7 => Txn::new(mine).guarded([Guard::Present(key("/mixed/there"))]),
                _ => Txn::new(mine),
            }
        })
        .collect();
    let answers = at_once(&config.store, txns).await;
    for (n, answer) in answers.into_iter().enumerate() {
        let is_there = config.get(&format!("/mixed/{n}")).await.is_some();
        match (n % 8, answer) {
            (3, Err(StoreError::Conflict(conflict))) => {
                assert_eq!(conflict.guard, Guard::Absent(key("/mixed/there")));
                assert_eq!(conflict.current.map(|now| now.value), Some(text("1")));
                assert!(!is_there);
            }
            (5, Err(StoreError::Twice(twice))) => assert_eq!(twice, key("/mixed/twice")),
            (6, Ok(done)) => assert!(done.changes.is_empty() && done.heads.is_empty()),
            (_, Ok(done)) => assert!(is_there && done.changes.len() == 1),
            (_, Err(other)) => panic!("{n} ended in {other:?}"),
        }
    }
    assert_eq!(whole_log(config, "/mixed").await.len(), 1 + WRITERS * 5 / 8);
    assert_eq!(config.get("/mixed/twice").await, None);
}

pub(super) async fn many_create_a_key_once(config: &Config) {
    let txns = (0..WRITERS)
        .map(|n| Txn::new(vec![set("/lock/k", &n.to_string())]).guarded([Guard::Absent(key("/lock/k"))]));
    let answers = at_once(&config.store, txns.collect()).await;
    let holder = config.entry("/lock/k").await;
    for (n, answer) in answers.into_iter().enumerate() {
        let is_holder = holder.value == text(&n.to_string());
        match answer {
            Ok(_) => assert!(is_holder, "{n} was told that it has the lock"),
            Err(StoreError::Conflict(conflict)) => {
                assert!(!is_holder);
                assert_eq!(conflict.current.as_ref(), Some(&holder));
            }
            Err(other) => panic!("{n} ended in {other:?}"),
        }
    }
    assert_eq!(config.revision("/lock").await, 1);
}

pub(super) async fn sections_that_many_share_stay_in_step(config: &Config) {
    let txns = (0..WRITERS / 2).map(|n| {
        let both = vec![set(&format!("/left/{n}"), "x"), set(&format!("/right/{n}"), "x")];
        let left = vec![set(&format!("/left/{n}"), "x")];
        let guard = Guard::Absent(key(&format!("/right/{n}")));
        if n % 2 == 0 {
            Txn::new(both)
        } else {
            Txn::new(left).guarded([guard])
        }
    });
    for answer in at_once(&config.store, txns.collect()).await {
        answer.expect("the guards hold");
    }
    let right = whole_log(config, "/right").await;
    assert_eq!(right.len(), WRITERS / 4);
    let left: Vec<_> = whole_log(config, "/left").await;
    let common: Vec<_> = left
        .iter()
        .map(|line| &line.commit)
        .filter(|commit| right.iter().any(|line| line.commit == **commit))
        .collect();
    let expected: Vec<_> = right.iter().map(|line| &line.commit).collect();
    assert_eq!(common, expected, "both sections saw the commits in one order");
}

pub(super) async fn a_commit_says_who_writes(config: &Config) {
    if let Some(writer) = config.harness.writer() {
        let txn = by("token:deploy", Txn::new(vec![set("/db/a", "1")]));
        let done = config.store.commit(txn).await.expect("no guards");
        assert_eq!(done.changes[0].change.by, writer);
        assert_eq!(config.entry("/db/a").await.by, writer);
        return;
    }
    let txn = by("token:deploy", Txn::new(vec![set("/db/a", "1")]));
    let done = config.store.commit(txn).await.expect("no guards");
    assert_eq!(done.changes[0].change.by, "token:deploy");
    assert_eq!(config.entry("/db/a").await.by, "token:deploy");
    let next = config.set("/db/a", "2").await;
    assert_ne!(next.by, "token:deploy");
    let log = config.changes("/db", 0).await;
    assert_eq!(log[0].by, "token:deploy");
    assert_eq!(log[1].by, next.by);
    assert_eq!(
        log[1].previous.as_ref().map(|old| old.by.as_str()),
        Some("token:deploy")
    );
}

pub(super) async fn a_recorded_commit_is_made_once(config: &Config) {
    config.set("/db/old", "1").await;
    let txn = recorded(
        "once",
        vec![
            set("/db/new", "1"),
            set("/app/new", "1"),
            delete("/db/old"),
            delete("/app/none"),
        ],
    )
    .guarded([
        Guard::Absent(key("/db/new")),
        Guard::Section(section("/db"), Revision::new(1)),
    ]);
    let first = config.store.commit(txn.clone()).await.expect("the guards hold");
    assert_eq!(first.changes.len(), 3);
    let again = config
        .store
        .commit(txn.clone())
        .await
        .expect("it is made already");
    assert_eq!(again, first);
    // What others do meanwhile changes nothing in the answer.
    config.set("/db/new", "2").await;
    config.set("/db/old", "2").await;
    for of in ["/db", "/app"] {
        for round in ["x", "y", "z"] {
            config
                .commit((0..48).map(|n| set(&format!("{of}/{n}"), round)).collect())
                .await;
        }
    }
    let before = config.everything().await;
    let other = config.harness.open().await;
    for store in [&config.store, &other] {
        let again = store.commit(txn.clone()).await.expect("it is made already");
        assert_eq!(again, first);
    }
    config.is_still(&before).await;
    assert_eq!(config.entry("/db/new").await.value, text("2"));
    // The first of its sections may be one that it leaves as it was.
    let txn = recorded("half", vec![delete("/app/none"), set("/db/half", "1")]);
    let first = config.store.commit(txn.clone()).await.expect("no guards");
    let again = other.commit(txn).await.expect("it is made already");
    assert_eq!(again, first);
}

pub(super) async fn a_recorded_commit_is_known_for_a_day(config: &Config) {
    let day = i64::try_from(Txn::RECORDED_FOR.as_secs()).expect("few seconds");
    if let Some(admin) = config.harness.admin().await {
        let meta = Meta {
            history_days: 1,
            ..Meta::default()
        };
        admin.write_meta(meta).await.expect("settings are written");
    }
    let txn = recorded("day", vec![set("/db/a", "1"), set("/app/a", "1")]);
    let first = config.store.commit(txn.clone()).await.expect("no guards");
    config.clock.advance(day - 1);
    // With these the engine may clear away what is old.
    config.commit(vec![set("/db/a", "2"), set("/app/b", "2")]).await;
    let again = config.store.commit(txn).await.expect("it is made already");
    assert_eq!(again, first);
    assert_eq!(config.entry("/db/a").await.value, text("2"));
}

pub(super) async fn a_recorded_commit_that_was_not_made_is_made(config: &Config) {
    config.set("/db/a", "1").await;
    let guard = Guard::Revision(key("/db/a"), Revision::new(7));
    config
        .refused(recorded("late", vec![set("/db/a", "2")]).guarded([guard]))
        .await;
    let txn = recorded("late", vec![set("/db/a", "2")]);
    let done = config
        .store
        .commit(txn)
        .await
        .expect("it was refused before, so it is not there");
    assert_eq!(done.heads[0].revision, Revision::new(2));
    let nothing = recorded("nothing", vec![delete("/db/none")]);
    for _ in 0..2 {
        let done = config.store.commit(nothing.clone()).await.expect("nothing to do");
        assert!(done.changes.is_empty());
    }
    assert_eq!(config.revision("/db").await, 2);
}

pub(super) async fn an_id_is_not_used_for_other_changes(config: &Config) {
    let txn = recorded("mine", vec![set("/db/a", "1")]);
    config.store.commit(txn).await.expect("no guards");
    let before = config.everything().await;
    for changes in [
        vec![set("/db/b", "1")],
        vec![set("/db/a", "2")],
        vec![set("/db/a", "1"), set("/db/b", "1")],
        vec![delete("/db/a")],
    ] {
        match config.store.commit(recorded("mine", changes)).await {
            Err(StoreError::IdReused(id)) => assert_eq!(id.as_str(), "mine"),
            other => panic!("expected IdReused, got {other:?}"),
        }
    }
    config.is_still(&before).await;
}

pub(super) async fn copies_of_one_commit_at_once_are_one(config: &Config) {
    let other = config.harness.open().await;
    for round in 0..4 {
        let at = format!("/copies/{round}");
        let txn = recorded(&format!("copy-{round}"), vec![set(&at, "1")]).guarded([Guard::Absent(key(&at))]);
        let copies = || vec![txn.clone(); 4];
        let (here, there) = futures::join!(at_once(&config.store, copies()), at_once(&other, copies()));
        let mut answers = here.into_iter().chain(there);
        let first = answers.next().expect("eight").expect("one is made");
        for answer in answers {
            assert_eq!(answer.expect("it is made already"), first);
        }
        assert_eq!(config.entry(&at).await.version, 1);
    }
    assert_eq!(whole_log(config, "/copies").await.len(), 4);
}
