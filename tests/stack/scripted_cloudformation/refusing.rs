//! Change sets that are refused: by CloudFormation before it deploys, and by us where the table would be lost.

use discfg::model::ErrorKind;
use discfg::stack::{self, Objections, Proposal, StackError, StackSpec};

use super::answers::{absent, change_set, change_set_made, change_sets, done, stack as stack_in};
use super::server::{Scene, Scripted, answer, refusal};
use super::spec;

const SUMMARY: &str = "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To \
    troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.";

fn refused(details: Scene) -> Scripted {
    Scripted::play(vec![
        absent(),
        change_set_made(),
        change_set("FAILED", SUMMARY, &[]),
        details,
        done("DeleteChangeSet"),
        stack_in("REVIEW_IN_PROGRESS", &[], &[]),
        change_sets(&[]),
        done("DeleteStack"),
    ])
}

async fn plan(cloudformation: &Scripted) -> StackError {
    stack::plan(&cloudformation.client, &spec())
        .await
        .expect_err("refused")
}

#[tokio::test]
async fn what_early_validation_found_is_told_each_once() {
    let found = |id: &str, path: &str, reason: &str| {
        format!(
            "<member><EventType>VALIDATION_ERROR</EventType><LogicalResourceId>{id}</LogicalResourceId>\
             <ValidationPath>{path}</ValidationPath><ValidationStatusReason>{reason}</ValidationStatusReason></member>"
        )
    };
    let events = [
        found(
            "ReadRole",
            "/Resources/ReadRole/Properties/RoleName",
            "it is too long",
        ),
        found(
            "ReadRole",
            "/Resources/ReadRole/Properties/RoleName",
            "it is too long",
        ),
        found("Table", "", "it exists already"),
    ];
    let cloudformation = refused(answer(
        "DescribeEvents",
        &format!("<OperationEvents>{}</OperationEvents>", events.concat()),
    ));
    let error = plan(&cloudformation).await;
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(
        error.to_string(),
        "CloudFormation rejected the deployment of discfg-payments: ReadRole: it is too long (at \
         /Resources/ReadRole/Properties/RoleName); Table: it exists already"
    );
    let asked = cloudformation.finish();
    assert!(
        asked[3]
            .get("ChangeSetName")
            .is_some_and(|name| name.starts_with("arn:"))
    );
    assert_eq!(asked[3].get("Filters.FailedEvents"), Some("true"));
}

#[tokio::test]
async fn without_permission_for_the_details_the_summary_is_told() {
    let cloudformation = refused(refusal("DescribeEvents", 403, "AccessDenied", "not authorized"));
    let error = plan(&cloudformation).await;
    assert!(
        matches!(
            &error,
            StackError::Invalid {
                objections: Objections::Denied,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("PropertyValidation"), "{error}");
    cloudformation.finish();
}

#[tokio::test]
async fn a_service_without_details_leaves_the_summary() {
    for nothing in [
        answer("DescribeEvents", "<OperationEvents/>"),
        refusal("DescribeEvents", 400, "InvalidAction", "Could not find operation"),
    ] {
        let cloudformation = refused(nothing);
        let error = plan(&cloudformation).await;
        assert!(matches!(error, StackError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("PropertyValidation"), "{error}");
        cloudformation.finish();
    }
}

async fn of_table(action: &str, more: &str) -> StackError {
    let cloudformation = Scripted::play(vec![
        stack_in(
            "CREATE_COMPLETE",
            &[("Config", "payments"), ("HistoryDays", "30")],
            &[],
        ),
        change_set_made(),
        change_set(
            "CREATE_COMPLETE",
            "",
            &[(action, "Table", "AWS::DynamoDB::Table", more)],
        ),
        done("DeleteChangeSet"),
    ]);
    let wanted = StackSpec {
        history_days: Some("7".parse().expect("days")),
        ..spec()
    };
    let error = match stack::plan(&cloudformation.client, &wanted).await {
        Ok(Proposal::Ready(plan)) => panic!("{action} {more}: {plan:?}"),
        other => other.expect_err("never"),
    };
    cloudformation.finish();
    assert_eq!(error.kind(), ErrorKind::Stack);
    error
}

fn detail(name: &str, recreation: &str, more: &str) -> String {
    format!(
        "<Details><member><Target><Attribute>Properties</Attribute><Name>{name}</Name>\
         <RequiresRecreation>{recreation}</RequiresRecreation></Target>{more}</member></Details>"
    )
}

#[tokio::test]
async fn a_table_that_may_be_replaced_is_refused_with_the_property() {
    let by = "<Evaluation>Dynamic</Evaluation><CausingEntity>Config</CausingEntity>";
    for (action, more, property) in [
        (
            "Modify",
            format!(
                "<Replacement>Conditional</Replacement>{}",
                detail("SSESpecification", "Conditionally", "")
            ),
            "SSESpecification",
        ),
        (
            "Modify",
            format!(
                "<Replacement>Conditional</Replacement>{}",
                detail("TableName", "Always", by)
            ),
            "TableName (caused by Config)",
        ),
        (
            "Modify",
            format!(
                "<PolicyAction>ReplaceAndRetain</PolicyAction>{}",
                detail("KeySchema", "Always", "")
            ),
            "KeySchema",
        ),
        (
            "Dynamic",
            String::new(),
            "a property that CloudFormation doesn't name",
        ),
    ] {
        let error = of_table(action, &more).await;
        assert!(
            matches!(&error, StackError::ReplacesTable { property: named, .. } if named == property),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_table_that_leaves_the_stack_is_refused() {
    let error = of_table("Remove", "<PolicyAction>Retain</PolicyAction>").await;
    assert!(matches!(error, StackError::RemovesTable { .. }), "{error}");
}
