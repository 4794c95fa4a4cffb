use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use saphyr::{Mapping, Yaml};

use super::key_tree::{DocumentNode as _, KeyTree, NodeParts, items, tree};
use super::text::utf8;
use super::yaml::{emit, node, string, verbatim};
use super::yaml_document::YamlDocument;
use super::yaml_escape::is_escaped;
use super::{DataFormat, FormatError, JsonDocument, Layout};
use crate::model::{Key, Value, ValueKind};

const FORMAT: DataFormat = DataFormat::Yaml;

/// The longest name that a reader of YAML must take, in bytes with its quotes (YAML 1.2.2, 7.4.2).
const MAX_NAME: usize = 1000;

/// One mapping: strings are text, `!!binary` is bytes, all the rest json.
pub(super) fn write(given: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    // The trees must outlive the document that names their strings.
    let parsed = given
        .iter()
        .map(|(key, value)| Ok((key, parse(key, value)?)))
        .collect::<Result<BTreeMap<_, _>, FormatError>>()?;
    let members = tree(FORMAT, given, layout)?;
    Ok(emit(&mapping(&members, &parsed)).into_bytes())
}

fn parse(key: &Key, value: &Value) -> Result<Option<JsonDocument>, FormatError> {
    let unfit = |reason| FormatError::Unfit {
        format: FORMAT,
        key: key.clone(),
        reason,
    };
    let json = match value.as_text().filter(|_| value.kind() == ValueKind::Json) {
        Some(text) => JsonDocument::parse(text)
            .map_err(|_| unfit("it is nested too deep, or contains invalid Unicode"))?,
        None => return Ok(None),
    };
    if json.has_double_name() {
        return Err(unfit("one of its objects has a duplicate name"));
    }
    if json.longest_name() > MAX_NAME {
        return Err(unfit("one of its objects has a name longer than 1,000 bytes"));
    }
    Ok(Some(json))
}

fn mapping<'i>(
    members: &BTreeMap<&'i str, KeyTree<'i>>,
    parsed: &'i BTreeMap<&'i Key, Option<JsonDocument>>,
) -> Yaml<'i> {
    let mut mapping = Mapping::new();
    for (name, member) in members {
        let content = match member {
            KeyTree::Members(members) => self::mapping(members, parsed),
            KeyTree::Value(key, value) => match (parsed.get(key), value.as_text()) {
                (Some(Some(json)), Some(source)) => json_node(json, source.trim_ascii()),
                (_, Some(text)) => string(text),
                (_, None) => verbatim(format!("!!binary \"{}\"", STANDARD.encode(value.bytes()))),
            },
        };
        mapping.insert(string(name), content);
    }
    Yaml::Mapping(mapping)
}

/// JSON in blocks where reading them gives the same text back, else as it stands where YAML reads it so.
fn json_node<'j>(json: &'j JsonDocument, source: &str) -> Yaml<'j> {
    let is_container = source.starts_with(['{', '[']);
    let reads = |c: char| c != '\\' && !c.is_control() && !is_escaped(c);
    if is_container && json.to_string() != source && source.chars().all(reads) {
        verbatim(source.to_owned())
    } else {
        node(json)
    }
}

/// Reads one mapping.
pub(super) fn read(bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    let root = YamlDocument::read(FORMAT, utf8(FORMAT, bytes)?)?;
    let at = root.at();
    match root.parts()? {
        NodeParts::Members(members) => items(members, layout),
        NodeParts::Value(_) => Err(FormatError::syntax(FORMAT, "expected a mapping", at)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{items, layout, nested, relative, shown};
    use super::*;
    use crate::model::Encoding;
    use proptest::prelude::*;

    fn text(given: &[(Key, Value)], layout: &Layout) -> String {
        String::from_utf8(write(given, layout).expect("it can be written")).expect("UTF-8")
    }

    fn back(yaml: &str) -> Vec<String> {
        shown(&read(yaml.as_bytes(), &layout("/db")).expect(yaml))
    }

    fn refused(yaml: &str) -> String {
        let error = read(yaml.as_bytes(), &layout("/")).expect_err(yaml);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        error.to_string()
    }

    #[test]
    fn full_keys_are_flat() {
        let given = items(&[
            ("/a", "text x\ny"),
            ("/b", "json 1.10"),
            ("/c", "json {\"x\":[1e400,\"yes\"]}"),
            ("/d", "json {\"x\": 1.10}"),
            ("/e", "bytes z"),
            ("/f", "json null"),
            ("/g", "text 1.10"),
            ("/h", "json []"),
        ]);
        let written = text(&given, &layout("/"));
        assert_eq!(
            written,
            "/a: \"x\\ny\"\n/b: 1.10\n/c:\n  x:\n    - 1e400\n    - \"yes\"\n/d: {\"x\": 1.10}\n\
             /e: !!binary \"ev8=\"\n/f: ~\n/g: \"1.10\"\n/h: []\n"
        );
        assert_eq!(read(written.as_bytes(), &layout("/")), Ok(given));
        assert_eq!(text(&[], &layout("/")), "{}\n");
        assert_eq!(read(b"{}", &layout("/")), Ok(Vec::new()));
    }

    #[test]
    fn names_below_a_prefix_are_relative_or_a_tree() {
        let given = items(&[("/db/pool/max", "json 5"), ("/db/url", "text x")]);
        assert_eq!(text(&given, &relative("/db")), "pool/max: 5\nurl: x\n");
        let tree = text(&given, &nested("/db"));
        assert_eq!(tree, "pool:\n  max: 5\nurl: x\n");
        assert_eq!(read(tree.as_bytes(), &layout("/db")), Ok(given));
    }

    #[test]
    fn what_is_read() {
        assert_eq!(
            back("a:\n  b: 1.10\n  c: yes\n"),
            ["/db/a/b json 1.10", "/db/a/c text yes"]
        );
        assert_eq!(
            back("a: 0x1F\nb: 007\nc: 2026-01-01\nd: .5\ne: +1\nf: True\ng: ~\nh:\ni: -0.0"),
            [
                "/db/a text 0x1F",
                "/db/b text 007",
                "/db/c text 2026-01-01",
                "/db/d text .5",
                "/db/e text +1",
                "/db/f json true",
                "/db/g json null",
                "/db/h json null",
                "/db/i json -0.0"
            ]
        );
        assert_eq!(
            back("a: !!str 1\nb: !!binary aGk=\nc: !!int 3\nd: |\n  x\n  y\ne: [a, {b: 1.10}]\nf: ! 12"),
            [
                "/db/a text 1",
                "/db/b text hi",
                "/db/c json 3",
                "/db/d text x\ny\n",
                "/db/e json [\"a\",{\"b\":1.10}]",
                "/db/f text 12"
            ]
        );
        assert_eq!(back("# é\na: [1, \"é\",  2]\n"), ["/db/a json [1, \"é\",  2]"]);
        assert_eq!(back("--- {a: 1}\n...\n"), ["/db/a json 1"]);
    }

    #[test]
    fn what_is_refused_says_where() {
        let start = "invalid YAML at ";
        for (yaml, problem) in [
            (
                "a: &x [hunter2, *x]",
                "an alias must not repeat what it is a part of, at line 1, column 17",
            ),
            (
                "a: b\n---\nc: d",
                "expected one document, found a second, at line 2, column 1",
            ),
            (
                "a: !mine hunter2",
                "the tag is unsupported or does not match its value, at line 1, column 4",
            ),
            (
                "a: !!int hunter2",
                "the tag is unsupported or does not match its value, at line 1, column 4",
            ),
            ("a: !!set {b}", "unsupported tag, at line 1, column 4"),
            (
                "<<: hunter2",
                "a merge key takes a mapping or a list of mappings, at line 1, column 5",
            ),
            (
                "<<: {a: 1}\n<<: {b: 1}",
                "duplicate name in a mapping, at line 2, column 1",
            ),
            (
                "a: &x [1]\n*x : 2",
                "a name must be a string, at line 2, column 1",
            ),
            (
                "a: 1\na: hunter2",
                "duplicate name in a mapping, at line 2, column 1",
            ),
            ("? [a]\n: b", "a name must be a string, at line 1, column 3"),
            ("- a", "expected a mapping, at line 1, column 1"),
            ("hunter2", "expected a mapping, at line 1, column 1"),
            ("", "the file is empty, at line 1, column 1"),
            ("# only\n", "the file is empty, at line 2, column 1"),
            (
                "a: [!!binary aGk=]",
                "bytes are only allowed as a whole value, at line 1, column 5",
            ),
        ] {
            let (problem, at) = problem.rsplit_once(", at ").expect("a place");
            assert_eq!(refused(yaml), format!("{start}{at}: {problem}"));
        }
        assert!(refused("a:\n\tb: hunter2").starts_with(start));
        assert!(refused("a: [hunter2").starts_with(start));
        assert!(refused("a: \"hunter2").starts_with(start));
        let deep = format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000));
        let nested = format!(
            "a: {}{}{}",
            "&x [".repeat(120),
            "x, ".repeat(2000),
            "]".repeat(120)
        );
        assert!(refused(&nested).ends_with("anchors and aliases take more than 16,000,000 bytes"));
        assert!(refused(&deep).starts_with(start));
    }

    #[test]
    fn aliases_repeat_and_merge_keys_add() {
        assert_eq!(
            back("a: &x one\nb: *x\n&n c: 1\nd: *n\n*x : 2\n"),
            [
                "/db/a text one",
                "/db/b text one",
                "/db/c json 1",
                "/db/d text c",
                "/db/one json 2"
            ]
        );
        assert_eq!(
            back(
                "base: &base\n  host: h\n  port: 1\nprod:\n  port: 2\n  <<: *base\nflow: {<<: *base, host: i}\n"
            ),
            [
                "/db/base/host text h",
                "/db/base/port json 1",
                "/db/prod/port json 2",
                "/db/prod/host text h",
                "/db/flow/host text i",
                "/db/flow/port json 1"
            ]
        );
        assert_eq!(
            back("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  z: 3\n")[4..],
            ["/db/c/z json 3", "/db/c/x json 1", "/db/c/y json 1"]
        );
        assert_eq!(
            back("a: &x [1,  2]\nb: *x\nc: [*x, {d: *x}]"),
            [
                "/db/a json [1,  2]",
                "/db/b json [1,  2]",
                "/db/c json [[1,2],{\"d\":[1,2]}]"
            ]
        );
        assert!(refused("\"<<\": {a: 1}").contains("cannot use \"<<\" as a key"));
    }

    /// A first line, and one for each number from 1.
    fn document(first: &str, count: usize, line: impl Fn(usize) -> String) -> String {
        let lines: Vec<String> = (1..=count).map(line).collect();
        format!("{first}\n{}", lines.concat())
    }

    #[test]
    fn what_aliases_repeat_is_bounded() {
        let too_much = "anchors and aliases take more than 16,000,000 bytes";
        let laughs = document("a0: &a0 [hunter2, hunter2]", 40, |n| {
            format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}, *a{0}]\n", n - 1)
        });
        assert!(refused(&laughs).ends_with(too_much));
        let text = format!("a: &a {}", "x".repeat(100_000));
        let wide = document(&text, 1000, |n| format!("b{n}: *a\n"));
        assert!(refused(&wide).ends_with(too_much));
        let nested = "&x [".repeat(120) + &"x, ".repeat(2000) + &"]".repeat(120);
        assert!(refused(&format!("a: {nested}")).ends_with(too_much));
        let deep = document("a0: &a0 [x]", 200, |n| format!("a{n}: &a{n} [*a{}]\n", n - 1));
        assert!(refused(&deep).ends_with("nested deeper than 128 levels"));
        let merges = document("a0: &a0 {k0: hunter2}", 200, |n| {
            format!("a{n}: &a{n} {{k{n}: 1, <<: [*a{0}, *a{0}, *a{0}]}}\n", n - 1)
        });
        assert!(
            read(merges.as_bytes(), &layout("/")).is_ok(),
            "equal names merge into one"
        );
    }

    #[test]
    fn what_yaml_can_not_hold_is_refused() {
        let long = format!("json {{\"{}\":1}}", "x".repeat(1001));
        let long_escaped = format!("json [{{\"{}\":1}}]", "\\u001a".repeat(250));
        for (value, reason) in [
            (
                "json {\"a\":1,\"a\":2}",
                "one of its objects has a duplicate name",
            ),
            (&long, "one of its objects has a name longer than 1,000 bytes"),
            (
                &long_escaped,
                "one of its objects has a name longer than 1,000 bytes",
            ),
            (
                "json \"\\ud800\"",
                "it is nested too deep, or contains invalid Unicode",
            ),
        ] {
            let error = write(&items(&[("/k", value)]), &layout("/")).expect_err(value);
            assert_eq!(
                error.to_string(),
                format!("cannot write the value of /k as YAML: {reason}")
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_and_any_bytes_come_back(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            let given = vec![
                ("/a".parse().expect("a key"), Value::new(text, Encoding::Text).expect("text")),
                ("/b".parse().expect("a key"), Value::new(bytes, Encoding::Detect).expect("bytes")),
            ];
            let written = write(&given, &layout("/")).expect("it can be written");
            prop_assert_eq!(read(&written, &layout("/")), Ok(given));
        }

        #[test]
        fn no_text_panics(text in "[a:{}\\[\\]&*!|>%@`\" \\n\\t,#?'-]{0,40}") {
            let _ = read(text.as_bytes(), &layout("/"));
        }
    }
}
