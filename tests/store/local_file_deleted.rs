//! The embedded engine where its file is deleted or replaced while it is open.

use std::fs;
use std::sync::Arc;

use discfg::engine::local::{LocalEngine, OpenMode};
use discfg::model::{Key, SystemClock};
use discfg::store::{Consistency, Store as _, StoreError, StoreExt as _};

#[tokio::test]
async fn what_is_written_to_a_file_that_is_gone_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mycfg.db");
    let open = |mode| LocalEngine::open(&path, mode, Arc::new(SystemClock), "tester").expect("a file");
    let key: Key = "/db/url".parse().expect("a key");
    let value = || discfg::model::Value::text("hello").expect("a value");
    let engine = open(OpenMode::Create);
    engine.set(&key, value()).await.expect("it is there");
    let check = async || {
        let write = engine.set(&key, value()).await.map(drop);
        let read = engine.get(&key, Consistency::Strong).await.map(drop);
        for refused in [write, read] {
            match refused {
                Err(StoreError::NoConfig {
                    place: Some(place), ..
                }) => {
                    assert!(place.ends_with("mycfg.db was deleted or replaced"), "{place}");
                }
                other => panic!("{other:?}"),
            }
        }
    };
    for file in fs::read_dir(folder.path()).expect("a folder").flatten() {
        fs::remove_file(file.path()).expect("a file");
    }
    check().await;
    let other = open(OpenMode::Create);
    check().await;
    assert_eq!(
        other.get(&key, Consistency::Strong).await.expect("it is there"),
        None
    );
}
