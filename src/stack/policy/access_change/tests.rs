use super::*;
use crate::stack::policy::resolve::{StackLocation, resources};
use crate::stack::template::config_template::TEMPLATE;
use crate::stack::template::grant::GRANT_TEMPLATE;

const ACCOUNT: &str = "123456789012";

fn made(parameters: &[(&str, &str)]) -> Resources {
    made_by(TEMPLATE, parameters)
}

fn made_by(template: &str, parameters: &[(&str, &str)]) -> Resources {
    let all = [("Config", "payments")].iter().chain(parameters);
    let parameters = all
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let place = StackLocation::of("arn:aws:cloudformation:eu-west-1:123456789012:stack/discfg-payments/x");
    resources(template, &parameters, &place.expect("a place")).expect("the template resolves")
}

fn told(before: &Resources, after: &Resources) -> Vec<String> {
    compare(before, after)
        .into_iter()
        .map(|change| format!("{} {}: {}", change.effect, change.logical_id, change.text))
        .collect()
}

fn between(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<String> {
    told(&made(before), &made(after))
}

#[test]
fn a_new_stack_tells_all_that_it_grants() {
    let table = format!("arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/discfg-payments");
    let reads = "dynamodb:BatchGetItem, dynamodb:DescribeTable, dynamodb:GetItem, dynamodb:Query";
    let writes = "dynamodb:ConditionCheckItem, dynamodb:DeleteItem, dynamodb:PutItem, dynamodb:UpdateItem";
    let anyone = format!(
        "any principal in account {ACCOUNT} whose own policy allows sts:AssumeRole and sts:TagSession"
    );
    assert_eq!(
        told(&Resources::new(), &made(&[])),
        [
            format!("broadens ReadPolicy: allow {reads} on {table}"),
            format!("broadens WritePolicy: allow {reads} on {table}"),
            format!("broadens WritePolicy: allow {writes} on {table}"),
            format!("broadens ReadRole: {anyone}"),
            format!("broadens WriteRole: {anyone}"),
        ]
    );
}

#[test]
fn nothing_changed_says_nothing() {
    assert_eq!(between(&[], &[]), [""; 0]);
    assert_eq!(
        between(&[], &[("HistoryDays", "7"), ("BillingMode", "PROVISIONED")]),
        [""; 0]
    );
    let pair = "arn:aws:iam::1:role/a, arn:aws:iam::1:role/b";
    let turned = "arn:aws:iam::1:role/b,arn:aws:iam::1:role/a";
    assert_eq!(between(&[("Readers", pair)], &[("Readers", turned)]), [""; 0]);
}

#[test]
fn a_reader_more_broadens_and_one_that_a_pattern_covers_does_not() {
    let a = ("Readers", "arn:aws:iam::1:role/a");
    assert_eq!(
        between(
            &[a],
            &[("Readers", "arn:aws:iam::1:role/a,arn:aws:iam::1:role/b")]
        ),
        ["broadens ReadRole: now also for principals like arn:aws:iam::1:role/b"]
    );
    assert_eq!(
        between(
            &[("Readers", "arn:aws:iam::1:role/*")],
            &[("Readers", "arn:aws:iam::1:role/*,arn:aws:iam::1:role/b")]
        ),
        [""; 0]
    );
    assert_eq!(
        between(&[a], &[("Readers", "arn:aws:iam::1:role/b")]),
        [
            "broadens ReadRole: now also for principals like arn:aws:iam::1:role/b",
            "narrows ReadRole: no longer for principals like arn:aws:iam::1:role/a",
        ]
    );
}

#[test]
fn naming_readers_narrows_and_anyone_again_broadens() {
    let named = [("Writers", "arn:aws:iam::1:role/a")];
    assert_eq!(
        between(&[], &named),
        ["narrows WriteRole: no longer any principal whose own policy allows sts:AssumeRole"]
    );
    assert_eq!(
        between(&named, &[]),
        ["broadens WriteRole: now also any principal whose own policy allows sts:AssumeRole"]
    );
}

#[test]
fn other_accounts_and_jobs_are_named_with_their_bounds() {
    let more = [
        ("AccountIds", "210987654321"),
        ("OrgId", "o-a1b2c3d4e5"),
        ("GitHubSubjects", "repo:acme/shop:environment:production"),
    ];
    let other = "any principal in account 210987654321 whose own policy allows sts:AssumeRole and sts:TagSession, \
                 only from the organization o-a1b2c3d4e5";
    assert_eq!(
        between(&[], &more),
        [
            format!("broadens ReadRole: {other}"),
            "broadens ReadRole: allow GitHub to assume it, only for the audience sts.amazonaws.com, only for the jobs \
             repo:acme/shop:environment:production"
                .to_owned(),
            format!("broadens WriteRole: {other}"),
        ]
    );
    let lines = between(&more, &[]);
    assert!(
        lines
            .iter()
            .all(|line| line.starts_with("narrows ") && line.contains(": removed: ")),
        "{lines:#?}"
    );
    assert_eq!(lines.len(), 3);
}

const MAIN: &str = "gitlab.com|https://gitlab.com|project_path:acme/shop:ref_type:branch:ref:main";
const POD: &str = "oidc.eks.eu-west-1.amazonaws.com/id/0A|sts.amazonaws.com|system:serviceaccount:web:a,\
                   system:serviceaccount:web:b";

/// With an issuer the trust is another text in the template, which must say all that the other form says.
#[test]
fn an_oidc_issuer_adds_its_statement_and_nothing_else() {
    let every = [
        ("Readers", "arn:aws:iam::1:role/a,arn:aws:iam::*:user/b"),
        ("AccountIds", "210987654321,333333333333"),
        ("OrgId", "o-a1b2c3d4e5"),
        ("ExternalId", "acme-7"),
        (
            "GitHubSubjects",
            "repo:acme/shop:environment:production,repo:acme/shop:ref:refs/heads/main",
        ),
    ];
    let added = [
        "allow gitlab.com to assume it, only for the audience https://gitlab.com, only for the subjects \
         project_path:acme/shop:ref_type:branch:ref:main",
        "allow oidc.eks.eu-west-1.amazonaws.com/id/0A to assume it, only for the audience sts.amazonaws.com, only for \
         the subjects \
         system:serviceaccount:web:a, system:serviceaccount:web:b",
        "allow ci.example.com to assume it, only for the audience a b, only for the subjects deploy to eu",
    ];
    let issuers = [
        ("FirstOidc", MAIN),
        ("SecondOidc", POD),
        ("ThirdOidc", "ci.example.com|a b|deploy to eu"),
    ];
    // With all of the trust, and with as little as there can be.
    for base in [&every[..], &every[..2], &every[..3], &every[4..], &[]] {
        for count in 1..=3 {
            let with: Vec<_> = base.iter().chain(&issuers[..count]).copied().collect();
            let lines = |effect: &str| -> Vec<String> {
                let of = added[..count].iter();
                of.map(|text| format!("{effect}{text}")).collect()
            };
            assert_eq!(between(base, &with), lines("broadens ReadRole: "));
            assert_eq!(between(&with, base), lines("narrows ReadRole: removed: "));
        }
    }
    let twice = [("FirstOidc", MAIN), ("SecondOidc", POD)];
    let turned = [("FirstOidc", POD), ("SecondOidc", MAIN)];
    assert_eq!(between(&twice, &turned), [""; 0]);
    assert_eq!(
        between(&twice, &turned[..1]),
        [format!("narrows ReadRole: removed: {}", added[0])]
    );
    let more = MAIN.replace(":main", ":main,project_path:acme/shop:ref_type:tag:ref:v1");
    assert_eq!(
        between(&twice[..1], &[("FirstOidc", &more)]),
        ["broadens ReadRole: now also for the subjects project_path:acme/shop:ref_type:tag:ref:v1"]
    );
}

#[test]
fn a_grants_trust_says_the_same_with_an_oidc_issuer() {
    let of = |more: &[(&str, &str)]| {
        let base = [("Grant", "ci"), ("Sections", "/db")];
        let all: Vec<_> = base.iter().chain(more).copied().collect();
        made_by(GRANT_TEMPLATE, &all)
    };
    let principals = ("Principals", "arn:aws:iam::1:role/a,arn:aws:iam::1:user/b");
    let jobs = ("GitHubSubjects", "repo:acme/shop:environment:production");
    let main = "allow gitlab.com to assume it, only for the audience https://gitlab.com, only for the subjects \
                project_path:acme/shop:ref_type:branch:ref:main";
    for base in [&[principals, jobs][..], &[principals], &[jobs], &[]] {
        let with: Vec<_> = base.iter().copied().chain([("FirstOidc", MAIN)]).collect();
        assert_eq!(told(&of(base), &of(&with)), [format!("broadens Role: {main}")]);
        assert_eq!(
            told(&of(&with), &of(base)),
            [format!("narrows Role: removed: {main}")]
        );
    }
    let provider = [
        ("CreateOidcProvider", "true"),
        ("OidcProviderIssuer", "gitlab.com"),
        jobs,
    ];
    assert_eq!(
        told(&of(&[jobs]), &of(&provider)),
        ["broadens OidcProvider: roles of this account can trust its tokens"]
    );
    let next = [provider[0], ("OidcProviderIssuer", "gitlab.example.com"), jobs];
    assert_eq!(
        told(&of(&provider), &of(&next)),
        ["broadens OidcProvider: roles of this account can trust its tokens"]
    );
}

#[test]
fn tags_of_sessions_that_pass_on_now_broaden() {
    let before = TEMPLATE.replace("[sts:AssumeRole, sts:TagSession]", "sts:AssumeRole");
    assert_eq!(
        told(&made_by(&before, &[]), &made(&[])),
        [
            "broadens ReadRole: now also sts:TagSession",
            "broadens WriteRole: now also sts:TagSession"
        ]
    );
}

#[test]
fn a_bound_that_goes_broadens() {
    let bound = [
        ("AccountIds", "210987654321"),
        ("OrgId", "o-a1b2c3d4e5"),
        ("ExternalId", "between-us"),
    ];
    let less = [bound[0], bound[1]];
    let lines = between(&bound, &less);
    assert_eq!(
        lines,
        [
            "broadens ReadRole: no longer only with the external ID between-us",
            "broadens WriteRole: no longer only with the external ID between-us",
        ]
    );
    assert_eq!(
        between(&less, &bound)[0],
        "narrows ReadRole: now only with the external ID between-us"
    );
}

#[test]
fn a_boundary_that_goes_broadens_and_another_one_is_unclear() {
    let a = [("PermissionsBoundary", "arn:aws:iam::123456789012:policy/a")];
    let b = [("PermissionsBoundary", "arn:aws:iam::123456789012:policy/b")];
    assert_eq!(
        between(&a, &[])[0],
        "broadens ReadRole: no longer limited by the permissions boundary arn:aws:iam::123456789012:policy/a"
    );
    assert_eq!(
        between(&[], &a)[1],
        "narrows WriteRole: now limited by the permissions boundary arn:aws:iam::123456789012:policy/a"
    );
    assert!(between(&a, &b)[0].starts_with("unclear ReadRole: now limited by the permissions boundary"));
}

#[test]
fn an_older_template_is_compared_by_what_it_allows() {
    let older = TEMPLATE
        .replacen("              - dynamodb:Query\n", "", 1)
        .replace("dynamodb:ConditionCheckItem", "dynamodb:*");
    assert_eq!(
        told(&made_by(&older, &[]), &made(&[])),
        [
            "broadens ReadPolicy: now also dynamodb:Query",
            "narrows WritePolicy: no longer dynamodb:*",
        ]
    );
}

#[test]
fn what_cannot_be_told_is_unclear_and_never_passes_as_equal() {
    let imported = TEMPLATE.replacen(
        "aws:PrincipalArn: {Ref: Readers}",
        "aws:PrincipalArn: {\"Fn::ImportValue\": readers}",
        1,
    );
    let lines = told(&made(&[]), &made_by(&imported, &[]));
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(
        lines[0].starts_with("unclear ReadRole: cannot evaluate its AssumeRolePolicyDocument"),
        "{lines:#?}"
    );
    let back = told(&made_by(&imported, &[]), &made(&[]));
    assert_eq!(back.len(), 2, "all that the role will trust is listed: {back:#?}");
    assert!(
        back[0].starts_with("broadens ReadRole: any principal"),
        "{back:#?}"
    );
}

#[test]
fn the_short_form_of_intrinsics_means_the_same() {
    let short = TEMPLATE.replace("{Ref: Readers}", "!Ref Readers").replace(
        "Fn::Sub: \"arn:${AWS::Partition}:iam::${AWS::AccountId}:root\"",
        "!Sub \"arn:${AWS::Partition}:iam::${AWS::AccountId}:root\"",
    );
    assert_ne!(short, TEMPLATE);
    assert_eq!(told(&made_by(&short, &[]), &made(&[])), [""; 0]);
}

#[test]
fn less_denied_is_more_allowed() {
    let policy = |effect: &str, actions: &[&str]| {
        let document = serde_json::json!({"Statement": [
            {"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Sid": "D", "Effect": effect, "Action": actions, "Resource": "*"},
        ]});
        let kind = "AWS::IAM::ManagedPolicy".to_owned();
        let properties = BTreeMap::from([("PolicyDocument".to_owned(), Ok(document))]);
        Resources::from([("P".to_owned(), Resource { kind, properties })])
    };
    let two = policy("Deny", &["s3:GetObject", "s3:PutObject"]);
    let one = policy("Deny", &["s3:GetObject"]);
    assert_eq!(told(&two, &one), ["broadens P: denied: no longer s3:PutObject"]);
    assert_eq!(told(&one, &two), ["narrows P: denied: now also s3:PutObject"]);
}

#[test]
fn a_policy_tied_to_another_role_broadens() {
    let tied = TEMPLATE.replacen(
        "        - Ref: ReadPolicy\n",
        "        - Ref: ReadPolicy\n        - Ref: WritePolicy\n",
        1,
    );
    assert_eq!(
        told(&made(&[]), &made_by(&tied, &[])),
        ["broadens ReadRole: now includes write policy"]
    );
}

#[test]
fn a_key_and_a_provider_say_what_they_let_in() {
    let key = |principal: &str| {
        let document = serde_json::json!({"Statement": [{
            "Sid": "Use", "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:Decrypt", "Resource": "*",
            "Condition": {"StringEquals": {"kms:ViaService": "dynamodb.eu-west-1.amazonaws.com"}},
        }]});
        let kind = "AWS::KMS::Key".to_owned();
        let properties = BTreeMap::from([("KeyPolicy".to_owned(), Ok(document))]);
        Resources::from([("Key".to_owned(), Resource { kind, properties })])
    };
    let root = key("arn:aws:iam::123456789012:root");
    assert_eq!(
        told(&Resources::new(), &root),
        [
            "broadens Key: allow kms:Decrypt on * for account 123456789012, only through \
             dynamodb.eu-west-1.amazonaws.com"
        ]
    );
    assert_eq!(
        told(&root, &key("123456789012")),
        [""; 0],
        "the same account, otherwise written"
    );
    assert_eq!(told(&root, &key("*")), ["broadens Key: now also everyone"]);

    let provider = Resource {
        kind: "AWS::IAM::OIDCProvider".into(),
        properties: BTreeMap::new(),
    };
    let after = Resources::from([("GitHub".to_owned(), provider)]);
    assert_eq!(
        told(&Resources::new(), &after),
        ["broadens GitHub: roles of this account can trust its tokens"]
    );
}

#[test]
fn a_resource_that_discfg_does_not_know_is_unclear() {
    let user = Resource {
        kind: "AWS::IAM::User".into(),
        properties: BTreeMap::new(),
    };
    let after = Resources::from([("Someone".to_owned(), user)]);
    assert_eq!(
        told(&Resources::new(), &after),
        ["unclear Someone: cannot determine what it allows"]
    );
    assert_eq!(told(&after, &after), [""; 0]);
    assert_eq!(
        told(&after, &Resources::new()),
        ["narrows Someone: is deleted, with its permissions"]
    );
}
