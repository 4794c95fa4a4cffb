use super::super::Failure;
use super::book::{Book, Variants, variants};
use super::{denied, failed, of_each_fault};
use crate::aws::Fault;
use crate::formats::{FileFormat, FileFormatError};
use crate::model::{ForeignValue, ForeignValueError, Prefix, map_foreign};
use crate::sources::{RemoteSource, RemoteSourceError, SourceError};

variants!(SourceError: Denied Request Response TooLarge);
variants!(RemoteSourceError: Scheme Path Glob Profile);
variants!(ForeignValueError: Name Collision Value);
variants!(FileFormatError);

const ACTION: &str = "ssm:GetParametersByPath";

fn place() -> String {
    "ssm:/prod/payments/".into()
}

#[test]
fn of_a_source() {
    let resource = "arn:aws:ssm:eu-central-1:111122223333:parameter/prod/payments/";
    let request = |source| SourceError::Request {
        action: ACTION,
        place: place(),
        read: 20,
        source,
    };
    let mut errors = vec![
        (
            "",
            SourceError::Denied {
                action: ACTION,
                place: place(),
                source: denied(ACTION, resource),
            },
        ),
        (
            "of a key",
            SourceError::Denied {
                action: ACTION,
                place: place(),
                source: denied("kms:Decrypt", "arn:aws:kms:eu-central-1:111122223333:key/0a1b"),
            },
        ),
        (
            "not found",
            SourceError::Request {
                action: "appconfig:StartConfigurationSession",
                place: "appconfig:shop/prod/flags".into(),
                read: 0,
                source: failed(
                    Fault::Refused,
                    Some("ResourceNotFoundException"),
                    "Application shop not found",
                ),
            },
        ),
        (
            "",
            SourceError::Response {
                action: ACTION,
                place: place(),
            },
        ),
        (
            "",
            SourceError::TooLarge {
                place: place(),
                most: 268_435_456,
            },
        ),
    ];
    let of_faults = of_each_fault(ACTION, resource).into_iter();
    errors.extend(
        of_faults
            .filter(|(_, failed)| failed.fault != Fault::Denied)
            .map(|(note, failed)| (note, request(failed))),
    );
    Book::errors("source_error", Failure::from, errors);
}

#[test]
fn of_a_source_that_is_none() {
    let of = |text: &str| {
        let parsed = RemoteSource::parse(text).expect("a scheme");
        ("", parsed.expect_err(text))
    };
    let errors = [
        "vault:secret/app",
        "ssm:prod",
        "secretsmanager:a[b",
        "appconfig:shop",
    ]
    .map(of);
    Book::errors("remote_source_error", Failure::from, errors);
}

#[test]
fn of_names_of_another_store() {
    let of = |names: &[(&str, usize)]| {
        let values = names
            .iter()
            .map(|(name, size)| ForeignValue::plain((*name).into(), vec![b'x'; *size]));
        let error = map_foreign(values.collect(), &Prefix::all());
        ("", error.expect_err("they can't be mapped"))
    };
    let errors = [
        of(&[("app/../db", 1)]),
        of(&[("db url", 1), ("db@url", 1)]),
        of(&[("db/dump", 190_001)]),
    ];
    Book::words("foreign_value_error", errors);
    let error = "toml".parse::<FileFormat>().expect_err("no such format");
    Book::words("file_format_error", [("", error)]);
}
