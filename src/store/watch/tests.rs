use super::*;
use crate::model::{CommitId, Op, Timestamp};

fn section() -> Section {
    "/a".parse().expect("a section")
}

fn line(revision: u64, index: u32, of: u32) -> Change {
    Change {
        key: "/a/x".parse().expect("a key"),
        revision: Revision::new(revision),
        index,
        of,
        op: Op::Delete,
        previous: None,
        by: "me".into(),
        at: Timestamp::from_epoch(0),
        commit: CommitId::random(),
        with: BTreeMap::new(),
        message: None,
        from: None,
    }
}

fn head(revision: u64) -> Head {
    Head {
        section: section(),
        revision: Revision::new(revision),
        changes: 1,
        commit: None,
        modified: None,
    }
}

/// A machine that reads the log of a section whose head is there.
fn reading(at: u64) -> WatchMachine {
    let mut machine = WatchMachine::new(Cursor::default());
    machine.take_heads(vec![head(at)]);
    assert_eq!(machine.next_log(), Some((section(), Revision::ZERO)));
    machine
}

fn seen(machine: &WatchMachine) -> u64 {
    machine.seen(&section()).get()
}

#[test]
fn a_commit_is_delivered_whole_and_the_cursor_moves_with_it() {
    let mut machine = reading(2);
    assert!(matches!(machine.take_line(line(1, 0, 2)), Taken::Part));
    assert_eq!(seen(&machine), 0);
    let whole = machine.take_line(line(1, 1, 2));
    assert!(matches!(whole, Taken::Whole(lines) if lines.len() == 2));
    assert_eq!(seen(&machine), 1);
    assert!(
        matches!(machine.take_line(line(2, 1, 2)), Taken::Gap),
        "line 0 is missing"
    );
    // Something was delivered, so the rest is read on at once.
    assert_eq!(machine.end_log(None, Duration::ZERO), AfterLog::GoOn);
    assert_eq!(machine.next_log(), Some((section(), Revision::new(1))));
}

#[test]
fn a_gap_is_waited_for_and_then_taken_for_lost() {
    let mut machine = reading(1);
    let pause = |millis| AfterLog::Pause(Duration::from_millis(millis));
    assert_eq!(machine.end_log(None, Duration::from_secs(5)), pause(20));
    assert!(machine.waits_for_lines());
    for (at, after) in [
        (6, pause(40)),
        (64, pause(80)),
        (65, AfterLog::Resync),
        (66, AfterLog::Resync),
    ] {
        machine.take_heads(vec![head(1)]);
        machine.next_log().expect("the log");
        assert_eq!(machine.end_log(None, Duration::from_secs(at)), after);
    }
    machine.start_over(section(), Revision::new(4));
    assert!(!machine.waits_for_lines());
    machine.take_heads(vec![head(4), head(3)]);
    assert_eq!(machine.next_log(), None, "a smaller head is no news");
}

#[test]
fn an_error_is_reported_where_nothing_was_delivered_before_it() {
    let error = StoreError::Unavailable {
        problem: "the network is down".into(),
        source: None,
    };
    let mut machine = reading(2);
    assert_eq!(machine.end_log(Some(&error), Duration::ZERO), AfterLog::Fail);
    let mut machine = reading(2);
    machine.take_line(line(1, 0, 1));
    assert_eq!(machine.end_log(Some(&error), Duration::ZERO), AfterLog::GoOn);
    let compacted = StoreError::Compacted {
        section: section(),
        wanted: Revision::ZERO,
        oldest: Revision::new(2),
    };
    let mut machine = reading(2);
    assert_eq!(
        machine.end_log(Some(&compacted), Duration::ZERO),
        AfterLog::Resync
    );
}

#[test]
fn a_long_log_is_delivered_in_pieces() {
    let mut machine = reading(600);
    for revision in 1..500 {
        let taken = machine.take_line(line(revision, 0, 1));
        assert!(matches!(taken, Taken::Whole(_)), "{revision}: {taken:?}");
    }
    assert!(matches!(machine.take_line(line(500, 0, 1)), Taken::Last(_)));
    assert_eq!(machine.end_log(None, Duration::ZERO), AfterLog::GoOn);
    assert_eq!(machine.next_log(), Some((section(), Revision::new(500))));
}
