//! The library's client: typed reads, guarded writes, a watch as a stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use discfg::Client;
use discfg::client::ClientError;
use discfg::model::{ErrorKind, Guard, Mutation, Value};
use discfg::ops::Event;
use discfg::store::{Store, StoreError, Txn};
use futures::StreamExt as _;
use serde::Deserialize;

use support::stores::{embedded_store, on_every_store, set_all};

on_every_store!(
    a_value_is_read_as_what_is_wanted,
    writes_are_guarded,
    a_prefix_is_read_into_a_struct,
    what_does_not_fit_is_named_and_not_quoted,
    a_watch_is_a_stream_of_its_own,
    a_time_to_live_is_given_kept_and_dropped,
    keys_are_listed_and_have_a_history,
    several_keys_are_one_commit,
    updates_lose_nothing,
);

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Level {
    Info,
    Debug,
}

async fn a_value_is_read_as_what_is_wanted(store: Arc<dyn Store>) {
    let client = Client::with_store(Arc::clone(&store));
    assert_eq!(client.get::<u16>("/n").await.expect("a read"), None);
    client.set("/n", "8080\n").await.expect("a write");
    client.set("/list", "[1, 2.5]").await.expect("a write");
    client.set("/level", "debug").await.expect("a write");
    client.set("/blob", vec![0xff, 0]).await.expect("a write");
    assert_eq!(client.get::<u16>("/n").await.expect("a read"), Some(8080));
    assert_eq!(client.get::<f64>("/n").await.expect("a read"), Some(8080.0));
    assert_eq!(
        client.get::<String>("/n").await.expect("a read").as_deref(),
        Some("8080\n")
    );
    assert_eq!(
        client.get::<Vec<f32>>("list").await.expect("a read"),
        Some(vec![1.0, 2.5])
    );
    assert_eq!(
        client.get::<Level>("/level").await.expect("a read"),
        Some(Level::Debug)
    );
    assert_eq!(
        client.get::<Vec<u8>>("/blob").await.expect("a read"),
        Some(vec![0xff, 0])
    );
    assert_eq!(
        client.get_text("/list").await.expect("a read").as_deref(),
        Some("[1, 2.5]")
    );
    assert_eq!(
        client.get_bytes("/blob").await.expect("a read"),
        Some(vec![0xff, 0])
    );
    let error = client.get_text("/blob").await.expect_err("no text");
    assert_eq!(error.to_string(), "cannot read /blob: it is bytes, not text");
    let error = client.get::<u8>("/a//b").await.expect_err("no key");
    assert_eq!(error.kind(), ErrorKind::Usage);

    let stored = client.set_secret("/pw", "hunter2").await.expect("a secret");
    assert!(stored.secret && stored.value.as_text().is_none());
    let sealed = client.entry_sealed("/pw").await.expect("a read");
    assert_eq!(sealed.as_ref(), Some(&stored));
    let entry = client.entry("/pw").await.expect("a read").expect("it is there");
    assert!(entry.secret && entry.value.as_text() == Some("hunter2"));
    client.set("/pw", "12").await.expect("a write");
    assert_eq!(client.get::<u8>("/pw").await.expect("a read"), Some(12));
    assert_eq!(
        client.get_text("/pw").await.expect("a read").as_deref(),
        Some("12")
    );
    assert_eq!(
        client.get_bytes("/pw").await.expect("a read"),
        Some(b"12".to_vec())
    );
    assert!(
        client
            .entry("/pw")
            .await
            .expect("a read")
            .is_some_and(|entry| entry.secret)
    );
}

async fn writes_are_guarded(store: Arc<dyn Store>) {
    let client = Client::with_store(store);
    let first = client.set("/k", "one").await.expect("a write");
    assert_eq!((first.version, first.revision.get()), (1, 1));
    let unchanged = Guard::Revision(first.key.clone(), first.revision);
    client
        .set_if("/k", "two", unchanged.clone())
        .await
        .expect("unchanged");
    for error in [
        client.set_if("/k", "three", unchanged.clone()).await.map(drop),
        client.delete_if("/k", unchanged).await.map(drop),
    ] {
        let error = error.expect_err("overtaken");
        assert!(
            matches!(&error, ClientError::Store(StoreError::Conflict(_))),
            "{error:?}"
        );
        assert_eq!(error.kind(), ErrorKind::Conflict);
        let conflict = error.conflict().expect("a guard didn't hold");
        assert!(error.is_conflict() && conflict.revision.get() == 2);
    }
    let gone = client
        .delete_if("/k", Guard::Present(first.key))
        .await
        .expect("it is there");
    assert_eq!(
        gone.and_then(|entry| entry.value.as_text().map(str::to_owned))
            .as_deref(),
        Some("two")
    );
    assert_eq!(client.delete("/k").await.expect("no failure"), None);
}

#[derive(Debug, Deserialize, PartialEq)]
struct Db {
    url: String,
    pool: Pool,
    #[serde(default)]
    replicas: Vec<String>,
    timeout: Option<f64>,
    tls: bool,
    mode: Mode,
    hosts: BTreeMap<String, u16>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Pool {
    size: u32,
    #[serde(rename = "max-idle")]
    max_idle: Option<i8>,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Mode {
    Plain,
    Sharded { by: String },
}

#[derive(Deserialize)]
struct All {
    dbx: BTreeMap<String, String>,
}

async fn a_prefix_is_read_into_a_struct(store: Arc<dyn Store>) {
    let keys = [
        ("/db", "no part of it"),
        ("/db/url", "postgres://db"),
        ("/db/url/note", "a key that is also a prefix"),
        ("/db/pool/size", "20"),
        ("/db/pool/max-idle", "-3"),
        ("/db/replicas", "[\"a\", \"b\"]"),
        ("/db/tls", "true"),
        ("/db/mode/Sharded/by", "tenant"),
        ("/db/hosts/a", "1"),
        ("/db/hosts/b", "2"),
        ("/db/unknown/deep/key", "ignored"),
        ("/dbx/url", "elsewhere"),
    ];
    set_all(store.as_ref(), &keys).await;
    let client = Client::with_store(store);
    client
        .set_secret("/db/password", "hunter2")
        .await
        .expect("a secret");
    let content = client.snapshot("/db").await.expect("a snapshot");
    let db: Db = content.deserialize().expect("it fits");
    let wanted = Db {
        url: "postgres://db".into(),
        pool: Pool {
            size: 20,
            max_idle: Some(-3),
        },
        replicas: vec!["a".into(), "b".into()],
        timeout: None,
        tls: true,
        mode: Mode::Sharded { by: "tenant".into() },
        hosts: BTreeMap::from([("a".into(), 1), ("b".into(), 2)]),
    };
    assert_eq!(db, wanted);
    let login: Login = content.deserialize().expect("it fits");
    assert_eq!(login.password, "hunter2");

    let all: All = client
        .snapshot("/")
        .await
        .expect("a snapshot")
        .deserialize()
        .expect("it fits");
    assert_eq!(all.dbx["url"], "elsewhere");
    let nothing = client.snapshot("/none").await.expect("a snapshot");
    assert_eq!(
        nothing
            .deserialize::<BTreeMap<String, String>>()
            .expect("it fits"),
        BTreeMap::new()
    );
}

#[derive(Deserialize)]
struct Login {
    password: String,
}

#[derive(Debug, Deserialize)]
struct Pools {
    #[expect(dead_code, reason = "it is never read: nothing fits")]
    pool: Pool,
}

async fn what_does_not_fit_is_named_and_not_quoted(store: Arc<dyn Store>) {
    set_all(
        store.as_ref(),
        &[
            ("/db/pool/size", "hunter2"),
            ("/app/pool/size", "{\"n\": \"hunter2\"}"),
            ("/far/pool/size", "99999999999"),
            ("/old/pool/max-idle", "1"),
            ("/deep/pool/size/x", "1"),
        ],
    )
    .await;
    let client = Client::with_store(store);
    client
        .set_secret("/secret/pool/size", "hunter2")
        .await
        .expect("a secret");
    for (prefix, problem) in [
        (
            "/db",
            "cannot read /db/pool/size: it is text that is not an unsigned 32-bit integer",
        ),
        (
            "/app",
            "cannot read /app/pool/size: it is keys or an object, not u32",
        ),
        (
            "/far",
            "cannot read /far/pool/size: it is text that is not an unsigned 32-bit integer",
        ),
        ("/old", "cannot read /old/pool: missing field `size`"),
        (
            "/deep",
            "cannot read /deep/pool/size: it is keys or an object, not u32",
        ),
        ("/none", "cannot read /none: missing field `pool`"),
        (
            "/secret",
            "cannot read /secret/pool/size: it is text that is not an unsigned 32-bit integer",
        ),
    ] {
        let content = client.snapshot(prefix).await.expect("a snapshot");
        let error = content.deserialize::<Pools>().expect_err("it doesn't fit");
        assert_eq!(error.to_string(), problem);
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
    let error = client.get::<Level>("/db/pool/size").await.expect_err("no level");
    assert_eq!(
        error.to_string(),
        "cannot read /db/pool/size: it is none of info, debug"
    );
}

async fn a_watch_is_a_stream_of_its_own(store: Arc<dyn Store>) {
    let client = Client::with_store(Arc::clone(&store));
    let mut events = client.watch("/db").await.expect("a watch");
    drop(client);
    let first = events.next().await.expect("it begins");
    assert!(matches!(first, Ok(Event::Current)), "{first:?}");
    set_all(store.as_ref(), &[("/db/a", "1"), ("/db/b", "2"), ("/app/a", "3")]).await;
    let told = loop {
        match events.next().await.expect("it goes on").expect("no error") {
            Event::Current => {}
            event => break event,
        }
    };
    assert!(
        matches!(&told, Event::Commit(lines) if lines.len() == 2),
        "{told:?}"
    );
}

async fn a_time_to_live_is_given_kept_and_dropped(store: Arc<dyn Store>) {
    let client = Client::with_store(store);
    let (hour, day) = ("1h".parse().expect("a time"), "1d".parse().expect("a time"));
    let entry = client.set_for("/k", 1, hour).await.expect("a write");
    assert_eq!(entry.ttl, Some(hour));
    let kept = client.update("/k", |n: Option<u8>| n.unwrap_or(0) + 1).await;
    let kept = kept.expect("a write");
    assert_eq!((kept.ttl, kept.expires), (entry.ttl, entry.expires));
    assert_eq!(client.touch("/k").await.expect("it has one").ttl, Some(hour));
    assert_eq!(
        client.touch_for("/k", day).await.expect("it is there").ttl,
        Some(day)
    );
    let plain = client.set("/k", 3).await.expect("a write");
    assert_eq!((plain.ttl, plain.expires), (None, None));
    let error = client.touch("/k").await.expect_err("it has none");
    assert!(
        matches!(error, ClientError::Store(StoreError::NoTtl(_))),
        "{error:?}"
    );
}

async fn keys_are_listed_and_have_a_history(store: Arc<dyn Store>) {
    let client = Client::with_store(store).below("/db").expect("a prefix");
    client.set("url", "a").await.expect("a write");
    client.set("/db/url", "b").await.expect("a write");
    client.set_json("pool/size", &20).await.expect("a write");
    let below = client.below("pool").expect("a prefix");
    assert_eq!(below.get::<u8>("size").await.expect("a read"), Some(20));
    let listed = client.list("").await.expect("a listing");
    let names: Vec<&str> = listed.iter().map(discfg::store::Listed::name).collect();
    assert_eq!(names, ["/db/pool/", "/db/url"]);
    let history = client.history("url").await.expect("a history");
    let values: Vec<Option<String>> = history
        .iter()
        .map(|change| {
            change
                .entry()
                .expect("a value")?
                .value
                .as_text()
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(values, [Some("b".into()), Some("a".into())]);
}

async fn several_keys_are_one_commit(store: Arc<dyn Store>) {
    let client = Client::with_store(store);
    let key = |text| client.key(text).expect("a key");
    let text = |text: &str| Value::text(text).expect("a value");
    let txn = || {
        let changes = vec![
            Mutation::set(key("/a/x"), text("1")).ttl("1h".parse().expect("a time")),
            Mutation::set(key("/b/y"), text("2")).secret(),
            Mutation::delete(key("/c/z")),
        ];
        Txn::new(changes).guarded([Guard::Absent(key("/a/x"))])
    };
    client.set("/c/z", "gone soon").await.expect("a write");
    let committed = client.commit(txn()).await.expect("a commit");
    assert_eq!(committed.changes.len(), 3);
    assert_eq!(client.get::<u8>("/b/y").await.expect("a read"), Some(2));
    let sealed = client.entry_sealed("/b/y").await.expect("a read");
    assert!(sealed.is_some_and(|entry| entry.secret));
    let error = client.commit(txn()).await.expect_err("it is there");
    let conflict = error.conflict().expect("a guard didn't hold");
    assert_eq!(conflict.guard, Guard::Absent(key("/a/x")));
}

async fn updates_lose_nothing(store: Arc<dyn Store>) {
    let client = Client::with_store(store);
    let count = async || {
        for _ in 0..3 {
            let counted = client.update("/n", |n: Option<u32>| n.unwrap_or(0) + 1).await;
            counted.expect("a write in ten tries");
        }
    };
    futures::join!(count(), count(), count());
    assert_eq!(client.get::<u32>("/n").await.expect("a read"), Some(9));
}

/// Another writer is faster each time.
#[tokio::test]
async fn an_update_ends_with_the_conflict() {
    let (_folder, store) = embedded_store(None);
    let client = Client::with_store(store);
    let mut tries = 0;
    let updated = client.update("/n", |_: Option<u32>| {
        tries += 1;
        let other = client.clone();
        let write = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let write = other.set("/n", tries);
            runtime.expect("a runtime").block_on(write).expect("a write");
        };
        std::thread::spawn(write).join().expect("no panic");
        0
    });
    let error = updated.await.expect_err("overtaken");
    assert!(error.is_conflict(), "{error:?}");
    assert_eq!(tries, 10);
}

#[tokio::test]
async fn two_configs_are_open_in_one_process() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = async |config| {
        let client = Client::builder()
            .config(config)
            .local(folder.path())
            .prefix("/app");
        client.open().await.expect("an embedded config")
    };
    let (one, two) = (open("one").await, open("two").await);
    one.set("name", "one").await.expect("a write");
    two.set("name", "two").await.expect("a write");
    for (client, name) in [(open("one").await, "one"), (open("two").await, "two")] {
        let found = client.get_text("/app/name").await.expect("a read");
        assert_eq!(found.as_deref(), Some(name));
    }
    for (builder, problem) in [
        (
            Client::builder().config("My Config"),
            "invalid config \"My Config\"",
        ),
        (Client::builder().alone(), "no config selected"),
        (
            Client::builder().config("one").engine("ftp://x").alone(),
            "invalid engine \"ftp://x\"",
        ),
    ] {
        let error = builder
            .open()
            .await
            .expect_err("cannot determine the config to open");
        assert_eq!(
            (error.to_string().as_str(), error.kind()),
            (problem, ErrorKind::Usage)
        );
    }
}
