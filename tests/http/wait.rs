//! Requests that wait for a change: what they answer when, and what waiting costs the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use discfg::http::ApiSettings;
use discfg::model::SystemClock;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use support::live_api::{Served, json as body, quick, text};
use support::stores::{Impaired, set_all};

const NEVER: Duration = Duration::from_hours(1);

/// With a store that counts how often it is asked.
fn counted(settings: ApiSettings) -> (Served, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let served = Served::over(settings, Arc::new(SystemClock), |store| {
        Arc::new(Impaired::of(store).fault(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        }))
    });
    (served, asked)
}

fn keys(changes: &Value) -> Vec<&str> {
    let lines = changes["changes"].as_array().expect("changes").iter();
    lines.map(|line| line["key"].as_str().expect("a key")).collect()
}

#[tokio::test]
async fn who_asks_for_longer_than_may_be_waited_is_answered_then() {
    let served = Served::new(ApiSettings {
        interval: NEVER,
        longest_wait: Duration::from_millis(20),
        ..ApiSettings::default()
    });
    served.put("/db/a", "1").await;
    let began = Instant::now();
    let (status, changes) = served.get("~/db/changes?after=1&wait=60s").await;
    assert_eq!((status, keys(&changes)), (200, Vec::new()));
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn what_is_there_is_answered_at_once_and_nothing_when_the_time_is_over() {
    let served = Served::new(ApiSettings {
        interval: NEVER,
        ..ApiSettings::default()
    });
    served.put("/db/a", "1").await;
    served.put("/db/b", "2").await;
    let began = Instant::now();
    let (status, changes) = served.get("~/db/changes?after=1&wait=60s").await;
    assert_eq!((status, keys(&changes)), (200, vec!["/db/b"]));
    assert_eq!((&changes["after"], &changes["more"]), (&json!(2), &json!(false)));
    let (status, heads) = served.get("~/@config/heads?after=1&wait=60s").await;
    assert_eq!((status, &heads["version"]), (200, &json!(2)));
    let (status, head) = served.get("~/db/heads?after=1&wait=60s").await;
    assert_eq!((status, &head["sections"][0]["revision"]), (200, &json!(2)));
    assert!(began.elapsed() < Duration::from_secs(30));

    for wait in ["0", "0s", "20ms"] {
        let (status, changes) = served.get(&format!("~/db/changes?after=2&wait={wait}")).await;
        let wanted = json!({"action": "changes", "section": "/db", "after": 2, "more": false, "changes": []});
        assert_eq!((status, changes), (200, wanted), "{wait}");
        let (status, heads) = served.get(&format!("~/@config/heads?after=2&wait={wait}")).await;
        assert_eq!((status, &heads["version"]), (200, &json!(2)), "{wait}");
        // A section that nobody has written to yet can be waited for.
        let (status, head) = served.get(&format!("~/new/heads?after=0&wait={wait}")).await;
        assert_eq!((status, &head["version"]), (200, &json!(0)), "{wait}");
    }
}

#[tokio::test]
async fn an_answer_is_the_same_whether_it_was_waited_for_or_not() {
    let served = Arc::new(Served::new(ApiSettings {
        interval: NEVER,
        ..ApiSettings::default()
    }));
    served.put("/db/a", "0").await;
    let ask = |path: &'static str| {
        let served = Arc::clone(&served);
        tokio::spawn(async move { served.get(path).await })
    };
    let paths = [
        ("~/db/changes?after=1&wait=60s", "~/db/changes?after=1"),
        (
            "~/db/changes?after=1&stored=true&limit=2&wait=60s",
            "~/db/changes?after=1&stored=true&limit=2",
        ),
        ("~/@config/heads?after=1&wait=60s", "~/@config/heads"),
        ("~/db/heads?after=1&wait=60s", "~/db/heads"),
    ];
    let waiting: Vec<_> = paths.iter().map(|(waits, _)| ask(waits)).collect();
    served.until("discfg_http_waiting", "4").await;
    let body = r#"{"changes":[{"op":"set","key":"/db/a","value":"x"},{"op":"set","key":"/db/pw","value":"hunter2","secret":true},{"op":"delete","key":"/db/none"}]}"#;
    let made = served.send("POST", "~/db/commit", &[], body).await;
    assert_eq!(made.status(), 200);
    for (waited, (_, plain)) in waiting.into_iter().zip(paths) {
        let waited = waited.await.expect("it was answered");
        assert_eq!(waited.0, 200, "{plain}");
        assert_eq!(waited, served.get(plain).await, "{plain}");
    }
    assert_eq!(served.metric("discfg_http_waiting").await.as_deref(), Some("0"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_another_process_commits_is_seen_within_the_interval() {
    let served = Arc::new(Served::new(quick()));
    let other = served.other_handle();
    let mut waiting = JoinSet::new();
    for path in [
        "~/db/changes?after=0&wait=60s",
        "~/@config/heads?after=0&wait=60s",
        "~/db/heads?after=0&wait=60s",
    ] {
        let served = Arc::clone(&served);
        waiting.spawn(async move { served.get(path).await.0 });
    }
    served.until("discfg_http_waiting", "3").await;
    set_all(other.as_ref(), &[("/db/a", "1")]).await;
    let began = Instant::now();
    while let Some(status) = waiting.join_next().await {
        assert_eq!(status.expect("it was answered"), 200);
    }
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_hundred_that_wait_cost_what_one_does() {
    let (served, asked) = counted(quick());
    served.put("/db/a", "1").await;
    let served = Arc::new(served);
    for path in [
        "~/db/changes?after=1&wait=1s",
        "~/db/heads?after=1&wait=1s",
        "~/@config/heads?after=1&wait=1s",
    ] {
        let (began, before) = (Instant::now(), asked.load(Ordering::Relaxed));
        let mut waiting = JoinSet::new();
        for _ in 0..100 {
            let served = Arc::clone(&served);
            waiting.spawn(async move { served.get(path).await });
        }
        while let Some(answer) = waiting.join_next().await {
            assert_eq!(answer.expect("it was answered").0, 200);
        }
        let looks = asked.load(Ordering::Relaxed) - before;
        // A look each interval, less its jitter, and the first ones. Those of the feeds before go on beside it.
        let most = 2 * (began.elapsed().as_millis() / 45) as usize + 5;
        assert!(
            (5..=most).contains(&looks),
            "{path}: {looks} looks, at most {most}"
        );
    }
    // When it comes, it is read once for all.
    let (before, mut waiting) = (asked.load(Ordering::Relaxed), JoinSet::new());
    for _ in 0..100 {
        let served = Arc::clone(&served);
        waiting.spawn(async move { served.get("~/db/changes?after=1&wait=60s").await });
    }
    served.until("discfg_http_waiting", "100").await;
    served.put("/db/a", "2").await;
    let mut answers = Vec::new();
    while let Some(answer) = waiting.join_next().await {
        answers.push(answer.expect("it was answered").1);
    }
    assert!(answers.iter().all(|answer| keys(answer) == ["/db/a"]));
    let looks = asked.load(Ordering::Relaxed) - before;
    assert!(looks < 60, "{looks} looks");
}

/// Time is the runtime's own, which jumps where all wait.
#[tokio::test(start_paused = true)]
async fn who_has_gone_is_followed_for_a_while_and_then_no_more() {
    let (served, asked) = counted(ApiSettings {
        interval: Duration::from_secs(1),
        ..ApiSettings::default()
    });
    let stream = served.stream("db", None).await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    let looks = asked.load(Ordering::Relaxed);
    assert!(looks > 500, "{looks}: as long as it is there");
    drop(stream);
    assert_eq!(served.get("~/@config/heads?after=0&wait=10ms").await.0, 200);
    tokio::time::sleep(Duration::from_mins(2)).await;
    let looks = asked.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(asked.load(Ordering::Relaxed), looks);
    // And begins again.
    served.put("/db/a", "1").await;
    let (_, changes) = served.get("~/db/changes?after=0&wait=60s").await;
    assert_eq!(keys(&changes), ["/db/a"]);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_with_its_name() {
    let served = Served::new(quick());
    for (path, named) in [
        ("~/db/changes?wait=61s", "60"),
        ("~/db/changes?wait=x", "wait"),
        ("~/db/changes?wait=-1s", "wait"),
        ("~/db/changes?wait=1s&wait=1s", "wait"),
        ("~/@config/heads?wait=2m", "60"),
        ("~/@config/heads?wait=1s&after=-1", "after"),
        ("~/db/heads?wait=1s&before=2", "before"),
    ] {
        let (status, problem) = served.get(path).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("query")),
            "{path}: {problem}"
        );
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(named)),
            "{path}: {problem}"
        );
    }
    let bounded = served.within("/app");
    for path in ["~/db/changes?wait=1s", "~/db/heads?wait=1s"] {
        assert_eq!(bounded.get(path).await.0, 403, "{path}");
    }
    let none = bounded.again(ApiSettings {
        waits: false,
        ..quick()
    });
    for path in [
        "~/app/changes?wait=1s",
        "~/app/heads?wait=1s",
        "~/@config/heads?wait=1s",
    ] {
        let (status, problem) = none.get(path).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("query")),
            "{path}: {problem}"
        );
    }
    assert_eq!(none.get("~/app/changes").await.0, 200);
}

#[tokio::test]
async fn a_caller_waits_for_the_sections_that_it_may_use() {
    let served = Served::new(ApiSettings {
        interval: NEVER,
        ..ApiSettings::default()
    });
    let bounded = served.within("/app");
    let anyone = bounded.store.clone();
    set_all(anyone.as_ref(), &[("/db/a", "1"), ("/app/a", "1")]).await;
    let (_, heads) = bounded.get("~/@config/heads?after=0&wait=60s").await;
    assert_eq!(
        (&heads["version"], &heads["sections"][0]["name"]),
        (&json!(1), &json!("/app"))
    );
    assert_eq!(heads["sections"].as_array().map(Vec::len), Some(1));
    let (status, heads) = bounded.get("~/@config/heads?after=1&wait=20ms").await;
    assert_eq!((status, &heads["version"]), (200, &json!(1)));
}

#[tokio::test]
async fn who_waits_for_a_store_that_fails_is_told() {
    let down = Arc::new(AtomicUsize::new(0));
    let fails = Arc::clone(&down);
    let served = Served::over(quick(), Arc::new(SystemClock), |store| {
        Arc::new(Impaired::of(store).fault(move || fails.load(Ordering::Relaxed) > 0))
    });
    served.put("/db/a", "1").await;
    assert_eq!(served.get("~/db/changes?after=1&wait=10ms").await.0, 200);
    down.store(1, Ordering::Relaxed);
    for path in ["~/@config/heads?after=1&wait=1s", "~/db/heads?after=1&wait=1s"] {
        let response = served.send("GET", path, &[], "").await;
        assert_eq!(response.status(), 503, "{path}");
        assert!(response.headers().contains_key("retry-after"), "{path}");
        assert_eq!(body(response).await["code"], "unavailable", "{path}");
    }
    let accept = [("accept", "text/event-stream")];
    assert_eq!(
        served.send("GET", "~/new/changes", &accept, "").await.status(),
        503
    );
    down.store(0, Ordering::Relaxed);
    assert_eq!(served.get("~/@config/heads?after=0&wait=1s").await.0, 200);
}

#[tokio::test]
async fn the_metrics_tell_what_goes_on() {
    let served = Served::new(quick());
    served.put("/db/a", "1").await;
    let stream = served.stream("db", None).await;
    assert_eq!(served.get("/v1/nowhere/@root/keys/a").await.0, 404);
    assert_eq!(served.send("BREW", "~/db/keys/a", &[], "").await.status(), 405);
    let response = served.send("GET", "/metrics", &[], "").await;
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let told = text(response).await;
    assert!(!told.contains("/db/a"), "{told}");
    for (series, value) in [
        ("discfg_http_streams", "1"),
        ("discfg_http_waiting", "0"),
        ("discfg_commits_total{config=\"mycfg\"}", "1"),
        ("discfg_section_revision{config=\"mycfg\",section=\"/db\"}", "1"),
        (
            "discfg_http_requests_total{method=\"PUT\",route=\"/v1/{config}/{section}/keys/{*rest}\",status=\"201\"}",
            "1",
        ),
        (
            "discfg_http_requests_total{method=\"other\",route=\"/v1/{config}/{section}/keys/{*rest}\",status=\"405\"}",
            "1",
        ),
        (
            "discfg_http_request_duration_seconds_count{method=\"PUT\",route=\"/v1/{config}/{section}/keys/{*rest}\"}",
            "1",
        ),
    ] {
        assert_eq!(
            served.metric(series).await.as_deref(),
            Some(value),
            "{series}\n{told}"
        );
    }
    drop(stream);
    served.until("discfg_http_streams", "0").await;
    let bounded = served.within("/db");
    assert_eq!(bounded.send("GET", "/metrics", &[], "").await.status(), 403);
}
