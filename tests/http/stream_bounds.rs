//! Who gets no stream, and how a stream ends.

use std::sync::Arc;

use discfg::http::ApiSettings;

use support::live_api::{Served, json, quick};

#[tokio::test]
async fn a_stop_is_the_last_event() {
    let served = Arc::new(Served::new(ApiSettings::default()));
    served.put("/db/a", "1").await;
    let mut streams = [
        served.stream("db", None).await,
        served.stream("@root", None).await,
    ];
    let waiting = tokio::spawn({
        let served = Arc::clone(&served);
        async move { served.get("~/db/changes?after=1&wait=60s").await }
    });
    served.until("discfg_http_waiting", "1").await;
    served.api.stop();
    for events in &mut streams {
        let end = events.next().await.expect("a last event");
        assert_eq!(
            (end.name.as_str(), &end.data["reason"]),
            ("end", &"shutting-down".into())
        );
        assert_eq!(events.next().await, None);
    }
    let (status, _) = waiting.await.expect("it was answered");
    assert!(status == 200 || status == 503, "{status}");
    let accept = [("accept", "text/event-stream")];
    let refused = served.send("GET", "~/db/changes", &accept, "").await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(json(refused).await["code"], "unavailable");
    assert_eq!(served.get("~/db/changes?after=1&wait=1s").await.0, 503);
    assert_eq!(
        served.get("~/db/changes").await.0,
        200,
        "what needn't wait is served still"
    );
}

#[tokio::test]
async fn there_are_so_many_streams_and_no_more() {
    let served = Served::new(ApiSettings {
        streams: 2,
        ..quick()
    });
    let accept = [("accept", "text/event-stream")];
    let first = served.stream("db", None).await;
    let _second = served.stream("app", None).await;
    let refused = served.send("GET", "~/db/changes", &accept, "").await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(json(refused).await["code"], "busy");
    drop(first);
    served.stream("db", None).await;
    let none = served.again(ApiSettings {
        streams: 0,
        ..quick()
    });
    assert_eq!(none.send("GET", "~/db/changes", &accept, "").await.status(), 406);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_with_its_name() {
    let served = Served::new(quick());
    served.put("/db/a", "1").await;
    let accept = ("accept", "text/event-stream");
    for (query, id, status, code, named) in [
        ("?after=x", None, 400, "query", "after"),
        ("?after=2", None, 400, "query", "2"),
        ("", Some("2"), 400, "header", "2"),
        ("", Some("x"), 400, "header", "last-event-id"),
        ("?limit=5", None, 400, "query", "limit"),
        ("?wait=5s", None, 400, "query", "wait"),
        ("?stored=true", None, 400, "query", "stored"),
        ("?sections=db", None, 400, "query", "sections"),
    ] {
        let mut headers = vec![accept];
        headers.extend(id.map(|id| ("last-event-id", id)));
        let refused = served
            .send("GET", &format!("~/db/changes{query}"), &headers, "")
            .await;
        assert_eq!(refused.status(), status, "{query} {id:?}");
        let problem = json(refused).await;
        assert_eq!(problem["code"], code, "{query} {id:?}: {problem}");
        let detail = problem["detail"].as_str().expect("a detail").to_lowercase();
        assert!(detail.contains(named), "{query} {id:?}: {problem}");
    }
    let wrong = [("last-event-id", "x")];
    let refused = served.send("GET", "~/db/changes", &wrong, "").await;
    assert_eq!(json(refused).await["code"], "header", "without a stream, too");
    let bounded = served.within("/app");
    assert_eq!(
        bounded.send("GET", "~/db/changes", &[accept], "").await.status(),
        403
    );
    bounded.stream("app", None).await;
}
