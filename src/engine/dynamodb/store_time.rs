//! The store's time, as an answer gave it.

use std::time::{Duration, Instant, SystemTime};

use crate::model::Timestamp;

/// For how long the time goes on from an answer.
const VALID_FOR: Duration = Duration::from_mins(1);
/// How far the machine's two clocks may come apart meanwhile.
const DRIFT: Duration = Duration::from_secs(1);

/// The time that an answer bore, and when this machine received it.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoreTime {
    date: Timestamp,
    steady: Instant,
    wall: SystemTime,
}

impl StoreTime {
    pub(super) fn new(date: Timestamp) -> Self {
        Self {
            date,
            steady: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// The store's time now; none where too much has passed to say.
    pub(super) fn now(&self) -> Option<KnownTime> {
        time_after(self.date, self.steady.elapsed(), self.wall.elapsed().ok()?)
    }
}

/// The Date that an answer would bear now: between these, both of which may be it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct KnownTime {
    pub(super) earliest: Timestamp,
    pub(super) latest: Timestamp,
}

impl From<Timestamp> for KnownTime {
    /// The Date of an answer that just came.
    fn from(date: Timestamp) -> Self {
        Self {
            earliest: date,
            latest: date,
        }
    }
}

/// The time after an answer that bore `date`, by this machine's two clocks; none where they can't tell.
///
/// The steady clock stands still while the machine sleeps, and the other one can be set: where they disagree, neither
/// is believed.
pub(super) fn time_after(date: Timestamp, steady: Duration, wall: Duration) -> Option<KnownTime> {
    let is_known = steady <= VALID_FOR && steady.abs_diff(wall) <= DRIFT;
    let seconds = i64::try_from(steady.as_secs()).ok()?;
    // The Date was cut to the second, so the part of a second that has passed since may begin another.
    let more = i64::from(steady.subsec_nanos() > 0);
    let after = |seconds| Timestamp::from_epoch(date.epoch().saturating_add(seconds));
    is_known.then(|| KnownTime {
        earliest: after(seconds),
        latest: after(seconds + more),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_for_a_minute_unless_the_machine_slept_or_its_clock_was_set() {
        let after = |steady: f64, wall: f64| {
            let seconds = Duration::from_secs_f64;
            let time = time_after(Timestamp::from_epoch(1000), seconds(steady), seconds(wall));
            time.map(|time| (time.earliest.epoch(), time.latest.epoch()))
        };
        assert_eq!(after(0.0, 0.0), Some((1000, 1000)));
        assert_eq!(after(10.5, 10.5), Some((1010, 1011)));
        assert_eq!(after(59.0, 60.0), Some((1059, 1059)));
        assert_eq!(after(61.0, 61.0), None, "too long ago");
        assert_eq!(after(10.0, 40.0), None, "it slept, or its clock was put forward");
        assert_eq!(after(40.0, 10.0), None, "its clock was put back");
    }
}
