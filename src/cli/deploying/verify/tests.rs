use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::model::Timestamp;
use crate::stack::StackState;

fn caller(arn: &str) -> CallerIdentity {
    CallerIdentity {
        arn: arn.into(),
        account: "123456789012".into(),
    }
}

fn trust(patterns: &[&str]) -> PolicyDocument {
    let document = json!({"Statement": [{
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": patterns}},
    }, {
        "Effect": "Allow",
        "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }]});
    PolicyDocument::from_json(&document).expect("a document")
}

#[test]
fn the_trust_tells_who_is_a_reader() {
    let user = "arn:aws:iam::123456789012:user/team/ann";
    let session = "arn:aws:sts::123456789012:assumed-role/Deploy/ci";
    for (arn, pattern) in [
        (user, "arn:*:*:*:*:*"),
        (user, "arn:aws:iam::123456789012:user/team/*"),
        (session, "arn:aws:iam::123456789012:role/Deploy"),
        (session, "arn:aws:iam::123456789012:role/some/path/Deploy"),
        (
            session,
            "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/Dep*",
        ),
    ] {
        assert_eq!(
            trusts(&trust(&[pattern]), &caller(arn)),
            DeployerTrust::Given,
            "{pattern} is {arn}"
        );
    }
    for (arn, pattern) in [
        (user, "arn:aws:iam::123456789012:user/ann"),
        (user, "arn:aws:iam::123456789012:role/ann"),
        (session, "arn:aws:iam::123456789012:role/Other"),
        (session, "arn:aws:iam::210987654321:role/Deploy"),
        (session, "arn:aws:iam::123456789012:user/Deploy"),
    ] {
        assert_eq!(
            trusts(&trust(&[pattern]), &caller(arn)),
            DeployerTrust::Refused(vec![pattern.to_owned()]),
            "{pattern} isn't {arn}"
        );
    }
}

fn denied() -> ReadDenial {
    ReadDenial::Role
}

fn deployed(readers: &str) -> Deployed {
    Deployed {
        name: "discfg-payments".into(),
        arn: String::new(),
        state: StackState::UpdateComplete,
        reason: None,
        created: Timestamp::from_epoch(0),
        since: Timestamp::from_epoch(0),
        parameters: BTreeMap::from([("Readers".to_owned(), readers.to_owned())]),
        outputs: BTreeMap::new(),
        tags: BTreeMap::new(),
        cfn_role: None,
        protected: false,
    }
}

#[test]
fn a_trust_that_lags_behind_the_stack_is_no_refusal() {
    let ann = caller("arn:aws:iam::123456789012:user/ann");
    let trusted = || trusts(&trust(&["arn:aws:iam::123456789012:user/ben"]), &ann);
    let both = deployed("arn:aws:iam::123456789012:user/ben, arn:aws:iam::123456789012:user/ann");
    assert_eq!(trusted().unless_named_by(&both, &ann), DeployerTrust::Given);
    let ben = deployed("arn:aws:iam::123456789012:user/ben");
    assert!(matches!(
        trusted().unless_named_by(&ben, &ann),
        DeployerTrust::Refused(_)
    ));
    assert_eq!(
        DeployerTrust::Unknown.unless_named_by(&both, &ann),
        DeployerTrust::Unknown
    );
}

/// How often was tried, for how long, and whether it worked, if it works after `works_after`.
async fn tried(patience: Duration, works_after: Duration) -> (u32, Duration, bool) {
    let began = Instant::now();
    let tries = Cell::new(0);
    let outcome = retry_until_spread::<(), ()>(
        patience,
        async || {
            tries.set(tries.get() + 1);
            let works = began.elapsed() >= works_after;
            Ok(if works { Ok(()) } else { Err(denied()) })
        },
        async |_| true,
    );
    let worked = outcome.await.expect("no attempt fails").is_ok();
    (tries.get(), began.elapsed(), worked)
}

#[tokio::test(start_paused = true)]
async fn a_role_is_waited_for_a_minute_and_no_longer() {
    let (tries, took, worked) = tried(SPREADS_WITHIN, Duration::from_mins(10)).await;
    assert!(!worked);
    assert!(
        took > Duration::from_secs(45) && took <= SPREADS_WITHIN,
        "{took:?}"
    );
    assert!((8..=15).contains(&tries), "{tries}");

    let (_, took, worked) = tried(SPREADS_WITHIN, Duration::from_secs(20)).await;
    assert!(worked, "a role that spreads in time is proved");
    assert!(took < Duration::from_secs(30), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_was_there_before_is_not_waited_for() {
    assert_eq!(
        tried(Duration::ZERO, Duration::from_mins(10)).await,
        (1, Duration::ZERO, false)
    );
}

#[tokio::test(start_paused = true)]
async fn what_waiting_cannot_mend_is_not_waited_for() {
    let began = Instant::now();
    let outcome =
        retry_until_spread::<(), ()>(SPREADS_WITHIN, async || Ok(Err(denied())), async |_| false).await;
    assert!(outcome.expect("no attempt fails").is_err());
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[test]
fn each_answer_says_what_is_known() {
    let said = |trust: Option<&DeployerTrust>, fresh| {
        explain_denial(
            &denied(),
            trust,
            "the-role",
            &caller("arn:aws:iam::123456789012:user/ann"),
            fresh,
        )
    };
    let refused = DeployerTrust::Refused(vec!["arn:aws:iam::123456789012:user/ben".into()]);
    assert_eq!(
        said(Some(&refused), true),
        "You can't read this config yourself: the role the-role trusts arn:aws:iam::123456789012:user/ben, and you are \
         arn:aws:iam::123456789012:user/ann."
    );
    let given = said(Some(&DeployerTrust::Given), true);
    assert!(
        given.starts_with("Not verified within 60 s: the role the-role trusts you"),
        "{given}"
    );
    assert!(
        given.contains("not propagated it yet") && given.contains("sts:AssumeRole on it"),
        "{given}"
    );
    let settled = said(Some(&DeployerTrust::Given), false);
    assert!(
        settled.starts_with("Not verified: ") && !settled.contains("propagated"),
        "{settled}"
    );
    let unknown = said(Some(&DeployerTrust::Unknown), true);
    assert!(
        unknown.contains("you are not a reader, or IAM has not propagated"),
        "{unknown}"
    );
    assert!(unknown.contains("iam:GetRole"), "{unknown}");
    let ann = caller("arn:aws:iam::123456789012:user/ann");
    let tags = explain_denial(
        &ReadDenial::Tags,
        Some(&DeployerTrust::Given),
        "the-role",
        &ann,
        true,
    );
    assert_eq!(
        tags,
        "Not verified within 60 s: your session (arn:aws:iam::123456789012:user/ann) has tags that pass on to the role \
         the-role, so your own policies must also allow sts:TagSession on it."
    );
}
