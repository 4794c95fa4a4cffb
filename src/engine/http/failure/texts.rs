//! What is said of an API that refuses, or doesn't answer: as errors of a store, with their causes.

use std::error::Error;
use std::fmt::Write as _;
use std::iter::successors;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;

use super::*;
use crate::aws::{CertificateFault, RootsFault, Signer};
use crate::engine::http::api::Refusal as Refused;
use crate::wire::ProblemLayout;

const HTML: &str = "text/html";
const JSON: &str = "application/json";

fn api(is_signed: bool) -> Api {
    let url = "https://config.example.com".parse();
    let options = HttpOptions::new(url.expect("a URL"), "payments".parse().expect("a name"));
    let credentials = Credentials::new("AKID", "secret", None, None, "test");
    let region = "eu-central-1".parse().expect("a region");
    let signer = Signer::new("execute-api", region, SharedCredentialsProvider::new(credentials));
    Api::new(options, is_signed.then_some(signer))
}

fn call() -> Call {
    Call::of_key("GET", "/keys", &"/db/url".parse().expect("a key"))
}

/// A new variant doesn't compile until it has a name here and a case below.
fn variant(refused: &Refused) -> &'static str {
    match refused {
        Refused::Problem(_) => "Problem",
        Refused::Strange(_) => "Strange",
        Refused::Silence(PlainHttpError::NotSent(_)) => "NotSent",
        Refused::Silence(PlainHttpError::NotTrusted(_)) => "NotTrusted",
        Refused::Silence(PlainHttpError::NoRoots(_)) => "NoRoots",
        Refused::Silence(PlainHttpError::Cut(_)) => "Cut",
        Refused::Silence(PlainHttpError::TimedOut(_)) => "TimedOut",
        Refused::Silence(PlainHttpError::TooLarge(_)) => "TooLarge",
        Refused::Unsigned(SigningError::Credentials(_)) => "Credentials",
        Refused::Unsigned(SigningError::Form(_)) => "Form",
    }
}

/// What the store says of each, which is told with the answer's status and code.
fn said(api: &Api, refused: impl IntoIterator<Item = (String, Refused)>) -> String {
    let mut text = String::new();
    for (note, refused) in refused {
        let variant = variant(&refused);
        let error = of(api, &call(), refused);
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

fn bare<const N: usize>(refused: [Refused; N]) -> [(String, Refused); N] {
    refused.map(|refused| (String::new(), refused))
}

#[test]
fn of_no_answer() {
    let refused = bare([
        Refused::Silence(PlainHttpError::NotSent("connection refused".into())),
        Refused::Silence(PlainHttpError::NotTrusted(CertificateFault::UnknownIssuer)),
        Refused::Silence(PlainHttpError::NoRoots(RootsFault::new(
            "can't read SSL_CERT_FILE /dev/zero: /dev/zero is a device, not a regular file",
        ))),
        Refused::Silence(PlainHttpError::Cut("connection reset by peer".into())),
        Refused::Silence(PlainHttpError::TimedOut(Duration::from_secs(30))),
        Refused::Silence(PlainHttpError::TooLarge(67_108_864)),
    ]);
    keep("plain_http_error", &said(&api(false), refused));
}

#[test]
fn of_what_is_not_signed() {
    let none = CredentialsError::not_loaded("no providers in chain provided credentials");
    let refused = bare([
        Refused::Unsigned(SigningError::Credentials(none.into())),
        Refused::Unsigned(SigningError::Form("invalid URI character".into())),
    ]);
    keep("signing_error", &said(&api(true), refused));
}

fn answer(status: u16, content_type: &str, body: &str) -> Refused {
    Refused::Strange(PlainAnswer {
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
    keep("strange_answer", &said(&api(false), pages));
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
    keep("answer_of_a_gateway", &said(&api(true), of_gateway));
}

fn problem(kind: ErrorKind, code: &str, detail: &str) -> Problem {
    Problem::new(400, "Bad Request", kind, code, detail)
}

fn about_a_key(code: &str) -> Problem {
    Problem {
        keys: vec!["/db/url".parse().expect("a key")],
        ..problem(ErrorKind::Invalid, code, "")
    }
}

fn about_a_commit(code: &str) -> Problem {
    Problem {
        commit: Some("deploy-2026-11-25.1".into()),
        ..problem(ErrorKind::OutcomeUnknown, code, "")
    }
}

#[test]
fn of_a_problem() {
    let limit = |code: &str, size, max| Problem {
        limit: Some(ProblemLimit::Bytes { size, max }),
        ..about_a_key(code)
    };
    let compacted = Problem {
        section: "/db".parse().ok(),
        revision: Some(crate::model::Revision::new(7)),
        oldest: Some(crate::model::Revision::new(40)),
        ..problem(ErrorKind::Compacted, "compacted", "")
    };
    let layout = Problem {
        layout: Some(ProblemLayout { found: 3, known: 2 }),
        ..problem(ErrorKind::Internal, "layout", "")
    };
    let problems = [
        about_a_key("no-key"),
        about_a_key("no-ttl"),
        about_a_key("twice"),
        about_a_key("guard-on-secret"),
        about_a_key("unsealed"),
        limit("secret-too-large", 189_990, 189_700),
        limit("limit", 4_812_345, Limit::MAX_BYTES),
        about_a_commit("id-reused"),
        about_a_commit("outcome-unknown"),
        compacted,
        layout,
        problem(ErrorKind::NotFound, "no-config", ""),
        problem(ErrorKind::NotFound, "no-secrets-key", ""),
        problem(ErrorKind::Denied, "read-only", ""),
        problem(ErrorKind::Denied, "no-token", "there is no such token"),
        problem(ErrorKind::NotFound, "no-route", ""),
        problem(ErrorKind::Denied, "denied", "the token app may read /db alone"),
        problem(
            ErrorKind::Throttled,
            "throttled",
            "what holds the data asks for patience; try again",
        ),
        problem(
            ErrorKind::Unavailable,
            "unavailable",
            "what holds the data can't be reached; try again",
        ),
        problem(
            ErrorKind::Internal,
            "internal",
            "the server failed; its log says why",
        ),
        problem(
            ErrorKind::Usage,
            "query",
            "the query parameter page is not known here",
        ),
    ];
    let problems = problems.map(|problem| {
        let code = problem.code.clone().unwrap_or_default();
        (format!(": {code}"), Refused::Problem(Box::new(problem)))
    });
    keep("problem", &said(&api(false), problems));
}
