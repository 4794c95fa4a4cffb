//! Purging leaves what the log says of a key, but for its old values.

use super::support::{Config, delete, key, set, set_for_an_hour, text};
use crate::model::{Change, Key, LoggedValue, Op, Revision};
use crate::store::{PURGE_AFTER, PastEntries, Purged, StoreError, Txn};

/// The value that each line wrote and the one that it replaced, oldest line first: none where there is none, and `-`
/// where it was purged.
fn values(lines: &[Change]) -> Vec<(Option<String>, Option<String>)> {
    let shown = |value: &LoggedValue| match value {
        LoggedValue::Purged => "-".to_owned(),
        LoggedValue::Value(value) => value.as_text().expect("text").to_owned(),
    };
    let of = |line: &Change| {
        let written = match &line.op {
            Op::Set { value, .. } => Some(shown(value)),
            Op::Delete => None,
        };
        (written, line.previous.as_ref().map(|old| shown(&old.value)))
    };
    let mut values: Vec<_> = lines.iter().map(of).collect();
    values.reverse();
    values
}

fn pairs(of: &[(&str, &str)]) -> Vec<(Option<String>, Option<String>)> {
    let one = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    of.iter().map(|(written, old)| (one(written), one(old))).collect()
}

/// Lets the time pass that a purge waits for.
fn settle(config: &Config) {
    config.clock.advance(PURGE_AFTER.as_secs().cast_signed());
}

async fn purge(config: &Config, at: &str) -> Purged {
    let purged = config.store.purge(&key(at)).await;
    purged.unwrap_or_else(|error| panic!("{at}: {error}"))
}

/// A line without its values.
fn outline(line: &Change) -> Change {
    let mut line = line.clone();
    if let Op::Set { value, .. } = &mut line.op {
        *value = LoggedValue::Purged;
    }
    if let Some(previous) = &mut line.previous {
        previous.value = LoggedValue::Purged;
    }
    line
}

pub(super) async fn old_values_are_purged_and_the_current_one_stays(config: &Config) {
    config.set("/db/a", "1").await;
    config.set("/db/a", "2").await;
    config.delete("/db/a").await;
    config.set("/db/a", "3").await;
    config.set("/db/b", "0").await;
    config.set("/db/a", "4").await;
    settle(config);
    let (before, heads) = (config.history("/db/a", None).await, config.heads().await);
    let purged = purge(config, "/db/a").await;
    assert_eq!((purged.lines, purged.kept.map(Revision::get)), (5, Some(6)));
    let after = config.history("/db/a", None).await;
    assert_eq!(
        values(&after),
        pairs(&[("-", ""), ("-", "-"), ("", "-"), ("-", ""), ("4", "-")])
    );
    let outlines = |lines: &[Change]| lines.iter().map(outline).collect::<Vec<_>>();
    assert_eq!(outlines(&after), outlines(&before), "all else stays");
    assert_eq!(config.heads().await, heads);
    assert_eq!(config.entry("/db/a").await.value, text("4"));

    // The log in order holds the same lines, and the past says which value is missing.
    let mut log = config.changes("/db", 0).await;
    log.retain(|line| line.key == key("/db/a"));
    log.reverse();
    assert_eq!(log, after);
    let mut past = PastEntries::from_now(config.snapshot(&["/db"]).await.entries);
    let error = config
        .changes("/db", 5)
        .await
        .iter()
        .find_map(|line| past.undo(line).err());
    let error = error.expect("the value of revision 4 was purged");
    assert_eq!((error.key, error.revision.get()), (key("/db/a"), 4));
}

pub(super) async fn all_values_of_a_deleted_key_are_purged(config: &Config) {
    config.set("/db/a", "1").await;
    config.set("/db/a", "2").await;
    config.delete("/db/a").await;
    settle(config);
    let purged = purge(config, "/db/a").await;
    assert_eq!((purged.lines, purged.kept), (3, None));
    let after = config.history("/db/a", None).await;
    assert_eq!(values(&after), pairs(&[("-", ""), ("-", "-"), ("", "-")]));
    // It begins anew, and nothing of what was purged comes back.
    assert_eq!(config.set("/db/a", "3").await.version, 1);
}

pub(super) async fn all_values_of_an_expired_key_are_purged(config: &Config) {
    config.commit(vec![set_for_an_hour("/db/lease", "1")]).await;
    settle(config);
    let purged = purge(config, "/db/lease").await;
    assert_eq!((purged.lines, purged.kept.map(Revision::get)), (0, Some(1)));
    config.clock.advance(3601);
    let purged = purge(config, "/db/lease").await;
    assert_eq!((purged.lines, purged.kept), (1, None));
    assert_eq!(
        values(&config.history("/db/lease", None).await),
        pairs(&[("-", "")])
    );
    assert_eq!(config.set("/db/lease", "2").await.version, 1);
}

pub(super) async fn what_changed_just_now_is_not_purged(config: &Config) {
    config.set("/db/a", "1").await;
    assert_eq!(
        purge(config, "/db/a").await.lines,
        0,
        "there is nothing to wait for"
    );
    settle(config);
    config.set("/db/a", "2").await;
    config.clock.advance(PURGE_AFTER.as_secs().cast_signed() - 30);
    let before = config.everything().await;
    match config.store.purge(&key("/db/a")).await {
        Err(StoreError::PurgeTooSoon { key: named, wait }) => {
            // The clock of the store may go on.
            assert!(
                named == key("/db/a") && (1..=30).contains(&wait),
                "{named} {wait}"
            );
        }
        other => panic!("expected PurgeTooSoon, got {other:?}"),
    }
    config.is_still(&before).await;
    config.clock.advance(30);
    assert_eq!(purge(config, "/db/a").await.lines, 2);
}

pub(super) async fn a_purge_touches_no_other_key(config: &Config) {
    for round in ["1", "2"] {
        config
            .commit(vec![
                set("/db/a", round),
                set("/db/a/b", round),
                set("/db/ab", round),
            ])
            .await;
    }
    settle(config);
    let others: Vec<Vec<Change>> = vec![
        config.history("/db/a/b", None).await,
        config.history("/db/ab", None).await,
    ];
    assert_eq!(purge(config, "/db/a").await.lines, 2);
    assert_eq!(
        vec![
            config.history("/db/a/b", None).await,
            config.history("/db/ab", None).await
        ],
        others
    );
    let snapshot = config.snapshot(&["/"]).await;
    let keys: Vec<Key> = snapshot.entries.into_iter().map(|entry| entry.key).collect();
    assert_eq!(keys, [key("/db/a"), key("/db/a/b"), key("/db/ab")]);
}

pub(super) async fn purging_again_finishes_what_is_left(config: &Config) {
    config.set("/db/a", "1").await;
    config.set("/db/a", "2").await;
    settle(config);
    assert_eq!(purge(config, "/db/a").await.lines, 2);
    assert_eq!(purge(config, "/db/a").await.lines, 0);
    config.delete("/db/a").await;
    settle(config);
    // The value that was current, and what the delete replaced.
    assert_eq!(purge(config, "/db/a").await.lines, 2);
    let after = config.history("/db/a", None).await;
    assert_eq!(values(&after), pairs(&[("-", ""), ("-", "-"), ("", "-")]));
}

pub(super) async fn a_key_that_never_was_is_not_purged(config: &Config) {
    config.set("/db/a", "1").await;
    let purged = config.store.purge(&key("/db/none")).await;
    assert!(
        matches!(&purged, Err(StoreError::NotFound(named)) if *named == key("/db/none")),
        "{purged:?}"
    );
    let purged = config.store.purge(&key("/none/a")).await;
    assert!(matches!(&purged, Err(StoreError::NotFound(_))), "{purged:?}");
}

pub(super) async fn a_repeated_commit_does_not_answer_what_was_purged(config: &Config) {
    config.set("/db/a", "1").await;
    let txn = Txn {
        id: "once".parse().expect("an id"),
        recorded: true,
        ..Txn::new(vec![set("/db/a", "2"), delete("/db/none")])
    };
    config.store.commit(txn.clone()).await.expect("a commit");
    settle(config);
    assert_eq!(purge(config, "/db/a").await.lines, 2);
    match config.store.commit(txn).await {
        Err(StoreError::Purged(value)) => {
            assert_eq!((value.key, value.revision.get()), (key("/db/a"), 1));
        }
        other => panic!("expected Purged, got {other:?}"),
    }
    assert_eq!(config.revision("/db").await, 2, "it is not made again");
}
