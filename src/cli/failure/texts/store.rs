use super::super::Failure;
use super::book::{Book, Variants, title, variants};
use super::{denied, failed, is, no_file};
use crate::aws::Fault;
use crate::model::{
    Access, CommitId, Encoding, Entry, ErrorKind, GrantScope, Guard, PurgedValue, Revision, Timestamp,
    Uncovered, Value,
};
use crate::store::{Conflict, Limit, StoreError};

variants!(StoreError: NoConfig NotFound NoTtl Conflict Compacted Purged PurgeTooSoon Limit Twice IdReused Unsealed GuardOnSecret
    SecretTooLarge NoSecretsKey NoKeyFile Denied Uncovered Unregistered NeedsNewer Unlisted ReadOnly Credentials Throttled Busy Unavailable
    OutcomeUnknown Layout Corrupt Api File Full Other);
variants!(Guard: Absent Present Revision Value Section);
variants!(Limit: Actions Bytes);

fn entry() -> Entry {
    Entry {
        key: is("/db/url"),
        value: value(),
        version: 3,
        revision: Revision::new(7),
        created: moment(),
        modified: moment(),
        by: "arn:aws:sts::111122223333:assumed-role/deploy/ann".into(),
        secret: false,
        ttl: None,
        expires: None,
    }
}

fn value() -> Value {
    Value::new("postgres://db.internal/payments", Encoding::Detect).expect("a value")
}

fn moment() -> Timestamp {
    is("2026-11-25T12:00:00Z")
}

fn commit() -> CommitId {
    is("deploy-2026-11-25.1")
}

pub(super) fn too_many_actions() -> Limit {
    Limit::Actions {
        changes: 60,
        sections: 2,
        new_sections: 1,
        guards: 3,
    }
}

fn absent() -> Vec<(&'static str, StoreError)> {
    let no_config = |place: Option<&str>| StoreError::NoConfig {
        config: "payments".into(),
        place: place.map(Into::into),
    };
    vec![
        ("", no_config(None)),
        (
            "no table",
            no_config(Some("no table discfg-payments in this account and region")),
        ),
        (
            "no stack",
            no_config(Some("no stack discfg-payments in eu-central-1")),
        ),
        (
            "no file",
            no_config(Some("/home/ann/.local/share/discfg/payments.db")),
        ),
        ("", StoreError::NotFound(is("/db/url"))),
        ("", StoreError::NoTtl(is("/locks/deploy"))),
        (
            "",
            StoreError::Compacted {
                section: is("/db"),
                wanted: Revision::new(7),
                oldest: Revision::new(40),
            },
        ),
        (
            "",
            StoreError::Purged(PurgedValue {
                key: is("/db/password"),
                revision: Revision::new(7),
            }),
        ),
        (
            "",
            StoreError::PurgeTooSoon {
                key: is("/db/password"),
                wait: 87,
            },
        ),
        (
            "no alias",
            StoreError::NoSecretsKey {
                config: "payments".into(),
                detail: "alias/discfg-payments not found".into(),
            },
        ),
        (
            "of an API",
            StoreError::NoSecretsKey {
                config: "payments".into(),
                detail: "according to https://config.example.com".into(),
            },
        ),
        (
            "",
            StoreError::NoKeyFile("/home/ann/.local/share/discfg/payments.key".into()),
        ),
    ]
}

fn refused() -> Vec<(&'static str, StoreError)> {
    vec![
        (
            "",
            StoreError::Conflict(Box::new(conflict(
                Guard::Revision(is("/db/url"), Revision::new(5)),
                true,
            ))),
        ),
        ("", StoreError::Limit(too_many_actions())),
        ("", StoreError::Twice(is("/db/url"))),
        ("", StoreError::IdReused(commit())),
        (
            "",
            StoreError::Unsealed(vec![is("/db/password"), is("/api/token")]),
        ),
        ("", StoreError::GuardOnSecret(is("/db/password"))),
        (
            "",
            StoreError::SecretTooLarge {
                key: is("/tls/bundle"),
                size: 189_990,
                max: 189_700,
            },
        ),
        ("", StoreError::ReadOnly),
    ]
}

fn of_denials() -> Vec<(&'static str, StoreError)> {
    let table = "arn:aws:dynamodb:eu-central-1:111122223333:table/discfg-payments";
    let scope = GrantScope::new(Access::Read, [is("/db")]).expect("a scope");
    let uncovered = |action: &str, asked, wanted| {
        let uncovered = Uncovered::of(scope.clone(), &[asked], wanted).expect("it isn't covered");
        StoreError::Uncovered {
            action: action.into(),
            grant: is("ci"),
            uncovered: Box::new(uncovered),
            source: Some(denied(action, table).into()),
        }
    };
    vec![
        (
            "without its subject",
            StoreError::Denied {
                action: "dynamodb:Query".into(),
                subject: None,
                source: Some(denied("dynamodb:Query", table).into()),
            },
        ),
        (
            "with its subject",
            StoreError::Denied {
                action: "dynamodb:PutItem".into(),
                subject: Some("/db/url".into()),
                source: Some(denied("dynamodb:PutItem", table).into()),
            },
        ),
        (
            "of a key in KMS",
            StoreError::Denied {
                action: "kms:Decrypt".into(),
                subject: Some("/db/password".into()),
                source: Some(
                    denied(
                        "kms:Decrypt",
                        "arn:aws:kms:eu-central-1:111122223333:key/1234abcd",
                    )
                    .into(),
                ),
            },
        ),
        (
            "another section",
            uncovered("dynamodb:Query", is("/web"), Access::Read),
        ),
        ("a write", uncovered("dynamodb:PutItem", is("/db"), Access::Write)),
        ("", StoreError::Unregistered(is("/flags"))),
        (
            "",
            StoreError::NeedsNewer {
                section: is("/flags"),
                word: "contracts".into(),
            },
        ),
        ("", StoreError::Unlisted(is("ci"))),
    ]
}

const TIMEOUT: &str = "request has timed out: operation attempt timeout (single attempt) occurred after 10s";

fn of_service() -> Vec<(&'static str, StoreError)> {
    let refused = "dispatch failure: io error: client error (Connect): tcp connect error: Connection refused (os error 111)";
    let unavailable = |problem: &str, fault, code, said| StoreError::Unavailable {
        problem: problem.into(),
        source: Some(failed(fault, code, said).into()),
    };
    let expired = "The security token included in the request is expired";
    vec![
        (
            "expired",
            StoreError::Credentials {
                problem: "credentials expired".into(),
                source: Some(failed(Fault::Credentials, Some("ExpiredTokenException"), expired).into()),
            },
        ),
        (
            "none",
            StoreError::Credentials {
                problem: "no usable AWS credentials found".into(),
                source: Some(
                    failed(
                        Fault::Credentials,
                        None,
                        "dispatch failure: other: the credential provider was not enabled: no providers in chain provided \
                         credentials",
                    )
                    .into(),
                ),
            },
        ),
        (
            "",
            StoreError::Busy(
                "conflicting commits to the same sections for 30 s; nothing was written".into(),
            ),
        ),
        (
            "",
            StoreError::Throttled {
                service: "DynamoDB".into(),
                source: Some(
                    failed(
                        Fault::Throttled,
                        Some("ThrottlingException"),
                        "Throughput exceeds the current capacity of your table or index.",
                    )
                    .into(),
                ),
            },
        ),
        (
            "not reached",
            unavailable("cannot reach DynamoDB", Fault::Unreachable, None, refused),
        ),
        (
            "not answered",
            unavailable(
                "no response to dynamodb:GetItem",
                Fault::Unanswered,
                None,
                TIMEOUT,
            ),
        ),
        (
            "failed there",
            unavailable(
                "DynamoDB failed to process dynamodb:GetItem",
                Fault::Server,
                Some("InternalServerError"),
                "The request could not be processed because of an internal error.",
            ),
        ),
        (
            "without a cause",
            StoreError::Unavailable {
                problem: "/db, /web changed too often to read a consistent snapshot".into(),
                source: None,
            },
        ),
        (
            "",
            StoreError::OutcomeUnknown {
                commit: commit(),
                source: Some(failed(Fault::Unanswered, None, TIMEOUT).into()),
            },
        ),
    ]
}

fn of_what_is_stored() -> Vec<(&'static str, StoreError)> {
    let api = |problem: &str, kind| StoreError::Api {
        api: "https://config.example.com".into(),
        problem: problem.into(),
        kind,
    };
    vec![
        ("", StoreError::Layout { found: 3, known: 2 }),
        (
            "",
            StoreError::Corrupt {
                section: None,
                what: "/home/ann/.local/share/discfg/payments.db is corrupt".into(),
                source: Some(std::io::Error::other("database disk image is malformed").into()),
            },
        ),
        (
            "in a section",
            StoreError::Corrupt {
                section: Some("/other".parse().expect("a section")),
                what: "item @root /other/x belongs to section /other, not to @root".into(),
                source: None,
            },
        ),
        (
            "",
            StoreError::Api {
                api: "https://config.example.com".into(),
                problem: "no route GET /v1/payments/db/keys/url: not a discfg API, or one of another version (this discfg is \
                          0.1.0)"
                    .into(),
                kind: ErrorKind::Invalid,
            },
        ),
        (
            "denied",
            api(
                "access denied: GET /v1/payments/db/keys/url (the request was not signed)",
                ErrorKind::Denied,
            ),
        ),
        (
            "",
            StoreError::File {
                path: "/home/ann/.local/share/discfg/payments.db".into(),
                source: no_file().into(),
            },
        ),
        (
            "",
            StoreError::Full {
                path: "/home/ann/.local/share/discfg/payments.db".into(),
                source: std::io::Error::other("the disk is full").into(),
            },
        ),
        (
            "",
            StoreError::Other {
                what: "dynamodb:TransactWriteItems".into(),
                source: Some(
                    failed(
                        Fault::Refused,
                        Some("ValidationException"),
                        "Item size has exceeded the maximum allowed size",
                    )
                    .into(),
                ),
            },
        ),
    ]
}

#[test]
fn of_a_store() {
    let errors = [
        absent(),
        refused(),
        of_denials(),
        of_service(),
        of_what_is_stored(),
    ];
    Book::errors("store_error", Failure::from, errors.concat());
}

/// Who works on the table without a role of discfg's is told the statement that is missing.
#[test]
fn of_a_store_that_is_written_to_directly() {
    let mut book = Book::default();
    for (note, error) in of_denials() {
        let name = title(error.variant(), note);
        book.failure(&name, &Failure::of_direct_write(error));
    }
    book.keep("store_error_of_direct_write");
}

fn conflict(guard: Guard, is_there: bool) -> Conflict {
    Conflict {
        guard,
        current: is_there.then(entry),
        revision: Revision::new(9),
    }
}

fn with_guard(conflict: Conflict) -> Failure {
    StoreError::Conflict(Box::new(conflict)).into()
}

#[test]
fn of_a_guard() {
    let key = || is("/db/url");
    let guards = [
        ("", Guard::Absent(key())),
        ("", Guard::Present(key())),
        ("", Guard::Revision(key(), Revision::new(5))),
        ("the key is absent", Guard::Revision(key(), Revision::new(5))),
        ("", Guard::Value(key(), value())),
        ("the key is absent", Guard::Value(key(), value())),
        ("", Guard::Section(is("/db"), Revision::new(8))),
    ];
    let guards = guards.map(|(note, guard)| {
        let is_there = note.is_empty() && !matches!(guard, Guard::Present(_));
        (note, conflict(guard, is_there))
    });
    Book::errors("conflict", with_guard, guards);
}

impl Variants for Conflict {
    const ALL: &'static [&'static str] = Guard::ALL;

    fn variant(&self) -> &'static str {
        self.guard.variant()
    }
}

#[test]
fn of_a_limit() {
    let limits = [("", too_many_actions()), ("", Limit::Bytes { size: 4_812_345 })];
    Book::errors("limit", |limit| StoreError::Limit(limit).into(), limits);
}
