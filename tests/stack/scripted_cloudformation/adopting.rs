//! A table that outlived its stack is taken into a new one: an import of it alone, then an update that makes the rest.

use discfg::model::{Billing, HistoryDays};
use discfg::stack::{self, Action, EarlierAccess, Progress, Proposal, StackError, StackSpec, StackState};
use futures::StreamExt as _;
use serde_json::json;

use super::answers::{
    Event, absent, change_set, change_set_made, done, events, no_table, stack as stack_in, table, table_tags,
};
use super::server::{Scene, Scripted, Wanted};
use super::{config_plan, config_ready, spec};

const STACK: &str = "discfg-payments";
/// An import may create nothing beside what it takes in, and have no outputs (CloudFormation User Guide, "Import AWS
/// resources into a CloudFormation stack"): a template of the table alone is sure to do neither.
const IMPORT_TEMPLATE: &str = include_str!("../../../infra/import.yaml");
const EARLIER: &str = "arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-payments/earlier";
const TABLE: &str = "AWS::DynamoDB::Table";
const REVIEW: Event<'static> = ("e0", STACK, "REVIEW_IN_PROGRESS", "", "");

fn import_made() -> Scene {
    change_set("CREATE_COMPLETE", "", &[("Import", "Table", TABLE, "")])
}

/// An import of a table of an earlier stack, and a later plan that finds it half way.
fn an_import_and_a_later_plan() -> Scripted {
    let earlier = [
        ("Readers", "arn:aws:iam::123456789012:role/app-*"),
        ("Writers", "arn:*:*:*:*:*"),
        ("OrgId", ""),
        ("ExternalId", "acme"),
        ("HistoryDays", "90"),
    ];
    let adopting = [
        ("Config", "payments"),
        ("Adopt", "true"),
        ("HistoryDays", "7"),
        ("Readers", "arn:aws:iam::123456789012:role/app-*"),
    ];
    Scripted::play(vec![
        absent(),
        table("ACTIVE", &json!({})),
        table_tags(&[("discfg:history-days", "7"), ("discfg:stack", EARLIER)]),
        stack_in("DELETE_COMPLETE", &earlier, &[]),
        change_set_made(),
        import_made(),
        events(&[REVIEW]),
        done("ExecuteChangeSet"),
        events(&[
            REVIEW,
            ("e1", STACK, "IMPORT_IN_PROGRESS", "", "@TOKEN@"),
            ("e2", "Table", "IMPORT_COMPLETE", "", "@TOKEN@"),
            ("e3", STACK, "IMPORT_COMPLETE", "", "@TOKEN@"),
        ]),
        stack_in(
            "IMPORT_COMPLETE",
            &[
                ("Config", "payments"),
                ("Adopt", "true"),
                ("BillingMode", "PAY_PER_REQUEST"),
                ("HistoryDays", "7"),
                ("Readers", "arn:aws:iam::123456789012:role/app-*"),
                ("ExternalId", "acme"),
            ],
            &[],
        ),
        // A later init finds it half way:
        stack_in("IMPORT_COMPLETE", &adopting, &[]),
        change_set_made(),
        change_set(
            "CREATE_COMPLETE",
            "",
            &[("Add", "ReadRole", "AWS::IAM::Role", "")],
        ),
    ])
}

#[tokio::test]
async fn a_retained_table_is_imported_and_then_the_rest_is_made() {
    let cloudformation = an_import_and_a_later_plan();
    let import = config_ready(&cloudformation).await;
    assert_eq!(
        import.earlier_access,
        Some(EarlierAccess::Restored(vec!["Readers", "ExternalId"]))
    );
    let adopted = import.adopts.clone().expect("it adopts");
    assert_eq!(adopted.billing, Billing::OnDemand);
    assert_eq!(adopted.history_days.map(HistoryDays::get), Some(7));
    assert!(import.creates);
    assert_eq!(import.changes[0].action, Action::Adopt);
    let mut deploying = stack::deploy(cloudformation.client.clone(), import);
    let mut end = None;
    while let Some(progress) = deploying.next().await {
        if let Progress::Done(deployed) = progress.expect("it works") {
            end = Some(*deployed);
        }
    }
    let imported = end.expect("an end");
    assert_eq!(imported.state, StackState::ImportComplete);
    assert!(imported.is_ours(), "it has no outputs yet");

    let rest = config_ready(&cloudformation).await;
    assert!(!rest.creates && rest.adopts.is_none());
    let asked = cloudformation.finish();
    assert_eq!(asked[3].get("StackName"), Some(EARLIER));
    let import = &asked[4];
    assert_eq!(import.get("ChangeSetType"), Some("IMPORT"));
    assert_eq!(
        import.get("OnStackFailure"),
        None,
        "a failed adoption deletes nothing"
    );
    assert_eq!(import.get("ResourcesToImport.member.1.ResourceType"), Some(TABLE));
    assert_eq!(
        import.get("ResourcesToImport.member.1.LogicalResourceId"),
        Some("Table")
    );
    let identifier = "ResourcesToImport.member.1.ResourceIdentifier.entry.1";
    assert_eq!(import.get(&format!("{identifier}.key")), Some("TableName"));
    assert_eq!(
        import.get(&format!("{identifier}.value")),
        Some("discfg-payments")
    );
    assert_eq!(
        import.template_parameter("Adopt"),
        Wanted::Nothing,
        "its default marks it"
    );
    assert_eq!(
        import.template_parameter("Readers"),
        Wanted::Value("arn:aws:iam::123456789012:role/app-*")
    );
    assert_eq!(import.template_parameter("ExternalId"), Wanted::Value("acme"));
    for default in ["Writers", "OrgId"] {
        assert_eq!(import.template_parameter(default), Wanted::Nothing, "{default}");
    }
    assert_eq!(import.template_parameter("HistoryDays"), Wanted::Value("7"));
    assert_eq!(
        import.template_parameter("BillingMode"),
        Wanted::Value("PAY_PER_REQUEST")
    );
    let body = import.get("TemplateBody").unwrap_or_default();
    assert_eq!(body, IMPORT_TEMPLATE);
    let update = &asked[11];
    assert_eq!(update.template_parameter("Readers"), Wanted::AsBefore);
    assert_eq!(update.get("TemplateBody"), Some(stack::TEMPLATE));
    assert_eq!(update.get("ChangeSetType"), Some("UPDATE"));
    assert_eq!(update.template_parameter("Adopt"), Wanted::Nothing);
    assert_eq!(update.template_parameter("Config"), Wanted::AsBefore);
    assert_eq!(update.template_parameter("HistoryDays"), Wanted::AsBefore);
}

#[tokio::test]
async fn a_table_is_taken_in_with_the_capacity_that_it_has() {
    let provisioned = json!({
        "BillingModeSummary": null,
        "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 2},
        "SSEDescription": {"Status": "ENABLED", "KMSMasterKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/k"},
    });
    let cloudformation = Scripted::play(vec![
        absent(),
        table("UPDATING", &provisioned),
        table("ACTIVE", &provisioned),
        table_tags(&[]),
        change_set_made(),
        import_made(),
    ]);
    let plan = config_ready(&cloudformation).await;
    let key = plan.adopts.and_then(|table| table.kms_key);
    assert_eq!(
        key.as_deref(),
        Some("arn:aws:kms:eu-central-1:123456789012:key/k")
    );
    let asked = cloudformation.finish();
    assert_eq!(
        asked[4].template_parameter("BillingMode"),
        Wanted::Value("PROVISIONED")
    );
    assert_eq!(asked[4].template_parameter("ReadCapacity"), Wanted::Value("3"));
    assert_eq!(asked[4].template_parameter("WriteCapacity"), Wanted::Value("2"));
    assert_eq!(asked[4].template_parameter("HistoryDays"), Wanted::Nothing);
}

/// CloudFormation answers "you cannot modify or add [Tags]" otherwise.
#[tokio::test]
async fn an_import_gives_no_tags_and_leaves_them_to_the_update() {
    let tagged = StackSpec {
        tags: Some(std::collections::BTreeMap::from([("team".into(), "shop".into())])),
        ..spec()
    };
    let cloudformation = Scripted::play(vec![
        absent(),
        table("ACTIVE", &json!({})),
        table_tags(&[]),
        change_set_made(),
        import_made(),
        stack_in(
            "IMPORT_COMPLETE",
            &[("Config", "payments"), ("Adopt", "true")],
            &[],
        ),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &[]),
    ]);
    for _ in 0..2 {
        let plan = stack::plan_config(&cloudformation.services, &tagged).await;
        assert!(matches!(plan, Ok(Proposal::Ready(_))), "{plan:?}");
    }
    let asked = cloudformation.finish();
    assert_eq!(asked[3].get("Tags.member.1.Key"), None);
    assert_eq!(asked[6].get("Tags.member.1.Key"), Some("team"));
}

#[tokio::test]
async fn given_access_wins_over_that_of_the_earlier_stack() {
    let given = StackSpec {
        readers: Some(vec![
            "arn:aws:iam::123456789012:role/new".parse().expect("a pattern"),
        ]),
        ..spec()
    };
    let earlier = [
        ("Readers", "arn:aws:iam::123456789012:role/old"),
        ("Writers", "arn:aws:iam::123456789012:role/deploy"),
    ];
    let cloudformation = Scripted::play(vec![
        absent(),
        table("ACTIVE", &json!({})),
        table_tags(&[("discfg:stack", EARLIER)]),
        stack_in("DELETE_COMPLETE", &earlier, &[]),
        change_set_made(),
        import_made(),
        // Ninety days later:
        absent(),
        table("ACTIVE", &json!({})),
        table_tags(&[("discfg:stack", EARLIER)]),
        absent(),
        change_set_made(),
        import_made(),
    ]);
    for earlier in [EarlierAccess::Restored(vec!["Writers"]), EarlierAccess::Unknown] {
        let proposal = stack::plan_config(&cloudformation.services, &given).await;
        let Ok(Proposal::Ready(plan)) = proposal else {
            panic!("no plan: {proposal:?}");
        };
        assert_eq!(plan.earlier_access, Some(earlier));
    }
    let asked = cloudformation.finish();
    let readers = asked[4].template_parameter("Readers");
    assert_eq!(readers, Wanted::Value("arn:aws:iam::123456789012:role/new"));
}

#[tokio::test]
async fn a_table_of_another_make_is_refused() {
    let other = json!({
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    });
    let cloudformation = Scripted::play(vec![absent(), table("ACTIVE", &other)]);
    let error = config_plan(&cloudformation).await.expect_err("refused");
    assert_eq!(
        error.to_string(),
        "cannot use the existing table discfg-payments: \
         its keys are id (N, HASH), not pk (S, HASH), sk (S, RANGE)"
    );
    cloudformation.finish();
}

#[tokio::test]
async fn a_table_that_is_being_deleted_is_waited_for() {
    let cloudformation = Scripted::play(vec![
        absent(),
        table("DELETING", &json!({})),
        no_table(),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &[]),
    ]);
    assert!(config_ready(&cloudformation).await.adopts.is_none());
    assert_eq!(cloudformation.naps().len(), 1);
    cloudformation.finish();
}

#[tokio::test]
async fn a_failed_adoption_deletes_nothing_and_is_not_tried_over() {
    let cloudformation = Scripted::play(vec![
        absent(),
        table("ACTIVE", &json!({})),
        table_tags(&[]),
        change_set_made(),
        import_made(),
        events(&[REVIEW]),
        done("ExecuteChangeSet"),
        events(&[
            REVIEW,
            ("e1", STACK, "IMPORT_IN_PROGRESS", "", "@TOKEN@"),
            (
                "e2",
                "Table",
                "IMPORT_FAILED",
                "it belongs to another stack",
                "@TOKEN@",
            ),
            ("e3", STACK, "IMPORT_ROLLBACK_IN_PROGRESS", "", "@TOKEN@"),
            ("e4", STACK, "IMPORT_ROLLBACK_COMPLETE", "", "@TOKEN@"),
        ]),
        stack_in("IMPORT_ROLLBACK_COMPLETE", &[("Config", "payments")], &[]),
    ]);
    let plan = config_ready(&cloudformation).await;
    let mut deploying = stack::deploy(cloudformation.client.clone(), plan);
    let mut end = None;
    while let Some(progress) = deploying.next().await {
        end = progress.err();
    }
    assert_eq!(
        end.expect("it failed").to_string(),
        "deployment of discfg-payments failed; the table is unchanged, and the stack is in IMPORT_ROLLBACK_COMPLETE: \
         table (Table): it belongs to another stack"
    );
    let error = config_plan(&cloudformation).await.expect_err("it stops");
    assert!(matches!(error, StackError::Stuck { .. }), "{error}");
    cloudformation.finish();
}
