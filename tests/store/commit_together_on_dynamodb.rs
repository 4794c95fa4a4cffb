//! Commits that wait for one section on the way to its table: how many requests they take, and that each is made
//! exactly once, whatever becomes of a request.

use std::collections::BTreeSet;
use std::sync::Arc;

use discfg::model::{CommitId, Encoding, Guard, Key, Mutation, Value};
use discfg::store::{Committed, Result, Store, StoreError, Txn};
use futures::future::join_all;
use serde_json::{Value as Json, json};

use support::account::Account;
use support::config::TABLE;
use support::emulator::Emulator;
use support::proxy::{Gate, Proxy};
use support::stores::store_at;

/// A table behind a proxy, with the section `/db` in it.
async fn table() -> (Account, Proxy, Arc<dyn Store>) {
    let account = Emulator::shared().account();
    account.create_table(TABLE);
    let proxy = Proxy::before(Emulator::shared());
    let store = store_at(&account, proxy.url(), None);
    store.commit(one("/db/first")).await.expect("a first commit");
    proxy.forget();
    (account, proxy, store)
}

fn key(text: &str) -> Key {
    text.parse().expect(text)
}

fn one(at: &str) -> Txn {
    let value = Value::new("v", Encoding::Text).expect("a value");
    Txn::new(vec![Mutation::set(key(at), value)])
}

fn many(n: usize) -> Vec<Txn> {
    (0..n).map(|n| one(&format!("/db/{n}"))).collect()
}

/// Commits while one that came before is on its way: they wait for it and then go, and `meanwhile` is between.
async fn behind_a_held_one(
    proxy: &Proxy,
    store: &Arc<dyn Store>,
    txns: Vec<Txn>,
    meanwhile: impl FnOnce(),
) -> Vec<Result<Committed>> {
    let gate = proxy.on("TransactWriteItems").times(1).hold();
    let (held, answers) = start_behind(&gate, store, txns);
    meanwhile();
    gate.release();
    let answers = answers.await;
    held.await.expect("it ends").expect("the held one is made");
    answers
}

type Held = tokio::task::JoinHandle<Result<Committed>>;

/// One commit that is held at the gate, and those that wait behind it.
fn start_behind(
    gate: &Gate,
    store: &Arc<dyn Store>,
    txns: Vec<Txn>,
) -> (Held, impl Future<Output = Vec<Result<Committed>>> + use<>) {
    let first = Arc::clone(store);
    let held = tokio::spawn(async move { first.commit(one("/db/held")).await });
    tokio::task::block_in_place(|| gate.arrived());
    let store = Arc::clone(store);
    let commits = txns.into_iter().map(move |txn| {
        let store = Arc::clone(&store);
        async move { store.commit(txn).await }
    });
    let mut all = Box::pin(join_all(commits));
    // Looked at once, each has taken its place.
    let waker = std::task::Waker::noop();
    let looked = all.as_mut().poll(&mut std::task::Context::from_waker(waker));
    assert!(looked.is_pending(), "they wait for the one that is held");
    (held, all)
}

/// The lines of the log under each of these ids, seen by a client that is not ours.
fn lines(account: &Account, ids: &[CommitId]) -> Vec<usize> {
    let items = account.items(TABLE);
    let of = |id: &CommitId| {
        items
            .iter()
            .filter(|item| item["key"].is_object() && item["commit"]["S"] == id.as_str())
            .count()
    };
    ids.iter().map(of).collect()
}

fn ids(txns: &[Txn]) -> Vec<CommitId> {
    txns.iter().map(|txn| txn.id.clone()).collect()
}

/// Each has its own answer, and their revisions follow each other after that one.
fn assert_made(txns: &[Txn], answers: Vec<Result<Committed>>, after: u64) {
    let mut revisions = BTreeSet::new();
    for (txn, answer) in txns.iter().zip(answers) {
        let done = answer.expect("it is made");
        assert_eq!(done.commit, txn.id);
        assert_eq!(done.changes[0].change.key, *txn.changes[0].key());
        revisions.insert(done.heads[0].revision.get());
    }
    let expected: BTreeSet<u64> = (1..=txns.len() as u64).map(|n| after + n).collect();
    assert_eq!(revisions, expected);
}

/// The conditions' outcome where the first of them doesn't hold, without telling what is there.
fn lost_race() -> impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static {
    |body| {
        let request: Json = serde_json::from_str(body).expect("JSON");
        let actions = request["TransactItems"].as_array().expect("actions").len();
        let mut reasons = vec![json!({"Code": "None"}); actions];
        reasons[0] = json!({"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"});
        let answer = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled",
            "CancellationReasons": reasons,
        });
        Some((400, answer.to_string()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lone_commit_takes_two_requests() {
    let (_account, proxy, store) = table().await;
    for n in 0..3 {
        store.commit(one(&format!("/db/{n}"))).await.expect("no guards");
    }
    assert_eq!(
        proxy.operations(),
        ["BatchGetItem", "TransactWriteItems"].repeat(3)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_waits_goes_in_one_transaction() {
    let (account, proxy, store) = table().await;
    let txns = many(40);
    let answers = behind_a_held_one(&proxy, &store, txns.clone(), || {}).await;
    assert_made(&txns, answers, 2);
    assert_eq!(
        proxy.operations(),
        ["BatchGetItem", "TransactWriteItems"].repeat(2)
    );
    assert_eq!(lines(&account, &ids(&txns)), [1; 40]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_does_not_fit_goes_in_the_next() {
    let (account, proxy, store) = table().await;
    let txns = many(120);
    let answers = behind_a_held_one(&proxy, &store, txns.clone(), || {}).await;
    assert_made(&txns, answers, 2);
    assert_eq!(proxy.count("TransactWriteItems"), 1 + 3);
    assert_eq!(lines(&account, &ids(&txns)), [1; 120]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn other_sections_wait_for_nobody() {
    let (_account, proxy, store) = table().await;
    let gate = proxy.on("TransactWriteItems").times(1).hold();
    let (held, waiting) = start_behind(&gate, &store, many(2));
    store.commit(one("/app/a")).await.expect("its section is free");
    gate.release();
    for answer in waiting.await {
        answer.expect("no guards");
    }
    held.await.expect("it ends").expect("no guards");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_batch_whose_answer_was_lost_is_made_once() {
    let (account, proxy, store) = table().await;
    let txns = many(20);
    let answers = behind_a_held_one(&proxy, &store, txns.clone(), || {
        // It landed; and when it is sent again, the token is no longer known.
        proxy.on("TransactWriteItems").times(1).cut_after();
        proxy.on("TransactWriteItems").times(1).play(lost_race());
    })
    .await;
    assert_made(&txns, answers, 2);
    assert_eq!(proxy.count("TransactWriteItems"), 1 + 2);
    assert_eq!(lines(&account, &ids(&txns)), [1; 20]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_batch_that_is_sent_again_is_made_once() {
    let (account, proxy, store) = table().await;
    for cut in ["before", "after", "throttled", "conflict"] {
        let before = store.commit(one("/db/first")).await.expect("no guards").heads[0].revision;
        let txns = many(20);
        proxy.forget();
        let answers = behind_a_held_one(&proxy, &store, txns.clone(), || {
            let rule = proxy.on("TransactWriteItems").times(2);
            match cut {
                "before" => rule.cut_before(),
                "after" => rule.cut_after(),
                "throttled" => rule.throttle(),
                _ => rule.conflict(),
            }
        })
        .await;
        assert_made(&txns, answers, before.get() + 1);
        assert_eq!(proxy.count("TransactWriteItems"), 1 + 3, "{cut}");
        assert_eq!(lines(&account, &ids(&txns)), [1; 20], "{cut}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_batch_that_lost_its_race_is_decided_anew() {
    let (account, proxy, store) = table().await;
    let direct = store_at(&account, &account.url(), None);
    for cut in [true, false] {
        let start = direct.commit(one("/db/first")).await.expect("no guards").heads[0].revision;
        let gate = proxy.on("TransactWriteItems").times(1).hold();
        let mut txns = many(10);
        txns[3] = one("/db/raced").guarded([Guard::Absent(key("/db/raced"))]);
        let (held, answers) = start_behind(&gate, &store, txns.clone());
        if cut {
            proxy.on("TransactWriteItems").times(1).cut_before();
        }
        let second = proxy.on("TransactWriteItems").times(1).hold();
        gate.release();
        held.await.expect("it ends").expect("no guards");
        let answers = tokio::spawn(answers);
        tokio::task::block_in_place(|| second.arrived());
        direct.commit(one("/db/raced")).await.expect("no guards");
        second.release();
        let mut answers = answers.await.expect("they end");
        match answers.remove(3) {
            Err(StoreError::Conflict(conflict)) => assert!(conflict.current.is_some()),
            other => panic!("another made it first: {other:?}"),
        }
        let refused = txns.remove(3);
        assert_made(&txns, answers, start.get() + 2);
        assert_eq!(lines(&account, &ids(&txns)), [1; 9]);
        assert_eq!(lines(&account, &[refused.id]), [0]);
        let delete = Txn::new(vec![Mutation::Delete {
            key: key("/db/raced"),
        }]);
        direct.commit(delete).await.expect("no guards");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_of_them_brings_about_is_not_the_others() {
    let (account, proxy, store) = table().await;
    let mut txns = many(8);
    txns[5] = one("/db/bad");
    let answers = behind_a_held_one(&proxy, &store, txns.clone(), || {
        proxy.on("TransactWriteItems").play(|body| {
            let refused = json!({
                "__type": "com.amazon.coral.validate#ValidationException",
                "message": "Item size has exceeded the maximum allowed size",
            });
            body.contains("/db/bad").then(|| (400, refused.to_string()))
        });
    })
    .await;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.is_err(), n == 5, "{n}: {answer:?}");
    }
    assert_eq!(lines(&account, &ids(&txns)), [1, 1, 1, 1, 1, 0, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_denial_names_to_each_its_own_key() {
    let (account, proxy, store) = table().await;
    let txns = many(4);
    let answers = behind_a_held_one(&proxy, &store, txns.clone(), || {
        proxy.on("TransactWriteItems").deny();
    })
    .await;
    for (n, answer) in answers.into_iter().enumerate() {
        let subject = match answer {
            Err(StoreError::Denied { subject, .. }) => subject,
            other => panic!("expected Denied, got {other:?}"),
        };
        assert_eq!(subject, Some(format!("/db/{n}")));
    }
    assert_eq!(lines(&account, &ids(&txns)), [0; 4]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_goes_on_where_its_caller_stops_waiting() {
    let (account, proxy, store) = table().await;
    let gate = proxy.on("TransactWriteItems").times(1).hold();
    let txns = many(10);
    let (held, waiting) = start_behind(&gate, &store, txns.clone());
    held.abort();
    drop(waiting);
    gate.release();
    // In its turn, which is after theirs or with them.
    store.commit(one("/db/last")).await.expect("no guards");
    assert_eq!(lines(&account, &ids(&txns)), [1; 10]);
    let held = store
        .get(&key("/db/held"), discfg::store::Consistency::Strong)
        .await;
    assert!(held.expect("a get").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_recorded_commit_takes_no_request_more_and_one_that_is_sent_again_looks_at_its_lines() {
    let (account, proxy, store) = table().await;
    let txn = Txn {
        recorded: true,
        ..one("/db/once").guarded([Guard::Absent(key("/db/once"))])
    };
    let first = store.commit(txn.clone()).await.expect("it is absent");
    assert_eq!(proxy.operations(), ["BatchGetItem", "TransactWriteItems"]);
    proxy.forget();
    let again = store.commit(txn.clone()).await.expect("it is made already");
    assert_eq!(again, first);
    assert_eq!(proxy.operations(), ["BatchGetItem", "Query"]);
    assert_eq!(lines(&account, &[txn.id]), [1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repeated_commit_that_lands_meanwhile_is_found() {
    let (account, proxy, store) = table().await;
    let direct = store_at(&account, &account.url(), None);
    let txn = Txn {
        recorded: true,
        ..one("/db/once").guarded([Guard::Absent(key("/db/once"))])
    };
    // Read before, sent after: by the transaction's condition, and by a refusal that was half seen.
    let gate = proxy.on("TransactWriteItems").times(1).hold();
    let (late, again) = (Arc::clone(&store), txn.clone());
    let late = tokio::spawn(async move { late.commit(again).await });
    tokio::task::block_in_place(|| gate.arrived());
    let first = direct.commit(txn.clone()).await.expect("it is absent");
    gate.release();
    let told = late.await.expect("it ends").expect("it is made already");
    assert_eq!(told, first);
    assert_eq!(lines(&account, std::slice::from_ref(&txn.id)), [1]);

    // The entry is seen, its head, its record and its lines are not yet.
    proxy.forget();
    proxy.on("BatchGetItem").times(1).alter(|_, answer| {
        let items = answer["Responses"][TABLE].as_array_mut().expect("items");
        items.retain(|item| !item["sk"]["S"].as_str().expect("a key").starts_with("@commit#"));
        for item in items {
            if item["sk"]["S"] == "@head" {
                item["rev"]["N"] = json!("1");
            }
        }
    });
    proxy.on("Query").times(1).alter(|_, answer| {
        let lines = answer["Items"].as_array_mut().expect("items");
        lines.retain(|line| line["key"]["S"] == "/db/first");
    });
    let told = store.commit(txn.clone()).await.expect("it is made already");
    assert_eq!(told, first);
    assert_eq!(lines(&account, &[txn.id]), [1]);
    assert_eq!(
        proxy.operations(),
        ["BatchGetItem", "TransactGetItems", "Query", "Query"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn patience_ends_for_each_with_what_is_known_of_it() {
    let ended = |fault: fn(&Proxy)| async move {
        let (account, proxy, store) = table().await;
        let txns = many(3);
        let answers = behind_a_held_one(&proxy, &store, txns.clone(), || fault(&proxy)).await;
        (lines(&account, &ids(&txns)), ids(&txns), answers)
    };
    let lost = ended(|proxy| {
        proxy.on("TransactWriteItems").cut_after();
        proxy.on("TransactGetItems").cut_before();
    });
    let busy = ended(|proxy| proxy.on("TransactWriteItems").conflict());
    let ((lost, ids, unknown), (untouched, _, refused)) = futures::join!(lost, busy);
    for (id, answer) in ids.iter().zip(unknown) {
        match answer {
            Err(StoreError::OutcomeUnknown { commit, .. }) => assert_eq!(commit, *id),
            other => panic!("expected OutcomeUnknown, got {other:?}"),
        }
    }
    assert_eq!(lost, [1; 3]);
    for answer in refused {
        let error = answer.expect_err("it is never made");
        assert!(error.to_string().ends_with("nothing was written"), "{error}");
    }
    assert_eq!(untouched, [0; 3]);
}
