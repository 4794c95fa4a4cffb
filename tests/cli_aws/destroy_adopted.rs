//! What `destroy` keeps, `init` takes in again.

use serde_json::json;

use crate::destroy::{STACK, cloudformation, deployed, state};
use support::account::Account;

/// What the table holds beside the list of grants and `@meta`, which `init` writes anew.
fn data(account: &Account) -> Vec<serde_json::Value> {
    let mut items = account.items(STACK);
    items.retain(|item| item["pk"]["S"] != "@config");
    items
}

#[test]
fn the_table_that_was_kept_is_adopted_with_its_data() {
    let (account, proxy, place) = deployed();
    let before = data(&account);
    assert!(!before.is_empty());
    place.args(["destroy", "payments", "--yes", "-q"]).run().code(0);
    place
        .args(["init", "payments", "--dry-run"])
        .run()
        .code(0)
        .stdout_has("payments: planned\n")
        .stderr_has("Table discfg-payments exists from an earlier stack (billing on-demand). It is kept")
        .stderr_has("import   table (Table)")
        .stderr_has("Dry run: nothing was deployed, change set removed.");
    assert_eq!(
        state(&account, STACK),
        "DELETE_COMPLETE",
        "nothing is left behind"
    );
    assert_eq!(data(&account), before);

    proxy.forget();
    let made = place
        .args(["init", "payments", "--yes", "-f", "json"])
        .run()
        .code(0)
        .stderr_has("Table imported. Creating the remaining resources.")
        .stderr_has("Verified: assumed the read role and read the config.")
        .json();
    assert_eq!(made["result"], "created");
    let changes = made["changes"].as_array().expect("a list");
    let of = |action: &str| changes.iter().filter(|change| change["action"] == action).count();
    assert_eq!((of("adopt"), of("make"), changes.len()), (1, 4, 6), "{changes:?}");
    assert_eq!(made["outputs"]["TableName"], STACK);
    assert_eq!(proxy.count("ExecuteChangeSet"), 2);
    for operation in ["CreateTable", "UpdateTable", "DeleteTable", "DeleteStack"] {
        assert_eq!(proxy.count(operation), 0, "{operation}");
    }
    assert_eq!(data(&account), before);
    place
        .args(["get", "-c", "payments", "db/url"])
        .run()
        .code(0)
        .stdout("kept\n");
    place
        .args(["set", "-c", "payments", "db/url", "changed"])
        .run()
        .code(0);
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stdout_has("payments: unchanged\n");
    let status = place
        .args(["status", "payments", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(status["table"]["deletionProtection"], true);
    assert_eq!(status["parameters"].get("Adopt"), None, "it is whole");
    // The circle closes: what was adopted is kept again.
    place
        .args(["destroy", "payments", "--yes"])
        .run()
        .code(0)
        .stderr_has("Kept the table discfg-payments");
    place
        .args(["destroy", "payments", "--yes", "--delete-data"])
        .run()
        .code(0);
    assert_eq!(
        place.args(["configs", "-f", "json"]).run().code(0).json()["configs"],
        json!([])
    );
}

#[test]
fn an_adoption_that_stopped_half_way_goes_on_from_there() {
    let (account, proxy, place) = deployed();
    let before = data(&account);
    place.args(["destroy", "payments", "--yes", "-q"]).run().code(0);
    proxy.on("CreateChangeSet").skip(1).deny();
    place
        .args(["init", "payments", "--yes"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("Table imported. Creating the remaining resources.")
        .stderr_has("access denied: cloudformation:CreateChangeSet");
    proxy.calm();
    assert_eq!(state(&account, STACK), "IMPORT_COMPLETE");
    assert_eq!(data(&account), before);
    let stack = cloudformation(&account, "DescribeStacks", &[("StackName", STACK)]);
    assert!(!stack.contains("<OutputKey>ReadRoleArn</OutputKey>"), "{stack}");
    place
        .args(["init", "payments", "--yes"])
        .run()
        .code(0)
        .stderr_has("create   read role (ReadRole)");
    place
        .args(["get", "-c", "payments", "db/url"])
        .run()
        .code(0)
        .stdout("kept\n");
    assert_eq!(data(&account), before);
}
