//! What other stores write their keys to.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::position::At;
use super::text::utf8;
use super::{DataFormat, FormatError, Position};
use crate::model::ForeignValue;

/// A file that another store writes: its names need not be valid keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpFormat {
    /// `consul kv export`: a list of `{"key","flags","value"}`, the value in Base64.
    Consul,
    /// `etcdctl get --prefix -w json`: `{"kvs":[{"key","value"}]}`, both in Base64.
    Etcd,
}

/// A format of a file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Keys and values, under valid names.
    Data(DataFormat),
    /// The keys of another store.
    Dump(DumpFormat),
}

/// A word that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid data format {word:?}: expected {}, consul, etcd",
    DataFormat::ALL.map(DataFormat::as_str).join(", ")
)]
pub struct FileFormatError {
    word: String,
}

impl DumpFormat {
    /// Reads the names and values of a file, in order. Errors contain positions, and no values.
    ///
    /// Entries of Consul that are only folders are left out, and so are its flags and the leases of etcd.
    pub fn read(self, bytes: &[u8]) -> Result<Vec<ForeignValue>, FormatError> {
        let text = utf8(DataFormat::Json, bytes)?;
        match self {
            Self::Consul => {
                let entries: Vec<&RawValue> = parse(text, text)?;
                let values = entries.into_iter().map(|raw| {
                    let entry: ConsulEntry = parse(text, raw.get())?;
                    let bytes = decoded(text, raw, entry.value.as_deref().unwrap_or_default())?;
                    Ok(ForeignValue::plain(entry.key, bytes))
                });
                let is_folder = |value: &ForeignValue| value.name.ends_with('/') && value.bytes.is_empty();
                let values: Result<Vec<_>, FormatError> = values.collect();
                Ok(values?.into_iter().filter(|value| !is_folder(value)).collect())
            }
            Self::Etcd => {
                let answer: EtcdAnswer<'_> = parse(text, text)?;
                if answer.more {
                    let problem =
                        "it has only a part of the keys (\"more\" is true): export it without --limit";
                    return Err(FormatError::syntax(DataFormat::Json, problem, At::Byte(text, 0)));
                }
                let values = answer.kvs.into_iter().map(|raw| {
                    let entry: EtcdEntry = parse(text, raw.get())?;
                    let name = decoded(text, raw, &entry.key)?;
                    let bytes = decoded(text, raw, entry.value.as_deref().unwrap_or_default())?;
                    Ok(ForeignValue::plain(String::from_utf8_lossy(&name).into(), bytes))
                });
                values.collect()
            }
        }
    }
}

#[derive(Deserialize)]
struct ConsulEntry {
    key: String,
    value: Option<String>,
}

#[derive(Deserialize)]
struct EtcdAnswer<'t> {
    #[serde(borrow, default)]
    kvs: Vec<&'t RawValue>,
    /// Whether a limit cut the answer.
    #[serde(default)]
    more: bool,
}

#[derive(Deserialize)]
struct EtcdEntry {
    key: String,
    /// Left out by etcdctl where it is empty.
    value: Option<String>,
}

/// Parses a part of the text. What serde says of wrong content quotes it, so it is said in other words.
fn parse<'t, T: Deserialize<'t>>(text: &str, part: &'t str) -> Result<T, FormatError> {
    serde_json::from_str(part).map_err(|error| {
        let start = offset(text, part);
        let problem = if error.is_data() {
            "expected the keys of a store: see the formats of --from".into()
        } else {
            let problem = error.to_string();
            problem.split(" at line ").next().unwrap_or_default().to_owned()
        };
        let at = if start > 0 {
            At::Byte(text, start).position()
        } else {
            Position {
                line: error.line().max(1),
                column: error.column().max(1),
            }
        };
        FormatError::syntax(DataFormat::Json, problem, at)
    })
}

fn decoded(text: &str, entry: &RawValue, base64: &str) -> Result<Vec<u8>, FormatError> {
    STANDARD.decode(base64).map_err(|_| {
        let at = At::Byte(text, offset(text, entry.get()));
        FormatError::syntax(DataFormat::Json, "the entry has invalid Base64", at)
    })
}

/// Where a part that was read without a copy begins in its text.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

impl fmt::Display for DumpFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Consul => "consul",
            Self::Etcd => "etcd",
        })
    }
}

impl FromStr for FileFormat {
    type Err = FileFormatError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "consul" => Ok(Self::Dump(DumpFormat::Consul)),
            "etcd" => Ok(Self::Dump(DumpFormat::Etcd)),
            _ => word.parse().map(Self::Data).map_err(|_| FileFormatError {
                word: word.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(format: DumpFormat, text: &str) -> Result<Vec<(String, String)>, String> {
        let values = format.read(text.as_bytes()).map_err(|error| error.to_string())?;
        let values = values.into_iter();
        Ok(values
            .map(|value| (value.name, String::from_utf8(value.bytes).expect("text")))
            .collect())
    }

    fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = given.iter();
        pairs
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn what_consul_exports_is_read_without_its_folders() {
        let text = r#"[
            {"key": "app/", "flags": 0, "value": ""},
            {"key": "app/db url", "flags": 42, "value": "cG9zdGdyZXM="},
            {"key": "app/empty", "flags": 0, "value": ""},
            {"key": "app/null", "flags": 0, "value": null}
        ]"#;
        let wanted = pairs(&[("app/db url", "postgres"), ("app/empty", ""), ("app/null", "")]);
        assert_eq!(read(DumpFormat::Consul, text), Ok(wanted));
        assert_eq!(read(DumpFormat::Consul, "[]"), Ok(Vec::new()));
    }

    #[test]
    fn what_etcd_gets_is_read() {
        let text = r#"{"header":{"cluster_id":1},"kvs":[
            {"key":"L2FwcC91cmw=","create_revision":2,"mod_revision":2,"version":1,"value":"eA=="},
            {"key":"L2FwcC9u","lease":7}],"count":2}"#;
        let wanted = pairs(&[("/app/url", "x"), ("/app/n", "")]);
        assert_eq!(read(DumpFormat::Etcd, text), Ok(wanted));
        let part = r#"{"kvs":[],"more":true,"count":5}"#;
        assert!(read(DumpFormat::Etcd, part).is_err_and(|error| error.contains("only a part")));
        assert_eq!(read(DumpFormat::Etcd, r#"{"header":{}}"#), Ok(Vec::new()));
    }

    #[test]
    fn what_is_refused_says_where_and_quotes_nothing() {
        let other = "expected the keys of a store: see the formats of --from";
        for (format, text, problem) in [
            (
                DumpFormat::Consul,
                "[{\"key\":\"a\",\n",
                "line 2, column 0: EOF while parsing an object",
            ),
            (
                DumpFormat::Consul,
                "{\"a\": \"hunter2\"}",
                &format!("line 1, column 1: {other}"),
            ),
            (
                DumpFormat::Consul,
                "[\n  \"hunter2\"]",
                &format!("line 2, column 3: {other}"),
            ),
            (
                DumpFormat::Consul,
                "[{\"key\":\"a\"},\n {\"value\":\"hunter2\"}]",
                &format!("line 2, column 2: {other}"),
            ),
            (
                DumpFormat::Consul,
                "[{\"key\":\"a\",\"value\":\"hunter2!\"}]",
                "line 1, column 2: the entry has invalid Base64",
            ),
            (
                DumpFormat::Etcd,
                "{\"kvs\":[\n{\"key\":\"hunter2!\"}]}",
                "line 2, column 1: the entry has invalid Base64",
            ),
            (
                DumpFormat::Etcd,
                "{\"kvs\":\n7}",
                &format!("line 2, column 1: {other}"),
            ),
            (
                DumpFormat::Etcd,
                "",
                "line 1, column 1: EOF while parsing a value",
            ),
        ] {
            let wanted = format!("invalid JSON at {}", problem.replace("column 0", "column 1"));
            assert_eq!(read(format, text), Err(wanted), "{text}");
        }
    }

    #[test]
    fn each_word_names_its_format() {
        for word in ["consul", "etcd", "json", "k8s-secret"] {
            assert!(word.parse::<FileFormat>().is_ok(), "{word}");
        }
        let error = "toml".parse::<FileFormat>().expect_err("no such format");
        assert!(
            error.to_string().ends_with("k8s-configmap, consul, etcd"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[\\[\\]{}\":,a-z0-9 \\n]{0,60}") {
            let _ = DumpFormat::Consul.read(text.as_bytes());
            let _ = DumpFormat::Etcd.read(text.as_bytes());
        }
    }
}
