//! The policies that docs/deployer.md and docs/api.md give to a deployer suffice, and nothing in them is left out.

use aws_credential_types::Credentials;
use serde_json::{Value, json};

use support::account::{Account, REGION};
use support::cli::Place;
use support::emulator::Emulator;
use support::front::{stub, zip};
use support::markdown::blocks;

const DEPLOYER: &str = include_str!("../../docs/deployer.md");
const API: &str = include_str!("../../docs/api.md");

/// What the policies are for: a deployer, the roles that it makes, a deployer through a role of CloudFormation's, and who
/// deletes tables.
fn policies(account: &Account) -> [Value; 4] {
    let blocks = blocks(DEPLOYER, "What a deployer needs", "json");
    let policies: Vec<Value> = blocks.iter().map(|block| judged(account, block)).collect();
    policies.try_into().expect("four policies")
}

/// The policy for a deployer, for this account.
fn policy(account: &Account) -> Value {
    let [policy, ..] = policies(account);
    policy
}

/// A policy of the documents as the emulator can judge it: it doesn't know which keys a request names.
fn judged(account: &Account, block: &str) -> Value {
    let policy = block.replace("ACCOUNT", account.id()).replace("REGION", REGION);
    let mut policy: Value = serde_json::from_str(&policy).expect("the policy is JSON");
    let statements = policy["Statement"].as_array_mut().expect("a list");
    let config = statements
        .iter_mut()
        .find(|statement| statement["Sid"] == "Config");
    if let Some(config) = config.and_then(Value::as_object_mut) {
        config.remove("Condition").expect("it is bound to the keys");
    }
    policy
}

/// Creates the boundary of the documents, and gives its ARN.
fn boundary(account: &Account) -> String {
    let [_, boundary, ..] = policies(account);
    let document = boundary.to_string();
    let parameters = [
        ("PolicyName", "discfg"),
        ("Path", "/boundaries/"),
        ("PolicyDocument", document.as_str()),
    ];
    account.iam("CreatePolicy", &parameters);
    format!("arn:aws:iam::{}:policy/boundaries/discfg", account.id())
}

/// The policy for a deployer of an API, which is given beside the other.
fn api_policy(account: &Account) -> Value {
    let blocks = blocks(API, "What a deployer needs besides", "json");
    let [policy] = blocks.as_slice() else {
        panic!("one policy is for a deployer of an API: {blocks:?}");
    };
    judged(account, policy)
}

/// A new user who has both.
fn deployer(account: &Account) -> Credentials {
    let mut both = policy(account);
    let statements = both["Statement"].as_array_mut().expect("statements");
    let more = api_policy(account)["Statement"].take();
    statements.extend(more.as_array().expect("statements").iter().cloned());
    account.user_with("deployer", &both)
}

#[test]
fn the_policy_for_init_suffices() {
    let account = Emulator::shared().account();
    let deployer = account.user_with("deployer", &policy(&account));
    suffices(
        &account,
        &deployer,
        &["--permissions-boundary", &boundary(&account)],
    );
}

#[test]
fn the_policy_for_init_through_a_role_suffices() {
    let account = Emulator::shared().account();
    let boundary = boundary(&account);
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "cloudformation.amazonaws.com"},
    }]});
    let parameters = [
        ("RoleName", "discfg"),
        ("Path", "/cloudformation/"),
        ("AssumeRolePolicyDocument", &trust.to_string()),
    ];
    account.iam("CreateRole", &parameters);
    let role = format!("arn:aws:iam::{}:role/cloudformation/discfg", account.id());
    let [_, _, passed, _] = policies(&account);
    let deployer = account.user_with("deployer", &passed);
    let how = ["--permissions-boundary", &boundary, "--cfn-role", &role];
    suffices(&account, &deployer, &how);
}

/// The commands of a deployer work.
fn suffices(account: &Account, deployer: &Credentials, how: &[&str]) {
    let place = Place::at(&account.url(), deployer);
    place
        .args(["init", "payments", "--dry-run"])
        .and(how)
        .run()
        .code(0)
        .stderr_has("Dry run: nothing was deployed");
    place
        .args(["init", "payments", "--yes"])
        .and(how)
        .run()
        .code(0)
        .stderr_has("Verified: assumed the read role")
        .stdout_has("payments: created");
    place
        .args([
            "init",
            "payments",
            "--yes",
            "--history-days",
            "7",
            "--tag",
            "team=a",
        ])
        .run()
        .code(0)
        .stdout_has("payments: updated");
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stdout_has("payments: unchanged");
    place.args(["set", "-c", "payments", "k", "v"]).run().code(5);
    let principal = format!("arn:aws:iam::{}:role/web", account.id());
    let grant = [
        "grant",
        "payments",
        "web",
        "--read",
        "db",
        "--yes",
        "--principal",
        &principal,
    ];
    place.args(grant).and(how).run().code(0);
    for look in ["status", "grants", "doctor"] {
        place.args([look, "payments"]).run().code(0);
    }
    place.args(["status", "payments", "--drift"]).run().code(0);
    place.args(["configs"]).run().code(0).stdout_has("payments");
    place.args(["destroy", "payments", "--yes"]).run().code(0);
}

/// The emulator really asks the policy for what `init` itself calls: else the test above would say nothing.
#[test]
fn without_an_action_that_init_itself_calls_it_is_denied() {
    for action in [
        "cloudformation:CreateChangeSet",
        "cloudformation:DescribeChangeSet",
        "cloudformation:DescribeStackEvents",
        "cloudformation:DescribeStacks",
        "cloudformation:ExecuteChangeSet",
        "dynamodb:PutItem",
    ] {
        let account = Emulator::shared().account();
        let mut policy = policy(&account);
        let statements = policy["Statement"].as_array_mut().expect("a list");
        for statement in statements {
            if let Some(actions) = statement["Action"].as_array_mut() {
                actions.retain(|allowed| allowed != action);
            } else if statement["Action"] == action {
                statement["Effect"] = json!("Deny");
            }
        }
        let place = Place::at(&account.url(), &account.user_with("deployer", &policy));
        place
            .args(["init", "payments", "--yes"])
            .run()
            .code(5)
            .stderr_has(&format!("access denied: {action}"));
    }
}

#[test]
fn the_policies_for_an_api_suffice() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &deployer(&account));
    zip(&place, "front.zip", stub(), "");
    let init = |more: &[&str]| {
        let call = [&["init", "payments", "--yes"], more].concat();
        place.args(call).run().code(0)
    };
    init(&["--api", "--code", "front.zip"]).stdout_has("payments: created");
    zip(&place, "front.zip", stub(), "another");
    init(&["--api", "--code", "front.zip"]).stdout_has("payments: updated");
    init(&["--no-api"]).stdout_has("payments: updated");
}

#[test]
fn without_an_action_on_the_code_it_is_denied() {
    let account = Emulator::shared().account();
    let mut policy = policy(&account);
    let mut more = api_policy(&account)["Statement"].take();
    let more = more.as_array_mut().expect("statements");
    more.retain(|statement| statement["Sid"] != "Code");
    policy["Statement"]
        .as_array_mut()
        .expect("statements")
        .append(more);
    let place = Place::at(&account.url(), &account.user_with("deployer", &policy));
    zip(&place, "front.zip", stub(), "");
    place
        .args(["init", "payments", "--yes", "--api", "--code", "front.zip"])
        .run()
        .code(5)
        .stderr_has("access denied: s3:PutObject");
}
