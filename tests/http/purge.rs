//! Purging a key's old values over HTTP, and what those who are behind are told.

use std::sync::Arc;

use discfg::http::{ApiSettings, Caller};
use discfg::model::{Access, TestClock};
use serde_json::json;

use support::api::Served;
use support::live_api::{self, quick};
use support::stores::embedded_store;

#[tokio::test]
async fn old_values_are_purged_and_whatever_wants_them_is_told() {
    let clock = Arc::new(TestClock::new());
    let (_folder, store) = embedded_store(Some(clock.clone()));
    let served = Served::of(store, ApiSettings::default());
    for value in ["hunter2", "hunter3"] {
        served.set("/db/password", value).await;
    }
    served.set("/db/other", "1").await;
    let purge = async |below: &str| served.ask("POST", below, &[], "").await;
    let early = purge("db/purge/password").await;
    assert_eq!(early.header("retry-after"), Some("120"));
    let early = early.problem(409, "purge-too-soon");
    assert_eq!(
        (&early["keys"], &early["wait"]),
        (&json!(["/db/password"]), &json!(120))
    );

    clock.advance(120);
    assert_eq!(
        purge("db/purge/password").await.json(200),
        json!({"action": "purge", "key": "/db/password", "result": "purged", "lines": 2, "kept": 2})
    );
    let again = purge("db/purge/password").await.json(200);
    assert_eq!(
        (&again["result"], &again["lines"]),
        (&json!("unchanged"), &json!(0))
    );
    purge("db/purge/none").await.problem(404, "no-key");

    let past = served.get("db/keys/password?revision=1").await;
    let past = past.problem(404, "purged");
    assert_eq!(
        (&past["keys"], &past["revision"]),
        (&json!(["/db/password"]), &json!(1))
    );
    let history = served.get("db/history/password").await.json(200);
    let (newest, oldest) = (&history["changes"][0], &history["changes"][1]);
    assert_eq!(newest["value"], "hunter3");
    assert_eq!(
        (&oldest["purged"], &oldest["value"]),
        (&json!(true), &json!(null))
    );

    let behind = served.get("db/changes?after=0").await.problem(410, "compacted");
    assert_eq!(behind["oldest"], 1);
    let after = served.get("db/changes?after=1").await.json(200);
    assert_eq!(after["changes"][0]["value"], "hunter3");
    // The engine of discfg decides by itself.
    let stored = served.get("db/changes?after=0&stored=true").await.json(200);
    assert_eq!(stored["changes"][0]["purged"], true);
    assert_eq!(stored["changes"][1]["prevNode"]["purged"], true);
    assert!(stored["changes"][1]["prevNode"].get("value").is_none());
}

#[tokio::test]
async fn a_purge_is_a_write_of_the_key() {
    let served = Served::new();
    served.set("/db/a", "1").await;
    served.set("/a", "1").await;
    let reader = served.for_caller(Some(Caller {
        access: Access::Read,
        ..Caller::anyone()
    }));
    reader
        .ask("POST", "db/purge/a", &[], "")
        .await
        .problem(403, "denied");
    let of_others = served.for_caller(Some(Caller {
        sections: Some(["/app".parse().expect("a section")].into()),
        ..Caller::anyone()
    }));
    of_others
        .ask("POST", "db/purge/a", &[], "")
        .await
        .problem(403, "denied");
    let root = served.ask("POST", "@root/purge/a", &[], "").await.json(200);
    assert_eq!(root["key"], "/a");
    for (below, headers) in [
        ("db/purge/a?yes=true", &[][..]),
        ("db/purge/a", &[("if-match", "\"1\"")]),
    ] {
        let refused = served.ask("POST", below, headers, "").await;
        assert_eq!(refused.status, 400, "{below}: {refused:?}");
    }
}

/// A server holds the last changes of a section that somebody follows.
#[tokio::test]
async fn a_server_forgets_what_it_held_of_the_past() {
    let clock = Arc::new(TestClock::new());
    let served = live_api::Served::over(quick(), clock.clone(), |store| store);
    served.put("/db/first", "1").await;
    let mut follower = served.stream("db", None).await;
    for value in ["hunter2", "hunter3"] {
        served.put("/db/password", value).await;
        let told = follower.next().await.expect("a line");
        assert_eq!(told.data["value"], value);
    }
    clock.advance(120);
    let purged = served.send("POST", "~/db/purge/password", &[], "").await;
    assert_eq!(purged.status(), 200);

    let mut late = served.stream("db", Some("1")).await;
    let resync = late.next().await.expect("a resync");
    assert_eq!(resync.name, "resync", "{resync:?}");
    for _ in 0..2 {
        let entry = late.next().await.expect("an entry");
        assert_ne!(entry.data["value"], "hunter2");
    }
    let (status, problem) = served.get("~/db/changes?after=1&wait=10s").await;
    assert_eq!((status, &problem["code"]), (410, &json!("compacted")));
    // Who is up to date goes on.
    served.put("/db/last", "1").await;
    for events in [&mut follower, &mut late] {
        let told = events.next().await.expect("a line");
        assert_eq!(told.data["key"], "/db/last");
    }
}
