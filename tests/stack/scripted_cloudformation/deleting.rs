use discfg::model::ErrorKind;
use discfg::stack::{self, Deployed, StackError};
use futures::StreamExt as _;

use super::answers::{Event, done, events, stack as stack_in, throttled};
use super::server::{Scene, Scripted, refusal};

const STACK: &str = "discfg-payments";
const MADE: Event<'static> = ("e0", STACK, "CREATE_COMPLETE", "", "");
const STARTED: Event<'static> = ("e1", STACK, "DELETE_IN_PROGRESS", "", "");
const GONE: Event<'static> = ("e9", STACK, "DELETE_COMPLETE", "", "");

fn playing(state: &str, rest: impl IntoIterator<Item = Scene>) -> Scripted {
    let mut scenes = vec![stack_in(state, &[], &[])];
    scenes.extend(rest);
    Scripted::play(scenes)
}

async fn deployed(cloudformation: &Scripted) -> Deployed {
    let config = "payments".parse().expect("a config name");
    let found = stack::status(&cloudformation.client, &config).await;
    found.expect("an answer").expect("a stack")
}

/// What was told, and how it ended.
async fn delete(cloudformation: &Scripted) -> (Vec<String>, Result<(), StackError>) {
    let deployed = deployed(cloudformation).await;
    let mut told = Vec::new();
    let mut end = Ok(());
    let mut news = stack::delete(&cloudformation.client, &deployed);
    while let Some(event) = news.next().await {
        assert!(end.is_ok(), "something came after the end");
        match event {
            Ok(event) => told.push(format!("{} {}", event.logical_id, event.phase)),
            Err(error) => end = Err(error),
        }
    }
    (told, end)
}

#[tokio::test]
async fn a_deletion_tells_each_event_once_and_outlasts_throttled_polls() {
    let role = ("e2", "ReadRole", "DELETE_COMPLETE", "", "");
    let kept = ("e3", "Table", "DELETE_SKIPPED", "", "");
    let cloudformation = playing(
        "CREATE_COMPLETE",
        [
            events(&[MADE]),
            done("DeleteStack"),
            events(&[MADE, STARTED]),
            throttled("DescribeStackEvents"),
            refusal("DescribeStackEvents", 500, "InternalFailure", "later"),
            events(&[MADE, STARTED, role, kept, GONE]),
        ],
    );
    let (told, end) = delete(&cloudformation).await;
    end.expect("gone");
    assert_eq!(
        told,
        [
            "discfg-payments delete in progress",
            "ReadRole delete complete",
            "Table delete skipped",
            "discfg-payments delete complete",
        ]
    );
    let naps: Vec<_> = cloudformation
        .naps()
        .iter()
        .map(std::time::Duration::as_secs)
        .collect();
    assert_eq!(
        naps,
        [2, 4, 8],
        "none before the first poll, longer after each failed one"
    );
    let asked = cloudformation.finish();
    let of_arn = |request: &super::server::Asked| {
        request
            .get("StackName")
            .is_some_and(|name| name.starts_with("arn:"))
    };
    assert!(asked[1..].iter().all(of_arn), "by the stack's ARN: {asked:#?}");
}

#[tokio::test]
async fn a_failed_deletion_tells_its_first_cause() {
    let cloudformation = playing(
        "CREATE_COMPLETE",
        [
            events(&[MADE]),
            done("DeleteStack"),
            events(&[
                MADE,
                STARTED,
                (
                    "e2",
                    "WriteRole",
                    "DELETE_FAILED",
                    "Resource deletion cancelled",
                    "",
                ),
                ("e3", "ReadPolicy", "DELETE_FAILED", "attached to entities", ""),
                ("e4", "Table", "DELETE_FAILED", "a later failure", ""),
                ("e5", STACK, "DELETE_FAILED", "", ""),
            ]),
        ],
    );
    let (told, end) = delete(&cloudformation).await;
    let error = end.expect_err("failed");
    assert_eq!(told.len(), 5, "what happened is told before the end");
    assert_eq!(error.kind(), ErrorKind::Stack);
    assert_eq!(
        error.to_string(),
        "deletion of discfg-payments failed; the stack is in DELETE_FAILED: read policy (ReadPolicy): \
         attached to entities"
    );
    cloudformation.finish();
}

#[tokio::test]
async fn where_events_stay_away_the_stack_itself_is_asked() {
    let quiet = || events(&[MADE]);
    let cloudformation = playing(
        "CREATE_COMPLETE",
        [
            quiet(),
            done("DeleteStack"),
            quiet(),
            quiet(),
            quiet(),
            stack_in("DELETE_IN_PROGRESS", &[], &[]),
            quiet(),
            quiet(),
            quiet(),
            stack_in("DELETE_COMPLETE", &[], &[]),
        ],
    );
    let (told, end) = delete(&cloudformation).await;
    end.expect("gone");
    assert!(told.is_empty(), "{told:?}");
    cloudformation.finish();
}

#[tokio::test]
async fn a_deletion_that_runs_already_is_followed_and_an_earlier_failure_is_not_its_own() {
    let cloudformation = playing(
        "DELETE_IN_PROGRESS",
        [
            events(&[
                MADE,
                STARTED,
                ("e2", "ReadPolicy", "DELETE_FAILED", "attached then", ""),
                ("e3", STACK, "DELETE_FAILED", "", ""),
                ("e4", STACK, "DELETE_IN_PROGRESS", "", ""),
            ]),
            refusal(
                "DescribeStackEvents",
                400,
                "ValidationError",
                "Stack [x] does not exist",
            ),
        ],
    );
    let (_, end) = delete(&cloudformation).await;
    end.expect("gone");
    cloudformation.finish();
}

#[tokio::test]
async fn a_deletion_that_can_no_longer_be_watched_is_not_called_failed() {
    let denied = refusal("DescribeStackEvents", 403, "AccessDenied", "no longer");
    let cloudformation = playing("CREATE_COMPLETE", [events(&[MADE]), done("DeleteStack"), denied]);
    let (_, end) = delete(&cloudformation).await;
    let error = end.expect_err("lost");
    assert!(matches!(error, StackError::Lost { .. }), "{error:?}");
    cloudformation.finish();
}

#[tokio::test]
async fn drift_that_cant_be_told_is_an_error_and_no_answer() {
    let detection = super::server::answer(
        "DetectStackDrift",
        "<StackDriftDetectionId>one</StackDriftDetectionId>",
    );
    let status = |status: &str, reason: &str| {
        super::server::answer(
            "DescribeStackDriftDetectionStatus",
            &format!(
                "<StackId>s</StackId><StackDriftDetectionId>one</StackDriftDetectionId>\
                 <DetectionStatus>{status}</DetectionStatus>\
                 <DetectionStatusReason>{reason}</DetectionStatusReason>\
                 <Timestamp>2026-01-31T08:00:00Z</Timestamp>"
            ),
        )
    };
    let cloudformation = playing(
        "CREATE_COMPLETE",
        [
            detection,
            status("DETECTION_IN_PROGRESS", ""),
            throttled("DescribeStackDriftDetectionStatus"),
            status("DETECTION_FAILED", "Failed to detect drift on ReadRole"),
        ],
    );
    let deployed = deployed(&cloudformation).await;
    let error = stack::drift(&cloudformation.client, &deployed)
        .await
        .expect_err("not known");
    assert_eq!(error.kind(), ErrorKind::Stack);
    assert_eq!(
        error.to_string(),
        "cannot determine the drift of discfg-payments: Failed to detect drift on ReadRole"
    );
    cloudformation.finish();
}
