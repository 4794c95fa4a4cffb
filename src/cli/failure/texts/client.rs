//! Errors of the library that no command prints by themselves, in their own words.

use super::book::{Book, Variants, variants};
use super::{is, no_file};
use crate::client::ClientError;
use crate::context::{ApiHost, ApiHostError, TargetError};
use crate::engine::OpenError;
use crate::formats::{DataFormat, DataFormatError};
use crate::model::{CommitId, CommitIdError, ConfigName, Encoding, Key, Timestamp, TimestampError, Value};
use crate::ops::OpsError;
use crate::stack::{PolicyDocument, PolicyError};
use crate::store::StoreError;
use crate::wire::ShapeError;

variants!(ClientError: Folder Setting Target Open Store Ops Key Value Misfit);
variants!(ApiHostError);
variants!(CommitIdError);
variants!(DataFormatError);
variants!(PolicyError);
variants!(ShapeError);
variants!(TimestampError);

#[test]
fn of_a_client() {
    let errors = [
        ("", ClientError::Folder(no_file())),
        (
            "",
            ClientError::Setting {
                setting: "config",
                given: "My Config".into(),
                source: "My Config".parse::<ConfigName>().expect_err("no name").into(),
            },
        ),
        ("", ClientError::Target(TargetError::NoConfig)),
        ("", ClientError::Open(OpenError::NoDataDir)),
        ("", ClientError::Store(StoreError::NotFound(is("/db/url")))),
        ("", ClientError::Ops(OpsError::Spans(is("/")))),
        (
            "",
            ClientError::Key("/db//url".parse::<Key>().expect_err("no key")),
        ),
        (
            "",
            ClientError::Value(Value::new("x".repeat(190_001), Encoding::Detect).expect_err("too large")),
        ),
        (
            "",
            ClientError::Misfit {
                at: "/db/port".into(),
                problem: "it is text, not a number".into(),
            },
        ),
    ];
    Book::words("client_error", errors);
}

#[test]
fn of_a_host() {
    let error = |text: &str| ("", text.parse::<ApiHost>().expect_err("no host"));
    Book::words(
        "api_host_error",
        [error("https://config.example.com"), error("::1")],
    );
}

#[test]
fn of_a_commit_id() {
    let error = "deploy #1".parse::<CommitId>().expect_err("no id");
    Book::words("commit_id_error", [("", error)]);
}

#[test]
fn of_a_moment() {
    let error = "yesterday".parse::<Timestamp>().expect_err("no moment");
    Book::words("timestamp_error", [("", error)]);
}

#[test]
fn of_a_data_format() {
    let error = "ini".parse::<DataFormat>().expect_err("no format");
    Book::words("data_format_error", [("", error)]);
}

#[test]
fn of_a_policy() {
    let document = |text: &str| {
        let document = serde_json::from_str(text).expect("JSON");
        PolicyDocument::from_json(&document).expect_err("it can't be read")
    };
    let errors = [
        ("no statement", document("{}")),
        ("a statement of another form", document(r#"{"Statement": ["*"]}"#)),
        (
            "what discfg never writes",
            document(r#"{"Statement": {"Effect": "Allow", "NotAction": "iam:*"}}"#),
        ),
        ("no effect", document(r#"{"Statement": {"Action": "*"}}"#)),
    ];
    Book::words("policy_error", errors);
}

#[test]
fn of_a_shape() {
    let change = |value: &str| {
        let text = format!(
            r#"{{"key":"/db/url","kind":"bytes","version":1,"revision":1,"value":"{value}","created":"2026-11-25T12:00:00Z","modified":"yesterday","by":"ann"}}"#
        );
        let node: crate::wire::StoredNode = serde_json::from_str(&text).expect("a shape");
        crate::model::Entry::try_from(node).expect_err("it can't be meant")
    };
    Book::words(
        "shape_error",
        [("no base64", change("?")), ("no moment", change("eA=="))],
    );
}
