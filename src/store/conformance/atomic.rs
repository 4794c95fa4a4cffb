//! All of a commit or none of it.

use super::support::{Config, delete, key, largest, section, set, text};
use crate::model::{Guard, Mutation, Revision};
use crate::store::{Limit, StoreError, Txn};

pub(super) async fn a_refused_commit_leaves_nothing_in_one_section(config: &Config) {
    config.set("/db/a", "1").await;
    let txn = Txn::new(vec![set("/db/a", "2"), set("/db/new", "2"), set("/db/b", "2")])
        .guarded([Guard::Present(key("/db/b"))]);
    config.refused(txn).await;
    assert_eq!(config.entry("/db/a").await.value, text("1"));
    assert_eq!(config.get("/db/new").await, None);
    assert_eq!(config.revision("/db").await, 1);
}

pub(super) async fn a_refused_commit_leaves_nothing_across_sections(config: &Config) {
    config.set("/db/a", "1").await;
    config.set("/app/a", "1").await;
    let changes = || {
        vec![
            delete("/db/a"),
            set("/app/a", "2"),
            set("/new/a", "2"),
            set("/top", "2"),
        ]
    };
    config
        .refused(Txn::new(changes()).guarded([Guard::Section(section("/app"), Revision::new(7))]))
        .await;
    assert_eq!(config.entry("/db/a").await.value, text("1"));
    assert_eq!(config.head("/new").await, None);
    let done = config
        .store
        .commit(Txn::new(changes()).guarded([Guard::Section(section("/app"), Revision::new(1))]))
        .await
        .expect("the guard holds");
    assert_eq!(done.heads.len(), 4);
    assert_eq!(config.get("/db/a").await, None);
    for at in ["/app/a", "/new/a", "/top"] {
        assert_eq!(config.entry(at).await.value, text("2"), "{at}");
    }
}

pub(super) async fn one_key_twice_is_refused(config: &Config) {
    config.set("/db/a", "1").await;
    let before = config.everything().await;
    let txn = Txn::new(vec![set("/db/b", "2"), set("/db/a", "2"), delete("/db/a")]);
    match config.store.commit(txn).await {
        Err(StoreError::Twice(twice)) => assert_eq!(twice, key("/db/a")),
        other => panic!("expected Twice, got {other:?}"),
    }
    config.is_still(&before).await;
}

pub(super) async fn a_hundred_actions_are_the_limit(config: &Config) {
    let changes = |n: usize| {
        (0..n)
            .map(|i| set(&format!("/db/{i:02}"), "1"))
            .collect::<Vec<_>>()
    };
    let before = config.everything().await;
    match config.store.commit(Txn::new(changes(50))).await {
        Err(StoreError::Limit(limit)) => assert_eq!(
            limit,
            Limit::Actions {
                changes: 50,
                sections: 1,
                new_sections: 1,
                guards: 0
            }
        ),
        other => panic!("expected the limit, got {other:?}"),
    }
    config.is_still(&before).await;
    // 2 × 48 + 1 section + 1 new section + 1 for their number + 1 record is the limit itself.
    let done = config.commit(changes(48)).await;
    assert_eq!(done.changes.len(), 48);
    let log = config.changes("/db", 0).await;
    let order: Vec<_> = log.iter().map(|change| change.key.as_str().to_owned()).collect();
    let expected: Vec<_> = changes(48)
        .iter()
        .map(|change| change.key().to_string())
        .collect();
    assert_eq!(order, expected, "lines keep the order of the changes");
    assert!(log.iter().all(|change| change.of == 48));

    let guarded = |n: usize| (0..n).map(|i| Guard::Absent(key(&format!("/x/{i}"))));
    let txn = Txn::new(changes(48)).guarded(guarded(3));
    match config.store.commit(txn).await {
        Err(StoreError::Limit(Limit::Actions { guards: 3, .. })) => {}
        other => panic!("expected the limit, got {other:?}"),
    }
    let deletes = (0..3).map(|i| Mutation::Delete {
        key: key(&format!("/x/{i}")),
    });
    let txn = Txn::new(changes(48).into_iter().chain(deletes).collect());
    match config.store.commit(txn).await {
        Err(StoreError::Limit(Limit::Actions { guards: 3, .. })) => {}
        other => panic!("absent keys are checked, too, but {other:?}"),
    }
    let recorded = |txn| Txn {
        recorded: true,
        ..txn
    };
    for txn in [Txn::new(changes(49)), Txn::new(changes(48)).guarded(guarded(2))] {
        config
            .store
            .commit(recorded(txn))
            .await
            .expect("exactly 100 actions");
    }
}

pub(super) async fn the_bytes_of_a_commit_are_limited(config: &Config) {
    let changes = |n: usize, with| {
        (0..n)
            .map(|i| Mutation::set(key(&format!("/db/{i:02}")), largest(with)))
            .collect::<Vec<_>>()
    };
    let before = config.everything().await;
    match config.store.commit(Txn::new(changes(11, b'a'))).await {
        Err(StoreError::Limit(Limit::Bytes { .. })) => {}
        other => panic!("expected the limit, got {other:?}"),
    }
    config.is_still(&before).await;
    config.commit(changes(6, b'a')).await;
    config.commit(changes(6, b'b')).await;
    for change in config.changes("/db", 1).await {
        assert_eq!(change.previous.map(|old| old.value), Some(largest(b'a').into()));
    }
    assert_eq!(config.entry("/db/05").await.value, largest(b'b'));
}

pub(super) async fn deletes_of_absent_keys_leave_no_trace(config: &Config) {
    let done = config.commit(vec![delete("/db/none"), delete("/none")]).await;
    assert_eq!((done.heads, done.changes), (vec![], vec![]));
    assert_eq!(config.heads().await, []);

    config.set("/db/a", "1").await;
    let before = config.everything().await;
    let done = config.commit(vec![delete("/db/none"), delete("/app/none")]).await;
    assert_eq!((done.heads, done.changes), (vec![], vec![]));
    config.is_still(&before).await;

    let done = config
        .commit(vec![
            delete("/db/none"),
            set("/db/b", "2"),
            delete("/app/none"),
            delete("/db/a"),
        ])
        .await;
    let places: Vec<_> = done
        .changes
        .iter()
        .map(|applied| {
            (
                applied.change.key.as_str(),
                applied.change.index,
                applied.change.of,
            )
        })
        .collect();
    assert_eq!(places, [("/db/b", 0, 2), ("/db/a", 1, 2)]);
    assert_eq!(config.head("/app").await, None);
    config.delete("/db/a").await;
    assert_eq!(config.revision("/db").await, 2);
}
