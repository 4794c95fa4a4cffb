//! What bounds a caller of the HTTP API: its configs, sections, access, and whether it may decrypt.

use std::collections::BTreeSet;

use discfg::http::Caller;
use discfg::model::{Access, Section};
use serde_json::{Value as Json, json};

use support::api::Served;

const SET: &str = r#"{"changes": [{"op": "set", "key": "/db/url", "value": "x"}]}"#;

fn sections(names: &[&str]) -> BTreeSet<Section> {
    names.iter().map(|name| name.parse().expect(name)).collect()
}

async fn filled() -> Served {
    let served = Served::new();
    for key in ["mykey", "db/url", "db/pool/size", "web/port"] {
        served.set(key, "1").await;
    }
    served
}

fn names(list: &Json, field: &str) -> Vec<String> {
    let items = list.as_array().expect("a list").iter();
    items
        .map(|item| {
            let name = if field.is_empty() { item } else { &item[field] };
            name.as_str().expect("a name").to_owned()
        })
        .collect()
}

#[tokio::test]
async fn nobody_is_denied() {
    let served = filled().await.for_caller(None);
    served.get("@root/keys/mykey").await.problem(403, "denied");
    let health = served.ask_anywhere("GET", "/healthz", &[], "").await.json(200);
    assert_eq!(health, json!({"status": "ok"}));
    served.ask_anywhere("GET", "/readyz", &[], "").await.json(200);
}

#[tokio::test]
async fn another_config_is_denied_whether_or_not_it_is_there() {
    let served = filled().await;
    let of_others = served.for_caller(Some(Caller {
        configs: Some(BTreeSet::from(["orders".parse().expect("a config")])),
        ..Caller::anyone()
    }));
    of_others.get("@root/keys/mykey").await.problem(403, "denied");
    let path = "/v1/absent/@root/keys/mykey";
    of_others
        .ask_anywhere("GET", path, &[], "")
        .await
        .problem(403, "denied");
    served
        .ask_anywhere("GET", path, &[], "")
        .await
        .problem(404, "no-config");
}

#[tokio::test]
async fn a_reader_writes_nothing() {
    let served = filled().await;
    let reader = served.for_caller(Some(Caller {
        access: Access::Read,
        ..Caller::anyone()
    }));
    reader.get("db/keys/url").await.json(200);
    for (method, path, body) in [
        ("PUT", "db/keys/url", "2"),
        ("DELETE", "db/keys/url", ""),
        ("POST", "db/touch/url?ttl=1m", ""),
        ("POST", "@config/commit", SET),
        ("POST", "db/commit", SET),
        ("POST", "@datakeys/generate/db", r#"{"key": "/db/url"}"#),
    ] {
        reader.ask(method, path, &[], body).await.problem(403, "denied");
    }
    let read = served.get("db/keys/url").await.json(200);
    assert_eq!(
        (&read["node"]["version"], &read["node"]["value"]),
        (&json!(1), &json!("1"))
    );
}

#[tokio::test]
async fn a_caller_of_some_sections_meets_no_other() {
    let served = filled().await;
    let of_db = served.for_caller(Some(Caller {
        sections: Some(sections(&["db"])),
        ..Caller::anyone()
    }));
    of_db.get("db/keys/url").await.json(200);
    of_db.ask("POST", "@config/commit", &[], SET).await.json(200);
    for path in [
        "web/keys/port",
        "web/keys/absent",
        "absent/keys/port",
        "@root/keys/mykey",
        "@root/keys/db",
        "web/list",
        "@root/list",
        "web/snapshot",
        "@config/snapshot?prefix=/db&prefix=/web",
        "web/changes",
        "web/heads",
        "web/history/port",
    ] {
        of_db.get(path).await.problem(403, "denied");
    }
    for (method, path, body) in [
        ("PUT", "web/keys/port", "2"),
        ("DELETE", "web/keys/port", ""),
        ("POST", "web/touch/port?ttl=1m", ""),
        ("POST", "web/commit", r#"{"changes": []}"#),
        (
            "POST",
            "@config/commit",
            r#"{"changes": [{"op": "delete", "key": "/web/port"}]}"#,
        ),
        (
            "POST",
            "@config/commit",
            r#"{"guards": [{"guard": "absent", "key": "/mykey"}], "changes": []}"#,
        ),
        ("POST", "@datakeys/generate/web", r#"{"key": "/web/port"}"#),
    ] {
        of_db.ask(method, path, &[], body).await.problem(403, "denied");
    }
    // A body or query doesn't reach what its path doesn't name.
    for (path, body) in [
        (
            "db/commit",
            r#"{"changes": [{"op": "delete", "key": "/web/port"}]}"#,
        ),
        (
            "db/commit",
            r#"{"guards": [{"guard": "section", "section": "/web", "revision": 1}], "changes": []}"#,
        ),
        ("@datakeys/generate/db", r#"{"key": "/web/port"}"#),
        (
            "@datakeys/unwrap/db",
            r#"{"key": "/web/port", "wrapped": "AAAA"}"#,
        ),
    ] {
        of_db.ask("POST", path, &[], body).await.problem(400, "body");
        served.ask("POST", path, &[], body).await.problem(400, "body");
    }
    served.get("web/keys/port").await.json(200);
}

#[tokio::test]
async fn what_names_no_section_shows_the_callers_own() {
    let served = filled().await;
    let seen = async |sections: Option<BTreeSet<Section>>| {
        let served = served.for_caller(Some(Caller {
            sections,
            ..Caller::anyone()
        }));
        let list = served.get("@config/list").await.json(200);
        let all = served.get("@config/list?recursive=true").await.json(200);
        let snapshot = served.get("@config/snapshot").await.json(200);
        let heads = served.get("@config/heads").await.json(200);
        let info = served.get("@config/info").await.json(200);
        let below = names(&all["nodes"], "key");
        assert_eq!(names(&snapshot["nodes"], "key"), below);
        let known = names(&heads["sections"], "name");
        assert_eq!(names(&snapshot["sections"], "name"), known);
        assert_eq!(names(&info["sections"], "name"), known);
        assert_eq!(info["version"], heads["version"]);
        let mut level = names(&list["nodes"], "key");
        level.extend(names(&list["folders"], ""));
        (level, below, known)
    };
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        seen(None).await,
        (
            owned(&["/mykey", "/db/", "/web/"]),
            owned(&["/db/pool/size", "/db/url", "/mykey", "/web/port"]),
            owned(&["/db", "/web", "@root"]),
        )
    );
    assert_eq!(
        seen(Some(sections(&["db"]))).await,
        (
            owned(&["/db/"]),
            owned(&["/db/pool/size", "/db/url"]),
            owned(&["/db"])
        )
    );
    assert_eq!(
        seen(Some(sections(&["@root", "web"]))).await,
        (
            owned(&["/mykey", "/web/"]),
            owned(&["/mykey", "/web/port"]),
            owned(&["/web", "@root"]),
        )
    );
    assert_eq!(seen(Some(sections(&[]))).await, (vec![], vec![], vec![]));
}

#[tokio::test]
async fn who_wrote_is_who_was_let_in() {
    let served = filled().await;
    let deploy = served.for_caller(Some(Caller {
        by: Some("token:deploy".into()),
        ..Caller::anyone()
    }));
    deploy.set("db/url", "2").await;
    let read = served.get("db/keys/url").await.json(200);
    assert_eq!(read["node"]["by"], "token:deploy");
    let read = served.get("web/keys/port").await.json(200);
    assert_eq!(read["node"]["by"], "tester");
}
