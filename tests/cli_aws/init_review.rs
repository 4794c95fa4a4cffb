//! What `init` says before it deploys: who gains and loses access, what it costs, and that looking leaves nothing.

use aws_credential_types::Credentials;
use serde_json::{Value, json};

use support::account::{Account, GITHUB, xml_text};
use support::cli::Place;
use support::emulator::Emulator;
use support::proxy::Proxy;

const TABLE: &str = "discfg-payments";

/// An account with a config that only `role/app` reads.
fn deployed() -> (Account, Credentials, Place) {
    let account = Emulator::shared().account();
    let admin = account.admin();
    let place = Place::at(&account.url(), &admin);
    place
        .args(["init", "payments", "--reader", &role(&account, "app"), "-yq"])
        .run()
        .code(0);
    (account, admin, place)
}

fn role(account: &Account, name: &str) -> String {
    format!("arn:aws:iam::{}:role/{name}", account.id())
}

fn cloudformation(account: &Account, action: &str, parameters: &[(&str, &str)]) -> String {
    account
        .query(
            &account.root(),
            "cloudformation",
            "2010-05-15",
            action,
            parameters,
        )
        .unwrap_or_else(|refusal| refusal.body)
}

fn change_sets(account: &Account) -> usize {
    cloudformation(account, "ListChangeSets", &[("StackName", TABLE)])
        .matches("AVAILABLE")
        .count()
}

#[test]
fn a_dry_run_says_what_would_be_granted_at_what_price_and_leaves_nothing() {
    let account = Emulator::shared().account();
    account.oidc_provider(GITHUB);
    let place = Place::at(&account.url(), &account.admin());
    let planned = place
        .args([
            "init",
            "payments",
            "--dry-run",
            "-f",
            "json",
            "--github",
            "acme/shop:environment:production",
        ])
        .run()
        .code(0)
        .stderr_has(
            "grants   read role: allow GitHub to assume it, only for the audience sts.amazonaws.com, only for the jobs",
        )
        .stderr_has("Dry run: nothing was deployed")
        .json();
    assert_eq!(planned["result"], "planned");
    assert_eq!(
        planned["stack"],
        json!({"name": TABLE}),
        "of the empty stack nothing is left"
    );
    assert_eq!(planned["outputs"], json!({}));
    assert_eq!(planned["changes"].as_array().map(Vec::len), Some(5));
    let access = planned["access"].as_array().cloned().unwrap_or_default();
    assert_eq!(access.len(), 6, "{access:#?}");
    assert!(
        access.iter().all(|line| line["effect"] == "broadens"),
        "{access:#?}"
    );
    assert_eq!(planned["price"]["monthly"], 0.0);
    assert_eq!(planned["price"]["millionGets"], 0.125);
    assert_eq!(planned["price"]["millionSets"], 4.125);
    assert_eq!(planned["price"]["of"], "November 2024");

    place
        .args(["init", "payments", "--dry-run", "-q"])
        .run()
        .code(0)
        .stderr("")
        .stdout_has("payments: planned\n  Price: $0.00 per month when idle, plus $0.25 per GB")
        .stdout_has("$0.125 per million gets of up to 4 KB, $4.125 per million sets of up to 1 KB");
    let stacks = cloudformation(&account, "ListStacks", &[]);
    assert!(
        !stacks.contains("REVIEW_IN_PROGRESS") && !stacks.contains("CREATE_COMPLETE"),
        "{stacks}"
    );
}

#[test]
fn the_question_names_what_is_broadened_and_no_answer_changes_nothing() {
    let (account, _, place) = deployed();
    let trust = |account: &Account| {
        let role = account.iam("GetRole", &[("RoleName", "discfg-payments-eu-central-1-read")]);
        xml_text(&role, "AssumeRolePolicyDocument").to_owned()
    };
    let before = trust(&account);
    let (app, other) = (role(&account, "app"), role(&account, "other"));
    place
        .args(["init", "payments", "--reader", &app, "--reader", &other])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("  update   read role (ReadRole): AssumeRolePolicyDocument")
        .stderr_has(&format!(
            "  broadens read role: now also for principals like {other}"
        ))
        .stderr_lacks("narrows")
        .stderr_has("refusing to continue without confirmation (no terminal): use --yes")
        .stderr_has("not answered: Deploy these changes? They broaden access (the `broadens` line above).");
    assert_eq!(trust(&account), before);
    assert_eq!(change_sets(&account), 0);
    place
        .args(["init", "payments", "--reader", &other, "--reader", &app, "-q"])
        .run()
        .code(2)
        .stderr_has("now also for principals like");
}

#[test]
fn a_pattern_that_covers_the_reader_broadens_and_the_way_back_narrows() {
    let (account, _, place) = deployed();
    let (app, all) = (role(&account, "app"), role(&account, "*"));
    let made = place
        .args(["init", "payments", "--reader", &all, "--yes", "-f", "json"])
        .run()
        .code(0)
        .stderr_has(&format!("broadens read role: now also for principals like {all}"))
        .stderr_lacks("narrows")
        .json();
    assert_eq!(made["result"], "updated");
    assert_eq!(made["access"][0]["effect"], "broadens");
    assert_eq!(made["access"][0]["resource"], "ReadRole");
    assert_eq!(made["parameters"][0]["name"], "Readers");
    place
        .args(["init", "payments", "--reader", &app])
        .run()
        .code(2)
        .stderr_has(&format!(
            "narrows  read role: no longer for principals like {all}"
        ))
        .stderr_lacks("broadens")
        .stderr_has("(no terminal): use --yes")
        .stderr_has("not answered: Deploy these changes?");
}

#[test]
fn a_template_that_cannot_be_read_counts_as_broadened() {
    let (account, admin, _) = deployed();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &admin);
    proxy.on("GetTemplate").deny();
    let planned = place
        .args([
            "init",
            "payments",
            "--writer",
            &role(&account, "app"),
            "--dry-run",
            "-f",
            "json",
        ])
        .run()
        .code(0)
        .stderr_has(
            "unclear  stack: cannot determine what it allows today (access denied: cloudformation:GetTemplate)",
        )
        .json();
    let effects: Vec<&Value> = planned["access"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| &line["effect"])
        .collect();
    assert!(
        effects.contains(&&json!("broadens")) && effects.contains(&&json!("unclear")),
        "{effects:?}"
    );
    assert!(!effects.contains(&&json!("narrows")), "{effects:?}");
    proxy.calm();
    assert_eq!(change_sets(&account), 0);
}

#[test]
fn a_change_set_that_cannot_be_removed_is_named() {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin());
    proxy.on("DeleteChangeSet").deny();
    place
        .args(["init", "payments", "--dry-run"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("access denied: cloudformation:DeleteChangeSet")
        .stderr_has(
            "aws cloudformation delete-change-set --stack-name discfg-payments --change-set-name arn:aws:",
        )
        .stderr_has("aws cloudformation delete-stack --stack-name discfg-payments");
}

#[test]
fn billing_is_switched_there_and_back_with_the_data_where_it_is() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    // The emulator keeps the units as the text that the template has.
    let paid = || {
        let table = account.dynamodb(&account.root(), "DescribeTable", &json!({"TableName": TABLE}));
        let table = table.expect("root may look")["Table"].clone();
        let units = &table["ProvisionedThroughput"];
        let text = |value: &Value| value.to_string().trim_matches('"').to_owned();
        [
            text(&table["BillingModeSummary"]["BillingMode"]),
            text(&units["ReadCapacityUnits"]),
            text(&units["WriteCapacityUnits"]),
        ]
    };
    place
        .args(["init", "payments", "--billing", "provisioned:5/5", "--yes"])
        .run()
        .code(0)
        .stderr_has("Price: $2.85 per month when idle")
        .stderr_has("allow 5.0 gets and 0.8 sets per second")
        .stderr_has("Free while the provisioned tables of the account use at most 25 read");
    assert_eq!(paid(), ["PROVISIONED", "5", "5"]);
    place.args(["set", "-c", "payments", "k", "kept"]).run().code(0);

    let switch = |billing: &str, parameter: &str| {
        let outcome = place
            .args(["init", "payments", "--yes", "-f", "json", "--billing", billing])
            .run();
        let made = outcome
            .code(0)
            .stderr_has(parameter)
            .stderr_has("Price: $")
            .json();
        assert_eq!(made["result"], "updated", "{billing}");
        assert_eq!(
            made["access"],
            json!([]),
            "{billing} has nothing to do with access"
        );
        made["price"]["monthly"].as_f64().unwrap_or_default()
    };
    assert!(switch("on-demand", "billing: provisioned -> on-demand").abs() < 1e-9);
    assert_eq!(paid()[0], "PAY_PER_REQUEST");
    assert!(switch("provisioned:7/3", "billing: on-demand -> provisioned") > 2.0);
    assert_eq!(paid(), ["PROVISIONED", "7", "3"]);
    place
        .args(["init", "payments", "--billing", "provisioned:7/3"])
        .run()
        .code(0)
        .stdout_has("unchanged");
    place
        .args(["get", "-c", "payments", "k"])
        .run()
        .code(0)
        .stdout("kept\n");
}

#[test]
fn whom_no_principal_can_be_is_refused_before_anything_is_asked() {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin());
    for (flag, given, said) in [
        ("--reader", "arn:aws:s3:::bucket", "neither a role nor a user"),
        ("--writer", "*", "invalid principal"),
        (
            "--reader",
            "arn:aws:sts::123456789012:assumed-role/app/x",
            "it is a session; use its role, arn:aws:iam::123456789012:role/app",
        ),
        (
            "--cfn-role",
            "arn:aws:iam::123456789012:user/deploy",
            "invalid role \"arn:aws:iam::123456789012:user/deploy\": expected an ARN such as arn:aws:iam::123456789012:role/deploy",
        ),
    ] {
        place
            .args(["init", "payments", flag, given, "--yes"])
            .run()
            .code(2)
            .stdout("")
            .stderr_has(flag)
            .stderr_has(given)
            .stderr_has(said);
    }
    for (flag, given) in [
        ("--reader", "arn:aws-cn:iam::123456789012:role/app"),
        (
            "--permissions-boundary",
            "arn:aws-us-gov:iam::123456789012:policy/bound",
        ),
        ("--cfn-role", "arn:aws-cn:iam::123456789012:role/deploy"),
    ] {
        place
            .args(["init", "payments", flag, given, "--yes"])
            .run()
            .code(8)
            .stdout("")
            .stderr_has(&format!(
                "{given} is in another partition than eu-central-1 (partition aws)"
            ));
    }
    assert_eq!(proxy.count("CreateChangeSet"), 0);
}

#[test]
fn settings_are_shown_in_the_words_of_the_flags() {
    let (account, _who, place) = deployed();
    account.oidc_provider(GITHUB);
    place
        .args([
            "init",
            "payments",
            "--github",
            "acme/shop:environment:prod",
            "--billing",
            "provisioned:5/5",
            "--dry-run",
        ])
        .run()
        .code(0)
        .stderr_has("set      GitHub jobs that can read: none -> repo:acme/shop:environment:prod")
        .stderr_has("set      billing: on-demand -> provisioned");
}
