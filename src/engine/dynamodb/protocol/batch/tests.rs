use std::collections::{HashSet, VecDeque};

use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;
use crate::engine::dynamodb::protocol::{SectionList, TableAction, Transaction};
use crate::model::{Encoding, Revision, Timestamp, Value};
use crate::store::StoreError;

fn empty() -> CommitBasis {
    CommitBasis::at(Timestamp::from_epoch(100))
}

/// Takes those that go together from those that wait, as a queue does.
fn draw(waiting: &mut VecDeque<Txn>) -> Vec<Txn> {
    let mut room = TransactionRoom::default();
    let fits = waiting.iter().take_while(|txn| room.takes(txn)).count();
    waiting.drain(..fits.max(1).min(waiting.len())).collect()
}

/// The item that an action is about.
fn item(action: &TableAction) -> String {
    match action {
        TableAction::PutEntry { entry, .. } => entry.key.to_string(),
        TableAction::DeleteEntry { key, .. } | TableAction::CheckEntry { key, .. } => key.to_string(),
        TableAction::PutLine { line, .. } => {
            format!("{} {}#{}", line.key.section(), line.revision, line.index)
        }
        TableAction::MoveHead { to, .. } => format!("{} @head", to.section),
        TableAction::CheckHead { section, .. } => format!("{section} @head"),
        TableAction::Register { section, .. } => format!("@config {section}"),
        TableAction::CountSections { .. } | TableAction::StartCount { .. } => "@config @sections".into(),
        TableAction::PutRecord(record) => format!("{} {}", record.place.section, record.place.id),
    }
}

fn set(key: &str, to: impl Into<Vec<u8>>) -> Mutation {
    let value = Value::new(to, Encoding::Detect).expect("a value");
    Mutation::set(key.parse().expect(key), value)
}

fn one(key: &str) -> Txn {
    Txn::new(vec![set(key, "v")])
}

#[test]
fn as_many_go_together_as_a_transaction_takes() {
    let mut waiting: VecDeque<Txn> = (0..64).map(|n| one(&format!("/s/{n}"))).collect();
    let drawn = draw(&mut waiting);
    assert_eq!((drawn.len(), waiting.len()), (49, 15));
    // A new section takes two actions more: its line in the list, and the number of sections.
    let batch = CommitBatch::of(drawn, &empty(), "me");
    assert_eq!((batch.made.len(), batch.left.len()), (48, 1));
    let revisions: Vec<u64> = batch
        .made
        .iter()
        .map(|(_, decision)| decision.moves[0].to.revision.get())
        .collect();
    assert_eq!(revisions, (1..=48).collect::<Vec<u64>>());
}

#[test]
fn one_always_goes_however_large() {
    let big = |key: &str| {
        Txn::new(
            (0..6)
                .map(|n| set(&format!("{key}{n}"), vec![b'x'; 190_000]))
                .collect(),
        )
    };
    let mut waiting: VecDeque<Txn> = ["/s/a", "/s/b"].into_iter().map(big).collect();
    assert_eq!(draw(&mut waiting).len(), 1);
    assert_eq!(draw(&mut waiting).len(), 1);
    assert!(draw(&mut waiting).is_empty());
    // What is replaced counts too, and is known only when it was read.
    let mut read = empty();
    let first = CommitBatch::of(vec![big("/s/a")], &read, "me");
    first.made[0].1.follow(&mut read.entries, &mut read.heads);
    let half = Txn::new(
        (0..4)
            .map(|n| set(&format!("/s/a{n}"), vec![b'y'; 190_000]))
            .collect(),
    );
    let other = Txn::new(
        (0..5)
            .map(|n| set(&format!("/s/c{n}"), vec![b'y'; 190_000]))
            .collect(),
    );
    let batch = CommitBatch::of(vec![half, other], &read, "me");
    assert_eq!((batch.made.len(), batch.left.len()), (1, 1));
}

fn delete(key: &str) -> Mutation {
    let key = key.parse().expect("a key");
    Mutation::Delete { key }
}

/// How many absent keys the transaction of these commits checks, and how many actions it has.
fn absent_keys_of(batch: &CommitBatch<Txn>) -> (usize, usize) {
    let made: Vec<(&Txn, &Decision)> = batch.made.iter().map(|(txn, made)| (txn, made)).collect();
    let Transaction { actions } = Transaction::build(&made, &empty(), Some(&SectionList::default()));
    let is_check = |action: &&TableAction| matches!(action, TableAction::CheckEntry { was: None, .. });
    (actions.iter().filter(is_check).count(), actions.len())
}

#[test]
fn every_absent_key_that_was_to_be_deleted_is_checked_or_the_commit_is_refused() {
    let commit = |deletes: usize| {
        let sets = (0..30).map(|n| set(&format!("/s/{n}"), "v"));
        Txn::new(
            sets.chain((0..deletes).map(|n| delete(&format!("/s/gone{n}"))))
                .collect(),
        )
    };
    let batch = CommitBatch::of(vec![commit(36)], &empty(), "me");
    assert_eq!(absent_keys_of(&batch), (36, 99));
    let batch = CommitBatch::of(vec![commit(37)], &empty(), "me");
    let [(_, Err(StoreError::Limit(Limit::Actions { guards: 37, .. })))] = &batch.answered[..] else {
        panic!("it takes 101 actions with its record");
    };
}

#[test]
fn deletes_of_absent_keys_go_together_as_far_as_they_are_checked() {
    let absent = |n: usize| Txn::new(vec![delete(&format!("/s/a{n}")), delete(&format!("/s/b{n}"))]);
    let batch = CommitBatch::of((0..60).map(absent).collect(), &empty(), "me");
    assert_eq!((batch.made.len(), batch.left.len()), (49, 11));
    assert_eq!(absent_keys_of(&batch), (98, 98));
    // One under a caller's id leaves no record where nothing changes, so its section's head is checked, too.
    let recorded = |n: usize| Txn {
        recorded: true,
        ..absent(n)
    };
    let batch = CommitBatch::of((0..60).map(recorded).collect(), &empty(), "me");
    let (_, actions) = absent_keys_of(&batch);
    assert!(actions <= Limit::MAX_ACTIONS, "{actions}");
}

#[test]
fn one_key_is_written_once_in_a_transaction() {
    let guarded = one("/s/k").guarded([Guard::Absent("/s/k".parse().expect("a key"))]);
    let batch = CommitBatch::of(
        vec![one("/s/k"), one("/s/k"), guarded, one("/s/j")],
        &empty(),
        "me",
    );
    assert_eq!((batch.made.len(), batch.left.len()), (2, 1));
    // It sees what the first wrote, so its answer is known as soon as that is made.
    let [(_, Err(StoreError::Conflict(conflict)))] = &batch.refused[..] else {
        panic!("the guard fails");
    };
    assert_eq!(conflict.current.as_ref().map(|entry| entry.version), Some(1));
}

#[test]
fn one_id_is_never_twice_in_a_transaction() {
    let first = one("/s/a");
    let again = Txn {
        id: first.id.clone(),
        ..one("/s/b")
    };
    let batch = CommitBatch::of(vec![first, again], &empty(), "me");
    assert_eq!((batch.made.len(), batch.left.len()), (1, 1));
}

#[test]
fn what_is_refused_as_read_is_answered_at_once() {
    let absent = |key: &str| one(key).guarded([Guard::Present(key.parse().expect("a key"))]);
    let nothing = Txn::new(vec![Mutation::Delete {
        key: "/s/none".parse().expect("a key"),
    }]);
    let jobs = vec![absent("/s/a"), nothing, one("/s/b"), absent("/s/c")];
    let batch = CommitBatch::of(jobs, &empty(), "me");
    assert_eq!(
        (batch.answered.len(), batch.made.len(), batch.refused.len()),
        (2, 1, 1)
    );
    assert!(batch.answered[1].1.is_ok());
}

fn txn() -> impl Strategy<Value = Txn> {
    let key = || {
        prop_oneof![
            Just("/s/a"),
            Just("/s/b"),
            Just("/s/c"),
            Just("/s/d"),
            Just("/s/e")
        ]
    };
    let change = (key(), proptest::option::of(0..2_u8)).prop_map(|(key, to)| match to {
        Some(to) => set(key, to.to_string()),
        None => Mutation::Delete {
            key: key.parse().expect(key),
        },
    });
    let guard = (key(), 0..4_u8, 0..6_u64).prop_map(|(key, which, revision)| {
        let key: Key = key.parse().expect(key);
        match which {
            0 => Guard::Absent(key),
            1 => Guard::Present(key),
            2 => Guard::Revision(key, Revision::new(revision)),
            _ => Guard::Section(key.section(), Revision::new(revision)),
        }
    });
    let changes = proptest::collection::vec(change, 0..3);
    let guards = proptest::collection::vec(guard, 0..2);
    (changes, guards).prop_map(|(changes, guards)| Txn::new(changes).guarded(guards))
}

/// What the commit comes to on that state alone, as far as it can be compared.
fn alone(txn: &Txn, read: &CommitBasis) -> (Result<Committed, String>, CommitBasis) {
    let state = CommitState {
        entries: &read.entries,
        heads: &read.heads,
        now: read.now,
        by: "me",
    };
    let mut after = read.clone();
    let decided = decide(txn, &state).map_err(|error| error.to_string());
    if let Ok(decision) = &decided {
        decision.follow(&mut after.entries, &mut after.heads);
    }
    (decided.map(|decision| committed(txn, read, decision)), after)
}

fn words(answer: &Result<Committed>) -> Result<Committed, String> {
    answer.clone().map_err(|error| error.to_string())
}

proptest! {
    /// Whatever goes together leaves and answers what the same commits do one after another.
    #[test]
    fn together_is_as_one_after_another(txns in proptest::collection::vec(txn(), 1..20)) {
        let total = txns.len();
        let mut now = empty();
        let mut waiting = VecDeque::from(txns);
        let mut answered = 0;
        while !waiting.is_empty() {
            let batch = CommitBatch::of(draw(&mut waiting), &now, "me");
            let members: Vec<(&Txn, &Decision)> = batch.made.iter().map(|(txn, made)| (txn, made)).collect();
            let list = SectionList::default();
            let transaction = Transaction::build(&members, &now, Some(&list));
            prop_assert!(transaction.actions.len() <= Limit::MAX_ACTIONS);
            let items: Vec<String> = transaction.actions.iter().map(item).collect();
            let distinct: HashSet<&String> = items.iter().collect();
            prop_assert_eq!(distinct.len(), items.len(), "an item is in it twice");

            for (txn, answer) in &batch.answered {
                prop_assert_eq!(words(answer), alone(txn, &now).0);
            }
            let mut states = Vec::new();
            for (txn, decision) in &batch.made {
                let before = states.last().unwrap_or(&now);
                let (answer, after) = alone(txn, before);
                prop_assert_eq!(Ok(committed(txn, &now, decision.clone())), answer);
                states.push(after);
            }
            for (txn, answer) in &batch.refused {
                let is_so = |state: &CommitBasis| words(answer) == alone(txn, state).0;
                prop_assert!(states.iter().any(is_so), "{:?} was never so", answer);
            }
            now = states.pop().unwrap_or(now);
            answered += batch.answered.len() + batch.made.len() + batch.refused.len();
            for txn in batch.left.into_iter().rev() {
                waiting.push_front(txn);
            }
        }
        prop_assert_eq!(answered, total);
    }
}
