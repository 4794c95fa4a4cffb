//! What a watch tells of a store that shows its log late, loses it, or can't be reached, and what watching costs.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use discfg::model::{Clock, Key, Mutation, Op, Revision, TestClock, Ttl, TtlChoice, Value};
use discfg::ops::{Event, Start, Watch, watch};
use discfg::store::{Store, Txn};
use futures::StreamExt as _;
use tokio::time::timeout;

use support::config::TABLE;
use support::emulator::Emulator;
use support::proxy::Proxy;
use support::stores::{Impaired, embedded_store, set_all, store_at, table_store};

const PATIENCE: Duration = Duration::from_mins(1);

fn of(prefix: &str, start: Start) -> Watch {
    Watch {
        start,
        interval: Duration::from_millis(10),
        ..Watch::new(prefix.parse().expect("a prefix"))
    }
}

fn from_the_start(section: &str) -> Start {
    Start::After(BTreeMap::from([(
        section.parse().expect("a section"),
        Revision::ZERO,
    )]))
}

type Events<'s> = futures::stream::BoxStream<'s, discfg::ops::OpsResult<Event>>;

/// The next event that is neither a look without news nor an outage.
async fn news(events: &mut Events<'_>) -> Event {
    let next = async {
        loop {
            match events
                .next()
                .await
                .expect("a watch goes on")
                .expect("it may pass")
            {
                Event::Current | Event::Retry { .. } => {}
                event => return event,
            }
        }
    };
    timeout(PATIENCE, next).await.expect("there is news")
}

/// The next line that says nothing is new, before any news.
async fn nothing(events: &mut Events<'_>) {
    // The first may tell of a look that was under way.
    let mut looks = 0;
    while looks < 2 {
        let event = timeout(PATIENCE, events.next())
            .await
            .expect("a look ends")
            .expect("a watch goes on");
        match event {
            Ok(Event::Current) => looks += 1,
            // A fault may come at any look.
            Ok(Event::Retry { .. }) => {}
            news => panic!("{news:?}"),
        }
    }
}

/// Commits of one to four lines, each of which says where it stands: `n` in all.
async fn write(store: Arc<dyn Store>, n: u64) {
    for revision in 1..=n {
        let of = 1 + revision % 4;
        let lines: Vec<(String, String)> = (0..of)
            .map(|index| (format!("/db/k{index}"), format!("{revision}.{index}")))
            .collect();
        let lines: Vec<(&str, &str)> = lines
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        set_all(store.as_ref(), &lines).await;
    }
}

/// Reads what [`write`] wrote: every line of every commit, once, in order.
async fn follows(events: &mut Events<'_>, n: u64) {
    for revision in 1..=n {
        let Event::Commit(lines) = news(events).await else {
            panic!("revision {revision} is no commit")
        };
        assert_eq!(lines.len() as u64, 1 + revision % 4);
        for (index, line) in lines.iter().enumerate() {
            assert_eq!(line.revision.get(), revision);
            let Op::Set { value, .. } = &line.op else {
                panic!("{line:?} is no write")
            };
            assert_eq!(
                value.value().and_then(Value::as_text),
                Some(format!("{revision}.{index}").as_str())
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_that_come_late_and_in_no_order_are_waited_for() {
    let (_folder, store) = embedded_store(None);
    // Each line stays hidden for some looks after the one that would have shown it first.
    let late: Mutex<HashMap<(u64, u32), u64>> = Mutex::default();
    let slow = Impaired::of(Arc::clone(&store)).lines(move |_, lines| {
        let mut late = late.lock().expect("no test panicked in it");
        lines
            .into_iter()
            .filter(|line| {
                let left = late
                    .entry((line.revision.get(), line.index))
                    .or_insert_with(|| (line.revision.get() * 7 + u64::from(line.index) * 5) % 4);
                let shown = *left == 0;
                *left = left.saturating_sub(1);
                shown
            })
            .collect()
    });
    let mut events = watch(&slow, of("/db", Start::Now));
    nothing_yet(&mut events).await;
    let writer = tokio::spawn(write(store, 60));
    follows(&mut events, 60).await;
    writer.await.expect("the writer wrote");
}

async fn nothing_yet(events: &mut Events<'_>) {
    let first = events.next().await.expect("a watch begins");
    assert!(matches!(first, Ok(Event::Current)), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_never_comes_ends_in_a_resync() {
    let (_folder, store) = embedded_store(None);
    let gap = Impaired::of(Arc::clone(&store)).lines(|_, mut lines| {
        lines.retain(|line| line.revision.get() != 3);
        lines
    });
    for n in 1..=5 {
        set_all(store.as_ref(), &[("/db/a", &n.to_string()), ("/app/a", "1")]).await;
    }
    let mut events = watch(&gap, of("/db", from_the_start("/db")));
    for revision in 1..=2 {
        let event = news(&mut events).await;
        assert!(
            matches!(&event, Event::Commit(lines) if lines[0].revision.get() == revision),
            "{event:?}"
        );
    }
    // Time is the runtime's own, which jumps where all wait: the minute that a gap is waited for passes at once.
    let resync = loop {
        match events.next().await.expect("a watch goes on").expect("no error") {
            Event::Current => {}
            event => break event,
        }
    };
    let Event::Resync {
        section,
        revision,
        entries,
    } = resync
    else {
        panic!("{resync:?}")
    };
    assert_eq!((section.as_str(), revision.get()), ("/db", 5));
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].value.as_text(), Some("5"));
}

async fn a_start_older_than_the_log_is_a_resync(store: Arc<dyn Store>, clock: Arc<TestClock>) {
    for n in 1..=3 {
        set_all(
            store.as_ref(),
            &[("/db/a", &n.to_string()), ("top", "x"), ("/app/a", "x")],
        )
        .await;
    }
    clock.advance(31 * 24 * 3600);
    set_all(store.as_ref(), &[("/db/b", "4")]).await;
    let start = BTreeMap::from([
        ("/db".parse().expect("a section"), Revision::new(1)),
        ("@root".parse().expect("a section"), Revision::new(2)),
    ]);
    let mut events = watch(store.as_ref(), of("/", Start::After(start)));
    let mut told = BTreeMap::new();
    for _ in 0..2 {
        let event = news(&mut events).await;
        let Event::Resync {
            section,
            revision,
            entries,
        } = event
        else {
            panic!("{event:?}")
        };
        let keys: Vec<String> = entries.iter().map(|entry| entry.key.to_string()).collect();
        told.insert(section.to_string(), (revision.get(), keys));
    }
    let wanted = BTreeMap::from([
        (
            "/db".to_owned(),
            (4, vec!["/db/a".to_owned(), "/db/b".to_owned()]),
        ),
        ("@root".to_owned(), (3, vec!["/top".to_owned()])),
    ]);
    assert_eq!(told, wanted);
    set_all(store.as_ref(), &[("/db/a", "5")]).await;
    let event = news(&mut events).await;
    assert!(
        matches!(&event, Event::Commit(lines) if lines[0].revision.get() == 5),
        "{event:?}"
    );
}

#[tokio::test]
async fn a_start_older_than_the_log_is_a_resync_on_the_embedded_engine() {
    let clock = Arc::new(TestClock::new());
    let (_folder, store) = embedded_store(Some(clock.clone()));
    a_start_older_than_the_log_is_a_resync(store, clock).await;
}

#[tokio::test]
async fn a_start_older_than_the_log_is_a_resync_on_dynamodb() {
    let clock = Arc::new(TestClock::new());
    let (_account, store) = table_store(Some(clock.clone()));
    a_start_older_than_the_log_is_a_resync(store, clock).await;
}

async fn set_for_an_hour(store: &dyn Store, key: &Key) {
    let txn = Txn::new(vec![Mutation::Set {
        key: key.clone(),
        value: Value::new("v", discfg::model::Encoding::Text).expect("a value"),
        secret: discfg::model::Secrecy::Keep,
        ttl: TtlChoice::For(Ttl::from_seconds(3600).expect("an hour")),
    }]);
    store.commit(txn).await.expect("a commit");
}

async fn expiries_are_told_when_they_are_due(store: Arc<dyn Store>, clock: Arc<TestClock>) {
    let key = |name: &str| -> Key { format!("/services/{name}").parse().expect("a key") };
    for name in ["known", "touched", "deleted", "rewritten"] {
        set_for_an_hour(store.as_ref(), &key(name)).await;
    }
    let began = clock.now().epoch();
    let mut events = watch(
        store.as_ref(),
        Watch {
            clock: clock.clone(),
            ..of("/services", Start::Now)
        },
    );
    nothing_yet(&mut events).await;
    clock.advance(1800);
    store.touch(&key("touched"), None).await.expect("it is there");
    let delete = Mutation::Delete { key: key("deleted") };
    store.commit(Txn::new(vec![delete])).await.expect("a commit");
    set_all(store.as_ref(), &[("/services/rewritten", "for ever")]).await;
    set_for_an_hour(store.as_ref(), &key("new")).await;
    for _ in 0..3 {
        let event = news(&mut events).await;
        assert!(matches!(event, Event::Commit(_)), "{event:?}");
    }
    nothing(&mut events).await;

    let expired = async |events: &mut Events<'_>, at: i64| {
        let event = news(events).await;
        let Event::Expire { key, at: told, .. } = event else {
            panic!("{event:?}")
        };
        assert_eq!(told.epoch(), began + at, "{key}");
        key.to_string()
    };
    // A second later than the hour, since no time to live is shorter than it was asked for.
    clock.advance(1801);
    assert_eq!(expired(&mut events, 3601).await, "/services/known");
    // The touched one was expected, too, and asked for.
    nothing(&mut events).await;
    clock.advance(1800);
    // One moment: in the order of their names.
    let both = [expired(&mut events, 5401).await, expired(&mut events, 5401).await];
    assert_eq!(both, ["/services/new", "/services/touched"]);
    nothing(&mut events).await;
}

#[tokio::test]
async fn expiries_are_told_when_they_are_due_on_the_embedded_engine() {
    let clock = Arc::new(TestClock::new());
    let (_folder, store) = embedded_store(Some(clock.clone()));
    expiries_are_told_when_they_are_due(store, clock).await;
}

#[tokio::test]
async fn expiries_are_told_when_they_are_due_on_dynamodb() {
    let clock = Arc::new(TestClock::new());
    let (_account, store) = table_store(Some(clock.clone()));
    expiries_are_told_when_they_are_due(store, clock).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_commits_are_seen_once_through_faults() {
    let (_folder, store) = embedded_store(None);
    let asked = Mutex::new(0_u32);
    let faulty = Impaired::of(Arc::clone(&store)).fault(move || {
        let mut asked = asked.lock().expect("no test panicked in it");
        *asked += 1;
        asked.is_multiple_of(97)
    });
    let mut events = watch(&faulty, of("/db", Start::Now));
    nothing_yet(&mut events).await;
    let writer = tokio::spawn(write(store, 1000));
    follows(&mut events, 1000).await;
    writer.await.expect("the writer wrote");
    nothing(&mut events).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_fault_holds_up_no_backlog_wherever_it_comes() {
    let (_folder, store) = embedded_store(None);
    write(Arc::clone(&store), 134).await;
    // All but the one that would spoil the first read, which isn't tried again.
    for before in 0..96_u32 {
        let asked = Mutex::new(before);
        let faulty = Impaired::of(Arc::clone(&store)).fault(move || {
            let mut asked = asked.lock().expect("no test panicked in it");
            *asked += 1;
            asked.is_multiple_of(97)
        });
        let mut events = watch(&faulty, of("/db", from_the_start("/db")));
        follows(&mut events, 134).await;
    }
}

mod on_aws {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn commits_are_seen_once_through_connections_that_break() {
        let (account, direct) = table_store(None);
        let proxy = Proxy::before(Emulator::shared());
        let store = store_at(&account, proxy.url(), None);
        let mut events = watch(store.as_ref(), of("/db", Start::Now));
        nothing_yet(&mut events).await;
        for cut in 0..60 {
            proxy.on("Query").skip(cut * 3).times(1).cut_after();
            proxy.on("BatchGetItem").skip(cut * 4).times(1).cut_before();
        }
        // Longer than the SDK tries by itself.
        proxy.on("Query").skip(8).times(5).server_error();
        let writer = tokio::spawn(write(direct, 1000));
        follows(&mut events, 1000).await;
        writer.await.expect("the writer wrote");
        proxy.calm();
        nothing(&mut events).await;
    }

    /// DynamoDB shows the items of a transaction one by one: a head before its lines, a later line before an earlier one.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn lines_that_are_not_visible_yet_are_not_taken_for_gone() {
        let (account, direct) = table_store(None);
        let proxy = Proxy::before(Emulator::shared());
        let store = store_at(&account, proxy.url(), None);
        let mut events = watch(store.as_ref(), of("/db", Start::Now));
        nothing_yet(&mut events).await;
        for hides_all in [true, false] {
            proxy.on("Query").times(4).alter(move |_, answer| {
                let lines = answer["Items"].as_array_mut().expect("items");
                lines.retain(|line| !hides_all && line["key"]["S"] != "/db/k0");
            });
        }
        write(direct, 3).await;
        follows(&mut events, 3).await;
    }

    /// An item of up to 4 KB costs half a unit where it is read eventually consistent. (The emulator tells no capacity of
    /// batches, so what was asked for is counted.)
    #[tokio::test]
    async fn an_idle_watch_costs_half_a_read_unit_a_section_and_look() {
        let (account, direct) = table_store(None);
        set_all(direct.as_ref(), &[("/db/a", "1"), ("/app/a", "1")]).await;
        let proxy = Proxy::before(Emulator::shared());
        let store = store_at(&account, proxy.url(), None);
        for (prefix, sections, lists) in [("/db", &["/db"][..], 0), ("/", &["/app", "/db"], 10)] {
            let mut events = watch(store.as_ref(), of(prefix, Start::Now));
            nothing_yet(&mut events).await;
            proxy.forget();
            for _ in 0..10 {
                let event = events.next().await.expect("a watch goes on");
                assert!(matches!(event, Ok(Event::Current)), "{event:?}");
            }
            assert_eq!(proxy.count("Query"), lists, "{prefix}: the section list");
            assert_eq!(proxy.count("BatchGetItem"), 10, "{prefix}");
            assert_eq!(
                proxy.requests().len(),
                10 + lists,
                "{prefix}: {:?}",
                proxy.operations()
            );
            for request in proxy.requests() {
                let asked = request.json();
                if request.operation == "Query" {
                    assert_ne!(asked["ConsistentRead"], true, "{asked}");
                    continue;
                }
                let asked = &asked["RequestItems"][TABLE];
                assert_ne!(asked["ConsistentRead"], true, "{asked}");
                let keys = asked["Keys"].as_array().expect("keys").iter();
                let keys: Vec<_> = keys
                    .map(|key| (key["pk"]["S"].as_str(), key["sk"]["S"].as_str()))
                    .collect();
                let heads = sections.iter().map(|section| (Some(*section), Some("@head")));
                assert_eq!(keys, heads.collect::<Vec<_>>());
            }
        }
    }
}
