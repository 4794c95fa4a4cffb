use serde_json::json;

use support::cli::Place;
use support::emulator::Emulator;

use super::answers::{
    Event, absent, change_set, change_set_made, done, events, no_table, resources, scanned,
    stack as stack_in, table, table_tags, template,
};
use super::place;
use super::server::{Scene, Scripted, answer, refusal, table_answer};

const STACK: &str = "discfg-payments";
const REVIEW: Event<'static> = ("e0", STACK, "REVIEW_IN_PROGRESS", "", "");

fn root_caller() -> Scene {
    answer(
        "GetCallerIdentity",
        "<Arn>arn:aws:iam::123456789012:root</Arn><UserId>1</UserId><Account>123456789012</Account>",
    )
}

const CONFIG: [(&str, &str); 1] = [("Config", "payments")];

#[test]
fn another_deployment_is_told_of_and_waited_for_when_asked() {
    let busy = || stack_in("UPDATE_IN_PROGRESS", &CONFIG, &[]);
    let cloudformation = Scripted::play(vec![busy()]);
    place(&cloudformation)
        .args(["init", "payments", "--yes"])
        .run()
        .code(6)
        .stdout("")
        .stderr_has(
            "another operation is running on the stack discfg-payments: UPDATE_IN_PROGRESS since 2026-01-31",
        )
        .stderr_has("hint: rerun the command with --wait to wait for its end");
    cloudformation.finish();

    let after = [("Config", "payments"), ("HistoryDays", "7")];
    let cloudformation = Scripted::play(vec![
        busy(),
        stack_in("UPDATE_COMPLETE", &CONFIG, &[]),
        stack_in("UPDATE_COMPLETE", &CONFIG, &[]),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &[]),
        template(),
        events(&[]),
        done("ExecuteChangeSet"),
        events(&[("e1", STACK, "UPDATE_COMPLETE", "", "@TOKEN@")]),
        stack_in("UPDATE_COMPLETE", &after, &[]),
        table_answer("PutItem", &json!({})),
        table_answer("Query", &counted()),
        root_caller(),
    ]);
    place(&cloudformation)
        .args(["init", "payments", "--yes", "--wait", "--history-days", "7"])
        .run()
        .code(0)
        .stdout_has("payments: updated")
        .stderr_has("Waiting: another operation is running");
    cloudformation.finish();

    let cloudformation = Scripted::play(vec![busy(), busy()]);
    place(&cloudformation)
        .args(["init", "payments", "--yes", "--wait", "--timeout", "100ms"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has("timed out after 100ms (--timeout): nothing was deployed; the other deployment continues in the background");
    cloudformation.finish();
}

#[test]
fn ctrl_c_while_waiting_for_others_leaves_them_alone() {
    let busy = || stack_in("UPDATE_IN_PROGRESS", &CONFIG, &[]);
    let cloudformation = Scripted::play(vec![busy(), busy()]);
    let place = place(&cloudformation);
    let init = place
        .args(["init", "payments", "--yes", "--wait", "--timeout", "1h"])
        .start();
    init.says("Waiting: another operation is running");
    init.signal("INT");
    init.end()
        .code(130)
        .stdout("")
        .stderr_has("nothing was deployed; the other deployment continues in the background");
}

#[test]
fn a_table_that_is_no_configs_is_told_with_what_to_do() {
    let other = json!({"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]});
    let cloudformation = Scripted::play(vec![absent(), table("ACTIVE", &other)]);
    place(&cloudformation)
        .args(["init", "payments", "--yes"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has("cannot use the existing table discfg-payments: its keys are pk (S, HASH), not")
        .stderr_has("choose another config name");
    cloudformation.finish();
}

fn left(table: &[Scene]) -> Vec<Scene> {
    let made = (
        "Table",
        "AWS::DynamoDB::Table",
        STACK,
        "DELETE_FAILED",
        "protected",
    );
    let mut scenes = vec![stack_in("ROLLBACK_FAILED", &CONFIG, &[]), resources(&[made])];
    scenes.extend_from_slice(table);
    scenes
}

#[test]
fn what_a_failed_create_left_is_asked_about_and_only_looked_at_in_a_dry_run() {
    let empty = [table("ACTIVE", &json!({})), table_tags(&[]), scanned(0)];
    let words = "The stack discfg-payments is in ROLLBACK_FAILED and can only be deleted. Its table discfg-payments is \
        empty and has deletion protection, and is deleted, too.";
    let cloudformation = Scripted::play(left(&empty));
    place(&cloudformation)
        .args(["init", "payments", "--dry-run"])
        .run()
        .code(0)
        .stdout("payments: planned\n")
        .stderr_has(words)
        .stderr_has("Nothing was changed");
    cloudformation.finish();
    let cloudformation = Scripted::play(left(&empty));
    let planned = place(&cloudformation)
        .args(["init", "payments", "--dry-run", "-f", "json"])
        .run()
        .code(0)
        .stderr_has(words)
        .json();
    assert_eq!(planned["result"], "planned");
    assert_eq!(planned["stack"]["status"], "ROLLBACK_FAILED");
    assert_eq!(
        planned["clears"],
        json!({"remedy": "delete", "deletesTable": STACK, "keepsTable": null, "stuck": []})
    );
    cloudformation.finish();
    let cloudformation = Scripted::play(left(&empty));
    place(&cloudformation)
        .args(["init", "payments"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has(words)
        .stderr_has("no terminal): use --yes");
    cloudformation.finish();
    let full = [table("ACTIVE", &json!({})), table_tags(&[]), scanned(1)];
    let cloudformation = Scripted::play(left(&full));
    place(&cloudformation)
        .args(["init", "payments"])
        .run()
        .code(2)
        .stderr_has("The table discfg-payments is kept and imported into the new stack.");
    cloudformation.finish();
}

#[test]
fn a_protected_stack_is_told_with_the_command_that_takes_it_off() {
    let cloudformation = Scripted::play(vec![
        stack_in("ROLLBACK_COMPLETE", &CONFIG, &[]),
        resources(&[]),
        no_table(),
        refusal(
            "DeleteStack",
            400,
            "ValidationError",
            "Stack [x] cannot be deleted while TerminationProtection is enabled",
        ),
    ]);
    place(&cloudformation)
        .args(["init", "payments", "--yes"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has("cannot delete the stack discfg-payments: termination protection is enabled")
        .stderr_has(
            "aws cloudformation update-termination-protection --no-enable-termination-protection \
             --stack-name discfg-payments",
        );
    cloudformation.finish();
}

#[test]
fn a_stuck_rollback_is_told_with_the_exact_command() {
    let stuck = (
        "ReadRole",
        "AWS::IAM::Role",
        "x",
        "UPDATE_FAILED",
        "deleted by hand",
    );
    let go_on =
        "aws cloudformation continue-update-rollback --stack-name discfg-payments --region eu-central-1";
    let cloudformation = Scripted::play(vec![
        stack_in("UPDATE_ROLLBACK_FAILED", &CONFIG, &[]),
        resources(&[stuck]),
    ]);
    place(&cloudformation)
        .args(["init", "payments", "--yes"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has("read role (ReadRole): deleted by hand")
        .stderr_has(&format!("fix the cause, then continue the rollback: `{go_on}`"))
        .stderr_has(&format!("`{go_on} --resources-to-skip ReadRole`"));
    cloudformation.finish();
    let cloudformation = Scripted::play(vec![
        stack_in("UPDATE_ROLLBACK_FAILED", &CONFIG, &[]),
        refusal("DescribeStackResources", 403, "AccessDenied", "not authorized"),
    ]);
    place(&cloudformation)
        .args(["init", "payments", "--yes"])
        .run()
        .code(7)
        .stderr_has("is in UPDATE_ROLLBACK_FAILED")
        .stderr_has(&format!("`{go_on}`"))
        .stderr_has(r#""Action":"cloudformation:DescribeStackResources""#)
        .stderr_lacks("--resources-to-skip");
    cloudformation.finish();
}

#[test]
fn a_table_is_adopted_in_two_deployments_that_are_both_shown() {
    let adopting = [
        ("Config", "payments"),
        ("Adopt", "true"),
        ("BillingMode", "PAY_PER_REQUEST"),
    ];
    let whole = [("Config", "payments")];
    let cloudformation = Scripted::play(vec![
        absent(),
        table("ACTIVE", &json!({})),
        table_tags(&[(
            "discfg:stack",
            "arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-payments/earlier",
        )]),
        stack_in("DELETE_COMPLETE", &whole, &[]),
        change_set_made(),
        change_set(
            "CREATE_COMPLETE",
            "",
            &[("Import", "Table", "AWS::DynamoDB::Table", "")],
        ),
        events(&[]),
        done("ExecuteChangeSet"),
        events(&[("e1", STACK, "IMPORT_COMPLETE", "", "@TOKEN@")]),
        stack_in("IMPORT_COMPLETE", &adopting, &[]),
        stack_in("IMPORT_COMPLETE", &adopting, &[]),
        change_set_made(),
        change_set(
            "CREATE_COMPLETE",
            "",
            &[("Add", "ReadRole", "AWS::IAM::Role", "")],
        ),
        template(),
        events(&[("e1", STACK, "IMPORT_COMPLETE", "", "older")]),
        done("ExecuteChangeSet"),
        events(&[("e2", STACK, "UPDATE_COMPLETE", "", "@TOKEN@")]),
        stack_in("UPDATE_COMPLETE", &whole, &[]),
        table_answer("PutItem", &json!({})),
        table_answer("Query", &counted()),
        root_caller(),
    ]);
    let made = place(&cloudformation)
        .args(["init", "payments", "--yes", "-f", "json"])
        .run()
        .code(0)
        .stderr_has("Table discfg-payments exists from an earlier stack (billing on-demand)")
        .stderr_has("import   table (Table)")
        .stderr_has("Table imported. Creating the remaining resources.")
        .stderr_has("create   read role (ReadRole)")
        .json();
    assert_eq!(made["result"], "created");
    let actions: Vec<_> = made["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|change| change["action"].clone())
        .collect();
    assert_eq!(actions, ["adopt", "make"]);
    cloudformation.finish();
}

mod on_aws {
    use super::*;

    #[test]
    fn a_failed_create_is_exit_code_seven_and_running_init_again_works() {
        let made = [
            ("Add", "ReadRole", "AWS::IAM::Role", ""),
            ("Add", "Table", "AWS::DynamoDB::Table", ""),
        ];
        let cloudformation = Scripted::play(vec![
            absent(),
            change_set_made(),
            change_set("CREATE_COMPLETE", "", &made),
            events(&[REVIEW]),
            done("ExecuteChangeSet"),
            events(&[
                REVIEW,
                ("e1", STACK, "CREATE_IN_PROGRESS", "", "@TOKEN@"),
                (
                    "e2",
                    "ReadRole",
                    "CREATE_FAILED",
                    "not authorized: iam:CreateRole",
                    "@TOKEN@",
                ),
                (
                    "e3",
                    "Table",
                    "CREATE_FAILED",
                    "Resource creation cancelled",
                    "@TOKEN@",
                ),
                (
                    "e4",
                    STACK,
                    "CREATE_FAILED",
                    "The following resource(s) failed",
                    "@TOKEN@",
                ),
                ("e5", STACK, "DELETE_IN_PROGRESS", "", ""),
                ("e6", STACK, "DELETE_COMPLETE", "", ""),
            ]),
        ]);
        let account = Emulator::shared().account();
        let place = Place::at(&account.url(), &account.admin());
        place
            .args(["init", "payments", "--yes"])
            .env("AWS_ENDPOINT_URL_CLOUDFORMATION", &cloudformation.url)
            .run()
            .code(7)
            .stdout("")
            .stderr_has("create failed            read role (ReadRole): not authorized")
            .stderr_has(
                "deployment of discfg-payments failed and the new stack was deleted: read role (ReadRole): \
                 not authorized: iam:CreateRole",
            )
            .stderr_has("hint: fix the cause, then rerun the command");
        cloudformation.finish();
        place
            .args(["init", "payments", "--yes"])
            .run()
            .code(0)
            .stdout_has("payments: created");
    }
}

/// What a config's table answers about its sections: that it has none, and that they are counted.
fn counted() -> serde_json::Value {
    let count = json!({"pk": {"S": "@config"}, "sk": {"S": "@sections"}, "n": {"N": "0"}});
    json!({"Items": [count], "Count": 1, "ScannedCount": 1})
}
