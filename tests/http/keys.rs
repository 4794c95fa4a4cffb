//! Keys over HTTP: reading, writing, guards and forms of values.

use discfg::model::Key;
use discfg::store::Consistency;
use serde_json::json;

use support::api::Served;

#[tokio::test]
async fn a_key_is_made_replaced_read_and_removed() {
    let served = Served::new();
    let made = served.ask("PUT", "keys/db/url", &[], "postgres://a").await;
    assert_eq!(made.header("etag"), Some("\"1\""));
    let made = made.json(201);
    assert_eq!(made["action"], "set");
    assert_eq!(made["node"]["value"], "postgres://a");
    assert_eq!(made["prevNode"], json!({}));
    let replaced = served
        .ask("PUT", "keys/db/url", &[], "postgres://b")
        .await
        .json(200);
    assert_eq!(replaced["node"]["version"], 2);
    assert_eq!(replaced["prevNode"]["value"], "postgres://a");

    let read = served.get("keys/db/url").await;
    assert_eq!(read.header("etag"), Some("\"2\""));
    assert_eq!(read.header("cache-control"), Some("private, no-cache"));
    let read = read.json(200);
    assert_eq!(read["action"], "get");
    assert_eq!(read["node"]["key"], "/db/url");
    assert_eq!(read["node"]["value"], "postgres://b");
    assert_eq!(read["prevNode"], json!({}));
    let past = served.get("keys/db/url?revision=1").await.json(200);
    assert_eq!(past["node"]["value"], "postgres://a");

    let removed = served.ask("DELETE", "keys/db/url", &[], "").await.json(200);
    assert_eq!(removed["action"], "delete");
    assert_eq!(removed["node"], json!({"key": "/db/url", "revision": 3}));
    assert_eq!(removed["prevNode"]["value"], "postgres://b");
    let gone = served.get("keys/db/url").await.problem(404, "no-key");
    assert_eq!(gone["keys"], json!(["/db/url"]));
    assert_eq!(gone["kind"], "not-found");
    served
        .ask("DELETE", "keys/db/url", &[], "")
        .await
        .problem(404, "no-key");
    let future = served
        .get("keys/db/url?revision=9")
        .await
        .problem(404, "no-revision");
    assert_eq!(future["revision"], 3);
    served
        .get("keys/db/other?revision=1")
        .await
        .problem(404, "no-key");
}

#[tokio::test]
async fn a_key_of_the_root_section_has_two_paths() {
    let served = Served::new();
    served.set("mykey", "1").await;
    let named = served.get("keys/@root/mykey").await.json(200);
    assert_eq!(named, served.get("keys/mykey").await.json(200));
    assert_eq!(named["node"]["key"], "/mykey");
    let key: Key = "/mykey".parse().expect("a key");
    let stored = served.store.get(&key, Consistency::Strong).await;
    assert!(stored.expect("the store").is_some());
    served.set("@root/db", "a key beside the section").await;
    served
        .ask("PUT", "keys/@root/db/url", &[], "x")
        .await
        .problem(400, "path");
}
