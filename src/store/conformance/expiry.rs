//! An entry whose time has come is absent everywhere, by the store's clock.

use super::support::{Config, delete, key, prefix, set, set_for_an_hour, text};
use crate::model::{Clock as _, Guard, Revision};
use crate::store::{Consistency, Scope, StoreError, Txn};

const HOUR: i64 = 3600;

pub(super) async fn an_expired_key_is_absent_from_reads(config: &Config) {
    config
        .commit(vec![set_for_an_hour("/db/lease", "1"), set("/db/url", "1")])
        .await;
    let entry = config.entry("/db/lease").await;
    assert_eq!(
        entry.expires,
        Some(config.now().expiry_after(entry.ttl.expect("a time to live")))
    );
    let other = config.harness.open().await;

    config.clock.advance(HOUR);
    assert_eq!(
        config.get("/db/lease").await,
        Some(entry),
        "it lives to its last second"
    );
    assert_eq!(config.snapshot(&["/db"]).await.entries.len(), 2);

    config.clock.advance(1);
    for store in [&config.store, &other] {
        for read in [Consistency::Strong, Consistency::Eventual] {
            let got = store.get(&key("/db/lease"), read).await.expect("a get");
            assert_eq!(got, None);
        }
    }
    for scope in [
        Scope::all(prefix("/")),
        Scope::all(prefix("/db")),
        Scope::level(prefix("/db")),
    ] {
        assert_eq!(config.names(&scope).await, ["/db/url"], "{scope:?}");
    }
    let limited = Scope {
        limit: Some(1),
        ..Scope::all(prefix("/db"))
    };
    assert_eq!(
        config.names(&limited).await,
        ["/db/url"],
        "what expired doesn't count"
    );
    for prefixes in [["/"], ["/db"]] {
        let entries = config.snapshot(&prefixes).await.entries;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].key, key("/db/url"));
    }
    match config.store.touch(&key("/db/lease"), None).await {
        Err(StoreError::NotFound(absent)) => assert_eq!(absent, key("/db/lease")),
        other => panic!("expected NotFound, got {other:?}"),
    }
    assert_eq!(config.revision("/db").await, 1, "expiry moves no head");
}

pub(super) async fn an_expired_key_is_absent_from_folders(config: &Config) {
    config
        .commit(vec![
            set_for_an_hour("/services/web/a", "1"),
            set_for_an_hour("/services/web/b", "1"),
            set_for_an_hour("/services/db/a", "1"),
            set("/services/db/z", "1"),
            set_for_an_hour("/leases/one", "1"),
        ])
        .await;
    let (root, services) = (Scope::level(prefix("/")), Scope::level(prefix("/services")));
    assert_eq!(config.names(&root).await, ["/leases/", "/services/"]);
    assert_eq!(config.names(&services).await, ["/services/db/", "/services/web/"]);
    config.clock.advance(HOUR + 1);
    assert_eq!(config.names(&root).await, ["/services/"]);
    assert_eq!(config.names(&services).await, ["/services/db/"]);
}

pub(super) async fn an_expired_key_is_absent_to_guards(config: &Config) {
    config.commit(vec![set_for_an_hour("/db/lease", "1")]).await;
    config.clock.advance(HOUR + 1);
    for guard in [
        Guard::Present(key("/db/lease")),
        Guard::Revision(key("/db/lease"), Revision::new(1)),
        Guard::Value(key("/db/lease"), text("1")),
    ] {
        let txn = Txn::new(vec![set("/db/url", "1")]).guarded([guard.clone()]);
        let conflict = config.refused(txn).await;
        assert_eq!((conflict.guard, conflict.current), (guard, None));
        assert_eq!(conflict.revision, Revision::new(1));
    }
    let absent = || Guard::Absent(key("/db/lease"));
    // Guarded without being written, then written itself: two ways through an engine.
    let txn = Txn::new(vec![set("/db/url", "1")]).guarded([absent()]);
    config.store.commit(txn).await.expect("an expired key is absent");
    let txn = Txn::new(vec![set_for_an_hour("/db/lease", "2")]).guarded([absent()]);
    config.store.commit(txn).await.expect("an expired key is absent");
    let conflict = config
        .refused(Txn::new(vec![set("/db/lease", "3")]).guarded([absent()]))
        .await;
    assert_eq!(conflict.current.map(|entry| entry.value), Some(text("2")));
}

pub(super) async fn an_expired_key_begins_anew(config: &Config) {
    config.commit(vec![set_for_an_hour("/db/lease", "1")]).await;
    config.commit(vec![set_for_an_hour("/db/lease", "2")]).await;
    assert_eq!(config.entry("/db/lease").await.version, 2);
    config.clock.advance(HOUR + 1);
    let done = config.commit(vec![set("/db/lease", "3")]).await;
    let [applied] = &done.changes[..] else {
        panic!("expected one change, got {:?}", done.changes);
    };
    assert_eq!((&applied.previous, &applied.change.previous), (&None, &None));
    let entry = config.entry("/db/lease").await;
    assert_eq!((entry.version, entry.revision.get()), (1, 3));
    assert_eq!(entry.created, config.clock.now());
    assert_eq!((entry.ttl, entry.expires), (None, None));
    assert_eq!(config.changes("/db", 2).await[0].previous, None);
    config.clock.advance(HOUR * 24 * 300);
    assert_eq!(config.entry("/db/lease").await.value, text("3"));
}

pub(super) async fn an_expired_key_is_not_deleted_again(config: &Config) {
    config
        .commit(vec![set_for_an_hour("/db/lease", "1"), set("/db/url", "1")])
        .await;
    config.clock.advance(HOUR + 1);
    let done = config.commit(vec![delete("/db/lease")]).await;
    assert_eq!((done.heads, done.changes), (vec![], vec![]));
    assert_eq!(config.revision("/db").await, 1);
    let done = config.commit(vec![delete("/db/lease"), delete("/db/url")]).await;
    assert_eq!(done.changes.len(), 1);
    assert_eq!(config.changes("/db", 1).await.len(), 1);
}
