//! Plans and the past, on the embedded engine with its clock in the tests' hands.

use std::collections::BTreeMap;
use std::sync::Arc;

use discfg::engine::local::{LocalEngine, OpenMode};
use discfg::model::{
    Encoding, ErrorKind, Key, Mutation, Prefix, PrefixOrRoot, Revision, Section, SectionPart, TestClock,
    Value,
};
use discfg::ops::{self, DesiredValue, OpsError, Plan};
use discfg::store::{Consistency, Snapshot, Store, StoreError, Txn};

struct Config {
    store: LocalEngine,
    clock: Arc<TestClock>,
    _folder: tempfile::TempDir,
}

fn config() -> Config {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(TestClock::new());
    let path = folder.path().join("mycfg.db");
    let store = LocalEngine::open(&path, OpenMode::Create, clock.clone(), "tester").expect("a new file");
    Config {
        store,
        clock,
        _folder: folder,
    }
}

fn section(text: &str) -> Section {
    text.parse().expect(text)
}

fn key(text: &str) -> Key {
    text.parse().expect(text)
}

fn value(text: &str) -> Value {
    Value::new(text, Encoding::Text).expect("a value")
}

fn wanted(pairs: &[(&str, &str)]) -> BTreeMap<Key, DesiredValue> {
    pairs
        .iter()
        .map(|(at, to)| (key(at), DesiredValue::from(value(to))))
        .collect()
}

async fn set(store: &dyn Store, at: &str, to: &str) {
    let txn = Txn::new(vec![Mutation::set(key(at), value(to))]);
    store.commit(txn).await.expect("a commit");
}

async fn overtaken(store: &dyn Store, plan: &Plan) {
    let error = plan.commit(store).await.expect_err("the plan is overtaken");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
}

#[tokio::test]
async fn a_plan_is_overtaken_by_any_key_that_it_read() {
    let config = config();
    let store = &config.store;
    set(store, "/db/a", "1").await;
    set(store, "/db/same", "1").await;
    let plan = Plan::set(
        store,
        wanted(&[("/db/a", "2"), ("/db/same", "1"), ("/db/new", "1")]),
    );
    let plan = plan.await.expect("a plan");
    set(store, "/db/beside", "1").await;
    plan.commit(store).await.expect("other keys may change");
    for overtaking in ["/db/a", "/db/same", "/db/new"] {
        let name = format!("{overtaking} changes");
        let fresh = wanted(&[
            ("/db/a", &name),
            ("/db/same", "1"),
            ("/db/new", "1"),
            ("/app/x", &name),
        ]);
        let plan = Plan::set(store, fresh).await.expect("a plan");
        set(store, overtaking, &name).await;
        overtaken(store, &plan).await;
        set(store, overtaking, "1").await;
    }
    assert!(
        store
            .get(&key("/app/x"), Consistency::Strong)
            .await
            .expect("a get")
            .is_none()
    );
}

#[tokio::test]
async fn many_unchanged_keys_are_guarded_by_their_section() {
    let config = config();
    let store = &config.store;
    let many: Vec<String> = (0..150).map(|i| format!("/db/k{i}")).collect();
    let pairs: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "1")).collect();
    let filled = Plan::set(store, wanted(&pairs)).await.expect("a plan");
    filled.commit_in_batches(store, |_| {}).await.expect("batches");
    let mut with_one_more = wanted(&pairs);
    with_one_more.insert(key("/app/x"), value("1").into());
    let plan = Plan::set(store, with_one_more.clone()).await.expect("a plan");
    plan.commit(store).await.expect("nothing has changed");
    with_one_more.insert(key("/app/x"), value("2").into());
    let plan = Plan::set(store, with_one_more).await.expect("a plan");
    set(store, "/db/k7", "2").await;
    overtaken(store, &plan).await;
}

#[tokio::test]
async fn a_pruning_plan_is_overtaken_by_anything_in_its_section() {
    let config = config();
    let store = &config.store;
    set(store, "/db/a", "1").await;
    let part: SectionPart = section("db").into();
    let now = ops::section_part_snapshot(store, &part)
        .await
        .expect("a snapshot");
    let plan = Plan::over(store, now, &part, wanted(&[("/db/b", "1")]), false)
        .await
        .expect("a plan");
    assert_eq!((plan.outcome().added, plan.outcome().removed), (1, 1));
    set(store, "/db/c", "1").await;
    overtaken(store, &plan).await;
    let outside = wanted(&[("/dbx/b", "1")]);
    let error = Plan::over(store, Snapshot::default(), &part, outside, false).await;
    assert!(matches!(error, Err(OpsError::Outside { .. })));
}

/// The plan that moves all keys below one prefix to another one.
async fn relocation(store: &dyn Store, from: &str, to: &str) -> Plan {
    let prefix: Prefix = from.parse().expect(from);
    let snapshot = store.snapshot(&[prefix]).await.expect("a snapshot");
    let pairs = snapshot.entries.into_iter().map(|entry| {
        let to = key(&entry.key.as_str().replacen(from, to, 1));
        (entry, to)
    });
    Plan::relocate(store, pairs.collect()).await.expect("a plan")
}

#[tokio::test]
async fn a_move_is_overtaken_by_a_change_of_either_key() {
    let config = config();
    let store = &config.store;
    set(store, "/db/a", "1").await;
    let plan = relocation(store, "/db", "/app").await;
    set(store, "/db/a", "2").await;
    overtaken(store, &plan).await;
    let plan = relocation(store, "/db", "/app").await;
    set(store, "/app/a", "2").await;
    overtaken(store, &plan).await;
    let plan = relocation(store, "/db", "/app").await;
    assert_eq!(plan.replaced().collect::<Vec<_>>(), [&key("/app/a")]);
    plan.commit(store).await.expect("nothing has changed");
}

#[tokio::test]
async fn batches_move_whole_keys() {
    let config = config();
    let store = &config.store;
    let names: Vec<String> = (0..60)
        .map(|i| format!("/db/k{i}"))
        // Each of these comes to where the next one was.
        .chain((1..10).map(|depth| format!("/db{}/x", "/db".repeat(depth))))
        .collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let filled = Plan::set(store, wanted(&pairs)).await.expect("a plan");
    filled.commit_in_batches(store, |_| {}).await.expect("batches");
    let before = store.snapshot(&[Prefix::all()]).await.expect("a snapshot").heads[0].revision;
    let plan = relocation(store, "/db/db", "/db").await;
    plan.commit_in_batches(store, |_| {}).await.expect("batches");
    let plan = relocation(store, "/db", "/app").await;
    let mut batches = Vec::new();
    plan.commit_in_batches(store, |changes| batches.push(changes))
        .await
        .expect("batches");
    assert!(
        batches.len() > 2 && batches.iter().all(|changes| changes % 2 == 0),
        "{batches:?}"
    );
    // After each commit every value is at one key, which is called as it was, or at its new name.
    for revision in before.get()..before.get() + 1 + batches.len() as u64 {
        let mut values: Vec<String> = Vec::new();
        for section in ["db", "app"] {
            let part: SectionPart = self::section(section).into();
            let at = Revision::new(if section == "db" {
                revision
            } else {
                revision.saturating_sub(before.get() + 1)
            });
            let state = ops::state_at(store, &part, at).await.expect("a state");
            values.extend(
                state
                    .entries
                    .iter()
                    .map(|entry| String::from_utf8_lossy(entry.value.bytes()).into_owned()),
            );
        }
        values.sort();
        let mut all = names.clone();
        all.sort();
        assert_eq!(values, all, "at revision {revision}");
    }
}

#[tokio::test]
async fn batches_are_as_large_as_a_commit_may_be() {
    let config = config();
    let store = &config.store;
    let names: Vec<String> = (0..120).map(|i| format!("/s{}/k{i}", i / 40)).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let plan = Plan::set(store, wanted(&pairs)).await.expect("a plan");
    let mut batches = Vec::new();
    plan.commit_in_batches(store, |changes| batches.push(changes))
        .await
        .expect("batches");
    assert_eq!(batches, [47, 47, 26]);

    let large = "x".repeat(Value::MAX_BYTES);
    let names: Vec<String> = (0..12).map(|i| format!("/large/k{i}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), large.as_str())).collect();
    let plan = Plan::set(store, wanted(&pairs)).await.expect("a plan");
    let mut batches = Vec::new();
    plan.commit_in_batches(store, |changes| batches.push(changes))
        .await
        .expect("batches");
    assert_eq!(batches, [10, 2]);
}

#[tokio::test]
async fn the_past_ends_where_the_log_does() {
    let config = config();
    let (store, clock) = (&config.store, &config.clock);
    for round in 1..=4 {
        set(store, "/db/a", &round.to_string()).await;
        clock.advance(12 * 24 * 60 * 60);
    }
    // Reading drops nothing: the first line's time is over, and the next commit clears it away.
    set(store, "/db/b", "1").await;
    let key = key("/db/a");
    let at = |revision| ops::entry_at(store, &key, Revision::new(revision));
    let shown =
        |entry: Option<discfg::model::Entry>| entry.map(|entry| entry.value.as_text().map(str::to_owned));
    assert_eq!(shown(at(4).await.expect("now")), Some(Some("4".into())));
    assert_eq!(shown(at(3).await.expect("then")), Some(Some("3".into())));
    for error in [
        at(0).await.expect_err("too long ago"),
        ops::state_at(store, &section("db").into(), Revision::ZERO)
            .await
            .expect_err("too long ago"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Compacted);
        let OpsError::Store(StoreError::Compacted { oldest, .. }) = error else {
            panic!("{error:?}");
        };
        assert!(oldest > Revision::ZERO);
    }
}

#[tokio::test]
async fn the_keys_at_the_root_are_a_part_of_their_own() {
    let config = config();
    let store = &config.store;
    for (key, value) in [("/mode", "1"), ("/db/url", "1"), ("/mode", "2"), ("/other", "1")] {
        set(store, key, value).await;
    }
    let keys = |snapshot: Snapshot| -> Vec<(String, u64)> {
        let entries = snapshot.entries.into_iter();
        entries
            .map(|entry| (entry.key.to_string(), entry.version))
            .collect()
    };
    let name = |text: &str| text.parse::<PrefixOrRoot>().expect("a prefix");
    let part = ops::find_section_part(store, &name("@root"))
        .await
        .expect("a part");
    let now = ops::section_part_snapshot(store, &part).await.expect("now");
    assert_eq!(now.heads.len(), 1);
    assert_eq!(keys(now), [("/mode".into(), 2), ("/other".into(), 1)]);
    let then = ops::state_at(store, &part, Revision::new(1)).await.expect("then");
    assert_eq!(keys(then), [("/mode".into(), 1)]);
    let several = ops::find_section_part(store, &name("/")).await;
    assert!(matches!(several, Err(OpsError::Spans(_))), "{several:?}");
}

#[tokio::test]
async fn a_config_of_one_section_is_a_part() {
    let config = config();
    let store = &config.store;
    let all = PrefixOrRoot::from(Prefix::all());
    let part = ops::find_section_part(store, &all)
        .await
        .expect("of an empty config");
    assert_eq!(part.section(), &Section::root());
    set(store, "/db/url", "1").await;
    let part = ops::find_section_part(store, &all).await.expect("a part");
    assert_eq!(part.name(), "/db/");
}
