//! Snapshots are whole, however a commit's items come to be visible, and none gives up.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use discfg::model::{Mutation, Prefix};
use discfg::store::{Snapshot, Store, Txn};
use serde_json::{Value, json};

use support::config::TABLE;
use support::emulator::Emulator;
use support::proxy::Proxy;
use support::stores::{embedded_store, set_all, store_at, table_store};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_snapshots_beside_a_writer_see_no_half_commit_on_the_embedded_engine() {
    let (_folder, store) = embedded_store(None);
    beside_a_writer(store, 1000).await;
}

/// Fewer than there: each reads the log of the last minute, which the emulator gives slowly.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn snapshots_beside_a_writer_see_no_half_commit_on_dynamodb() {
    let (_account, store) = table_store(None);
    beside_a_writer(store, 100).await;
}

fn values(snapshot: &Snapshot) -> BTreeMap<&str, &str> {
    let entries = snapshot.entries.iter();
    entries
        .map(|entry| (entry.key.as_str(), entry.value.as_text().unwrap_or_default()))
        .collect()
}

const EQUAL: [&str; 3] = ["/one/left", "/one/right", "/two/twin"];

async fn commit(store: &dyn Store, n: u32) {
    let n = n.to_string();
    set_all(store, &EQUAL.map(|key| (key, n.as_str()))).await;
}

/// How many commits there are to be at least while snapshots are taken.
const COMMITS: u32 = 20;
const READERS: u32 = 4;

/// Takes so many snapshots, and goes on until enough was written meanwhile.
async fn beside_a_writer(store: Arc<dyn Store>, looks: u32) {
    commit(store.as_ref(), 0).await;
    let ended = Arc::new(AtomicBool::new(false));
    let written = Arc::new(AtomicU32::new(0));
    let writer = tokio::spawn({
        let (store, ended, written) = (Arc::clone(&store), Arc::clone(&ended), Arc::clone(&written));
        async move {
            while !ended.load(Ordering::SeqCst) {
                let n = written.load(Ordering::SeqCst) + 1;
                commit(store.as_ref(), n).await;
                written.store(n, Ordering::SeqCst);
            }
        }
    });
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (store, written) = (Arc::clone(&store), Arc::clone(&written));
            tokio::spawn(async move {
                for look in 0.. {
                    let before = written.load(Ordering::SeqCst);
                    if look >= looks / READERS && before >= COMMITS {
                        break;
                    }
                    let snapshot = store.snapshot(&[Prefix::all()]).await;
                    let snapshot = snapshot.unwrap_or_else(|error| panic!("look {look}: {error}"));
                    let values = values(&snapshot);
                    let [left, right, twin] = EQUAL.map(|key| values[key]);
                    assert!(left == right && left == twin, "look {look}: {values:?}");
                    let seen: u32 = left.parse().expect("a number");
                    assert!(
                        seen >= before,
                        "look {look} is older than what was answered before it"
                    );
                }
            })
        })
        .collect();
    for reader in readers {
        reader
            .await
            .expect("a reader saw what it must not see, or gave up");
    }
    ended.store(true, Ordering::SeqCst);
    writer.await.expect("the writer wrote");
    assert!(
        written.load(Ordering::SeqCst) > 20,
        "hardly anything was written meanwhile"
    );
}

/// What a commit changes, which may be seen as it was before by plain reads for a moment, each by itself.
const LATE: [(&str, &str); 7] = [
    ("/db", "/db/left"),
    ("/db", "/db/right"),
    ("/db", "/db/gone"),
    ("/db", "/db/new"),
    ("/app", "/app/twin"),
    ("/db", "@head"),
    ("/app", "@head"),
];

/// Puts items into an answer as they were before, or takes them out where they weren't there.
fn show_as_before(items: &mut Vec<Value>, before: &[(&str, &str, Option<Value>)]) {
    for (pk, sk, old) in before {
        items.retain(|item| item["pk"]["S"] != *pk || item["sk"]["S"] != *sk);
        items.extend(old.clone());
    }
    items.sort_by_key(|item| item["sk"]["S"].to_string());
}

mod on_aws {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_commit_whose_items_come_one_by_one_is_seen_whole() {
        let (account, direct) = table_store(None);
        let first = [
            ("/db/left", "1"),
            ("/db/right", "1"),
            ("/db/gone", "1"),
            ("/app/twin", "1"),
        ];
        set_all(direct.as_ref(), &first).await;
        let before = account.items(TABLE);
        let old = |pk: &str, sk: &str| {
            let mut items = before.iter();
            items
                .find(|item| item["pk"]["S"] == pk && item["sk"]["S"] == sk)
                .cloned()
        };
        let set = |key: &str| {
            let value = discfg::model::Value::new("2", discfg::model::Encoding::Detect).expect("a value");
            Mutation::set(key.parse().expect("a key"), value)
        };
        let mut changes: Vec<_> = ["/db/left", "/db/right", "/db/new", "/app/twin"].map(set).into();
        changes.push(Mutation::Delete {
            key: "/db/gone".parse().expect("a key"),
        });
        direct.commit(Txn::new(changes)).await.expect("a commit");

        let proxy = Proxy::before(Emulator::shared());
        let store = store_at(&account, proxy.url(), None);
        // Nothing late, one thing alone, all but one, and all: each while the commit is younger than a minute.
        let all = (1_u32 << LATE.len()) - 1;
        let ones = (0..LATE.len()).map(|bit| 1 << bit);
        let masks = ones.flat_map(|one| [one, all - one]).chain([0, all]);
        for mask in masks {
            let late: Vec<_> = LATE
                .iter()
                .enumerate()
                .filter(|(bit, _)| mask & (1 << bit) != 0)
                .map(|(_, (pk, sk))| (*pk, *sk, old(pk, sk)))
                .collect();
            let heads: Vec<_> = late.iter().filter(|(_, sk, _)| *sk == "@head").cloned().collect();
            proxy.calm();
            proxy.on("BatchGetItem").times(1).alter(move |_, answer| {
                if let Some(items) = answer["Responses"][TABLE].as_array_mut() {
                    show_as_before(items, &heads);
                }
            });
            let hidden = AtomicU32::new(0);
            proxy.on("Query").alter(move |request, answer| {
                let asked = &request["ExpressionAttributeValues"];
                let section = asked[":pk"]["S"].as_str().unwrap_or_default();
                let Some(items) = answer["Items"].as_array_mut() else {
                    return;
                };
                if asked[":prefix"].is_object() {
                    let here: Vec<_> = late
                        .iter()
                        .filter(|(pk, sk, _)| *pk == section && *sk != "@head")
                        .cloned()
                        .collect();
                    show_as_before(items, &here);
                } else if asked[":first"].is_object() && hidden.fetch_add(1, Ordering::SeqCst) < 2 {
                    // A line of the log may be late, too.
                    items.retain(|item| item["sk"]["S"] != "@log#00000000000000000002#000");
                }
                answer["Count"] = json!(answer["Items"].as_array().map_or(0, Vec::len));
            });
            let snapshot = store.snapshot(&[Prefix::all()]).await.expect("a snapshot");
            let wanted = BTreeMap::from([
                ("/app/twin", "2"),
                ("/db/left", "2"),
                ("/db/new", "2"),
                ("/db/right", "2"),
            ]);
            assert_eq!(values(&snapshot), wanted, "late: {mask:07b}");
            assert!(
                snapshot.heads.iter().all(|head| head.revision.get() == 2),
                "late: {mask:07b}"
            );
        }
    }
}
