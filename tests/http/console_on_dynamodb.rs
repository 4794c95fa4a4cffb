//! The console over a config's table, in the role that its visitor may assume.

use serde_json::json;

use support::account::Account;
use support::cli::Place;
use support::console::ConsoleProcess;
use support::grants::deployed;
use support::proxy::Proxy;

fn developers() -> (Account, Proxy, Place) {
    let (account, proxy, place) = deployed();
    let place = place.who(&account.developer());
    proxy.forget();
    (account, proxy, place)
}

#[test]
fn a_config_on_dynamodb_is_read_and_edited_in_its_write_role() {
    let (_account, proxy, place) = developers();
    let process = ConsoleProcess::start(&place, &[]);
    let visitor = process.launch();
    visitor.page("/").has("DynamoDB in eu-central-1").has("/db");
    for (path, part) in [
        ("/c/payments?view=flat", "/web/port"),
        ("/c/payments/key/db/url", "Revision 1"),
        ("/c/payments/timeline", "/db/url"),
        ("/grid?side=payments/db&side=payments/web", "url"),
        ("/c/payments/compare?section=/db&from=0&to=1", "/db/url"),
    ] {
        visitor.page(path).has(part);
    }
    let path = "/c/payments/edit/db/url";
    visitor
        .post(
            path,
            &[
                ("step", "save"),
                ("base", "1"),
                ("value", "two"),
                ("message", "why"),
            ],
        )
        .is(303);
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("two");
    visitor
        .post(path, &[("step", "save"), ("base", "1"), ("value", "three")])
        .is(409)
        .has("two");
    visitor
        .page("/c/payments/key/db/url")
        .has("why")
        .has("Roll back to 1");
    visitor
        .post("/c/payments/rollback/db/url", &[("to", "1"), ("base", "2")])
        .is(303);
    // A role of the config alone may not look at stacks.
    visitor.page("/c/payments/access").has("role=\"alert\"");

    // The sections with their heads, and one query for the level, however large the config.
    proxy.forget();
    visitor.page("/c/payments?in=/db/");
    assert_eq!(proxy.operations(), ["Query", "BatchGetItem", "Query"]);

    proxy.go_down();
    let away = visitor.get("/c/payments");
    away.is(503).has("Unavailable").has("role=\"alert\"");
    proxy.come_back();
    visitor.page("/c/payments").has("db/");
}

#[test]
fn who_can_only_read_gets_a_console_to_read() {
    let (account, _proxy, place) = deployed();
    let read_role = format!(
        "arn:aws:iam::{}:role/discfg/discfg-payments-eu-central-1-read",
        account.id()
    );
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": read_role},
    ]});
    let place = place.who(&account.user_with("reader", &policy));
    let process = ConsoleProcess::start(&place, &[]);
    process.running.says("you can only read");
    let visitor = process.launch();
    visitor.page("/c/payments/key/db/url").has("one").lacks(">Edit<");
    visitor.get("/c/payments/edit/db/url").is(403);
    place.args(["ui", "--no-open", "--as", "write"]).run().code(5);
}
