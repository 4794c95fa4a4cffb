use super::*;
use crate::model::{CommitId, Encoding, LoggedValue, Op, Value};

fn section() -> Section {
    "/a".parse().expect("a section")
}

fn head(revision: u64) -> Head {
    Head {
        section: section(),
        revision: Revision::new(revision),
        changes: 1,
        commit: None,
        modified: Some(Timestamp::from_epoch(0)),
    }
}

/// A machine beside writers of one section: every transaction meets a commit that is under way, and plain reads of the head
/// give these revisions, the last one again and again. What it asks for last, or fails with.
fn beside_writers(mut revisions: &[u64]) -> Result<SnapshotRequest> {
    let parts = vec![(section(), Prefix::from(&section()))];
    let mut machine = SnapshotMachine::new(SnapshotScope::Of(parts), &[]);
    let mut answer = SnapshotAnswer::Next;
    loop {
        answer = match machine.next(answer)? {
            MachineStep::Pause(_) => SnapshotAnswer::Next,
            MachineStep::Done(_) => panic!("the log comes first"),
            MachineStep::Request(SnapshotRequest::Heads(of)) => {
                assert_eq!(of, [section()]);
                let (first, rest) = revisions.split_first().expect("a revision is left");
                if !rest.is_empty() {
                    revisions = rest;
                }
                let heads = (*first > 0).then(|| head(*first)).into_iter().collect();
                SnapshotAnswer::Heads(heads, Timestamp::from_epoch(1000))
            }
            MachineStep::Request(SnapshotRequest::Entries(_)) => SnapshotAnswer::Entries(Vec::new()),
            MachineStep::Request(SnapshotRequest::Together(asked)) => {
                SnapshotAnswer::Together(asked.iter().map(|_| None).collect())
            }
            MachineStep::Request(lines @ SnapshotRequest::Lines { .. }) => return Ok(lines),
            MachineStep::Request(SnapshotRequest::Sections) => panic!("the section is named"),
        };
    }
}

#[test]
fn a_head_that_is_always_being_written_will_do_once_it_has_moved() {
    // The first is read before the entries, the second after them: that one may miss a commit.
    for (revisions, upto) in [(&[3, 5, 5, 6][..], 6), (&[0, 0, 0, 2], 2)] {
        match beside_writers(revisions) {
            Ok(SnapshotRequest::Lines { of, .. }) => assert_eq!(of[0].upto, Revision::new(upto)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_head_that_never_moves_and_can_not_be_read_ends_the_snapshot() {
    match beside_writers(&[3]) {
        Err(StoreError::Busy(problem)) => assert!(problem.contains("/a"), "{problem}"),
        other => panic!("{other:?}"),
    }
}

fn line(revision: u64, value: LoggedValue) -> Change {
    Change {
        key: "/a/x".parse().expect("a key"),
        revision: Revision::new(revision),
        index: 0,
        of: 1,
        op: Op::Set {
            value,
            version: revision,
            secret: false,
            ttl: None,
            expires: None,
        },
        previous: None,
        by: "me".into(),
        at: Timestamp::from_epoch(1000),
        commit: CommitId::random(),
        with: BTreeMap::new(),
        message: None,
        from: None,
    }
}

/// What comes of a snapshot of an empty section whose log gets these values while its entries are read.
fn replaying(values: &[LoggedValue]) -> Result<Snapshot> {
    let parts = vec![(section(), Prefix::from(&section()))];
    let mut machine = SnapshotMachine::new(SnapshotScope::Of(parts), &[]);
    let mut answer = SnapshotAnswer::Next;
    loop {
        let MachineStep::Request(request) = (match machine.next(answer)? {
            MachineStep::Done(snapshot) => return Ok(snapshot),
            step => step,
        }) else {
            panic!("nothing is missing");
        };
        answer = match request {
            SnapshotRequest::Heads(_) => SnapshotAnswer::Heads(Vec::new(), Timestamp::from_epoch(1000)),
            SnapshotRequest::Entries(_) => SnapshotAnswer::Entries(Vec::new()),
            SnapshotRequest::Together(_) => {
                SnapshotAnswer::Together(vec![Some((vec![head(values.len() as u64)], None))])
            }
            SnapshotRequest::Lines { .. } => {
                let lines = (1..).zip(values).map(|(at, value)| line(at, value.clone()));
                SnapshotAnswer::Lines(vec![lines.collect()])
            }
            SnapshotRequest::Sections => panic!("the section is named"),
        };
    }
}

/// Only a snapshot that takes longer than a minute can meet one.
#[test]
fn a_value_that_was_purged_meanwhile_is_never_taken_for_none() {
    let value = |text: &str| LoggedValue::from(Value::new(text, Encoding::Text).expect("a value"));
    let snapshot = replaying(&[LoggedValue::Purged, value("new")]).expect("a later line has the value");
    assert_eq!(snapshot.entries[0].value.as_text(), Some("new"));
    match replaying(&[value("old"), LoggedValue::Purged]) {
        Err(StoreError::Busy(problem)) => assert!(problem.contains("/a/x at revision 2"), "{problem}"),
        other => panic!("{other:?}"),
    }
}
