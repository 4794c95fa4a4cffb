//! The texts of denials: the caller, the role, and hints.

use super::*;
use crate::aws::Fault;
use crate::cli::failure::texts::book::Book;
use crate::cli::failure::texts::served::{opened, setting, target};
use crate::cli::failure::texts::{denied_to, failed, is};
use crate::context::Setting;
use crate::model::GrantScope;

const TABLE: &str = "arn:aws:dynamodb:eu-central-1:111122223333:table/discfg-payments";
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ANN: &str = "arn:aws:iam::111122223333:user/ann";
const READ: &str = "arn:aws:iam::111122223333:role/discfg/discfg-payments-eu-central-1-read";
const WRITE: &str = "arn:aws:iam::111122223333:role/discfg/discfg-payments-eu-central-1-write";
const GRANT: &str = "arn:aws:iam::111122223333:role/discfg/discfg-payments--ci-eu-central-1";

/// A session on the config's table in that role, which has that ARN.
fn session(role: Option<Role>, arn: Option<&str>) -> Session {
    Session {
        target: Some(Target {
            role: role.map(setting),
            ..target(EngineName::DynamoDb)
        }),
        opened: Some(opened(arn)),
        ..Session::new(Global::default())
    }
}

/// The ARN of the user's session of that role.
fn session_of(role: &str) -> String {
    let name = role.rsplit('/').next().unwrap_or_default();
    format!("arn:aws:sts::111122223333:assumed-role/{name}/discfg-ann")
}

fn denial(who: &str, action: &str, on: &str) -> StoreError {
    StoreError::Denied {
        action: action.into(),
        subject: Some("/db/url".into()),
        source: Some(denied_to(who, action, on).into()),
    }
}

fn uncovered(asked: &str, wanted: Access) -> StoreError {
    let scope = GrantScope::new(Access::Read, [is("db")]).expect("a scope");
    let uncovered = Uncovered::of(scope, &[is(asked)], wanted).expect("it isn't covered");
    let action = match wanted {
        Access::Read => "dynamodb:Query",
        Access::Write => "dynamodb:PutItem",
    };
    StoreError::Uncovered {
        action: action.into(),
        grant: is("ci"),
        uncovered: Box::new(uncovered),
        source: Some(denied_to(&session_of(GRANT), action, TABLE).into()),
    }
}

#[test]
fn of_a_denial() {
    let own = session(Some(Role::Caller), None);
    let reader = session(Some(Role::Config(Access::Read)), Some(READ));
    let writer = session(None, Some(WRITE));
    let ci = session(Some(Role::Grant(is("ci"))), Some(GRANT));
    let put = |who: &str| denial(who, "dynamodb:PutItem", TABLE);
    let write = Access::Write;
    let failures = [
        ("one's own credentials", own.explain(put(ANN), write)),
        (
            "one's own credentials, of the key",
            own.explain(denial(ANN, "kms:Decrypt", KEY), Access::Read),
        ),
        (
            "a role that only reads",
            reader.explain(put(&session_of(READ)), write),
        ),
        (
            "a role that writes",
            writer.explain(put(&session_of(WRITE)), write),
        ),
        (
            "a role that writes, of the key",
            writer.explain(denial(&session_of(WRITE), "kms:GenerateDataKey", KEY), write),
        ),
        ("the role of a grant", ci.explain(put(&session_of(GRANT)), write)),
        (
            "a section that the grant doesn't cover",
            ci.explain(uncovered("web", Access::Read), Access::Read),
        ),
        (
            "a write that the grant doesn't cover",
            ci.explain(uncovered("db", write), write),
        ),
        (
            "a grant that is not written down",
            ci.explain(StoreError::Unlisted(is("ci")), Access::Read),
        ),
    ];
    let mut book = Book::default();
    for (title, failure) in failures {
        book.failure(title, &failure);
    }
    book.keep("session_denial");
}

fn not_assumed(role: &str, caller: &str) -> OpenError {
    let refused = if caller.ends_with(":root") {
        let said = "Roles may not be assumed by root accounts.";
        failed(Fault::Denied, Some("AccessDenied"), said)
    } else {
        denied_to(caller, "sts:AssumeRole", role)
    };
    OpenError::Aws(AwsError::AssumeDenied {
        role: role.into(),
        caller: caller.into(),
        source: refused.into(),
    })
}

/// STS gives no reason here, as it tells nobody of another account whose policy lacks what.
fn tags_not_passed(role: &str, caller: &str) -> OpenError {
    let said = format!("User: {caller} is not authorized to perform: sts:TagSession on resource: {role}");
    OpenError::Aws(AwsError::AssumeDenied {
        role: role.into(),
        caller: caller.into(),
        source: failed(Fault::Denied, Some("AccessDenied"), &said).into(),
    })
}

async fn of_opening(role: Option<Role>, profile: Option<&str>, error: OpenError) -> Failure {
    let mut session = session(role, None);
    let target = Target {
        profile: profile.map(|profile| Setting {
            value: profile.into(),
            origin: crate::context::SettingOrigin::Environment("AWS_PROFILE"),
        }),
        ..session.target().expect("there is one").clone()
    };
    let purpose = "dynamodb:GetItem and dynamodb:Query on /db/url".into();
    session.explain_open(&target, error, purpose).await
}

#[tokio::test]
async fn of_a_store_that_can_not_be_opened() {
    let sso = "arn:aws:sts::111122223333:assumed-role/deploy/ann";
    let root = "arn:aws:iam::111122223333:root";
    let expired = failed(
        Fault::Credentials,
        Some("ExpiredToken"),
        "The security token included in the request is expired",
    );
    let cases = [
        ("the read role, of a user", None, None, not_assumed(READ, ANN)),
        ("the read role, of a session", None, None, not_assumed(READ, sso)),
        (
            "the read role, of a session with tags",
            None,
            None,
            tags_not_passed(READ, sso),
        ),
        (
            "the role of a grant, of a session with tags",
            Some(Role::Grant(is("ci"))),
            None,
            tags_not_passed(GRANT, sso),
        ),
        (
            "the role of a grant",
            Some(Role::Grant(is("ci"))),
            None,
            not_assumed(GRANT, ANN),
        ),
        ("of the root user", None, None, not_assumed(READ, root)),
        (
            "credentials of a profile",
            None,
            Some("work"),
            OpenError::Aws(AwsError::Credentials {
                problem: "credentials expired".into(),
                source: Some(expired.into()),
            }),
        ),
        (
            "a file that is not there",
            None,
            None,
            OpenError::Store(StoreError::NoConfig {
                config: "payments".into(),
                place: Some("/home/ann/.local/share/discfg/payments.db".into()),
            }),
        ),
    ];
    let mut book = Book::default();
    for (title, role, profile, error) in cases {
        book.failure(title, &of_opening(role, profile, error).await);
    }
    book.keep("session_open");
}
