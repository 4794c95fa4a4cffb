//! `destroy` where it is refused, where it fails, and where it isn't waited for.

use crate::destroy::{STACK, cloudformation, deployed, has_table, state};

#[test]
fn what_is_protected_or_not_ours_is_refused_before_anything_goes() {
    let (account, proxy, place) = deployed();
    cloudformation(
        &account,
        "UpdateTerminationProtection",
        &[("StackName", STACK), ("EnableTerminationProtection", "true")],
    );
    place
        .args(["destroy", "payments", "--yes"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has("cannot delete the stack discfg-payments: termination protection is enabled")
        .stderr_has("--no-enable-termination-protection --stack-name discfg-payments");
    let template = r#"{"Resources":{"Topic":{"Type":"AWS::SNS::Topic"}}}"#;
    cloudformation(
        &account,
        "CreateStack",
        &[("StackName", "discfg-foreign"), ("TemplateBody", template)],
    );
    place
        .args(["destroy", "foreign", "--yes"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has("the stack discfg-foreign was not created by discfg");
    assert_eq!(proxy.count("DeleteStack"), 0);
}

#[test]
fn a_stack_that_someone_is_deploying_is_left_to_them() {
    let (account, proxy, place) = deployed();
    let described = cloudformation(&account, "DescribeStacks", &[("StackName", STACK)]);
    proxy
        .on("DescribeStacks")
        .answer(200, &described.replace("CREATE_COMPLETE", "UPDATE_IN_PROGRESS"));
    place
        .args(["destroy", "payments", "--yes"])
        .run()
        .code(6)
        .stdout("")
        .stderr_has("another operation is running on the stack discfg-payments: UPDATE_IN_PROGRESS since ")
        .stderr_has("hint: wait for its end (see `discfg status`), then rerun the command")
        .stderr_lacks("--wait");
    assert_eq!(proxy.count("DeleteStack"), 0);
}

/// `DescribeStackEvents` of a deletion that failed at the read policy.
fn failed_deletion(stack_arn: &str) -> String {
    let member = |id: &str, logical: &str, physical: &str, status: &str, reason: &str| {
        format!(
            "<member><EventId>{id}</EventId><LogicalResourceId>{logical}</LogicalResourceId>\
             <PhysicalResourceId>{physical}</PhysicalResourceId><ResourceStatus>{status}</ResourceStatus>\
             <Timestamp>2026-01-31T08:00:00Z</Timestamp>\
             <ResourceStatusReason>{reason}</ResourceStatusReason></member>"
        )
    };
    let reason = "Cannot delete a policy attached to entities.";
    let events = [
        member("d3", STACK, stack_arn, "DELETE_FAILED", "[ReadPolicy]."),
        member("d2", "ReadPolicy", "p", "DELETE_FAILED", reason),
        member("d1", STACK, stack_arn, "DELETE_IN_PROGRESS", ""),
    ];
    format!(
        "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>{}</StackEvents>\
         </DescribeStackEventsResult></DescribeStackEventsResponse>",
        events.concat()
    )
}

/// The emulator deletes a policy that is attached, as IAM doesn't: the end of the deletion is played.
#[test]
fn a_policy_that_is_attached_elsewhere_is_named_with_its_holder() {
    let (account, proxy, place) = deployed();
    let policy = format!(
        "arn:aws:iam::{}:policy/discfg/discfg-payments-eu-central-1-read",
        account.id()
    );
    account.user("holder", &["s3:GetObject"]);
    let attachment = [("UserName", "holder"), ("PolicyArn", policy.as_str())];
    account.iam("AttachUserPolicy", &attachment);
    let status = place.args(["status", "payments", "-f", "json"]).run().json();
    let arn = status["stack"]["arn"].as_str().expect("an ARN");
    let play_failure = || {
        proxy
            .on("DeleteStack")
            .answer(200, "<DeleteStackResponse></DeleteStackResponse>");
        proxy
            .on("DescribeStackEvents")
            .skip(1)
            .answer(200, &failed_deletion(arn));
    };
    play_failure();
    place
        .args(["destroy", "payments", "--yes", "--delete-data"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has(
            "error: deletion of discfg-payments failed; the stack is in DELETE_FAILED: read policy (ReadPolicy): \
             Cannot delete a policy attached to entities.",
        )
        .stderr_has(&format!(
            "hint: detach the policy discfg-payments-eu-central-1-read from the user holder, then rerun the command: \
             `aws iam detach-user-policy --user-name holder --policy-arn {policy}`"
        ))
        .stderr_lacks("from the role");
    proxy.calm();
    play_failure();
    proxy.on("ListEntitiesForPolicy").deny();
    place
        .args(["destroy", "payments", "--yes"])
        .run()
        .code(7)
        .stderr_has(
            "find out what its policies are attached to, and detach them (access denied: iam:ListEntitiesForPolicy)",
        );
    assert!(has_table(&account), "the data goes last");
    proxy.calm();
    account.iam("DetachUserPolicy", &attachment);
    place.args(["destroy", "payments", "--yes"]).run().code(0);
    assert_eq!(state(&account, STACK), "DELETE_COMPLETE");
}

/// Where the service names no resource, the statement is for what discfg makes.
fn statement(action: &str) -> String {
    let resource = match action.split_once(':') {
        Some(("dynamodb", _)) => "arn:*:dynamodb:*:*:table/discfg-*",
        _ => "arn:*:cloudformation:*:*:stack/discfg-*/*",
    };
    format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
}

#[test]
fn each_missing_permission_is_named() {
    let (account, proxy, place) = deployed();
    for (operation, action) in [
        ("DescribeStacks", "cloudformation:DescribeStacks"),
        ("DescribeStackEvents", "cloudformation:DescribeStackEvents"),
        ("DeleteStack", "cloudformation:DeleteStack"),
        ("DescribeTable", "dynamodb:DescribeTable"),
    ] {
        proxy.on(operation).deny();
        place
            .args(["destroy", "payments", "--yes", "--delete-data"])
            .run()
            .code(5)
            .stdout("")
            .stderr_has(&format!("access denied: {action}"))
            .stderr_has(&statement(action));
        proxy.calm();
        assert_eq!(state(&account, STACK), "CREATE_COMPLETE", "{operation}");
    }
    place.args(["destroy", "payments", "--yes"]).run().code(0);
    for (operation, action) in [
        ("UpdateTable", "dynamodb:UpdateTable"),
        ("DeleteTable", "dynamodb:DeleteTable"),
    ] {
        proxy.on(operation).deny();
        place
            .args(["destroy", "payments", "--yes", "--delete-data"])
            .run()
            .code(5)
            .stderr_has(&format!("access denied: {action}"))
            .stderr_has(&statement(action));
        proxy.calm();
        assert!(has_table(&account));
    }
}

#[test]
fn ctrl_c_and_the_timeout_leave_the_deletion_running() {
    let (_account, proxy, place) = deployed();
    let accepted = "<DeleteStackResponse><ResponseMetadata/></DeleteStackResponse>";
    proxy.on("DeleteStack").answer(200, accepted);
    place
        .args(["destroy", "payments", "--yes", "--timeout", "100ms"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has("timed out (--timeout): deletion of discfg-payments continues in the background")
        .stderr_has("rerun to resume; `discfg status payments` shows the state");
    proxy.forget();
    let running = place.args(["destroy", "payments", "--yes"]).start();
    while proxy.count("DescribeStackEvents") < 2 {
        std::thread::yield_now();
    }
    running.signal("INT");
    running
        .end()
        .code(130)
        .stdout("")
        .stderr_has("deletion of discfg-payments continues in the background")
        .stderr_has("`discfg status payments` shows the state");
}
