//! The values below a prefix as one flat object, for what copies them into a Kubernetes Secret.

use discfg::http::Caller;
use discfg::model::Access;
use serde_json::json;

use support::api::Served;

const JSON: (&str, &str) = ("content-type", "application/json");

async fn filled() -> Served {
    let served = Served::new();
    for key in ["mykey", "web/port", "db/url"] {
        served.set(key, key).await;
    }
    for (path, value) in [
        ("db/keys/ratio", "1.10"),
        ("db/keys/big", "12345678901234567890.50"),
        ("db/keys/pool/max", "20"),
        ("db/keys/pool", "{\"b\": 1.0, \"a\": [true, null]}"),
        ("db/keys/flag", "true"),
    ] {
        served.ask("PUT", path, &[JSON], value).await.json(201);
    }
    served.set("db/empty", "").await;
    served
}

#[tokio::test]
async fn each_value_is_the_text_that_was_stored() {
    let served = filled().await;
    let db = json!({
        "url": "db/url",
        "ratio": "1.10",
        "big": "12345678901234567890.50",
        "pool": "{\"b\": 1.0, \"a\": [true, null]}",
        "pool.max": "20",
        "flag": "true",
        "empty": "",
    });
    for prefix in ["db", "/db", "db/", "/db/", "%2Fdb"] {
        let answer = served.get(&format!("@config/values?prefix={prefix}")).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.json(200), db, "{prefix}");
    }
    let pool = served.get("@config/values?prefix=db%2Fpool").await.json(200);
    assert_eq!(pool, json!({"max": "20"}));
    let all = served.get("@config/values").await.json(200);
    assert_eq!(
        (&all["mykey"], &all["web.port"], &all["db.pool.max"]),
        (&json!("mykey"), &json!("web/port"), &json!("20"))
    );
    assert_eq!(all.as_object().map(serde_json::Map::len), Some(9));
}

#[tokio::test]
async fn bytes_are_returned_in_base64_only() {
    let served = filled().await;
    for key in ["store", "other"] {
        let path = format!("web/keys/{key}");
        let put = served.ask("PUT", &path, &[], vec![0xff, 0, 1]).await;
        put.json(201);
    }
    let refused = served
        .get("@config/values?prefix=web")
        .await
        .problem(422, "unfit");
    assert_eq!(
        refused["detail"],
        "cannot return bytes as text (/web/other, /web/store); request base64=true"
    );
    assert_eq!(refused["keys"], json!(["/web/other", "/web/store"]));
    let encoded = served
        .get("@config/values?prefix=web&base64=true")
        .await
        .json(200);
    assert_eq!(
        encoded,
        json!({"store": "/wAB", "other": "/wAB", "port": "d2ViL3BvcnQ="})
    );
}

#[tokio::test]
async fn a_key_without_a_name_of_its_own_is_an_error() {
    let served = Served::new();
    for key in ["colon/a:b", "dots/..a", "same/a/b", "same/a.b", "fine/x"] {
        served.set(key, "v").await;
    }
    for (prefix, keys) in [
        ("colon", json!(["/colon/a:b"])),
        ("dots", json!(["/dots/..a"])),
        ("same", json!(["/same/a.b", "/same/a/b"])),
    ] {
        let path = format!("@config/values?prefix={prefix}");
        let refused = served.get(&path).await.problem(422, "unfit");
        assert_eq!(refused["keys"], keys, "{refused}");
    }
    served.get("@config/values").await.problem(422, "unfit");
    served.get("@config/values?prefix=fine").await.json(200);
}

#[tokio::test]
async fn more_than_a_kubernetes_secret_holds_is_an_error() {
    let served = Served::new();
    for key in 0..6 {
        let large = "x".repeat(180_000);
        served.set(&format!("large/{key}"), &large).await;
    }
    let refused = served
        .get("@config/values?prefix=large")
        .await
        .problem(422, "unfit");
    assert!(refused["detail"].to_string().contains("1 MiB"), "{refused}");
}

#[tokio::test]
async fn what_matches_nothing_is_not_found() {
    let served = Served::new();
    let of = |problem: serde_json::Value| problem["detail"].clone();
    let empty = served.get("@config/values").await.problem(404, "no-key");
    assert_eq!(of(empty), "no keys below /");
    served
        .ask("PUT", "db/keys/lease?ttl=1h", &[], "x")
        .await
        .json(201);
    let lease = served.get("@config/values?prefix=db").await;
    assert_eq!(
        of(lease.problem(404, "no-key")),
        "no keys without a time to live below /db"
    );
    served.set("db/url", "x").await;
    let absent = served.get("@config/values?prefix=db%2Furl").await;
    assert_eq!(of(absent.problem(404, "no-key")), "no keys below /db/url");
    let found = served.get("@config/values?prefix=db").await.json(200);
    assert_eq!(found, json!({"url": "x"}));
}

#[tokio::test]
async fn what_is_asked_in_another_way_is_refused() {
    let served = filled().await;
    for query in [
        "prefix=",
        "prefix=db&prefix=web",
        "prefix=a%2F%2Fb",
        "prefix=%40root",
        "reveal=1",
        "base64",
        "stored=true",
        "recursive=true",
    ] {
        let path = format!("@config/values?{query}");
        served.get(&path).await.problem(400, "query");
    }
    let put = served.ask("PUT", "@config/values", &[], "x").await;
    put.problem(405, "no-method");
}

#[tokio::test]
async fn secrets_are_for_callers_that_can_decrypt_and_ask_for_them() {
    let served = filled().await;
    let secret = served.ask("PUT", "db/keys/password?secret=true", &[], "hunter2");
    secret.await.json(201);
    let masked = served.get("@config/values?prefix=db").await;
    assert!(!masked.text().contains("hunter2") && !masked.text().contains("1.10"));
    let masked = masked.problem(403, "denied");
    assert_eq!(
        masked["detail"],
        "/db contains secrets (/db/password); request their values with reveal=true"
    );
    assert_eq!(masked["keys"], json!(["/db/password"]));
    let revealed = served.get("@config/values?prefix=db&reveal=true").await.json(200);
    assert_eq!(
        (&revealed["password"], &revealed["ratio"]),
        (&json!("hunter2"), &json!("1.10"))
    );

    let plain = served.for_caller(Some(Caller {
        access: Access::Read,
        decrypts: false,
        ..Caller::anyone()
    }));
    for query in ["prefix=db&reveal=true", "prefix=db", "prefix=web&reveal=true"] {
        let refused = plain.get(&format!("@config/values?{query}")).await;
        assert!(!refused.text().contains("hunter2"), "{query}");
        refused.problem(403, "denied");
    }
    plain.get("@config/values?prefix=web").await.json(200);
    let of_a_page = served
        .ask(
            "GET",
            "@config/values?prefix=db&reveal=true",
            &[("sec-fetch-site", "cross-site")],
            "",
        )
        .await;
    of_a_page.problem(403, "denied");
}

#[tokio::test]
async fn a_caller_of_some_sections_gets_no_value_of_another() {
    let served = filled().await;
    let of_web = served.for_caller(Some(Caller {
        sections: Some(["web".parse().expect("a section")].into()),
        ..Caller::anyone()
    }));
    for prefix in ["db", "db%2Fpool", "absent"] {
        let path = format!("@config/values?prefix={prefix}");
        of_web.get(&path).await.problem(403, "denied");
    }
    let own = of_web.get("@config/values").await.json(200);
    assert_eq!(own, json!({"web.port": "web/port"}));
    served
        .for_caller(None)
        .get("@config/values")
        .await
        .problem(403, "denied");
}
