//! Text that keeps within a terminal's width, so that no word is cut in two.

use console::measure_text_width as width;

/// The text in lines of at most `columns`, of which all but the first of each begin with `hang` spaces. What is between
/// backticks and what is longer than a line stays in one piece, to be copied whole: the terminal breaks it itself.
pub(in crate::cli) fn wrapped(text: &str, columns: usize, hang: usize) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| wrapped_line(line, columns, hang))
        .collect();
    lines.join("\n")
}

fn wrapped_line(line: &str, columns: usize, hang: usize) -> String {
    if width(line) <= columns {
        return line.to_owned();
    }
    let mut out = String::new();
    let mut taken = 0;
    for piece in pieces(line) {
        let word = piece.trim_end_matches(' ');
        if !out.is_empty() && taken + width(word) > columns {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.push_str(&" ".repeat(hang));
            taken = hang;
        }
        out.push_str(piece);
        taken += width(piece);
    }
    out
}

/// Cuts behind the spaces that a line may be broken at.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut in_word, mut ended) = (0, false, false, false);
    for (at, c) in line.char_indices() {
        match c {
            ' ' if quoted || !in_word => {}
            ' ' => ended = true,
            c => {
                if ended {
                    pieces.push(&line[start..at]);
                    start = at;
                    ended = false;
                }
                in_word = true;
                quoted ^= c == '`';
            }
        }
    }
    pieces.push(&line[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_break_between_words_and_hang() {
        assert_eq!(
            wrapped("  make     the role that reads", 21, 11),
            "  make     the role\n           that reads"
        );
        assert_eq!(wrapped("short", 20, 4), "short");
        assert_eq!(wrapped("one two\nthree four", 7, 2), "one two\nthree\n  four");
    }

    #[test]
    fn what_is_to_be_copied_stays_whole() {
        assert_eq!(
            wrapped("see `discfg status payments --drift` now", 12, 2),
            "see\n  `discfg status payments --drift`\n  now"
        );
        let statement = r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#;
        assert_eq!(
            wrapped(&format!("  to read {statement}"), 20, 2),
            format!("  to read\n  {statement}")
        );
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_none_cut(words in proptest::collection::vec("[a-z`:é]{1,12}", 1..30), columns in 1_usize..60, hang in 0_usize..12) {
            let text = words.join(" ");
            let wrapped = wrapped(&text, columns, hang);
            prop_assert_eq!(wrapped.split_whitespace().collect::<Vec<_>>(), words);
            for line in wrapped.lines() {
                let breakable = line.trim_start().contains(' ') && !line.contains('`');
                prop_assert!(width(line) <= columns || !breakable, "{:?}", line);
            }
        }
    }
}
