//! Changes as server-sent events: each once and in order, for however many clients, wherever one was cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use discfg::http::ApiSettings;
use discfg::model::{SystemClock, TestClock};
use discfg::store::Store;
use futures::future::join_all;
use tokio::task::JoinSet;
use tokio::time::Instant;

use support::live_api::{Served, json, quick};
use support::sse::{Events, Sent};
use support::stores::{Impaired, set_all, table_store};

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
async fn the_header_goes_before_the_query() {
    let served = Served::new(quick());
    for round in 1..=3 {
        served.put("/db/a", &round.to_string()).await;
    }
    let headers = [
        ("accept", "text/html, text/event-stream;q=0.5"),
        ("last-event-id", "2"),
    ];
    let response = served.send("GET", "~/db/changes?after=0", &headers, "").await;
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
async fn a_hole_in_the_log_is_bridged_by_what_is_there() {
    let served = Served::over(quick(), Arc::new(SystemClock), |store| {
        Arc::new(Impaired::of(store).lines(|_, mut lines| {
            lines.retain(|line| line.revision.get() != 2);
            lines
        }))
    });
    for key in ["/db/a", "/db/b", "/db/c"] {
        served.put(key, "x").await;
    }
    let mut events = served.stream("db", Some("0")).await;
    assert_eq!(read_up_to(&mut events, 1).await, [(1, 0)]);
    let resync = events.next().await.expect("a resync");
    assert_eq!((resync.name.as_str(), &resync.data["of"]), ("resync", &3.into()));
    for _ in 0..3 {
        events.next().await.expect("an entry");
    }
    assert_eq!(events.last_id.as_deref(), Some("3"));
    served.put("/db/a", "y").await;
    assert_eq!(read_up_to(&mut events, 4).await, [(4, 0)]);
}

/// However large a section is, and however many come too late: it is read and rendered once.
#[tokio::test]
async fn all_that_come_too_late_at_once_share_what_they_are_told() {
    let clock = Arc::new(TestClock::new());
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let served = Served::over(quick(), clock.clone(), |store| {
        Arc::new(Impaired::of(store).fault(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        }))
    });
    for round in 0..3 {
        served.put("/db/a", &round.to_string()).await;
    }
    clock.advance(31 * 24 * 3600);
    served.put("/db/b", "late").await;
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(served.stream("db", Some("1")).await);
    }
    let before = asked.load(Ordering::Relaxed);
    let began = Instant::now();
    let told = join_all(clients.iter_mut().map(Events::next)).await;
    assert!(
        told.iter()
            .all(|sent| sent.as_ref().is_some_and(|sent| sent.name == "resync"))
    );
    let looks = asked.load(Ordering::Relaxed) - before;
    let most = 1 + began.elapsed().as_millis() / 40 + 2;
    assert!(looks as u128 <= most, "{looks} looks");
}

/// More comes at once than is held for clients that are behind.
#[tokio::test]
async fn no_client_that_keeps_up_is_cut() {
    let served = Served::new(ApiSettings {
        interval: Duration::from_hours(1),
        ..ApiSettings::default()
    });
    let mut events = served.stream("db", None).await;
    let value = "x".repeat(20_000);
    let other = served.other_handle();
    for _ in 0..600 {
        set_all(other.as_ref(), &[("/db/a", &value)]).await;
    }
    let last = served.put("/db/a", "last").await;
    let told = read_up_to(&mut events, last).await;
    assert_eq!(told.len(), 601);
}

#[tokio::test]
async fn expiries_are_told_and_secrets_are_not() {
    let served = Served::over(quick(), Arc::new(SystemClock), |store| store);
    let mut events = served.stream("db", None).await;
    served.send("PUT", "~/db/keys/soon?ttl=2s", &[], "x").await;
    served
        .send("PUT", "~/db/keys/pw?secret=true", &[], "hunter2")
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
    let made = served.send("POST", "~/@config/commit", &[], body).await;
    assert!(made.status().is_success(), "{}", json(made).await);
    for events in [&mut events, &mut root] {
        assert_eq!(events.next().await.expect("a line").name, "delete");
    }
}

mod on_aws {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_stream_over_a_table_misses_nothing() {
        let (_account, table) = table_store(None);
        let direct = Arc::clone(&table);
        let served = Served::over(quick(), Arc::new(SystemClock), move |_| table);
        let mut events = served.stream("db", None).await;
        let writer = tokio::spawn(async move {
            for round in 0..30 {
                write(direct.as_ref(), round).await;
            }
        });
        for round in 0..10 {
            served.put("/db/x", &round.to_string()).await;
        }
        writer.await.expect("the writer wrote");
        let wanted = log(served.store.as_ref(), 0).await;
        assert_eq!(read_up_to(&mut events, 40).await, wanted);
        // A server that has just begun has told nothing of it.
        let served = served.again(quick());
        let mut again = served.stream("db", Some("0")).await;
        assert_eq!(read_up_to(&mut again, 40).await, wanted);
        let (_, changes) = served.get("~/db/changes?after=39&wait=60s").await;
        assert_eq!(changes["after"], 40);
        let (_, heads) = served.get("~/@config/heads?after=39&wait=60s").await;
        assert_eq!(heads["version"], 40);
    }
}
