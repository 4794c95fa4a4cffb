//! What a template may be made of: minijinja's parser calls itself for each sign of a chain, and would run out of stack.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use crate::model::Grouped;

/// The bytes of one tag, from `{{` to `}}`.
const MAX_TAG: usize = 10_000;
/// The branches of one `if`.
const MAX_BRANCHES: usize = 1_000;

/// What is too much, and the line where; nothing of a template that isn't understood, which the parser explains.
pub(super) fn excess(source: &str, syntax: &SyntaxConfig) -> Option<(String, usize)> {
    let line = |offset: usize| {
        1 + source
            .as_bytes()
            .iter()
            .take(offset)
            .filter(|b| **b == b'\n')
            .count()
    };
    // Where the tag began, and whether only that was seen of a statement.
    let (mut tag, mut is_begun) = (None, false);
    // The branches of each `if` that isn't closed yet.
    let mut branches: Vec<usize> = Vec::new();
    for found in tokenize(source, false, syntax.clone()) {
        let (token, span) = found.ok()?;
        let (start, end) = (span.start_offset as usize, span.end_offset as usize);
        let is_first = is_begun;
        is_begun = matches!(token, Token::BlockStart);
        match token {
            Token::VariableStart | Token::BlockStart => tag = Some(start),
            Token::TemplateData(_) => tag = None,
            Token::Ident("if") if is_first => branches.push(1),
            Token::Ident("endif") if is_first => drop(branches.pop()),
            Token::Ident("elif") if is_first => {
                if let Some(count) = branches.last_mut() {
                    *count += 1;
                    if *count > MAX_BRANCHES {
                        return Some((
                            format!("an if has more than {} branches", Grouped(MAX_BRANCHES)),
                            line(start),
                        ));
                    }
                }
            }
            _ => {}
        }
        if let Some(tag) = tag
            && end - tag > MAX_TAG
        {
            return Some((
                format!("a tag is longer than {} bytes", Grouped(MAX_TAG)),
                line(tag),
            ));
        }
        if matches!(token, Token::VariableEnd | Token::BlockEnd) {
            tag = None;
        }
    }
    None
}
