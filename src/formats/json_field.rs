//! A field of a JSON document: where it is in the text, so that the rest stays as it was written.

use std::fmt;
use std::str::FromStr;

use serde_json::value::RawValue;

use super::json::Members;

/// The path of a field in a JSON document: a JSON Pointer (RFC 6901, `/a/b/0`), or the same with dots (`.a.b.0`).
///
/// `-` is the place after the last item of an array. Of members with the same name, the last one counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonField {
    text: String,
    names: Vec<String>,
}

/// Why a text is no path of a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonFieldError {
    /// It begins with neither `/` nor `.`, or has nothing behind it.
    #[error("expected /a/b/0 or .a.b.0")]
    Form,
    /// A `~` that is neither `~0` nor `~1`.
    #[error("after `~` only `0` (for `~`) and `1` (for `/`) are allowed")]
    Escape,
}

impl FromStr for JsonField {
    type Err = JsonFieldError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = if let Some(dotted) = text.strip_prefix('.') {
            let names: Vec<String> = dotted.split('.').map(String::from).collect();
            if names.iter().any(String::is_empty) {
                return Err(JsonFieldError::Form);
            }
            names
        } else {
            let pointer = text.strip_prefix('/').ok_or(JsonFieldError::Form)?;
            pointer.split('/').map(unescaped).collect::<Result<_, _>>()?
        };
        Ok(Self {
            text: text.into(),
            names,
        })
    }
}

fn unescaped(name: &str) -> Result<String, JsonFieldError> {
    let mut parts = name.split('~');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (sign, rest) = match part.as_bytes().first() {
            Some(b'0') => ('~', &part[1..]),
            Some(b'1') => ('/', &part[1..]),
            _ => return Err(JsonFieldError::Escape),
        };
        plain.push(sign);
        plain.push_str(rest);
    }
    Ok(plain)
}

impl fmt::Display for JsonField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl JsonField {
    /// Returns the source of the field, if it is there.
    pub fn find<'t>(&self, document: &'t str) -> Result<Option<&'t str>, serde_json::Error> {
        let mut source = document.trim();
        for name in &self.names {
            match Children::of(source)?.find(name) {
                Some(child) => source = child,
                None => return Ok(None),
            }
        }
        Ok(Some(source))
    }

    /// Returns the document with `value`, itself JSON, as the field, which is added if only it is missing. None if
    /// what should hold it is missing. Every other byte stays as it is.
    pub fn replace(&self, document: &str, value: &str) -> Result<Option<String>, serde_json::Error> {
        let spliced = |at: &str, with: &str| {
            let start = at.as_ptr().addr() - document.as_ptr().addr();
            let (before, after) = (&document[..start], &document[start + at.len()..]);
            [before, with, after].concat()
        };
        if let Some(source) = self.find(document)? {
            return Ok(Some(spliced(source, value)));
        }
        let Some((name, above)) = self.names.split_last() else {
            return Ok(None);
        };
        let holder = Self {
            text: String::new(),
            names: above.to_vec(),
        };
        let Some(source) = holder.find(document)? else {
            return Ok(None);
        };
        let named = match Children::of(source)? {
            Children::Members(_) => Some(serde_json::to_string(name)?),
            Children::Items(_) if name == "-" => None,
            Children::Items(_) | Children::None => return Ok(None),
        };
        let children = Children::of(source)?.sources();
        let Some(last) = children.last() else {
            let member = named.map_or_else(String::new, |name| name + ":");
            return Ok(Some(spliced(&source[1..1], &(member + value))));
        };
        // What is between the last child and the one before has the white space that the new one gets.
        let start = last.as_ptr().addr() - source.as_ptr().addr();
        let end_before = match children.iter().rev().nth(1) {
            Some(before) => before.as_ptr().addr() - source.as_ptr().addr() + before.len(),
            None => 1,
        };
        let gap = source[end_before..start].trim_start_matches(|c: char| c == ',' || c.is_ascii_whitespace());
        let space = &source[end_before..start - gap.len()];
        let space = space.split_once(',').map_or(space, |(_, space)| space);
        // The name of the last child may hold anything; what is behind it may not.
        let colon = gap.rfind('"').map_or("", |quote| &gap[quote + 1..]);
        let member = named.map_or_else(String::new, |name| name + colon);
        let end = &source[start + last.len()..start + last.len()];
        Ok(Some(spliced(end, &[",", space, &member, value].concat())))
    }
}

/// The sources of what an array or object holds.
enum Children<'t> {
    Members(Vec<(String, &'t RawValue)>),
    Items(Vec<&'t RawValue>),
    None,
}

impl<'t> Children<'t> {
    fn of(source: &'t str) -> Result<Self, serde_json::Error> {
        Ok(match source.as_bytes().first() {
            Some(b'{') => Self::Members(serde_json::from_str::<Members<'_>>(source)?.0),
            Some(b'[') => Self::Items(serde_json::from_str(source)?),
            _ => Self::None,
        })
    }

    fn find(&self, name: &str) -> Option<&'t str> {
        match self {
            Self::Members(members) => {
                let member = members.iter().rev().find(|(own, _)| own == name);
                member.map(|(_, source)| source.get())
            }
            Self::Items(items) => {
                let is_index = name == "0" || !name.starts_with(['0', '+']);
                let index: usize = name.parse().ok().filter(|_| is_index)?;
                items.get(index).map(|source| source.get())
            }
            Self::None => None,
        }
    }

    fn sources(&self) -> Vec<&'t str> {
        match self {
            Self::Members(members) => members.iter().map(|(_, source)| source.get()).collect(),
            Self::Items(items) => items.iter().map(|source| source.get()).collect(),
            Self::None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formats::JsonDocument;

    fn field(text: &str) -> JsonField {
        text.parse().expect(text)
    }

    #[test]
    fn a_path_is_a_pointer_or_dotted() {
        assert_eq!(field("/a~1b/m~0n/0").names, ["a/b", "m~n", "0"]);
        assert_eq!(field(".a.b.0").names, ["a", "b", "0"]);
        assert_eq!(field("/").names, [""]);
        assert_eq!(field("/a.b").names, ["a.b"]);
        for bad in ["", "a", ".", "..a", ".a."] {
            assert_eq!(bad.parse::<JsonField>(), Err(JsonFieldError::Form), "{bad}");
        }
        for bad in ["/~", "/~2", "/a~"] {
            assert_eq!(bad.parse::<JsonField>(), Err(JsonFieldError::Escape), "{bad}");
        }
    }

    #[test]
    fn a_field_is_found_in_its_source() {
        let document = r#" {"a": {"b": [1.10, {"c\"d": "x"}]}, "a/b": 1e400, "": null, "t": 1, "t": 2} "#;
        for (path, source) in [
            ("/a/b/0", Some("1.10")),
            (".a.b.1", Some("{\"c\\\"d\": \"x\"}")),
            ("/a/b/1/c\"d", Some("\"x\"")),
            ("/a~1b", Some("1e400")),
            ("/", Some("null")),
            ("/t", Some("2")),
            ("/a/b/2", None),
            ("/a/b/00", None),
            ("/a/b/+1", None),
            ("/a/b/-", None),
            ("/a/b/0/x", None),
            ("/none", None),
        ] {
            assert_eq!(field(path).find(document).expect("JSON"), source, "{path}");
        }
    }

    #[test]
    fn what_is_added_is_written_as_its_neighbours_are() {
        for (document, path, after) in [
            ("{}", "/n", Some("{\"n\":0}")),
            ("[ ]", "/-", Some("[0 ]")),
            ("{\"a\":1}", "/n", Some("{\"a\":1,\"n\":0}")),
            ("{ \"a\" : 1 }", "/n", Some("{ \"a\" : 1, \"n\" : 0 }")),
            (
                "{\n  \"a\": 1,\n  \"b:\\\"\": [1]\n}\n",
                "/n\"",
                Some("{\n  \"a\": 1,\n  \"b:\\\"\": [1],\n  \"n\\\"\": 0\n}\n"),
            ),
            ("{\"a\": [1, 2]}", "/a/-", Some("{\"a\": [1, 2, 0]}")),
            ("[\n1\n,\n2\n]", "/-", Some("[\n1\n,\n2,\n0\n]")),
            ("[[]]", "/0/-", Some("[[0]]")),
            ("[1]", "/1", None),
            ("{\"a\": 1}", "/b/c", None),
            ("{\"a\": 1}", "/a/c", None),
            ("1", "/a", None),
        ] {
            let replaced = field(path).replace(document, "0").expect("JSON");
            assert_eq!(replaced.as_deref(), after, "{document} {path}");
        }
    }

    /// White space, which JSON has between any two tokens.
    fn space() -> impl Strategy<Value = &'static str> {
        prop_oneof![3 => Just(""), 1 => Just(" "), 1 => Just("\n  "), 1 => Just("\t\r\n")]
    }

    fn name() -> impl Strategy<Value = String> {
        prop_oneof!["[a-c]", "[~/\".:,{}\\[\\] \\\\é]{0,3}"]
    }

    /// The source of a document.
    fn source() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            Just("-1.50e+400".to_owned()),
            name().prop_map(|text| serde_json::to_string(&text).expect("a string")),
        ];
        scalar.prop_recursive(4, 32, 4, |inner| {
            let padded = (space(), inner.clone(), space())
                .prop_map(|(before, value, after)| [before, &value, after].concat());
            let member = (space(), name(), space(), inner).prop_map(|(before, name, after, value)| {
                let name = serde_json::to_string(&name).expect("a string");
                format!("{before}{name}{after}:{value}")
            });
            let (padded, member) = (padded.boxed(), member.boxed());
            prop_oneof![
                (space(), prop::collection::vec(padded, 0..4)).prop_map(|(space, items)| match items.len() {
                    0 => format!("[{space}]"),
                    _ => format!("[{}]", items.join(",")),
                }),
                (space(), prop::collection::vec(member, 0..4)).prop_map(|(space, members)| {
                    match members.len() {
                        0 => format!("{{{space}}}"),
                        _ => format!("{{{}}}", members.join(",")),
                    }
                }),
            ]
        })
    }

    /// A path into the document: by each number either into what is there, or to what would be new.
    fn path(document: &str, steps: &[usize]) -> JsonField {
        let mut names = Vec::new();
        let mut at = JsonDocument::parse(document).expect("JSON");
        for step in steps {
            let next = match at {
                JsonDocument::Object(members) if members.is_empty() || step % 5 == 0 => {
                    names.push("new".to_owned());
                    break;
                }
                JsonDocument::Object(mut members) => members.swap_remove(step % members.len()),
                JsonDocument::Array(items) if items.is_empty() || step % 5 == 0 => {
                    names.push("-".to_owned());
                    break;
                }
                JsonDocument::Array(mut items) => {
                    let index = step % items.len();
                    (index.to_string(), items.swap_remove(index))
                }
                _ => break,
            };
            names.push(next.0);
            at = next.1;
        }
        let mut pointer = String::new();
        for name in names {
            pointer.push('/');
            pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        }
        field(if pointer.is_empty() { "/none" } else { &pointer })
    }

    proptest! {
        #[test]
        fn a_field_that_is_set_is_got_and_the_rest_stays(
            document in source(),
            value in source(),
            steps in prop::collection::vec(0..100_usize, 1..6),
        ) {
            let path = path(&document, &steps);
            let value = value.trim();
            let Some(after) = path.replace(&document, value).expect("JSON") else {
                prop_assert_eq!(path.find(&document).expect("JSON"), None);
                return Ok(());
            };
            prop_assert!(JsonDocument::parse(&after).is_ok(), "{}", after);
            if let Some(old) = path.find(&document).expect("JSON") {
                prop_assert_eq!(path.find(&after).expect("JSON"), Some(value));
                // Put back, it is what it was.
                let back = path.replace(&after, old).expect("JSON");
                prop_assert_eq!(back.as_deref(), Some(&*document));
                return Ok(());
            }
            // Bytes were only added, in one place.
            let (old, new) = (document.as_bytes(), after.as_bytes());
            let before = old.iter().zip(new).take_while(|(old, new)| old == new).count();
            let behind = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
            prop_assert!(new.len() > old.len() && before + behind >= old.len(), "{}", after);
            if !path.names.ends_with(&["-".to_owned()]) {
                prop_assert_eq!(path.find(&after).expect("JSON"), Some(value));
            }
        }
    }
}
