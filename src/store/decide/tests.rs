use proptest::prelude::{Just, Strategy, prop_assert_eq, prop_oneof, proptest};

use super::*;
use crate::model::{Encoding, Value};

fn key(text: &str) -> Key {
    text.parse().expect(text)
}

fn set(text: &str) -> Mutation {
    Mutation::set(key(text), Value::new("v", Encoding::Detect).expect("a value"))
}

fn run(txn: &Txn, entries: &HashMap<Key, Entry>) -> Result<Decision> {
    let heads = HashMap::new();
    decide(
        txn,
        &CommitState {
            entries,
            heads: &heads,
            now: Timestamp::from_epoch(100),
            by: "me",
        },
    )
}

#[test]
fn forty_eight_changes_fit_into_a_new_section_and_forty_nine_do_not() {
    let changes = |n: usize| (0..n).map(|i| set(&format!("/s/{i}"))).collect::<Vec<_>>();
    let decision = run(&Txn::new(changes(48)), &HashMap::new()).expect("48 fit");
    assert_eq!(decision.changes.len(), 48);
    assert_eq!(decision.changes[47].change.index, 47);
    assert_eq!(decision.moves.len(), 1);
    let error = run(&Txn::new(changes(49)), &HashMap::new()).expect_err("49 don't");
    assert!(
        error
            .to_string()
            .contains("102 DynamoDB actions; the limit is 100 (2 × 49 changes"),
        "{error}"
    );
}

#[test]
fn one_key_twice_is_refused() {
    assert!(matches!(
        run(&Txn::new(vec![set("/a"), set("a")]), &HashMap::new()),
        Err(StoreError::Twice(_))
    ));
}

#[test]
fn a_delete_of_an_absent_key_changes_nothing() {
    let decision = run(
        &Txn::new(vec![Mutation::Delete { key: key("/a") }]),
        &HashMap::new(),
    );
    assert_eq!(
        decision.expect("no error"),
        Decision {
            changes: vec![],
            moves: vec![]
        }
    );
}

#[test]
fn the_bytes_of_a_commit_are_bounded() {
    let big = Value::new(vec![b'x'; Value::MAX_BYTES], Encoding::Detect).expect("at the limit");
    let changes = (0..11)
        .map(|i| Mutation::set(key(&format!("/s/{i}")), big.clone()))
        .collect();
    let error = run(&Txn::new(changes), &HashMap::new()).expect_err("4.18 MB");
    assert!(matches!(error, StoreError::Limit(Limit::Bytes { .. })));
}

type Entries = HashMap<Key, Entry>;
type HeadsBySection = HashMap<Section, Head>;

/// A change of one of few keys, so that commits meet.
fn mutation() -> impl Strategy<Value = Mutation> {
    let name = prop_oneof![
        Just("/a/x"),
        Just("/a/y"),
        Just("/b/x"),
        Just("/b/y"),
        Just("/top")
    ];
    (name, proptest::option::of(0..3_u8)).prop_map(|(name, to)| match to {
        Some(to) => Mutation::set(
            key(name),
            Value::new(to.to_string(), Encoding::Text).expect("a value"),
        ),
        None => Mutation::Delete { key: key(name) },
    })
}

fn guard() -> impl Strategy<Value = Guard> {
    (mutation(), 0..4_u8, 0..4_u64).prop_map(|(about, which, revision)| {
        let key = about.key().clone();
        match which {
            0 => Guard::Absent(key),
            1 => Guard::Present(key),
            2 => Guard::Revision(key, Revision::new(revision)),
            _ => Guard::Section(key.section(), Revision::new(revision)),
        }
    })
}

fn txn() -> impl Strategy<Value = Txn> {
    let changes = proptest::collection::vec(mutation(), 0..4);
    let guards = proptest::collection::vec(guard(), 0..2);
    (changes, guards).prop_map(|(changes, guards)| Txn::new(changes).guarded(guards))
}

proptest! {
    /// What is decided on the state in memory is what would be decided had each commit been written and read again.
    #[test]
    fn commits_decided_in_turn_leave_contiguous_revisions(txns in proptest::collection::vec(txn(), 1..12)) {
        let (mut entries, mut heads) = (Entries::new(), HeadsBySection::new());
        let mut log: Vec<Change> = Vec::new();
        for txn in &txns {
            let state = CommitState { entries: &entries, heads: &heads, now: Timestamp::from_epoch(100), by: "me" };
            if let Ok(decision) = decide(txn, &state) {
                for moved in &decision.moves {
                    prop_assert_eq!(moved.from, heads.get(&moved.to.section).map(|head| head.revision));
                }
                prop_assert_eq!(decision.changes.is_empty(), decision.moves.is_empty());
                log.extend(decision.changes.iter().map(|applied| applied.change.clone()));
                decision.follow(&mut entries, &mut heads);
            }
        }
        // The log alone gives the same state, and each line says what was really there before it.
        let (mut replayed, mut stand) = (Entries::new(), HashMap::<Section, (Revision, u32, u32)>::new());
        for line in &log {
            let section = line.key.section();
            let (revision, index, of) = stand.get(&section).copied().unwrap_or((Revision::ZERO, 0, 1));
            let expected = if index + 1 < of { (revision, index + 1) } else { (revision.next(), 0) };
            prop_assert_eq!((line.revision, line.index), expected);
            stand.insert(section, (line.revision, line.index, line.of));
            let replaced = replayed.remove(&line.key);
            prop_assert_eq!(line.replaced(), Ok(replaced));
            replayed.extend(line.entry().expect("a value").map(|entry| (line.key.clone(), entry)));
        }
        prop_assert_eq!(&replayed, &entries);
        for (section, (revision, index, of)) in stand {
            prop_assert_eq!(heads[&section].revision, revision);
            prop_assert_eq!((heads[&section].changes, index + 1), (of, of));
        }
    }
}
