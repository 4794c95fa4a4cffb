use std::time::Duration;

/// The pauses between tries: each twice as long as the one before it, up to a longest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// The pause that follows so many earlier ones.
    pub(crate) fn pause(self, earlier: u32) -> Duration {
        let grown = self.first.saturating_mul(2_u32.saturating_pow(earlier));
        grown.min(self.longest)
    }
}

/// How far a pause is drawn from its nominal length, so that those who failed together don't try together again.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(feature = "dynamodb"),
    expect(dead_code, reason = "some are for requests to AWS and to an API alone")
)]
pub(crate) enum Jitter {
    /// Up to a tenth shorter or longer.
    Tenth,
    /// Up to a quarter shorter or longer.
    Quarter,
    /// Up to half shorter or longer.
    Half,
    /// Up to half shorter, and never longer.
    HalfShorter,
}

impl Jitter {
    /// A length drawn for a pause.
    pub(crate) fn draw(self, pause: Duration) -> Duration {
        let (shortest, longest) = self.bounds();
        pause.mul_f64(shortest + (longest - shortest) * fastrand::f64())
    }

    fn bounds(self) -> (f64, f64) {
        match self {
            Self::Tenth => (0.9, 1.1),
            Self::Quarter => (0.75, 1.25),
            Self::Half => (0.5, 1.5),
            Self::HalfShorter => (0.5, 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_double_up_to_the_longest() {
        let backoff = Backoff::new(SECOND, Duration::from_secs(5));
        let pauses: Vec<u64> = (0..5).map(|earlier| backoff.pause(earlier).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 5, 5]);
        assert_eq!(backoff.pause(u32::MAX), Duration::from_secs(5));
    }

    #[test]
    fn a_drawn_pause_stays_within_its_bounds() {
        for jitter in [Jitter::Tenth, Jitter::Quarter, Jitter::Half, Jitter::HalfShorter] {
            let (shortest, longest) = jitter.bounds();
            for _ in 0..100 {
                let drawn = jitter.draw(SECOND);
                assert!(
                    drawn >= SECOND.mul_f64(shortest) && drawn <= SECOND.mul_f64(longest),
                    "{jitter:?}: {drawn:?}"
                );
            }
        }
    }
}
