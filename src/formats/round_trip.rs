//! What every format promises: what it wrote it reads back, and what it can't hold it refuses.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::samples::{as_text, items, layout, nested, relative, shown};
use super::{DataFormat, FormatError, Layout, read, write};
use crate::model::{Encoding, Key, Value, ValueKind};

/// Names that are the same in every format.
fn keyed(values: &[String]) -> Vec<(Key, Value)> {
    let key = |number: usize| format!("/K{number}").parse().expect("a key");
    let value = |text: &String| Value::new(text.as_str(), Encoding::Text).expect("text");
    values
        .iter()
        .enumerate()
        .map(|(number, text)| (key(number), value(text)))
        .collect()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ \\t\\r\\n\"'`$%{}()=#!\\\\:;,~&*a-]{0,10}",
        "(\\$\\$|%%|\\$|%)\\{[a-z]?\\}?|<<|DISCFG_EOF(_1_)?\n?|export A='b'",
    ]
}

/// Text, JSON as YAML writes it, too, and bytes.
fn any_value() -> impl Strategy<Value = Value> {
    let json = prop_oneof![
        Just("true"),
        Just("null"),
        Just("1.10"),
        Just("1e400"),
        Just("-0"),
        Just("[]"),
        Just("{}"),
        Just(r#"{"a":{"b":[1,"x"]}}"#),
        Just(r#"[{"a":"1"}]"#),
        Just(r#"{"/a":1,"b":2}"#),
    ];
    prop_oneof![
        3 => text().prop_map(|text| Value::new(text, Encoding::Text).expect("text")),
        3 => json.prop_map(|json| Value::new(json, Encoding::Json).expect("JSON")),
        1 => Just(Value::new(&b"\xff\x00"[..], Encoding::Detect).expect("bytes")),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(values in prop::collection::vec(text(), 1..5)) {
        let given = keyed(&values);
        for format in DataFormat::ALL {
            let written = match write(format, &given, &layout("/")) {
                Ok(written) => written,
                Err(FormatError::Unfit { .. }) => continue,
                Err(error) => return Err(TestCaseError::fail(format!("{format}: {error}"))),
            };
            let text = String::from_utf8_lossy(&written).into_owned();
            let back = read(format, &written, &layout("/"));
            let back = back.map_err(|error| TestCaseError::fail(format!("{format}: {error}\n{text}")))?;
            let bytes = |items: &[(Key, Value)]| -> Vec<(String, Vec<u8>)> {
                items.iter().map(|(key, value)| (key.to_string(), value.bytes().to_vec())).collect()
            };
            prop_assert_eq!(bytes(&back), bytes(&given), "{}: {}", format, text);
        }
    }

    /// An export in JSON or YAML imports to the same keys and values, or is refused.
    #[test]
    fn documents_keep_keys_values_and_kinds(values in prop::collection::vec(any_value(), 1..6), shape in 0..4_u8) {
        let names = ["/db/a", "/db/b/c", "/db/b/d", "/db/..e", "/db/f:g", "/db/h"];
        let given: Vec<(Key, Value)> = names
            .iter()
            .zip(&values)
            .map(|(name, value)| (name.parse().expect("a key"), value.clone()))
            .collect();
        let layout = match shape {
            0 => layout("/"),
            1 => relative("/db"),
            2 => Layout { flat: true, ..relative("/db") },
            _ => nested("/"),
        };
        for format in [DataFormat::Json, DataFormat::Yaml] {
            let is_object = |value: &Value| value.kind() == ValueKind::Json && value.bytes().starts_with(b"{");
            let written = match write(format, &given, &layout) {
                Ok(written) => written,
                Err(FormatError::ObjectAsKeys { .. }) => {
                    prop_assert!(matches!(shape, 1 | 3) && values.iter().any(is_object));
                    continue;
                }
                Err(FormatError::Unfit { .. }) => {
                    prop_assert!(format == DataFormat::Json && values.iter().any(|value| value.kind() == ValueKind::Bytes));
                    continue;
                }
                Err(error) => return Err(TestCaseError::fail(format!("{format}: {error}"))),
            };
            let text = String::from_utf8_lossy(&written).into_owned();
            let back = read(format, &written, &layout);
            let mut back = back.map_err(|error| TestCaseError::fail(format!("{format}: {error}\n{text}")))?;
            back.sort_by(|a, b| a.0.cmp(&b.0));
            let mut wanted = given.clone();
            wanted.sort_by(|a, b| a.0.cmp(&b.0));
            prop_assert_eq!(shown(&back), shown(&wanted), "{}: {}", format, text);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in any::<Vec<u8>>(), text in text(), line in "A(=|<<|:| = )[^\\n]{0,20}\n?") {
        for format in DataFormat::ALL {
            for bytes in [&bytes[..], text.as_bytes(), line.as_bytes()] {
                let _ = read(format, bytes, &layout("/"));
            }
        }
    }
}

/// Twice the keys take twice the time: a reader that looked for each position from the start would take minutes.
#[test]
fn many_keys_are_read_in_one_pass() {
    let values: Vec<String> = (0..20_000).map(|number| format!("it's value {number}")).collect();
    let given = keyed(&values);
    for format in DataFormat::ALL {
        let (started, written) = (Instant::now(), write(format, &given, &layout("/")));
        let Ok(written) = written else {
            assert!(
                matches!(format, DataFormat::K8sSecret | DataFormat::K8sConfigmap),
                "{format}"
            );
            continue;
        };
        assert_eq!(
            read(format, &written, &layout("/")).expect("it is read").len(),
            given.len()
        );
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{format}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn plain_values_are_held_by_all() {
    let given = items(&[
        ("/A", "text x"),
        ("/B", "text "),
        ("/C", "text a b"),
        ("/D", "json {\"x\":1.10}"),
        ("/E", "json 1.10"),
    ]);
    for format in DataFormat::ALL {
        let written = write(format, &given, &layout("/")).expect("it is held");
        let back = read(format, &written, &layout("/")).expect("it is held");
        let kinds = matches!(format, DataFormat::Json | DataFormat::Yaml | DataFormat::Tfvars);
        if kinds {
            assert_eq!(shown(&back), shown(&given), "{format}");
        } else {
            // `set` would take them so, too: an object is json, a scalar text.
            let mut wanted = as_text(&given);
            wanted[3] = given[3].clone();
            assert_eq!(shown(&back), shown(&wanted), "{format}");
        }
    }
}

#[test]
fn what_each_writes() {
    let given = items(&[
        ("/db/read-url", "text it's $5"),
        ("/db/pool/max", "json 5"),
        ("/db/cfg", "json {\"a\": 1}"),
        ("/db/e", "text é\n"),
    ]);
    for (format, wanted) in [
        (
            DataFormat::Dotenv,
            "READ_URL='it\\'s $5'\nPOOL_MAX=5\nCFG='{\"a\": 1}'\nE='é\n'\n",
        ),
        (
            DataFormat::Tfvars,
            "READ_URL = \"it's $5\"\nPOOL_MAX = 5\nCFG = \"{\\\"a\\\": 1}\"\nE = \"é\\n\"\n",
        ),
        (
            DataFormat::Properties,
            "read-url=it's $5\npool.max=5\ncfg={\"a\": 1}\ne=\\u00E9\\n\n",
        ),
        (
            DataFormat::Shell,
            "export READ_URL='it'\\''s $5'\nexport POOL_MAX='5'\nexport CFG='{\"a\": 1}'\nexport E='é\n'\n",
        ),
        (
            DataFormat::Fish,
            "set -gx READ_URL 'it\\'s $5'\nset -gx POOL_MAX '5'\nset -gx CFG '{\"a\": 1}'\nset -gx E 'é\n'\n",
        ),
        (
            DataFormat::GithubEnv,
            "READ_URL<<DISCFG_EOF\nit's $5\nDISCFG_EOF\nPOOL_MAX<<DISCFG_EOF\n5\nDISCFG_EOF\n\
             CFG<<DISCFG_EOF\n{\"a\": 1}\nDISCFG_EOF\nE<<DISCFG_EOF\né\n\nDISCFG_EOF\n",
        ),
        (
            DataFormat::K8sSecret,
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: mycfg\ntype: Opaque\ndata:\n  read-url: \"aXQncyAkNQ==\"\n  \
             pool.max: \"NQ==\"\n  cfg: \"eyJhIjogMX0=\"\n  e: w6kK\n",
        ),
        (
            DataFormat::K8sConfigmap,
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: mycfg\ndata:\n  read-url: \"it's $5\"\n  \
             pool.max: \"5\"\n  cfg: \"{\\\"a\\\": 1}\"\n  e: \"é\\n\"\n",
        ),
    ] {
        let written = write(format, &given, &layout("/db")).expect("it is held");
        assert_eq!(String::from_utf8_lossy(&written), wanted, "{format}");
    }
}
