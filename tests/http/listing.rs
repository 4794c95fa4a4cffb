//! Listings, snapshots and logs over HTTP.

use discfg::http::ApiSettings;
use serde_json::{Value as Json, json};

use support::api::Served;

fn keys(nodes: &Json) -> Vec<&str> {
    let nodes = nodes.as_array().expect("nodes").iter();
    nodes.map(|node| node["key"].as_str().expect("a key")).collect()
}

async fn filled(settings: ApiSettings) -> Served {
    let served = Served::with(settings);
    for key in ["db", "db/a", "db/b/c", "db/b/d", "db/z", "web/port"] {
        served.set(key, "1").await;
    }
    served
}

/// All of a listing, page by page, each page of at most `limit` items.
async fn paged(served: &Served, path: &str, limit: usize) -> (Vec<String>, usize) {
    let (mut names, mut pages, mut next) = (Vec::new(), 0, None::<String>);
    loop {
        let cursor = next.map(|next| format!("&cursor={next}")).unwrap_or_default();
        let page = served
            .get(&format!("{path}&limit={limit}{cursor}"))
            .await
            .json(200);
        let mut of_page: Vec<String> = keys(&page["nodes"]).into_iter().map(ToOwned::to_owned).collect();
        of_page.extend(
            page["folders"]
                .as_array()
                .expect("folders")
                .iter()
                .map(|folder| folder.as_str().expect("text").to_owned()),
        );
        of_page.sort();
        assert!(of_page.len() <= limit);
        names.extend(of_page);
        pages += 1;
        next = page["next"].as_str().map(ToOwned::to_owned);
        if next.is_none() {
            return (names, pages);
        }
    }
}

#[tokio::test]
async fn a_listing_is_one_level_or_all_below() {
    let served = filled(ApiSettings::default()).await;
    let of = async |path| {
        let page = served.get(path).await.json(200);
        assert_eq!((&page["action"], &page["next"]), (&json!("ls"), &Json::Null));
        let nodes: Vec<String> = keys(&page["nodes"]).into_iter().map(ToOwned::to_owned).collect();
        (nodes, page["folders"].clone())
    };
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        of("@config/list").await,
        (owned(&["/db"]), json!(["/db/", "/web/"]))
    );
    assert_eq!(of("@root/list").await, (owned(&["/db"]), json!([])));
    assert_eq!(
        of("@root/list?recursive=true").await,
        (owned(&["/db"]), json!([]))
    );
    assert_eq!(
        of("db/list").await,
        (owned(&["/db/a", "/db/z"]), json!(["/db/b/"]))
    );
    assert_eq!(of("db/list/b").await, (owned(&["/db/b/c", "/db/b/d"]), json!([])));
    let below = owned(&["/db/a", "/db/b/c", "/db/b/d", "/db/z"]);
    assert_eq!(
        of("db/list?recursive=true&consistency=eventual").await,
        (below, json!([]))
    );
    assert_eq!(of("absent/list").await, (owned(&[]), json!([])));
}

#[tokio::test]
async fn pages_come_to_the_whole() {
    let served = filled(ApiSettings::default()).await;
    for path in [
        "@config/list?recursive=true",
        "@config/list?recursive=false",
        "db/list?recursive=true",
        "db/list?recursive=false",
    ] {
        let (whole, _) = paged(&served, path, 1000).await;
        for limit in 1..=whole.len() {
            let (names, pages) = paged(&served, path, limit).await;
            assert_eq!(names, whole, "{path}");
            assert_eq!(pages, whole.len().div_ceil(limit), "{path}");
        }
    }
    let small = filled(ApiSettings {
        page_bytes: 2,
        ..ApiSettings::default()
    })
    .await;
    let (names, pages) = paged(&small, "db/list?recursive=true", 1000).await;
    assert_eq!((names.len(), pages), (4, 2));
    let cursor = served.get("@config/list?limit=1").await.json(200)["next"]
        .as_str()
        .expect("a cursor")
        .to_owned();
    for elsewhere in ["db/list?", "@config/list?recursive=true&"] {
        let answer = served.get(&format!("{elsewhere}cursor={cursor}")).await;
        answer.problem(400, "query");
    }
    for bad in [
        "cursor=AAAA",
        "cursor=",
        "limit=0",
        "limit=1001",
        "limit=x",
        "recursive=yes",
    ] {
        served
            .get(&format!("@config/list?{bad}"))
            .await
            .problem(400, "query");
    }
}

#[tokio::test]
async fn a_snapshot_holds_what_lies_below() {
    let served = filled(ApiSettings::default()).await;
    let of = async |path| {
        let snapshot = served.get(path).await.json(200);
        let heads = snapshot["sections"].as_array().expect("heads").iter();
        let heads: Vec<String> = heads
            .map(|head| head["name"].as_str().expect("a name").to_owned())
            .collect();
        let nodes: Vec<String> = keys(&snapshot["nodes"])
            .into_iter()
            .map(ToOwned::to_owned)
            .collect();
        (nodes, heads)
    };
    let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (all, heads) = of("@config/snapshot").await;
    assert_eq!((all.len(), heads), (6, owned(&["/db", "/web", "@root"])));
    assert_eq!(of("@config/snapshot?prefix=/").await.0, all);
    assert_eq!(of("@root/snapshot").await, (owned(&["/db"]), owned(&["@root"])));
    assert_eq!(
        of("db/snapshot/b").await,
        (owned(&["/db/b/c", "/db/b/d"]), owned(&["/db"]))
    );
    let two = of("@config/snapshot?prefix=/db/b&prefix=/web").await;
    assert_eq!(two.0, owned(&["/db/b/c", "/db/b/d", "/web/port"]));
    served
        .get("@config/snapshot?prefix=//")
        .await
        .problem(400, "query");
    served.get("db/snapshot?prefix=/web").await.problem(400, "query");
}

#[tokio::test]
async fn a_log_is_told_in_whole_revisions() {
    let served = filled(ApiSettings::default()).await;
    let two = r#"{"changes": [{"op": "delete", "key": "/db/a"}, {"op": "delete", "key": "/db/z"}]}"#;
    served.ask("POST", "db/commit", &[], two).await.json(200);
    let part = async |query: &str| {
        let part = served.get(&format!("db/changes{query}")).await.json(200);
        let lines = part["changes"].as_array().expect("lines").len();
        (
            lines,
            part["after"].as_u64().expect("a revision"),
            part["more"] == true,
        )
    };
    assert_eq!(part("").await, (6, 5, false));
    assert_eq!(part("?limit=1").await, (1, 1, true));
    assert_eq!(part("?after=1&limit=2").await, (2, 3, true));
    assert_eq!(part("?after=4&limit=1").await, (2, 5, false));
    assert_eq!(part("?after=5").await, (0, 5, false));
    assert_eq!(part("?after=18446744073709551615").await, (0, u64::MAX, false));
    let small = filled(ApiSettings {
        page_bytes: 2,
        ..ApiSettings::default()
    })
    .await;
    let bounded = small.get("db/changes").await.json(200);
    assert_eq!((&bounded["after"], &bounded["more"]), (&json!(2), &json!(true)));

    served.set("db/a", "2").await;
    served.set("db/a", "3").await;
    let history = async |query: &str| {
        let history = served.get(&format!("db/history/a{query}")).await.json(200);
        let lines = history["changes"].as_array().expect("lines").iter();
        let revisions: Vec<u64> = lines
            .map(|line| line["revision"].as_u64().expect("a revision"))
            .collect();
        (revisions, history["before"].clone())
    };
    assert_eq!(history("").await, (vec![7, 6, 5, 1], Json::Null));
    assert_eq!(history("?limit=2").await, (vec![7, 6], json!(6)));
    assert_eq!(history("?limit=2&before=6").await, (vec![5, 1], Json::Null));
    let none = served.get("db/history/never").await.json(200);
    assert_eq!(
        (&none["key"], &none["changes"]),
        (&json!("/db/never"), &json!([]))
    );
}

#[tokio::test]
async fn info_is_what_the_command_line_says() {
    let served = filled(ApiSettings::default()).await;
    let info = served.get("@config/info").await.json(200);
    assert_eq!(
        (&info["action"], &info["config"], &info["version"]),
        (&json!("info"), &json!("mycfg"), &json!(6))
    );
    assert_eq!((&info["engine"], &info["state"]), (&json!("http"), &json!("ok")));
    assert_eq!(
        (&info["sections"][0]["name"], &info["sections"][0]["keys"]),
        (&json!("/db"), &json!(4))
    );
    assert!(info["digest"].as_str().expect("a digest").starts_with("sha256:"));
}
