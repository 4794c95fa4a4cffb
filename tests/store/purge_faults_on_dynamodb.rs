//! Purges of a table that are interrupted, or meet others: what is left is purged by the next.

use std::sync::Arc;

use discfg::model::{Encoding, Key, Mutation, TestClock, Value};
use discfg::store::{Store, StoreError, Txn};

use support::account::Account;
use support::config::TABLE;
use support::emulator::Emulator;
use support::proxy::Proxy;
use support::stores::{set_all, store_at};

/// How often the table holds the text, in any item, seen by a client that is not ours.
fn count(account: &Account, text: &str) -> usize {
    let items = serde_json::to_string(&account.items(TABLE)).expect("JSON");
    items.matches(text).count()
}

fn key() -> Key {
    "/db/password".parse().expect("a key")
}

/// A table behind a proxy, whose key had three values and settled.
async fn aged() -> (Account, Proxy, Arc<dyn Store>, Arc<TestClock>) {
    let account = Emulator::shared().account();
    account.create_table(TABLE);
    let proxy = Proxy::before(Emulator::shared());
    let clock = Arc::new(TestClock::new());
    let store = store_at(&account, proxy.url(), Some(clock.clone()));
    for value in ["hunter1", "hunter2", "kept"] {
        set_all(&*store, &[("/db/password", value)]).await;
    }
    clock.advance(120);
    (account, proxy, store, clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_interrupted_is_finished_by_the_next() {
    let (account, proxy, store, _) = aged().await;
    proxy.on("UpdateItem").skip(1).deny();
    let failed = store.purge(&key()).await;
    assert!(matches!(failed, Err(StoreError::Denied { .. })), "{failed:?}");
    assert!(count(&account, "hunter") > 0);
    proxy.calm();
    let purged = store.purge(&key()).await.expect("nothing is in the way");
    // One was done before, unless the failure of the next cut it off.
    assert!((2..=3).contains(&purged.lines), "{}", purged.lines);
    assert_eq!((count(&account, "hunter"), count(&account, "kept")), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_a_transaction_reads_is_tried_again() {
    let (account, proxy, store, _) = aged().await;
    let conflict = |times| {
        proxy.on("UpdateItem").times(times).error(
            400,
            "TransactionConflictException",
            "Transaction is ongoing for the item",
        );
    };
    conflict(3);
    let purged = store.purge(&key()).await.expect("it ends");
    assert_eq!((purged.lines, count(&account, "hunter")), (3, 0));

    let (_account, proxy, store, _) = aged().await;
    proxy.on("UpdateItem").error(
        400,
        "TransactionConflictException",
        "Transaction is ongoing for the item",
    );
    let failed = store.purge(&key()).await;
    assert!(
        matches!(&failed, Err(StoreError::Busy(problem)) if problem.contains("/db/password")),
        "{failed:?}"
    );
}

/// DynamoDB deletes it only within days.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_item_goes_with_its_lines() {
    let (account, _proxy, store, clock) = aged().await;
    let value = Value::new("hunter-lease", Encoding::Text).expect("a value");
    let lease = Mutation::set(key(), value).ttl("1h".parse().expect("a time"));
    store.commit(Txn::new(vec![lease])).await.expect("no guards");
    clock.advance(2 * 3600);
    assert_eq!(count(&account, "hunter-lease"), 2, "the item and its line");
    let purged = store.purge(&key()).await.expect("it settled");
    assert_eq!((purged.lines, purged.kept), (4, None));
    assert_eq!((count(&account, "hunter"), count(&account, "kept")), (0, 0));
    let entries = account.items(TABLE);
    let has_item = entries.iter().any(|item| item["sk"]["S"] == "/db/password");
    assert!(!has_item);
}

/// DynamoDB deletes lines when their time has come, or later.
#[tokio::test(flavor = "multi_thread")]
async fn lines_that_no_reader_is_given_any_more_are_purged_too() {
    let (account, _proxy, store, clock) = aged().await;
    clock.advance(40 * 24 * 3600);
    assert!(count(&account, "hunter") > 0);
    assert_eq!(store.purge(&key()).await.expect("it settled").lines, 3);
    assert_eq!(count(&account, "hunter"), 0);
}
