//! The arithmetic of versions and revisions, and what a commit answers.

use std::collections::BTreeMap;

use super::support::{Config, delete, key, section, set, text};
use crate::model::{Head, Mutation, Op, Previous, Revision};
use crate::store::Txn;

pub(super) async fn versions_count_writes_and_revisions_count_commits(config: &Config) {
    let born = config.now();
    let first = config.set("/db/url", "1").await;
    assert_eq!((first.version, first.revision.get()), (1, 1));
    assert_eq!((first.created, first.modified), (born, born));
    assert!(!first.by.is_empty(), "an entry says who wrote it");
    assert_eq!(config.get("/db/url").await, Some(first.clone()));

    config.clock.advance(5);
    config.set("/db/other", "x").await;
    config.clock.advance(5);
    let second = config.set("/db/url", "2").await;
    assert_eq!((second.version, second.revision.get()), (2, 3));
    assert_eq!((second.created, second.modified), (born, config.now()));
    assert_eq!(second.by, first.by);
    // Writing what is there already is a write.
    let third = config.set("/db/url", "2").await;
    assert_eq!((third.version, third.revision.get()), (3, 4));
    assert_eq!(config.get("/db/url").await, Some(third));
    let other = config.entry("/db/other").await;
    assert_eq!((other.version, other.revision.get()), (1, 2));
    assert_eq!(config.revision("/db").await, 4);
}

pub(super) async fn a_delete_ends_the_count_of_versions(config: &Config) {
    config.set("/db/url", "1").await;
    config.set("/db/url", "2").await;
    config.delete("/db/url").await;
    assert_eq!(config.get("/db/url").await, None);
    config.clock.advance(60);
    let again = config.set("/db/url", "3").await;
    assert_eq!((again.version, again.revision.get()), (1, 4));
    assert_eq!((again.created, again.modified), (config.now(), config.now()));
    assert_eq!(config.get("/db/url").await, Some(again));
}

pub(super) async fn keys_of_one_commit_share_a_revision(config: &Config) {
    config.set("/db/b", "0").await;
    config.set("/db/gone", "0").await;
    let done = config
        .commit(vec![
            set("/db/c", "1"),
            delete("/db/gone"),
            set("/db/a", "1"),
            set("/db/b", "1"),
        ])
        .await;
    let places: Vec<_> = done
        .changes
        .iter()
        .map(|applied| {
            let change = &applied.change;
            (
                change.key.as_str(),
                change.revision.get(),
                change.index,
                change.of,
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            ("/db/c", 3, 0, 4),
            ("/db/gone", 3, 1, 4),
            ("/db/a", 3, 2, 4),
            ("/db/b", 3, 3, 4)
        ]
    );
    for (at, version) in [("/db/a", 1), ("/db/b", 2), ("/db/c", 1)] {
        let entry = config.entry(at).await;
        assert_eq!((entry.version, entry.revision.get()), (version, 3), "{at}");
    }
    let head = config.head("/db").await.expect("a head");
    assert_eq!((head.revision.get(), head.changes), (3, 4));
}

pub(super) async fn sections_count_apart(config: &Config) {
    config.set("/db/url", "1").await;
    config.set("/db/url", "2").await;
    // A key of one segment lies in the root section, also where a section bears its name.
    config.set("/db", "root").await;
    config.set("/dbx/url", "1").await;
    let done = config
        .commit(vec![
            set("/app/a", "1"),
            set("/db/url", "3"),
            set("/app/b", "1"),
            set("/port", "1"),
        ])
        .await;
    let places: Vec<_> = done
        .changes
        .iter()
        .map(|applied| {
            let change = &applied.change;
            (
                change.key.as_str(),
                change.revision.get(),
                change.index,
                change.of,
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            ("/app/a", 1, 0, 2),
            ("/db/url", 3, 0, 1),
            ("/app/b", 1, 1, 2),
            ("/port", 2, 0, 1)
        ]
    );
    let stands: Vec<_> = config
        .heads()
        .await
        .into_iter()
        .map(|head| (head.section.to_string(), head.revision.get()))
        .collect();
    let expected = [("/app", 1), ("/db", 3), ("/dbx", 1), ("@root", 2)];
    assert_eq!(
        stands,
        expected.map(|(name, revision)| (name.to_owned(), revision))
    );
    assert_eq!(config.entry("/db").await.revision.get(), 1);
    assert_eq!(config.entry("/db").await.value, text("root"));
}

pub(super) async fn a_commit_tells_what_it_did(config: &Config) {
    let old = config.set("/db/url", "1").await;
    config.clock.advance(7);
    let txn = Txn::new(vec![
        set("/db/url", "2"),
        set("/app/new", "n"),
        delete("/db/none"),
    ]);
    let id = txn.id.clone();
    let done = config.store.commit(txn).await.expect("no guards");
    assert_eq!((&done.commit, done.at), (&id, config.now()));
    let head = |name: &str, revision| Head {
        section: section(name),
        revision: Revision::new(revision),
        changes: 1,
        commit: Some(id.clone()),
        modified: Some(config.now()),
    };
    assert_eq!(done.heads, [head("/app", 1), head("/db", 2)]);
    assert_eq!(config.heads().await, done.heads);

    let [updated, created] = &done.changes[..] else {
        panic!("expected two changes, got {:?}", done.changes);
    };
    assert_eq!(updated.entry, config.get("/db/url").await);
    assert_eq!(updated.previous, Some(old.clone()));
    assert_eq!(updated.change.previous, Some(Previous::from(&old)));
    assert_eq!(created.entry, config.get("/app/new").await);
    assert_eq!((&created.previous, &created.change.previous), (&None, &None));
    for applied in &done.changes {
        assert_eq!((&applied.change.commit, applied.change.at), (&id, done.at));
        assert_eq!(applied.change.by, old.by);
    }

    let new = config.entry("/db/url").await;
    let done = config
        .commit(vec![Mutation::Delete { key: key("/db/url") }])
        .await;
    let [deleted] = &done.changes[..] else {
        panic!("expected one change, got {:?}", done.changes);
    };
    assert_eq!((&deleted.entry, &deleted.change.op), (&None, &Op::Delete));
    assert_eq!(deleted.previous.as_ref(), Some(&new));
    assert_eq!(deleted.change.previous, Some(Previous::from(&new)));
}

pub(super) async fn the_lines_of_a_commit_name_its_other_sections(config: &Config) {
    config.set("/db/url", "1").await;
    let done = config
        .commit(vec![
            set("/db/url", "2"),
            set("/app/a", "1"),
            Mutation::Delete { key: key("/db/none") },
            Mutation::Delete { key: key("/none/a") },
            set("/db/new", "1"),
            set("/port", "1"),
        ])
        .await;
    let others = |of: &[(&str, u64)]| -> BTreeMap<_, _> {
        of.iter()
            .map(|(name, revision)| (section(name), Revision::new(*revision)))
            .collect()
    };
    let expected = [
        ("/db", others(&[("/app", 1), ("@root", 1)])),
        ("/app", others(&[("/db", 2), ("@root", 1)])),
        ("/db", others(&[("/app", 1), ("@root", 1)])),
        ("@root", others(&[("/app", 1), ("/db", 2)])),
    ];
    let told: Vec<_> = done.changes.iter().map(|applied| &applied.change).collect();
    assert_eq!(told.len(), expected.len());
    for (line, (own, with)) in told.iter().zip(expected) {
        assert_eq!((line.key.section(), &line.with), (section(own), &with));
    }
    for name in ["/db", "/app", "@root"] {
        let logged = config.changes(name, u64::from(name == "/db")).await;
        let mine: Vec<_> = told
            .iter()
            .filter(|line| line.key.section() == section(name))
            .copied()
            .cloned()
            .collect();
        assert_eq!(logged, mine, "{name}");
    }
    assert_eq!(
        config.history("/app/a", None).await[0].with,
        others(&[("/db", 2), ("@root", 1)])
    );
    config
        .commit(vec![
            set("/db/url", "3"),
            set("/db/new", "2"),
            Mutation::Delete {
                key: key("/app/none"),
            },
        ])
        .await;
    for line in config.changes("/db", 2).await {
        assert_eq!(line.with, BTreeMap::new(), "of one section alone");
    }
}
