//! Times to live: what a write makes of them, and how they are renewed.

use super::support::{Config, delete, hours, key, set, set_for_an_hour, set_with, text};
use crate::model::{Guard, Op, Revision, TtlChoice};
use crate::store::{StoreError, Txn};

const HOUR: i64 = 3600;

pub(super) async fn a_write_says_what_becomes_of_the_ttl(config: &Config) {
    let ttl_of = |entry: &crate::model::Entry| (entry.ttl, entry.expires);
    config.commit(vec![set_for_an_hour("/db/a", "1")]).await;
    let until = config.now().expiry_after(hours(1));
    assert_eq!(
        ttl_of(&config.entry("/db/a").await),
        (Some(hours(1)), Some(until))
    );

    config.clock.advance(60);
    config.commit(vec![set_with("/db/a", "2", TtlChoice::Keep)]).await;
    let kept = config.entry("/db/a").await;
    assert_eq!(
        ttl_of(&kept),
        (Some(hours(1)), Some(until)),
        "it keeps the moment it had"
    );
    match &config.changes("/db", 1).await[0].op {
        Op::Set { ttl, expires, .. } => assert_eq!((*ttl, *expires), (Some(hours(1)), Some(until))),
        Op::Delete => panic!("a set is logged as a delete"),
    }

    config
        .commit(vec![set_with("/db/a", "3", TtlChoice::For(hours(2)))])
        .await;
    let until = config.now().expiry_after(hours(2));
    assert_eq!(
        ttl_of(&config.entry("/db/a").await),
        (Some(hours(2)), Some(until))
    );

    for (ends, comes_to) in [(60, 60), (HOUR, HOUR), (2 * HOUR, HOUR + 1)] {
        let moment = |seconds| crate::model::Timestamp::from_epoch(config.now().epoch() + seconds);
        let ttl = TtlChoice::Until {
            ttl: hours(1),
            expires: moment(ends),
        };
        config.commit(vec![set_with("/db/a", "3", ttl)]).await;
        let entry = config.entry("/db/a").await;
        assert_eq!(ttl_of(&entry), (Some(hours(1)), Some(moment(comes_to))));
    }

    config
        .commit(vec![set_with("/db/a", "4", TtlChoice::Never)])
        .await;
    assert_eq!(ttl_of(&config.entry("/db/a").await), (None, None));
    config.commit(vec![set_with("/db/a", "5", TtlChoice::Keep)]).await;
    assert_eq!(ttl_of(&config.entry("/db/a").await), (None, None));
    config
        .commit(vec![set_with("/db/new", "1", TtlChoice::Keep)])
        .await;
    assert_eq!(ttl_of(&config.entry("/db/new").await), (None, None));

    config.commit(vec![set_for_an_hour("/db/new", "2")]).await;
    config.clock.advance(HOUR + 1);
    config
        .commit(vec![set_with("/db/new", "3", TtlChoice::Keep)])
        .await;
    let anew = config.entry("/db/new").await;
    assert_eq!(ttl_of(&anew), (None, None), "what expired has nothing to keep");
    assert_eq!(anew.version, 1);
}

pub(super) async fn touch_renews_and_leaves_no_trace(config: &Config) {
    config.commit(vec![set_for_an_hour("/db/lease", "1")]).await;
    let before = config.entry("/db/lease").await;
    let (heads, log) = (config.heads().await, config.changes("/db", 0).await);
    config.clock.advance(HOUR / 2);
    let touched = config
        .store
        .touch(&key("/db/lease"), None)
        .await
        .expect("the key is there");
    let renewed = config.now().expiry_after(hours(1));
    let expected = crate::model::Entry {
        expires: Some(renewed),
        ..before.clone()
    };
    assert_eq!(touched, expected, "a touch changes nothing but the expiry");
    assert_eq!(config.get("/db/lease").await, Some(expected));
    assert_eq!(
        (config.heads().await, config.changes("/db", 0).await),
        (heads, log)
    );

    config.clock.advance(HOUR);
    assert_eq!(config.entry("/db/lease").await.expires, Some(renewed));
    let txn = Txn::new(vec![set_with("/db/lease", "2", TtlChoice::Keep)])
        .guarded([Guard::Revision(key("/db/lease"), Revision::new(1))]);
    config.store.commit(txn).await.expect("a touch moves no revision");
    assert_eq!(config.entry("/db/lease").await.expires, Some(renewed));
    config.clock.advance(1);
    assert_eq!(config.get("/db/lease").await, None);
}

pub(super) async fn touch_gives_a_ttl(config: &Config) {
    config
        .commit(vec![set_for_an_hour("/db/lease", "1"), set("/db/url", "1")])
        .await;
    for at in ["/db/lease", "/db/url"] {
        let entry = config
            .store
            .touch(&key(at), Some(hours(3)))
            .await
            .expect("the key is there");
        assert_eq!(entry.ttl, Some(hours(3)), "{at}");
        assert_eq!(entry.expires, Some(config.now().expiry_after(hours(3))), "{at}");
        assert_eq!(config.get(at).await, Some(entry), "{at}");
    }
    config.clock.advance(HOUR);
    let entry = config.store.touch(&key("/db/lease"), None).await;
    assert_eq!(
        entry.expect("the key is there").expires,
        Some(config.now().expiry_after(hours(3))),
        "the new time to live is the one it has"
    );
    config.clock.advance(2 * HOUR + 1);
    assert_eq!(config.get("/db/url").await, None);
    assert!(config.get("/db/lease").await.is_some());
}

pub(super) async fn touch_needs_a_ttl(config: &Config) {
    config.set("/db/url", "1").await;
    let before = config.everything().await;
    match config.store.touch(&key("/db/url"), None).await {
        Err(StoreError::NoTtl(named)) => assert_eq!(named, key("/db/url")),
        other => panic!("expected NoTtl, got {other:?}"),
    }
    config.is_still(&before).await;
}

pub(super) async fn touch_makes_no_ghost(config: &Config) {
    config
        .commit(vec![
            set_for_an_hour("/db/expired", "1"),
            set_for_an_hour("/db/deleted", "1"),
        ])
        .await;
    config.commit(vec![delete("/db/deleted")]).await;
    config.clock.advance(HOUR + 1);
    let before = config.everything().await;
    for at in [
        "/db/expired",
        "/db/deleted",
        "/db/never",
        "/nowhere/never",
        "/never",
    ] {
        for ttl in [None, Some(hours(5))] {
            match config.store.touch(&key(at), ttl).await {
                Err(StoreError::NotFound(absent)) => assert_eq!(absent, key(at)),
                other => panic!("expected NotFound for {at}, got {other:?}"),
            }
            assert_eq!(config.get(at).await, None, "{at}");
        }
    }
    config.is_still(&before).await;
    let entry = config.set("/db/expired", "2").await;
    assert_eq!((entry.version, entry.value), (1, text("2")));
}
