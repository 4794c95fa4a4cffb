//! Grants, where a permission is missing: the action and the statement to add are named, and nothing is left half done
//! without a word.

use support::grants::{deployed, developer};

const STACKS: &str = "arn:*:cloudformation:*:*:stack/discfg-*/*";

/// The statement that lets an action of CloudFormation through, where the service names no resource.
fn statement(action: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{STACKS}"}}"#)
}

#[test]
fn each_permission_that_a_grant_takes_is_named_where_it_is_missing() {
    let (account, proxy, place) = deployed();
    let principal = developer(&account);
    let grant = [
        "grant",
        "team",
        "--read",
        "db",
        "--yes",
        "--principal",
        &principal,
    ];
    for operation in [
        "DescribeStacks",
        "CreateChangeSet",
        "DescribeChangeSet",
        "DescribeStackEvents",
        "ExecuteChangeSet",
    ] {
        let action = format!("cloudformation:{operation}");
        proxy.on(operation).deny();
        place
            .args(grant)
            .run()
            .code(5)
            .stdout("")
            .stderr_has(&format!("access denied: {action}"))
            .stderr_has(&statement(&action));
        proxy.calm();
    }
    proxy.on("PutItem").deny();
    place
        .args(grant)
        .run()
        .code(5)
        .stdout("")
        .stderr_has("dynamodb:PutItem")
        .stderr_has("rerun the command");
    proxy.calm();
    place.args(grant).run().code(0).stdout_has("team of payments");
}

#[test]
fn each_permission_that_revoking_and_listing_take_is_named_where_it_is_missing() {
    let (account, proxy, place) = deployed();
    let principal = developer(&account);
    place
        .args(["grant", "team", "--read", "db", "-yq", "--principal", &principal])
        .run()
        .code(0);
    for (command, operation) in [
        (&["grants"][..], "DescribeStacks"),
        (&["revoke", "team", "--yes"], "DescribeStacks"),
        (&["revoke", "team", "--yes"], "DescribeStackEvents"),
        (&["revoke", "team", "--yes"], "DeleteStack"),
    ] {
        let action = format!("cloudformation:{operation}");
        proxy.on(operation).deny();
        place
            .args(command)
            .run()
            .code(5)
            .stdout("")
            .stderr_has(&format!("access denied: {action}"))
            .stderr_has(&statement(&action));
        proxy.calm();
    }
    proxy.on("DeleteItem").deny();
    place
        .args(["revoke", "team", "--yes"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("the role is deleted, but the table still lists the grant")
        .stderr_has("dynamodb:DeleteItem");
    proxy.calm();
    place.args(["revoke", "team", "--yes"]).run().code(0);
}

#[test]
fn what_may_not_be_seen_is_said_and_the_rest_is_shown() {
    let (_account, proxy, place) = deployed();
    for (operation, action) in [
        ("GetRole", "iam:GetRole"),
        ("DescribeTable", "dynamodb:DescribeTable"),
    ] {
        proxy.on(operation).deny();
        place
            .args(["status", "payments"])
            .run()
            .code(0)
            .stdout_has(action)
            .stdout_has("CREATE_COMPLETE")
            .stderr_has(r#""Effect":"Allow""#);
        proxy.calm();
    }
    proxy.on("DescribeStacks").deny();
    place
        .args(["configs"])
        .run()
        .code(0)
        .stdout_has("payments")
        .stderr_has("cloudformation:DescribeStacks");
    proxy.on("ListTables").deny();
    place
        .args(["configs"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has(r#""Effect":"Allow""#);
}
