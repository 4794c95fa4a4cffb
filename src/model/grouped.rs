use std::fmt;

/// Displays a number with thousands separators: `190,000`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grouped(pub(crate) usize);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.char_indices() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_third_digit_is_separated() {
        let shown = [0, 999, 1000, 190_001, 4_000_000].map(|number| Grouped(number).to_string());
        assert_eq!(shown, ["0", "999", "1,000", "190,001", "4,000,000"]);
    }
}
