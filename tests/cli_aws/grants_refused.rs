//! What `grant` refuses, and GitHub's jobs, which need more than a role.

use serde_json::json;

use support::account::Account;
use support::cli::{Outcome, Place};
use support::config;
use support::emulator::Emulator;
use support::grants::{deployed, developer, line, trust};
use support::proxy::Proxy;

fn stacks(account: &Account) -> String {
    let listed = account.query(&account.root(), "cloudformation", "2010-05-15", "ListStacks", &[]);
    listed.expect("root may list stacks")
}

fn grant(place: &Place, flags: &[&str]) -> Outcome {
    place.args([&["grant", "team", "--yes"], flags].concat()).run()
}

#[test]
fn bad_input_is_named_and_nothing_is_made() {
    let (account, proxy, place) = deployed();
    let good = developer(&account);
    proxy.forget();
    let principal = |arn: &str| {
        grant(&place, &["--read", "db", "--principal", arn])
            .code(2)
            .stdout("")
    };
    principal("*").stderr_has("invalid principal \"*\"");
    principal("arn:*:*:*:*:*").stderr_has("`*` and `?` are allowed only in the name of a role or a user");
    principal("arn:aws:iam::111122223333:group/devs").stderr_has("neither a role nor a user");
    principal("arn:aws:sts::111122223333:assumed-role/app/i-1")
        .stderr_has("it is a session; use its role, arn:aws:iam::111122223333:role/app");
    principal("arn:aws-cn:iam::111122223333:role/app")
        .stderr_has("is in partition aws-cn, but the config is in aws");
    principal("arn:aws:iam::111122223333:role/app")
        .stderr_has("is in account 111122223333")
        .stderr_has(&format!("the config's account, {}", account.id()));

    let flags = |flags: &[&str]| {
        grant(&place, &[flags, &["--principal", &good]].concat())
            .code(2)
            .stdout("")
    };
    flags(&["--read", "db", "--read", "/db"]).stderr_has("section /db is given twice");
    flags(&["--read", "@config"])
        .stderr_has("invalid section \"@config\"")
        .stderr_has("or @root");
    flags(&["--read", "db/url"]).stderr_has("invalid section \"db/url\"");
    flags(&["--read", "db", "--write", "web"]).stderr_has("cannot be used with");
    flags(&["--read", "db", "--create-oidc-provider"])
        .stderr_has("--create-oidc-provider requires --github or --oidc");
    flags(&[])
        .stderr_has("a new grant needs sections")
        .stderr_has("--read db");
    grant(&place, &["--read", "db"])
        .code(2)
        .stdout("")
        .stderr_has("a new grant needs a principal")
        .stderr_has("--principal ARN");
    for job in [
        "acme/shop",
        "acme/shop:pull_request",
        "acme/shop:environment:*",
        "acme@1/shop:environment:live",
    ] {
        grant(&place, &["--read", "db", "--github", job])
            .code(2)
            .stdout("")
            .stderr_has(&format!("invalid GitHub job {job:?}"))
            .stderr_has("ORG/REPO:environment:NAME");
    }
    for name in ["read", "self", "A", "a--b"] {
        let call = ["grant", name, "--read", "db", "--principal", &good, "--yes"];
        place
            .args(call)
            .run()
            .code(2)
            .stdout("")
            .stderr_has("invalid grant name");
    }
    let long = "g".repeat(36);
    place
        .args(["grant", &long, "--read", "db", "--principal", &good, "--yes"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("IAM allows 64, which leaves 34 for the name of a grant of this config");
    let sections: Vec<String> = (0..150)
        .map(|n| format!("--write=section-{n:04}-with-a-name"))
        .collect();
    let sections: Vec<&str> = sections.iter().map(String::as_str).collect();
    grant(&place, &[&sections[..], &["--principal", &good]].concat())
        .code(8)
        .stdout("")
        .stderr_has("too many sections for the policy of discfg-payments--team: their names take");
    assert!(!stacks(&account).contains("discfg-payments--"));
    assert_eq!(proxy.count("CreateChangeSet"), 0);
    assert_eq!(line(&account, "team"), None);
}

#[test]
fn a_grant_needs_its_config() {
    let (account, _proxy, place) = deployed();
    let flags = ["--read", "db", "--principal", &developer(&account), "--yes"];
    place
        .args([&["grant", "nosuch", "team"][..], &flags].concat())
        .run()
        .code(3)
        .stdout("")
        .stderr_has("config \"nosuch\" not found (no stack discfg-nosuch")
        .stderr_has("discfg init nosuch");
    place
        .args(["revoke", "nosuch", "team", "--yes"])
        .run()
        .code(3)
        .stdout("");
}

#[test]
fn a_config_that_is_not_ours_or_not_there_yet_has_no_grants() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
    let topic = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#;
    let of = [("StackName", "discfg-payments"), ("TemplateBody", topic)];
    let change_set = [&of[..], &[("ChangeSetName", "c"), ("ChangeSetType", "CREATE")]].concat();
    let (who, version) = (account.root(), "2010-05-15");
    let made = account.query(&who, "cloudformation", version, "CreateChangeSet", &change_set);
    made.expect("root may");
    let said = "config \"payments\" is not ready: the stack discfg-payments is in REVIEW_IN_PROGRESS";
    let flags = ["--read", "db", "--principal", &developer(&account)];
    grant(&place, &flags).code(3).stdout("").stderr_has(said);
    place.args(["grants"]).run().code(3).stdout("").stderr_has(said);
    account.deploy("discfg-foreign", topic, &[]);
    let grants = place.args(["grants", "foreign"]).run().code(7).stdout("");
    grants.stderr_has("the stack discfg-foreign was not created by discfg");
}

#[test]
fn the_embedded_engine_has_no_grants() {
    let place = config::embedded();
    for args in [
        &["grant", "team", "--read", "db"][..],
        &["revoke", "team"],
        &["grants"],
    ] {
        place
            .args(args)
            .run()
            .code(2)
            .stdout("")
            .stderr_has("the embedded engine has no grants");
    }
}

#[test]
fn who_may_not_deploy_is_told_which_permission_is_missing() {
    let (account, _proxy, place) = deployed();
    let flags = [
        "grant",
        "team",
        "--read",
        "db",
        "--principal",
        &developer(&account),
        "--yes",
    ];
    let place = place.who(&account.developer());
    place
        .args(flags)
        .run()
        .code(5)
        .stdout("")
        .stderr_has("access denied: cloudformation:DescribeStacks");
    place
        .args(["grants"])
        .run()
        .code(5)
        .stderr_has("access denied: cloudformation:DescribeStacks");
    place
        .args(["revoke", "team", "--yes"])
        .run()
        .code(5)
        .stderr_has("access denied: cloudformation:DescribeStacks");
}

#[test]
fn what_is_deployed_and_not_written_down_is_told() {
    let (account, proxy, place) = deployed();
    proxy.on("PutItem").times(1).deny();
    grant(&place, &["--read", "new", "--principal", &developer(&account)])
        .code(5)
        .stdout("")
        .stderr_has("access denied: dynamodb:PutItem")
        .stderr_has("then rerun the command");
    assert_eq!(line(&account, "team"), None);
    grant(&place, &[])
        .code(0)
        .stdout_has("team of payments: unchanged");
    assert!(line(&account, "team").is_some());
}

fn oidc(account: &Account, action: &str, parameters: &[(&str, &str)]) -> String {
    account.iam(action, parameters)
}

fn providers(account: &Account) -> usize {
    let listed = oidc(account, "ListOpenIDConnectProviders", &[]);
    listed
        .matches("oidc-provider/token.actions.githubusercontent.com")
        .count()
}

#[test]
fn a_job_gets_a_grant_by_its_exact_subject() {
    let (account, proxy, place) = deployed();
    let job = ["--read", "db", "--github", "acme@12/shop@34:environment:live"];
    grant(&place, &job)
        .code(3)
        .stdout("")
        .stderr_has(&format!(
            "no OIDC provider for GitHub in account {}",
            account.id()
        ))
        .stderr_has("add --create-oidc-provider to create it");
    assert_eq!(proxy.count("CreateChangeSet"), 1, "init's own");

    grant(&place, &[&job[..], &["--create-oidc-provider"]].concat())
        .code(0)
        .stderr_has("grants   grant role: allow GitHub to assume it, only for the audience sts.amazonaws.com")
        .stderr_has("create complete          OIDC provider (OidcProvider)")
        .stderr_has("GitHub jobs need no IAM policy of their own. In the workflow, set `role-to-assume: arn:aws:iam::")
        .stderr_lacks("a policy of its own")
        .stdout_has("  GitHub     repo:acme@12/shop@34:environment:live\n");
    assert_eq!(providers(&account), 1);
    let provider = format!(
        "arn:aws:iam::{}:oidc-provider/token.actions.githubusercontent.com",
        account.id()
    );
    assert_eq!(
        trust(&account, "team")["Statement"],
        json!([{
            "Sid": "GitHub", "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": provider},
            "Condition": {"StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": ["repo:acme@12/shop@34:environment:live"],
            }},
        }])
    );
    grant(&place, &["--create-oidc-provider"])
        .code(0)
        .stdout_has("unchanged");

    let other = [
        "grant",
        "other",
        "--read",
        "web",
        "--github",
        "acme/old:ref:refs/heads/main",
        "--yes",
    ];
    place
        .args([&other[..], &["--create-oidc-provider"]].concat())
        .run()
        .code(0)
        .stderr_has("Using the account's existing OIDC provider for GitHub")
        .stderr_lacks("(OidcProvider)");
    place
        .args(["revoke", "team", "--yes"])
        .run()
        .code(0)
        .stderr_has("Kept the OIDC provider for GitHub");
    assert_eq!(providers(&account), 1);
}

#[test]
fn a_provider_that_cannot_be_asked_for_is_no_failure() {
    let (account, proxy, place) = deployed();
    let provider = [
        ("Url", "https://token.actions.githubusercontent.com"),
        ("ClientIDList.member.1", "sigstore"),
    ];
    oidc(&account, "CreateOpenIDConnectProvider", &provider);
    let job = ["--read", "db", "--github", "acme/shop:environment:live"];
    deny_provider(&proxy);
    grant(&place, &job)
        .code(0)
        .stderr_has("(iam:GetOpenIDConnectProvider was denied)")
        .stderr_has("Without one, IAM will reject its tokens: then add --create-oidc-provider");
    grant(&place, &job)
        .code(0)
        .stderr_has("lacks the audience sts.amazonaws.com")
        .stdout_has("unchanged");
}

fn deny_provider(proxy: &Proxy) {
    proxy
        .on("GetOpenIDConnectProvider")
        .times(1)
        .error(403, "AccessDenied", "no");
}

/// The emulator deletes a policy that is attached, as IAM doesn't: the end of the deletion is played.
#[test]
fn a_policy_that_is_attached_elsewhere_is_named_with_its_holder() {
    let (account, proxy, place) = deployed();
    let made = place
        .args([
            "grant",
            "team",
            "--read",
            "db",
            "--principal",
            &developer(&account),
            "--yes",
            "-f",
            "json",
        ])
        .run()
        .code(0)
        .json();
    let (policy, arn) = (&made["grant"]["policy"], &made["stack"]["arn"]);
    let (policy, arn) = (policy.as_str().expect("an ARN"), arn.as_str().expect("an ARN"));
    account.user("holder", &["s3:GetObject"]);
    let attachment = [("UserName", "holder"), ("PolicyArn", policy)];
    account.iam("AttachUserPolicy", &attachment);
    let event = |id: &str, logical: &str, physical: &str, reason: &str| {
        format!(
            "<member><EventId>{id}</EventId><LogicalResourceId>{logical}</LogicalResourceId>\
             <PhysicalResourceId>{physical}</PhysicalResourceId><ResourceStatus>DELETE_FAILED</ResourceStatus>\
             <Timestamp>2026-01-31T08:00:00Z</Timestamp><ResourceStatusReason>{reason}</ResourceStatusReason></member>"
        )
    };
    let events = [
        event("d2", "discfg-payments--team", arn, "[Policy]."),
        event(
            "d1",
            "Policy",
            "p",
            "Cannot delete a policy attached to entities.",
        ),
    ];
    let events = format!(
        "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>{}</StackEvents>\
         </DescribeStackEventsResult></DescribeStackEventsResponse>",
        events.concat()
    );
    proxy
        .on("DeleteStack")
        .answer(200, "<DeleteStackResponse></DeleteStackResponse>");
    proxy.on("DescribeStackEvents").skip(1).answer(200, &events);
    place
        .args(["revoke", "team", "--yes"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has("grant policy (Policy): Cannot delete a policy attached to entities.")
        .stderr_has(&format!(
            "detach the policy from the user holder, then rerun the command: `aws iam detach-user-policy --user-name \
             holder --policy-arn {policy}`"
        ))
        .stderr_lacks("attached to the role");
    assert!(line(&account, "team").is_some(), "the line goes last");
    proxy.calm();
    account.iam("DetachUserPolicy", &attachment);
    place.args(["revoke", "team", "--yes"]).run().code(0);
    assert_eq!(line(&account, "team"), None);
}

#[test]
fn a_protected_stack_is_not_revoked() {
    let (account, _proxy, place) = deployed();
    grant(&place, &["--read", "db", "--principal", &developer(&account)]).code(0);
    let protection = [
        ("StackName", "discfg-payments--team"),
        ("EnableTerminationProtection", "true"),
    ];
    account
        .query(
            &account.root(),
            "cloudformation",
            "2010-05-15",
            "UpdateTerminationProtection",
            &protection,
        )
        .expect("root may protect it");
    place
        .args(["revoke", "team", "--yes"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has("cannot delete the stack discfg-payments--team: termination protection is enabled")
        .stderr_has("--no-enable-termination-protection --stack-name discfg-payments--team");
    assert!(line(&account, "team").is_some());
}
