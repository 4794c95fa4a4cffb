use fast_glob::glob_match;
use regex_lite::{Regex, RegexBuilder};

use crate::cli::key_glob::{KeyGlob, KeyGlobError};
use crate::ops::Matcher;

/// What `find` looks for, in keys and in values.
#[derive(Debug)]
pub(super) enum Pattern {
    /// A part of the text.
    Text { part: String, ignores_case: bool },
    /// The whole of a key, from one of its segments on; in values, slashes are as any character.
    Glob { glob: KeyGlob, ignores_case: bool },
    /// What a part of the text matches.
    Regex(Regex),
}

/// Why a text is no pattern.
#[derive(Debug, thiserror::Error)]
pub(super) enum PatternError {
    /// It would match everything.
    #[error("empty pattern")]
    Empty,
    /// The glob is invalid.
    #[error(transparent)]
    Glob(#[from] KeyGlobError),
    /// It is no regular expression.
    #[error("invalid regular expression: {0}")]
    Regex(#[from] regex_lite::Error),
}

impl Pattern {
    /// A regular expression if `is_regex`, else a glob if there is a wildcard, else a part of the text.
    pub(super) fn new(text: &str, is_regex: bool, ignores_case: bool) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if is_regex {
            let regex = RegexBuilder::new(text).case_insensitive(ignores_case).build()?;
            return Ok(Self::Regex(regex));
        }
        let text = fold(text, ignores_case);
        if !text.contains(['*', '?', '[']) {
            return Ok(Self::Text {
                part: text,
                ignores_case,
            });
        }
        Ok(Self::Glob {
            glob: text.parse()?,
            ignores_case,
        })
    }
}

impl Matcher for Pattern {
    fn matches_key(&self, key: &str) -> bool {
        match self {
            Self::Glob { glob, ignores_case } => glob.matches(&fold(key, *ignores_case)),
            _ => self.matches_value(key),
        }
    }

    fn matches_value(&self, value: &str) -> bool {
        match self {
            Self::Text { part, ignores_case } => fold(value, *ignores_case).contains(part),
            Self::Glob { glob, ignores_case } => {
                // A character that no text has in its place, so that * doesn't stop there.
                let flat = |text: &str| text.replace('/', "\0");
                glob_match(flat(glob.as_str()), flat(&fold(value, *ignores_case)))
            }
            Self::Regex(regex) => regex.is_match(value),
        }
    }
}

fn fold(text: &str, ignores_case: bool) -> String {
    if ignores_case {
        text.to_lowercase()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(pattern: &str) -> Vec<&'static str> {
        let pattern = Pattern::new(pattern, false, false).expect(pattern);
        let all = ["/db/url", "/db/pool/max", "/mode", "/app/db/url", "/DB/Url"];
        all.into_iter().filter(|key| pattern.matches_key(key)).collect()
    }

    #[test]
    fn without_a_wildcard_a_part_is_found() {
        assert_eq!(keys("db/u"), ["/db/url", "/app/db/url"]);
        assert_eq!(keys("/db"), ["/db/url", "/db/pool/max", "/app/db/url"]);
    }

    #[test]
    fn a_glob_is_a_whole_key_from_a_segment_on() {
        assert_eq!(keys("/db/*"), ["/db/url"], "* stops at a slash");
        assert_eq!(keys("/db/**"), ["/db/url", "/db/pool/max"]);
        assert_eq!(keys("db/*"), ["/db/url", "/app/db/url"]);
        assert_eq!(keys("*url"), ["/db/url", "/app/db/url"]);
        assert_eq!(keys("m?de"), ["/mode"]);
        assert_eq!(keys("[dp]b/url"), ["/db/url", "/app/db/url"]);
        assert_eq!(keys("/**/url"), ["/db/url", "/app/db/url"]);
        assert_eq!(keys("*"), keys("/"));
    }

    #[test]
    fn in_values_a_wildcard_crosses_slashes() {
        let glob = Pattern::new("*.example.com/*", false, false).expect("a glob");
        assert!(glob.matches_value("postgres://db.example.com/payments"));
        assert!(!glob.matches_value("postgres://db.example.org/payments"));
    }

    #[test]
    fn case_is_ignored_only_if_asked() {
        for (text, is_regex) in [("URL", false), ("*/URL", false), ("u[r]L$", true)] {
            let strict = Pattern::new(text, is_regex, false).expect(text);
            let loose = Pattern::new(text, is_regex, true).expect(text);
            assert!(
                !strict.matches_key("/db/url") && loose.matches_key("/db/url"),
                "{text}"
            );
        }
        let straße = Pattern::new("STRASSE É", false, true).expect("a pattern");
        assert!(straße.matches_value("strasse é"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let error = |text, is_regex| Pattern::new(text, is_regex, false).expect_err(text).to_string();
        assert_eq!(error("", false), "empty pattern");
        assert_eq!(error("a[b", false), r#"invalid pattern "a[b": unclosed ["#);
        assert!(error("a(", true).starts_with("invalid regular expression: "));
    }

    #[test]
    fn a_regular_expression_takes_linear_time() {
        let pattern = Pattern::new("(a*)*b", true, false).expect("a pattern");
        assert!(!pattern.matches_value(&"a".repeat(20_000)));
    }
}
