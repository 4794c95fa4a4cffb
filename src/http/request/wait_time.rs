use std::str::FromStr;
use std::time::Duration;

use crate::model::{Span, SpanError};

/// The query parameter that says how long to wait.
pub(super) const WAIT: &str = "wait";
/// Longer than this nobody waits: what lies between a client and the server may take the connection for dead.
const LONGEST: Duration = Duration::from_mins(1);

/// What [`WaitTime`] takes. A client has no other way to know its bounds.
pub(in crate::http) const PATTERN: &str =
    "^(0(s|ms)?|0*([1-9][0-9]{1,3}|[1-5][0-9]{4}|60000)ms|0*([1-9]|[1-5][0-9]|60)s?|0*1m)$";

/// How long to wait: not at all, or from 10 milliseconds to a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct WaitTime(pub(in crate::http) Duration);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::http) enum WaitTimeError {
    #[error(transparent)]
    Span(SpanError),
    #[error("duration {0:?} too long: at most 60s")]
    TooLong(String),
}

impl FromStr for WaitTime {
    type Err = WaitTimeError;

    fn from_str(text: &str) -> Result<Self, WaitTimeError> {
        if matches!(text, "0" | "0s" | "0ms") {
            return Ok(Self(Duration::ZERO));
        }
        let span: Span = text.parse().map_err(WaitTimeError::Span)?;
        match span.duration() {
            wait if wait <= LONGEST => Ok(Self(wait)),
            _ => Err(WaitTimeError::TooLong(text.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::texts::keep;
    use proptest::prelude::*;

    #[test]
    fn waits_have_bounds() {
        let millis = |text: &str| text.parse::<WaitTime>().map(|WaitTime(wait)| wait.as_millis());
        assert_eq!(millis("0"), Ok(0));
        assert_eq!(millis("0s"), Ok(0));
        assert_eq!(millis("10ms"), Ok(10));
        assert_eq!(millis("25s"), Ok(25_000));
        assert_eq!(millis("1m"), Ok(60_000));
        for long in ["61s", "2m", "1h"] {
            assert_eq!(millis(long), Err(WaitTimeError::TooLong(long.into())));
        }
        for bad in ["", "s", "-1s", "1.5s", "9ms", "1 s", "+1s"] {
            assert!(matches!(millis(bad), Err(WaitTimeError::Span(_))), "{bad:?}");
        }
    }

    #[test]
    fn what_is_refused_says_why() {
        let texts = ["soon", "9ms", "61s"].map(|text| {
            let error = text.parse::<WaitTime>().expect_err("it is refused");
            let variant = match &error {
                WaitTimeError::Span(SpanError::Form(_)) => "Span: its form",
                WaitTimeError::Span(SpanError::Range(_)) => "Span: its range",
                WaitTimeError::TooLong(_) => "TooLong",
            };
            format!("## {variant}\n{error}\n")
        });
        keep("wait_error", &texts.join("\n"));
    }

    proptest! {
        #[test]
        fn what_is_described_is_taken(text in PATTERN.trim_start_matches('^').trim_end_matches('$')) {
            let wait = text.parse::<WaitTime>();
            prop_assert!(wait.is_ok_and(|WaitTime(wait)| wait <= LONGEST), "{}", text);
        }
    }
}
