//! Spans of time as flags take them.

use std::time::Duration;

/// Reads `500ms`, `30s`, `5m`, `2h` or `7d`; a bare number is seconds. At least 1 ms.
pub(super) fn parse_span(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    let span = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(milliseconds))
        .filter(|span| (1..=LONGEST).contains(span));
    span.map(Duration::from_millis).ok_or_else(|| {
        "expected a whole number above 0 with ms, s, m, h or d, such as 500ms or 30s, at most 365d".into()
    })
}

/// A year, in milliseconds.
const LONGEST: u64 = 365 * 86_400_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_in_every_unit() {
        let span = |text: &str| parse_span(text).map(|span| span.as_millis());
        assert_eq!(span("500ms"), Ok(500));
        assert_eq!(span("30"), Ok(30_000));
        assert_eq!(span("30s"), Ok(30_000));
        assert_eq!(span("5m"), Ok(300_000));
        assert_eq!(span("2h"), Ok(7_200_000));
        assert_eq!(span("365d"), Ok(31_536_000_000));
        for bad in [
            "",
            "s",
            "0",
            "0s",
            "-1",
            "1w",
            "1.5s",
            "366d",
            "99999999999999999999",
            "1 s",
        ] {
            assert!(span(bad).is_err(), "{bad:?}");
        }
    }
}
