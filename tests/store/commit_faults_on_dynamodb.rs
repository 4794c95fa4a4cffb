//! Faults between a command and the table: each commit is applied exactly once, or is told as not known.

use std::thread;
use std::time::Duration;

use discfg::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use discfg::model::{Encoding, Mutation, Value};
use discfg::store::{Store as _, StoreError, Txn};
use serde_json::{Value as Json, json};

use support::account::Account;
use support::config::{TABLE, behind_proxy};
use support::emulator::Emulator;
use support::proxy::Proxy;

/// The log's lines for a key, seen by a client that is not ours.
fn lines(account: &Account, key: &str) -> Vec<Json> {
    let items = account.items(TABLE);
    items.into_iter().filter(|item| item["key"]["S"] == key).collect()
}

/// The tokens under which transactions were sent.
fn tokens(proxy: &Proxy) -> Vec<String> {
    let sent = proxy.requests();
    sent.iter()
        .filter(|request| request.operation == "TransactWriteItems")
        .map(|request| {
            request.json()["ClientRequestToken"]
                .as_str()
                .expect("a token")
                .to_owned()
        })
        .collect()
}

/// A cancellation by a failed condition on the first of `actions`, which doesn't tell what is there.
fn lost_race(actions: usize) -> String {
    let mut reasons = vec![json!({"Code": "None"}); actions];
    reasons[0] = json!({"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"});
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": reasons,
    })
    .to_string()
}

#[test]
fn what_can_be_sent_again_is_sent_again_under_the_same_token() {
    type Fault = fn(&Proxy);
    let faults: [(&str, Fault, usize); 7] = [
        (
            "cut before",
            |proxy| proxy.on("TransactWriteItems").times(2).cut_before(),
            3,
        ),
        (
            "cut after",
            |proxy| proxy.on("TransactWriteItems").times(2).cut_after(),
            3,
        ),
        (
            "throttled",
            |proxy| proxy.on("TransactWriteItems").times(2).throttle(),
            3,
        ),
        (
            "server error",
            |proxy| proxy.on("TransactWriteItems").times(1).server_error(),
            2,
        ),
        (
            "conflict",
            |proxy| proxy.on("TransactWriteItems").times(2).conflict(),
            3,
        ),
        (
            "in progress",
            |proxy| {
                proxy.on("TransactWriteItems").times(1).error(
                    400,
                    "TransactionInProgressException",
                    "The transaction with the given request token is already in progress.",
                );
            },
            2,
        ),
        (
            "throttled inside a cancellation",
            |proxy| {
                let reasons = json!([{"Code": "ThrottlingError"}, {"Code": "None"}, {"Code": "None"}]);
                let body = json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "Message": "Transaction cancelled",
                    "CancellationReasons": reasons,
                });
                proxy
                    .on("TransactWriteItems")
                    .times(1)
                    .answer(400, &body.to_string());
            },
            2,
        ),
    ];
    let (account, proxy, place) = behind_proxy();
    place.args(["set", "db/other", "v"]).run().code(0);
    for (index, (name, fault, sends)) in faults.into_iter().enumerate() {
        let key = format!("/db/{index}");
        fault(&proxy);
        proxy.forget();
        place
            .args(["set", &key, "v", "--if-absent"])
            .run()
            .code(0)
            .stdout(format!("{key}: version 1, revision {}\n", index + 2))
            .stderr("");
        let tokens = tokens(&proxy);
        assert_eq!(tokens.len(), sends, "{name}");
        assert!(
            tokens.iter().all(|token| *token == tokens[0]),
            "{name}: {tokens:?}"
        );
        assert_eq!(lines(&account, &key).len(), 1, "{name}");
        proxy.calm();
    }
}

#[test]
fn a_commit_whose_answer_was_lost_finds_itself() {
    let (account, proxy, place) = behind_proxy();
    // It landed; and when it is sent again, the token is no longer known.
    proxy.on("TransactWriteItems").times(1).cut_after();
    proxy.on("TransactWriteItems").times(1).answer(400, &lost_race(4));
    let answer = place
        .args(["set", "db/k", "v", "--if-absent", "-f", "json"])
        .run()
        .code(0)
        .stderr("")
        .json();
    assert_eq!(answer["node"]["key"], "/db/k");
    assert_eq!(answer["node"]["version"], 1);
    assert_eq!(answer["node"]["value"], "v");
    assert_eq!(answer["prevNode"], json!({}));
    assert_eq!(proxy.count("TransactWriteItems"), 2);
    assert_eq!(lines(&account, "/db/k").len(), 1);

    proxy.on("TransactWriteItems").times(1).cut_after();
    proxy.on("TransactWriteItems").times(1).answer(400, &lost_race(3));
    let answer = place.args(["delete", "db/k", "-f", "json"]).run().code(0).json();
    assert_eq!(answer["node"], json!({"key": "/db/k", "revision": 2}));
    assert_eq!(answer["prevNode"]["value"], "v");
    assert_eq!(lines(&account, "/db/k").len(), 2);
}

#[test]
fn a_commit_that_did_not_land_and_lost_its_race_is_decided_anew() {
    let (account, proxy, place) = behind_proxy();
    place.args(["set", "db/k", "old"]).run().code(0);
    let direct = account.url();
    for (guard, code, told) in [
        (&[][..], 0, "/db/k: version 3, revision 3\n"),
        (&["--if-revision", "3"], 4, ""),
    ] {
        proxy.on("TransactWriteItems").times(1).cut_before();
        let gate = proxy.on("TransactWriteItems").times(1).hold();
        thread::scope(|scope| {
            let late = scope.spawn(|| place.args([&["set", "db/k", "late"], guard].concat()).run());
            gate.arrived();
            place
                .args(["set", "db/k", "first"])
                .env("AWS_ENDPOINT_URL", &direct)
                .run()
                .code(0);
            gate.release();
            late.join().expect("it ends").code(code).stdout(told);
        });
    }
    place.args(["get", "db/k"]).run().code(0).stdout("first\n");
    assert_eq!(lines(&account, "/db/k").len(), 4);
}

#[test]
fn where_it_can_not_be_told_the_commit_is_named() {
    let (account, proxy, place) = behind_proxy();
    for last in ["denied", "its log can't be read"] {
        let key = format!("/{}/k", last.len());
        proxy.on("TransactWriteItems").times(1).cut_after();
        if last == "denied" {
            proxy.on("TransactWriteItems").times(1).deny();
        } else {
            proxy.on("TransactWriteItems").times(1).answer(400, &lost_race(4));
            proxy.on("Query").deny();
        }
        let failed = place
            .args(["set", &key, "hunter2"])
            .run()
            .code(6)
            .stdout("")
            .stderr_has("outcome unknown: no response to commit")
            .stderr_lacks("hunter2");
        let written = lines(&account, &key);
        assert_eq!(written.len(), 1, "{last}");
        let commit = written[0]["commit"]["S"].as_str().expect("its id").to_owned();
        failed.stderr_has(&format!("outcome unknown: no response to commit {commit}"));
        proxy.calm();
    }
}

#[test]
fn what_is_refused_writes_nothing() {
    let (account, proxy, place) = behind_proxy();
    proxy.on("TransactWriteItems").deny();
    place
        .args(["set", "k", "v"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("access denied: dynamodb:TransactWriteItems on /k");
    assert_eq!(proxy.count("TransactWriteItems"), 1);
    let items = account.items(TABLE);
    assert!(
        items.iter().all(|item| item["sk"]["S"] == "@sections"),
        "{items:?}"
    );
}

#[test]
fn a_read_is_tried_again_and_then_told_as_worth_another_try() {
    let (_account, proxy, place) = behind_proxy();
    place.args(["set", "k", "v"]).run().code(0);
    for fault in [0, 1, 2] {
        let rule = proxy.on("GetItem").times(1);
        match fault {
            0 => rule.throttle(),
            1 => rule.server_error(),
            _ => rule.cut_after(),
        }
        place.args(["get", "k"]).run().code(0).stdout("v\n");
        proxy.calm();
    }
    proxy.on("GetItem").delay(Duration::from_millis(300));
    place.args(["get", "k"]).run().code(0).stdout("v\n");
    proxy.calm();
    proxy.on("GetItem").throttle();
    place
        .args(["get", "k"])
        .run()
        .code(6)
        .stdout("")
        .stderr_has("DynamoDB is throttling requests");
    proxy.calm();
    proxy.on("GetItem").server_error();
    place
        .args(["get", "k"])
        .run()
        .code(6)
        .stdout("")
        .stderr_has("DynamoDB failed to process dynamodb:GetItem");
}

#[test]
fn keys_that_a_batch_left_over_are_read_too() {
    let (_account, proxy, place) = behind_proxy();
    place.args(["set", "db/k", "old"]).run().code(0);
    proxy.forget();
    let left = |ids: &[(&str, &str)]| {
        let keys: Vec<Json> = ids
            .iter()
            .map(|(pk, sk)| json!({"pk": {"S": pk}, "sk": {"S": sk}}))
            .collect();
        json!({
            "Responses": {TABLE: []},
            "UnprocessedKeys": {TABLE: {"Keys": keys, "ConsistentRead": true}},
        })
        .to_string()
    };
    let all = [("/db", "/db/k"), ("/db", "@head"), ("@config", "@meta")];
    for _ in 0..2 {
        proxy.on("BatchGetItem").times(1).answer(200, &left(&all));
    }
    let answer = place
        .args(["set", "db/k", "new", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(answer["node"]["version"], 2);
    assert_eq!(answer["prevNode"]["value"], "old");
    let operations = [
        "BatchGetItem",
        "BatchGetItem",
        "BatchGetItem",
        "TransactWriteItems",
    ];
    assert_eq!(proxy.operations(), operations);
    for request in &proxy.requests()[..3] {
        let asked = &request.json()["RequestItems"][TABLE];
        assert_eq!(asked["ConsistentRead"], true);
        assert_eq!(asked["Keys"].as_array().map(Vec::len), Some(3));
    }
}

#[tokio::test]
async fn keys_that_are_left_over_again_and_again_end_as_throttled() {
    let account = Emulator::shared().account();
    account.create_table(TABLE);
    let proxy = Proxy::before(Emulator::shared());
    let store = DynamoDb::new(DynamoDbOptions {
        patience: Duration::from_millis(200),
        ..DynamoDbOptions::new(
            "mycfg".parse().expect("a name"),
            Account::sdk(proxy.url(), &account.root()),
        )
    });
    proxy.on("BatchGetItem").play(|body| {
        let asked: Json = serde_json::from_str(body).expect("a request is JSON");
        let answer = json!({"Responses": {}, "UnprocessedKeys": asked["RequestItems"]});
        Some((200, answer.to_string()))
    });
    let value = Value::new("v", Encoding::Detect).expect("a value");
    let set = Txn::new(vec![Mutation::set("/db/k".parse().expect("a key"), value)]);
    let error = store.commit(set).await.expect_err("throttled");
    assert!(matches!(error, StoreError::Throttled { .. }), "{error}");
    assert!(proxy.count("BatchGetItem") > 2);
}

#[test]
fn a_listing_goes_on_to_its_last_page() {
    let (_account, proxy, place) = behind_proxy();
    for key in ["a", "b", "c"] {
        place.args(["set", &format!("db/{key}"), key]).run().code(0);
    }
    proxy.forget();
    // An empty page that isn't the last: DynamoDB gives such where a filter or its own limits leave nothing.
    let page = json!({
        "Items": [], "Count": 0, "ScannedCount": 0,
        "LastEvaluatedKey": {"pk": {"S": "/db"}, "sk": {"S": "/db/a"}},
    });
    proxy.on("Query").times(1).answer(200, &page.to_string());
    place.args(["ls", "db"]).run().code(0).stdout("/db/b\n/db/c\n");
    assert_eq!(proxy.operations(), ["Query", "Query"]);
    assert_eq!(
        proxy.requests()[1].json()["ExclusiveStartKey"],
        page["LastEvaluatedKey"]
    );
}

#[test]
fn cancelled_transactions_are_in_the_stats() {
    let (_account, proxy, place) = behind_proxy();
    let stats = |value: &str| place.args(["set", "db/k", value, "--stats"]).run().code(0);
    stats("first").stderr_lacks("cancelled");
    // An entry, its line and the head.
    proxy.on("TransactWriteItems").times(1).conflict();
    stats("small").stderr_has(" write units, about 6 write units of 1 cancelled transaction (estimated;");
    // The entry is of 2 KB and some, and its line as well.
    proxy.on("TransactWriteItems").times(2).conflict();
    stats(&"x".repeat(2100)).stderr_has(", about 28 write units of 2 cancelled transactions (estimated;");
}

#[test]
fn patience_ends_after_its_bound_and_says_what_is_known() {
    type Fault = fn(&Proxy);
    let faults: [(Fault, &str, usize); 3] = [
        (
            |proxy| proxy.on("TransactWriteItems").conflict(),
            "conflicting commits to the same sections for 30 s; nothing was written",
            0,
        ),
        (
            |proxy| proxy.on("TransactWriteItems").throttle(),
            "DynamoDB is throttling requests",
            0,
        ),
        (
            |proxy| {
                proxy.on("TransactWriteItems").cut_after();
                proxy.on("TransactGetItems").cut_before();
            },
            "outcome unknown: no response to commit",
            1,
        ),
    ];
    thread::scope(|scope| {
        for (fault, told, written) in faults {
            scope.spawn(move || {
                let (account, proxy, place) = behind_proxy();
                fault(&proxy);
                place
                    .args(["set", "/db/k", "v"])
                    .run()
                    .code(6)
                    .stdout("")
                    .stderr_has(told);
                assert!(proxy.count("TransactWriteItems") > 5);
                assert_eq!(lines(&account, "/db/k").len(), written);
            });
        }
    });
}

#[test]
fn one_that_was_never_answered_is_found_when_patience_ends() {
    let (account, proxy, place) = behind_proxy();
    proxy.on("TransactWriteItems").cut_after();
    let set = place.args(["set", "/db/k", "v"]).run();
    set.code(0).stdout("/db/k: version 1, revision 1\n").stderr("");
    assert_eq!(lines(&account, "/db/k").len(), 1);
}
