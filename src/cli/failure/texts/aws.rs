use std::io;

use super::super::Failure;
use super::book::{Book, Variants, variants};
use super::{denied, failed, of_each_fault};
use crate::aws::{AwsError, Failed, Fault};
use crate::model::{Region, RegionError};
use crate::stack::StackError;

variants!(AwsError: NoRegion Setting NoProfile LoginSession BadFile File Credentials AssumeDenied Failed);

pub(super) const READ_ROLE: &str = "arn:aws:iam::111122223333:role/discfg/discfg-payments-eu-central-1-read";

pub(super) fn no_region() -> RegionError {
    "Frankfurt".parse::<Region>().expect_err("it is no region")
}

pub(super) fn assume_denied() -> AwsError {
    AwsError::AssumeDenied {
        role: READ_ROLE.into(),
        caller: "arn:aws:iam::111122223333:user/ann".into(),
        source: denied("sts:AssumeRole", READ_ROLE).into(),
    }
}

fn failed_request(source: Failed) -> AwsError {
    AwsError::Failed {
        action: "dynamodb:ListTables".into(),
        source,
    }
}

#[test]
fn of_aws() {
    let none = "the credential provider was not enabled: no providers in chain provided credentials";
    let expired = "The security token included in the request is expired";
    let errors = [
        ("", AwsError::NoRegion),
        (
            "in a variable",
            AwsError::Setting {
                name: "AWS_MAX_ATTEMPTS".into(),
                place: None,
                value: Some("0".into()),
                problem: "expected a whole number from 1".into(),
            },
        ),
        (
            "a credential",
            AwsError::Setting {
                name: "AWS_ACCESS_KEY_ID".into(),
                place: None,
                value: None,
                problem: "it contains a line break".into(),
            },
        ),
        (
            "in a file",
            AwsError::Setting {
                name: "region".into(),
                place: Some("/home/ann/.aws/config, line 3".into()),
                value: Some("Frankfurt".into()),
                problem: "expected a code such as eu-central-1".into(),
            },
        ),
        (
            "",
            AwsError::NoProfile {
                name: "dev".into(),
                problem: "/home/ann/.aws/config, line 7: [dev] must be [profile dev]".into(),
            },
        ),
        ("", AwsError::LoginSession("dev".into())),
        (
            "",
            AwsError::BadFile {
                path: "/home/ann/.aws/config".into(),
                line: 3,
                problem: "Expected an '=' sign defining a property".into(),
            },
        ),
        (
            "",
            AwsError::File {
                what: "the file in AWS_CONFIG_FILE".into(),
                source: io::Error::other("/dev/zero is a device, not a regular file"),
            },
        ),
        (
            "none",
            AwsError::Credentials {
                problem: "no usable AWS credentials found".into(),
                source: Some(failed(Fault::Credentials, None, none).into()),
            },
        ),
        (
            "expired",
            AwsError::Credentials {
                problem: "credentials expired".into(),
                source: Some(failed(Fault::Credentials, Some("ExpiredToken"), expired).into()),
            },
        ),
        (
            "of an assumed role",
            AwsError::Credentials {
                problem: format!("STS returned no credentials for {READ_ROLE}"),
                source: None,
            },
        ),
        ("", assume_denied()),
    ];
    let table = "arn:aws:dynamodb:eu-central-1:111122223333:table/*";
    let requests = of_each_fault("dynamodb:ListTables", table)
        .into_iter()
        .map(|(note, failed)| (note, failed_request(failed)));
    Book::errors("aws_error", Failure::from, errors.into_iter().chain(requests));
}

/// What is made of the service's own words.
#[test]
fn of_a_denial() {
    let deny = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: dynamodb:DeleteTable on \
        resource: arn:aws:dynamodb:eu-central-1:111122223333:table/discfg-payments with an explicit deny in a service \
        control policy";
    let boundary = "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:PassRole on resource: \
        arn:aws:iam::111122223333:role/deployer because no permissions boundary allows the iam:PassRole action";
    let table = "arn:aws:dynamodb:eu-central-1:111122223333:table/discfg-payments";
    let denied_by = |said| failed(Fault::Denied, Some("AccessDenied"), said);
    let requests = [
        (
            "a statement is missing",
            "dynamodb:DescribeTable",
            denied("dynamodb:DescribeTable", table),
        ),
        ("an explicit deny", "dynamodb:DeleteTable", denied_by(deny)),
        (
            "another action",
            "cloudformation:CreateChangeSet",
            denied_by(boundary),
        ),
        (
            "no reason is given",
            "dynamodb:DescribeTable",
            denied_by("Access Denied"),
        ),
    ];
    let mut book = Book::default();
    for (title, action, source) in requests {
        book.failure(title, &StackError::Request { action, source }.into());
    }
    book.keep("denial");
}
