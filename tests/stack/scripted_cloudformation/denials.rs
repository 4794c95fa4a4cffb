//! Each request that `init` makes, denied: the message names the action, and the statement that would allow it.

use serde_json::json;

use super::answers::{
    absent, change_set, change_set_made, change_sets, done, events, no_table, resources, scanned,
    stack as stack_in, table, table_tags,
};
use super::place;
use super::server::{Scene, Scripted, refusal, table_answer, table_refusal};

const CONFIG: [(&str, &str); 1] = [("Config", "payments")];
const STACK: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-payments";
const TABLE: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/discfg-payments";
const DELETED: (&str, &str, &str, &str, &str) = (
    "Table",
    "AWS::DynamoDB::Table",
    "discfg-payments",
    "DELETE_FAILED",
    "protected",
);

/// The service's words: a stack's ARN has an id at its end, which the statement must not depend on.
fn said(action: &str) -> String {
    let resource = if action.starts_with("dynamodb:") {
        TABLE.to_owned()
    } else {
        format!("{STACK}/0a1b-2c3d")
    };
    format!(
        "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: {action} on resource: {resource} \
         because no identity-based policy allows the {action} action"
    )
}

fn denied(action: &'static str) -> Scene {
    let said = said(action);
    match action.split_once(':') {
        Some(("dynamodb", request)) => table_refusal(request, "AccessDeniedException", &said),
        Some((_, request)) => refusal(request, 403, "AccessDenied", &said),
        None => panic!("{action} has no service"),
    }
}

fn statement(action: &str) -> String {
    let resource = if action.starts_with("dynamodb:") {
        TABLE.to_owned()
    } else {
        format!("{STACK}/*")
    };
    format!(
        r#"hint: add to the policies of arn:aws:iam::123456789012:user/dev: {{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#
    )
}

/// Runs `init` on these scenes, then the denial, then what is cleaned up after it.
fn check(action: &'static str, flag: &str, before: Vec<Scene>, after: Vec<Scene>) {
    let scenes = before.into_iter().chain([denied(action)]).chain(after).collect();
    let cloudformation = Scripted::play(scenes);
    place(&cloudformation)
        .args(["init", "payments", flag])
        .run()
        .code(5)
        .stdout("")
        .stderr_has(&format!("access denied: {action}"))
        .stderr_has(&statement(action));
    cloudformation.finish();
}

fn planned() -> Vec<Scene> {
    vec![
        absent(),
        no_table(),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &[]),
    ]
}

fn discarded() -> Vec<Scene> {
    vec![
        done("DeleteChangeSet"),
        stack_in("REVIEW_IN_PROGRESS", &[], &[]),
        change_sets(&[]),
        done("DeleteStack"),
    ]
}

fn rolled_back() -> Vec<Scene> {
    vec![
        stack_in("ROLLBACK_FAILED", &CONFIG, &[]),
        resources(&[DELETED]),
        table("ACTIVE", &json!({})),
        table_tags(&[]),
        scanned(0),
    ]
}

fn and(mut scenes: Vec<Scene>, more: impl IntoIterator<Item = Scene>) -> Vec<Scene> {
    scenes.extend(more);
    scenes
}

#[test]
fn what_is_asked_before_anything_is_made() {
    check("cloudformation:DescribeStacks", "--yes", vec![], vec![]);
    check(
        "cloudformation:GetTemplate",
        "--yes",
        vec![stack_in("CREATE_COMPLETE", &CONFIG, &[])],
        vec![],
    );
    check("dynamodb:DescribeTable", "--yes", vec![absent()], vec![]);
    check(
        "dynamodb:ListTagsOfResource",
        "--yes",
        vec![absent(), table("ACTIVE", &json!({}))],
        vec![],
    );
}

#[test]
fn the_change_set() {
    check(
        "cloudformation:CreateChangeSet",
        "--yes",
        vec![absent(), no_table()],
        vec![],
    );
    check(
        "cloudformation:DescribeChangeSet",
        "--yes",
        vec![absent(), no_table(), change_set_made()],
        discarded(),
    );
}

#[test]
fn taking_it_back() {
    check("cloudformation:DeleteChangeSet", "--dry-run", planned(), vec![]);
    check(
        "cloudformation:ListChangeSets",
        "--dry-run",
        and(planned(), discarded().into_iter().take(2)),
        vec![],
    );
    check(
        "cloudformation:DeleteStack",
        "--dry-run",
        and(planned(), discarded().into_iter().take(3)),
        vec![],
    );
}

#[test]
fn executing_it() {
    check(
        "cloudformation:DescribeStackEvents",
        "--yes",
        planned(),
        discarded(),
    );
    check(
        "cloudformation:ExecuteChangeSet",
        "--yes",
        and(planned(), [events(&[])]),
        discarded(),
    );
}

#[test]
fn what_a_failure_left() {
    check(
        "cloudformation:RollbackStack",
        "--yes",
        vec![stack_in("UPDATE_FAILED", &CONFIG, &[])],
        vec![],
    );
    check(
        "cloudformation:DescribeStackResources",
        "--yes",
        vec![stack_in("ROLLBACK_COMPLETE", &CONFIG, &[])],
        vec![],
    );
    check(
        "dynamodb:Scan",
        "--yes",
        rolled_back().into_iter().take(4).collect(),
        vec![],
    );
    check(
        "dynamodb:UpdateTable",
        "--yes",
        and(rolled_back(), [scanned(0), table("ACTIVE", &json!({}))]),
        vec![],
    );
    let unprotected = [
        scanned(0),
        table("ACTIVE", &json!({})),
        table_answer("UpdateTable", &json!({})),
        table("ACTIVE", &json!({})),
    ];
    check(
        "dynamodb:DeleteTable",
        "--yes",
        and(rolled_back(), unprotected),
        vec![],
    );
    check(
        "cloudformation:DeleteStack",
        "--yes",
        vec![
            stack_in("ROLLBACK_COMPLETE", &CONFIG, &[]),
            resources(&[]),
            no_table(),
        ],
        vec![],
    );
}

#[test]
fn storing_the_settings() {
    let deployed = [
        events(&[]),
        done("ExecuteChangeSet"),
        events(&[("e1", "discfg-payments", "CREATE_COMPLETE", "", "@TOKEN@")]),
        stack_in("CREATE_COMPLETE", &CONFIG, &[]),
    ];
    check("dynamodb:PutItem", "--yes", and(planned(), deployed), vec![]);
}

#[test]
fn a_denial_while_the_deployment_runs_says_that_it_goes_on() {
    let cloudformation = Scripted::play(and(
        planned(),
        [
            events(&[]),
            done("ExecuteChangeSet"),
            denied("cloudformation:DescribeStackEvents"),
        ],
    ));
    place(&cloudformation)
        .args(["init", "payments", "--yes"])
        .run()
        .code(6)
        .stdout("")
        .stderr_has("the operation continues in the background")
        .stderr_has(&statement("cloudformation:DescribeStackEvents"));
    cloudformation.finish();
}

#[test]
fn a_denial_that_a_resource_met_says_its_statement() {
    let role = "arn:aws:iam::123456789012:role/discfg/discfg-payments-eu-central-1-read";
    let reason = format!(
        "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: iam:CreateRole on resource: {role} \
         because no permissions boundary allows the iam:CreateRole action (Service: Iam, Status Code: 403)"
    );
    let cloudformation = Scripted::play(and(
        planned(),
        [
            events(&[]),
            done("ExecuteChangeSet"),
            events(&[
                ("e1", "ReadRole", "CREATE_FAILED", &reason, "@TOKEN@"),
                ("e2", "discfg-payments", "DELETE_COMPLETE", "", "@TOKEN@"),
            ]),
        ],
    ));
    place(&cloudformation)
        .args(["init", "payments", "--yes"])
        .run()
        .code(7)
        .stdout("")
        .stderr_has(&format!(
            r#"hint: add to the permissions boundary of arn:aws:iam::123456789012:user/dev: {{"Effect":"Allow","Action":"iam:CreateRole","Resource":"{role}"}}"#
        ));
    cloudformation.finish();
}

#[test]
fn the_details_of_a_refusal() {
    let cloudformation = Scripted::play(
        [
            absent(),
            no_table(),
            change_set_made(),
            change_set(
                "FAILED",
                "validation failed: [AWS::EarlyValidation::PropertyValidation]",
                &[],
            ),
            denied("cloudformation:DescribeEvents"),
        ]
        .into_iter()
        .chain(discarded())
        .collect(),
    );
    place(&cloudformation)
        .args(["init", "payments", "--yes"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("rejected the deployment of discfg-payments: validation failed")
        .stderr_has(r#""Effect":"Allow","Action":"cloudformation:DescribeEvents""#);
    cloudformation.finish();
}
