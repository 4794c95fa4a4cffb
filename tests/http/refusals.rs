//! What the HTTP API refuses, and what it makes of faults: each a problem that names what is wrong, and nothing lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use discfg::http::ApiSettings;
use discfg::model::Key;
use discfg::store::Consistency;
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;

use support::api::Served;
use support::stores::{Impaired, embedded_store};

fn detail(problem: &Json) -> &str {
    problem["detail"].as_str().expect("a detail")
}

#[tokio::test]
async fn a_path_means_one_thing_or_nothing() {
    let served = Served::new();
    served.set("db/url", "1").await;
    for (path, named) in [
        ("/v1/mycfg/@root/keys/db%2Furl", "`%`"),
        ("/v1/mycfg/db/keys%2Furl", "`%`"),
        ("/v1/mycfg/%64b/keys/url", "`%`"),
        ("/v1/mycfg/db/keys/%75rl", "`%`"),
        ("/v1/mycfg/db/keys/url%00", "`%`"),
        ("/v1/mycfg/db/keys/%ff", "`%`"),
        ("/v1/mycfg/db/keys//url", "`//`"),
        ("/v1/mycfg/db//keys/url", "`//`"),
        ("/v1/mycfg//db/keys/url", "`//`"),
        ("/v1/mycfg/db/keys/url/", "end with `/`"),
        ("/v1/mycfg/db/keys/./url", "\".\""),
        ("/v1/mycfg/db/keys/../web/url", "\"..\""),
        ("/v1/mycfg/web/../db/keys/url", "\"..\""),
        ("/v1/mycfg/@root/keys/db/url", "/db"),
        ("/v1/mycfg/@config/keys/x", "expected a section"),
        ("/v1/mycfg/@datakeys/keys/db/url", "expected a section"),
        ("/v1/mycfg/db/keys/@head", "'@'"),
        ("/v1/mycfg/@meta/heads", "@meta"),
        ("/v1/MYCFG/db/keys/url", "MYCFG"),
        ("//v1/mycfg/db/keys/url", "`//`"),
        ("/v1/mycfg/@root/keys/db;x/url", "';'"),
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = served.ask_anywhere(method, path, &[], "x").await;
            if method != "GET" && path.ends_with("/heads") {
                continue;
            }
            let problem = answer.problem(400, "path");
            assert!(detail(&problem).contains(named), "{path}: {problem}");
        }
    }
    let long = format!("/v1/mycfg/@root/keys/{}", "k".repeat(600));
    served
        .ask_anywhere("GET", &long, &[], "")
        .await
        .problem(400, "path");
    let deep = format!("@root/keys/{}", ["d"; 17].join("/"));
    assert!(detail(&served.get(&deep).await.problem(400, "path")).contains("16"));
    assert_eq!(served.get("@config/heads").await.json(200)["version"], 1);
}

#[tokio::test]
async fn a_query_holds_what_is_known_once() {
    let served = Served::new();
    for (path, named) in [
        ("@root/keys/k?revison=1", "revison"),
        (
            "@root/keys/k?revision=1&revision=2",
            "`revision` is given more than once",
        ),
        ("@root/keys/k?revision=x", "revision"),
        ("@root/keys/k?revision=-1", "revision"),
        ("@root/keys/k?revision=99999999999999999999", "revision"),
        ("@root/keys/k?consistency=weak", "consistency"),
        ("@root/keys/k?stored=1", "stored"),
        ("@root/keys/k?reveal", "reveal"),
        ("@root/keys/k?%ff=1", "%ff"),
        ("@root/keys/k?a=%ff", "%ff"),
        ("@config/list?after=x", "after"),
        ("@config/snapshot?prefix=a//b", "prefix"),
        ("db/changes?after=", "after"),
        ("@config/heads?x=1", "\"x\""),
        ("@config/info?x=1", "\"x\""),
        ("@root/history/k?limit=0", "limit"),
    ] {
        let problem = served.get(path).await.problem(400, "query");
        assert!(detail(&problem).contains(named), "{path}: {problem}");
    }
    for path in ["/healthz?x=1", "/readyz?x=1", "/openapi.json?x=1", "/metrics?x=1"] {
        served
            .ask_anywhere("GET", path, &[], "")
            .await
            .problem(400, "query");
    }
}

#[tokio::test]
async fn a_header_means_one_thing() {
    let served = Served::new();
    for (twice, named) in [
        (("if-match", "*"), "if-match"),
        (("if-none-match", "*"), "if-none-match"),
        (("if-match", "7"), "if-match"),
        (("idempotency-key", "a"), "idempotency-key"),
        (("content-type", "text/plain"), "content-type"),
        (("authorization", "Bearer x"), "authorization"),
        (("host", "localhost"), "host"),
    ] {
        let problem = served
            .ask("PUT", "@root/keys/k", &[twice, twice], "x")
            .await
            .problem(400, "header");
        assert!(detail(&problem).contains(named), "{problem}");
    }
    let lengths = [("content-length", "1"), ("transfer-encoding", "chunked")];
    served
        .ask("PUT", "@root/keys/k", &lengths, "x")
        .await
        .problem(400, "header");
    served
        .ask("PUT", "@root/keys/k", &[("idempotency-key", "a b")], "x")
        .await
        .problem(400, "header");
    assert_eq!(served.get("@config/heads").await.json(200)["version"], 0);
}

#[tokio::test]
async fn a_commit_is_said_to_be_json() {
    let served = Served::new();
    let body = r#"{"changes": [{"op": "set", "key": "/db/k", "value": "v"}]}"#;
    for of in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
    ] {
        for path in ["@config/commit", "db/commit", "@datakeys/generate/db"] {
            let problem = served
                .ask("POST", path, &[("content-type", of)], body)
                .await
                .problem(415, "media-type");
            assert!(detail(&problem).contains("application/json"), "{problem}");
        }
    }
    assert_eq!(served.get("@config/heads").await.json(200)["version"], 0);
    let made = served
        .ask(
            "POST",
            "@config/commit",
            &[("content-type", "Application/JSON; charset=utf-8")],
            body,
        )
        .await;
    made.json(200);
}

/// What isn't the value itself is not stored in its place.
#[tokio::test]
async fn a_body_that_is_coded_or_in_parts_is_refused() {
    let served = Served::new();
    let commit = r#"{"changes": [{"op": "set", "key": "/db/k", "value": "v"}]}"#;
    let routes = [
        ("PUT", "db/keys/k"),
        ("PUT", "@root/keys/k"),
        ("POST", "db/commit"),
        ("POST", "@config/commit"),
        ("POST", "@datakeys/generate/db"),
        ("POST", "@datakeys/unwrap/@root"),
        ("POST", "db/touch/k"),
        ("DELETE", "db/keys/k"),
    ];
    for (method, path) in routes {
        for coding in ["gzip", "br", "identity, gzip", "GZIP", "aws-chunked", "x"] {
            let answer = served
                .ask(method, path, &[("content-encoding", coding)], commit)
                .await;
            // By this a client tells it from a media type that isn't taken.
            assert_eq!(answer.header("accept-encoding"), Some("identity"));
            let problem = answer.problem(415, "content-encoding");
            assert!(detail(&problem).contains("content-encoding"), "{problem}");
        }
        let coded_twice = [("content-encoding", "identity"), ("content-encoding", "gzip")];
        served
            .ask(method, path, &coded_twice, commit)
            .await
            .problem(415, "content-encoding");
        for of in [
            "multipart/form-data; boundary=x",
            "Multipart/Mixed",
            "multipart/byteranges; boundary=x",
        ] {
            let answer = served.ask(method, path, &[("content-type", of)], commit).await;
            assert_eq!(answer.header("accept-encoding"), None);
            answer.problem(415, "media-type");
        }
        for range in ["bytes 0-1/2", "bytes */2", ""] {
            let problem = served
                .ask(method, path, &[("content-range", range)], commit)
                .await
                .problem(400, "header");
            assert!(detail(&problem).contains("content-range"), "{problem}");
        }
        let recoded = [("transfer-encoding", "gzip, chunked")];
        served
            .ask(method, path, &recoded, commit)
            .await
            .problem(400, "header");
    }
    served
        .ask(
            "PUT",
            "db/keys/k",
            &[("content-type", "text/plain; charset=latin1")],
            "x",
        )
        .await
        .problem(415, "media-type");
    assert_eq!(served.get("@config/heads").await.json(200)["version"], 0);
    for plain in ["identity", "Identity", ""] {
        let answer = served
            .ask("PUT", "db/keys/k", &[("content-encoding", plain)], "1")
            .await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
    // Of a read, which has no body, they say nothing.
    let about_no_body = [("content-encoding", "gzip"), ("content-range", "bytes 0-1/2")];
    served.ask("GET", "db/keys/k", &about_no_body, "").await.json(200);
}

#[tokio::test]
async fn a_page_of_another_site_is_revealed_no_secret() {
    let served = Served::new();
    let from = |site| [("sec-fetch-site", site)];
    served.ask("PUT", "db/keys/k", &[], "v").await.json(201);
    for path in [
        "db/keys/k?reveal=true",
        "@config/snapshot?reveal=true",
        "@config/list?reveal=true",
    ] {
        served
            .ask("GET", path, &from("cross-site"), "")
            .await
            .problem(403, "denied");
        for site in ["same-origin", "same-site", "none"] {
            served.ask("GET", path, &from(site), "").await.json(200);
        }
    }
    served
        .ask("GET", "db/keys/k", &from("cross-site"), "")
        .await
        .json(200);
}

#[tokio::test]
async fn a_body_holds_what_is_expected() {
    let served = Served::with(ApiSettings {
        body_bytes: 1000,
        ..ApiSettings::default()
    });
    for (body, named) in [
        ("", "line 1"),
        ("{", "line 1, column 1"),
        ("[]", "line 1"),
        ("{}", "`changes`"),
        ("{\"changes\": [], \"x\": 1}", "`x`"),
        ("{\"changes\": [], \"changes\": []}", "`changes`"),
        ("{\"changes\": {}}", "expected an array, found an object"),
        (
            "{\"changes\": [{\"op\": \"set\", \"key\": \"/k\"}]}",
            "changes[0]",
        ),
        ("{\"changes\": [{\"op\": \"put\", \"key\": \"/k\"}]}", "`put`"),
        (
            "{\"changes\": [{\"op\": \"set\", \"key\": \"/k//\", \"value\": 1}]}",
            "/k//",
        ),
        (
            "{\"changes\": [{\"op\": \"set\", \"key\": \"/k\", \"value\": 1, \"ttl\": null}]}",
            "null",
        ),
        (
            "{\"changes\": [{\"op\": \"set\", \"key\": \"/k\", \"value\": 1, \"ttl\": 0}]}",
            "0s",
        ),
        (
            "{\"changes\": [{\"op\": \"set\", \"key\": \"/k\", \"value\": 1, \"sealed\": true}]}",
            "sealed",
        ),
        (
            "{\"changes\": [{\"op\": \"delete\", \"key\": \"/k\", \"value\": 1}]}",
            "value",
        ),
        (
            "{\"changes\": [{\"op\": \"set\", \"key\": \"/k\", \"value\": 1, \"valeu\": 1}]}",
            "`valeu`",
        ),
        (
            "{\"guards\": [{\"guard\": \"absent\"}], \"changes\": []}",
            "guards[0]",
        ),
        (
            "{\"guards\": [{\"guard\": \"absent\", \"key\": \"/k\"}, {\"guard\": \"absent\", \"key\": \"/k\"}], \"changes\": []}",
            "guards[1]",
        ),
        ("{\"changes\": []} x", "trailing"),
    ] {
        let problem = served
            .ask("POST", "@config/commit", &[], body)
            .await
            .problem(400, "body");
        assert!(detail(&problem).contains(named), "{body}: {problem}");
    }
    let large = format!("{{\"changes\": [], \"x\": \"{}\"}}", "x".repeat(1000));
    let large = served
        .ask("POST", "@config/commit", &[], large)
        .await
        .problem(413, "limit");
    assert_eq!(large["limit"]["bytes"]["max"], 1000);
    served
        .ask("PUT", "@root/keys/k", &[], "x".repeat(1001))
        .await
        .problem(413, "limit");
    assert_eq!(served.get("@config/heads").await.json(200)["version"], 0);
}

#[tokio::test]
async fn a_backend_that_fails_is_told_in_other_words_than_its_own() {
    let (_folder, store) = embedded_store(None);
    let down = Arc::new(AtomicBool::new(false));
    let is_down = Arc::clone(&down);
    let impaired = Impaired::of(store).fault(move || is_down.load(Ordering::SeqCst));
    let served = Served::of(Arc::new(impaired), ApiSettings::default());
    served.set("db/k", "1").await;
    down.store(true, Ordering::SeqCst);
    for path in [
        "db/keys/k",
        "@config/heads",
        "@config/snapshot",
        "db/changes",
        "@config/info",
    ] {
        let answer = served.get(path).await;
        assert_eq!(answer.header("retry-after"), Some("1"), "{path}");
        let problem = answer.problem(503, "unavailable");
        assert!(!problem.to_string().contains("network"), "{problem}");
    }
    let ready = served.ask_anywhere("GET", "/readyz", &[], "").await;
    ready.problem(503, "unavailable");
    served.ask_anywhere("GET", "/healthz", &[], "").await.json(200);
    down.store(false, Ordering::SeqCst);
    served.ask_anywhere("GET", "/readyz", &[], "").await.json(200);
}

#[tokio::test]
async fn a_panic_is_answered_and_the_server_lives() {
    let (_folder, store) = embedded_store(None);
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    let impaired = Impaired::of(store).fault(move || {
        assert!(!is_broken.load(Ordering::SeqCst), "hunter2");
        false
    });
    let served = Served::of(Arc::new(impaired), ApiSettings::default());
    let problem = served.get("@root/keys/k").await.problem(500, "internal");
    assert!(!problem.to_string().contains("hunter2"), "{problem}");
    broken.store(false, Ordering::SeqCst);
    served.get("@root/keys/k").await.problem(404, "no-key");
}

#[tokio::test]
async fn a_slow_read_ends_and_a_slow_commit_goes_on_and_is_found() {
    let (_folder, store) = embedded_store(None);
    let gate = Arc::new(Semaphore::new(0));
    let slow = Impaired::of(Arc::clone(&store)).gate(Arc::clone(&gate));
    let settings = ApiSettings {
        request_time: Duration::from_millis(100),
        ..ApiSettings::default()
    };
    let served = Served::of(Arc::new(slow), settings);
    let read = served.get("db/keys/k").await;
    assert_eq!(read.header("retry-after"), Some("1"));
    read.problem(503, "unavailable");

    let headers = [("idempotency-key", "mine")];
    let unknown = served
        .ask("PUT", "db/keys/k", &headers, "1")
        .await
        .problem(504, "outcome-unknown");
    assert_eq!(
        (&unknown["commit"], &unknown["kind"]),
        (&json!("mine"), &json!("outcome-unknown"))
    );
    gate.add_permits(1000);
    let key: Key = "/db/k".parse().expect("a key");
    let there = async {
        while store
            .get(&key, Consistency::Strong)
            .await
            .expect("the store")
            .is_none()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), there)
        .await
        .expect("the commit goes on");
    let again = served.ask("PUT", "db/keys/k", &headers, "1").await.json(201);
    assert_eq!(
        (&again["node"]["version"], &again["node"]["revision"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn a_commit_that_is_sent_again_is_made_once() {
    let served = Served::new();
    let headers = [("idempotency-key", "mine")];
    let first = served.ask("PUT", "db/keys/k", &headers, "1").await.json(201);
    // However much else is written meanwhile.
    let changes: Vec<_> = (0..45)
        .map(|n| json!({"op": "set", "key": format!("/db/other/{n}"), "value": "x"}))
        .collect();
    for _ in 0..3 {
        let body = json!({ "changes": changes }).to_string();
        served.ask("POST", "db/commit", &[], body).await.json(200);
    }
    assert_eq!(
        served.ask("PUT", "db/keys/k", &headers, "1").await.json(201),
        first
    );
    let headers = [("idempotency-key", "gone")];
    let removed = served.ask("DELETE", "db/keys/k", &headers, "").await.json(200);
    assert_eq!(
        served.ask("DELETE", "db/keys/k", &headers, "").await.json(200),
        removed
    );
    let body = r#"{"guards": [{"guard": "absent", "key": "/db/k"}], "changes": [{"op": "set", "key": "/db/k", "value": "2"}]}"#;
    let headers = [("idempotency-key", "both")];
    let made = served.ask("POST", "db/commit", &headers, body).await.json(200);
    assert_eq!(made["commit"], "both");
    let again = served.ask("POST", "db/commit", &headers, body).await.json(200);
    assert_eq!(
        (&again["sections"], &again["changes"]),
        (&made["sections"], &made["changes"])
    );
    assert_eq!(served.get("@config/heads").await.json(200)["version"], 6);
}

#[tokio::test]
async fn an_id_that_is_not_the_callers_is_not_looked_for() {
    let served = Served::new();
    let body = r#"{"guards": [{"guard": "absent", "key": "/db/k"}], "changes": [{"op": "set", "key": "/db/k", "value": "1"}]}"#;
    let made = served.ask("POST", "db/commit", &[], body).await.json(200);
    let id = made["commit"].as_str().expect("an id");
    served
        .ask("POST", "db/commit", &[("idempotency-key", id)], body)
        .await
        .problem(412, "guard-failed");
    served
        .ask(
            "POST",
            "db/commit?repeated=false",
            &[("idempotency-key", id)],
            body,
        )
        .await
        .problem(400, "query");
}
