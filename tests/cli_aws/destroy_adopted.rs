//! What `destroy` keeps, `init` takes in again.

use serde_json::json;

use crate::destroy::{STACK, cloudformation, deployed, state};
use support::account::Account;
use support::cli::Place;
use support::emulator::Emulator;

/// What the table holds beside the list of grants and `@meta`, which `init` writes anew.
fn data(account: &Account) -> Vec<serde_json::Value> {
    let mut items = account.items(STACK);
    items.retain(|item| item["pk"]["S"] != "@config");
    items
}

#[test]
fn a_forgotten_stack_bounds_no_access_so_yes_alone_adopts_nothing() {
    let (account, _, place) = deployed();
    let before = data(&account);
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

    // The emulator has one stack of a name, so the dry run made it forget the earlier one, as AWS does after 90 days.
    place
        .args(["init", "payments", "--yes"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("unknown  access settings of the earlier stack")
        .stderr_has("error: --yes would open the config to the whole account")
        .stderr_has("--reader and --writer");
    assert_eq!(state(&account, STACK), "DELETE_COMPLETE");
    let alice = format!("arn:aws:iam::{}:user/alice", account.id());
    place
        .args(["init", "payments", "--yes", "-q", "--reader", &alice])
        .run()
        .code(0);
    assert_eq!(data(&account), before);
}

#[test]
fn the_table_that_was_kept_is_adopted_with_its_data() {
    let (account, proxy, place) = deployed();
    let before = data(&account);
    assert!(!before.is_empty());
    place.args(["destroy", "payments", "--yes", "-q"]).run().code(0);
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
    // Whatever needs its roles says what they wait for.
    for args in [
        &["get", "db/url"][..],
        &["set", "db/url", "new"],
        &["ls"],
        &["info"],
        &["exec", "--", "true"],
        &["grants"],
        &[
            "grant",
            "payments",
            "ci",
            "--read",
            "db",
            "--github",
            "acme/shop:environment:e",
        ],
        &["access", "payments", "--matrix"],
    ] {
        let code = if args[0] == "exec" { 125 } else { 7 };
        place
            .args([&["-c", "payments"], args].concat())
            .run()
            .code(code)
            .stderr_has(
                "the import of the table into discfg-payments is not finished: the stack has no roles",
            )
            .stderr_has("create the remaining resources with `discfg init payments`");
    }
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

#[test]
fn what_bounded_access_is_proposed_again() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let readers = [
        format!("arn:aws:iam::{}:user/admin", account.id()),
        format!("arn:aws:iam::{}:role/app-*", account.id()),
    ];
    let [admin, app] = &readers;
    place
        .args([
            "init",
            "payments",
            "-yq",
            "--reader",
            admin,
            "--reader",
            app,
            "--account-id",
            "210987654321",
            "--external-id",
            "acme",
        ])
        .run()
        .code(0);
    place.args(["destroy", "payments", "-yq"]).run().code(0);
    let answer = place
        .args(["init", "payments", "--yes", "-f", "json"])
        .run()
        .code(0);
    let answer = answer.stderr_has(&format!(
        "  set      readers: {app},{admin} (as in the earlier stack)\n"
    ));
    answer.stderr_has("  set      external ID required of other accounts: acme (as in the earlier stack)\n");
    let status = place
        .args(["status", "payments", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(status["parameters"]["Readers"], format!("{app},{admin}"));
    assert_eq!(status["parameters"]["AccountIds"], "210987654321");
    assert_eq!(status["parameters"]["Writers"], "arn:*:*:*:*:*");
    // What is given wins.
    place.args(["destroy", "payments", "-yq"]).run().code(0);
    place
        .args(["init", "payments", "--yes", "--reader", admin])
        .run()
        .code(0)
        .stderr_has("(as in the earlier stack)")
        .stderr_lacks(app);
}

#[test]
fn the_first_question_of_an_adoption_tells_of_the_second() {
    let (account, _proxy, place) = deployed();
    place.args(["destroy", "payments", "-yq"]).run().code(0);
    place.args(["init", "payments"]).run().code(2).stderr_has(
        "not answered: Import the table? A second question follows, for the remaining resources and their access.",
    );
    assert_eq!(state(&account, STACK), "DELETE_COMPLETE");
}
