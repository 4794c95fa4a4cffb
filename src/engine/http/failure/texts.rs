//! What is said of an API that refuses, or doesn't answer: as errors of a store, with their causes.

use std::error::Error;
use std::fmt::Write as _;
use std::iter::successors;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;

use super::*;
use crate::aws::{CertificateFault, RootsFault};
use crate::engine::http::call::ApiCall;
use crate::wire::{ProblemCode, ProblemLayout};

const HTML: &str = "text/html";
const JSON: &str = "application/json";

fn options() -> HttpOptions {
    let url = "https://config.example.com".parse();
    HttpOptions::new(url.expect("a URL"), "payments".parse().expect("a name"))
}

fn call() -> ApiCall {
    ApiCall::of_key("GET", "/keys", &"/db/url".parse().expect("a key"))
}

/// A new variant doesn't compile until it has a name here and a case below.
fn variant(refused: &CallFailure) -> &'static str {
    match refused {
        CallFailure::Problem(_) => "Problem",
        CallFailure::Strange(_) => "Strange",
        CallFailure::Silence(PlainHttpError::NotSent(_)) => "NotSent",
        CallFailure::Silence(PlainHttpError::NotTrusted(_)) => "NotTrusted",
        CallFailure::Silence(PlainHttpError::NoRoots(_)) => "NoRoots",
        CallFailure::Silence(PlainHttpError::Cut(_)) => "Cut",
        CallFailure::Silence(PlainHttpError::TimedOut(_)) => "TimedOut",
        CallFailure::Silence(PlainHttpError::TooLarge(_)) => "TooLarge",
        CallFailure::Unsigned(SigningError::Credentials(_)) => "Credentials",
        CallFailure::Unsigned(SigningError::Form(_)) => "Form",
    }
}

/// What the store says of each, with the answer's status and code.
fn said(is_signed: bool, refused: impl IntoIterator<Item = (String, CallFailure)>) -> String {
    let mut text = String::new();
    for (note, refused) in refused {
        let variant = variant(&refused);
        let (options, call) = (options(), call());
        let site = CallSite {
            options: &options,
            is_signed,
            call: &call,
        };
        let error = of_call(site, refused);
        let kind = error.kind().as_str();
        let space = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{space}## {variant}{note}\n{kind}: {error}");
        for cause in successors(error.source(), |cause| (*cause).source()) {
            let _ = writeln!(text, "  because: {cause}");
        }
    }
    text.replace(env!("CARGO_PKG_VERSION"), "[version]")
}

fn keep(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/errors"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn bare<const N: usize>(refused: [CallFailure; N]) -> [(String, CallFailure); N] {
    refused.map(|refused| (String::new(), refused))
}

#[test]
fn of_no_answer() {
    let refused = bare([
        CallFailure::Silence(PlainHttpError::NotSent("connection refused".into())),
        CallFailure::Silence(PlainHttpError::NotTrusted(CertificateFault::UnknownIssuer)),
        CallFailure::Silence(PlainHttpError::NoRoots(RootsFault::new(
            "cannot read SSL_CERT_FILE /dev/zero: /dev/zero is a device, not a regular file",
        ))),
        CallFailure::Silence(PlainHttpError::Cut("connection reset by peer".into())),
        CallFailure::Silence(PlainHttpError::TimedOut(Duration::from_secs(30))),
        CallFailure::Silence(PlainHttpError::TooLarge(67_108_864)),
    ]);
    keep("plain_http_error", &said(false, refused));
}

#[test]
fn of_what_is_not_signed() {
    let none = CredentialsError::not_loaded("no providers in chain provided credentials");
    let refused = bare([
        CallFailure::Unsigned(SigningError::Credentials(none.into())),
        CallFailure::Unsigned(SigningError::Form("invalid URI character".into())),
    ]);
    keep("signing_error", &said(true, refused));
}

fn answer(status: u16, content_type: &str, body: &str) -> CallFailure {
    CallFailure::Strange(PlainAnswer {
        status,
        content_type: Some(content_type.into()),
        retry_after: None,
        body: body.into(),
    })
}

#[test]
fn of_a_strange_answer() {
    let page = "<html>Log in</html>";
    let words = |said: &str| format!(r#"{{"message":"{said}"}}"#);
    let pages = [
        (": 200, a page".into(), answer(200, HTML, page)),
        (": 403, a page".into(), answer(403, HTML, page)),
        (": 403, a gateway".into(), answer(403, JSON, &words("Forbidden"))),
        (": 429, a page".into(), answer(429, HTML, page)),
        (": 502, a page".into(), answer(502, HTML, page)),
    ];
    keep("strange_answer", &said(false, pages));
    let of_gateway = [
        (403, "Forbidden"),
        (403, "The security token included in the request is expired"),
        (
            403,
            "Signature expired: 20261125T120000Z is now earlier than 20261125T121500Z",
        ),
        (404, "Not Found"),
        (429, "Too Many Requests"),
        (503, "Service Unavailable"),
        (413, "Request Entity Too Large"),
    ];
    let of_gateway =
        of_gateway.map(|(status, said)| (format!(": {status} {said}"), answer(status, JSON, &words(said))));
    keep("answer_of_a_gateway", &said(true, of_gateway));
}

fn problem(kind: ErrorKind, code: ProblemCode, detail: &str) -> Problem {
    Problem::new(400, "Bad Request", kind, code, detail)
}

fn about_a_key(code: ProblemCode) -> Problem {
    Problem {
        keys: vec!["/db/url".parse().expect("a key")],
        ..problem(ErrorKind::Invalid, code, "")
    }
}

fn about_a_commit(code: ProblemCode) -> Problem {
    Problem {
        commit: Some("deploy-2026-11-25.1".into()),
        ..problem(ErrorKind::OutcomeUnknown, code, "")
    }
}

#[test]
fn of_a_problem() {
    let limit = |code: ProblemCode, size, max| Problem {
        limit: Some(ProblemLimit::Bytes(ByteLimit { size, max })),
        ..about_a_key(code)
    };
    let compacted = Problem {
        section: "/db".parse().ok(),
        revision: Some(crate::model::Revision::new(7)),
        oldest: Some(crate::model::Revision::new(40)),
        ..problem(ErrorKind::Compacted, ProblemCode::Compacted, "")
    };
    let purged = Problem {
        revision: Some(crate::model::Revision::new(7)),
        ..about_a_key(ProblemCode::Purged)
    };
    let too_soon = Problem {
        wait: Some(87),
        ..about_a_key(ProblemCode::PurgeTooSoon)
    };
    let layout = Problem {
        layout: Some(ProblemLayout { found: 3, known: 2 }),
        ..problem(ErrorKind::Internal, ProblemCode::Layout, "")
    };
    let problems = [
        about_a_key(ProblemCode::NoKey),
        about_a_key(ProblemCode::NoTtl),
        about_a_key(ProblemCode::Twice),
        about_a_key(ProblemCode::GuardOnSecret),
        about_a_key(ProblemCode::Unsealed),
        limit(ProblemCode::SecretTooLarge, 189_990, 189_700),
        limit(ProblemCode::Limit, 4_812_345, Limit::MAX_BYTES),
        about_a_commit(ProblemCode::IdReused),
        about_a_commit(ProblemCode::OutcomeUnknown),
        compacted,
        purged,
        too_soon,
        layout,
        problem(ErrorKind::NotFound, ProblemCode::NoConfig, ""),
        problem(ErrorKind::NotFound, ProblemCode::NoSecretsKey, ""),
        problem(ErrorKind::Denied, ProblemCode::ReadOnly, ""),
        problem(ErrorKind::Denied, ProblemCode::NoToken, "invalid token"),
        problem(ErrorKind::NotFound, ProblemCode::NoRoute, ""),
        problem(
            ErrorKind::Denied,
            ProblemCode::Denied,
            "the token app can only read /db",
        ),
        problem(
            ErrorKind::Throttled,
            ProblemCode::Throttled,
            "the backend is throttling requests; retry after 1 s",
        ),
        problem(
            ErrorKind::Unavailable,
            ProblemCode::Unavailable,
            "the backend is unavailable; retry after 1 s",
        ),
        problem(
            ErrorKind::StorageFull,
            ProblemCode::StorageFull,
            "the server has no space left to store this; nothing was written",
        ),
        problem(
            ErrorKind::Internal,
            ProblemCode::Internal,
            "internal error; see the server's log",
        ),
        problem(
            ErrorKind::Usage,
            ProblemCode::Query,
            "unknown query parameter \"page\"; this route allows none",
        ),
    ];
    let problems = problems.map(|problem| {
        let code = serde_json::to_string(&problem.code).expect("a word");
        (
            format!(": {}", code.trim_matches('"')),
            CallFailure::Problem(Box::new(problem)),
        )
    });
    keep("problem", &said(false, problems));
}
