use super::Timestamp;

/// The distance of a moment from now, such as `3 h ago`.
pub(crate) fn relative_time(moment: Timestamp, now: Timestamp) -> String {
    let seconds = now.epoch().saturating_sub(moment.epoch());
    // A moment to come is a second late: it was cut to the second, and rounded up.
    let distance = if seconds < 0 { -(seconds + 1) } else { seconds };
    let (number, unit) = largest_unit(distance);
    match seconds {
        0 => "now".into(),
        1.. => format!("{number} {unit} ago"),
        _ => format!("in {number} {unit}"),
    }
}

/// A span of time in seconds as a number of its largest unit.
pub(crate) fn largest_unit(seconds: i64) -> (i64, &'static str) {
    match seconds.max(0) {
        s if s < 60 => (s, "s"),
        s if s < 3600 => (s / 60, "min"),
        s if s < 86400 => (s / 3600, "h"),
        s => (s / 86400, "d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_distance_from_now() {
        let now = Timestamp::from_epoch(1_000_000);
        let shown = |ago: i64| relative_time(Timestamp::from_epoch(1_000_000 - ago), now);
        let shown = [0, 59, 60, 3 * 3600 + 59, 400 * 86400, -7201].map(shown);
        assert_eq!(
            shown,
            ["now", "59 s ago", "1 min ago", "3 h ago", "400 d ago", "in 2 h"]
        );
        assert_eq!(
            relative_time(Timestamp::from_epoch(i64::MIN), now),
            format!("{} d ago", i64::MAX / 86400)
        );
    }
}
