//! Items that discfg doesn't write: who may write one section can put anything there, and must reach nothing beyond it.

use std::sync::Arc;
use std::time::Duration;

use discfg::model::{Prefix, Section};
use discfg::ops::{
    Event, HeadNews, ReadableItem, Watch, readable_heads, readable_list, readable_snapshot, watch,
    watch_heads,
};
use discfg::store::{Consistency, Heads, Scope, Store, StoreError};
use futures::{StreamExt as _, TryStreamExt as _};
use rusqlite::Connection;
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::time::timeout;

use support::account::Account;
use support::config::{CONFIG, TABLE};
use support::stores::{embedded_store, set_all, table_store};

const PATIENCE: Duration = Duration::from_mins(1);

/// What is put where discfg would never put it.
#[derive(Clone, Copy)]
enum Spoilt {
    /// An entry of `/bad` of no known kind.
    Entry,
    /// A head of `/bad` that can't be read.
    Head,
    /// A line in the log of `/bad`, after its head, that is of a key of `/good`.
    Line,
    /// A line in the log of `/bad` that says the commit changed `/good`, too.
    With,
}

/// A config with a section `/good` and one `/bad`, each with a key, and a key in the root section.
struct Config {
    store: Arc<dyn Store>,
    home: Home,
}

enum Home {
    File(TempDir),
    Table(Account),
}

impl Config {
    async fn filled(store: Arc<dyn Store>, home: Home) -> Self {
        set_all(store.as_ref(), &[("/good/a", "1"), ("/bad/a", "1"), ("/r", "1")]).await;
        Self { store, home }
    }

    fn spoil(&self, what: Spoilt) {
        match &self.home {
            Home::File(folder) => {
                let file = Connection::open(folder.path().join(format!("{CONFIG}.db"))).expect("a file");
                let statement = match what {
                    Spoilt::Entry => {
                        "INSERT INTO entry VALUES ('/bad/x', 1, 1, 1, 1, 'x', 0, NULL, NULL, 'nonsense', 'v')"
                    }
                    Spoilt::Head => "UPDATE section SET changes = -1 WHERE section = '/bad'",
                    Spoilt::Line => {
                        "INSERT INTO log (section, revision, line, lines, key, at, by, commit_id, expires, version, \
                         secret, kind, value) SELECT '/bad', 2, 0, 1, '/good/a', at, 'x', 'forged', expires, 9, 0, \
                         'text', 'forged' FROM log LIMIT 1; UPDATE section SET revision = 2 WHERE section = '/bad'"
                    }
                    Spoilt::With => {
                        "INSERT INTO log (section, revision, line, lines, key, at, by, commit_id, expires, version, \
                         secret, kind, value, others) SELECT '/bad', 2, 0, 1, '/bad/a', at, 'x', 'forged', expires, 9, \
                         0, 'text', 'forged', '{\"/good\":99}' FROM log LIMIT 1; UPDATE section SET revision = 2 \
                         WHERE section = '/bad'"
                    }
                };
                file.execute_batch(statement).expect("SQLite takes it");
            }
            Home::Table(account) => match what {
                Spoilt::Entry => put(
                    account,
                    &like(account, "/bad", "/bad/a", "/bad/x", |item| {
                        item["kind"] = json!({"S": "nonsense"});
                    }),
                ),
                Spoilt::Head => put(
                    account,
                    &like(account, "/bad", "@head", "@head", |item| {
                        item["expires_at"] = json!({"N": "9999999999"});
                    }),
                ),
                Spoilt::Line => {
                    put(
                        account,
                        &forged_line(account, |item| item["key"] = json!({"S": "/good/a"})),
                    );
                    move_head(account);
                }
                Spoilt::With => {
                    put(
                        account,
                        &forged_line(account, |item| {
                            item["with"] = json!({"M": {"/good": {"N": "99"}}});
                        }),
                    );
                    move_head(account);
                }
            },
        }
    }

    /// The keys that a snapshot of what can be read holds, and the sections that it lacks.
    async fn readable(&self) -> (Vec<String>, Vec<String>) {
        let (snapshot, bad) = readable_snapshot(self.store.as_ref(), &[Prefix::all()])
            .await
            .expect("the others can be read");
        let keys = snapshot.entries.iter().map(|entry| entry.key.to_string());
        (
            keys.collect(),
            bad.iter().map(|bad| bad.section.to_string()).collect(),
        )
    }

    /// What a snapshot of everything fails with: the section at fault and what is said.
    async fn refused(&self) -> (String, String) {
        match self.store.snapshot(&[Prefix::all()]).await {
            Err(StoreError::Corrupt { section, what, .. }) => (
                section.map(|section| section.to_string()).unwrap_or_default(),
                what,
            ),
            other => panic!("expected Corrupt, got {other:?}"),
        }
    }
}

fn put(account: &Account, item: &Json) {
    let input = json!({"TableName": TABLE, "Item": item});
    account
        .dynamodb(&account.root(), "PutItem", &input)
        .expect("root may write");
}

/// An item of the table, changed and under another sort key.
fn like(account: &Account, pk: &str, sk: &str, under: &str, change: impl FnOnce(&mut Json)) -> Json {
    let mut items = account.items(TABLE).into_iter();
    let mut item = items
        .find(|item| {
            item["pk"]["S"] == pk
                && item["sk"]["S"]
                    .as_str()
                    .is_some_and(|found| found.starts_with(sk))
        })
        .expect("it is there");
    item["sk"] = json!({"S": under});
    change(&mut item);
    item
}

fn forged_line(account: &Account, change: impl FnOnce(&mut Json)) -> Json {
    let under = format!("@log#{:020}#000", 2);
    like(account, "/bad", "@log#", &under, |item| {
        item["commit"] = json!({"S": "forged"});
        item["n"] = json!({"N": "1"});
        item.as_object_mut().expect("an item").remove("with");
        change(item);
    })
}

fn move_head(account: &Account) {
    put(
        account,
        &like(account, "/bad", "@head", "@head", |item| {
            item["rev"] = json!({"N": "2"});
        }),
    );
}

fn section(name: &str) -> Section {
    name.parse().expect("a section")
}

async fn a_bad_entry_spoils_its_section_alone(config: Config) {
    config.spoil(Spoilt::Entry);
    let (at_fault, what) = config.refused().await;
    assert_eq!(at_fault, "/bad");
    assert!(what.contains("/bad/x"), "{what}");
    assert_eq!(
        config.readable().await,
        (vec!["/good/a".into(), "/r".into()], vec!["/bad".into()])
    );
    let store = config.store.as_ref();
    let good = store.snapshot(&["/good".parse().expect("a prefix")]).await;
    assert_eq!(good.expect("its own section").entries.len(), 1);
    let streamed = store.snapshot_stream(&[Prefix::all()], &[section("/bad")]);
    let streamed: Vec<_> = streamed.try_collect().await.expect("without the section");
    assert_eq!(streamed.len(), 2);

    // A listing shows what it can.
    let listed = readable_list(store, &Scope::all(Prefix::all()), Consistency::Strong);
    let listed: Vec<ReadableItem> = listed.try_collect().await.expect("a listing");
    let names: Vec<String> = listed
        .iter()
        .map(|shown| match shown {
            ReadableItem::Listed(item) => item.name().to_owned(),
            ReadableItem::Bad(bad) => format!("bad {}", bad.section),
        })
        .collect();
    assert_eq!(names, ["/bad/a", "/good/a", "/r", "bad /bad"]);

    // Writing goes on, in the section itself, too.
    set_all(store, &[("/good/a", "2"), ("/bad/a", "2")]).await;
    assert_eq!(config.readable().await.0, ["/good/a", "/r"]);
}

async fn a_bad_head_spoils_its_section_alone(config: Config) {
    config.spoil(Spoilt::Head);
    let store = config.store.as_ref();
    let (heads, bad) = readable_heads(store, &Heads::All)
        .await
        .expect("the others can be read");
    let names: Vec<String> = heads.iter().map(|head| head.section.to_string()).collect();
    assert_eq!(names, ["/good", "@root"]);
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0].section, section("/bad"));
    assert!(store.heads(Heads::All).await.is_err());
    assert_eq!(config.refused().await.0, "/bad");
    assert_eq!(config.readable().await.0, ["/good/a", "/r"]);

    let mut standings = watch_heads(store, Duration::from_millis(10), Arc::default());
    let mut next = async || {
        let next = timeout(PATIENCE, standings.next()).await.expect("it goes on");
        next.expect("it goes on").expect("no error")
    };
    match next().await {
        HeadNews::Moved(heads) => assert_eq!(heads.len(), 2),
        other => panic!("{other:?}"),
    }
    match next().await {
        HeadNews::Bad(bad) => assert_eq!(bad[0].section, section("/bad")),
        other => panic!("{other:?}"),
    }
    set_all(store, &[("/good/a", "2")]).await;
    loop {
        match next().await {
            HeadNews::Still => {}
            HeadNews::Moved(heads) => break assert_eq!(heads[0].section, section("/good")),
            other => panic!("{other:?}"),
        }
    }
}

async fn a_forged_line_is_told_to_nobody(config: Config) {
    let store = config.store.as_ref();
    let mut events = watch(
        store,
        Watch {
            interval: Duration::from_millis(10),
            ..Watch::new(Prefix::all())
        },
    );
    let begun = timeout(PATIENCE, events.next()).await.expect("it begins");
    assert!(matches!(begun, Some(Ok(Event::Current))), "{begun:?}");
    config.spoil(Spoilt::Line);
    let mut news = async || loop {
        let next = timeout(PATIENCE, events.next()).await.expect("it goes on");
        match next.expect("it goes on").expect("no error") {
            Event::Current => {}
            event => return event,
        }
    };
    // The section is told as it is, or named as one that can't be read; nothing of `/good` is.
    match news().await {
        Event::Resync { section: of, .. } => assert_eq!(of, section("/bad")),
        Event::Bad(bad) => assert_eq!(bad.section, section("/bad")),
        other => panic!("{other:?}"),
    }
    set_all(store, &[("/good/a", "2")]).await;
    match news().await {
        Event::Commit(lines) => assert_eq!(lines[0].key.as_str(), "/good/a"),
        other => panic!("{other:?}"),
    }
    let lines = store.changes(&section("/bad"), discfg::model::Revision::new(1));
    let read: Result<Vec<_>, _> = lines.try_collect().await;
    assert!(
        matches!(read, Err(StoreError::Corrupt { section: Some(_), .. })),
        "{read:?}"
    );
    let good = store
        .get(&"/good/a".parse().expect("a key"), Consistency::Strong)
        .await;
    assert_eq!(good.expect("a get").expect("an entry").value.as_text(), Some("2"));
    assert!(config.readable().await.0.contains(&"/good/a".to_owned()));
}

async fn who_names_a_revision_of_another_section_is_at_fault(config: Config) {
    config.spoil(Spoilt::With);
    let store = config.store.as_ref();
    let good = store.snapshot(&["/good".parse().expect("a prefix")]).await;
    assert_eq!(good.expect("its own section").entries.len(), 1);
    let (keys, bad) = config.readable().await;
    assert!(keys.contains(&"/good/a".to_owned()), "{keys:?}");
    assert!(bad.iter().all(|section| section == "/bad"), "{bad:?}");
}

macro_rules! on_both_engines {
    ($($name:ident),+ $(,)?) => {
        mod on_the_embedded_engine {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (folder, store) = super::embedded_store(None);
                super::$name(super::Config::filled(store, super::Home::File(folder)).await).await;
            })+
        }

        mod on_dynamodb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (account, store) = super::table_store(None);
                super::$name(super::Config::filled(store, super::Home::Table(account)).await).await;
            })+
        }
    };
}

on_both_engines!(
    a_bad_entry_spoils_its_section_alone,
    a_bad_head_spoils_its_section_alone,
    a_forged_line_is_told_to_nobody,
    who_names_a_revision_of_another_section_is_at_fault,
);

mod in_partitions_on_dynamodb {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_entry_in_the_partition_of_another_section_is_never_given() {
        let (account, store) = table_store(None);
        let config = Config::filled(store, Home::Table(account)).await;
        let Home::Table(account) = &config.home else {
            unreachable!("a table")
        };
        // Who may write the root section alone puts a key of another one there.
        for key in ["/good/a", "/other/x"] {
            put(
                account,
                &like(account, "@root", "/r", key, |item| {
                    item["value"] = json!({"S": "forged"});
                }),
            );
        }
        let (at_fault, what) = config.refused().await;
        assert_eq!(at_fault, "@root");
        assert!(what.contains("/good/a") && what.contains("@root"), "{what}");
        assert_eq!(
            config.readable().await,
            (vec!["/bad/a".into(), "/good/a".into()], vec!["@root".into()])
        );
        let (snapshot, _) = readable_snapshot(config.store.as_ref(), &[Prefix::all()])
            .await
            .expect("a snapshot");
        assert!(
            snapshot
                .entries
                .iter()
                .all(|entry| entry.value.as_text() == Some("1"))
        );
        let listed = readable_list(
            config.store.as_ref(),
            &Scope::all(Prefix::all()),
            Consistency::Strong,
        );
        let listed: Vec<ReadableItem> = listed.try_collect().await.expect("a listing");
        for shown in &listed {
            if let ReadableItem::Listed(discfg::store::Listed::Entry(entry)) = shown {
                assert_eq!(entry.value.as_text(), Some("1"), "{entry:?}");
            }
        }
        assert!(
            matches!(listed.last(), Some(ReadableItem::Bad(bad)) if bad.section.is_root()),
            "{listed:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_name_in_another_form_is_not_the_same_name() {
        let (account, store) = table_store(None);
        let config = Config::filled(store, Home::Table(account)).await;
        let Home::Table(account) = &config.home else {
            unreachable!("a table")
        };
        put(account, &like(account, "@config", "/bad", "good", |_| {}));
        match config.store.heads(Heads::All).await {
            Err(StoreError::Corrupt { what, .. }) => {
                assert!(what.contains("pk @config and sk good"), "{what}");
            }
            other => panic!("expected Corrupt, got {other:?}"),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_has_no_end_must_not_be_given_one() {
        let (account, store) = table_store(None);
        let config = Config::filled(store, Home::Table(account)).await;
        let Home::Table(account) = &config.home else {
            unreachable!("a table")
        };
        let ends = |item: &mut Json| item["expires_at"] = json!({"N": "9999999999"});
        put(account, &like(account, "@config", "/bad", "/bad", ends));
        let (heads, bad) = readable_heads(config.store.as_ref(), &Heads::All)
            .await
            .expect("heads");
        assert_eq!((heads.len(), bad.len()), (2, 1));
        assert_eq!(bad[0].section, section("/bad"));
        put(account, &like(account, "@config", "@sections", "@sections", ends));
        assert!(config.store.snapshot(&[Prefix::all()]).await.is_err());
    }
}
