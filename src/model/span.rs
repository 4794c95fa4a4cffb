use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How long something is waited for, or how often it is looked at: from 10 milliseconds to 365 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(Duration);

/// Why a text is no span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpanError {
    /// The form is wrong.
    #[error("invalid duration {0:?}: expected a whole number with ms, s, m, h or d, such as 500ms or 10s")]
    Form(String),
    /// Too short, or more than 365 days.
    #[error("duration {0} out of range: expected 10ms to 365d")]
    Range(String),
}

impl Span {
    /// The shortest span: what is looked at more often only burns a core.
    pub const SHORTEST: Duration = Duration::from_millis(10);
    /// The longest span.
    pub const LONGEST: Duration = Duration::from_hours(365 * 24);

    /// Returns that time, or the bound that it passes.
    #[must_use]
    pub fn bounded(time: Duration) -> Duration {
        time.clamp(Self::SHORTEST, Self::LONGEST)
    }

    /// The same for a timer.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor: u64 = match unit {
            "ms" => 1,
            "s" | "" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(SpanError::Form(text.into())),
        };
        if number.is_empty() {
            return Err(SpanError::Form(text.into()));
        }
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(factor))
            .map(Duration::from_millis)
            .filter(|span| (Self::SHORTEST..=Self::LONGEST).contains(span))
            .map(Self)
            .ok_or_else(|| SpanError::Range(text.into()))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            ms if ms % 86_400_000 == 0 => write!(f, "{}d", ms / 86_400_000),
            ms if ms % 3_600_000 == 0 => write!(f, "{}h", ms / 3_600_000),
            ms if ms % 60_000 == 0 => write!(f, "{}m", ms / 60_000),
            ms if ms % 1000 == 0 => write!(f, "{}s", ms / 1000),
            ms => write!(f, "{ms}ms"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms() {
        let millis = |text: &str| text.parse::<Span>().map(|span| span.duration().as_millis());
        assert_eq!(millis("10ms"), Ok(10));
        assert_eq!(millis("2"), Ok(2000));
        assert_eq!(millis("2s"), Ok(2000));
        assert_eq!(millis("5m"), Ok(300_000));
        assert_eq!(millis("24h"), Ok(86_400_000));
        assert_eq!(millis("365d"), Ok(31_536_000_000));
        for bad in ["", "s", "-1", "1w", "1.5s", "+3s", "1 s"] {
            assert_eq!(millis(bad), Err(SpanError::Form(bad.into())), "{bad:?}");
        }
        for bad in ["0", "9ms", "366d", "99999999999999999999s"] {
            assert_eq!(millis(bad), Err(SpanError::Range(bad.into())), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn spans_print_and_parse(ms in 10_u64..=86_400_000) {
            let span = Span(Duration::from_millis(ms));
            prop_assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }
    }
}
