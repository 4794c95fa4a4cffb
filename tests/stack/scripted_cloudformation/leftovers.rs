//! What a deployment that failed has left, and how it is cleared away without losing a table.

use discfg::model::ErrorKind;
use discfg::stack::{self, Remedy, StackError};
use serde_json::json;

use super::answers::{
    STACK, absent, change_set, change_set_made, done, no_table, resources, scanned, stack as stack_in, table,
    table_tags,
};
use super::server::{Scene, Scripted, answer, refusal};
use super::{config_plan, config_ready, leftover};

const DEPLOYED: [(&str, &str); 1] = [("Config", "payments")];
const TABLE: &str = "AWS::DynamoDB::Table";
const MADE: (&str, &str, &str, &str, &str) =
    ("Table", TABLE, "discfg-payments", "DELETE_FAILED", "protected");
const POLICY: (&str, &str, &str, &str, &str) = (
    "ReadPolicy",
    "AWS::IAM::ManagedPolicy",
    "arn:aws:iam::123456789012:policy/discfg/discfg-payments-eu-central-1-read",
    "DELETE_FAILED",
    "Cannot delete a policy attached to entities.",
);

fn stack_state(state: &str) -> Scene {
    stack_in(state, &DEPLOYED, &[])
}

async fn clear(cloudformation: &Scripted, left: &stack::Leftover) -> Result<(), StackError> {
    stack::clear(&cloudformation.services, left).await
}

#[tokio::test]
async fn a_failed_create_with_an_empty_protected_table_is_cleared_and_made_anew() {
    for state in ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED"] {
        let cloudformation = Scripted::play(vec![
            stack_state(state),
            resources(&[MADE]),
            table("ACTIVE", &json!({})),
            table_tags(&[]),
            scanned(0),
            // Cleared:
            scanned(0),
            table("ACTIVE", &json!({})),
            answer_of_update(),
            table("UPDATING", &json!({})),
            table("ACTIVE", &json!({})),
            deleted_table(),
            table("DELETING", &json!({})),
            no_table(),
            done("DeleteStack"),
            stack_state(state),
            stack_state("DELETE_IN_PROGRESS"),
            stack_state("DELETE_COMPLETE"),
            // Planned again:
            absent(),
            no_table(),
            change_set_made(),
            change_set("CREATE_COMPLETE", "", &[]),
        ]);
        let left = leftover(&cloudformation).await;
        assert_eq!(left.remedy, Remedy::Delete);
        let empty = left.empty_table.as_ref().expect("a table that goes");
        assert!(empty.protected);
        assert_eq!(left.kept_table, None);
        clear(&cloudformation, &left).await.expect("cleared");
        let plan = config_ready(&cloudformation).await;
        assert!(plan.creates && plan.adopts.is_none());
        let asked = cloudformation.finish();
        assert_eq!(
            asked[4].json["ConsistentRead"],
            json!(true),
            "ItemCount is hours old"
        );
        assert_eq!(asked[4].json["Limit"], json!(1));
        assert_eq!(asked[7].json["DeletionProtectionEnabled"], json!(false));
        assert_eq!(asked[10].json["TableName"], json!("discfg-payments"));
        assert_eq!(asked[13].get("StackName"), Some(STACK), "by its ARN");
    }
}

fn answer_of_update() -> Scene {
    super::server::table_answer("UpdateTable", &json!({}))
}

fn deleted_table() -> Scene {
    super::server::table_answer("DeleteTable", &json!({}))
}

/// The lifted protection isn't known everywhere at once.
#[tokio::test]
async fn a_table_that_still_counts_as_protected_is_asked_again() {
    let protected = || {
        super::server::table_refusal(
            "DeleteTable",
            "ValidationException",
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first",
        )
    };
    let unprotected = || table("ACTIVE", &json!({"DeletionProtectionEnabled": false}));
    let config = "payments".parse().expect("a config name");
    let mut scenes = vec![table("ACTIVE", &json!({})), answer_of_update()];
    for _ in 0..2 {
        scenes.extend([unprotected(), protected()]);
    }
    scenes.extend([unprotected(), deleted_table(), no_table()]);
    let cloudformation = Scripted::play(scenes);
    stack::delete_table(&cloudformation.services.dynamodb, &config)
        .await
        .expect("it is gone");
    assert_eq!(cloudformation.naps().len(), 2);
    cloudformation.finish();

    // One whose protection nobody has lifted, or that stays protected, is an error in the service's words.
    let endless = std::iter::repeat_with(|| [unprotected(), protected()])
        .take(31)
        .flatten();
    let scenes = [table("ACTIVE", &json!({})), answer_of_update()]
        .into_iter()
        .chain(endless);
    let cloudformation = Scripted::play(scenes.collect());
    let error = stack::delete_table(&cloudformation.services.dynamodb, &config).await;
    assert_eq!(
        error.expect_err("protected").to_string(),
        "dynamodb:DeleteTable failed"
    );
    cloudformation.finish();
}

#[tokio::test]
async fn a_failed_create_without_a_table_is_a_stack_to_delete_and_no_more() {
    let cloudformation = Scripted::play(vec![
        stack_state("ROLLBACK_COMPLETE"),
        resources(&[]),
        no_table(),
        done("DeleteStack"),
        absent(),
    ]);
    let left = leftover(&cloudformation).await;
    assert!(left.empty_table.is_none() && left.kept_table.is_none());
    clear(&cloudformation, &left).await.expect("cleared");
    cloudformation.finish();
}

#[tokio::test]
async fn a_table_that_holds_anything_is_kept_and_then_adopted() {
    let cloudformation = Scripted::play(vec![
        stack_state("ROLLBACK_FAILED"),
        resources(&[MADE]),
        table("ACTIVE", &json!({})),
        table_tags(&[]),
        scanned(1),
        done("DeleteStack"),
        absent(),
        absent(),
        table("ACTIVE", &json!({})),
        table_tags(&[]),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &[("Import", "Table", TABLE, "")]),
    ]);
    let left = leftover(&cloudformation).await;
    assert!(left.empty_table.is_none());
    assert_eq!(
        left.kept_table.as_ref().expect("it stays").name,
        "discfg-payments"
    );
    clear(&cloudformation, &left).await.expect("cleared");
    let plan = config_ready(&cloudformation).await;
    assert!(plan.adopts.is_some());
    cloudformation.finish();
}

#[tokio::test]
async fn a_table_that_was_there_before_the_create_is_kept_even_if_it_is_empty() {
    let before = (
        "Table",
        TABLE,
        "discfg-payments",
        "CREATE_FAILED",
        "already exists",
    );
    let other = "arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-payments/zero";
    let cloudformation = Scripted::play(vec![
        stack_state("ROLLBACK_COMPLETE"),
        resources(&[before]),
        table("ACTIVE", &json!({})),
        table_tags(&[("discfg:stack", other)]),
    ]);
    let left = leftover(&cloudformation).await;
    assert!(left.empty_table.is_none() && left.kept_table.is_some());
    cloudformation.finish();
}

#[tokio::test]
async fn a_table_whose_settings_failed_is_known_by_its_tag() {
    let failed = (
        "Table",
        TABLE,
        "discfg-payments",
        "CREATE_FAILED",
        "TTL can't be set",
    );
    let cloudformation = Scripted::play(vec![
        stack_state("ROLLBACK_COMPLETE"),
        resources(&[failed]),
        table("ACTIVE", &json!({})),
        table_tags(&[("discfg:stack", STACK)]),
        scanned(0),
    ]);
    assert!(leftover(&cloudformation).await.empty_table.is_some());
    cloudformation.finish();
}

#[tokio::test]
async fn a_table_that_got_an_item_since_it_was_looked_at_is_not_deleted() {
    let cloudformation = Scripted::play(vec![
        stack_state("ROLLBACK_FAILED"),
        resources(&[MADE]),
        table("ACTIVE", &json!({})),
        table_tags(&[]),
        scanned(0),
        scanned(1),
    ]);
    let left = leftover(&cloudformation).await;
    let error = clear(&cloudformation, &left).await.expect_err("kept");
    assert!(error.to_string().contains("has data now"), "{error}");
    cloudformation.finish();
}

#[tokio::test]
async fn what_stopped_half_way_is_rolled_back_first() {
    for (state, after) in [
        ("CREATE_FAILED", "ROLLBACK_COMPLETE"),
        ("UPDATE_FAILED", "UPDATE_ROLLBACK_COMPLETE"),
    ] {
        let cloudformation = Scripted::play(vec![
            stack_state(state),
            done("RollbackStack"),
            stack_state(state),
            stack_state("ROLLBACK_IN_PROGRESS"),
            stack_state(after),
        ]);
        let left = leftover(&cloudformation).await;
        assert_eq!(left.remedy, Remedy::RollBack);
        clear(&cloudformation, &left).await.expect("rolled back");
        assert_eq!(
            cloudformation.finish()[1].get("StackName"),
            Some("discfg-payments")
        );
    }
}

#[tokio::test]
async fn a_rollback_that_changes_nothing_is_not_asked_for_again_and_again() {
    let same = std::iter::repeat_with(|| stack_state("UPDATE_FAILED")).take(6);
    let cloudformation = Scripted::play(
        [stack_state("UPDATE_FAILED"), done("RollbackStack")]
            .into_iter()
            .chain(same)
            .collect(),
    );
    let left = leftover(&cloudformation).await;
    let error = clear(&cloudformation, &left).await.expect_err("stuck");
    assert!(matches!(error, StackError::Stuck { .. }), "{error}");
    cloudformation.finish();
}

#[tokio::test]
async fn a_policy_attached_elsewhere_is_told_with_those_who_have_it() {
    let entities = answer(
        "ListEntitiesForPolicy",
        "<PolicyRoles><member><RoleName>app</RoleName></member></PolicyRoles>\
         <PolicyUsers><member><UserName>ann</UserName></member></PolicyUsers><PolicyGroups/>\
         <IsTruncated>false</IsTruncated>",
    );
    let cloudformation = Scripted::play(vec![
        stack_state("DELETE_FAILED"),
        resources(&[POLICY]),
        entities.clone(),
        no_table(),
        // Tried again, in vain; what is read first is from before.
        done("DeleteStack"),
        stack_state("DELETE_IN_PROGRESS"),
        stack_state("DELETE_FAILED"),
        stack_state("DELETE_FAILED"),
        stack_state("DELETE_FAILED"),
        stack_state("DELETE_FAILED"),
        stack_state("DELETE_FAILED"),
        stack_state("DELETE_FAILED"),
        resources(&[POLICY]),
        entities,
    ]);
    let left = leftover(&cloudformation).await;
    let words = "Cannot delete a policy attached to entities.; it is attached to role app, user ann";
    assert_eq!(left.stuck[0].reason, words);
    let error = clear(&cloudformation, &left).await.expect_err("still attached");
    assert_eq!(error.kind(), ErrorKind::Stack);
    assert_eq!(
        error.to_string(),
        format!(
            "deletion of discfg-payments failed; the stack is in DELETE_FAILED: read policy (ReadPolicy): {words}"
        )
    );
    cloudformation.finish();
}

#[tokio::test]
async fn without_permission_to_ask_to_whom_a_policy_is_attached_the_rest_is_told() {
    let cloudformation = Scripted::play(vec![
        stack_state("DELETE_FAILED"),
        resources(&[POLICY]),
        refusal("ListEntitiesForPolicy", 403, "AccessDenied", "not authorized"),
        no_table(),
    ]);
    let left = leftover(&cloudformation).await;
    let reason = &left.stuck[0].reason;
    assert!(
        reason.starts_with(
            "Cannot delete a policy attached to entities.; cannot determine what it is attached to"
        ),
        "{reason}"
    );
    cloudformation.finish();
}

#[tokio::test]
async fn a_stack_whose_table_is_in_the_way_is_deleted_around_it() {
    let cloudformation = Scripted::play(vec![
        stack_state("DELETE_FAILED"),
        resources(&[MADE]),
        table("ACTIVE", &json!({})),
        table_tags(&[]),
        scanned(1),
        done("DeleteStack"),
        absent(),
    ]);
    let left = leftover(&cloudformation).await;
    clear(&cloudformation, &left).await.expect("cleared");
    let asked = cloudformation.finish();
    assert_eq!(asked[5].get("RetainResources.member.1"), Some("Table"));
}

#[tokio::test]
async fn a_protected_stack_is_not_deleted() {
    let cloudformation = Scripted::play(vec![
        stack_state("ROLLBACK_COMPLETE"),
        resources(&[]),
        no_table(),
        refusal(
            "DeleteStack",
            400,
            "ValidationError",
            "Stack [discfg-payments] cannot be deleted while TerminationProtection is enabled",
        ),
    ]);
    let mut left = leftover(&cloudformation).await;
    let error = clear(&cloudformation, &left).await.expect_err("protected");
    assert!(matches!(error, StackError::Protected { .. }), "{error}");
    left.stack.protected = true;
    let error = clear(&cloudformation, &left).await.expect_err("protected");
    assert_eq!(error.kind(), ErrorKind::Stack);
    cloudformation.finish();
}

#[tokio::test]
async fn only_what_was_made_for_the_config_is_cleared() {
    for (state, parameters) in [
        ("ROLLBACK_COMPLETE", [("Config", "other")]),
        ("CREATE_FAILED", [("Name", "payments")]),
        ("DELETE_FAILED", [("Name", "payments")]),
    ] {
        let cloudformation = Scripted::play(vec![stack_in(state, &parameters, &[])]);
        let error = config_plan(&cloudformation).await.expect_err("not ours");
        assert!(matches!(error, StackError::NotOurs { .. }), "{error}");
        cloudformation.finish();
    }
}

#[tokio::test]
async fn a_rollback_that_is_stuck_names_its_resources() {
    let stuck = (
        "ReadRole",
        "AWS::IAM::Role",
        "x",
        "UPDATE_FAILED",
        "it was deleted by hand",
    );
    let made = (
        "ReadPolicy",
        "AWS::IAM::ManagedPolicy",
        "y",
        "UPDATE_COMPLETE",
        "",
    );
    let cloudformation = Scripted::play(vec![
        stack_state("UPDATE_ROLLBACK_FAILED"),
        resources(&[made, stuck]),
    ]);
    let error = config_plan(&cloudformation).await.expect_err("stuck");
    assert_eq!(error.kind(), ErrorKind::Stack);
    assert_eq!(
        error.to_string(),
        "the stack discfg-payments is in UPDATE_ROLLBACK_FAILED: \
         read role (ReadRole): it was deleted by hand"
    );
    cloudformation.finish();
}
