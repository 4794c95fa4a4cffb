//! A section that holds what discfg doesn't write: the API answers for the others and names it.

use std::time::Duration;

use discfg::http::{ApiSettings, Caller};
use rusqlite::Connection;
use serde_json::json;

use support::api::Served;
use support::config::CONFIG;
use support::stores::embedded_store;

/// A good section and one with an entry of no known kind.
async fn spoilt() -> (tempfile::TempDir, Served) {
    let (folder, store) = embedded_store(None);
    let served = Served::of(store, ApiSettings::default());
    for key in ["good/a", "bad/a", "r"] {
        served.set(key, "1").await;
    }
    let file = Connection::open(folder.path().join(format!("{CONFIG}.db"))).expect("the config's file");
    let spoil = "INSERT INTO entry VALUES ('/bad/x', 1, 1, 1, 1, 'x', 0, NULL, NULL, 'nonsense', 'v')";
    file.execute(spoil, []).expect("SQLite takes it");
    (folder, served)
}

fn keys(answer: &serde_json::Value) -> Vec<&str> {
    let nodes = answer["nodes"].as_array().expect("entries");
    nodes.iter().filter_map(|node| node["key"].as_str()).collect()
}

#[tokio::test]
async fn what_is_listed_or_read_at_once_names_it() {
    let (_folder, served) = spoilt().await;
    let snapshot = served.get("@config/snapshot").await.json(200);
    assert_eq!(keys(&snapshot), ["/good/a", "/r"]);
    assert_eq!(snapshot["bad"][0]["section"], "/bad");
    let listed = served.get("@config/list?recursive=true").await.json(200);
    assert_eq!(keys(&listed), ["/bad/a", "/good/a", "/r"]);
    assert_eq!(listed["bad"][0]["section"], "/bad");
    // Page by page nothing comes twice, and the section is named on the last one.
    let first = served.get("@config/list?recursive=true&limit=2").await.json(200);
    assert_eq!(
        (keys(&first), &first["bad"]),
        (vec!["/bad/a", "/good/a"], &json!(null))
    );
    let cursor = first["next"].as_str().expect("a cursor");
    let next = served
        .get(&format!("@config/list?recursive=true&limit=2&cursor={cursor}"))
        .await
        .json(200);
    assert_eq!(keys(&next), ["/r"]);
    let info = served.get("@config/info").await.json(200);
    assert_eq!(
        (&info["digest"], &info["bad"][0]["section"]),
        (&json!(null), &json!("/bad"))
    );
    let whole = served.get("good/snapshot").await.json(200);
    assert_eq!((keys(&whole), &whole["bad"]), (vec!["/good/a"], &json!(null)));
    served.get("bad/keys/x").await.problem(500, "corrupt");
    served.get("bad/keys/a").await.json(200);
}

#[tokio::test]
async fn what_is_copied_from_here_lacks_nothing() {
    let (_folder, served) = spoilt().await;
    let whole = served.get("@config/values").await.problem(500, "corrupt");
    assert_eq!(whole["section"], "/bad");
    served
        .get("@config/values?prefix=bad")
        .await
        .problem(500, "corrupt");
    let good = served.get("@config/values?prefix=good").await.json(200);
    assert_eq!(good, json!({"a": "1"}));
}

#[tokio::test]
async fn who_may_not_use_it_hears_nothing_of_it() {
    let (_folder, served) = spoilt().await;
    let caller = Caller {
        sections: Some([("/good").parse().expect("a section")].into()),
        ..Caller::anyone()
    };
    let own = served.for_caller(Some(caller));
    for path in [
        "@config/snapshot",
        "@config/list?recursive=true",
        "@config/heads",
        "@config/info",
    ] {
        assert_eq!(own.get(path).await.json(200)["bad"], json!(null), "{path}");
    }
    let values = own.get("@config/values").await.json(200);
    assert_eq!(values, json!({"good.a": "1"}));
}

#[tokio::test]
async fn heads_that_can_not_be_read_are_named_and_the_server_is_ready() {
    let (folder, served) = spoilt().await;
    let file = Connection::open(folder.path().join(format!("{CONFIG}.db"))).expect("the config's file");
    file.execute("UPDATE section SET changes = -1 WHERE section = '/bad'", [])
        .expect("SQLite takes it");
    let heads = served.get("@config/heads").await.json(200);
    assert_eq!(heads["sections"].as_array().map(Vec::len), Some(2));
    assert_eq!(heads["bad"][0]["section"], "/bad");
    let waiting = served.get("@config/heads?after=1000&wait=100ms").await.json(200);
    assert_eq!(waiting["sections"].as_array().map(Vec::len), Some(2));
    assert_eq!(waiting["bad"][0]["section"], "/bad");
    let ready = served.ask_anywhere("GET", "/readyz", &[], "").await;
    ready.json(200);
    // Others wait for the good ones.
    let waits = tokio::time::timeout(
        Duration::from_mins(1),
        served.get("@config/heads?after=2&wait=20s"),
    );
    let (waited, _) = tokio::join!(waits, served.set("good/a", "2"));
    assert_eq!(waited.expect("it is answered").json(200)["version"], 3);
}
