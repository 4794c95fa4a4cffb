//! How far back the log goes, and the settings that say so.

use super::support::{Config, set, text};
use crate::store::{Meta, StoreError, Txn};

const DAY: i64 = 24 * 3600;

pub(super) async fn old_lines_are_compacted(config: &Config) {
    config.set("/db/a", "1").await;
    config.commit(vec![set("/db/a", "2"), set("/db/b", "2")]).await;
    config.set("/app/a", "1").await;
    config.clock.advance(29 * DAY);
    config.set("/db/a", "3").await;
    assert_eq!(config.changes("/db", 0).await.len(), 4, "29 days are within 30");
    config.clock.advance(2 * DAY);
    config.set("/db/a", "4").await;

    assert_eq!(config.compacted("/db", 0).await, 2);
    assert_eq!(config.compacted("/db", 1).await, 2);
    let revisions = |log: Vec<crate::model::Change>| -> Vec<u64> {
        log.iter().map(|change| change.revision.get()).collect()
    };
    assert_eq!(revisions(config.changes("/db", 2).await), [3, 4]);
    assert_eq!(revisions(config.changes("/db", 3).await), [4]);
    assert_eq!(revisions(config.history("/db/a", None).await), [4, 3]);
    assert_eq!(config.history("/db/b", None).await, []);
    assert_eq!(config.entry("/db/b").await.value, text("2"), "entries stay");
    let kept = &config.changes("/db", 2).await[0];
    let replaced = kept.previous.as_ref().map(|old| old.revision.get());
    assert_eq!(replaced, Some(2), "a line still says what it replaced");
}

pub(super) async fn a_log_that_is_gone_is_compacted(config: &Config) {
    config.set("/db/a", "1").await;
    config.set("/db/a", "2").await;
    config.clock.advance(31 * DAY);
    assert_eq!(config.compacted("/db", 0).await, 2);
    assert_eq!(config.compacted("/db", 1).await, 2);
    assert_eq!(config.changes("/db", 2).await, []);
    assert_eq!(config.history("/db/a", None).await, []);
    let next = config.set("/db/a", "3").await;
    assert_eq!((next.version, next.revision.get()), (3, 3));
    assert_eq!(config.changes("/db", 2).await.len(), 1);
    assert_eq!(config.compacted("/db", 1).await, 2);
}

pub(super) async fn the_settings_say_how_long_lines_are_kept(config: &Config) {
    let admin = config.admin().await;
    let meta = Meta {
        history_days: 1,
        ..Meta::default()
    };
    admin.write_meta(meta).await.expect("settings are written");
    assert_eq!(admin.meta().await.expect("settings are read"), Some(meta));
    config.set("/db/a", "1").await;
    config.clock.advance(DAY - 1);
    config.set("/db/a", "2").await;
    assert_eq!(config.changes("/db", 0).await.len(), 2);
    config.clock.advance(1);
    config.set("/db/a", "3").await;
    assert_eq!(config.compacted("/db", 0).await, 1);
    assert_eq!(config.changes("/db", 1).await.len(), 2);
    admin
        .write_meta(Meta::default())
        .await
        .expect("settings are written again");
    assert_eq!(
        admin.meta().await.expect("settings are read"),
        Some(Meta::default())
    );
}

pub(super) async fn a_newer_layout_is_not_written(config: &Config) {
    let admin = config.admin().await;
    config.set("/db/a", "1").await;
    let newer = Meta {
        layout: Meta::LAYOUT + 1,
        ..Meta::default()
    };
    admin.write_meta(newer).await.expect("settings are written");
    match config.store.commit(Txn::new(vec![set("/db/a", "2")])).await {
        Err(StoreError::Layout { found, known }) => {
            assert_eq!((found, known), (newer.layout, Meta::LAYOUT));
        }
        other => panic!("expected Layout, got {other:?}"),
    }
}
