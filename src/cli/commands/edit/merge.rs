//! Three versions of a text made into one.

use diffy::MergeOptions;

/// The lines around the versions of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConflictMarkers {
    /// More than any line of the versions begins with, so that no such line is taken for a marker.
    length: usize,
}

/// As git has them.
const LEAST_LENGTH: usize = 7;
const MARKS: [char; 4] = ['<', '|', '=', '>'];
/// What the library calls the versions, and what they are called here.
const NAMES: [(char, &str, &str); 3] = [
    ('<', "ours", "mine"),
    ('|', "original", "base"),
    ('>', "theirs", "now"),
];

/// Merges what was made of `base` here, and elsewhere. The markers tell of conflicts.
pub(super) fn merge(base: &str, mine: &str, now: &str) -> (String, Option<ConflictMarkers>) {
    let [base, mine, now] = [base, mine, now].map(with_newline);
    let lines = [&base, &mine, &now].into_iter().flat_map(|text| text.lines());
    let longest = lines.map(marks).max().unwrap_or_default();
    let length = LEAST_LENGTH.max(longest + 1);
    let merged = MergeOptions::new()
        .set_conflict_marker_length(length)
        .merge(&base, &mine, &now);
    match merged {
        Ok(text) => (text, None),
        Err(text) => {
            let lines = text.lines().map(|line| format!("{}\n", renamed(line, length)));
            (lines.collect(), Some(ConflictMarkers { length }))
        }
    }
}

impl ConflictMarkers {
    /// The number of the first line that is a marker, from 1.
    pub(super) fn first_in(self, text: &str) -> Option<usize> {
        let at = text.lines().position(|line| marks(line) >= self.length)?;
        Some(at + 1)
    }
}

/// How many times the first character of the line is repeated, if it is one of a marker.
fn marks(line: &str) -> usize {
    let Some(mark) = line.chars().next().filter(|first| MARKS.contains(first)) else {
        return 0;
    };
    line.chars().take_while(|c| *c == mark).count()
}

fn renamed(line: &str, length: usize) -> String {
    for (mark, from, to) in NAMES {
        let mark = mark.to_string().repeat(length);
        if line.strip_prefix(&mark).and_then(|rest| rest.strip_prefix(' ')) == Some(from) {
            return format!("{mark} {to}");
        }
    }
    line.to_owned()
}

/// The text with a newline at its end, so that a marker begins a line.
fn with_newline(text: &str) -> String {
    let newline = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    format!("{text}{newline}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_apart_is_merged() {
        let (text, markers) = merge("a\nb\nc\nd\ne", "A\nb\nc\nd\ne", "a\nb\nc\nd\nE");
        assert_eq!((text.as_str(), markers), ("A\nb\nc\nd\nE\n", None));
        assert_eq!(merge("a", "b", "b").0, "b\n");
    }

    #[test]
    fn a_conflict_shows_the_three_versions() {
        let (text, markers) = merge("a\nb", "a\nmine b", "a\nnow b");
        assert_eq!(
            text,
            "a\n<<<<<<< mine\nmine b\n||||||| base\nb\n=======\nnow b\n>>>>>>> now\n"
        );
        let markers = markers.expect("there is a conflict");
        assert_eq!(markers.first_in(&text), Some(2));
        assert_eq!(markers.first_in("a\n=======\n"), Some(2));
        assert_eq!(markers.first_in("a\n=====\nb"), None);
    }

    #[test]
    fn what_looks_like_a_marker_is_none() {
        let base = "======= original\n";
        let (text, markers) = merge(base, "<<<<<<< ours\n", "x");
        assert_eq!(
            text,
            "<<<<<<<< mine\n<<<<<<< ours\n|||||||| base\n======= original\n========\nx\n>>>>>>>> now\n"
        );
        let markers = markers.expect("there is a conflict");
        assert_eq!(markers.first_in("<<<<<<< ours\n"), None);
    }

    #[test]
    fn a_text_that_was_removed_or_is_new_is_one_side() {
        let (text, _) = merge("", "mine", "now");
        assert_eq!(
            text,
            "<<<<<<< mine\nmine\n||||||| base\n=======\nnow\n>>>>>>> now\n"
        );
        let (text, _) = merge("base", "mine", "");
        assert_eq!(
            text,
            "<<<<<<< mine\nmine\n||||||| base\nbase\n=======\n>>>>>>> now\n"
        );
    }
}
