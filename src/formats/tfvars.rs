//! Terraform's variable definitions, in HCL's grammar.

use std::fmt::Write as _;

use hcl_edit::expr::{Expression, ObjectKey, UnaryOperator};
use hcl_edit::structure::Structure;
use hcl_edit::template::Element;

use super::layout::ParsedItems;
use super::position::At;
use super::text::utf8;
use super::variable_lines::write_variables;
use super::{DataFormat, FormatError, JsonDocument, Layout, Position};
use crate::model::{Encoding, Key, Value, ValueKind};

const FORMAT: DataFormat = DataFormat::Tfvars;

/// Numbers, truth values and null of json are themselves; all else is a string, objects and arrays as their JSON text
/// for `jsondecode`.
pub(super) fn write(items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    write_variables(FORMAT, "", items, layout, |name, text, kind, out| {
        out.push_str(name.as_str());
        out.push_str(" = ");
        let is_literal = kind == ValueKind::Json && !text.trim_start().starts_with(['"', '{', '[']);
        if is_literal {
            out.push_str(text.trim_ascii());
        } else {
            write_string(text, out);
        }
        out.push('\n');
        Ok(())
    })
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text.chars().peekable();
    let mut before = None;
    while let Some(c) = rest.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Doubled it is itself, but not after another of its kind: that would be the doubled one.
            '$' | '%' if rest.peek() == Some(&'{') && before == Some(c) => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            '$' | '%' if rest.peek() == Some(&'{') => out.extend([c, c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
        before = Some(c);
    }
    out.push('"');
}

/// Reads `name = value` lines whose values are literals. As `set` does, a string that is an object or array is taken
/// for json.
pub(super) fn read(bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    let text = utf8(FORMAT, bytes)?;
    let body = hcl_edit::parser::parse_body(text).map_err(|error| {
        let (line, column) = (error.location().line(), error.location().column());
        FormatError::syntax(FORMAT, error.message().to_owned(), Position { line, column })
    })?;
    let mut found = ParsedItems::new();
    let mut gone = 0;
    for structure in body {
        let name = match &structure {
            Structure::Attribute(attribute) => attribute.key.as_str(),
            Structure::Block(block) => block.ident.as_str(),
        };
        gone = line_of(text, gone, name);
        let at = At::Byte(text, gone);
        let Structure::Attribute(attribute) = structure else {
            return Err(FormatError::syntax(
                FORMAT,
                "expected `name = value`; blocks are not supported",
                at,
            ));
        };
        let (value, encoding) = match text_of(&attribute.value) {
            Some(text) => (text, Encoding::Detect),
            None => match json_of(&attribute.value) {
                Some(json) => (json.to_string(), Encoding::Json),
                None => return Err(FormatError::syntax(FORMAT, "expected a literal value", at)),
            },
        };
        found.add(&layout.prefix, attribute.key.as_str(), value, encoding, at)?;
        gone += attribute.key.as_str().len();
    }
    Ok(found.into_items())
}

/// Where the line of a name begins: the parser knows the order alone.
fn line_of(text: &str, from: usize, name: &str) -> usize {
    let mut offset = from;
    for line in text[from..].split_inclusive('\n') {
        let begins = line.trim_start();
        let begun = offset + line.len() - begins.len();
        offset += line.len();
        let ends = begins
            .strip_prefix(name)
            .map(|rest| rest.trim_start_matches([' ', '\t']));
        if ends.is_some_and(|rest| rest.starts_with(['=', '{', '"'])) {
            return begun;
        }
    }
    from
}

/// A string without anything to be put into it.
fn text_of(value: &Expression) -> Option<String> {
    match value {
        Expression::String(text) => Some(text.value().clone()),
        Expression::HeredocTemplate(heredoc) => {
            let parts = heredoc.template.iter().map(|element| match element {
                Element::Literal(literal) => Some(literal.value().as_str()),
                _ => None,
            });
            parts.collect()
        }
        _ => None,
    }
}

fn json_of(value: &Expression) -> Option<JsonDocument> {
    Some(match value {
        Expression::Null(_) => JsonDocument::Null,
        Expression::Bool(bool) => JsonDocument::Bool(*bool.value()),
        Expression::Number(number) => JsonDocument::Number(match number.as_repr() {
            Some(source) => source.to_string(),
            None => number.value().to_string(),
        }),
        Expression::UnaryOp(operation) if *operation.operator.value() == UnaryOperator::Neg => {
            match json_of(&operation.expr)? {
                JsonDocument::Number(number) => JsonDocument::Number(format!("-{number}")),
                _ => return None,
            }
        }
        Expression::Array(items) => JsonDocument::Array(items.iter().map(json_of).collect::<Option<_>>()?),
        Expression::Object(members) => {
            let member = |(name, member): (&ObjectKey, &hcl_edit::expr::ObjectValue)| {
                let name = match name {
                    ObjectKey::Ident(name) => name.as_str().to_owned(),
                    ObjectKey::Expression(name) => text_of(name)?,
                };
                Some((name, json_of(member.expr())?))
            };
            JsonDocument::Object(members.iter().map(member).collect::<Option<_>>()?)
        }
        other => JsonDocument::String(text_of(other)?),
    })
}
