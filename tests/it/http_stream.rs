//! Changes as server-sent events: each once and in order, for however many clients, wherever one was cut.

use std::sync::Arc;
use std::time::Duration;

use discfg::http::ApiSettings;
use discfg::model::SystemClock;
use discfg::store::Store;
use discfg::store::conformance::TestClock;
use tokio::task::JoinSet;

use crate::support::live_api::{Served, json, quick};
use crate::support::sse::{Events, Sent};
use crate::support::stores::set_all;

/// Where a line stands: its revision and its index there.
type At = (u64, u64);

fn at(sent: &Sent) -> At {
    let number = |name: &str| {
        sent.data[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} of {sent:?}"))
    };
    (number("revision"), number("index"))
}

/// Reads whole revisions up to one, as a client does that takes a revision when its last line came.
async fn read_up_to(events: &mut Events, last: u64) -> Vec<At> {
    let (mut told, mut revision) = (Vec::new(), Vec::new());
    while told.last().is_none_or(|(revision, _)| *revision < last) {
        let sent = events.next().await.expect("the stream goes on");
        assert_eq!(sent.name, "set", "{sent:?}");
        revision.push(at(&sent));
        if events.last_id == Some(sent.data["revision"].to_string()) {
            told.append(&mut revision);
        }
    }
    told
}

/// The lines of `/db` after a revision, as the store has them.
async fn log(store: &dyn Store, after: u64) -> Vec<At> {
    use futures::TryStreamExt as _;
    let section = "/db".parse().expect("a section");
    let lines = store.changes(&section, discfg::model::Revision::new(after));
    let lines: Vec<_> = lines.try_collect().await.expect("the log");
    lines
        .iter()
        .map(|line| (line.revision.get(), u64::from(line.index)))
        .collect()
}

/// A commit of one to three lines.
async fn write(store: &dyn Store, round: usize) {
    let keys = ["/db/a", "/db/b", "/db/c"];
    let value = round.to_string();
    let lines: Vec<_> = keys
        .iter()
        .take(1 + round % 3)
        .map(|key| (*key, value.as_str()))
        .collect();
    set_all(store, &lines).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_clients_are_told_the_same_once_and_in_order() {
    let served = Arc::new(Served::new(quick()));
    served.put("/db/a", "before").await;
    let mut clients = JoinSet::new();
    for _ in 0..64 {
        let mut events = served.stream("db", None).await;
        assert_eq!(events.last_id.as_deref(), Some("1"));
        clients.spawn(async move { read_up_to(&mut events, 121).await });
    }
    let other = served.other_handle();
    let elsewhere = tokio::spawn(async move {
        for round in 0..60 {
            write(other.as_ref(), round).await;
        }
    });
    for round in 0..60 {
        served.put("/db/x", &round.to_string()).await;
    }
    elsewhere.await.expect("the other writer wrote");
    let wanted = log(served.store.as_ref(), 1).await;
    assert_eq!(wanted.last().map(|(revision, _)| *revision), Some(121));
    while let Some(told) = clients.join_next().await {
        assert_eq!(told.expect("a client read"), wanted);
    }
}

/// Each time it is cut anywhere, and goes on after its last id: now with the feed that it had, now with a server that
/// has just begun and has told nothing of what was missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_cut_goes_on_and_misses_nothing() {
    const LAST: u64 = 400;
    let mut served = Served::new(quick());
    let other = served.other_handle();
    let writer = tokio::spawn(async move {
        for round in 0..400 {
            write(other.as_ref(), round).await;
        }
    });
    let (mut told, mut id): (Vec<At>, String) = (Vec::new(), "0".into());
    while id != LAST.to_string() {
        if fastrand::bool() {
            served = served.again(quick());
        }
        let mut events = served.stream("db", Some(&id)).await;
        let mut revision = Vec::new();
        for _ in 0..fastrand::u32(1..30) {
            let sent = events.next().await.expect("the stream goes on");
            revision.push(at(&sent));
            if events.last_id == Some(sent.data["revision"].to_string()) {
                told.append(&mut revision);
            }
            if told.last().is_some_and(|(revision, _)| *revision == LAST) {
                break;
            }
        }
        id = events.last_id.expect("it had one");
    }
    writer.await.expect("the writer wrote");
    assert_eq!(told, log(served.store.as_ref(), 0).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_that_is_too_slow_is_cut_and_holds_up_no_other() {
    const LAST: u64 = 1500;
    let served = Served::new(quick());
    let mut slow = served.stream("db", None).await;
    let mut quick = served.stream("db", None).await;
    served.put("/db/first", "1").await;
    assert_eq!(read_up_to(&mut slow, 1).await, [(1, 0)]);
    let other = served.other_handle();
    let writer = tokio::spawn(async move {
        for round in 1..1500 {
            write(other.as_ref(), round).await;
        }
    });
    let told = read_up_to(&mut quick, LAST).await;
    writer.await.expect("the writer wrote");
    assert_eq!(told, log(served.store.as_ref(), 0).await);
    let end = slow.next().await.expect("a last event");
    assert_eq!((end.name.as_str(), &end.data["reason"]), ("end", &"slow".into()));
    assert_eq!(slow.next().await, None);
    let mut again = served.stream("db", slow.last_id.as_deref()).await;
    assert_eq!(read_up_to(&mut again, LAST).await, told[1..]);
}

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
        async move { served.get("~/changes/db?after=1&wait=60s").await }
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
    let refused = served.send("GET", "~/changes/db", &accept, "").await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(json(refused).await["code"], "unavailable");
    assert_eq!(served.get("~/changes/db?after=1&wait=1s").await.0, 503);
    assert_eq!(
        served.get("~/changes/db").await.0,
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
    let refused = served.send("GET", "~/changes/db", &accept, "").await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(json(refused).await["code"], "busy");
    drop(first);
    served.stream("db", None).await;
    let none = served.again(ApiSettings {
        streams: 0,
        ..quick()
    });
    assert_eq!(none.send("GET", "~/changes/db", &accept, "").await.status(), 406);
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
            .send("GET", &format!("~/changes/db{query}"), &headers, "")
            .await;
        assert_eq!(refused.status(), status, "{query} {id:?}");
        let problem = json(refused).await;
        assert_eq!(problem["code"], code, "{query} {id:?}: {problem}");
        let detail = problem["detail"].as_str().expect("a detail").to_lowercase();
        assert!(detail.contains(named), "{query} {id:?}: {problem}");
    }
    let bounded = served.within("/app");
    assert_eq!(
        bounded.send("GET", "~/changes/db", &[accept], "").await.status(),
        403
    );
    bounded.stream("app", None).await;
}

#[tokio::test]
async fn the_header_goes_before_the_query() {
    let served = Served::new(quick());
    for round in 1..=3 {
        served.put("/db/a", &round.to_string()).await;
    }
    let headers = [
        ("accept", "text/html, text/event-stream;q=0.5"),
        ("last-event-id", "2"),
    ];
    let response = served.send("GET", "~/changes/db?after=0", &headers, "").await;
    let mut events = Events::of(response.into_body()).begun().await;
    assert_eq!(read_up_to(&mut events, 3).await, [(3, 0)]);
}

#[tokio::test]
async fn what_the_log_no_longer_tells_is_told_as_it_is() {
    let clock = Arc::new(TestClock::new());
    let served = Served::over(quick(), clock.clone(), |store| store);
    for key in ["/db/a", "/db/b", "/top"] {
        served.put(key, "old").await;
        served.put(key, "new").await;
    }
    clock.advance(31 * 24 * 3600);
    served.put("/db/c", "late").await;
    for (section, revision, keys) in [
        ("db", 5, &["/db/a", "/db/b", "/db/c"][..]),
        ("@root", 2, &["/top"]),
    ] {
        let mut events = served.stream(section, Some("1")).await;
        let resync = events.next().await.expect("a resync");
        assert_eq!(resync.name, "resync", "{resync:?}");
        assert_eq!(resync.data["revision"], revision);
        assert_eq!(resync.data["of"], keys.len());
        assert_eq!(events.last_id.as_deref(), Some("1"), "it is not told yet");
        for key in keys {
            let entry = events.next().await.expect("an entry");
            assert_eq!((entry.name.as_str(), &entry.data["key"]), ("set", &(*key).into()));
            assert_eq!(entry.data["resync"], true);
        }
        assert_eq!(events.last_id, Some(revision.to_string()));
        let next = served
            .put(&format!("/{section}/next").replace("/@root", ""), "1")
            .await;
        let line = events.next().await.expect("a line");
        assert_eq!(at(&line), (next, 0));
    }
}

#[tokio::test]
async fn expiries_are_told_and_secrets_are_not() {
    let served = Served::over(quick(), Arc::new(SystemClock), |store| store);
    let mut events = served.stream("db", None).await;
    served.send("PUT", "~/keys/db/soon?ttl=2s", &[], "x").await;
    served
        .send("PUT", "~/keys/db/pw?secret=true", &[], "hunter2")
        .await;
    let soon = events.next().await.expect("a line");
    assert_eq!((soon.name.as_str(), &soon.data["ttl"]), ("set", &2.into()));
    let secret = events.next().await.expect("a line");
    assert_eq!(secret.data["masked"], true);
    assert!(secret.data.get("value").is_none(), "{secret:?}");
    let expired = events.next().await.expect("an expiry");
    assert_eq!(
        (expired.name.as_str(), &expired.data["key"]),
        ("expire", &"/db/soon".into())
    );
    assert_eq!(
        events.last_id.as_deref(),
        Some("2"),
        "an expiry has no place in the order"
    );
}

/// What comes through the API is told at once, however long the interval is.
#[tokio::test]
async fn a_commit_through_the_api_waits_for_no_interval() {
    let served = Served::new(ApiSettings {
        interval: Duration::from_hours(1),
        ..ApiSettings::default()
    });
    let mut events = served.stream("db", None).await;
    let mut root = served.stream("@root", None).await;
    for round in 1..=20 {
        assert_eq!(served.put("/db/a", &round.to_string()).await, round);
        assert_eq!(at(&events.next().await.expect("a line")), (round, 0));
        served.put("/top", &round.to_string()).await;
        assert_eq!(at(&root.next().await.expect("a line")), (round, 0));
    }
    let body = r#"{"changes":[{"op":"delete","key":"/db/a"},{"op":"delete","key":"/top"}]}"#;
    let made = served.send("POST", "~/commit", &[], body).await;
    assert!(made.status().is_success(), "{}", json(made).await);
    for events in [&mut events, &mut root] {
        assert_eq!(events.next().await.expect("a line").name, "delete");
    }
}
