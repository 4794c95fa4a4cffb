use std::str::FromStr;

use super::{Span, Timestamp};

/// A moment, given as such, as the beginning of a day (UTC), or by how long ago it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    At(Timestamp),
    Ago(Span),
}

/// Why a text is not a valid moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a time ago, such as 2h or 7d, a date, such as 2026-01-31, or a moment, such as 2026-01-31T08:00:00Z"
)]
pub(crate) struct SinceError;

impl Since {
    /// The moment, if it is `now`.
    pub(crate) fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(span) => {
                let seconds = i64::try_from(span.duration().as_secs()).unwrap_or(i64::MAX);
                Timestamp::from_epoch(now.epoch().saturating_sub(seconds))
            }
        }
    }
}

impl FromStr for Since {
    type Err = SinceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse());
        match moment {
            Ok(moment) => Ok(Self::At(moment)),
            Err(_) => text.parse().map(Self::Ago).map_err(|_| SinceError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_a_day_and_a_time_ago() {
        let now: Timestamp = "2026-02-01T10:00:00Z".parse().unwrap();
        let moment = |text: &str| text.parse().map(|since: Since| since.moment(now).to_string());
        assert_eq!(moment("2026-01-31T08:00:00Z"), Ok("2026-01-31T08:00:00Z".into()));
        assert_eq!(moment("2026-01-31"), Ok("2026-01-31T00:00:00Z".into()));
        assert_eq!(moment("2h"), Ok("2026-02-01T08:00:00Z".into()));
        assert_eq!(moment("7d"), Ok("2026-01-25T10:00:00Z".into()));
        for bad in ["", "h", "2w", "-2h", "yesterday", "2026-13-01", "<b>"] {
            assert_eq!(moment(bad), Err(SinceError), "{bad:?}");
        }
    }
}
