//! A config whose stack the AWS CLI deploys, from the files that `template` prints.

use serde_json::{Value, json};

use support::account::{Account, REGION};
use support::cli::{Outcome, Place};
use support::emulator::{Emulator, venv};
use support::proxy::Proxy;

/// In a second of its own: the AWS CLI names its change sets by it.
const DEPLOY: &str = "now=$(date +%s); until [ $(date +%s) != $now ]; do :; done; \
                      aws cloudformation deploy --stack-name discfg-payments --capabilities CAPABILITY_NAMED_IAM \
                      --template-file discfg.yaml --parameter-overrides file://parameters.json";

/// A script with `discfg` and the AWS CLI at hand.
fn script(place: &Place, script: &str) -> Outcome {
    let tools = venv().expect("the AWS CLI is in it").join("bin");
    place
        .shell(&format!("set -e; PATH=$PATH:{}; {script}", tools.display()))
        // Version 1 knows no AWS_REGION.
        .env("AWS_DEFAULT_REGION", REGION)
        .run()
}

/// An account whose platform team has deployed the config `payments` without discfg, and their place.
fn deployed(flags: &str) -> (Account, Place) {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    script(
        &place,
        &format!(
            "discfg template > discfg.yaml; discfg template -c payments --parameters=deploy {flags} > parameters.json; {DEPLOY}"
        ),
    )
    .code(0)
    .stdout_has("Successfully created/updated stack - discfg-payments");
    (account, place)
}

fn meta(account: &Account) -> Option<Value> {
    let items = account.items("discfg-payments");
    items.into_iter().find(|item| item["sk"]["S"] == "@meta")
}

#[test]
fn the_aws_cli_takes_template_and_parameters_as_they_are() {
    let (account, place) =
        deployed("--history-days 7 --reader 'arn:aws:iam::*:user/dev*' --billing provisioned:5/5");
    assert_eq!(meta(&account), None);
    place
        .args(["status", "payments"])
        .run()
        .code(0)
        .stdout_has("stack      discfg-payments, CREATE_COMPLETE since ")
        .stdout_has("table      discfg-payments, active\n")
        .stdout_has("billing provisioned:5/5")
        .stdout_has("price      $2.85 per month when idle");
    let place = place.who(&account.developer());
    place
        .args(["set", "-c", "payments", "db/url", "one"])
        .run()
        .code(0);
    place
        .args(["get", "-c", "payments", "db/url"])
        .run()
        .code(0)
        .stdout("one\n");
    place
        .args(["ls", "-c", "payments", "-r"])
        .run()
        .code(0)
        .stdout("/db/url\n");
    let place = place.who(&account.root());
    place
        .args(["status", "payments"])
        .run()
        .code(0)
        .stdout_has("stack      discfg-payments, CREATE_COMPLETE since ")
        .stdout_has("billing provisioned:5/5, ");
    place
        .args(["destroy", "payments", "--yes"])
        .run()
        .code(0)
        .stdout("payments: destroyed\n");
}

#[test]
fn a_second_deployment_of_the_same_files_finds_nothing_to_do() {
    let (_, place) = deployed("");
    script(&place, &format!("{DEPLOY} --no-fail-on-empty-changeset"))
        .code(0)
        .stdout_has("No changes to deploy");
}

#[test]
fn init_finds_it_as_its_own_and_writes_the_settings_that_are_missing() {
    let (account, place) = deployed("--history-days 7");
    let proxy = Proxy::before(Emulator::shared());
    let place = place.env("AWS_ENDPOINT_URL", proxy.url());
    place
        .args(["init", "payments", "--dry-run"])
        .run()
        .code(0)
        .stderr_has("Dry run: would set the table to 7 days of history.")
        .stdout_has("payments: unchanged\n");
    assert_eq!(meta(&account), None, "a dry run writes nothing");
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stderr_has("Set the table to 7 days of history.")
        .stdout_has("payments: unchanged\n");
    let written = meta(&account).expect("it is written");
    assert_eq!(written["history_days"], json!({"N": "7"}));
    assert_eq!(written["layout"], json!({"N": "1"}));
    proxy.forget();
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stdout_has("unchanged");
    assert_eq!(
        proxy.operations(),
        ["DescribeStacks", "GetTemplate", "BatchGetItem"]
    );
}

#[test]
fn settings_that_say_something_else_than_the_stack_are_mended() {
    let (account, place) = deployed("--history-days 7");
    place.args(["init", "payments"]).run().code(0);
    script(
        &place,
        &format!(
            "discfg template -c payments --parameters=deploy --history-days 9 > parameters.json; {DEPLOY}"
        ),
    )
    .code(0);
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stderr_has("Set the table to 9 days of history.")
        .stdout_has("unchanged");
    assert_eq!(
        meta(&account).expect("it is there")["history_days"],
        json!({"N": "9"})
    );
}

#[test]
fn who_cannot_read_through_the_role_mends_with_what_they_may_themselves() {
    let (account, place) = deployed("--reader arn:aws:iam::123456789012:role/app");
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stderr_has("You can't read this config yourself")
        .stderr_has("Set the table to 30 days of history.");
    assert_eq!(
        meta(&account).expect("it is there")["history_days"],
        json!({"N": "30"})
    );
    let reader = account.user(
        "looker",
        &[
            "cloudformation:*",
            "iam:GetRole",
            "dynamodb:BatchGetItem",
            "sts:*",
        ],
    );
    script(
        &place,
        &format!(
            "discfg template -c payments --parameters=deploy --history-days 3 > parameters.json; {DEPLOY}"
        ),
    )
    .code(0);
    place
        .who(&reader)
        .args(["init", "payments"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("access denied: dynamodb:PutItem on @meta");
}

#[test]
fn the_plain_form_is_what_create_stack_takes() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    script(
        &place,
        "discfg template > t.yaml; discfg template -c payments --parameters --history-days 5 > p.json; \
         aws cloudformation create-stack --stack-name discfg-payments --capabilities CAPABILITY_NAMED_IAM \
         --template-body file://t.yaml --parameters file://p.json",
    )
    .code(0)
    .stdout_has("StackId");
    place.args(["set", "-c", "payments", "k", "v"]).run().code(0);
}

#[test]
fn flags_that_the_template_does_not_know_are_refused_without_parameters() {
    let place = Place::new();
    place
        .args(["template", "--history-days", "7"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("hint: add --parameters to print the parameters");
    place
        .args(["template", "--parameters=yaml", "-c", "payments"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("[possible values: stack, deploy]");
    for flag in [
        "--tag=team=shop",
        "--cfn-role=arn:aws:iam::123456789012:role/deploy",
    ] {
        place
            .args(["template", "--parameters", "-c", "payments", flag])
            .run()
            .code(2)
            .stdout("")
            .stderr_has("hint: pass them to the AWS CLI with --tags and --role-arn");
    }
    place
        .args([
            "template",
            "--parameters=deploy",
            "-c",
            "payments",
            "--billing",
            "provisioned:5/6",
            "--reader",
            "arn:*:*:*:*:role/a",
        ])
        .run()
        .code(0)
        .stdout(
            "[\n  \"Config=payments\",\n  \"Readers=arn:*:*:*:*:role/a\",\n  \"BillingMode=PROVISIONED\",\n  \
             \"ReadCapacity=5\",\n  \"WriteCapacity=6\"\n]\n",
        );
}
