use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment in whole seconds since 1970 (UTC): the unit of DynamoDB's TTL attribute and of the `Date` header,
/// which is the clock of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid time {0:?}: expected a form such as 2026-01-31T08:00:00Z")]
pub struct TimestampError(String);

impl Timestamp {
    /// The moment that many seconds after 1970.
    pub const fn from_epoch(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since 1970.
    pub const fn epoch(self) -> i64 {
        self.0
    }

    /// When what is written now with that time to live expires: a second later than the sum, since this moment is cut
    /// to the second, and no time to live is to be shorter than it was asked for.
    #[must_use]
    pub fn expiry_after(self, ttl: Ttl) -> Self {
        Self(self.0.saturating_add_unsigned(ttl.seconds().saturating_add(1)))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let seconds = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
        };
        Self(seconds)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Years beyond 9999 have no RFC 3339 form; the number still says which moment is meant.
        let text = OffsetDateTime::from_unix_timestamp(self.0)
            .ok()
            .and_then(|t| t.format(&Rfc3339).ok());
        match text {
            Some(text) => f.pad(&text),
            None => write!(f, "{}", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) {
            return Ok(Self(time.unix_timestamp()));
        }
        text.parse().map(Self).map_err(|_| TimestampError(text.into()))
    }
}

/// Tells the time. Engines are opened with one, so that tests hold the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// How long an entry lives after it was written or touched: from 1 second to 10 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl(u64);

/// Why a text or number is no time to live.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TtlError {
    /// The form is wrong.
    #[error("invalid time to live {0:?}: expected a whole number with s, m, h or d, such as 30s or 7d")]
    Form(String),
    /// Zero, or more than ten years.
    #[error("time to live {0} out of range: expected 1s to 3650d")]
    Range(String),
}

impl Ttl {
    const MAX_SECONDS: u64 = 3650 * 24 * 60 * 60;

    /// A time to live of that many seconds.
    pub fn from_seconds(seconds: u64) -> Result<Self, TtlError> {
        if (1..=Self::MAX_SECONDS).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(TtlError::Range(format!("{seconds}s")))
        }
    }

    /// The time to live in seconds.
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

impl FromStr for Ttl {
    type Err = TtlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(TtlError::Form(text.into()));
        }
        let factor: u64 = match unit {
            "" | "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return Err(TtlError::Form(text.into())),
        };
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .and_then(|seconds| Self::from_seconds(seconds).ok())
            .ok_or_else(|| TtlError::Range(text.into()))
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0;
        match seconds {
            s if s % 86400 == 0 => write!(f, "{}d", s / 86400),
            s if s % 3600 == 0 => write!(f, "{}h", s / 3600),
            s if s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ttl_forms() {
        let seconds = |text: &str| text.parse::<Ttl>().map(Ttl::seconds);
        assert_eq!(seconds("30s"), Ok(30));
        assert_eq!(seconds("30"), Ok(30));
        assert_eq!(seconds("5m"), Ok(300));
        assert_eq!(seconds("2h"), Ok(7200));
        assert_eq!(seconds("7d"), Ok(604_800));
        for bad in ["", "s", "-1", "1w", "1.5h", "+3s"] {
            assert_eq!(seconds(bad), Err(TtlError::Form(bad.into())), "{bad:?}");
        }
        for bad in ["0", "0s", "99999999d", "99999999999999999999s"] {
            assert_eq!(seconds(bad), Err(TtlError::Range(bad.into())), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn moments_print_and_parse(seconds in -62_135_596_800_i64..253_402_300_799) {
            let moment = Timestamp::from_epoch(seconds);
            prop_assert_eq!(moment.to_string().parse::<Timestamp>(), Ok(moment));
        }

        #[test]
        fn ttls_print_and_parse(seconds in 1_u64..Ttl::MAX_SECONDS) {
            let ttl = Ttl::from_seconds(seconds).expect("in range");
            prop_assert_eq!(ttl.to_string().parse::<Ttl>(), Ok(ttl));
        }
    }
}
