//! The proxy does to requests what it is told, and nothing else.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeDefinition, KeySchemaElement, KeyType, ScalarAttributeType};
use aws_sdk_dynamodb::types::{AttributeValue, BillingMode, Put, TransactWriteItem};

use support::account::Account;
use support::emulator::Emulator;
use support::proxy::Proxy;

/// A client that never tries again by itself, so that each fault is seen as it is.
async fn table_behind(proxy: &Proxy) -> (Account, Client) {
    let account = Emulator::shared().account();
    let config = Account::sdk(proxy.url(), &account.root()).into_builder();
    let client = Client::new(&config.retry_config(RetryConfig::disabled()).build());
    let pk = AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder()
        .attribute_name("pk")
        .key_type(KeyType::Hash);
    client
        .create_table()
        .table_name("table")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(pk.build().expect("complete"))
        .key_schema(key.build().expect("complete"))
        .send()
        .await
        .expect("a table through the proxy");
    proxy.forget();
    (account, client)
}

async fn put(client: &Client, pk: &str) -> Result<(), aws_sdk_dynamodb::Error> {
    let put = client
        .put_item()
        .table_name("table")
        .item("pk", AttributeValue::S(pk.to_owned()));
    put.send().await.map(drop).map_err(Into::into)
}

#[tokio::test]
async fn requests_pass_and_are_counted_by_name() {
    let proxy = Proxy::before(Emulator::shared());
    let (account, client) = table_behind(&proxy).await;
    put(&client, "a").await.expect("nothing is in the way");
    put(&client, "b").await.expect("nothing is in the way");
    client
        .describe_table()
        .table_name("table")
        .send()
        .await
        .expect("nothing is in the way");

    assert_eq!(
        (
            proxy.count("PutItem"),
            proxy.count("DescribeTable"),
            proxy.count("GetItem")
        ),
        (2, 1, 0)
    );
    assert_eq!(proxy.operations(), ["PutItem", "PutItem", "DescribeTable"]);
    assert_eq!(proxy.requests()[1].json()["Item"]["pk"]["S"], "b");
    assert_eq!(proxy.requests()[2].answer_json()["Table"]["TableName"], "table");
    assert_eq!(account.items("table").len(), 2);
}

#[tokio::test]
async fn an_action_of_a_form_is_known_by_its_name() {
    let proxy = Proxy::before(Emulator::shared());
    let account = Emulator::shared().account();
    proxy.on("GetCallerIdentity").times(1).deny();
    let sts = aws_sdk_sts::Client::new(&Account::sdk(proxy.url(), &account.root()));
    let denied = sts.get_caller_identity().send().await.expect_err("it is denied");
    assert_eq!(denied.code(), Some("AccessDeniedException"));
    sts.get_caller_identity().send().await.expect("denied once only");
    assert_eq!(proxy.count("GetCallerIdentity"), 2);
}

#[tokio::test]
async fn a_cut_before_leaves_nothing_and_a_cut_after_leaves_the_deed() {
    let proxy = Proxy::before(Emulator::shared());
    let (account, client) = table_behind(&proxy).await;
    proxy.on("PutItem").times(1).cut_before();
    proxy.on("PutItem").times(1).cut_after();
    put(&client, "before").await.expect_err("the connection is cut");
    put(&client, "after").await.expect_err("the connection is cut");
    put(&client, "calm").await.expect("both rules are used up");

    let mut there: Vec<_> = account
        .items("table")
        .iter()
        .map(|item| item["pk"]["S"].to_string())
        .collect();
    there.sort();
    assert_eq!(there, ["\"after\"", "\"calm\""]);
    assert_eq!(proxy.requests()[0].answer_json(), serde_json::Value::Null);
    assert_eq!(
        proxy.requests()[1]
            .answer
            .as_ref()
            .map(support::http1::Message::status),
        Some(200)
    );
}

#[tokio::test]
async fn an_answer_lost_once_is_mended_by_the_sdk_with_the_same_token() {
    let proxy = Proxy::before(Emulator::shared());
    let (account, client) = table_behind(&proxy).await;
    let config = client
        .config()
        .to_builder()
        .retry_config(RetryConfig::standard())
        .build();
    proxy.on("TransactWriteItems").times(1).cut_after();
    let item = Put::builder()
        .table_name("table")
        .item("pk", AttributeValue::S("a".to_owned()));
    let once = item
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .expect("complete");
    let write = Client::from_conf(config).transact_write_items();
    let write = write.transact_items(TransactWriteItem::builder().put(once).build());
    write
        .client_request_token("one")
        .send()
        .await
        .expect("the second send gets the first one's answer");
    assert_eq!(proxy.count("TransactWriteItems"), 2);
    assert_eq!(account.items("table").len(), 1);
}

#[tokio::test]
async fn errors_come_as_the_service_would_say_them() {
    let proxy = Proxy::before(Emulator::shared());
    let (_account, client) = table_behind(&proxy).await;
    let codes = [
        "ProvisionedThroughputExceededException",
        "InternalServerError",
        "AccessDeniedException",
        "Odd",
    ];
    proxy.on("PutItem").times(1).throttle();
    proxy.on("PutItem").times(1).server_error();
    proxy.on("PutItem").times(1).deny();
    proxy.on("*").times(1).answer(400, r#"{"__type":"Odd"}"#);
    for code in codes {
        assert_eq!(
            put(&client, "a").await.expect_err("it is told to fail").code(),
            Some(code)
        );
    }
    put(&client, "a").await.expect("all rules are used up");
}

#[tokio::test]
async fn a_conflict_names_a_reason_for_each_action() {
    let proxy = Proxy::before(Emulator::shared());
    let (account, client) = table_behind(&proxy).await;
    proxy.on("TransactWriteItems").conflict();
    let mut write = client.transact_write_items();
    for pk in ["a", "b"] {
        let put = Put::builder()
            .table_name("table")
            .item("pk", AttributeValue::S(pk.to_owned()));
        write = write.transact_items(
            TransactWriteItem::builder()
                .put(put.build().expect("complete"))
                .build(),
        );
    }
    let error = write
        .clone()
        .send()
        .await
        .map_err(SdkError::into_service_error)
        .expect_err("it conflicts");
    let Some(cancelled) = Some(&error).filter(|error| error.is_transaction_canceled_exception()) else {
        panic!("{error:?}")
    };
    assert!(
        format!("{cancelled:?}")
            .matches("\"TransactionConflict\"")
            .count()
            >= 2,
        "{cancelled:?}"
    );
    assert_eq!(account.items("table").len(), 0);
    proxy.calm();
    write.send().await.expect("the rule is gone");
}

#[tokio::test]
async fn the_first_requests_may_be_let_through() {
    let proxy = Proxy::before(Emulator::shared());
    let (_account, client) = table_behind(&proxy).await;
    proxy.on("PutItem").skip(1).times(1).throttle();
    put(&client, "a").await.expect("the first is let through");
    put(&client, "a").await.expect_err("the second is not");
    put(&client, "a").await.expect("the third is");
}

#[tokio::test]
async fn a_delay_delays() {
    let proxy = Proxy::before(Emulator::shared());
    let (_account, client) = table_behind(&proxy).await;
    proxy.on("PutItem").delay(Duration::from_millis(200));
    let begun = Instant::now();
    put(&client, "a").await.expect("late, but done");
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_request_waits_until_it_is_let_go() {
    let proxy = Proxy::before(Emulator::shared());
    let (account, client) = table_behind(&proxy).await;
    let gate = proxy.on("PutItem").times(1).hold();
    let held = tokio::spawn(async move { put(&client, "a").await });
    gate.arrived();
    assert_eq!(account.items("table").len(), 0);
    gate.release();
    held.await.expect("no panic").expect("it went through");
    assert_eq!(account.items("table").len(), 1);
}
