//! The time by which commits remove what is old. One commit by a clock that is far ahead must not drop the history.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::file_error::FileResult;
use crate::model::Timestamp;

/// A longer time between two commits is a jump.
const DAY: i64 = 24 * 60 * 60;

/// What the times of commits show of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CommitClock {
    /// The time of the last commit.
    last: Timestamp,
    jump: Option<Jump>,
}

/// A jump that no commit of a day later has confirmed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Jump {
    to: Timestamp,
    /// The time of the commit before.
    before: Timestamp,
}

impl CommitClock {
    /// The clock after a commit now.
    fn after(earlier: Option<Self>, now: Timestamp) -> Self {
        let since = |earlier: Timestamp| now.epoch().saturating_sub(earlier.epoch());
        let before = match earlier {
            None => now,
            Some(Self { last, jump: None }) => last,
            // The clock was set back.
            Some(Self { jump: Some(jump), .. }) if now < jump.to => jump.before,
            // A day has passed since, so it was right.
            Some(Self {
                last,
                jump: Some(jump),
            }) if since(jump.to) >= DAY => last,
            Some(clock) => return Self { last: now, ..clock },
        };
        let is_jump = since(before) > DAY;
        Self {
            last: now,
            jump: is_jump.then_some(Jump { to: now, before }),
        }
    }

    /// The time at which what has expired is removed: now, or that before the jump.
    fn removes_at(self) -> Timestamp {
        self.jump.map_or(self.last, |jump| jump.before)
    }
}

/// The time of the newest commit, or that before a jump which is not confirmed.
pub(super) fn newest(transaction: &Transaction<'_>) -> FileResult<Option<Timestamp>> {
    Ok(read(transaction)?.map(CommitClock::removes_at))
}

/// Notes a commit, and returns the time by which it removes what has expired.
pub(super) fn note_commit(transaction: &Transaction<'_>, now: Timestamp) -> FileResult<Timestamp> {
    let earlier = read(transaction)?;
    let clock = CommitClock::after(earlier, now);
    if earlier != Some(clock) {
        let mut statement = transaction.prepare_cached(
            "INSERT OR REPLACE INTO clock (id, last, jumped_to, before) VALUES (1, ?1, ?2, ?3)",
        )?;
        statement.execute(params![
            clock.last.epoch(),
            clock.jump.map(|jump| jump.to.epoch()),
            clock.jump.map(|jump| jump.before.epoch()),
        ])?;
    }
    Ok(clock.removes_at())
}

/// None in a file without commits. Builds that don't know of it leave it as it was.
fn read(connection: &Connection) -> FileResult<Option<CommitClock>> {
    let mut statement = connection.prepare_cached("SELECT last, jumped_to, before FROM clock")?;
    let clock = statement.query_row([], |row| {
        let time = |column| {
            row.get(column)
                .map(|time: Option<i64>| time.map(Timestamp::from_epoch))
        };
        Ok(CommitClock {
            last: Timestamp::from_epoch(row.get(0)?),
            jump: time(1)?.zip(time(2)?).map(|(to, before)| Jump { to, before }),
        })
    });
    Ok(clock.optional()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FAR: i64 = 40 * DAY;

    /// The times by which commits at these times remove, in order.
    fn removals(commits: &[i64]) -> Vec<i64> {
        let mut clock = None;
        let removal = |now: &i64| {
            let after = CommitClock::after(clock, Timestamp::from_epoch(*now));
            clock = Some(after);
            after.removes_at().epoch()
        };
        commits.iter().map(removal).collect()
    }

    #[test]
    fn a_jump_waits_for_a_day_or_is_forgotten() {
        // No jump up to a day; then one, until commits of a day later are seen.
        assert_eq!(removals(&[0, DAY]), [0, DAY]);
        assert_eq!(
            removals(&[0, DAY + 1, DAY + 2, 2 * DAY, 2 * DAY + 1]),
            [0, 0, 0, 0, 2 * DAY + 1]
        );
        // The clock was set right in between, and goes wrong again.
        assert_eq!(removals(&[0, FAR, 60, 61, FAR + 62, 63]), [0, 0, 60, 61, 61, 63]);
        // It is set back a little and is still ahead.
        assert_eq!(removals(&[0, FAR, FAR - 1, FAR - DAY]), [0, 0, 0, 0]);
        // A config that is seldom written lags by one commit.
        assert_eq!(
            removals(&[0, 7 * DAY, 14 * DAY, 21 * DAY]),
            [0, 0, 7 * DAY, 14 * DAY]
        );
    }

    /// The steps of a history: seconds since the commit before, and whether its clock is far ahead.
    fn commits() -> impl Strategy<Value = Vec<(i64, bool)>> {
        prop::collection::vec((0..DAY / 8, prop::bool::weighted(0.3)), 1..60)
    }

    proptest! {
        /// While some commits of each half day have the right clock, nothing is removed that it wouldn't.
        #[test]
        fn a_clock_that_is_ahead_removes_nothing(commits in commits(), ahead in 2 * DAY..400 * DAY) {
            let (mut now, mut clock, mut wrong) = (0, None, 0);
            for (step, is_wrong) in commits {
                now += step;
                // Four wrong ones in a row are within half a day.
                wrong = if is_wrong && wrong < 4 { wrong + 1 } else { 0 };
                let shown = now + if wrong > 0 { ahead } else { 0 };
                // What the file tells at first is from a right clock.
                let shown = if clock.is_none() { now } else { shown };
                let after = CommitClock::after(clock, Timestamp::from_epoch(shown));
                prop_assert!(after.removes_at().epoch() <= now);
                clock = Some(after);
            }
        }

        /// Whatever was before: a day of a right clock, and what is old is removed at once again.
        #[test]
        fn a_right_clock_removes_again_within_a_day(
            before in prop::collection::vec(0..1000 * DAY, 0..20),
            steps in prop::collection::vec(1..DAY, 1..20),
        ) {
            let mut clock = None;
            for now in before {
                clock = Some(CommitClock::after(clock, Timestamp::from_epoch(now)));
            }
            let start = 500 * DAY;
            let mut now = start;
            for step in steps {
                let after = CommitClock::after(clock, Timestamp::from_epoch(now));
                if now >= start + DAY {
                    prop_assert_eq!(after.removes_at().epoch(), now);
                }
                clock = Some(after);
                now += step;
            }
        }
    }
}
