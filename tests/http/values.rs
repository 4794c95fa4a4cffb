//! Values over HTTP: their kinds, their forms, their size, and secrets.

use discfg::http::Caller;
use discfg::model::{Encoding, Key, Value};
use discfg::store::StoreExt as _;
use serde_json::{Value as Json, json};

use support::api::{Answer, Served};

fn key(text: &str) -> Key {
    text.parse().expect(text)
}

#[tokio::test]
async fn the_kind_of_a_value_is_said_or_seen() {
    let served = Served::new();
    let json = Some("application/json");
    let text = Some("text/plain");
    let form = Some("application/x-www-form-urlencoded");
    for (of_type, body, kind, value) in [
        (json, "1.10", "json", json!(1.10)),
        (json, "null", "json", Json::Null),
        (json, "\"a\"", "json", json!("a")),
        (json, "{\"a\": [1, 2]}", "json", json!({"a": [1, 2]})),
        (text, "{\"a\": 1}", "text", json!("{\"a\": 1}")),
        (form, "a=1&b", "text", json!("a=1&b")),
        (form, "{\"a\": 1}", "json", json!({"a": 1})),
        (None, "1.10", "text", json!("1.10")),
        (None, "[1]", "json", json!([1])),
        (None, "", "text", json!("")),
    ] {
        let headers: Vec<_> = of_type
            .map(|of_type| ("content-type", of_type))
            .into_iter()
            .collect();
        let answer = served.ask("PUT", "@root/keys/k", &headers, body).await;
        assert!(answer.status.is_success(), "{of_type:?} {body}");
        let node = &served.get("@root/keys/k").await.json(200)["node"];
        assert_eq!(
            (&node["kind"], &node["value"]),
            (&json!(kind), &value),
            "{of_type:?} {body}"
        );
    }
    served
        .ask("PUT", "@root/keys/k", &[], vec![0xff, 0])
        .await
        .json(200);
    let node = served.get("@root/keys/k").await.json(200)["node"].clone();
    assert_eq!((&node["kind"], &node["value"]), (&json!("bytes"), &json!("/wA=")));
}

#[tokio::test]
async fn what_doesnt_fit_its_type_is_refused_and_changes_nothing() {
    let served = Served::new();
    served.set("k", "before").await;
    for (of_type, body, named) in [
        ("application/json", &b"{\"a\": }"[..], "line 1"),
        ("application/json", b"", "unexpected end"),
        ("text/plain", b"\xff", "at byte 0"),
    ] {
        let answer = served
            .ask("PUT", "@root/keys/k", &[("content-type", of_type)], body)
            .await;
        let problem = answer.problem(400, "body");
        assert!(
            problem["detail"].as_str().expect("a detail").contains(named),
            "{problem}"
        );
    }
    let latin = [("content-type", "text/plain; charset=latin1")];
    served
        .ask("PUT", "@root/keys/k", &latin, "x")
        .await
        .problem(415, "media-type");
    let largest = "x".repeat(190_000);
    served
        .ask("PUT", "@root/keys/largest", &[], largest.clone())
        .await
        .json(201);
    let large = served
        .ask("PUT", "@root/keys/k", &[], largest + "x")
        .await
        .problem(413, "limit");
    assert_eq!(
        large["limit"],
        json!({"bytes": {"size": 190_001, "max": 190_000}})
    );
    let node = served.get("@root/keys/k").await.json(200)["node"].clone();
    assert_eq!(node["value"], "before");
}

#[tokio::test]
async fn a_value_is_given_alone_where_it_is_asked_for() {
    let served = Served::new();
    let alone = async |accept| served.ask("GET", "@root/keys/k", &[("accept", accept)], "").await;
    let told = |answer: &Answer| {
        (
            answer.header("content-type").map(ToOwned::to_owned),
            answer.text(),
        )
    };
    let text = Some("text/plain; charset=utf-8".to_owned());
    let bytes = Some("application/octet-stream".to_owned());
    served.set("k", "{\"a\": 1}\n").await;
    assert_eq!(
        told(&alone("text/plain").await),
        (text.clone(), "{\"a\": 1}\n".into())
    );
    assert_eq!(
        told(&alone("application/octet-stream").await),
        (bytes.clone(), "{\"a\": 1}\n".into())
    );
    assert_eq!(alone("text/plain").await.header("etag"), Some("\"1\""));
    assert_eq!(
        alone("text/plain").await.header("vary"),
        Some("accept, authorization")
    );
    assert_eq!(
        alone("text/plain").await.header("x-content-type-options"),
        Some("nosniff")
    );
    served.ask("PUT", "@root/keys/k", &[], vec![0xff]).await.json(200);
    assert_eq!(told(&alone("text/plain").await), (bytes, "\u{fffd}".into()));
    alone("text/html, */*;q=0.1").await.json(200);
}

#[tokio::test]
async fn a_time_to_live_is_given_kept_renewed_and_dropped() {
    let served = Served::new();
    let node = async |method, path| {
        let answer = served.ask(method, path, &[], "x").await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json(answer.status.as_u16())["node"].clone()
    };
    assert_eq!(node("PUT", "db/keys/k?ttl=5m").await["ttl"], 300);
    assert_eq!(node("PUT", "db/keys/k?keep-ttl=true").await["ttl"], 300);
    let renewed = node("POST", "db/touch/k?ttl=2h").await;
    assert_eq!((&renewed["ttl"], &renewed["version"]), (&json!(7200), &json!(2)));
    assert!(renewed["expires"].is_string());
    assert_eq!(node("POST", "db/touch/k").await["ttl"], 7200);
    assert_eq!(node("POST", "db/touch/k?stored=true").await["value"], "x");
    assert_eq!(node("PUT", "db/keys/k").await["ttl"], Json::Null);
    let forever = served
        .ask("POST", "db/touch/k", &[], "")
        .await
        .problem(400, "no-ttl");
    assert_eq!(forever["keys"], json!(["/db/k"]));
    served
        .ask("POST", "db/touch/absent?ttl=1m", &[], "")
        .await
        .problem(404, "no-key");
    for query in [
        "ttl=0",
        "ttl=-1",
        "ttl=1w",
        "ttl=4000d",
        "ttl=1m&keep-ttl=true",
        "ttl=1m&ttl=1m",
        "keep-ttl=1",
    ] {
        let answer = served.ask("PUT", &format!("db/keys/k?{query}"), &[], "y").await;
        answer.problem(400, "query");
    }
    assert_eq!(served.get("db/keys/k").await.json(200)["node"]["value"], "x");
}

#[tokio::test]
async fn a_secret_is_masked_revealed_or_as_it_is_stored() {
    let served = Served::new();
    let made = served
        .ask("PUT", "db/keys/pw?secret=true", &[], "hunter2")
        .await
        .json(201);
    assert_eq!(
        (&made["node"]["masked"], &made["node"]["value"]),
        (&json!(true), &Json::Null)
    );
    assert_eq!(made["node"]["kind"], "text");
    let set = served.ask("PUT", "db/keys/pw", &[], "hunter3").await;
    assert!(!set.text().contains("hunter"), "{}", set.text());

    let masked = [
        "db/keys/pw",
        "db/list",
        "db/snapshot",
        "db/changes",
        "db/history/pw",
        "@config/snapshot",
    ];
    for path in masked {
        let answer = served.get(path).await;
        assert!(
            answer.status.is_success() && !answer.text().contains("hunter"),
            "{}",
            answer.text()
        );
        assert!(answer.text().contains("\"masked\":true"), "{}", answer.text());
    }
    for path in [
        "db/keys/pw?reveal=true",
        "db/list?reveal=true",
        "db/snapshot?reveal=true",
        "@config/snapshot?reveal=true",
    ] {
        let answer = served.get(path).await;
        assert!(
            answer.text().contains("\"value\":\"hunter3\""),
            "{}",
            answer.text()
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    let stored = served.get("db/keys/pw?stored=true").await.json(200)["node"].clone();
    assert_eq!(
        (&stored["kind"], &stored["secret"]),
        (&json!("bytes"), &json!(true))
    );
    assert!(
        stored["value"].as_str().expect("base64").starts_with("ZGNz"),
        "{stored}"
    );
    served
        .get("db/keys/pw?stored=true&reveal=true")
        .await
        .problem(400, "query");

    let alone = [("accept", "text/plain")];
    served
        .ask("GET", "db/keys/pw", &alone, "")
        .await
        .problem(403, "denied");
    assert_eq!(
        served
            .ask("GET", "db/keys/pw?reveal=true", &alone, "")
            .await
            .text(),
        "hunter3"
    );

    let guard = r#"{"guards": [{"guard": "value", "key": "/db/pw", "value": "hunter3"}], "changes": []}"#;
    served
        .ask("POST", "db/commit", &[], guard)
        .await
        .problem(400, "guard-on-secret");
    let lost = served
        .ask("PUT", "db/keys/pw", &[("if-match", "\"1\"")], "x")
        .await
        .problem(412, "guard-failed");
    assert_eq!(lost["current"], Json::Null);
    served
        .ask("PUT", "db/keys/pw?secret=false", &[], "open")
        .await
        .json(200);
    assert_eq!(served.get("db/keys/pw").await.json(200)["node"]["value"], "open");
}

#[tokio::test]
async fn who_may_not_decrypt_reveals_nothing_and_lends_no_key() {
    let served = Served::new();
    let secret = Value::new("hunter2", Encoding::Detect).expect("a value");
    served
        .store
        .set_secret(&key("/db/pw"), secret)
        .await
        .expect("the store");
    let lent = served
        .ask("POST", "@datakeys/generate/db", &[], r#"{"key": "/db/pw"}"#)
        .await
        .json(200);
    let wrapped = lent["wrapped"].as_str().expect("base64").to_owned();
    let body = json!({"wrapped": wrapped, "key": "/db/pw"}).to_string();
    let again = served
        .ask("POST", "@datakeys/unwrap/db", &[], body.clone())
        .await
        .json(200);
    assert_eq!(again, lent);

    let blind = served.for_caller(Some(Caller {
        decrypts: false,
        ..Caller::anyone()
    }));
    for path in [
        "db/keys/pw?reveal=true",
        "@config/list?reveal=true",
        "db/snapshot?reveal=true",
    ] {
        blind.get(path).await.problem(403, "denied");
    }
    blind
        .ask("POST", "@datakeys/unwrap/db", &[], body)
        .await
        .problem(403, "denied");
    blind.get("db/keys/pw").await.json(200);
    blind.ask("PUT", "db/keys/pw", &[], "hunter3").await.json(200);

    for wrapped in ["AAAA", "not valid base64", ""] {
        let body = json!({"wrapped": wrapped, "key": "/db/pw"}).to_string();
        served
            .ask("POST", "@datakeys/unwrap/db", &[], body)
            .await
            .problem(400, "body");
    }
}
