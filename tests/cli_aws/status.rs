//! `status`: what a platform engineer sees of a config, and what is left of that without permissions.

use serde_json::json;

use support::account::Account;
use support::cli::Place;
use support::config::embedded;
use support::emulator::Emulator;
use support::proxy::Proxy;

fn deployed() -> (Account, Place) {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    place.args(["init", "payments", "--yes", "-q"]).run().code(0);
    (account, place)
}

#[test]
fn a_config_is_shown_whole() {
    let (account, place) = deployed();
    place
        .args(["status", "payments"])
        .run()
        .code(0)
        .stderr("")
        .stdout_has("stack      discfg-payments, CREATE_COMPLETE since ")
        .stdout_has(&format!(
            "read role  arn:aws:iam::{}:role/discfg/discfg-payments-eu-central-1-read",
            account.id()
        ))
        .stdout_has("grants     none\n")
        .stdout_has("table      discfg-payments, active\n")
        .stdout_has("(counted up to 6 hours ago)")
        .stdout_has("billing on-demand, point-in-time recovery off, deletion protection on")
        .stdout_has("price      $0.00 per month when idle, plus $0.25 per GB stored")
        .stdout_has("           $0.125 per million gets of up to 4 KB");
    let status = place
        .args(["status", "-c", "payments", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(status["action"], "status");
    assert_eq!(status["stack"]["status"], "CREATE_COMPLETE");
    assert_eq!(status["outputs"]["TableName"], "discfg-payments");
    assert_eq!(status["parameters"]["HistoryDays"], "30");
    assert_eq!(status["table"]["deletionProtection"], true);
    assert_eq!(status["roles"][1]["purpose"], "write");
    assert_eq!(status["stack"]["adopting"], false);
    assert_eq!(status["price"]["monthly"], 0.0);
    assert_eq!(status["price"]["millionSets"], 4.125);
    assert_eq!(status["price"]["region"], "us-east-1");
    assert_eq!(status["lastFailure"], json!(null));
    assert_eq!(status["unknown"], json!([]));
    assert_eq!(status.get("drift"), None);
    place
        .args(["status", "payments", "-f", "raw"])
        .run()
        .code(0)
        .stdout("CREATE_COMPLETE\n");
}

#[test]
fn a_config_that_is_not_there_is_exit_code_three() {
    let (account, place) = deployed();
    place
        .args(["status", "nosuch"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("config \"nosuch\" not found (no stack discfg-nosuch in eu-central-1)");
    account.create_table("discfg-kept");
    place
        .args(["status", "kept"])
        .run()
        .code(3)
        .stdout_has("stack      none\n")
        .stdout_has("table      discfg-kept, active")
        .stderr_has("stack discfg-kept of config \"kept\" not found, only its table exists")
        .stderr_has("import the table with `discfg init kept`");
}

#[test]
fn what_may_not_be_seen_is_told_with_the_permission_that_it_takes() {
    let (account, place) = deployed();
    let place = place.who(&account.user(
        "half",
        &["cloudformation:DescribeStacks", "dynamodb:DescribeTable"],
    ));
    let seen = place
        .args(["status", "payments"])
        .run()
        .code(0)
        .stdout_has("CREATE_COMPLETE")
        .stdout_has("table      discfg-payments, active")
        .stdout_has("point-in-time recovery unknown")
        .stdout_has("unknown    the roles: iam:GetRole was denied\n")
        .stdout_has("unknown    the last failure: cloudformation:DescribeStackEvents was denied\n")
        .stderr_has(
            r#""Action":["cloudformation:DescribeStackEvents","cloudformation:ListStacks","dynamodb:Desc"#,
        );
    assert_eq!(seen.text().matches("iam:GetRole").count(), 1, "{}", seen.text());
    place
        .args(["status", "payments", "--drift"])
        .run()
        .code(5)
        .stdout_has("the drift: cloudformation:DetectStackDrift was denied")
        .stderr_has("cannot determine whether discfg-payments has drifted");
    let place = place.who(&account.developer());
    place
        .args(["status", "payments"])
        .run()
        .code(5)
        .stdout_has("stack      unknown\n")
        .stdout_has("table      unknown\n")
        .stderr_has("access denied: these credentials can't see anything of payments");
}

#[test]
fn drift_names_property_expected_and_actual() {
    let (account, place) = deployed();
    place
        .args(["status", "payments", "--drift"])
        .run()
        .code(0)
        .stdout_has("drift      none: all resources match the template\n");
    let unprotect = json!({"TableName": "discfg-payments", "DeletionProtectionEnabled": false});
    account
        .dynamodb(&account.root(), "UpdateTable", &unprotect)
        .expect("root may");
    place
        .args(["status", "payments", "--drift"])
        .run()
        .code(1)
        .stderr("")
        .stdout_has("drift      table (Table) /DeletionProtectionEnabled: expected true, found false\n");
    let status = place
        .args(["status", "payments", "--drift", "-f", "json"])
        .run()
        .code(1)
        .json();
    assert_eq!(status["drift"][0]["resource"], "Table");
    assert_eq!(
        status["drift"][0]["differences"][0]["property"],
        "/DeletionProtectionEnabled"
    );
}

#[test]
fn a_throttled_poll_of_the_drift_is_no_failure() {
    let (account, place) = deployed();
    let proxy = Proxy::before(Emulator::shared());
    proxy
        .on("DescribeStackDriftDetectionStatus")
        .times(4)
        .error(400, "Throttling", "Rate exceeded");
    let place = place.who(&account.root()).env("AWS_ENDPOINT_URL", proxy.url());
    place
        .args(["status", "payments", "--drift"])
        .run()
        .code(0)
        .stdout_has("drift      none");
    assert!(proxy.count("DescribeStackDriftDetectionStatus") > 4);
}

#[test]
fn a_stack_that_is_stuck_is_exit_code_seven_with_its_first_cause() {
    let (account, place) = deployed();
    let proxy = Proxy::before(Emulator::shared());
    let arn = "arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-payments/one";
    let member = |id: &str, logical: &str, physical: &str, status: &str, reason: &str| {
        format!(
            "<member><EventId>{id}</EventId><LogicalResourceId>{logical}</LogicalResourceId>\
             <PhysicalResourceId>{physical}</PhysicalResourceId><ResourceStatus>{status}</ResourceStatus>\
             <OperationId>op-7</OperationId><Timestamp>2026-01-31T08:00:00Z</Timestamp>\
             <ResourceStatusReason>{reason}</ResourceStatusReason></member>"
        )
    };
    let events = [
        member("3", "discfg-payments", arn, "UPDATE_ROLLBACK_FAILED", ""),
        member(
            "2",
            "ReadRole",
            "r",
            "UPDATE_FAILED",
            "iam:UpdateRole is not allowed",
        ),
        member("1", "discfg-payments", arn, "UPDATE_IN_PROGRESS", ""),
    ]
    .concat();
    proxy.on("DescribeStacks").answer(
        200,
        &format!(
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>\
             <StackName>discfg-payments</StackName><StackId>{arn}</StackId>\
             <CreationTime>2026-01-31T08:00:00Z</CreationTime>\
             <StackStatus>UPDATE_ROLLBACK_FAILED</StackStatus>\
             <StackStatusReason>The following resource(s) failed to update: [ReadRole].</StackStatusReason>\
             <Outputs><member><OutputKey>DiscfgLayout</OutputKey><OutputValue>1</OutputValue></member>\
             <member><OutputKey>TableName</OutputKey><OutputValue>discfg-payments</OutputValue></member></Outputs>\
             </member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
        ),
    );
    proxy.on("DescribeStackEvents").answer(
        200,
        &format!(
            "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>{events}</StackEvents>\
             </DescribeStackEventsResult></DescribeStackEventsResponse>"
        ),
    );
    let place = place.who(&account.root()).env("AWS_ENDPOINT_URL", proxy.url());
    place
        .args(["status", "payments"])
        .run()
        .code(7)
        .stdout_has("UPDATE_ROLLBACK_FAILED since 2026-01-31T08:00:00Z")
        .stdout_has("The following resource(s) failed to update: [ReadRole].")
        .stdout_has("failure    2026-01-31T08:00:00Z update failed at read role (ReadRole): iam:UpdateRole is not allowed\n")
        .stdout_has("operation op-7\n")
        .stderr_has("is in UPDATE_ROLLBACK_FAILED and needs repair")
        .stderr_has("run `discfg init payments`: it repairs the stack, or says what to do first");
}

#[test]
fn a_stack_of_that_name_that_is_not_ours_is_refused() {
    let account = Emulator::shared().account();
    let template = r#"{"Resources":{"Topic":{"Type":"AWS::SNS::Topic"}}}"#;
    account
        .query(
            &account.root(),
            "cloudformation",
            "2010-05-15",
            "CreateStack",
            &[("StackName", "discfg-payments"), ("TemplateBody", template)],
        )
        .expect("root may deploy");
    let place = Place::at(&account.url(), &account.admin());
    place
        .args(["status", "payments"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has("the stack discfg-payments was not created by discfg");
}

#[test]
fn of_another_account_the_table_alone_is_seen() {
    let owner = Emulator::shared().account();
    let reader = Emulator::shared().account();
    let place = Place::at(&owner.url(), &owner.admin());
    place
        .args([
            "init",
            "payments",
            "--yes",
            "-q",
            "--account-id",
            reader.id(),
            "--external-id",
            "shared-secret",
        ])
        .run()
        .code(0);
    let place = place.who(&reader.developer());
    place
        .args([
            "status",
            "payments",
            "--account",
            owner.id(),
            "--external-id",
            "shared-secret",
        ])
        .run()
        .code(0)
        .stdout_has(&format!("unknown    the stack: it is in account {}", owner.id()))
        .stdout_has("table      discfg-payments, active");
}

#[test]
fn the_embedded_engine_shows_its_file() {
    let place = embedded();
    place.args(["set", "db/url", "x", "-q"]).run().code(0);
    place
        .args(["status"])
        .run()
        .code(0)
        .stderr("")
        .stdout_has("engine     local: no stack, no roles\n")
        .stdout_has("mycfg.db (")
        .stdout_has("state      ok\nsections   /db\n");
    let status = place.args(["status", "-f", "json"]).run().code(0).json();
    assert_eq!(status["sections"], json!({"/db": 1}));
    assert_eq!(status["stack"], json!(null));
    place.args(["status", "nosuch"]).run().code(3).stdout("");
    place
        .args(["status", "--drift"])
        .run()
        .code(2)
        .stderr_has("--drift is not supported");
}
