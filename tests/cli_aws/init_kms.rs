//! `init` with a KMS key: made or given, kept, and used by the roles.

use serde_json::{Value, json};

use support::account::{Account, REGION};
use support::cli::{Outcome, Place};
use support::emulator::Emulator;
use support::kms::without_conditions;
use support::proxy::Proxy;

fn admin() -> (Account, Place) {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
    (account, place)
}

fn run(place: &Place, args: &[&str]) -> Outcome {
    place.args(args).run()
}

fn init(place: &Place, args: &[&str]) -> Outcome {
    run(
        place,
        &[&["init", "payments", "--yes", "-f", "json"], args].concat(),
    )
}

fn key_of(outcome: Outcome) -> String {
    let told = outcome.code(0).json();
    told["outputs"]["KmsKeyArn"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn target_of_alias(account: &Account) -> Value {
    account.kms("DescribeKey", &json!({"KeyId": "alias/discfg-payments"}))["KeyMetadata"]["Arn"].clone()
}

#[test]
fn a_key_is_made_once_and_stays() {
    let (account, place) = admin();
    let key = key_of(init(&place, &["--kms"]));
    assert_eq!(target_of_alias(&account), json!(key));
    let rotation = account.kms("GetKeyRotationStatus", &json!({"KeyId": key}));
    assert_eq!(rotation["KeyRotationEnabled"], json!(true));
    let again = init(&place, &[]).code(0).json();
    assert_eq!(again["result"], "unchanged");
    assert_eq!(key_of(init(&place, &["--history-days", "7"])), key);
    assert_eq!(key_of(init(&place, &["--kms"])), key);

    without_conditions(&account, "payments", &key);
    let developer = account.developer();
    let place = place.who(&developer);
    run(&place, &["set", "db/pw", "hunter2", "--secret"]).code(0);
    run(&place, &["set", "db/pw", "hunter3"]).code(0);
    run(&place, &["get", "db/pw"])
        .code(0)
        .stdout("hunter3\n")
        .stderr("");
    run(&place, &["exec", "--pristine", "--", "env"])
        .code(0)
        .stdout("DB_PW=hunter3\n");
    let items = format!("{:?}", account.items("discfg-payments"));
    assert!(items.contains("/db/pw") && !items.contains("hunter"), "{items}");
}

#[test]
fn a_config_gets_a_key_later() {
    let (account, place) = admin();
    assert_eq!(key_of(init(&place, &[])), "");
    run(&place, &["set", "k", "v", "-q"]).code(0);
    run(&place, &["set", "pw", "hunter2", "--secret"])
        .code(5)
        .stdout("")
        .stderr_has("access denied: kms:GenerateDataKey on /pw")
        .stderr_has("create one with `discfg init payments --kms`")
        .stderr_lacks("hunter");
    let dev = format!("arn:aws:iam::{}:user/developer", account.id());
    let grant = ["grant", "payments", "dbread", "--read", "db", "--principal", &dev];
    run(&place, &[&grant[..], &["--yes", "-q"]].concat()).code(0);
    let told = init(&place, &["--kms"])
        .stderr_has("Roles of these grants can't use the new key until you update each of them")
        .stderr_has("\n    discfg grant payments dbread\n");
    let told = told.stderr_has("KMS key");
    let key = key_of(told);
    assert_eq!(target_of_alias(&account), json!(key));
    let granted = run(&place, &["grant", "payments", "dbread", "--yes", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(granted["result"], "updated");
    assert_eq!(granted["parameters"][0]["after"], json!(key));
    init(&place, &["--history-days", "9"])
        .code(0)
        .stderr_lacks("made again");
    run(&place, &["set", "pw", "hunter2", "--secret", "--as", "self"])
        .code(5)
        .stderr_has("access denied: kms:GenerateDataKey");
    without_conditions(&account, "payments", &key);
    run(&place, &["set", "pw", "hunter2", "--secret"]).code(0);
    run(&place, &["get", "pw"]).code(0).stdout("hunter2\n");
    run(&place, &["get", "k"]).code(0).stdout("v\n");
}

#[test]
fn where_grants_may_not_be_listed_they_are_told_of_all_the_same() {
    let (_, place) = admin();
    init(&place, &[]).code(0);
    let proxy = Proxy::before(Emulator::shared());
    let place = place.env("AWS_ENDPOINT_URL", proxy.url());
    proxy.on("DescribeStacks").skip(1).deny();
    run(&place, &["init", "payments", "--kms", "--dry-run"])
        .code(0)
        .stderr_has("run `discfg grant payments NAME` for each grant of `discfg grants payments`")
        .stderr_has("cloudformation:DescribeStacks was denied")
        .stdout_has("payments: planned\n");
    proxy.calm();
    assert_eq!(key_of(init(&place, &[])), "");
}

#[test]
fn a_given_key_is_taken_and_not_given_up() {
    let (account, place) = admin();
    let mine = account.create_key("alias/mine");
    assert_eq!(key_of(init(&place, &["--kms-key", &mine])), mine);
    assert_eq!(target_of_alias(&account), json!(mine));
    assert_eq!(key_of(init(&place, &[])), mine);
    let other = account.create_key("alias/other");
    for args in [&["--kms-key", other.as_str()][..], &["--kms"]] {
        init(&place, args)
            .code(8)
            .stdout("")
            .stderr_has(&format!(
                "cannot change the KMS key of discfg-payments: its secrets are encrypted with {mine}"
            ))
            .stderr_has("omit --kms and --kms-key to keep the key");
    }
    assert_eq!(target_of_alias(&account), json!(mine));
}

#[test]
fn a_key_that_was_made_is_still_there_after_another_is_given() {
    let (account, place) = admin();
    let made = key_of(init(&place, &["--kms"]));
    let mine = account.create_key("alias/mine");
    assert_eq!(key_of(init(&place, &["--kms-key", &mine])), mine);
    assert_eq!(target_of_alias(&account), json!(mine));
    let state = account.kms("DescribeKey", &json!({"KeyId": made}));
    assert_eq!(state["KeyMetadata"]["KeyState"], json!("Enabled"));
}

#[test]
fn a_key_that_is_none_or_elsewhere_is_refused() {
    let (account, place) = admin();
    for bad in [
        "alias/mine",
        "arn:aws:kms:eu-central-1:123456789012:alias/mine",
        "arn:aws:kms:nowhere:123456789012:key/a",
        "arn:aws:iam::123456789012:role/key",
        "arn:aws:kms:eu-central-1:1234:key/a",
    ] {
        init(&place, &["--kms-key", bad])
            .code(2)
            .stdout("")
            .stderr_has(&format!("invalid KMS key {bad:?}: expected the ARN of a key"));
    }
    for (bad, partition) in [
        ("arn:aws:kms:eu-west-1", "aws"),
        ("arn:aws-cn:kms:eu-central-1", "aws"),
    ] {
        let arn = format!("{bad}:{}:key/a", account.id());
        init(&place, &["--kms-key", &arn])
            .code(8)
            .stdout("")
            .stderr_has(&format!(
                "the KMS key {arn} is not in the table's region {REGION} (partition {partition})"
            ));
    }
    let arn = format!("arn:aws:kms:{REGION}:123456789012:key/a");
    init(&place, &["--kms-key", &arn])
        .code(8)
        .stdout("")
        .stderr_has(&format!(
            "the KMS key {arn} is in account 123456789012: a config needs a key in its own account, {}",
            account.id()
        ));
    init(&place, &["--kms", "--kms-key", &arn])
        .code(2)
        .stderr_has("--kms-key");
    run(&place, &["init", "other", "--local", "--kms"])
        .code(2)
        .stdout("");
    let parameters = run(&place, &["template", "--parameters", "--kms"]).code(0).text();
    assert!(parameters.contains("MakeKmsKey"), "{parameters}");
    let stacks = account.query(
        &account.root(),
        "cloudformation",
        "2010-05-15",
        "DescribeStacks",
        &[],
    );
    assert!(!stacks.expect("an answer").contains("discfg-payments"));
}
