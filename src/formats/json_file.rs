use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::json::Members;
use super::key_tree::{DocumentNode, KeyTree, NodeParts, items, tree};
use super::position::At;
use super::text::utf8;
use super::{DataFormat, FormatError, Layout, Position};
use crate::model::{Encoding, Key, Value, ValueKind};

const FORMAT: DataFormat = DataFormat::Json;

/// One object: strings are text, all the rest json with its source.
pub(super) fn write(given: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    let mut out = Vec::new();
    write_members(&tree(FORMAT, given, layout)?, 0, &mut out)?;
    out.push(b'\n');
    Ok(out)
}

fn write_members<'i>(
    members: &BTreeMap<&'i str, KeyTree<'i>>,
    depth: usize,
    out: &mut Vec<u8>,
) -> Result<(), FormatError> {
    if members.is_empty() {
        out.extend_from_slice(b"{}");
        return Ok(());
    }
    out.push(b'{');
    for (number, (name, member)) in members.iter().enumerate() {
        out.extend_from_slice(if number == 0 { b"\n" } else { b",\n" });
        indent(depth + 1, out);
        write_string(name, out);
        out.extend_from_slice(b": ");
        match member {
            KeyTree::Members(members) => write_members(members, depth + 1, out)?,
            KeyTree::Value(key, value) => write_value(key, value, out)?,
        }
    }
    out.push(b'\n');
    indent(depth, out);
    out.push(b'}');
    Ok(())
}

fn indent(depth: usize, out: &mut Vec<u8>) {
    out.extend(std::iter::repeat_n(b' ', depth * 2));
}

fn write_value(key: &Key, value: &Value, out: &mut Vec<u8>) -> Result<(), FormatError> {
    match (value.kind(), value.as_text()) {
        (ValueKind::Json, Some(json)) => out.extend_from_slice(json.trim_ascii().as_bytes()),
        (_, Some(text)) => write_string(text, out),
        (_, None) => {
            return Err(FormatError::Unfit {
                format: FORMAT,
                key: key.clone(),
                reason: "it is bytes; use yaml or k8s-secret",
            });
        }
    }
    Ok(())
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    // Writing a string into memory doesn't fail.
    let _ = serde_json::to_writer(out, text);
}

/// Reads one object.
pub(super) fn read(bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    let text = utf8(FORMAT, bytes)?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
        // `line` is 0 where there is nothing at all.
        let at = Position {
            line: error.line().max(1),
            column: error.column().max(1),
        };
        let problem = error.to_string();
        let problem = problem.split(" at line ").next().unwrap_or_default().to_owned();
        FormatError::syntax(FORMAT, problem, at)
    })?;
    let root = JsonNode { text, raw };
    let at = root.at();
    match root.parts()? {
        NodeParts::Members(members) => items(members, layout),
        NodeParts::Value(_) => Err(FormatError::syntax(FORMAT, "expected an object", at)),
    }
}

struct JsonNode<'t> {
    text: &'t str,
    raw: &'t RawValue,
}

impl<'t> DocumentNode<'t> for JsonNode<'t> {
    fn at(&self) -> At<'t> {
        // What is read without a copy lies in the text that it was read from.
        let offset = self.raw.get().as_ptr() as usize - self.text.as_ptr() as usize;
        At::Byte(self.text, offset)
    }

    fn parts(self) -> Result<NodeParts<Self>, FormatError> {
        let raw = self.raw.get();
        if !raw.starts_with('{') {
            return Ok(NodeParts::Value(self));
        }
        let text = self.text;
        let members: Members<'t> = serde_json::from_str(raw).map_err(|_| {
            FormatError::syntax(FORMAT, "a name in this object is not valid Unicode", self.at())
        })?;
        let members = members.0.into_iter();
        Ok(NodeParts::Members(
            members
                .map(|(name, raw)| (name, JsonNode { text, raw }))
                .collect(),
        ))
    }

    fn value(self) -> Result<(Vec<u8>, Encoding), FormatError> {
        let raw = self.raw.get();
        if !raw.starts_with('"') {
            return Ok((raw.into(), Encoding::Json));
        }
        let text: String = serde_json::from_str(raw)
            .map_err(|_| FormatError::syntax(FORMAT, "the string is not valid Unicode", self.at()))?;
        Ok((text.into(), Encoding::Text))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{items, layout, nested, relative, shown};
    use super::*;

    fn text(given: &[(Key, Value)], layout: &Layout) -> String {
        String::from_utf8(write(given, layout).expect("it can be written")).expect("UTF-8")
    }

    fn back(json: &str, layout: &Layout) -> Vec<String> {
        shown(&read(json.as_bytes(), layout).expect(json))
    }

    fn refused(json: &str, layout: &Layout) -> String {
        let error = read(json.as_bytes(), layout).expect_err(json);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        error.to_string()
    }

    #[test]
    fn full_keys_are_flat() {
        let given = items(&[
            ("/db/url", "text a\"b"),
            ("/db/n", "json 1.10"),
            ("/l", "json [1, 2]"),
        ]);
        let written = text(&given, &layout("/"));
        assert_eq!(
            written,
            "{\n  \"/db/n\": 1.10,\n  \"/db/url\": \"a\\\"b\",\n  \"/l\": [1, 2]\n}\n"
        );
        let mut sorted = given;
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(read(written.as_bytes(), &layout("/")), Ok(sorted));
        assert_eq!(text(&[], &layout("/")), "{}\n");
        assert_eq!(back(" {} ", &layout("/")), Vec::<String>::new());
    }

    #[test]
    fn names_below_a_prefix_are_relative() {
        let given = items(&[("/db/pool/max", "json 5"), ("/db/url", "text x")]);
        let written = text(&given, &relative("/db"));
        assert_eq!(written, "{\n  \"pool/max\": 5,\n  \"url\": \"x\"\n}\n");
        assert_eq!(read(written.as_bytes(), &layout("/db")), Ok(given));
    }

    #[test]
    fn a_tree_has_a_level_for_each_segment() {
        let given = items(&[("/a-b", "text 1"), ("/a/b/c", "json null"), ("/a/d", "json []")]);
        let written = text(&given, &nested("/"));
        assert_eq!(
            written,
            "{\n  \"a\": {\n    \"b\": {\n      \"c\": null\n    },\n    \"d\": []\n  },\n  \"a-b\": \"1\"\n}\n"
        );
        let mut read = read(written.as_bytes(), &layout("/")).expect("a tree");
        read.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(read, given);
    }

    #[test]
    fn a_tree_holds_no_objects_and_no_key_that_is_a_prefix() {
        let error = |given: &[(&str, &str)]| {
            write(&items(given), &nested("/"))
                .expect_err("it can't be nested")
                .to_string()
        };
        assert_eq!(
            error(&[("/a", "json  {\"x\":1}")]),
            "cannot write the value of /a as JSON: it is an object, which `import` and `apply` would read as keys"
        );
        let both = "nested JSON can't contain both /a and /a/b/c";
        assert_eq!(error(&[("/a", "text 1"), ("/a/b/c", "text 2")]), both);
        assert_eq!(error(&[("/a/b/c", "text 2"), ("/a", "text 1")]), both);
    }

    #[test]
    fn what_is_read() {
        assert_eq!(
            back(
                r#"{"/a": {"x": 1.10, "x": 2}, "/b": "1", "c": 1}"#.replace(", \"c\": 1", "").as_str(),
                &layout("/db")
            ),
            [r#"/a json {"x": 1.10, "x": 2}"#, "/b text 1"]
        );
        assert_eq!(
            back(r#"{"a": {"b/c": true, "d": "x"}}"#, &layout("/db")),
            ["/db/a/b/c json true", "/db/a/d text x"]
        );
        let flat = Layout {
            flat: true,
            ..layout("/db")
        };
        assert_eq!(
            back(r#"{"a/b": {"c": 1}, "d": {}}"#, &flat),
            [r#"/db/a/b json {"c": 1}"#, "/db/d json {}"]
        );
        assert_eq!(back("\u{feff}{\"/a\": 1e400}", &layout("/")), ["/a json 1e400"]);
    }

    #[test]
    fn what_is_refused_says_where() {
        let all = &layout("/");
        assert_eq!(
            refused("{\"/a\": \"hunter2\",\n \"/b\": }", all),
            "invalid JSON at line 2, column 8: expected value"
        );
        assert_eq!(
            refused("\"hunter2\"", all),
            "invalid JSON at line 1, column 1: expected an object"
        );
        assert_eq!(
            refused("", all),
            "invalid JSON at line 1, column 1: EOF while parsing a value"
        );
        assert_eq!(
            refused("{\"/a\": 1,\n\"/a\": 2}", all),
            "duplicate key /a: at line 1, column 8 and at line 2, column 7"
        );
        assert_eq!(
            refused("{\"a/b\": 1,\n\"a\": {\"b\": 2}}", all),
            "duplicate key /a/b: at line 1, column 9 and at line 2, column 12"
        );
        assert_eq!(
            refused("{\"/a\": 1, \"b\": 2}", all),
            "full keys and relative names are mixed: \"/a\" at line 1, column 8 is a full key, \"b\" at line 1, column 16 is \
             relative"
        );
        assert_eq!(
            refused("{\"a b\": 1}", all),
            "cannot use \"a b\" as a key at line 1, column 9"
        );
        assert_eq!(
            refused("{\"a\": {}}", all),
            "\"a\" at line 1, column 7 is an empty object, which contains no key; with --flat, objects are values"
        );
        assert_eq!(
            refused("{\"/a\": \"\\ud800 hunter2\"}", all),
            "invalid JSON at line 1, column 8: the string is not valid Unicode"
        );
        let deep = "{\"a\":".repeat(100) + "1" + &"}".repeat(100);
        assert!(refused(&deep, all).contains("cannot use"));
        let large = format!("{{\"/a\": \"{}\"}}", "x".repeat(190_001));
        assert_eq!(refused(&large, all), "invalid value of /a at line 1, column 8");
        assert_eq!(
            read(b"{\"/a\": \"\xff\"}", all)
                .expect_err("no UTF-8")
                .to_string(),
            "the JSON input is not valid UTF-8 (at byte 8)"
        );
    }

    #[test]
    fn bytes_are_refused_by_name() {
        let error = write(&items(&[("/k", "bytes x")]), &layout("/")).expect_err("bytes");
        assert!(
            error
                .to_string()
                .starts_with("cannot write the value of /k as JSON: it is bytes")
        );
    }
}
