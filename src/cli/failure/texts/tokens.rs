use super::super::Failure;
use super::book::{Book, Variants, variants};
use super::{is, no_file, not_allowed};
use crate::context::{ApiToken, TokenError, TokenFormError};
use crate::engine::OpenError;
use crate::engine::http::InTheClear;
use crate::files::FileFault;
use crate::http::{TlsError, TokenFileError};
use crate::model::ErrorKind;

variants!(TokenError: Variable File Line NoFolder);
variants!(TokenFormError);
variants!(InTheClear: Token Signature);
variants!(TokenFileError: Read Write Malformed Ambiguous Nothing Taken Unknown);
variants!(TlsError: Read Missing Pem Unfit);

pub(super) fn no_token() -> TokenFormError {
    "two words".parse::<ApiToken>().expect_err("it is no token")
}

#[test]
fn of_a_token() {
    let file = || "/home/ann/.config/discfg/tokens".into();
    let errors = [
        ("", TokenError::Variable(no_token())),
        ("", TokenError::File(file(), not_allowed())),
        (
            "others can read it",
            TokenError::File(
                file(),
                FileFault::Readable {
                    path: file(),
                    mode: 0o644,
                }
                .into(),
            ),
        ),
        (
            "",
            TokenError::Line {
                path: file(),
                line: 3,
            },
        ),
        ("", TokenError::NoFolder),
    ];
    let explain = |error| OpenError::Token(is("https://config.example.com"), error).into();
    Book::errors("token_error", explain, errors);
}

/// As `discfg use --token-file` tells it.
#[test]
fn of_the_form_of_a_token() {
    let explain = |error| {
        Failure::caused(
            ErrorKind::Invalid,
            "token.txt does not contain a valid token",
            &error,
        )
    };
    Book::errors("token_form_error", explain, [("", no_token())]);
}

#[test]
fn of_a_token_in_the_clear() {
    let url = || is("http://config.example.com");
    let errors = [("", InTheClear::Token(url())), ("", InTheClear::Signature(url()))];
    Book::errors(
        "in_the_clear",
        |error| OpenError::InTheClear(error).into(),
        errors,
    );
}

#[test]
fn of_a_token_file() {
    let path = || "/etc/discfg/tokens.toml".into();
    let errors = [
        (
            "it is not there",
            TokenFileError::Read {
                path: path(),
                source: no_file(),
            },
        ),
        (
            "it is someone else's",
            TokenFileError::Read {
                path: path(),
                source: not_allowed(),
            },
        ),
        (
            "",
            TokenFileError::Write {
                path: path(),
                source: not_allowed(),
            },
        ),
        (
            "others can write it",
            TokenFileError::Read {
                path: path(),
                source: FileFault::Writable {
                    path: path(),
                    mode: 0o666,
                }
                .into(),
            },
        ),
        (
            "",
            TokenFileError::Malformed {
                path: path(),
                line: 2,
            },
        ),
        (
            "",
            TokenFileError::Ambiguous {
                path: path(),
                name: is("app"),
            },
        ),
        (
            "",
            TokenFileError::Nothing {
                path: path(),
                name: is("app"),
                what: "sections",
            },
        ),
        (
            "",
            TokenFileError::Taken {
                path: path(),
                name: is("app"),
            },
        ),
        (
            "",
            TokenFileError::Unknown {
                path: path(),
                name: is("app"),
            },
        ),
    ];
    Book::errors("token_file_error", Failure::from, errors);
}

#[test]
fn of_a_certificate() {
    let (certificate, key) = (|| "/etc/discfg/tls.crt".into(), || "/etc/discfg/tls.key".into());
    let errors = [
        (
            "it is not there",
            TlsError::Read {
                path: certificate(),
                source: no_file(),
            },
        ),
        (
            "it is someone else's",
            TlsError::Read {
                path: key(),
                source: not_allowed(),
            },
        ),
        (
            "",
            TlsError::Missing {
                path: certificate(),
                what: "certificate",
            },
        ),
        ("", TlsError::Pem { path: certificate() }),
        (
            "",
            TlsError::Unfit {
                certificate: certificate(),
                key: key(),
                source: rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch),
            },
        ),
    ];
    Book::errors("tls_error", Failure::from, errors);
}
