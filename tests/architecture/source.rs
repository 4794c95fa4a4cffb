//! As much of Rust's grammar as it takes to see which paths a file names.

/// A word, a path separator or another sign, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// A path that begins at the crate's root, whichever way it was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

/// Splits source into tokens; comments, literals and lifetimes are left out.
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while at < chars.len() {
        let begin = at;
        let rest = &chars[at..];
        let mut text = None;
        match rest[0] {
            '/' if rest.get(1) == Some(&'/') => at += rest.iter().take_while(|c| **c != '\n').count(),
            '/' if rest.get(1) == Some(&'*') => at += comment(rest),
            '"' => at += string(rest),
            '\'' => at += quote(rest),
            'r' | 'b' | 'c' if raw_string(rest).is_some() => at += raw_string(rest).unwrap_or(1),
            c if is_word(c) => {
                at += rest.iter().take_while(|c| is_word(**c)).count();
                text = Some(chars[begin..at].iter().collect());
            }
            ':' if rest.get(1) == Some(&':') => {
                at += 2;
                text = Some("::".to_owned());
            }
            c => {
                at += 1;
                text = (!c.is_whitespace()).then(|| c.to_string());
            }
        }
        if let Some(text) = text {
            tokens.push(Token { line, text });
        }
        line += chars[begin..at].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

/// All paths of a file that begin with `crate`, `discfg` or `super`, resolved from the module that the file is.
///
/// A tree in braces gives one path for each of its leaves.
pub(crate) fn paths(module: &[String], tokens: &[Token]) -> Vec<Path> {
    let (mut found, mut inline, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inline.retain(|(_, opened)| *opened <= depth);
            }
            "mod" if text(tokens, at + 2) == "{" => {
                inline.push((text(tokens, at + 1).to_owned(), depth + 1));
            }
            "crate" | "discfg" | "super" if begins_path(tokens, at) => {
                let mut prefix: Vec<String> = match token.text.as_str() {
                    "super" => module
                        .iter()
                        .chain(inline.iter().map(|(name, _)| name))
                        .cloned()
                        .collect(),
                    _ => Vec::new(),
                };
                while text(tokens, at) == "super" {
                    prefix.pop();
                    at += if text(tokens, at + 1) == "::" { 2 } else { 1 };
                }
                if matches!(text(tokens, at), "crate" | "discfg") {
                    at += if text(tokens, at + 1) == "::" { 2 } else { 1 };
                }
                at = tree(tokens, at, &prefix, &mut found);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads what follows a prefix and its `::`; gives back where it ends.
fn tree(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Path>) -> usize {
    let mut segments = prefix.to_vec();
    let line = tokens
        .get(at.min(tokens.len().saturating_sub(1)))
        .map_or(0, |token| token.line);
    loop {
        match text(tokens, at) {
            "{" => {
                at += 1;
                while !matches!(text(tokens, at), "}" | "") {
                    at = tree(tokens, at, &segments, found);
                    // A renaming, and the comma: neither is part of a path.
                    while !matches!(text(tokens, at), "," | "}" | "") {
                        at += 1;
                    }
                    at += usize::from(text(tokens, at) == ",");
                }
                return at + 1;
            }
            "self" => at += 1,
            word if word.starts_with(is_word) => {
                segments.push(word.to_owned());
                at += 1;
            }
            "*" => at += 1,
            _ => {}
        }
        if text(tokens, at) != "::" {
            // An exported macro is at the root, wherever it was written: its name tells no floor.
            if text(tokens, at) != "!" || segments.len() > 1 {
                found.push(Path { line, segments });
            }
            return at;
        }
        at += 1;
    }
}

fn begins_path(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| text(tokens, before));
    let after = text(tokens, at + 1);
    // `pub(crate)` is no path, and a segment in the middle is not the beginning.
    (after == "::" && before != "::") || (after == "as" && before == "use")
}

/// The text of a token, empty past the end.
pub(crate) fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.text.as_str())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match (rest[at], rest.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn quote(rest: &[char]) -> usize {
    match (rest.get(1), rest.get(2)) {
        (Some('\\'), _) => 3 + rest.iter().skip(3).take_while(|c| **c != '\'').count() + 1,
        (Some(_), Some('\'')) => 3,
        // A lifetime: only its mark is left out.
        _ => 1,
    }
}

/// The length of a literal with a prefix: `r"…"`, `br#"…"#`, `b"…"`, `c"…"`, `b'…'`.
fn raw_string(rest: &[char]) -> Option<usize> {
    let prefix = rest.iter().take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
    let hashes = rest[prefix..].iter().take_while(|c| **c == '#').count();
    let begin = prefix + hashes;
    match rest.get(begin) {
        Some('\'') if hashes == 0 && prefix == 1 && rest[0] == 'b' => Some(begin + quote(&rest[begin..])),
        Some('"') if !rest[..prefix].contains(&'r') => (hashes == 0).then(|| begin + string(&rest[begin..])),
        Some('"') => {
            let end = (begin + 1..rest.len()).find(|at| {
                rest[*at] == '"'
                    && rest[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
            });
            Some(end.map_or(rest.len(), |end| end + 1 + hashes))
        }
        _ => None,
    }
}
