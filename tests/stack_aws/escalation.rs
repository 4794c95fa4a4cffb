//! The policies that the documents advise, put to a simulator of IAM over the ways by which a deployer could get more
//! than it was given.

use std::fs;

use discfg::stack::CODE_TEMPLATE;
use serde_json::{Value, json};

use support::account::REGION;
use support::markdown::blocks;
use support::node;

const DEPLOYER: &str = include_str!("../../docs/deployer.md");
const API: &str = include_str!("../../docs/api.md");
const ACCOUNT: &str = "111122223333";
/// How many characters a managed policy may have, without white space (IAM quotas).
const LARGEST: usize = 6144;

/// What is done to the policies.
type Change = fn(&mut Value);

fn policy(block: &str) -> Value {
    let block = block.replace("ACCOUNT", ACCOUNT).replace("REGION", REGION);
    serde_json::from_str(&block).expect("a policy is JSON")
}

/// The set-ups of the documents.
fn advised() -> Value {
    let of_deployer = blocks(DEPLOYER, "What a deployer needs", "json");
    let [direct, boundary, passed, _delete] = of_deployer.as_slice() else {
        panic!("four policies: {of_deployer:?}");
    };
    let of_api = blocks(API, "What a deployer needs besides", "json");
    let [api] = of_api.as_slice() else {
        panic!("one policy: {of_api:?}");
    };
    let [direct, mut boundary, passed, api] = [direct, boundary, passed, api].map(|block| policy(block));
    // The simulator takes no pattern for an API's id.
    let api_paths = &mut statement(&mut boundary, "Api")["Resource"];
    *api_paths = json!(api_paths.as_str().expect("an ARN").replace(":*/", ":abc123/"));
    let of_invocation = blocks(API, "Direct invocation", "json");
    let [function, organization] = of_invocation.as_slice() else {
        panic!("two policies: {of_invocation:?}");
    };
    let [function, organization] = [function, organization]
        .map(|block| policy(&block.replace("CONFIG", "payments").replace("ID/", "abc123/")));
    let fronted = json!([direct, api]);
    let mut service = fronted.clone();
    for policy in service.as_array_mut().expect("policies") {
        for statement in policy["Statement"].as_array_mut().expect("statements") {
            without_called_via(statement);
        }
    }
    json!({
        "account": ACCOUNT, "region": REGION, "boundary": boundary, "bucketPolicy": bucket_policy(),
        "functionPolicy": function, "organizationPolicy": organization,
        "setups": {"direct": [direct], "fronted": fronted, "passed": [passed], "service": service},
    })
}

/// As the document says of the policies of a role that CloudFormation alone can assume.
fn without_called_via(statement: &mut Value) {
    let Some(condition) = statement.get_mut("Condition").and_then(Value::as_object_mut) else {
        return;
    };
    condition.retain(|_, keys| keys.get("aws:CalledVia").is_none());
    if condition.is_empty() {
        statement
            .as_object_mut()
            .expect("a statement")
            .remove("Condition");
    }
}

/// What the template of the bucket for code says, with the bucket's name in it.
fn bucket_policy() -> Value {
    let template = support::yaml::parsed(CODE_TEMPLATE);
    let policy = &template["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"];
    let arn = format!("arn:aws:s3:::discfg-code-{ACCOUNT}-{REGION}");
    let text = policy
        .to_string()
        .replace(r#"{"Fn::GetAtt":["Bucket","Arn"]}"#, &format!("{arn:?}"))
        .replace(r#"{"Fn::Sub":"${Bucket.Arn}/*"}"#, &format!("\"{arn}/*\""));
    assert!(!text.contains("Fn::"), "{text}");
    serde_json::from_str(&text).expect("a policy")
}

/// The exit code, and what it says.
fn prove(policies: &Value) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("policies.json");
    fs::write(&file, policies.to_string()).expect("a file");
    let ran = node::run("escalation.mjs", &file);
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn no_advised_policy_lets_a_deployer_get_further() {
    let (code, said) = prove(&advised());
    assert_eq!(code, Some(0), "{said}");
    let asked = said.split_once(' ').and_then(|(number, _)| number.parse().ok());
    assert!(asked.unwrap_or(0) >= 400, "only {said}");
}

#[test]
fn a_policy_that_lets_a_deployer_get_further_is_caught() {
    let changes: [(&str, Change); 9] = [
        ("direct a role without a boundary", |it| {
            without(it, "BoundedRoles");
        }),
        ("direct every right", |it| {
            let condition = &mut statement(it, "RolePolicies")["Condition"];
            condition.as_object_mut().expect("conditions").remove("ArnLike");
        }),
        ("direct the boundary taken off", |it| {
            let actions = statement(it, "BoundedRoles")["Action"].as_array_mut();
            actions
                .expect("actions")
                .push(json!("iam:DeleteRolePermissionsBoundary"));
        }),
        ("direct a version of the boundary", |it| {
            statement(it, "Policies")["Resource"] = json!("*");
        }),
        ("direct items without a name", |it| {
            let condition = &mut statement(it, "Config")["Condition"];
            condition.as_object_mut().expect("conditions").remove("Null");
        }),
        ("direct a value read", |it| {
            without(it, "Config");
        }),
        ("direct the policy of a foreign key", |it| {
            let condition = &mut statement(it, "Key")["Condition"];
            condition.as_object_mut().expect("conditions").remove("Null");
        }),
        ("direct a ciphertext", |it| {
            without(it, "TableKey");
        }),
        ("direct an import of a key", |it| {
            without(it, "ChangeSet");
        }),
    ];
    // At once, since each run of the simulator takes seconds and none of these hides another.
    let mut worse = advised();
    for (_, change) in &changes {
        change(&mut worse["setups"]["direct"][0]);
    }
    without(&mut worse["boundary"], "TableAtRest");
    let (code, said) = prove(&worse);
    assert_eq!(code, Some(1), "{said}");
    let wanted = changes.iter().map(|(wanted, _)| *wanted);
    for wanted in wanted.chain(["bounded a ciphertext"]) {
        assert!(said.contains(wanted), "{wanted} is not in:\n{said}");
    }
}

fn statement<'p>(policy: &'p mut Value, sid: &str) -> &'p mut Value {
    let statements = policy["Statement"].as_array_mut().expect("statements");
    let named = statements.iter_mut().find(|statement| statement["Sid"] == sid);
    named.unwrap_or_else(|| panic!("no {sid}"))
}

/// Takes the conditions off a statement.
fn without(policy: &mut Value, sid: &str) {
    let statement = statement(policy, sid).as_object_mut().expect("a statement");
    statement.remove("Condition").expect("it has some");
}

#[test]
fn each_advised_policy_fits_into_a_managed_policy() {
    let of_deployer = blocks(DEPLOYER, "What a deployer needs", "json");
    let of_api = blocks(API, "What a deployer needs besides", "json");
    for block in of_deployer.iter().chain(&of_api) {
        // The longest region's name.
        let block = block
            .replace("ACCOUNT", ACCOUNT)
            .replace("REGION", "ap-southeast-1");
        let size = block
            .chars()
            .filter(|character| !character.is_whitespace())
            .count();
        assert!(size <= LARGEST, "{size} characters: {block}");
    }
}
