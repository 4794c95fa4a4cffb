//! Conditions, commits and their ids over HTTP.

use discfg::model::Key;
use discfg::store::Consistency;
use serde_json::{Value as Json, json};

use support::api::Served;

#[tokio::test]
async fn headers_guard_writes() {
    let served = Served::new();
    let put = async |header, value, body| served.ask("PUT", "db/keys/k", &[(header, value)], body).await;
    put("if-match", "*", "0").await.problem(412, "guard-failed");
    put("if-match", "\"1\"", "0").await.problem(412, "guard-failed");
    put("if-none-match", "*", "1").await.json(201);
    let there = put("if-none-match", "*", "2").await.problem(412, "guard-failed");
    assert_eq!(there["kind"], "conflict");
    assert_eq!(there["guard"], json!({"guard": "absent", "key": "/db/k"}));
    assert_eq!(
        (&there["section"], &there["revision"]),
        (&json!("/db"), &json!(1))
    );
    assert_eq!(
        (&there["current"]["value"], &there["current"]["kind"]),
        (&json!("1"), &json!("text"))
    );
    put("if-match", "\"1\"", "2").await.json(200);
    put("if-match", "\"1\"", "3").await.problem(412, "guard-failed");
    put("if-match", "*", "3").await.json(200);
    for (header, value) in [
        ("if-match", "1"),
        ("if-none-match", "1"),
        ("if-match", "\"1\", *"),
    ] {
        put(header, value, "4").await.problem(400, "header");
    }
    let delete = async |value| {
        served
            .ask("DELETE", "db/keys/k", &[("if-match", value)], "")
            .await
    };
    delete("\"1\"").await.problem(412, "guard-failed");
    assert_eq!(served.get("db/keys/k").await.json(200)["node"]["value"], "3");
    delete("\"3\"").await.json(200);
}

#[tokio::test]
async fn headers_ask_whether_a_key_has_changed() {
    let served = Served::new();
    let get = async |header, value| served.ask("GET", "db/keys/k", &[(header, value)], "").await;
    get("if-none-match", "\"1\"").await.problem(404, "no-key");
    get("if-match", "*").await.problem(412, "guard-failed");
    served.set("db/k", "1").await;
    for same in ["\"1\"", "*"] {
        let answer = get("if-none-match", same).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (304, String::new()));
        assert_eq!(answer.header("etag"), Some("\"1\""));
        // A cache takes them over into what it holds.
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        assert_eq!(answer.header("vary"), Some("accept, authorization"));
        get("if-match", same).await.json(200);
    }
    get("if-none-match", "\"2\"").await.json(200);
    get("if-match", "\"2\"").await.problem(412, "guard-failed");
    // A tag is compared without regard to whether it is weak (RFC 9110, 13.1.2), and one of another maker is another.
    for same in [
        "W/\"1\"",
        "\"x\", W/\"7\" ,\t\"1\"",
        ",\"1\",",
        "\"a,b\", \"1\"",
        "\"\", \"1\"",
    ] {
        assert_eq!(get("if-none-match", same).await.status.as_u16(), 304, "{same}");
    }
    for other in [
        "\"x\"",
        "W/\"2\"",
        "\"01\"",
        "\"+1\"",
        "\"\"",
        "\"1-gzip\"",
        "\"a,\"",
        "\"2\", \"3\"",
    ] {
        get("if-none-match", other).await.json(200);
        get("if-match", other).await.problem(412, "guard-failed");
    }
    get("if-match", "\"2\", \"1\"").await.json(200);
    get("if-match", "W/\"1\"").await.problem(412, "guard-failed");
    let lines = [("if-none-match", "\"2\""), ("if-none-match", "\"1\"")];
    assert_eq!(
        served.ask("GET", "db/keys/k", &lines, "").await.status.as_u16(),
        304
    );
    for broken in [
        "1",
        "\"1",
        "w/\"1\"",
        "W/ \"1\"",
        "\"1\" \"2\"",
        "*, \"1\"",
        "",
        "\"a b\"",
    ] {
        for header in ["if-match", "if-none-match"] {
            get(header, broken).await.problem(400, "header");
        }
    }
}

#[tokio::test]
async fn lists_of_tags_guard_writes() {
    let served = Served::new();
    let ask = async |method, headers: &[(&str, &str)]| served.ask(method, "db/keys/k", headers, "x").await;
    // What is absent has no tag.
    ask("PUT", &[("if-match", "\"1\", \"2\"")])
        .await
        .problem(412, "guard-failed");
    ask("DELETE", &[("if-match", "\"x\"")])
        .await
        .problem(412, "guard-failed");
    ask("PUT", &[("if-none-match", "\"1\", \"2\"")]).await.json(201);
    let there = ask("PUT", &[("if-none-match", "\"x\", W/\"1\"")]).await;
    let there = there.problem(412, "guard-failed");
    assert_eq!(
        (&there["keys"], &there["current"]["value"]),
        (&json!(["/db/k"]), &json!("x"))
    );
    ask("PUT", &[("if-none-match", "\"x\"")]).await.json(200);
    ask("PUT", &[("if-match", "\"7\", \"x\", \"2\"")]).await.json(200);
    for not in ["\"x\"", "W/\"3\"", "\"03\"", "\"1\", W/\"3\", \"2\"", "\"\""] {
        for method in ["PUT", "DELETE"] {
            let not = ask(method, &[("if-match", not)])
                .await
                .problem(412, "guard-failed");
            assert_eq!(not["current"]["revision"], 3, "{not}");
        }
    }
    // Both must hold.
    ask("PUT", &[("if-match", "*"), ("if-none-match", "\"3\"")])
        .await
        .problem(412, "guard-failed");
    ask("PUT", &[("if-match", "\"3\", \"x\""), ("if-none-match", "\"2\"")])
        .await
        .json(200);
    // A commit that is sent again gets its first answer, though its condition no longer holds.
    for condition in [("if-match", "\"3\", \"4\""), ("if-none-match", "\"3\", \"6\"")] {
        let headers = [condition, ("idempotency-key", condition.0)];
        let made = ask("PUT", &headers).await.json(200);
        assert_eq!(ask("PUT", &headers).await.json(200), made);
    }
    ask("DELETE", &[("if-match", "\"6\", \"x\"")]).await.json(200);
}

/// A condition that a route doesn't know is not passed over.
#[tokio::test]
async fn writes_that_take_no_tags_say_so() {
    let served = Served::new();
    served.set("db/k", "1").await;
    for path in [
        "db/touch/k?ttl=30s",
        "db/commit",
        "@config/commit",
        "@datakeys/generate/db",
    ] {
        for header in ["if-match", "if-none-match"] {
            let problem = served
                .ask("POST", path, &[(header, "*")], "{}")
                .await
                .problem(400, "header");
            assert!(
                problem["detail"]
                    .as_str()
                    .is_some_and(|detail| detail.contains(header)),
                "{problem}"
            );
        }
    }
}

#[tokio::test]
async fn a_commit_is_all_or_nothing() {
    let served = Served::new();
    let body = json!({
        "guards": [{"guard": "absent", "key": "/db/url"}, {"guard": "section", "section": "/db", "revision": 0}],
        "changes": [
            {"op": "set", "key": "/db/url", "value": "a"},
            {"op": "set", "key": "/db/size", "value": 20, "ttl": 60},
            {"op": "set", "key": "/db/pw", "value": "hunter2", "secret": true},
            {"op": "delete", "key": "/db/absent"},
        ],
    });
    let answer = served.ask("POST", "db/commit", &[], body.to_string()).await;
    assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    let made = answer.json(200);
    assert_eq!(made["action"], "commit");
    assert_eq!(
        (&made["sections"][0]["name"], &made["sections"][0]["revision"]),
        (&json!("/db"), &json!(1))
    );
    let changes = made["changes"].as_array().expect("changes");
    assert_eq!(changes.len(), 3);
    assert_eq!(
        (&changes[0]["op"], &changes[0]["value"], &changes[0]["of"]),
        (&json!("set"), &json!("a"), &json!(3))
    );
    assert_eq!(
        (&changes[1]["value"], &changes[1]["ttl"]),
        (&json!(20), &json!(60))
    );
    assert_eq!(changes[2]["masked"], true);
    assert_eq!(
        served.get("db/keys/pw?reveal=true").await.json(200)["node"]["value"],
        "hunter2"
    );

    let again = served
        .ask("POST", "db/commit", &[], body.to_string())
        .await
        .problem(412, "guard-failed");
    assert_eq!(again["guard"]["guard"], "absent");
    let heads = served.get("db/heads").await.json(200);
    assert_eq!(
        (&heads["version"], &heads["sections"][0]["changes"]),
        (&json!(1), &json!(3))
    );

    let across = json!({"changes": [
        {"op": "set", "key": "/db/url", "value": "b"},
        {"op": "set", "key": "/mykey", "value": null},
    ]});
    let made = served
        .ask("POST", "@config/commit", &[], across.to_string())
        .await
        .json(200);
    assert_eq!(made["sections"].as_array().expect("sections").len(), 2);
    served
        .ask("POST", "db/commit", &[], across.to_string())
        .await
        .problem(400, "body");
    assert_eq!(served.get("@config/heads").await.json(200)["version"], 3);
}

#[tokio::test]
async fn a_commit_that_cant_be_says_why() {
    let served = Served::new();
    let commit = async |path: &str, body: Json| served.ask("POST", path, &[], body.to_string()).await;
    let set = |key: &str| json!({"op": "set", "key": key, "value": "x"});
    let twice = commit("db/commit", json!({"changes": [set("/db/k"), set("/db/k")]}))
        .await
        .problem(422, "twice");
    assert_eq!(twice["keys"], json!(["/db/k"]));
    let many: Vec<Json> = (0..60).map(|n| set(&format!("/db/k{n}"))).collect();
    let many = commit("db/commit", json!({"changes": many}))
        .await
        .problem(422, "limit");
    assert_eq!(many["limit"]["actions"]["changes"], 60);
    let secret = json!({"op": "set", "key": "/db/k", "kind": "text", "value": "x", "secret": true});
    let unsealed = commit("db/commit?stored=true", json!({"changes": [secret]}))
        .await
        .problem(422, "unsealed");
    assert_eq!(unsealed["keys"], json!(["/db/k"]));
    let large = "x".repeat(189_990);
    let large = commit(
        "db/commit",
        json!({"changes": [{"op": "set", "key": "/db/k", "value": large, "secret": true}]}),
    )
    .await;
    let large = large.problem(413, "secret-too-large");
    assert_eq!(large["limit"]["bytes"]["size"], 189_990);
    let large = "x".repeat(190_001);
    for (named, body) in [
        (
            "changes[0]",
            json!({"changes": [{"op": "set", "key": "/db/k", "value": large}]}),
        ),
        (
            "guards[0]",
            json!({"guards": [{"guard": "value", "key": "/db/k", "value": large}], "changes": []}),
        ),
    ] {
        let large = commit("db/commit", body).await.problem(413, "limit");
        let bytes = json!({"bytes": {"size": 190_001, "max": 190_000}});
        assert_eq!(large["limit"], bytes);
        assert!(
            large["detail"].as_str().expect("words").starts_with(named),
            "{large}"
        );
    }
    assert_eq!(served.get("@config/heads").await.json(200)["version"], 0);
}

#[tokio::test]
async fn stored_values_go_in_and_come_out_without_loss() {
    let served = Served::new();
    let body = json!({"changes": [
        {"op": "set", "key": "/db/a", "kind": "json", "value": "1.10"},
        {"op": "set", "key": "/db/b", "kind": "bytes", "value": "/wA="},
        {"op": "set", "key": "/db/c", "kind": "text", "value": "[1]", "ttl": 60},
    ]});
    let made = served
        .ask("POST", "db/commit?stored=true", &[], body.to_string())
        .await
        .json(200);
    assert_eq!(
        (&made["changes"][0]["kind"], &made["changes"][0]["value"]),
        (&json!("json"), &json!("1.10"))
    );
    let again = json!({"changes": [{"op": "set", "key": "/db/c", "kind": "text", "value": "2"}]});
    let again = served
        .ask("POST", "db/commit?stored=true", &[], again.to_string())
        .await
        .json(200);
    let replaced = &again["changes"][0]["prevNode"];
    assert_eq!(
        (&replaced["value"], &replaced["ttl"]),
        (&json!("[1]"), &json!(60))
    );
    for path in [
        "db/list?stored=true",
        "db/snapshot?stored=true",
        "@config/snapshot?prefix=/db&stored=true",
    ] {
        let nodes = served.get(path).await.json(200)["nodes"].clone();
        let values: Vec<&Json> = nodes
            .as_array()
            .expect("nodes")
            .iter()
            .map(|node| &node["value"])
            .collect();
        assert_eq!(values, [&json!("1.10"), &json!("/wA="), &json!("2")], "{path}");
    }
    let lines = served.get("db/changes?stored=true&after=1").await.json(200);
    assert_eq!(
        (&lines["changes"][0]["value"], &lines["more"]),
        (&json!("2"), &json!(false))
    );
    let lines = served.get("db/history/c?stored=true").await.json(200);
    assert_eq!(lines["changes"][1]["value"], "[1]");
    let key: Key = "/db/a".parse().expect("a key");
    let entry = served
        .store
        .get(&key, Consistency::Strong)
        .await
        .expect("the store")
        .expect("an entry");
    assert_eq!(entry.value.bytes(), b"1.10");
}
