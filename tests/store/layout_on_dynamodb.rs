//! What a table holds beside entries: the number of sections, records, and words that a section requires.

use discfg::engine::dynamodb::{DynamoDb, DynamoDbOptions};
use discfg::model::{Encoding, Mutation, Prefix, Value};
use discfg::store::{Admin as _, Consistency, Heads, Meta, Store, StoreError, Txn};
use serde_json::{Value as Json, json};

use support::account::Account;
use support::config::{CONFIG, TABLE};
use support::emulator::Emulator;

fn store(account: &Account, registers_sections: bool) -> DynamoDb {
    DynamoDb::new(DynamoDbOptions {
        by: "tester".into(),
        registers_sections,
        ..DynamoDbOptions::new(
            CONFIG.parse().expect("a config name"),
            Account::sdk(&account.url(), &account.root()),
        )
    })
}

fn set(keys: &[&str]) -> Txn {
    let change = |key: &&str| {
        let value = Value::new("v", Encoding::Text).expect("a value");
        Mutation::set(key.parse().expect("a key"), value)
    };
    Txn::new(keys.iter().map(change).collect())
}

fn put(account: &Account, item: &Json) {
    let input = json!({"TableName": TABLE, "Item": item});
    account
        .dynamodb(&account.root(), "PutItem", &input)
        .expect("root may write");
}

fn item(account: &Account, pk: &str, sk: &str) -> Option<Json> {
    let items = account.items(TABLE);
    items
        .into_iter()
        .find(|item| item["pk"]["S"] == pk && item["sk"]["S"] == sk)
}

fn count(account: &Account) -> Option<String> {
    let item = item(account, "@config", "@sections")?;
    item["n"]["N"].as_str().map(str::to_owned)
}

/// A table as an earlier build left it: sections that nobody has counted.
fn uncounted() -> Account {
    let account = Emulator::shared().account();
    account.create_bare_table(TABLE);
    for section in ["/a", "/b"] {
        let created = json!({"S": "2026-01-01T00:00:00Z"});
        put(
            &account,
            &json!({"pk": {"S": "@config"}, "sk": {"S": section}, "created": created}),
        );
        put(
            &account,
            &json!({"pk": {"S": section}, "sk": {"S": "@head"}, "rev": {"N": "0"}, "n": {"N": "0"}}),
        );
    }
    account
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_commit_that_makes_a_section_counts_those_that_nobody_counted() {
    let account = uncounted();
    let store = store(&account, true);
    store.commit(set(&["/a/k"])).await.expect("no new section");
    assert_eq!(count(&account), None);
    store
        .commit(set(&["/c/k", "/d/k"]))
        .await
        .expect("two new sections");
    assert_eq!(count(&account).as_deref(), Some("4"));
    store.commit(set(&["/e/k"])).await.expect("a new section");
    assert_eq!(count(&account).as_deref(), Some("5"));
    let snapshot = store.snapshot(&[Prefix::all()]).await.expect("a snapshot");
    assert_eq!(snapshot.entries.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_and_registrations_count_them_too() {
    let account = uncounted();
    let store = store(&account, true);
    store.write_meta(Meta::default()).await.expect("root may write");
    assert_eq!(count(&account).as_deref(), Some("2"));
    let sections = ["/a", "/x", "/y"].map(|section| section.parse().expect("a section"));
    for _ in 0..2 {
        store.register(&sections).await.expect("root may write");
        assert_eq!(count(&account).as_deref(), Some("4"));
    }
    assert_eq!(item(&account, "/x", "@head"), None);
    store.commit(set(&["/x/k"])).await.expect("a registered section");
    assert_eq!(count(&account).as_deref(), Some("4"), "it is registered already");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_who_may_not_list_a_section_creates_it_alone_or_not_at_all() {
    let account = Emulator::shared().account();
    account.create_table(TABLE);
    let all = store(&account, true);
    all.commit(set(&["/old/k"])).await.expect("a new section");
    all.register(&["/listed".parse().expect("a section")])
        .await
        .expect("root may write");
    let scoped = store(&account, false);
    match scoped.commit(set(&["/old/k", "/new/k"])).await {
        Err(StoreError::Unregistered(section)) => assert_eq!(section.as_str(), "/new"),
        other => panic!("expected Unregistered, got {other:?}"),
    }
    let old: discfg::model::Key = "/old/k".parse().expect("a key");
    let kept = scoped.get(&old, Consistency::Strong).await.expect("a get");
    assert_eq!(kept.map(|entry| entry.version), Some(1), "nothing was written");
    scoped
        .commit(set(&["/old/k", "/listed/k"]))
        .await
        .expect("it is listed");
    scoped.commit(set(&["/new/k"])).await.expect("by itself");
    scoped
        .commit(set(&["/old/k", "/new/k"]))
        .await
        .expect("it has a head");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_that_is_not_known_ends_what_it_is_required_of() {
    let account = Emulator::shared().account();
    account.create_table(TABLE);
    let store = store(&account, true);
    store.commit(set(&["/a/k", "/b/k"])).await.expect("new sections");
    let require = |section: &str, attribute: &str| {
        let mut head = item(&account, section, "@head").expect("a head");
        head[attribute] = json!({"SS": ["contracts"]});
        head["later"] = json!({"S": "kept"});
        put(&account, &head);
    };
    let needs_newer = |error: StoreError| match error {
        StoreError::NeedsNewer { section, word } => {
            assert_eq!((section.as_str(), word.as_str()), ("/a", "contracts"));
        }
        other => panic!("expected NeedsNewer, got {other:?}"),
    };
    require("/a", "requires_of_writers");
    store
        .snapshot(&[Prefix::all()])
        .await
        .expect("readers aren't bound");
    needs_newer(store.commit(set(&["/a/k"])).await.expect_err("writers are"));
    store.commit(set(&["/b/k"])).await.expect("another section");
    require("/a", "requires");
    needs_newer(
        store
            .snapshot(&[Prefix::all()])
            .await
            .expect_err("readers are, too"),
    );
    needs_newer(store.heads(Heads::All).await.expect_err("readers are, too"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_later_version_added_to_a_head_stays() {
    let account = Emulator::shared().account();
    account.create_table(TABLE);
    let store = store(&account, true);
    store.commit(set(&["/a/k"])).await.expect("a new section");
    let mut head = item(&account, "/a", "@head").expect("a head");
    head["later"] = json!({"S": "kept"});
    put(&account, &head);
    store.commit(set(&["/a/k"])).await.expect("no guards");
    let head = item(&account, "/a", "@head").expect("a head");
    assert_eq!(
        (&head["later"]["S"], &head["rev"]["N"]),
        (&json!("kept"), &json!("2"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_commit_under_a_callers_id_leaves_a_record() {
    let account = Emulator::shared().account();
    account.create_table(TABLE);
    let store = store(&account, true);
    store.commit(set(&["/b/k"])).await.expect("no guards");
    let recorded = Txn {
        recorded: true,
        ..set(&["/b/k", "/a/k"])
    };
    store.commit(recorded.clone()).await.expect("no guards");
    let records: Vec<Json> = account
        .items(TABLE)
        .into_iter()
        .filter(|item| {
            item["sk"]["S"]
                .as_str()
                .is_some_and(|sk| sk.starts_with("@commit#"))
        })
        .collect();
    let [record] = &records[..] else {
        panic!("one record, not {records:?}");
    };
    assert_eq!(record["pk"]["S"], "/a", "in the first of its sections");
    assert_eq!(record["sk"]["S"], json!(format!("@commit#{}", recorded.id)));
    assert_eq!(
        record["revisions"]["M"],
        json!({"/a": {"N": "1"}, "/b": {"N": "2"}})
    );
    let lines = store.commit(recorded).await.expect("as then");
    assert_eq!(lines.heads.len(), 2);
}
