//! `destroy`: what goes, what stays, and what is refused before anything goes.

use discfg::stack::GRANT_TEMPLATE;
use serde_json::{Value, json};

use support::account::Account;
use support::cli::Place;
use support::config::embedded;
use support::emulator::Emulator;
use support::proxy::Proxy;

pub(crate) const STACK: &str = "discfg-payments";

/// A config with a key, and the administrator's place behind a proxy.
pub(crate) fn deployed() -> (Account, Proxy, Place) {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin());
    place.args(["init", "payments", "--yes", "-q"]).run().code(0);
    place
        .args(["set", "-c", "payments", "db/url", "kept", "-q"])
        .run()
        .code(0);
    proxy.forget();
    (account, proxy, place)
}

pub(crate) fn cloudformation(account: &Account, action: &str, parameters: &[(&str, &str)]) -> String {
    account
        .query(
            &account.root(),
            "cloudformation",
            "2010-05-15",
            action,
            parameters,
        )
        .unwrap_or_else(|refusal| panic!("{action}: {refusal:?}"))
}

pub(crate) fn state(account: &Account, stack: &str) -> String {
    let stacks = cloudformation(account, "ListStacks", &[]);
    let of_name = format!("<StackName>{stack}</StackName>");
    let member = stacks.split("<member>").find(|member| member.contains(&of_name));
    let state = member.and_then(|member| member.split_once("<StackStatus>"));
    state
        .and_then(|(_, rest)| rest.split_once('<'))
        .map_or_else(|| "ABSENT".into(), |(state, _)| state.to_owned())
}

pub(crate) fn has_table(account: &Account) -> bool {
    let describe = json!({"TableName": STACK});
    account
        .dynamodb(&account.root(), "DescribeTable", &describe)
        .is_ok()
}

#[test]
fn the_stack_goes_and_the_table_stays_with_its_data() {
    let (account, proxy, place) = deployed();
    let before = account.items(STACK);
    let cache = place.home().join("cache/discfg");
    let kept = || {
        let files = std::fs::read_dir(&cache).expect("a cache").flatten();
        files
            .filter(|file| file.file_name().to_string_lossy().starts_with("role-"))
            .count()
    };
    assert_eq!(kept(), 2, "the read and the write role's credentials");
    let destroyed = place
        .args(["destroy", "payments", "--yes", "-f", "json"])
        .run()
        .code(0)
        .stderr_has("delete   stack discfg-payments: roles and policies")
        .stderr_has("keep     table discfg-payments: ")
        .stderr_has("delete complete          read role (ReadRole)")
        .stderr_has("delete skipped           table (Table)")
        .stderr_has("Kept the table discfg-payments with its data. Import it with `discfg init payments`")
        .json();
    assert_eq!(destroyed["result"], "destroyed");
    assert_eq!(destroyed["stack"], STACK);
    assert_eq!(destroyed["grants"], json!([]));
    assert_eq!(destroyed["data"], json!({"name": STACK, "deleted": false}));
    assert_eq!(state(&account, STACK), "DELETE_COMPLETE");
    assert_eq!(account.items(STACK), before);
    let roles = account.iam("ListRoles", &[]);
    assert!(!roles.contains("discfg-payments"), "{roles}");
    assert_eq!(kept(), 0, "credentials of roles that are gone");
    assert_eq!(proxy.count("DeleteTable"), 0);
    place.args(["status", "payments"]).run().code(3);
    place
        .args(["configs"])
        .run()
        .code(0)
        .stdout_has("payments  eu-central-1, table without a stack");
    place
        .args(["destroy", "payments", "--yes"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("not found, only its table exists")
        .stderr_has("--delete-data");
    place
        .args(["destroy", "payments", "--yes", "--delete-data"])
        .run()
        .code(0)
        .stdout("payments: destroyed\n");
    assert!(!has_table(&account));
    place
        .args(["destroy", "payments", "--yes", "--delete-data"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("config \"payments\" not found");
}

#[test]
fn with_delete_data_the_table_goes_last() {
    let (account, proxy, place) = deployed();
    place
        .args(["destroy", "-c", "payments", "--yes", "--delete-data"])
        .run()
        .code(0)
        .stdout("payments: destroyed\n")
        .stderr_has("delete   table discfg-payments with all data: ")
        .stderr_has("point-in-time recovery is off: the data can't be restored");
    let changes: Vec<String> = proxy
        .operations()
        .into_iter()
        .filter(|operation| operation.starts_with("Delete") || operation.starts_with("Update"))
        .collect();
    assert_eq!(changes, ["DeleteStack", "UpdateTable", "DeleteTable"]);
    assert!(!has_table(&account));
    assert_eq!(state(&account, STACK), "DELETE_COMPLETE");
}

#[test]
fn nothing_goes_without_a_yes_and_a_dry_run_shows_what_would() {
    let (account, proxy, place) = deployed();
    place
        .args(["destroy", "payments"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("(no terminal): use --yes")
        .stderr_has("--yes");
    place.args(["destroy"]).run().code(2).stdout("");
    place
        .args(["destroy"])
        .env("DISCFG_CONFIG", "payments")
        .run()
        .code(2)
        .stdout("");
    let planned = place
        .args(["destroy", "payments", "--dry-run", "--delete-data", "-f", "json"])
        .run()
        .code(0)
        .stderr_has("delete   table discfg-payments")
        .stderr_has("Dry run: nothing was deleted.")
        .json();
    assert_eq!(planned["result"], "planned");
    assert_eq!(planned["data"]["deleted"], false);
    assert_eq!(proxy.count("DeleteStack"), 0);
    assert_eq!(state(&account, STACK), "CREATE_COMPLETE");
    place
        .args(["destroy", "nosuch", "--yes"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("config \"nosuch\" not found (no stack discfg-nosuch in eu-central-1)");
    place
        .args(["destroy", "payments", "--yes", "--account", "999999999999"])
        .run()
        .code(2)
        .stderr_has("from another account");
}

#[test]
fn grants_go_before_the_config() {
    let (account, proxy, place) = deployed();
    let make = |config: &str, principal: &str| {
        cloudformation(
            &account,
            "CreateStack",
            &[
                ("StackName", &format!("discfg-{config}--ci")),
                ("TemplateBody", GRANT_TEMPLATE),
                ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
                ("Parameters.member.1.ParameterKey", "Config"),
                ("Parameters.member.1.ParameterValue", config),
                ("Parameters.member.2.ParameterKey", "Grant"),
                ("Parameters.member.2.ParameterValue", "ci"),
                ("Parameters.member.3.ParameterKey", "Sections"),
                ("Parameters.member.3.ParameterValue", "/app,/db"),
                ("Parameters.member.4.ParameterKey", "Principals"),
                ("Parameters.member.4.ParameterValue", principal),
            ],
        );
    };
    let principal = format!("arn:aws:iam::{}:role/ci", account.id());
    make("payments", &principal);
    make("payments-two", &principal);
    let line = json!({
        "pk": {"S": "@config"}, "sk": {"S": "@grant#ci"}, "access": {"S": "read"}, "sections": {"SS": ["/app", "/db"]},
    });
    account
        .dynamodb(
            &account.root(),
            "PutItem",
            &json!({"TableName": STACK, "Item": line}),
        )
        .expect("root may");
    place
        .args(["status", "payments"])
        .run()
        .code(0)
        .stdout_has("grant      ci: read /app, /db, CREATE_COMPLETE\n");
    let status = place.args(["status", "payments", "-f", "json"]).run().json();
    assert_eq!(status["grants"][0]["principals"], json!([principal]));
    place
        .args(["configs", "-f", "raw"])
        .run()
        .code(0)
        .stdout("payments\n");
    proxy.forget();
    let destroyed = place
        .args(["destroy", "payments", "--yes", "-f", "json"])
        .run()
        .code(0)
        .stderr_has("delete   grant ci (stack discfg-payments--ci)")
        .stderr_has("delete complete          grant role (Role)")
        .json();
    assert_eq!(destroyed["grants"], json!(["ci"]));
    let deleted: Vec<String> = proxy
        .requests()
        .iter()
        .filter(|request| request.operation == "DeleteStack")
        .map(|request| String::from_utf8_lossy(&request.message.body).into_owned())
        .collect();
    assert_eq!(deleted.len(), 2);
    assert!(deleted[0].contains("discfg-payments--ci"), "{deleted:?}");
    assert_eq!(state(&account, "discfg-payments--ci"), "DELETE_COMPLETE");
    assert_eq!(state(&account, "discfg-payments-two--ci"), "CREATE_COMPLETE");
    let items = account.items(STACK);
    assert!(
        items.iter().any(|item| item["sk"]["S"] == "@meta")
            && items.iter().all(|item| item["sk"]["S"] != "@grant#ci"),
        "the list of grants: {items:?}"
    );
}

#[test]
fn on_the_embedded_engine_the_file_is_all_that_there_is() {
    let place = embedded();
    place.args(["set", "k", "v", "-q"]).run().code(0);
    place
        .args(["set", "pw", "s3cret", "--secret", "-q"])
        .run()
        .code(0);
    let folder = place.home().join("data/discfg");
    let key = folder.join("mycfg.key");
    assert!(key.exists());
    let files = || std::fs::read_dir(&folder).map_or(0, Iterator::count);
    let before = files();
    assert!(before > 0);
    place
        .args(["destroy", "mycfg", "--yes"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("config \"mycfg\" is local: it has no stack, only data")
        .stderr_has("add --delete-data to delete the file ");
    place
        .args(["destroy", "mycfg", "--delete-data"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("--yes");
    place
        .args(["destroy", "mycfg", "--delete-data", "--dry-run"])
        .run()
        .code(0)
        .stderr_has(&format!(
            "  delete   key file {} for its secrets\n",
            key.display()
        ))
        .stdout("mycfg: would be destroyed\n");
    assert_eq!(files(), before);
    let destroyed: Value = place
        .args(["destroy", "mycfg", "--delete-data", "--yes", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(destroyed["data"]["deleted"], true);
    assert_eq!(files(), 0, "with its key and what SQLite keeps beside it");
    std::fs::write(&key, [7; 32]).expect("as one that was cut short leaves it");
    place
        .args(["destroy", "mycfg", "--delete-data", "--yes"])
        .run()
        .code(0)
        .stderr_lacks("delete   the file")
        .stdout("mycfg: destroyed\n");
    assert_eq!(files(), 0);
    place
        .args(["destroy", "mycfg", "--delete-data", "--yes"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("config \"mycfg\" not found")
        .stderr_has("hint: list the configs with `discfg configs --local`");
}
