use std::time::Duration;

use discfg::model::ErrorKind;
use discfg::stack::{self, Deployed, Progress, ResourceOutcome, StackError, StackEvent, StackState};
use futures::StreamExt as _;

use super::answers::{
    Event, absent, change_set, change_set_made, change_sets, done, events, page_of_events, stack as stack_in,
    throttled,
};
use super::server::{Scene, Scripted, refusal};
use super::{ready, spec};

const STACK: &str = "discfg-payments";
/// What these deployments set.
const MADE: [(&str, &str); 1] = [("Config", "payments")];
const REVIEW: Event<'static> = ("e0", STACK, "REVIEW_IN_PROGRESS", "", "");
const STARTED: Event<'static> = ("e1", STACK, "CREATE_IN_PROGRESS", "", "@TOKEN@");

fn new_stack(rest: impl IntoIterator<Item = Scene>) -> Scripted {
    let mut scenes = vec![
        absent(),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &[]),
    ];
    scenes.extend(rest);
    Scripted::play(scenes)
}

fn updated_stack(rest: impl IntoIterator<Item = Scene>) -> Scripted {
    let mut scenes = vec![
        stack_in("CREATE_COMPLETE", &[], &[]),
        change_set_made(),
        change_set("CREATE_COMPLETE", "", &[]),
    ];
    scenes.extend(rest);
    Scripted::play(scenes)
}

async fn deploy(cloudformation: &Scripted) -> (Vec<StackEvent>, Result<Deployed, StackError>) {
    let plan = ready(cloudformation, &spec()).await;
    let mut told = Vec::new();
    let mut stream = stack::deploy(cloudformation.client.clone(), plan);
    let mut end = None;
    while let Some(progress) = stream.next().await {
        assert!(end.is_none(), "something came after the end");
        match progress {
            Ok(Progress::Begun) => {}
            Ok(Progress::Event(event)) => told.push(event),
            Ok(Progress::Done(deployed)) => end = Some(Ok(*deployed)),
            Err(error) => end = Some(Err(error)),
        }
    }
    (told, end.expect("an end"))
}

fn ids(events: &[StackEvent]) -> Vec<String> {
    events
        .iter()
        .map(|event| format!("{} {}", event.logical_id, event.phase))
        .collect()
}

#[tokio::test]
async fn a_create_tells_each_event_once_and_in_order_and_ends_in_outputs() {
    let role = ("e2", "ReadRole", "CREATE_IN_PROGRESS", "", "@TOKEN@");
    let made = ("e3", "ReadRole", "CREATE_COMPLETE", "", "@TOKEN@");
    let end = ("e4", STACK, "CREATE_COMPLETE", "", "@TOKEN@");
    let cloudformation = new_stack([
        events(&[REVIEW]),
        done("ExecuteChangeSet"),
        events(&[REVIEW, STARTED, role]),
        events(&[REVIEW, STARTED, role]),
        events(&[REVIEW, STARTED, role, made, end]),
        stack_in("CREATE_COMPLETE", &MADE, &[]),
    ]);
    let (told, end) = deploy(&cloudformation).await;
    assert_eq!(
        ids(&told),
        [
            "discfg-payments create in progress",
            "ReadRole create in progress",
            "ReadRole create complete",
            "discfg-payments create complete"
        ]
    );
    assert_eq!(told[1].words, "read role");
    assert_eq!(told[2].phase.outcome, ResourceOutcome::Complete);
    assert!(told[0].is_stack);
    let outputs = end.expect("made").outputs().expect("outputs");
    assert_eq!(outputs.read_role_arn, "the ReadRoleArn");
    let naps = cloudformation.naps();
    assert_eq!(naps.len(), 2, "none before the first poll");
    assert!(
        naps.iter().all(|nap| (2000..=2500).contains(&nap.as_millis())),
        "{naps:?}"
    );
    cloudformation.finish();
}

#[tokio::test]
async fn a_failed_create_tells_its_first_cause_and_leaves_nothing() {
    let cloudformation = new_stack([
        events(&[REVIEW]),
        done("ExecuteChangeSet"),
        events(&[
            REVIEW,
            STARTED,
            (
                "e2",
                "WriteRole",
                "CREATE_FAILED",
                "Resource creation cancelled",
                "@TOKEN@",
            ),
            (
                "e3",
                "ReadRole",
                "CREATE_FAILED",
                "not authorized to perform: iam:CreateRole",
                "@TOKEN@",
            ),
            ("e4", "WritePolicy", "CREATE_FAILED", "a later failure", "@TOKEN@"),
            (
                "e5",
                STACK,
                "CREATE_FAILED",
                "The following resource(s) failed to create",
                "@TOKEN@",
            ),
        ]),
        events(&[
            ("e6", STACK, "DELETE_IN_PROGRESS", "", ""),
            ("e7", STACK, "DELETE_COMPLETE", "", ""),
        ]),
    ]);
    let (told, end) = deploy(&cloudformation).await;
    assert_eq!(told.len(), 7);
    let error = end.expect_err("it failed");
    assert_eq!(error.kind(), ErrorKind::Stack);
    assert_eq!(
        error.to_string(),
        "deployment of discfg-payments failed and the new stack was deleted: read role (ReadRole): \
         not authorized to perform: iam:CreateRole"
    );
    cloudformation.finish();
}

/// What a failed create has made is deleted with the stack; where CloudFormation keeps it all the same, it is named.
#[tokio::test]
async fn a_failed_create_names_what_it_leaves_behind() {
    let cloudformation = new_stack([
        events(&[REVIEW]),
        done("ExecuteChangeSet"),
        events(&[
            REVIEW,
            STARTED,
            ("e2", "Stage", "CREATE_FAILED", "the account is full", "@TOKEN@"),
            ("e3", STACK, "DELETE_IN_PROGRESS", "", ""),
            ("e4", "Key", "DELETE_SKIPPED", "", ""),
            ("e5", STACK, "DELETE_COMPLETE", "", ""),
        ]),
    ]);
    let (_, end) = deploy(&cloudformation).await;
    assert_eq!(
        end.expect_err("it failed").to_string(),
        "deployment of discfg-payments failed and the new stack was deleted; kept: KMS key (physical): API stage (Stage): \
         the account is full"
    );
    cloudformation.finish();
}

#[tokio::test]
async fn a_create_that_stays_rolled_back_is_a_failure_after_a_while_of_quiet() {
    let over = [
        REVIEW,
        STARTED,
        ("e2", "Table", "CREATE_FAILED", "it is there already", ""),
        ("e3", STACK, "ROLLBACK_COMPLETE", "", ""),
    ];
    let cloudformation = new_stack([
        events(&[REVIEW]),
        done("ExecuteChangeSet"),
        events(&over),
        events(&over),
        events(&over),
        events(&over),
    ]);
    let (_, end) = deploy(&cloudformation).await;
    let Err(StackError::Failed(failure)) = end else {
        panic!("{end:?}");
    };
    assert_eq!(failure.state, StackState::RollbackComplete);
    assert_eq!(failure.first.expect("a cause").logical_id, "Table");
    cloudformation.finish();
}

#[tokio::test]
async fn a_failed_update_says_that_all_is_as_before() {
    let cloudformation = updated_stack([
        events(&[("o1", STACK, "CREATE_COMPLETE", "", "older")]),
        done("ExecuteChangeSet"),
        events(&[
            ("o1", STACK, "CREATE_COMPLETE", "", "older"),
            ("e1", STACK, "UPDATE_IN_PROGRESS", "", "@TOKEN@"),
            (
                "e2",
                "ReadRole",
                "UPDATE_FAILED",
                "MalformedPolicyDocument",
                "@TOKEN@",
            ),
            ("e3", STACK, "UPDATE_ROLLBACK_IN_PROGRESS", "", "@TOKEN@"),
            (
                "e4",
                STACK,
                "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                "",
                "@TOKEN@",
            ),
        ]),
        events(&[
            (
                "e4",
                STACK,
                "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                "",
                "@TOKEN@",
            ),
            ("e5", STACK, "UPDATE_ROLLBACK_COMPLETE", "", "@TOKEN@"),
        ]),
    ]);
    let (_, end) = deploy(&cloudformation).await;
    let words = end.expect_err("it failed").to_string();
    assert!(
        words.starts_with("deployment of discfg-payments failed and was rolled back: ")
            && words.ends_with("MalformedPolicyDocument"),
        "{words}"
    );
    cloudformation.finish();
}

#[tokio::test]
async fn what_a_deployment_before_ended_in_is_not_the_end_of_this_one() {
    let older = ("o1", STACK, "UPDATE_IN_PROGRESS", "", "older");
    let late = ("o2", STACK, "UPDATE_COMPLETE", "", "older");
    let begun = ("e1", STACK, "UPDATE_IN_PROGRESS", "", "@TOKEN@");
    let cleaning = ("e2", STACK, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "", "@TOKEN@");
    let ended = ("e3", STACK, "UPDATE_COMPLETE", "", "@TOKEN@");
    let cloudformation = updated_stack([
        events(&[older]),
        done("ExecuteChangeSet"),
        events(&[older]),
        events(&[older, late]),
        events(&[older, late, begun, cleaning]),
        events(&[older, late, begun, cleaning, ended]),
        // DescribeStacks lags behind the events.
        stack_in("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", &MADE, &[]),
        throttled("DescribeStacks"),
        // An answer from before this deployment: its state is the same, its parameters aren't.
        stack_in("UPDATE_COMPLETE", &[], &[]),
        stack_in("UPDATE_COMPLETE", &MADE, &[]),
    ]);
    let (told, end) = deploy(&cloudformation).await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(end.expect("updated").state, StackState::UpdateComplete);
    cloudformation.finish();
}

#[tokio::test]
async fn a_stack_that_someone_else_has_changed_since_is_the_end_all_the_same() {
    let ended = ("e1", STACK, "UPDATE_COMPLETE", "", "@TOKEN@");
    let other = [("Config", "payments-of-others")];
    let since = std::iter::repeat_with(|| stack_in("UPDATE_COMPLETE", &other, &[])).take(16);
    let cloudformation = updated_stack(
        [events(&[]), done("ExecuteChangeSet"), events(&[ended])]
            .into_iter()
            .chain(since),
    );
    let (_, end) = deploy(&cloudformation).await;
    assert_eq!(end.expect("updated").parameters["Config"], "payments-of-others");
    cloudformation.finish();
}

#[tokio::test]
async fn events_of_many_pages_are_told_in_order() {
    let first = ("e1", STACK, "CREATE_IN_PROGRESS", "", "@TOKEN@");
    let second = ("e2", "ReadRole", "CREATE_COMPLETE", "", "@TOKEN@");
    let third = ("e3", STACK, "CREATE_COMPLETE", "", "@TOKEN@");
    let cloudformation = new_stack([
        events(&[REVIEW]),
        done("ExecuteChangeSet"),
        page_of_events(&[third], Some("more")),
        page_of_events(&[second], Some("still more")),
        page_of_events(&[REVIEW, first], Some("the past, which nobody asks for")),
        stack_in("CREATE_COMPLETE", &MADE, &[]),
    ]);
    let (told, end) = deploy(&cloudformation).await;
    assert_eq!(
        ids(&told),
        [
            "discfg-payments create in progress",
            "ReadRole create complete",
            "discfg-payments create complete"
        ]
    );
    end.expect("made");
    cloudformation.finish();
}

#[tokio::test]
async fn a_deployment_of_two_minutes_is_polled_sixty_times_at_most() {
    let polls = std::iter::repeat_with(|| events(&[STARTED])).take(60);
    let cloudformation = new_stack(
        [events(&[REVIEW]), done("ExecuteChangeSet")]
            .into_iter()
            .chain(polls)
            .chain([
                events(&[STARTED, ("e2", STACK, "CREATE_COMPLETE", "", "@TOKEN@")]),
                stack_in("CREATE_COMPLETE", &MADE, &[]),
            ]),
    );
    let (_, end) = deploy(&cloudformation).await;
    end.expect("made");
    let naps = cloudformation.naps();
    assert!(
        naps.iter().sum::<Duration>() >= Duration::from_mins(2),
        "{naps:?}"
    );
    let different: std::collections::HashSet<_> = naps.iter().collect();
    assert!(different.len() > 1, "no jitter: {naps:?}");
    cloudformation.finish();
}

#[tokio::test]
async fn throttled_polls_never_fail_a_deployment() {
    let throttling = std::iter::repeat_with(|| throttled("DescribeStackEvents")).take(40);
    let cloudformation = new_stack(
        [events(&[REVIEW]), done("ExecuteChangeSet")]
            .into_iter()
            .chain(throttling)
            .chain([
                events(&[REVIEW, ("e1", STACK, "CREATE_COMPLETE", "", "@TOKEN@")]),
                stack_in("CREATE_COMPLETE", &MADE, &[]),
            ]),
    );
    let (_, end) = deploy(&cloudformation).await;
    end.expect("made");
    let naps = cloudformation.naps();
    let longest = naps.iter().max().expect("naps");
    assert!((30_000..=30_500).contains(&longest.as_millis()), "{longest:?}");
    assert!(naps[0] < Duration::from_secs(5), "{naps:?}");
    cloudformation.finish();
}

#[tokio::test]
async fn a_service_that_fails_for_minutes_is_lost_from_sight_and_nothing_more() {
    let failing =
        std::iter::repeat_with(|| refusal("DescribeStackEvents", 503, "ServiceUnavailable", "later"))
            .take(31);
    let cloudformation = new_stack(
        [events(&[REVIEW]), done("ExecuteChangeSet")]
            .into_iter()
            .chain(failing),
    );
    let (_, end) = deploy(&cloudformation).await;
    let error = end.expect_err("lost");
    assert!(matches!(error, StackError::Lost { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    cloudformation.finish();
}

#[tokio::test]
async fn an_execution_refused_because_it_is_under_way_is_followed() {
    let under_way = super::server::answer(
        "DescribeChangeSet",
        "<Status>CREATE_COMPLETE</Status><ExecutionStatus>EXECUTE_IN_PROGRESS</ExecutionStatus>",
    );
    let cloudformation = new_stack([
        events(&[REVIEW]),
        refusal(
            "ExecuteChangeSet",
            400,
            "InvalidChangeSetStatus",
            "EXECUTE_IN_PROGRESS",
        ),
        under_way,
        events(&[REVIEW, ("e1", STACK, "CREATE_COMPLETE", "", "")]),
        stack_in("CREATE_COMPLETE", &MADE, &[]),
    ]);
    let (_, end) = deploy(&cloudformation).await;
    end.expect("made");
    cloudformation.finish();
}

#[tokio::test]
async fn a_plan_that_another_deployment_overtook_is_a_conflict() {
    let cloudformation = new_stack([
        events(&[REVIEW]),
        refusal(
            "ExecuteChangeSet",
            404,
            "ChangeSetNotFound",
            "ChangeSet does not exist",
        ),
    ]);
    let (_, end) = deploy(&cloudformation).await;
    assert_eq!(end.expect_err("overtaken").kind(), ErrorKind::Conflict);
    cloudformation.finish();
}

#[tokio::test]
async fn who_may_not_watch_does_not_deploy_and_leaves_nothing() {
    let cloudformation = new_stack([
        refusal(
            "DescribeStackEvents",
            403,
            "AccessDenied",
            "not authorized to perform: cloudformation:DescribeStackEvents",
        ),
        done("DeleteChangeSet"),
        stack_in("REVIEW_IN_PROGRESS", &[], &[]),
        change_sets(&[]),
        done("DeleteStack"),
    ]);
    let (_, end) = deploy(&cloudformation).await;
    assert_eq!(
        end.expect_err("denied").to_string(),
        "access denied: cloudformation:DescribeStackEvents"
    );
    cloudformation.finish();
}
