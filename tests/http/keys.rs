//! Keys over HTTP: reading, writing, guards and forms of values.

use discfg::model::Key;
use discfg::store::Consistency;
use serde_json::json;

use support::api::Served;

#[tokio::test]
async fn a_key_is_made_replaced_read_and_removed() {
    let served = Served::new();
    let made = served.ask("PUT", "db/keys/url", &[], "postgres://a").await;
    assert_eq!(made.header("etag"), Some("\"1\""));
    let made = made.json(201);
    assert_eq!(made["action"], "set");
    assert_eq!(made["node"]["value"], "postgres://a");
    assert_eq!(made["prevNode"], json!({}));
    let replaced = served
        .ask("PUT", "db/keys/url", &[], "postgres://b")
        .await
        .json(200);
    assert_eq!(replaced["node"]["version"], 2);
    assert_eq!(replaced["prevNode"]["value"], "postgres://a");

    let read = served.get("db/keys/url").await;
    assert_eq!(read.header("etag"), Some("\"2\""));
    assert_eq!(read.header("cache-control"), Some("private, no-cache"));
    let read = read.json(200);
    assert_eq!(read["action"], "get");
    assert_eq!(read["node"]["key"], "/db/url");
    assert_eq!(read["node"]["value"], "postgres://b");
    assert_eq!(read["prevNode"], json!({}));
    let past = served.get("db/keys/url?revision=1").await.json(200);
    assert_eq!(past["node"]["value"], "postgres://a");

    let removed = served.ask("DELETE", "db/keys/url", &[], "").await.json(200);
    assert_eq!(removed["action"], "delete");
    assert_eq!(removed["node"], json!({"key": "/db/url", "revision": 3}));
    assert_eq!(removed["prevNode"]["value"], "postgres://b");
    let gone = served.get("db/keys/url").await.problem(404, "no-key");
    assert_eq!(gone["keys"], json!(["/db/url"]));
    assert_eq!(gone["kind"], "not-found");
    served
        .ask("DELETE", "db/keys/url", &[], "")
        .await
        .problem(404, "no-key");
    let future = served
        .get("db/keys/url?revision=9")
        .await
        .problem(404, "no-revision");
    assert_eq!(future["revision"], 3);
    served
        .get("db/keys/other?revision=1")
        .await
        .problem(404, "no-key");
}

#[tokio::test]
async fn a_key_of_the_root_section_has_a_path_of_that_section() {
    let served = Served::new();
    served.set("mykey", "1").await;
    let named = served.get("@root/keys/mykey").await.json(200);
    assert_eq!(named["node"]["key"], "/mykey");
    let key: Key = "/mykey".parse().expect("a key");
    let stored = served.store.get(&key, Consistency::Strong).await;
    assert!(stored.expect("the store").is_some());
    served.set("db", "a key beside the section").await;
    served
        .ask("PUT", "@root/keys/db/url", &[], "x")
        .await
        .problem(400, "path");
}
