//! `discfg serve` over a config's table, in the config's write role.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::account::Account;
use support::api::path_of;
use support::cli::Place;
use support::grants::deployed;
use support::http1::Message;
use support::kms::without_conditions;
use support::proxy::Proxy;
use support::serving::{Server, new_token, problem};
use support::sse::Events;

/// A deployed config, and somebody's place who may do nothing but take its roles.
fn developers() -> (Account, Proxy, Place) {
    let (account, proxy, place) = deployed();
    let place = place.who(&account.developer());
    proxy.forget();
    (account, proxy, place)
}

#[track_caller]
fn json_of(answer: &Message, status: u16) -> Value {
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status(), status, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_route_answers_in_the_write_role() {
    let (account, proxy, place) = developers();
    let server = Server::start(&place, &[]);
    let assumed: Vec<String> = proxy
        .requests()
        .iter()
        .filter(|request| request.operation == "AssumeRole")
        .map(|request| String::from_utf8_lossy(&request.message.body).into_owned())
        .collect();
    assert_eq!(assumed.len(), 1);
    assert!(assumed[0].contains("payments-eu-central-1-write"), "{assumed:?}");

    let base = |below: &str| format!("/v1/payments/{below}");
    let put = |key: &str, headers: &[(&str, &str)], value: &str| {
        server.ask("PUT", &base(&path_of("keys", key)), headers, value)
    };
    let get = |below: &str| server.ask("GET", &base(below), &[], "");
    let read = server.ask("GET", &base("db/keys/url"), &[("Accept", "text/plain")], "");
    assert_eq!((read.status(), read.body.as_slice()), (200, &b"one"[..]));
    assert_eq!(read.header("etag"), Some("\"1\""));

    let new = json_of(&put("db/new", &[("If-None-Match", "*")], "1"), 201);
    assert_eq!(new["node"]["revision"], 2, "{new}");
    assert_eq!(problem(&put("db/new", &[("If-None-Match", "*")], "2")).0, 412);
    assert_eq!(problem(&put("db/new", &[("If-Match", "\"1\"")], "2")).0, 412);
    json_of(&put("db/new", &[("If-Match", "\"2\"")], "2"), 200);
    json_of(&server.ask("DELETE", &base("db/keys/new"), &[], ""), 200);
    assert_eq!(problem(&get("db/keys/new")), (404, "no-key".into()));
    json_of(&put("lease?ttl=1h", &[], "mine"), 201);
    json_of(&server.ask("POST", &base("@root/touch/lease"), &[], ""), 200);

    let set = |key: &str, value: &str| json!({"op": "set", "key": key, "value": value});
    let commit = |path: &str, id: &str, body: &Value| {
        let headers = [("Idempotency-Key", id), ("Content-Type", "application/json")];
        server.ask("POST", &base(path), &headers, &body.to_string())
    };
    let guarded = json!({
        "guards": [{"guard": "revision", "key": "/db/url", "revision": 1}],
        "changes": [set("/db/url", "two"), set("/db/pool", "20")],
    });
    let made = json_of(&commit("db/commit", "first", &guarded), 200);
    assert_eq!(made["sections"][0]["revision"], 5, "{made}");
    // The guard no longer holds; but it is the same commit.
    assert_eq!(json_of(&commit("db/commit", "first", &guarded), 200), made);
    assert_eq!(
        problem(&commit("db/commit", "second", &guarded)),
        (412, "guard-failed".into())
    );
    let wide = json!({"changes": [set("/db/url", "three"), set("/web/port", "81")]});
    json_of(&commit("@config/commit", "wide", &wide), 200);

    for path in [
        "db/keys/url",
        "@root/keys/mode",
        "@root/keys/mode",
        "@config/list",
        "db/list?recursive=true",
        "@config/snapshot",
        "@config/values",
        "db/snapshot",
        "db/changes?after=5",
        "@config/heads",
        "db/heads",
        "db/history/url",
        "@config/info",
    ] {
        json_of(&get(path), 200);
    }
    let listed = json_of(&get("db/list"), 200);
    assert_eq!(listed["nodes"].as_array().map(Vec::len), Some(2), "{listed}");
    let history = json_of(&get("db/history/url"), 200);
    let developer = format!("arn:aws:iam::{}:user/developer", account.id());
    assert!(history.to_string().contains(&developer), "{history}");
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        assert_eq!(server.ask("GET", path, &[], "").status(), 200, "{path}");
    }
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("three");
    server.signal("TERM");
    server.end().code(0);
}

#[test]
fn values_to_copy_cost_what_a_snapshot_costs() {
    let (_account, proxy, place) = developers();
    let server = Server::start(&place, &[]);
    let requests = |below: &str| {
        proxy.forget();
        json_of(&server.ask("GET", &format!("/v1/payments/{below}"), &[], ""), 200);
        proxy.operations()
    };
    let snapshot = requests("db/snapshot");
    assert_eq!(requests("@config/values?prefix=db"), snapshot);
    assert!(snapshot.len() <= 4, "{snapshot:?}");
    server.signal("TERM");
    server.end().code(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_writes_is_told_to_who_waits_and_who_streams() {
    const INTERVAL: Duration = Duration::from_millis(500);
    // A machine that does much else may take this much longer.
    const LEEWAY: Duration = Duration::from_secs(20);
    let (_account, _proxy, place) = developers();
    let server = Server::start(&place, &["--interval", "500ms"]);
    let address = server.address;
    let path = "/v1/payments/db/changes";
    let mut events = Events::from(address, path, None).await;
    assert_eq!(events.last_id.as_deref(), Some("1"));
    let waits = thread::spawn(move || {
        let answer = server.ask("GET", &format!("{path}?after=1&wait=60s"), &[], "");
        (answer, Instant::now(), server)
    });
    let set = place.args(["set", "db/url", "elsewhere"]).run();
    let written = Instant::now();
    set.code(0);
    let told = events.next().await.expect("it goes on");
    assert!(written.elapsed() < INTERVAL + LEEWAY, "{:?}", written.elapsed());
    assert_eq!(
        (
            told.name.as_str(),
            &told.data["key"],
            &told.data["value"],
            &told.data["revision"]
        ),
        ("set", &json!("/db/url"), &json!("elsewhere"), &json!(2))
    );
    let (answer, at, server) = waits.join().expect("it waits");
    assert!(at.saturating_duration_since(written) < INTERVAL + LEEWAY);
    let changes = json_of(&answer, 200);
    assert_eq!(changes["after"], 2, "{changes}");

    server.signal("TERM");
    let end = events.next().await.expect("a last event");
    assert_eq!((end.name.as_str(), events.next().await), ("end", None));
    server.end().code(0);
}

#[test]
fn a_token_and_a_secret_reach_as_far_as_they_are_meant_to() {
    let (account, _proxy, place) = deployed();
    let made = place
        .args(["init", "payments", "--yes", "--kms", "-f", "json"])
        .run()
        .code(0)
        .json();
    let key = made["outputs"]["KmsKeyArn"].as_str().expect("a key").to_owned();
    without_conditions(&account, "payments", &key);
    let place = place.who(&account.developer());
    let db = new_token(&place, "tokens", "db", &["--write", "db"]);
    let trusted = new_token(&place, "tokens", "trusted", &["--read-all", "--decrypt"]);
    let server = Server::start(&place, &["--token-file", "tokens"]);

    let secret = "/v1/payments/db/keys/password";
    let put = server.with_token(&db, "PUT", &format!("{secret}?secret=true"), "hunter2");
    let put = json_of(&put, 201);
    assert!(!put.to_string().contains("hunter2"), "{put}");
    let masked = json_of(&server.with_token(&db, "GET", secret, ""), 200);
    assert_eq!(
        (&masked["node"]["masked"], &masked["node"]["value"]),
        (&json!(true), &Value::Null)
    );
    let revealed = format!("{secret}?reveal=true");
    assert_eq!(problem(&server.with_token(&db, "GET", &revealed, "")).0, 403);
    let revealed = json_of(&server.with_token(&trusted, "GET", &revealed, ""), 200);
    assert_eq!(revealed["node"]["value"], "hunter2");
    let values = "/v1/payments/@config/values?prefix=db&reveal=true";
    assert_eq!(problem(&server.with_token(&db, "GET", values, "")).0, 403);
    let values = json_of(&server.with_token(&trusted, "GET", values, ""), 200);
    assert_eq!(values["password"], "hunter2");
    let kept = format!("{:?}", account.items("discfg-payments"));
    assert!(
        kept.contains("/db/password") && !kept.contains("hunter2"),
        "{kept}"
    );
    assert!(kept.contains("token:db"), "{kept}");

    for (token, method, path) in [
        (&db, "GET", "/v1/payments/web/keys/port"),
        (&db, "PUT", "/v1/payments/web/keys/port"),
        (&db, "GET", "/metrics"),
        (&trusted, "PUT", "/v1/payments/web/keys/port"),
    ] {
        assert_eq!(
            problem(&server.with_token(token, method, path, "")).0,
            403,
            "{method} {path}"
        );
    }
    assert_eq!(problem(&server.ask("GET", secret, &[], "")).0, 401);
    let seen = json_of(
        &server.with_token(&db, "GET", "/v1/payments/@config/list", ""),
        200,
    );
    assert!(!seen.to_string().contains("web"), "{seen}");
}
