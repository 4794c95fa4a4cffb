//! What a request says of waiting for a change.

use std::str::FromStr;
use std::time::Duration;

use axum::http::Uri;
use percent_encoding::percent_decode_str;
use tokio::time::Instant;

use super::context::{Asked, Until};
use crate::http::error::Failure;
use crate::http::live::Turned;
use crate::http::refusal::Refusal;
use crate::model::{ErrorKind, Span, SpanError};

const WAIT: &str = "wait";
/// Longer than this nobody waits: what lies between a client and the server may take the connection for dead.
const LONGEST: Duration = Duration::from_mins(1);

/// What [`Wait`] takes. A client has no other way to know its bounds.
pub(in crate::http) const FORM: &str =
    "^(0(s|ms)?|0*([1-9][0-9]{1,3}|[1-5][0-9]{4}|60000)ms|0*([1-9]|[1-5][0-9]|60)s?|0*1m)$";

/// How long to wait: not at all, or from 10 milliseconds to a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wait(Duration);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum WaitError {
    #[error(transparent)]
    Span(SpanError),
    #[error("{0:?} is too long; at most 60s are waited")]
    TooLong(String),
}

impl FromStr for Wait {
    type Err = WaitError;

    fn from_str(text: &str) -> Result<Self, WaitError> {
        if matches!(text, "0" | "0s" | "0ms") {
            return Ok(Self(Duration::ZERO));
        }
        let span: Span = text.parse().map_err(WaitError::Span)?;
        match span.duration() {
            wait if wait <= LONGEST => Ok(Self(wait)),
            _ => Err(WaitError::TooLong(text.into())),
        }
    }
}

/// How long the request waits, if it does.
pub(in crate::http) fn wait(asked: &mut Asked) -> Result<Option<Duration>, Failure> {
    let wait: Option<Wait> = asked.query.take(WAIT)?;
    if wait.is_some() && !asked.api.settings().waits {
        let told = "the query parameter wait is not for this server, where no request may wait";
        return Err(Refusal::Query(told.into()).into());
    }
    Ok(wait.map(|Wait(wait)| wait.min(asked.api.settings().longest_wait)))
}

/// Whether a request says how long it waits, whatever it says.
pub(in crate::http) fn is_asked_for(uri: &Uri) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .filter_map(|pair| pair.split('=').next())
        .any(|name| percent_decode_str(name).eq(WAIT.bytes()))
}

/// When a request must be answered that has waited up to now.
pub(in crate::http) fn waited(asked: &Asked) -> Until {
    Until(Instant::now() + asked.api.settings().request_time)
}

impl From<Turned> for Failure {
    fn from(turned: Turned) -> Self {
        match turned {
            Turned::Busy => {
                let told = "as many wait or stream as this server lets; try again";
                Self::new(ErrorKind::Unavailable, "busy", told)
            }
            Turned::Stopping => Self::new(ErrorKind::Unavailable, "unavailable", "the server stops"),
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
        let millis = |text: &str| text.parse::<Wait>().map(|Wait(wait)| wait.as_millis());
        assert_eq!(millis("0"), Ok(0));
        assert_eq!(millis("0s"), Ok(0));
        assert_eq!(millis("10ms"), Ok(10));
        assert_eq!(millis("25s"), Ok(25_000));
        assert_eq!(millis("1m"), Ok(60_000));
        for long in ["61s", "2m", "1h"] {
            assert_eq!(millis(long), Err(WaitError::TooLong(long.into())));
        }
        for bad in ["", "s", "-1s", "1.5s", "9ms", "1 s", "+1s"] {
            assert!(matches!(millis(bad), Err(WaitError::Span(_))), "{bad:?}");
        }
    }

    #[test]
    fn what_is_refused_says_why() {
        let texts = ["soon", "9ms", "61s"].map(|text| {
            let error = text.parse::<Wait>().expect_err("it is refused");
            let variant = match &error {
                WaitError::Span(SpanError::Form(_)) => "Span: its form",
                WaitError::Span(SpanError::Range(_)) => "Span: its range",
                WaitError::TooLong(_) => "TooLong",
            };
            format!("## {variant}\n{error}\n")
        });
        keep("wait_error", &texts.join("\n"));
    }

    #[test]
    fn who_waits_says_so_in_the_query() {
        let asked = |uri: &'static str| is_asked_for(&Uri::from_static(uri));
        assert!(asked("/v1/app/@config/heads?after=1&wait=5s"));
        assert!(asked("/v1/app/@config/heads?wait"));
        assert!(!asked("/v1/app/@config/heads?await=5s&after=wait"));
        assert!(!asked("/v1/app/@root/keys/wait"));
    }

    proptest! {
        #[test]
        fn what_is_described_is_taken(text in FORM.trim_start_matches('^').trim_end_matches('$')) {
            let wait = text.parse::<Wait>();
            prop_assert!(wait.is_ok_and(|Wait(wait)| wait <= LONGEST), "{}", text);
        }
    }
}
