//! Heads: where sections stand, and waiting for them to move.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::support::{Config, delete, section, set};
use crate::model::{Head, Revision};
use crate::store::{Cursor, Deadline, Heads, Txn};

fn cursor(seen: &[(&str, u64)], whole: bool) -> Cursor {
    let seen: BTreeMap<_, _> = seen
        .iter()
        .map(|(name, revision)| (section(name), Revision::new(*revision)))
        .collect();
    Cursor {
        seen,
        whole,
        except: Vec::new(),
    }
}

fn within(milliseconds: u64) -> Deadline {
    Deadline {
        within: Duration::from_millis(milliseconds),
        interval: Duration::from_millis(10),
    }
}

async fn moved(config: &Config, cursor: &Cursor) -> Vec<(String, u64)> {
    let heads = config.store.wait(cursor, within(60)).await.expect("a wait");
    stands(&heads)
}

fn stands(heads: &[Head]) -> Vec<(String, u64)> {
    heads
        .iter()
        .map(|head| (head.section.to_string(), head.revision.get()))
        .collect()
}

fn expected(stands: &[(&str, u64)]) -> Vec<(String, u64)> {
    stands
        .iter()
        .map(|(name, revision)| ((*name).to_owned(), *revision))
        .collect()
}

pub(super) async fn heads_tell_where_sections_stand(config: &Config) {
    assert_eq!(config.heads().await, []);
    let none = Heads::Of(vec![section("/db"), section("@root")]);
    assert_eq!(config.store.heads(none).await.expect("heads"), []);

    config.set("/db/a", "1").await;
    config.clock.advance(3);
    let done = config
        .commit(vec![set("/db/a", "2"), set("/db/b", "1"), set("/top", "1")])
        .await;
    let db = Head {
        section: section("/db"),
        revision: Revision::new(2),
        changes: 2,
        commit: Some(done.commit.clone()),
        modified: Some(config.now()),
    };
    let root = Head {
        section: section("@root"),
        revision: Revision::new(1),
        changes: 1,
        commit: Some(done.commit),
        modified: Some(config.now()),
    };
    assert_eq!(config.heads().await, [db.clone(), root.clone()]);
    let some = Heads::Of(vec![
        section("@root"),
        section("/none"),
        section("/db"),
        section("/db"),
    ]);
    assert_eq!(config.store.heads(some).await.expect("heads"), [db, root]);
    assert_eq!(config.store.heads(Heads::Of(vec![])).await.expect("heads"), []);

    config.commit(vec![delete("/top")]).await;
    assert_eq!(
        config.revision("@root").await,
        2,
        "a section stays when its keys are gone"
    );
}

pub(super) async fn a_commit_is_found_by_its_id(config: &Config) {
    let txn = Txn {
        id: "deploy:2026-01-31_7.b".parse().expect("a commit id"),
        ..Txn::new(vec![set("/db/a", "1"), set("/db/b", "1"), set("/app/a", "1")])
    };
    let id = txn.id.clone();
    let done = config.store.commit(txn).await.expect("no guards");
    assert_eq!(done.commit, id);
    for (name, lines) in [("/db", 2), ("/app", 1)] {
        assert_eq!(
            config.head(name).await.and_then(|head| head.commit),
            Some(id.clone())
        );
        config.set(&format!("{name}/later"), "1").await;
        assert_ne!(
            config.head(name).await.and_then(|head| head.commit),
            Some(id.clone())
        );
        let log = config.changes(name, 0).await;
        let mine = log.iter().filter(|change| change.commit == id).count();
        assert_eq!(mine, lines, "{name}");
    }
}

pub(super) async fn registered_sections_have_no_head(config: &Config) {
    let admin = config.admin().await;
    config.set("/db/a", "1").await;
    let stood = config.head("/db").await;
    let sections = [section("/new"), section("/db"), section("@root")];
    for _ in 0..2 {
        admin.register(&sections).await.expect("sections are registered");
        let heads = config.heads().await;
        assert_eq!(stands(&heads), expected(&[("/db", 1)]));
        assert_eq!(config.head("/db").await, stood, "what is there stays as it is");
    }
    assert_eq!(config.head("/new").await, None);
    assert_eq!(config.changes("/new", 0).await, []);
    assert_eq!(moved(config, &cursor(&[("/db", 1)], true)).await, []);
    assert_eq!(config.snapshot(&["/"]).await.entries.len(), 1);

    let guard = crate::model::Guard::Section(section("/new"), Revision::ZERO);
    let txn = Txn::new(vec![set("/new/a", "1")]).guarded([guard]);
    config.store.commit(txn).await.expect("the section stands at 0");
    assert_eq!(config.entry("/new/a").await.revision, Revision::new(1));
    assert_eq!(config.changes("/new", 0).await.len(), 1);
    admin.register(&sections).await.expect("sections are registered");
    assert_eq!(config.revision("/new").await, 1);
}

pub(super) async fn wait_gives_what_has_moved(config: &Config) {
    for at in ["/db/a", "/db/b", "/app/a", "/web/a"] {
        config.set(at, "1").await;
    }
    assert_eq!(
        moved(config, &cursor(&[("/db", 1)], false)).await,
        expected(&[("/db", 2)])
    );
    assert_eq!(
        moved(config, &cursor(&[("/db", 0), ("/app", 0), ("/web", 1)], false)).await,
        expected(&[("/app", 1), ("/db", 2)])
    );
    assert_eq!(
        moved(config, &cursor(&[("/db", 2)], true)).await,
        expected(&[("/app", 1), ("/web", 1)])
    );
    let heads = config
        .store
        .wait(&cursor(&[("/db", 1)], false), within(60))
        .await
        .expect("a wait");
    assert_eq!(heads.first(), config.head("/db").await.as_ref());
    // A cursor beyond the head has seen more than this read: no news.
    assert_eq!(moved(config, &cursor(&[("/db", 9)], false)).await, []);
}

pub(super) async fn wait_gives_nothing_at_its_deadline(config: &Config) {
    config.set("/db/a", "1").await;
    config.set("/app/a", "1").await;
    for at_rest in [
        cursor(&[("/db", 1)], false),
        cursor(&[("/none", 0)], false),
        cursor(&[("/db", 1), ("/app", 1)], true),
        cursor(&[], false),
    ] {
        let began = Instant::now();
        let heads = config.store.wait(&at_rest, within(120)).await.expect("a wait");
        assert_eq!(heads, [], "{at_rest:?}");
        let took = began.elapsed();
        assert!(
            took >= Duration::from_millis(110),
            "{at_rest:?} gave up after {took:?}"
        );
        assert!(took < Duration::from_secs(10), "{at_rest:?} waited {took:?}");
    }
}

pub(super) async fn wait_wakes_for_a_commit(config: &Config) {
    config.set("/db/a", "1").await;
    config.set("/app/a", "1").await;
    let writer = config.harness.open().await;
    let at_rest = cursor(&[("/db", 1)], false);
    let began = Instant::now();
    let wait = config.store.wait(&at_rest, within(30_000));
    let write = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // News of another section is none for this cursor.
        let elsewhere = Txn::new(vec![set("/app/a", "2")]);
        writer.commit(elsewhere).await.expect("no guards");
        tokio::time::sleep(Duration::from_millis(100)).await;
        writer
            .commit(Txn::new(vec![set("/db/b", "2")]))
            .await
            .expect("no guards")
    };
    let (heads, done) = tokio::join!(wait, write);
    assert_eq!(heads.expect("a wait"), done.heads);
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "it slept over the commit"
    );
}

pub(super) async fn wait_sees_new_sections(config: &Config) {
    config.set("/db/a", "1").await;
    let writer = config.harness.open().await;
    let at_rest = cursor(&[("/db", 1)], true);
    let wait = config.store.wait(&at_rest, within(30_000));
    let write = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        writer
            .commit(Txn::new(vec![set("/new/a", "1")]))
            .await
            .expect("no guards")
    };
    let (heads, done) = tokio::join!(wait, write);
    assert_eq!(heads.expect("a wait"), done.heads);
}
