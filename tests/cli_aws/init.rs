//! `init` on AWS, as a platform engineer runs it, and what a developer may then do through the roles.

use serde_json::json;

use support::account::Account;
use support::cli::Place;
use support::emulator::Emulator;
use support::proxy::Proxy;

/// A config, made by an administrator, and the administrator's place.
fn deployed(config: &str) -> (Account, Place) {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    place.args(["init", config, "--yes", "-q"]).run().code(0);
    place.args(["use", config]).run().code(0);
    (account, place)
}

fn stacks(account: &Account) -> String {
    account
        .query(&account.root(), "cloudformation", "2010-05-15", "ListStacks", &[])
        .expect("root may list stacks")
}

#[test]
fn init_shows_deploys_proves_and_says_what_it_made() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let made = place
        .args(["init", "payments", "--yes", "-f", "json"])
        .run()
        .code(0)
        .stderr_has("Creating the stack discfg-payments")
        .stderr_has("table (Table)")
        .stderr_has("create complete")
        .stderr_has("Verified: assumed the read role")
        .stderr_has(&format!(
            "grants   read role: any principal in account {} whose own policy allows sts:AssumeRole and sts:TagSession",
            account.id()
        ))
        .stderr_has("Price: $0.00 per month when idle")
        .stderr_has(&format!(
            r#"to write  {{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"arn:aws:iam::{}:role/discfg/"#,
            account.id()
        ))
        .json();
    assert_eq!(made["action"], "init");
    assert_eq!(made["config"], "payments");
    assert_eq!(made["result"], "created");
    assert_eq!(made["stack"]["name"], "discfg-payments");
    assert_eq!(made["stack"]["status"], "CREATE_COMPLETE");
    assert_eq!(made["outputs"]["TableName"], "discfg-payments");
    for output in [
        "TableArn",
        "ReadRoleArn",
        "WriteRoleArn",
        "ReadPolicyArn",
        "WritePolicyArn",
    ] {
        let arn = made["outputs"][output].as_str().unwrap_or_default();
        assert!(arn.contains(account.id()), "{output} is {arn}");
    }
    let changes = made["changes"].as_array().into_iter().flatten();
    let resources: Vec<_> = changes.map(|change| change["resource"].clone()).collect();
    assert_eq!(
        resources,
        ["ReadPolicy", "WritePolicy", "ReadRole", "WriteRole", "Table"]
    );
    let items = account.items("discfg-payments");
    assert_eq!(items.len(), 2, "the config's own items alone: {items:?}");
    let has = |sk: &str, attribute: &str, number: &str| {
        let mut items = items.iter();
        items.any(|item| item["sk"]["S"] == sk && item[attribute]["N"] == number)
    };
    assert!(
        has("@meta", "history_days", "30") && has("@sections", "n", "0"),
        "{items:?}"
    );
}

#[test]
fn a_second_init_changes_nothing_and_makes_three_requests() {
    let account = Emulator::shared().account();
    let proxy = Proxy::before(Emulator::shared());
    let place = Place::at(proxy.url(), &account.admin());
    place.args(["init", "payments", "--yes"]).run().code(0);
    proxy.forget();
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stdout_has("payments: unchanged\n");
    assert_eq!(
        proxy.operations(),
        ["DescribeStacks", "GetTemplate", "BatchGetItem"]
    );
}

#[test]
fn changed_flags_update_and_what_is_not_given_stays() {
    let (account, place) = deployed("payments");
    place.args(["set", "k", "kept"]).run().code(0);
    place
        .args(["init", "payments", "--history-days", "7", "--yes"])
        .run()
        .code(0)
        .stderr_has("days of history: 30 -> 7")
        .stdout_has("payments: updated\n");
    let meta = account.items("discfg-payments");
    let meta = meta.iter().find(|item| item["sk"]["S"] == "@meta");
    assert_eq!(meta.map(|meta| &meta["history_days"]["N"]), Some(&json!("7")));
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stdout_has("unchanged");
    place.args(["get", "k"]).run().code(0).stdout("kept\n");
}

#[test]
fn without_an_answer_nothing_is_deployed() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    place
        .args(["init", "payments"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("--yes");
    place
        .args(["init", "payments", "--dry-run"])
        .run()
        .code(0)
        .stderr_has("Creating the stack discfg-payments")
        .stderr_has("Dry run: nothing was deployed");
    let listed = stacks(&account);
    assert!(
        !listed.contains("CREATE_COMPLETE") && !listed.contains("REVIEW_IN_PROGRESS"),
        "{listed}"
    );
}

/// The emulator doesn't ask conditions what an import would make, so the first of the two deployments is the test's own.
#[test]
fn a_table_that_was_taken_in_gets_the_rest_of_its_stack() {
    let (account, place) = deployed("payments");
    place.args(["set", "db/url", "kept"]).run().code(0);
    let cloudformation = |action: &str, parameters: &[(&str, &str)]| {
        account
            .query(
                &account.root(),
                "cloudformation",
                "2010-05-15",
                action,
                parameters,
            )
            .unwrap_or_else(|error| panic!("{action}: {error:?}"))
    };
    let stack = ("StackName", "discfg-payments");
    cloudformation("DeleteStack", &[stack]);
    let alone = json!({
        "Parameters": {"Config": {"Type": "String"}, "Adopt": {"Type": "String"}},
        "Resources": {"Table": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "RetainExceptOnCreate",
            "Properties": {
                "TableName": {"Fn::Sub": "discfg-${Config}"},
                "AttributeDefinitions": [
                    {"AttributeName": "pk", "AttributeType": "S"},
                    {"AttributeName": "sk", "AttributeType": "S"},
                ],
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "BillingMode": "PAY_PER_REQUEST",
            },
        }},
    });
    let imported = "ResourcesToImport.member.1";
    cloudformation(
        "CreateChangeSet",
        &[
            stack,
            ("ChangeSetName", "adopt"),
            ("ChangeSetType", "IMPORT"),
            ("TemplateBody", &alone.to_string()),
            ("Parameters.member.1.ParameterKey", "Config"),
            ("Parameters.member.1.ParameterValue", "payments"),
            ("Parameters.member.2.ParameterKey", "Adopt"),
            ("Parameters.member.2.ParameterValue", "true"),
            (&format!("{imported}.ResourceType"), "AWS::DynamoDB::Table"),
            (&format!("{imported}.LogicalResourceId"), "Table"),
            (&format!("{imported}.ResourceIdentifier.entry.1.key"), "TableName"),
            (
                &format!("{imported}.ResourceIdentifier.entry.1.value"),
                "discfg-payments",
            ),
        ],
    );
    cloudformation("ExecuteChangeSet", &[stack, ("ChangeSetName", "adopt")]);
    place
        .args(["status", "payments"])
        .run()
        .code(7)
        .stdout_has("it has only the table so far, imported from an earlier stack\n")
        .stderr_has("the import of the table into discfg-payments is not finished: the stack has no roles")
        .stderr_has("hint: create the remaining resources with `discfg init payments`");
    let status = place.args(["status", "payments", "-f", "json"]).run().code(7);
    assert_eq!(status.json()["stack"]["adopting"], true);
    place
        .args(["doctor", "payments"])
        .run()
        .code(1)
        .stdout_has("fail  stack        discfg-payments, IMPORT_COMPLETE: it has only the table so far, imported from an earlier")
        .stdout_has("fix: create the remaining resources: `discfg init payments`\n");
    place
        .args(["init", "payments", "--yes", "--wait", "--history-days", "7"])
        .run()
        .code(0)
        .stderr_has("create   read role (ReadRole)")
        .stdout_has("payments: updated");
    place.args(["get", "db/url"]).run().code(0).stdout("kept\n");
    place
        .args(["init", "payments"])
        .run()
        .code(0)
        .stdout_has("payments: unchanged");
}

#[test]
fn a_deployer_who_is_no_reader_is_told_so() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let dev = format!("arn:aws:iam::{}:user/developer", account.id());
    place
        .args(["init", "payments", "--yes", "--reader", &dev])
        .run()
        .code(0)
        .stderr_has("You can't read this config yourself")
        .stdout_has("created");
    let place = place.who(&account.developer());
    place.args(["ls", "-c", "payments"]).run().code(0).stdout("");
}

#[test]
fn a_deployer_without_permission_is_told_which() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.developer());
    place
        .args(["init", "payments", "--yes"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("access denied: cloudformation:DescribeStacks")
        .stderr_has(r#""Effect":"Allow","Action":"cloudformation:DescribeStacks""#);
}

#[test]
fn a_developer_reads_and_writes_through_the_roles_alone() {
    let (account, place) = deployed("payments");
    let proxy = Proxy::before(Emulator::shared());
    let place = place
        .who(&account.developer())
        .env("AWS_ENDPOINT_URL", proxy.url());
    let set = place
        .args(["set", "db/url", "one", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(
        set["node"]["by"],
        format!("arn:aws:iam::{}:user/developer", account.id())
    );
    place.args(["get", "db/url"]).run().code(0).stdout("one\n");
    let roles: Vec<String> = proxy
        .requests()
        .iter()
        .filter(|request| request.operation == "AssumeRole")
        .map(|request| String::from_utf8_lossy(&request.message.body).into_owned())
        .collect();
    assert_eq!(roles.len(), 2);
    assert!(
        roles[0].contains("discfg-payments-eu-central-1-write"),
        "{roles:?}"
    );
    assert!(
        roles[1].contains("discfg-payments-eu-central-1-read"),
        "{roles:?}"
    );

    proxy.forget();
    place.args(["get", "db/url"]).run().code(0);
    assert_eq!(proxy.operations(), ["GetItem"], "a warm get");
    proxy.forget();
    place.args(["set", "db/url", "two"]).run().code(0);
    assert_eq!(
        proxy.operations(),
        ["BatchGetItem", "TransactWriteItems"],
        "a warm set"
    );
    proxy.forget();
    place
        .shell("rm -r \"$XDG_CACHE_HOME\"/discfg/role-*; discfg get db/url --stats")
        .run()
        .code(0)
        .stdout("two\n")
        .stderr_has("2 requests (AssumeRole 1, GetItem 1); 1 read units, 0 write units");
    assert_eq!(
        proxy.operations(),
        ["AssumeRole", "GetItem"],
        "a get whose role isn't cached"
    );
}

#[test]
fn the_read_role_does_not_write() {
    let (account, place) = deployed("payments");
    place.args(["set", "k", "old"]).run().code(0);
    let place = place.who(&account.developer());
    let before = account.items("discfg-payments");
    let user = format!("arn:aws:iam::{}:user/developer", account.id());
    for args in [
        &["set", "k", "new", "--as", "read"][..],
        &["delete", "k", "--as", "read"],
    ] {
        place
            .args(args)
            .run()
            .code(5)
            .stdout("")
            // A transaction is allowed by the actions of its parts.
            .stderr_has("access denied: dynamodb:")
            .stderr_has(&format!("assumed by {user}"))
            .stderr_has("(role arn:aws:iam::")
            .stderr_has("hint: omit `--as read`");
    }
    assert_eq!(account.items("discfg-payments"), before);
}

#[test]
fn who_may_not_assume_the_role_is_told_what_is_missing() {
    let (account, place) = deployed("payments");
    let place = place.who(&account.user("stranger", &["dynamodb:GetItem"]));
    let role = format!(
        "arn:aws:iam::{}:role/discfg/discfg-payments-eu-central-1-write",
        account.id()
    );
    place
        .args(["set", "k", "v"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has(&format!("user/stranger can't assume the role {role}"))
        .stderr_has("dynamodb:PutItem and dynamodb:DeleteItem on /k")
        .stderr_has(&format!(
            r#"{{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"{role}"}}"#
        ))
        .stderr_has("`discfg init payments --writer` replaces the whole list");
    place
        .args(["get", "k", "--as", "self"])
        .run()
        .code(3)
        .stderr_has("key /k not found");
}

#[test]
fn an_unknown_config_is_told_from_a_denial() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    place
        .args(["get", "-c", "nosuch", "k"])
        .run()
        .code(3)
        .stderr_has("config \"nosuch\" not found")
        .stderr_has("discfg init nosuch");
    let place = place.who(&account.developer());
    place
        .args(["get", "-c", "nosuch", "k"])
        .run()
        .code(5)
        .stderr_has("or the role does not exist");
}
