//! Keys from other services of AWS: read by the caller's own credentials.

use serde_json::{Value, json};

use support::account::Account;
use support::cli::{Outcome, Place};
use support::config::behind_proxy;

fn parameter(account: &Account, name: &str, kind: &str, value: &str) {
    let input = json!({"Name": name, "Type": kind, "Value": value});
    account.json("ssm", "AmazonSSM.PutParameter", &input);
}

fn secret(account: &Account, name: &str, value: &Value) {
    let mut input = json!({"Name": name});
    match value {
        Value::String(text) => input["SecretString"] = json!(text),
        other => input["SecretBinary"] = other["binary"].clone(),
    }
    account.json("secretsmanager", "secretsmanager.CreateSecret", &input);
}

fn import(place: &Place, args: &[&str]) -> Outcome {
    place.args([&["import"], args].concat()).run()
}

#[test]
fn parameters_below_a_path_come_with_their_secrets() {
    let (account, proxy, place) = behind_proxy();
    parameter(&account, "/prod/app/db/url", "String", "postgres://x");
    parameter(&account, "/prod/app/db/password", "SecureString", "hunter2");
    parameter(&account, "/prod/app/hosts", "StringList", "a,b");
    parameter(&account, "/prod/application/other", "String", "x");
    for n in 0..12 {
        parameter(&account, &format!("/prod/app/many/{n}"), "String", "x");
    }
    proxy.forget();
    let plan = import(&place, &["ssm:/prod/app/", "--dry-run", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(plan["added"], 15);
    assert_eq!(proxy.count("GetParametersByPath"), 2);
    import(&place, &["ssm:/prod/app", "--prefix", "shop", "--values"])
        .code(0)
        .stdout_has("15 added")
        .stderr_has("+ /shop/db/password\t(secret)")
        .stderr_lacks("hunter2");
    place.args(["get", "/shop/hosts"]).run().code(0).stdout("a,b\n");
    let node = place
        .args(["get", "/shop/db/password", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(node["node"]["value"], "hunter2");
    assert_eq!(node["node"]["secret"], true);
    import(&place, &["ssm:/prod/app", "--prefix", "shop"])
        .code(0)
        .stdout_has("15 unchanged");
    import(&place, &["ssm:/nosuch/"])
        .code(3)
        .stderr_has("no keys found in ssm:/nosuch/")
        .stderr_has("--allow-empty");
    import(&place, &["ssm:/nosuch/", "--allow-empty"]).code(0);
}

#[test]
fn secrets_come_by_their_names() {
    let (account, proxy, place) = behind_proxy();
    secret(
        &account,
        "prod/db",
        &json!("{\"user\": \"u\", \"password\": \"p\"}"),
    );
    secret(&account, "prod/api+key", &json!("k"));
    secret(&account, "prod/deep/raw", &json!({"binary": "/wA="}));
    secret(&account, "test/db", &json!("t"));
    proxy.forget();
    import(&place, &["secretsmanager:prod/*", "--dry-run"])
        .code(0)
        .stdout_has("+ /prod/api_key\n+ /prod/db\n")
        .stderr("note: the name \"prod/api+key\" becomes the key /prod/api_key\n");
    assert_eq!(
        (proxy.count("ListSecrets"), proxy.count("BatchGetSecretValue")),
        (1, 1)
    );
    import(&place, &["secretsmanager:prod/**"])
        .code(0)
        .stdout_has("3 added");
    place
        .args(["get", "/prod/deep/raw", "-f", "raw"])
        .run()
        .code(0)
        .stdout(b"\xff\0");
    let nodes = place
        .args(["ls", "-r", "--values", "-f", "json"])
        .run()
        .code(0)
        .json();
    let nodes = nodes["nodes"].as_array().expect("nodes");
    assert!(nodes.iter().all(|node| node["masked"] == true), "{nodes:?}");
    proxy.forget();
    import(&place, &["secretsmanager:test/db"])
        .code(0)
        .stdout_has("1 added");
    assert_eq!(proxy.count("ListSecrets"), 0, "a name needs no list");
    import(&place, &["secretsmanager:nosuch"]).code(3);
    import(&place, &["secretsmanager:nosuch*"]).code(3);
}

#[test]
fn a_source_that_refuses_names_the_action_and_writes_nothing() {
    let (account, proxy, place) = behind_proxy();
    parameter(&account, "/prod/url", "String", "x");
    secret(&account, "prod/db", &json!("hunter2"));
    let user = account.user(
        "ci",
        &["secretsmanager:ListSecrets", "secretsmanager:BatchGetSecretValue"],
    );
    let place = place.who(&user);
    import(&place, &["ssm:/prod/"])
        .code(5)
        .stderr_has("access denied: ssm:GetParametersByPath for ssm:/prod/; nothing was imported")
        .stderr_has(r#"{"Effect":"Allow","Action":"ssm:GetParametersByPath""#);
    import(&place, &["secretsmanager:prod/*"])
        .code(5)
        .stderr_has("access denied: secretsmanager:GetSecretValue for")
        .stderr_has(r#""Action":"secretsmanager:GetSecretValue""#)
        .stderr_lacks("hunter2");
    assert_eq!(proxy.count("TransactWriteItems"), 0);
}

#[test]
fn a_source_that_throttles_is_tried_again_within_bounds() {
    let (account, proxy, place) = behind_proxy();
    for n in 0..12 {
        parameter(&account, &format!("/prod/{n}"), "String", "x");
    }
    proxy.forget();
    proxy
        .on("GetParametersByPath")
        .times(2)
        .error(400, "ThrottlingException", "Rate exceeded");
    import(&place, &["ssm:/prod/"]).code(0).stdout_has("12 added");
    assert_eq!(proxy.count("GetParametersByPath"), 4);
    proxy.calm();
    proxy.forget();
    proxy
        .on("GetParametersByPath")
        .skip(1)
        .error(400, "ThrottlingException", "Rate exceeded");
    import(&place, &["ssm:/prod/", "--prefix", "new"])
        .code(6)
        .stderr_has(
            "cannot read ssm:/prod/: ssm:GetParametersByPath failed after 10 values; nothing was imported",
        )
        .stderr_has("because: Rate exceeded");
    assert_eq!(proxy.count("GetParametersByPath"), 5);
    proxy.calm();
    proxy
        .on("GetParametersByPath")
        .answer(200, "{\"Parameters\": [{\"Value\": \"hunter2\"}]}");
    import(&place, &["ssm:/prod/"])
        .code(8)
        .stderr_has("unexpected response to ssm:GetParametersByPath")
        .stderr_lacks("hunter2");
}

#[test]
fn secrets_need_a_key() {
    let (account, _proxy, place) = behind_proxy();
    account.create_table("discfg-nokey");
    parameter(&account, "/prod/pw", "SecureString", "hunter2");
    let refusal = "error: config \"nokey\" has no encryption key for secrets (alias/discfg-nokey not found)\n  hint: create \
        one with `discfg init nokey --kms`, or use an existing one with `discfg init nokey --kms-key ARN`\n";
    for args in [
        &["set", "nokey", "pw", "x", "--secret"][..],
        &["import", "nokey", "ssm:/prod/"],
    ] {
        place.args(args).run().code(3).stdout("").stderr_has(refusal);
    }
}
