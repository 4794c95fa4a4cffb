use serde_json::{Value, json};

use super::*;

const ACCOUNT: &str = "123456789012";
const GITHUB: &str = OidcIssuer::GITHUB;
/// What is done to a statement.
type Change = fn(&mut Value);

/// What the statements for principals allow.
const ASSUMING: [&str; 2] = ["sts:AssumeRole", "sts:TagSession"];
const EKS: &str = "oidc.eks.eu-central-1.amazonaws.com/id/0A1B";
const ANN: &str = "arn:aws:iam::123456789012:user/ann";

fn root() -> Value {
    json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:root")})
}

fn this_account(patterns: &[&str]) -> Value {
    json!({
        "Sid": "ThisAccount", "Effect": "Allow", "Principal": root(), "Action": ASSUMING,
        "Condition": {"ArnLike": {"aws:PrincipalArn": patterns}},
    })
}

fn other_accounts() -> Value {
    json!({
        "Sid": "OtherAccounts", "Effect": "Allow", "Principal": {"AWS": "210987654321"},
        "Action": ASSUMING,
        "Condition": {
            "ArnLike": {"aws:PrincipalArn": "arn:*:*:*:*:*"},
            "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5", "sts:ExternalId": "acme-7"},
        },
    })
}

fn github() -> Value {
    let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}");
    json!({
        "Sid": "GitHub", "Effect": "Allow", "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": ["repo:acme/shop:environment:production"],
        }},
    })
}

/// A token of GitHub's.
fn job(subject: &str) -> Asker<'_> {
    Asker::Oidc {
        issuer: GITHUB,
        subject,
        audience: "sts.amazonaws.com",
    }
}

/// What a template makes for an issuer beyond GitHub.
fn oidc(issuer: &str, audience: &str, subjects: &[&str]) -> Value {
    json!({
        "Sid": "FirstOidc", "Effect": "Allow",
        "Principal": {"Federated": format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}")},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {format!("{issuer}:aud"): audience, format!("{issuer}:sub"): subjects}},
    })
}

fn document(statements: &[Value]) -> PolicyDocument {
    PolicyDocument::from_json(&json!({"Statement": statements})).expect("a document")
}

fn judged(statements: &[Value], arn: &str, org: Option<&str>, external: Option<&str>) -> Finding {
    let brought = Brought {
        org_id: org.map(|org| org.parse().expect("an organization")),
        external_id: external.map(|id| id.parse().expect("an external id")),
    };
    judge(
        &document(statements),
        &Asker::Principal(arn),
        TrustedAction::Assume,
        &brought,
    )
}

#[track_caller]
fn assert_is(finding: &Finding, answer: Answer, part: &str) {
    assert_eq!(finding.answer, answer, "{finding:?}");
    assert!(finding.because.contains(part), "{part} in {finding:?}");
}

#[test]
fn who_is_named_is_let_in_and_who_is_not_is_told_for_whom_it_is() {
    let trust = [this_account(&["arn:aws:iam::*:role/ci-*", ANN])];
    let may = |arn: &str| judged(&trust, arn, None, None);
    assert_is(&may(ANN), Answer::Yes, "statement ThisAccount");
    assert_is(&may("arn:aws:iam::123456789012:role/ci-1"), Answer::Yes, "");
    assert_is(
        &may("arn:aws:iam::123456789012:user/bob"),
        Answer::No,
        "it only matches arn:aws:iam::*:role/ci-*",
    );
    // The pattern fits, and the account isn't the one that is trusted.
    assert_is(
        &may("arn:aws:iam::210987654321:role/ci-1"),
        Answer::No,
        "no statement of the trust policy matches it",
    );
}

#[test]
fn another_account_needs_the_organization_and_the_external_id() {
    let trust = [this_account(&["arn:*:*:*:*:*"]), other_accounts()];
    let bob = "arn:aws:iam::210987654321:user/bob";
    let (org, other_org) = (Some("o-a1b2c3d4e5"), Some("o-f1f2f3f4f5"));
    assert_is(
        &judged(&trust, bob, org, Some("acme-7")),
        Answer::Yes,
        "OtherAccounts",
    );
    assert_is(
        &judged(&trust, bob, None, Some("acme-7")),
        Answer::Unknown,
        "--org-id",
    );
    assert_is(&judged(&trust, bob, org, None), Answer::Unknown, "--external-id");
    assert_is(&judged(&trust, bob, None, None), Answer::Unknown, "--org-id");
    assert_is(
        &judged(&trust, bob, other_org, Some("acme-7")),
        Answer::No,
        "the organization o-a1b2c3d4e5",
    );
    assert_is(
        &judged(&trust, bob, other_org, None),
        Answer::No,
        "the organization",
    );
    let wrong = judged(&trust, bob, org, Some("acme-8"));
    assert_is(&wrong, Answer::No, "another external ID");
    assert!(
        !wrong.because.contains("acme-7"),
        "it is told to nobody: {wrong:?}"
    );
}

#[test]
fn a_github_job_is_let_in_by_its_exact_subject() {
    let trust = document(&[this_account(&["arn:*:*:*:*:*"]), github()]);
    let may = |subject: &str| judge(&trust, &job(subject), TrustedAction::Assume, &Brought::default());
    assert_is(
        &may("repo:acme/shop:environment:production"),
        Answer::Yes,
        "GitHub",
    );
    for other in [
        "repo:acme/shop:environment:Production",
        "repo:acme/shop:environment:production2",
        "repo:acme/shop:pull_request",
    ] {
        assert_is(
            &may(other),
            Answer::No,
            "it only matches repo:acme/shop:environment:production",
        );
    }
    let without = document(&[this_account(&["arn:*:*:*:*:*"])]);
    let asker = job("repo:acme/shop:environment:production");
    assert_is(
        &judge(&without, &asker, TrustedAction::Assume, &Brought::default()),
        Answer::No,
        "no statement",
    );
    let mut audience = github();
    audience["Condition"]["StringEquals"]["token.actions.githubusercontent.com:aud"] = json!("other");
    let audience = judge(
        &document(&[audience]),
        &asker,
        TrustedAction::Assume,
        &Brought::default(),
    );
    assert_is(&audience, Answer::No, "the audience other");
}

#[test]
fn a_token_is_let_in_by_its_issuer_subject_and_audience() {
    let (main, pod) = (
        "project_path:acme/shop:ref_type:branch:ref:main",
        "system:serviceaccount:web:shop",
    );
    let trust = document(&[
        this_account(&["arn:*:*:*:*:*"]),
        github(),
        oidc("gitlab.com", "https://gitlab.com", &[main]),
        oidc(EKS, "sts.amazonaws.com", &[pod]),
    ]);
    let may = |issuer, subject, audience| {
        let asker = Asker::Oidc {
            issuer,
            subject,
            audience,
        };
        judge(&trust, &asker, TrustedAction::Assume, &Brought::default())
    };
    let usual = "sts.amazonaws.com";
    assert_is(
        &may("gitlab.com", main, "https://gitlab.com"),
        Answer::Yes,
        "FirstOidc",
    );
    assert_is(&may(EKS, pod, usual), Answer::Yes, "FirstOidc");
    assert_is(
        &may("gitlab.com", main, usual),
        Answer::No,
        "it requires the audience https://gitlab.com",
    );
    let branch = "project_path:acme/shop:ref_type:branch:ref:dev";
    assert_is(
        &may("gitlab.com", branch, "https://gitlab.com"),
        Answer::No,
        "it only matches project_path",
    );
    // Another issuer may write whatever it likes into a subject.
    for issuer in [
        "gitlab.example.com",
        "gitlab.com/x",
        "oidc.eks.eu-central-1.amazonaws.com/id/0A1C",
    ] {
        assert_is(
            &may(issuer, main, "https://gitlab.com"),
            Answer::No,
            "no statement",
        );
        assert_is(&may(issuer, pod, usual), Answer::No, "no statement");
    }
    assert_is(&may(GITHUB, pod, usual), Answer::No, "it only matches repo:");
}

#[test]
fn a_form_that_discfg_does_not_make_is_unknown_and_never_yes() {
    let with = |change: Change| {
        let mut statement = this_account(&[ANN]);
        change(&mut statement);
        judged(&[statement], ANN, None, None)
    };
    let foreign: [(&str, Change); 6] = [
        ("condition Bool aws:MultiFactorAuthPresent", |it| {
            it["Condition"]["Bool"] = json!({"aws:MultiFactorAuthPresent": "true"});
        }),
        ("condition StringLike aws:PrincipalArn", |it| {
            it["Condition"] = json!({"StringLike": {"aws:PrincipalArn": "*"}});
        }),
        ("compared with a value that is not a role or user", |it| {
            it["Condition"]["ArnLike"]["aws:PrincipalArn"] = json!("*");
        }),
        ("names everyone", |it| it["Principal"] = json!("*")),
        ("names everyone", |it| it["Principal"] = json!({"AWS": "*"})),
        ("it names the principal, while discfg names the account", |it| {
            it["Principal"] = json!({"AWS": ANN});
        }),
    ];
    for (part, change) in foreign {
        assert_is(&with(change), Answer::Unknown, part);
    }
    // One that isn't met makes it a no, whatever else is there.
    let no = with(|it| {
        it["Condition"]["Bool"] = json!({"aws:MultiFactorAuthPresent": "true"});
        it["Condition"]["ArnLike"]["aws:PrincipalArn"] = json!("arn:aws:iam::*:user/bob");
    });
    assert_is(&no, Answer::No, "it only matches arn:aws:iam::*:user/bob");
    // Another statement that is known to let it in is enough.
    let mut foreign = this_account(&[ANN]);
    foreign["Condition"]["Bool"] = json!({"aws:MultiFactorAuthPresent": "true"});
    let either = judged(&[foreign, this_account(&[ANN])], ANN, None, None);
    assert_is(&either, Answer::Yes, "ThisAccount");
}

#[test]
fn a_denial_wins_and_one_that_may_be_meant_leaves_no_yes() {
    let deny = |condition: Value| json!({"Sid": "Not", "Effect": "Deny", "Principal": root(), "Action": "sts:*", "Condition": condition});
    let named = json!({"ArnLike": {"aws:PrincipalArn": ANN}});
    let denied = judged(&[this_account(&[ANN]), deny(named.clone())], ANN, None, None);
    assert_is(&denied, Answer::No, "denied by statement Not of the trust policy");
    let bob = "arn:aws:iam::123456789012:user/bob";
    let spared = judged(&[this_account(&["arn:*:*:*:*:*"]), deny(named)], bob, None, None);
    assert_is(&spared, Answer::Yes, "ThisAccount");
    let perhaps = deny(json!({"Bool": {"aws:ViaAWSService": "true"}}));
    let unsure = judged(&[this_account(&[ANN]), perhaps], ANN, None, None);
    assert_is(&unsure, Answer::Unknown, "may deny it");
}

#[test]
fn tags_of_a_session_pass_by_the_same_statements() {
    let all = [this_account(&[ANN]), other_accounts(), github()];
    let brought = Brought {
        org_id: Some("o-a1b2c3d4e5".parse().expect("an organization")),
        external_id: Some("acme-7".parse().expect("an external id")),
    };
    let tags = |statements: &[Value], arn| {
        judge(
            &document(statements),
            &Asker::Principal(arn),
            TrustedAction::Tag,
            &brought,
        )
    };
    let bob = "arn:aws:iam::210987654321:user/bob";
    assert_is(&tags(&all, ANN), Answer::Yes, "ThisAccount");
    assert_is(&tags(&all, bob), Answer::Yes, "OtherAccounts");
    let other = "arn:aws:iam::123456789012:user/bob";
    assert_is(&tags(&all, other), Answer::No, "it only matches arn:aws:iam");
    // As stacks have it that were deployed before.
    let mut before = this_account(&[ANN]);
    before["Action"] = json!("sts:AssumeRole");
    assert_is(&tags(&[before.clone()], ANN), Answer::No, "no statement");
    assert_is(&judged(&[before], ANN, None, None), Answer::Yes, "ThisAccount");
}

#[test]
fn other_actions_and_other_kinds_of_principals_are_passed_over() {
    let mut tag = this_account(&[ANN]);
    tag["Action"] = json!("sts:TagSession");
    let mut service = this_account(&[ANN]);
    service["Principal"] = json!({"Service": "ec2.amazonaws.com"});
    let mut saml = github();
    saml["Principal"] = json!({"Federated": format!("arn:aws:iam::{ACCOUNT}:saml-provider/acme")});
    let finding = judged(&[tag, service, saml], ANN, None, None);
    assert_is(
        &finding,
        Answer::No,
        "no statement of the trust policy matches it",
    );
    let mut wide = this_account(&[ANN]);
    wide["Action"] = json!("STS:Assume*");
    assert_is(&judged(&[wide], ANN, None, None), Answer::Yes, "");
}

#[test]
fn whom_a_trust_names_is_read_from_its_conditions() {
    let (main, pod) = (
        "project_path:acme/shop:ref_type:branch:ref:main",
        "system:serviceaccount:web:shop",
    );
    let named = named(&document(&[
        this_account(&["arn:aws:iam::*:role/ci-*", ANN]),
        other_accounts(),
        github(),
        oidc("gitlab.com", "https://gitlab.com", &[main, "project_path:acme/*"]),
        oidc(EKS, "sts.amazonaws.com", &[pod]),
        oidc(GITHUB, "sts.amazonaws.com", &["repo:acme/shop:pull_request"]),
    ]));
    let patterns: Vec<&str> = named.patterns.iter().map(PrincipalPattern::as_str).collect();
    assert_eq!(patterns, ["arn:*:*:*:*:*", "arn:aws:iam::*:role/ci-*", ANN]);
    let subjects: Vec<String> = named.subjects.iter().map(ToString::to_string).collect();
    assert_eq!(
        subjects,
        [
            "repo:acme/shop:environment:production".to_owned(),
            format!("https://gitlab.com,{main},https://gitlab.com"),
            format!("https://{EKS},{pod}"),
            // discfg would refuse these; a role trusts them all the same.
            "https://gitlab.com,project_path:acme/*,https://gitlab.com".to_owned(),
            "repo:acme/shop:pull_request".to_owned(),
        ]
    );
}
