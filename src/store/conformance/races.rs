//! Many writers at once, each with a handle of its own: nothing is lost, nothing is done twice.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::support::{Config, ENOUGH, key, set, text};
use crate::model::{Entry, Guard, Op, Revision};
use crate::store::{Consistency, Store, StoreError, Txn};

const WRITERS: usize = 8;

/// Runs `write` in a task of its own for each of [`WRITERS`] handles.
async fn race<T: Send + 'static, F>(
    config: &Config,
    write: impl Fn(std::sync::Arc<dyn Store>, usize) -> F,
) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let stores = join_all((0..WRITERS).map(|_| config.harness.open())).await;
    let tasks: Vec<_> = stores
        .into_iter()
        .enumerate()
        .map(|(writer, store)| tokio::spawn(write(store, writer)))
        .collect();
    join_all(tasks)
        .await
        .into_iter()
        .map(|ended| ended.expect("a writer panicked"))
        .collect()
}

async fn read(store: &dyn Store, at: &str) -> Option<Entry> {
    store.get(&key(at), Consistency::Strong).await.expect("a get")
}

fn number(entry: &Entry) -> i64 {
    let text = entry.value.as_text().expect("text");
    text.parse().expect("a number")
}

/// Whether a guarded commit was made; a guard that failed is another turn for its writer.
async fn won(store: &dyn Store, txn: Txn) -> bool {
    match store.commit(txn).await {
        Ok(_) => true,
        Err(StoreError::Conflict(_)) => false,
        Err(other) => panic!("a race ended in {other:?}"),
    }
}

pub(super) async fn eight_writers_lose_nothing(config: &Config) {
    const EACH: usize = 50;
    config.set("/count/n", "0").await;
    race(config, async |store, _| {
        for _ in 0..EACH {
            for lost in 0.. {
                assert!(lost < ENOUGH, "a writer loses every race");
                let now = read(&*store, "/count/n").await.expect("it is never deleted");
                let txn = Txn::new(vec![set("/count/n", &(number(&now) + 1).to_string())])
                    .guarded([Guard::Revision(now.key.clone(), now.revision)]);
                if won(&*store, txn).await {
                    break;
                }
            }
        }
    })
    .await;
    let total = (WRITERS * EACH) as u64;
    let end = config.entry("/count/n").await;
    assert_eq!(end.value, text(&total.to_string()));
    assert_eq!((end.version, end.revision.get()), (total + 1, total + 1));
    let log = config.changes("/count", 0).await;
    for (n, change) in log.iter().enumerate() {
        let Op::Set { value, .. } = &change.op else {
            panic!("nothing was deleted");
        };
        assert_eq!(*value, text(&n.to_string()), "the log is the count");
        let replaced = change.previous.as_ref().map(|old| old.value.clone());
        assert_eq!(
            replaced,
            n.checked_sub(1).map(|before| text(&before.to_string()).into())
        );
    }
    assert_eq!(log.len() as u64, total + 1);
}

pub(super) async fn blind_writes_are_all_logged(config: &Config) {
    const EACH: usize = 20;
    let said = race(config, async |store, writer| {
        let mut ids = Vec::new();
        for n in 0..EACH {
            let own = format!("/blind/{writer}");
            let txn = Txn::new(vec![
                set("/blind/shared", &format!("{writer}-{n}")),
                set(&own, &n.to_string()),
            ]);
            let done = store.commit(txn).await.expect("no guards");
            let revision = done.heads[0].revision;
            ids.push((revision, done.commit));
        }
        ids
    })
    .await;
    assert!(
        said.iter().all(|own| own.is_sorted()),
        "a writer's commits keep their order"
    );
    let total = WRITERS * EACH;
    let said: BTreeSet<_> = said.into_iter().flatten().collect();
    let log = config.changes("/blind", 0).await;
    let logged: BTreeSet<_> = log
        .iter()
        .map(|change| (change.revision, change.commit.clone()))
        .collect();
    assert_eq!(logged, said, "answers and log disagree");
    assert_eq!((logged.len(), log.len()), (total, 2 * total));
    for (pair, revision) in log.chunks(2).zip(1..) {
        assert!(
            pair.iter()
                .all(|change| change.revision.get() == revision && change.of == 2)
        );
    }
    let shared: Vec<_> = log
        .iter()
        .filter(|change| change.key == key("/blind/shared"))
        .collect();
    for two in shared.windows(2) {
        let Op::Set { value, .. } = &two[0].op else {
            panic!("nothing was deleted");
        };
        assert_eq!(
            two[1].previous.as_ref().map(|old| &old.value),
            Some(value),
            "the chain is broken"
        );
    }
    assert_eq!(config.entry("/blind/shared").await.version, total as u64);
}

pub(super) async fn transfers_across_sections_keep_the_sum(config: &Config) {
    const EACH: usize = 15;
    let accounts = ["/left/account", "/right/account"];
    config
        .commit(accounts.iter().map(|at| set(at, "1000")).collect())
        .await;
    race(config, move |store, writer| async move {
        let (from, to) = (accounts[writer % 2], accounts[(writer + 1) % 2]);
        for _ in 0..EACH {
            for lost in 0.. {
                assert!(lost < ENOUGH, "a writer loses every race");
                let source = read(&*store, from).await.expect("it is never deleted");
                let target = read(&*store, to).await.expect("it is never deleted");
                let txn = Txn::new(vec![
                    set(from, &(number(&source) - 7).to_string()),
                    set(to, &(number(&target) + 7).to_string()),
                ])
                .guarded([
                    Guard::Revision(source.key, source.revision),
                    Guard::Value(target.key, target.value),
                ]);
                if won(&*store, txn).await {
                    break;
                }
            }
        }
    })
    .await;
    let commits = (WRITERS * EACH + 1) as u64;
    for at in accounts {
        let end = config.entry(at).await;
        assert_eq!(number(&end), 1000, "as much went as came");
        assert_eq!(end.revision, Revision::new(commits));
        let log = config.changes(end.key.section().as_str(), 0).await;
        assert_eq!(log.len() as u64, commits);
    }
    let (left, right) = (
        config.changes("/left", 0).await,
        config.changes("/right", 0).await,
    );
    for (a, b) in left.iter().zip(&right) {
        assert_eq!(a.commit, b.commit, "both sections saw the commits in one order");
    }
}

pub(super) async fn one_of_many_creates_a_key(config: &Config) {
    for round in 0..10 {
        let at = format!("/lock/{round}");
        let wins = race(config, move |store, writer| {
            let at = at.clone();
            async move {
                let txn = Txn::new(vec![set(&at, &writer.to_string())]).guarded([Guard::Absent(key(&at))]);
                won(&*store, txn).await
            }
        })
        .await;
        let winners: Vec<_> = (0..WRITERS).filter(|writer| wins[*writer]).collect();
        let holder = config.entry(&format!("/lock/{round}")).await;
        assert_eq!(winners, [usize::try_from(number(&holder)).expect("a writer")]);
        assert_eq!(holder.version, 1);
    }
    assert_eq!(config.revision("/lock").await, 10);
}
