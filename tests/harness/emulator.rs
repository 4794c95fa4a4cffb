//! The emulator does what the other tests take for granted.

use serde_json::json;

use support::account::{Account, keys, xml_text};
use support::emulator::Emulator;

fn table(account: &Account) {
    let input = json!({
        "TableName": "table",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    });
    account
        .dynamodb(&account.root(), "CreateTable", &input)
        .expect("root may make a table");
}

#[test]
fn accounts_share_nothing() {
    let (one, other) = (Emulator::shared().account(), Emulator::shared().account());
    table(&one);
    let item = json!({"TableName": "table", "Item": {"pk": {"S": "a"}}});
    one.dynamodb(&one.root(), "PutItem", &item)
        .expect("root may write");
    assert_eq!(one.items("table"), [json!({"pk": {"S": "a"}})]);

    let refusal = other
        .dynamodb(&other.root(), "PutItem", &item)
        .expect_err("there is no such table here");
    assert_eq!(refusal.status, 400);
    assert!(
        refusal.body.contains("ResourceNotFoundException"),
        "{}",
        refusal.body
    );
}

#[test]
fn a_user_may_do_what_its_policy_says_and_no_more() {
    let account = Emulator::shared().account();
    table(&account);
    let developer = account.developer();
    let refusal = account.dynamodb(&developer, "DescribeTable", &json!({"TableName": "table"}));
    let refusal = refusal.expect_err("a developer may only assume roles");
    assert!(refusal.body.contains("AccessDenied"), "{}", refusal.body);
    account
        .dynamodb(&account.admin(), "DescribeTable", &json!({"TableName": "table"}))
        .expect("an admin may");
}

#[test]
fn a_request_with_a_wrong_signature_is_refused() {
    let account = Emulator::shared().account();
    let user = account.admin();
    let forged = keys(user.access_key_id(), "guessed");
    let refusal = account.query(&forged, "sts", "2011-06-15", "GetCallerIdentity", &[]);
    refusal.expect_err("the secret is wrong");
}

#[tokio::test]
async fn an_sdk_client_is_who_it_is_told_to_be() {
    let account = Emulator::shared().account();
    let sts = aws_sdk_sts::Client::new(&Account::sdk(&account.url(), &account.admin()));
    let caller = sts.get_caller_identity().send().await.expect("anyone may ask");
    assert_eq!(
        caller.arn(),
        Some(format!("arn:aws:iam::{}:user/admin", account.id()).as_str())
    );
    assert_eq!(caller.account(), Some(account.id()));
}

#[test]
fn xml_text_is_found_by_its_element() {
    assert_eq!(xml_text("<a><b>c</b></a>", "b"), "c");
}
