//! What is said of a config behind an API, with what mends it there.

use std::path::Path;

use super::super::Failure;
use super::aws::READ_ROLE;
use super::book::Book;
use super::{failed, is};
use crate::aws::{CallerIdentity, CertificateFault, Fault, RoleArn};
use crate::cli::failure::{api, signed};
use crate::context::{
    ApiTokens, ApiUrl, Choices, EngineName, Setting, SettingOrigin, Surroundings, Target, TrustedFiles,
};
use crate::engine::OpenedEngine;
use crate::engine::http::{HttpEngine, HttpOptions};
use crate::model::{Access, ErrorKind, Role};
use crate::ops::OpsError;
use crate::store::{Cause, StoreError};

const API: &str = "https://config.example.com";
const GATEWAY: &str = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com";

pub(in crate::cli) fn setting<T>(value: T) -> Setting<T> {
    Setting {
        value,
        origin: SettingOrigin::Flag,
    }
}

/// The config `payments` on that engine.
pub(in crate::cli) fn target(engine: EngineName) -> Target {
    Target {
        config: Some(setting(is("payments"))),
        signed: None,
        region: Some(setting(is("eu-central-1"))),
        engine: setting(engine),
        profile: None,
        endpoint_url: None,
        role: None,
        account: None,
        external_id: None,
        data_dir: None,
        tokens: ApiTokens::default(),
        file: None,
    }
}

/// Those of an environment that has a token for the API.
fn tokens() -> ApiTokens {
    let environment = |name: &str| (name == "DISCFG_TOKEN").then(|| "config.example.com=app-token".into());
    let around = Surroundings {
        environment: &environment,
        folder: Path::new("/"),
        trust: &TrustedFiles::of_user(),
    };
    let target = Target::settle(Choices::default(), &around);
    target.expect("it is settled").tokens
}

/// As whom a config was opened.
pub(in crate::cli) fn opened(role: Option<&str>) -> OpenedEngine {
    let options = HttpOptions::new(is(API), is("payments"));
    let role = role.map(|arn| RoleArn {
        account: "111122223333".into(),
        name: arn.rsplit('/').next().unwrap_or_default().into(),
        arn: arn.into(),
    });
    OpenedEngine {
        store: Box::new(HttpEngine::new(options).expect("no token travels")),
        role,
        session: None,
        caller: Some(CallerIdentity {
            arn: "arn:aws:iam::111122223333:user/ann".into(),
            account: "111122223333".into(),
        }),
    }
}

fn said(words: &str) -> Cause {
    failed(Fault::Refused, None, words).into()
}

fn of_api(api: &str, problem: &str, kind: ErrorKind) -> StoreError {
    StoreError::Api {
        api: api.into(),
        problem: problem.into(),
        kind,
    }
}

fn of_denial(words: &str) -> StoreError {
    StoreError::Denied {
        action: "PUT /v1/payments/db/keys/url".into(),
        subject: None,
        source: Some(said(words)),
    }
}

fn unreachable(api: &str, source: Cause) -> StoreError {
    StoreError::Unavailable {
        problem: format!("cannot reach {api}"),
        source: Some(source),
    }
}

fn untrusted(fault: CertificateFault) -> StoreError {
    StoreError::Unavailable {
        problem: format!("{API} is not trusted"),
        source: Some(fault.into()),
    }
}

/// What differs from the same failure of a table.
#[test]
fn of_an_api_with_tokens() {
    let url: ApiUrl = is(API);
    let target = target(EngineName::Http(url.clone()));
    let with_token = Target {
        tokens: tokens(),
        ..target.clone()
    };
    let errors = [
        (
            "no token",
            StoreError::Credentials {
                problem: "config.example.com requires a token, and none is configured for it".into(),
                source: None,
            },
        ),
        (
            "a token that may not",
            of_denial("https://config.example.com responded: the token app can only read /db"),
        ),
        (
            "a gateway",
            of_api(
                API,
                "access denied: GET /v1/payments/db/keys/url (the request was not signed)",
                ErrorKind::Denied,
            ),
        ),
        ("it only reads", StoreError::ReadOnly),
        ("an unknown authority", untrusted(CertificateFault::UnknownIssuer)),
        (
            "another host",
            untrusted(CertificateFault::OtherName {
                asked: "config.example.com".into(),
                valid_for: "other.example.com".into(),
            }),
        ),
        (
            "an expired certificate",
            untrusted(CertificateFault::Expired(Some(is("2026-01-01T00:00:00Z")))),
        ),
        (
            "a certificate of the future",
            untrusted(CertificateFault::NotYetValid(Some(is("2027-01-01T00:00:00Z")))),
        ),
        (
            "an authority's certificate",
            untrusted(CertificateFault::Authority),
        ),
        (
            "another fault",
            untrusted(CertificateFault::Other("BadSignature".into())),
        ),
        ("nothing listens", unreachable(API, said("connection failed"))),
        (
            "another config",
            StoreError::NoConfig {
                config: "payments".into(),
                place: Some(API.into()),
            },
        ),
        ("anything else", StoreError::NotFound(is("/db/url"))),
    ];
    let mut book = Book::default();
    for (title, error) in errors {
        let target = if title == "a token that may not" {
            &with_token
        } else {
            &target
        };
        book.failure(title, &api::explain(error.into(), target, &url));
    }
    book.keep("api_failure");
}

struct Signed {
    role: Option<Role>,
    opened: OpenedEngine,
    access: Access,
}

impl Signed {
    fn explain(&self, error: StoreError) -> Failure {
        let url: ApiUrl = is(GATEWAY);
        let target = Target {
            signed: Some(SettingOrigin::Host),
            role: self.role.clone().map(setting),
            ..target(EngineName::Http(url.clone()))
        };
        let error = OpsError::from(error);
        signed::explain(error, &target, &url, Some(&self.opened), self.access)
    }
}

fn with_role(role: Option<Role>, arn: &str, access: Access) -> Signed {
    Signed {
        role,
        opened: opened(Some(arn)),
        access,
    }
}

#[test]
fn of_an_api_with_signatures() {
    let write = "arn:aws:iam::111122223333:role/discfg/discfg-payments-eu-central-1-write";
    let grant = "arn:aws:iam::111122223333:role/discfg/discfg-payments--ci-eu-central-1";
    let forbidden = || of_denial("API Gateway responded: Forbidden");
    let own = Signed {
        role: Some(Role::Caller),
        opened: opened(None),
        access: Access::Write,
    };
    let reader = with_role(Some(Role::Config(Access::Read)), READ_ROLE, Access::Write);
    let writer = with_role(None, write, Access::Write);
    let ci = with_role(Some(is("ci")), grant, Access::Write);
    let too_large = "response too large: 7340032 bytes exceed the 6000000-byte limit of AWS Lambda; request fewer keys, or list by pages";
    let failures = [
        ("one's own credentials", own.explain(forbidden())),
        ("a role that only reads", reader.explain(forbidden())),
        ("a role that writes", writer.explain(forbidden())),
        ("the role of a grant", ci.explain(forbidden())),
        (
            "a signature",
            writer.explain(of_api(
                GATEWAY,
                "API Gateway rejected the signature: Signature expired",
                ErrorKind::Denied,
            )),
        ),
        (
            "a large answer",
            writer.explain(of_api(GATEWAY, too_large, ErrorKind::Invalid)),
        ),
        (
            "nothing answers",
            writer.explain(unreachable(GATEWAY, said("connection failed"))),
        ),
        (
            "anything else",
            writer.explain(StoreError::NotFound(is("/db/url"))),
        ),
    ];
    let mut book = Book::default();
    for (title, failure) in failures {
        book.failure(title, &failure);
    }
    book.keep("signed_failure");
}
