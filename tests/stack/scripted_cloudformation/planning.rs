use std::collections::BTreeMap;

use discfg::model::ErrorKind;
use discfg::stack::{self, Action, Proposal, StackError, StackSpec, StackState};

use super::answers::{
    CHANGE_SET, STACK, absent, change_set, change_set_made, change_sets, done, foreign_stack,
    stack as stack_in, template, throttled,
};
use super::server::{Scripted, Wanted, answer, refusal};
use super::{ready, spec};

const DEPLOYED: [(&str, &str); 2] = [("Config", "payments"), ("HistoryDays", "30")];

#[tokio::test]
async fn an_absent_stack_is_planned_as_a_create_that_deletes_itself_on_failure() {
    let cloudformation = Scripted::play(vec![
        absent(),
        change_set_made(),
        change_set("CREATE_IN_PROGRESS", "", &[]),
        throttled("DescribeChangeSet"),
        change_set(
            "CREATE_COMPLETE",
            "",
            &[("Add", "Table", "AWS::DynamoDB::Table", "")],
        ),
    ]);
    let plan = ready(&cloudformation, &spec()).await;
    assert!(plan.creates);
    assert_eq!(
        (plan.stack_arn.as_str(), plan.change_set_arn.as_str()),
        (STACK, CHANGE_SET)
    );
    assert_eq!(plan.changes[0].action, Action::Make);
    assert_eq!(plan.changes[0].words, "table");
    assert_eq!(plan.parameters.len(), 1);
    let asked = cloudformation.finish();
    assert_eq!(asked[1].get("ChangeSetType"), Some("CREATE"));
    assert_eq!(asked[1].get("OnStackFailure"), Some("DELETE"));
    assert_eq!(asked[1].template_parameter("Config"), Wanted::Value("payments"));
    assert_eq!(
        asked[1].template_parameter("Readers"),
        Wanted::Nothing,
        "the template's default holds"
    );
}

#[tokio::test]
async fn a_stack_that_needs_nothing_costs_two_requests() {
    let cloudformation = Scripted::play(vec![
        stack_in("CREATE_COMPLETE", &DEPLOYED, &[("team", "shop")]),
        template(),
    ]);
    let same = StackSpec {
        history_days: Some("30".parse().expect("days")),
        ..spec()
    };
    let proposal = stack::plan(&cloudformation.client, &same)
        .await
        .expect("a proposal");
    let Proposal::Unchanged(deployed) = proposal else {
        panic!("{proposal:?}");
    };
    assert_eq!(deployed.outputs().expect("outputs").table_name, "the TableName");
    assert_eq!(cloudformation.finish().len(), 2);
}

#[tokio::test]
async fn changed_flags_update_and_all_else_is_kept() {
    let cloudformation = Scripted::play(vec![
        stack_in("UPDATE_ROLLBACK_COMPLETE", &DEPLOYED, &[("team", "shop")]),
        change_set_made(),
        change_set(
            "CREATE_COMPLETE",
            "",
            &[(
                "Modify",
                "Table",
                "AWS::DynamoDB::Table",
                "<Replacement>False</Replacement><Details><member><Target><Attribute>Properties</Attribute>\
                 <Name>Tags</Name><RequiresRecreation>Never</RequiresRecreation></Target></member></Details>",
            )],
        ),
    ]);
    let wanted = StackSpec {
        history_days: Some("7".parse().expect("days")),
        ..spec()
    };
    let plan = ready(&cloudformation, &wanted).await;
    assert!(!plan.creates);
    assert_eq!(plan.changes[0].action, Action::Change);
    assert_eq!(plan.changes[0].properties, ["Tags"]);
    assert_eq!(plan.parameters[0].name, "HistoryDays");
    assert_eq!(plan.parameters[0].before.as_deref(), Some("30"));
    assert_eq!(plan.parameters[0].after, "7");
    assert_eq!(plan.tags, None);
    let asked = cloudformation.finish();
    assert_eq!(asked[1].get("ChangeSetType"), Some("UPDATE"));
    assert_eq!(asked[1].get("OnStackFailure"), None);
    assert_eq!(asked[1].template_parameter("HistoryDays"), Wanted::Value("7"));
    assert_eq!(
        asked[1].template_parameter("Config"),
        Wanted::AsBefore,
        "kept as it is"
    );
    assert_eq!(
        asked[1].get("Tags.member.1.Key"),
        Some("team"),
        "tags not given are kept"
    );
}

#[tokio::test]
async fn tags_alone_are_a_change() {
    let cloudformation = Scripted::play(vec![
        stack_in("UPDATE_COMPLETE", &DEPLOYED, &[("team", "shop")]),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &[]),
    ]);
    let wanted = StackSpec {
        tags: Some(BTreeMap::from([("team".into(), "pay".into())])),
        ..spec()
    };
    let plan = ready(&cloudformation, &wanted).await;
    let (before, after) = plan.tags.expect("tags change");
    assert_eq!((before["team"].as_str(), after["team"].as_str()), ("shop", "pay"));
    cloudformation.finish();
}

#[tokio::test]
async fn a_change_set_without_changes_is_removed_and_means_unchanged() {
    for reason in [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
        "There are no changes to be made.",
    ] {
        let cloudformation = Scripted::play(vec![
            stack_in("CREATE_COMPLETE", &DEPLOYED, &[]),
            change_set_made(),
            change_set("FAILED", reason, &[]),
            done("DeleteChangeSet"),
        ]);
        let wanted = StackSpec {
            history_days: Some("7".parse().expect("days")),
            ..spec()
        };
        let proposal = stack::plan(&cloudformation.client, &wanted).await;
        assert!(matches!(proposal, Ok(Proposal::Unchanged(_))), "{proposal:?}");
        cloudformation.finish();
    }
}

#[tokio::test]
async fn a_change_set_that_fails_otherwise_is_refused_and_leaves_no_empty_stack() {
    let cloudformation = Scripted::play(vec![
        absent(),
        change_set_made(),
        change_set("FAILED", "Transform failed", &[]),
        answer("DescribeEvents", "<OperationEvents/>"),
        done("DeleteChangeSet"),
        stack_in("REVIEW_IN_PROGRESS", &[], &[]),
        change_sets(&[]),
        done("DeleteStack"),
    ]);
    let error = stack::plan(&cloudformation.client, &spec())
        .await
        .expect_err("it failed");
    assert!(
        matches!(&error, StackError::Refused { reason, .. } if reason == "Transform failed"),
        "{error}"
    );
    assert_eq!(
        cloudformation.finish()[7].get("StackName"),
        Some(STACK),
        "by its ARN"
    );
}

#[tokio::test]
async fn replacing_the_table_is_refused_and_names_the_property() {
    let cloudformation = Scripted::play(vec![
        stack_in("CREATE_COMPLETE", &DEPLOYED, &[]),
        change_set_made(),
        change_set(
            "CREATE_COMPLETE",
            "",
            &[(
                "Modify",
                "Table",
                "AWS::DynamoDB::Table",
                "<Replacement>True</Replacement><Details>\
                 <member><Target><Attribute>Properties</Attribute><Name>BillingMode</Name>\
                 <RequiresRecreation>Never</RequiresRecreation></Target></member>\
                 <member><Target><Attribute>Properties</Attribute><Name>KeySchema</Name>\
                 <RequiresRecreation>Always</RequiresRecreation></Target></member></Details>",
            )],
        ),
        done("DeleteChangeSet"),
    ]);
    let wanted = StackSpec {
        history_days: Some("7".parse().expect("days")),
        ..spec()
    };
    let error = stack::plan(&cloudformation.client, &wanted)
        .await
        .expect_err("never");
    assert!(
        matches!(&error, StackError::ReplacesTable { property, .. } if property == "KeySchema"),
        "{error}"
    );
    cloudformation.finish();
}

#[tokio::test]
async fn a_deployment_elsewhere_is_told_with_its_state_and_start() {
    let cloudformation = Scripted::play(vec![stack_in("UPDATE_IN_PROGRESS", &DEPLOYED, &[])]);
    let error = stack::plan(&cloudformation.client, &spec())
        .await
        .expect_err("busy");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        "another operation is running on the stack discfg-payments: UPDATE_IN_PROGRESS since 2026-01-31T08:00:00Z"
    );
    cloudformation.finish();
}

#[tokio::test]
async fn waiting_for_a_deployment_elsewhere_ends_with_it() {
    let cloudformation = Scripted::play(vec![
        stack_in("UPDATE_IN_PROGRESS", &DEPLOYED, &[]),
        throttled("DescribeStacks"),
        stack_in("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", &DEPLOYED, &[]),
        stack_in("UPDATE_COMPLETE", &DEPLOYED, &[]),
    ]);
    let found = stack::settled(&cloudformation.client, &spec().config.stack_name()).await;
    let found = found.expect("it settles").expect("it is there");
    assert_eq!(found.state, StackState::UpdateComplete);
    let naps = cloudformation.naps();
    assert_eq!(naps.len(), 3);
    assert!(
        naps[1] >= naps[0].mul_f64(1.5),
        "patience after a throttled poll: {naps:?}"
    );
    cloudformation.finish();
}

#[tokio::test]
async fn a_stack_of_that_name_that_is_not_ours_is_left_alone() {
    let cloudformation = Scripted::play(vec![foreign_stack()]);
    let error = stack::plan(&cloudformation.client, &spec())
        .await
        .expect_err("refused");
    assert!(matches!(error, StackError::NotOurs { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Stack);
    cloudformation.finish();
}

#[tokio::test]
async fn a_state_without_a_way_out_names_itself_and_what_to_do() {
    for status in [
        "IMPORT_ROLLBACK_COMPLETE",
        "IMPORT_ROLLBACK_FAILED",
        "SOMETHING_NEW",
    ] {
        let cloudformation = Scripted::play(vec![stack_in(status, &DEPLOYED, &[])]);
        let error = stack::plan(&cloudformation.client, &spec())
            .await
            .expect_err(status);
        assert!(matches!(error, StackError::Stuck { .. }), "{error}");
        assert!(error.to_string().contains(status), "{error}");
        cloudformation.finish();
    }
}

#[tokio::test]
async fn a_stack_that_someone_reviews_is_planned_as_a_create() {
    let cloudformation = Scripted::play(vec![
        stack_in("REVIEW_IN_PROGRESS", &[], &[]),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &[]),
    ]);
    assert!(ready(&cloudformation, &spec()).await.creates);
    assert_eq!(cloudformation.finish()[1].get("ChangeSetType"), Some("CREATE"));
}

#[tokio::test]
async fn a_discarded_plan_leaves_nothing_behind() {
    let cloudformation = Scripted::play(vec![
        absent(),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &[]),
        done("DeleteChangeSet"),
        stack_in("REVIEW_IN_PROGRESS", &[], &[]),
        change_sets(&[CHANGE_SET]),
        done("DeleteStack"),
    ]);
    let plan = ready(&cloudformation, &spec()).await;
    stack::discard(&cloudformation.client, &plan)
        .await
        .expect("discarded");
    let asked = cloudformation.finish();
    assert_eq!(asked[3].get("ChangeSetName"), Some(CHANGE_SET));
    assert_eq!(asked[6].get("StackName"), Some(STACK), "by its ARN");
}

#[tokio::test]
async fn a_discarded_plan_spares_a_stack_that_others_have_come_to_use() {
    let another = "arn:aws:cloudformation:eu-central-1:123456789012:changeSet/another/three";
    for others in [
        vec![stack_in("REVIEW_IN_PROGRESS", &[], &[]), change_sets(&[another])],
        vec![stack_in("CREATE_IN_PROGRESS", &[], &[])],
    ] {
        let mut scenes = vec![
            absent(),
            change_set_made(),
            change_set("CREATE_COMPLETE", "", &[]),
            done("DeleteChangeSet"),
        ];
        scenes.extend(others);
        let cloudformation = Scripted::play(scenes);
        let plan = ready(&cloudformation, &spec()).await;
        stack::discard(&cloudformation.client, &plan)
            .await
            .expect("discarded");
        cloudformation.finish();
    }
}

#[tokio::test]
async fn a_denial_names_the_action() {
    let cloudformation = Scripted::play(vec![refusal(
        "DescribeStacks",
        403,
        "AccessDenied",
        "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: cloudformation:DescribeStacks",
    )]);
    let error = stack::plan(&cloudformation.client, &spec())
        .await
        .expect_err("denied");
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(error.to_string(), "access denied: cloudformation:DescribeStacks");
    cloudformation.finish();
}

#[tokio::test]
async fn accounts_without_a_bound_are_refused_before_anything_is_made() {
    let cloudformation = Scripted::play(vec![absent()]);
    let wanted = StackSpec {
        account_ids: Some(vec!["210987654321".parse().expect("an account")]),
        ..spec()
    };
    let error = stack::plan(&cloudformation.client, &wanted)
        .await
        .expect_err("unbounded");
    assert_eq!(error.kind(), ErrorKind::Usage);
    cloudformation.finish();
}

#[tokio::test]
async fn a_parameter_that_the_template_forbids_is_told_in_its_words() {
    let cloudformation = Scripted::play(vec![
        absent(),
        refusal(
            "CreateChangeSet",
            400,
            "ValidationError",
            "Parameter OrgId must be an organization id",
        ),
    ]);
    let error = stack::plan(&cloudformation.client, &spec())
        .await
        .expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("Parameter OrgId must be"), "{error}");
    cloudformation.finish();
}
