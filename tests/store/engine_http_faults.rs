//! What the engine `http` makes of a server that is cut off, busy, or not itself: each commit is made once, and what
//! became of it is told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use discfg::engine::http::{HttpEngine, HttpOptions};
use discfg::model::{Encoding, ErrorKind, Guard, Mutation, Prefix, Revision, Value};
use discfg::store::{Consistency, Cursor, Deadline, Heads, Listed, Scope, Store, StoreError, Txn};
use futures::TryStreamExt as _;
use tempfile::TempDir;

use support::api_server::{ApiServer, Impaired};
use support::config::CONFIG;
use support::stores::embedded_store;

/// A server over a store of its own, and the engine that asks it.
struct Served {
    server: ApiServer,
    engine: HttpEngine,
    /// What lies behind the server.
    behind: Arc<dyn Store>,
    _folder: TempDir,
}

fn served() -> Served {
    let (folder, behind) = embedded_store(None);
    let server = ApiServer::over(Arc::clone(&behind));
    let engine = engine(server.url());
    Served {
        server,
        engine,
        behind,
        _folder: folder,
    }
}

fn options(url: &str) -> HttpOptions {
    let config = CONFIG.parse().expect("a config name");
    HttpOptions::new(url.parse().expect("a URL"), config)
}

fn engine(url: &str) -> HttpEngine {
    HttpEngine::new(options(url)).expect("no token is sent")
}

fn set(key: &str, to: &str) -> Mutation {
    let value = Value::new(to, Encoding::Text).expect("a value");
    Mutation::set(key.parse().expect("a key"), value)
}

fn html(status: u16) -> Impaired {
    Impaired::Answer {
        status,
        content_type: "text/html",
        body: b"<h1>hunter2</h1>".to_vec(),
    }
}

fn problem(status: u16, kind: &str, code: &str) -> Impaired {
    let body = format!(
        r#"{{"type":"about:blank","title":"-","status":{status},"detail":"told","kind":"{kind}","code":"{code}"}}"#
    );
    Impaired::Answer {
        status,
        content_type: "application/problem+json",
        body: body.into_bytes(),
    }
}

/// A counter that is raised by guarded commits: a commit that is made twice, or not at all, shows.
async fn raise(engine: &HttpEngine, n: u32) {
    let txn = Txn::new(vec![set("/count/n", &n.to_string())]);
    let done = engine.commit(txn).await.expect("a commit in spite of it");
    assert_eq!(done.heads[0].revision, Revision::new(u64::from(n)));
    assert_eq!(done.changes.len(), 1);
}

async fn lines(behind: &dyn Store) -> usize {
    let section = "count".parse().expect("a section");
    let log: Vec<_> = behind
        .changes(&section, Revision::ZERO)
        .try_collect()
        .await
        .expect("the log");
    log.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_made_once_whatever_becomes_of_its_answers() {
    let served = served();
    for (n, impaired) in [
        Impaired::CutBefore,
        Impaired::CutAfter,
        html(502),
        problem(503, "unavailable", "unavailable"),
        problem(503, "unavailable", "busy"),
        problem(504, "outcome-unknown", "outcome-unknown"),
        Impaired::AnswerAfter {
            status: 504,
            content_type: "text/html",
            body: b"the gateway gave up".to_vec(),
        },
    ]
    .into_iter()
    .enumerate()
    {
        let told = format!("{impaired:?}");
        served
            .server
            .impair(move |number, _| (number < 2).then(|| impaired.clone()));
        let n = u32::try_from(n + 1).expect("a small number");
        raise(&served.engine, n).await;
        assert_eq!(served.server.asked().len(), 3, "{told}");
        assert_eq!(lines(&*served.behind).await, n as usize, "{told}");
    }
}

/// Tasks race for one counter while every third answer is cut off and every fifth request doesn't arrive.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_cuts_a_raced_counter_loses_and_doubles_nothing() {
    const TASKS: u32 = 8;
    const EACH: u32 = 12;
    let served = served();
    raise(&served.engine, 1).await;
    served.server.impair(|number, asked| match number {
        _ if !asked.starts_with("POST") => None,
        number if number % 3 == 0 => Some(Impaired::CutAfter),
        number if number % 5 == 0 => Some(Impaired::CutBefore),
        _ => None,
    });
    let key: discfg::model::Key = "/count/n".parse().expect("a key");
    let tasks = (0..TASKS).map(|_| {
        let (engine, key) = (engine(served.server.url()), key.clone());
        tokio::spawn(async move {
            for _ in 0..EACH {
                loop {
                    let now = engine.get(&key, Consistency::Strong).await.expect("a read");
                    let now = now.expect("it is never deleted");
                    let n: u32 = now
                        .value
                        .as_text()
                        .and_then(|n| n.parse().ok())
                        .expect("a number");
                    let txn = Txn::new(vec![set("/count/n", &(n + 1).to_string())])
                        .guarded([Guard::Revision(now.key, now.revision)]);
                    match engine.commit(txn).await {
                        Ok(_) => break,
                        Err(StoreError::Conflict(_)) => {}
                        Err(other) => panic!("a race ended in {other:?}"),
                    }
                }
            }
        })
    });
    for ended in futures::future::join_all(tasks).await {
        ended.expect("a task panicked");
    }
    let total = TASKS * EACH + 1;
    let end = served
        .behind
        .get(&key, Consistency::Strong)
        .await
        .expect("a read");
    let end = end.expect("it is there");
    assert_eq!(end.value.as_text(), Some(total.to_string().as_str()));
    assert_eq!(lines(&*served.behind).await, total as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_not_tried_again() {
    let served = served();
    raise(&served.engine, 1).await;
    served.server.impair(|_, _| None);
    let guard = Guard::Revision("/count/n".parse().expect("a key"), Revision::new(9));
    let txn = Txn::new(vec![set("/count/n", "2")]).guarded([guard.clone(), guard.clone()]);
    match served.engine.commit(txn).await {
        Err(StoreError::Conflict(conflict)) => {
            assert_eq!((conflict.guard, conflict.revision), (guard, Revision::new(1)));
            assert_eq!(conflict.current.map(|entry| entry.version), Some(1));
        }
        other => panic!("expected a conflict, got {other:?}"),
    }
    assert_eq!(served.server.asked().len(), 1);
    served.server.impair(|_, _| Some(html(403)));
    let error = served.engine.commit(Txn::new(vec![set("/count/n", "2")])).await;
    let error = error.expect_err("a proxy forbids it");
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(error.to_string().contains("status 403 (text/html)"), "{error}");
    assert_eq!(served.server.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_never_answered_is_told_as_unknown() {
    let served = served();
    let hasty = HttpEngine::new(HttpOptions {
        patience: Duration::from_millis(300),
        ..options(served.server.url())
    });
    let hasty = hasty.expect("no token is sent");
    served.server.impair(|_, _| Some(Impaired::CutAfter));
    let txn = Txn::new(vec![set("/count/n", "1")]);
    let id = txn.id.clone();
    match hasty.commit(txn).await {
        Err(StoreError::OutcomeUnknown { commit, .. }) => assert_eq!(commit, id),
        other => panic!("expected OutcomeUnknown, got {other:?}"),
    }
    assert!(served.server.asked().len() > 1, "it is sent again");
    assert_eq!(lines(&*served.behind).await, 1);
    served
        .server
        .impair(|_, _| Some(problem(503, "throttled", "throttled")));
    let error = hasty.commit(Txn::new(vec![set("/count/n", "2")])).await;
    assert!(matches!(error, Err(StoreError::Throttled { .. })), "{error:?}");
    assert!(served.server.asked().len() > 1, "it is sent again");
    assert_eq!(lines(&*served.behind).await, 1);
}

#[tokio::test]
async fn a_host_that_is_not_there_leaves_no_doubt() {
    let engine = engine("http://127.0.0.1:1");
    let error = engine.commit(Txn::new(vec![set("/a", "1")])).await;
    assert!(matches!(error, Err(StoreError::Unavailable { .. })), "{error:?}");
    let error = engine
        .get(&"/a".parse().expect("a key"), Consistency::Strong)
        .await;
    assert!(matches!(error, Err(StoreError::Unavailable { .. })), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_tried_three_times() {
    let served = served();
    raise(&served.engine, 1).await;
    let key = "/count/n".parse().expect("a key");
    for impaired in [
        Impaired::CutBefore,
        problem(503, "unavailable", "busy"),
        html(502),
    ] {
        let passing = impaired.clone();
        served
            .server
            .impair(move |number, _| (number < 2).then(|| passing.clone()));
        let entry = served
            .engine
            .get(&key, Consistency::Strong)
            .await
            .expect("the third try");
        assert_eq!(entry.map(|entry| entry.version), Some(1));
        served.server.impair(move |_, _| Some(impaired.clone()));
        let error = served
            .engine
            .get(&key, Consistency::Strong)
            .await
            .expect_err("it stays so");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        assert_eq!(served.server.asked().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_left() {
    let served = served();
    served.server.impair(|_, _| {
        Some(Impaired::Answer {
            status: 200,
            content_type: "application/json",
            body: vec![b' '; 64 * 1024 * 1024 + 1],
        })
    });
    let error = served.engine.status().await.expect_err("it is too large");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(
        error.to_string().contains("more than 67,108,864 bytes"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_lets_nobody_wait_is_looked_at_again_and_again() {
    let served = served();
    raise(&served.engine, 1).await;
    served
        .server
        .impair(|_, asked| asked.contains("wait=").then(|| problem(400, "usage", "query")));
    let cursor = Cursor {
        seen: [("count".parse().expect("a section"), Revision::new(1))].into(),
        ..Cursor::default()
    };
    let deadline = |within| Deadline {
        within: Duration::from_millis(within),
        interval: Duration::from_millis(20),
    };
    let none = served.engine.wait(&cursor, deadline(200)).await.expect("a wait");
    assert_eq!(none, []);
    let asked = served.server.asked();
    assert!(asked[0].contains("wait="), "{asked:?}");
    let looks = asked
        .iter()
        .skip(1)
        .filter(|asked| !asked.contains("wait="))
        .count();
    assert!(
        looks == asked.len() - 1 && looks > 2,
        "it asks once alone: {asked:?}"
    );
    let began = Instant::now();
    let (moved, ()) = tokio::join!(
        served.engine.wait(&cursor, deadline(30_000)),
        raise(&served.engine, 2)
    );
    assert_eq!(moved.expect("a wait")[0].revision, Revision::new(2));
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_sections_are_waited_for_side_by_side() {
    let served = served();
    let sections: Vec<discfg::model::Section> = ["a", "b", "c"]
        .iter()
        .map(|name| name.parse().expect("a section"))
        .collect();
    let all = ["/a/k", "/b/k", "/c/k", "/d/k"].map(|key| set(key, "1"));
    served
        .engine
        .commit(Txn::new(all.into()))
        .await
        .expect("a commit");
    let cursor = Cursor {
        seen: sections
            .iter()
            .map(|section| (section.clone(), Revision::new(1)))
            .collect(),
        ..Cursor::default()
    };
    let deadline = Deadline {
        within: Duration::from_secs(30),
        interval: Duration::from_millis(20),
    };
    let write = async {
        served
            .engine
            .commit(Txn::new(vec![set("/d/k", "2")]))
            .await
            .expect("a commit");
        served
            .engine
            .commit(Txn::new(vec![set("/b/k", "2")]))
            .await
            .expect("a commit")
    };
    let (moved, done) = tokio::join!(served.engine.wait(&cursor, deadline), write);
    assert_eq!(moved.expect("a wait"), done.heads);
    let heads = served.engine.heads(Heads::Of(sections)).await.expect("heads");
    let stand: Vec<u64> = heads.iter().map(|head| head.revision.get()).collect();
    assert_eq!(stand, [1, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_begins_where_it_is_told_to() {
    let served = served();
    let all = ["/a/k", "/b/k", "/c/k", "/d/k"].map(|key| set(key, "1"));
    served
        .engine
        .commit(Txn::new(all.into()))
        .await
        .expect("a commit");
    served.server.asked();
    let names = async |after: &str, limit| {
        let scope = Scope {
            after: Some(after.to_owned()),
            limit: Some(limit),
            ..Scope::all(Prefix::all())
        };
        let listed = served.engine.list(&scope, Consistency::Strong);
        let listed: Vec<Listed> = listed.try_collect().await.expect("a listing");
        listed
            .iter()
            .map(|item| item.name().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("/b/k", 1).await, ["/c/k"]);
    let asked = served.server.asked();
    assert_eq!(
        asked,
        ["GET /v1/mycfg/@config/list?recursive=true&limit=1&stored=true&after=%2Fb%2Fk"]
    );
    assert_eq!(names("/b/", 9).await, ["/b/k", "/c/k", "/d/k"]);
    // What is no name begins there all the same.
    assert_eq!(names("/b/k?&limit=0#", 9).await, ["/c/k", "/d/k"]);
    assert_eq!(names("zz", 9).await, [""; 0]);
    assert_eq!(names("", 2).await, ["/a/k", "/b/k"]);
}
