//! Values that keep themselves current, and the example that shows them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use discfg::client::ClientError;
use discfg::model::ErrorKind;
use discfg::ops::Watch;
use discfg::store::Store;
use discfg::{Client, Live};
use futures::StreamExt as _;
use serde::{Deserialize, Deserializer};
use tokio::time::timeout;

use support::cli::Place;
use support::config::embedded;
use support::emulator::Emulator;
use support::proxy::Proxy;
use support::stores::{Impaired, embedded_store, on_every_store, set_all, store_at, table_store};

const PATIENCE: Duration = Duration::from_mins(1);
const INTERVAL: Duration = Duration::from_millis(10);

on_every_store!(
    a_live_value_follows,
    a_value_that_does_not_fit_leaves_the_last_good_one,
    values_and_errors_come_as_one_stream,
);

#[derive(Debug, Deserialize, PartialEq)]
struct App {
    level: u8,
    twin: u8,
}

async fn live(store: &Arc<dyn Store>, prefix: &str) -> Result<Live<App>, ClientError> {
    let client = Client::with_store(Arc::clone(store));
    client.live_every(prefix, INTERVAL).await
}

async fn changed(live: &mut Live<App>) -> Arc<App> {
    timeout(PATIENCE, live.changed()).await.expect("it follows")
}

/// Waits until something is so that has no event of its own.
async fn until(mut is_so: impl FnMut() -> bool) {
    let poll = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, poll).await.expect("it comes to be so");
}

async fn a_live_value_follows(store: Arc<dyn Store>) {
    let error = live(&store, "/app").await.expect_err("nothing is there");
    assert_eq!(error.to_string(), "cannot read /app: missing field `level`");
    set_all(store.as_ref(), &[("/app/level", "1"), ("/app/twin", "1")]).await;
    let mut app = live(&store, "/app").await.expect("it fits");
    assert_eq!(*app.get(), App { level: 1, twin: 1 });
    let mut other = app.clone();
    for n in 2..=4 {
        let text = n.to_string();
        set_all(store.as_ref(), &[("/app/level", &text), ("/app/twin", &text)]).await;
        assert_eq!(*changed(&mut app).await, App { level: n, twin: n });
    }
    assert_eq!(
        changed(&mut other).await.level,
        4,
        "a clone has a place of its own"
    );
    assert!(app.last_error().is_none());
    let aged = app.age();
    until(|| app.age() < aged || app.age() < INTERVAL * 3).await;

    drop(app);
    assert_eq!(other.get().level, 4);
    drop(other);
    // The work has the only other handle to the store.
    until(|| Arc::strong_count(&store) == 1).await;
}

async fn a_value_that_does_not_fit_leaves_the_last_good_one(store: Arc<dyn Store>) {
    set_all(store.as_ref(), &[("/app/level", "1"), ("/app/twin", "1")]).await;
    let mut app = live(&store, "/app").await.expect("it fits");
    set_all(store.as_ref(), &[("/app/level", "high")]).await;
    until(|| app.last_error().is_some()).await;
    let error = app.last_error().expect("it was there");
    assert!(error.to_string().starts_with("cannot read /app/level"), "{error}");
    assert_eq!(app.get().level, 1);
    let age = app.age();
    until(|| app.age() > age + INTERVAL * 5).await;
    assert!(app.last_error().is_some(), "looks without news don't mend it");
    set_all(store.as_ref(), &[("/app/level", "2")]).await;
    assert_eq!(changed(&mut app).await.level, 2);
    until(|| app.last_error().is_none()).await;
}

async fn values_and_errors_come_as_one_stream(store: Arc<dyn Store>) {
    set_all(store.as_ref(), &[("/app/level", "1"), ("/app/twin", "1")]).await;
    let app = live(&store, "/app").await.expect("it fits");
    let mut changes = app.changes();
    drop(app);
    for level in ["2", "high", "higher", "3"] {
        set_all(store.as_ref(), &[("/app/level", level)]).await;
        if level == "higher" {
            // Its error says the same, and so is no news.
            continue;
        }
        let news = timeout(PATIENCE, changes.next()).await.expect("it follows");
        match (level.parse(), news.expect("it goes on")) {
            (Ok(level), Ok(app)) => assert_eq!(*app, App { level, twin: 1 }),
            (Err(_), Err(error)) => {
                assert!(error.to_string().starts_with("cannot read /app/level"), "{error}");
            }
            (_, news) => panic!("{level}: {news:?}"),
        }
    }
    drop(changes);
    until(|| Arc::strong_count(&store) == 1).await;
}

/// A number that isn't read, but panics, where it is 13.
#[derive(Debug, PartialEq)]
struct Lucky(u8);

impl<'de> Deserialize<'de> for Lucky {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        assert_ne!(number, 13, "hunter2");
        Ok(Self(number))
    }
}

#[tokio::test]
async fn a_type_that_panics_is_an_error_and_not_the_end() {
    let (_folder, store) = embedded_store(None);
    set_all(store.as_ref(), &[("/app/number", "1")]).await;
    let client = Client::with_store(Arc::clone(&store));
    let app: Live<BTreeMap<String, Lucky>> = client.live_every("/app", INTERVAL).await.expect("it fits");
    let mut changes = app.clone();
    set_all(store.as_ref(), &[("/app/number", "13")]).await;
    until(|| app.last_error().is_some()).await;
    let error = app.last_error().expect("it was there");
    assert_eq!(
        error.to_string(),
        "cannot read /app: its type panicked while it was read"
    );
    assert_eq!(app.get()["number"], Lucky(1));
    set_all(store.as_ref(), &[("/app/number", "14")]).await;
    let new = timeout(PATIENCE, changes.changed()).await.expect("it follows");
    assert_eq!(new["number"], Lucky(14));
    assert!(app.last_error().is_none());
}

/// A look each 10 milliseconds at most, and other tasks get their turn.
#[tokio::test]
async fn an_interval_of_nothing_is_bounded() {
    let (_folder, store) = embedded_store(None);
    set_all(store.as_ref(), &[("/app/level", "1"), ("/app/twin", "1")]).await;
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let store = Impaired::of(store).fault(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        false
    });
    let client = Client::with_store(Arc::new(store));
    let app: Live<App> = client.live_every("/app", Duration::ZERO).await.expect("it fits");
    let mut events = client
        .watch_from(Watch {
            interval: Duration::ZERO,
            ..Watch::new("/app".parse().expect("a prefix"))
        })
        .await
        .expect("a watch");
    let watched = async { while events.next().await.is_some() {} };
    let ended = timeout(Duration::from_millis(200), watched).await;
    assert!(ended.is_err(), "a watch goes on");
    let looks = looks.load(Ordering::SeqCst);
    assert!((4..100).contains(&looks), "{looks} looks");
    drop(app);
}

/// Cuts a live value off, lets it grow old, and lets it catch up.
async fn survives(store: Arc<dyn Store>, direct: Arc<dyn Store>, outage: impl Fn(bool)) {
    set_all(direct.as_ref(), &[("/app/level", "1"), ("/app/twin", "1")]).await;
    let mut app = live(&store, "/app").await.expect("it fits");
    outage(true);
    set_all(direct.as_ref(), &[("/app/level", "2"), ("/app/twin", "2")]).await;
    until(|| app.last_error().is_some()).await;
    let error = app.last_error().expect("it was there");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let age = app.age();
    until(|| app.age() > age + Duration::from_millis(100)).await;
    assert_eq!(*app.get(), App { level: 1, twin: 1 });
    outage(false);
    assert_eq!(*changed(&mut app).await, App { level: 2, twin: 2 });
    until(|| app.last_error().is_none() && app.age() < age + Duration::from_millis(100)).await;
}

#[tokio::test]
async fn a_live_value_survives_an_outage_of_any_store() {
    let (_folder, direct) = embedded_store(None);
    let down = Arc::new(AtomicBool::new(false));
    let is_down = Arc::clone(&down);
    let store = Impaired::of(Arc::clone(&direct)).fault(move || is_down.load(Ordering::SeqCst));
    survives(Arc::new(store), direct, |is| down.store(is, Ordering::SeqCst)).await;
}

/// Runs the example as a user of the library would, in that place.
fn reload(place: &Place) {
    let test = std::env::current_exe().expect("this test is a file");
    let debug = test
        .ancestors()
        .nth(2)
        .expect("it lies in deps of a profile's folder");
    let example = debug.join("examples/reload");
    assert!(
        example.exists(),
        "{} isn't there: `cargo test` builds it, and so does `cargo build --example reload`",
        example.display()
    );

    place.args(["set", "/app/greeting", "hello"]).run().code(0);
    place.args(["set", "/app/every", "1"]).run().code(0);
    let service = place.shell(&format!("exec '{}'", example.display())).start();
    assert_eq!(service.line(), "hello");
    place.args(["set", "/app/greeting", "good morning"]).run().code(0);
    while service.line() != "good morning" {}
    place.args(["set", "/app/every", "soon"]).run().code(0);
    service.says("cannot read /app/every: it is text that is not an");
    // The service greets on its own beat, and so before or after it tells what is new.
    while service.line() != "good morning" {}
}

#[test]
fn the_example_reloads_on_the_embedded_engine() {
    reload(&embedded());
}

mod on_aws {
    use super::*;

    #[tokio::test]
    async fn a_live_value_survives_an_outage_of_aws() {
        let (account, direct) = table_store(None);
        let proxy = Proxy::before(Emulator::shared());
        let store = store_at(&account, proxy.url(), None);
        survives(store, direct, |is| {
            if is {
                proxy.on("*").cut_before();
            } else {
                proxy.calm();
            }
        })
        .await;
    }

    #[test]
    fn the_example_reloads_in_the_read_role() {
        let account = Emulator::shared().account();
        let place = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
        place.args(["init", "payments", "--yes", "-q"]).run().code(0);
        let proxy = Proxy::before(Emulator::shared());
        let place = place
            .who(&account.developer())
            .env("AWS_ENDPOINT_URL", proxy.url());
        reload(&place);
        let roles: Vec<String> = proxy
            .requests()
            .iter()
            .filter(|request| request.operation == "AssumeRole")
            .map(|request| String::from_utf8_lossy(&request.message.body).into_owned())
            .collect();
        assert!(roles.iter().any(|body| body.contains("-read")), "{roles:?}");
    }
}
