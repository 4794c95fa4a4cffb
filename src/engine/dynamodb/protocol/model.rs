//! Models of the protocols: every order of events, with the machines that the engine drives.
//!
//! The table is as DynamoDB has it: a transaction is made at once, and its items become visible to plain reads one by one.

mod commits;
mod lock;
mod promises;
mod resent;
mod snapshots;
mod table;
mod watch;
mod writer;

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use crate::model::{CommitId, Encoding, Key, Mutation, Section, Value};
use crate::store::Txn;

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

fn section(text: &str) -> Section {
    text.parse().expect("a section")
}

fn commit_id(text: &str) -> CommitId {
    text.parse().expect("a commit id")
}

fn set(at: &str, to: &str) -> Mutation {
    Mutation::set(key(at), Value::new(to, Encoding::Text).expect("a value"))
}

fn delete(at: &str) -> Mutation {
    Mutation::Delete { key: key(at) }
}

fn txn(id: &str, changes: Vec<Mutation>) -> Txn {
    Txn {
        id: commit_id(id),
        ..Txn::new(changes)
    }
}

/// Looks at every state, and gives the events that lead to the first one that breaks a property.
#[expect(
    clippy::print_stdout,
    reason = "how many states there are is part of what the test says"
)]
fn counterexample<M>(name: &str, model: M) -> Option<Vec<String>>
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Send + Sync + Clone + PartialEq + Debug + 'static,
    M::Action: Clone + PartialEq + Debug,
{
    let began = Instant::now();
    let checker = model
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::Any)
        .spawn_bfs()
        .join();
    let (states, took) = (checker.unique_state_count(), began.elapsed());
    println!("{name}: {states} states in {} ms", took.as_millis());
    let found = checker.discoveries().into_iter().next();
    found.map(|(property, path)| {
        let last = format!("{:?}", path.last_state());
        let actions = path
            .into_actions()
            .into_iter()
            .map(|action| format!("{action:?}"));
        let ends = [format!("breaks: {property}"), last];
        actions.chain(ends).collect()
    })
}

/// Fails with the events of a counterexample, if there is one.
fn assert_holds<M>(name: &str, model: M)
where
    M: Model + Send + Sync + 'static,
    M::State: Hash + Send + Sync + Clone + PartialEq + Debug + 'static,
    M::Action: Clone + PartialEq + Debug,
{
    if let Some(events) = counterexample(name, model) {
        panic!("{name}:\n{}", events.join("\n"));
    }
}
