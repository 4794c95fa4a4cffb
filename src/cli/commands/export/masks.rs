//! The commands that make the runner of a CI job mask secrets in its log.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::model::Entry;

/// Mask commands of secrets, in the workflow commands of GitHub Actions, which hold each secret in plain text.
#[derive(Debug, Default)]
pub(super) struct Masks(String);

impl Masks {
    /// Adds a command for each line of a revealed entry's value, if the entry is a secret. A log is masked line by
    /// line, so the value as a whole would never match. Bytes are masked as Base64, as formats write them.
    pub(super) fn add(&mut self, entry: &Entry) {
        if !entry.secret {
            return;
        }
        match entry.value.as_text() {
            Some(text) => self.add_lines(text),
            None => self.add_lines(&BASE64_STANDARD.encode(entry.value.bytes())),
        }
    }

    fn add_lines(&mut self, text: &str) {
        for line in text.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            // The runner refuses to mask white space, and says so in the log.
            if line.trim().is_empty() {
                continue;
            }
            let escaped = line.replace('%', "%25").replace('\r', "%0D");
            // Writing to a String can't fail.
            let _ = writeln!(self.0, "::add-mask::{escaped}");
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(text: &str) -> String {
        let mut masks = Masks::default();
        masks.add_lines(text);
        masks.0
    }

    #[test]
    fn each_line_is_masked_apart_and_escaped() {
        assert_eq!(masks("hunter2"), "::add-mask::hunter2\n");
        assert_eq!(masks("a\nb"), "::add-mask::a\n::add-mask::b\n");
        assert_eq!(masks("a\r\n\r\n \t\nb\n"), "::add-mask::a\n::add-mask::b\n");
        assert_eq!(masks("100%\rb%0A"), "::add-mask::100%25%0Db%250A\n");
        // No line of a value can be another command.
        assert_eq!(
            masks("x\n::stop-commands::y"),
            "::add-mask::x\n::add-mask::::stop-commands::y\n"
        );
        assert_eq!(masks(""), "");
        assert_eq!(masks("\r\n \n"), "");
    }
}
