//! What every target checks of what it is given: no panic, and what was read is written and read back the same.

#![allow(dead_code, unexpected_cfgs, unused_imports, unreachable_pub)]

pub mod formats;
pub mod http;
pub mod model;
pub mod wire;

use formats::{DataFormat, FormatError, Layout, read, render, write};
use model::{Key, Prefix, Section, Value};

/// Reads the bytes in a format, and writes and reads again what was found.
pub fn check_format(format: DataFormat, bytes: &[u8]) {
    for flat in [false, true] {
        let layout = Layout {
            prefix: Prefix::all(),
            relative: false,
            nested: false,
            flat,
            name: "mycfg".into(),
        };
        let Ok(found) = read(format, bytes, &layout) else {
            continue;
        };
        let written = match write(format, &found, &layout) {
            Ok(written) => written,
            // Names of other letters than a variable's, and what no writer of the format would write.
            Err(
                FormatError::Unfit { .. }
                | FormatError::Unnamed { .. }
                | FormatError::Reserved { .. }
                | FormatError::EnvName(_)
                | FormatError::Collision { .. },
            ) => continue,
            Err(error) => panic!("{error:?}"),
        };
        let again = read(format, &written, &layout);
        let again = again.unwrap_or_else(|error| panic!("{error:?}\n{}", String::from_utf8_lossy(&written)));
        assert_eq!(contents(format, &again), contents(format, &found));
    }
}

/// Values in an order that doesn't depend on names, which formats of variables change.
fn contents(format: DataFormat, items: &[(Key, Value)]) -> Vec<Vec<u8>> {
    let json_means_the_same = format == DataFormat::Yaml;
    let mut values: Vec<Vec<u8>> = items
        .iter()
        .map(|(_, value)| match value.as_text() {
            // White space and escapes of JSON in blocks are YAML's.
            Some(text) if json_means_the_same => match formats::JsonDocument::parse(text) {
                Ok(json) => json.to_string().into_bytes(),
                Err(_) => text.as_bytes().to_vec(),
            },
            // White space around it is the file's.
            _ => value.bytes().trim_ascii().to_vec(),
        })
        .collect();
    values.sort();
    values
}

/// Parses keys, prefixes and sections.
pub fn check_path(text: &str) {
    let prefix = text.parse::<Prefix>();
    if let Ok(key) = text.parse::<Key>() {
        assert_eq!(key.as_str().parse::<Key>().as_ref(), Ok(&key));
        assert!(Prefix::all().holds(&key));
        assert!(Prefix::from(&key.section()).holds(&key));
        assert!(prefix.is_ok_and(|prefix| !prefix.holds(&key)));
    }
    if let Ok(section) = text.parse::<Section>() {
        assert_eq!(section.to_string().parse::<Section>(), Ok(section));
    }
}

/// Renders a template over a few keys.
pub fn check_template(source: &str) {
    let layout = Layout {
        prefix: Prefix::all(),
        relative: false,
        nested: false,
        flat: true,
        name: String::new(),
    };
    let values = br#"{"/db/url": "x", "/db": "y", "/app/n": 5, "/app/on": true, "/app/o": {"a": 1}}"#;
    let items = read(DataFormat::Json, values, &layout).expect("JSON");
    let _ = render(source, &items, &Prefix::all());
}
