use super::super::Failure;
use super::book::{Book, Variants, variants};
use super::{denied, failed, is, of_each_fault};
use crate::aws::{Failed, Fault};
use crate::model::AwsNames;
use crate::stack::access::AccessError;
use crate::stack::{self, FailedResource, KeptResource, Objections, StackError, StackState};

variants!(StackError: Name TooLong LongParameter NotJson Unbounded Crowded KeyElsewhere ArnElsewhere ReplacesKey Refused Invalid Busy NotOurs
    Stuck OnlyTable RollbackStuck Protected UnfitTable RemovesTable ReplacesTable StaleChangeSet Failed Request Lost NotDeleted
    BucketGone DriftUnknown Incomplete);
variants!(AccessError: Stack NoPrincipal OtherPath ForeignSession Request);

const DESCRIBE: &str = "cloudformation:DescribeStacks";
const ARN: &str = "arn:aws:cloudformation:eu-central-1:111122223333:stack/discfg-payments/0a1b2c3d";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn name() -> String {
    "discfg-payments".into()
}

fn role(reason: &str) -> FailedResource {
    FailedResource {
        logical_id: "ReadRole".into(),
        words: "read role".into(),
        resource_type: "AWS::IAM::Role".into(),
        reason: reason.into(),
    }
}

fn taken() -> FailedResource {
    role(
        "Resource of type 'AWS::IAM::Role' with identifier 'discfg-payments-eu-central-1-read' already exists.",
    )
}

fn of_what_is_asked_for() -> Vec<(&'static str, StackError)> {
    let name_too_long = AwsNames::new(
        &is("a-config-with-the-longest-name-of-36"),
        &is("ap-southeast-10"),
    );
    vec![
        ("", StackError::Name(name_too_long.expect_err("it is too long"))),
        (
            "a trust policy",
            StackError::TooLong {
                what: "trust policy",
                of: "ReadRole".into(),
                size: 2_913,
                quota: 2_048,
                most: 4_096,
            },
        ),
        (
            "a policy",
            StackError::TooLong {
                what: "policy",
                of: "Policy".into(),
                size: 6_801,
                quota: 6_144,
                most: 6_144,
            },
        ),
        (
            "a policy of an API",
            StackError::TooLong {
                what: "policy",
                of: "ApiWritePolicy".into(),
                size: 6_801,
                quota: 6_144,
                most: 6_144,
            },
        ),
        (
            "what may be read by an API",
            StackError::LongParameter {
                name: "ApiReads".into(),
                size: 4_199,
            },
        ),
        (
            "",
            StackError::NotJson {
                what: "trust policy",
                of: "ReadRole".into(),
            },
        ),
        ("", StackError::Unbounded),
        (
            "",
            StackError::Crowded {
                stack: "discfg-payments--ci".into(),
                length: 5_920,
                room: 4_800,
            },
        ),
        (
            "",
            StackError::KeyElsewhere {
                key: is(KEY),
                region: is("eu-central-1"),
            },
        ),
        (
            "",
            StackError::ArnElsewhere {
                arn: "arn:aws-cn:iam::111122223333:role/app".into(),
                region: is("eu-central-1"),
            },
        ),
        (
            "",
            StackError::ReplacesKey {
                stack: name(),
                key: KEY.into(),
            },
        ),
    ]
}

fn of_cloudformation() -> Vec<(&'static str, StackError)> {
    let objection =
        "read role (ReadRole): Invalid principal in policy: \"AWS\":\"arn:aws:iam::111122223333:role/app\"";
    let invalid = |objections| StackError::Invalid {
        stack: name(),
        reason: "Change set validation failed: see the events of the change set".into(),
        objections,
    };
    vec![
        (
            "",
            StackError::Refused {
                stack: name(),
                reason: "Parameter 'HistoryDays' must be a number not greater than 36500".into(),
            },
        ),
        ("with details", invalid(Objections::Told(vec![objection.into()]))),
        ("denied", invalid(Objections::Denied)),
        (
            "",
            StackError::Busy {
                stack: name(),
                state: StackState::UpdateInProgress,
                since: is("2026-11-25T12:00:00Z"),
            },
        ),
        (
            "of a config",
            StackError::NotOurs {
                stack: name(),
                mark: "DiscfgLayout",
            },
        ),
        (
            "of code",
            StackError::NotOurs {
                stack: "discfg--code".into(),
                mark: "DiscfgCode",
            },
        ),
        (
            "an import that failed",
            StackError::Stuck {
                stack: name(),
                state: StackState::ImportRollbackComplete,
                advice: "the import of the table failed and left the table unchanged. See `aws cloudformation \
                         describe-stack-events` for the reason, fix it, delete the stack with `aws cloudformation \
                         delete-stack`, which keeps the table, and rerun the command",
            },
        ),
        (
            "an unknown state",
            StackError::Stuck {
                stack: name(),
                state: StackState::Unknown("ROLLBACK_PAUSED".into()),
                advice: "this version of discfg doesn't know this state; see the stack in the AWS console",
            },
        ),
        ("", StackError::StaleChangeSet { stack: name() }),
        (
            "",
            StackError::DriftUnknown {
                stack: name(),
                reason: "CloudFormation gives no reason".into(),
            },
        ),
        (
            "",
            StackError::Incomplete {
                stack: name(),
                what: "StackDriftDetectionId",
            },
        ),
    ]
}

fn of_what_is_there() -> Vec<(&'static str, StackError)> {
    let rollback = |stuck, denied| StackError::RollbackStuck {
        stack: name(),
        region: "eu-central-1".into(),
        stuck,
        denied,
    };
    let in_the_way = role("Cannot delete entity, must detach all policies first.");
    vec![
        ("with the resources", rollback(vec![in_the_way.clone()], false)),
        ("without the resources", rollback(Vec::new(), false)),
        ("who asks may not know", rollback(Vec::new(), true)),
        ("", StackError::OnlyTable { stack: name() }),
        ("", StackError::Protected { stack: name() }),
        (
            "it was there before",
            StackError::UnfitTable {
                table: name(),
                why: "its keys are id (S, HASH), not pk (S, HASH), sk (S, RANGE)".into(),
            },
        ),
        (
            "it was to be deleted",
            StackError::UnfitTable {
                table: name(),
                why: "it was empty, but has data now, so it was not deleted".into(),
            },
        ),
        ("", StackError::RemovesTable { stack: name() }),
        (
            "",
            StackError::ReplacesTable {
                stack: name(),
                property: "KeySchema".into(),
            },
        ),
        (
            "",
            StackError::NotDeleted {
                stack: name(),
                state: StackState::DeleteFailed,
                stuck: vec![in_the_way],
            },
        ),
        (
            "without a reason",
            StackError::NotDeleted {
                stack: name(),
                state: StackState::DeleteFailed,
                stuck: Vec::new(),
            },
        ),
        (
            "",
            StackError::BucketGone {
                stack: "discfg--code".into(),
            },
        ),
    ]
}

fn failure(stack: &str, state: StackState, first: Option<FailedResource>) -> StackError {
    StackError::Failed(Box::new(stack::DeploymentFailure {
        stack: stack.into(),
        stack_arn: ARN.into(),
        state,
        first,
        kept: Vec::new(),
    }))
}

fn kept(logical_id: &str, words: &str, physical_id: &str) -> KeptResource {
    KeptResource {
        logical_id: logical_id.into(),
        words: words.into(),
        physical_id: physical_id.into(),
    }
}

fn of_failures() -> Vec<(&'static str, StackError)> {
    let denied = role(&denied("iam:CreateRole", "arn:aws:iam::111122223333:role/discfg/*").message);
    let bucket = FailedResource {
        logical_id: "Bucket".into(),
        words: "code bucket".into(),
        resource_type: "AWS::S3::Bucket".into(),
        reason: "discfg-code-111122223333-eu-central-1 already exists".into(),
    };
    let failed = |state, first| failure("discfg-payments", state, first);
    vec![
        ("a create", failed(StackState::RollbackComplete, Some(taken()))),
        (
            "a create that was cleared away",
            failed(StackState::DeleteComplete, Some(taken())),
        ),
        (
            "a create that leaves a table and a key",
            StackError::Failed(Box::new(stack::DeploymentFailure {
                stack: "discfg-payments".into(),
                stack_arn: ARN.into(),
                state: StackState::DeleteComplete,
                first: Some(taken()),
                kept: vec![
                    kept("Table", "table", "discfg-payments"),
                    kept("Key", "KMS key", "0f3e5b1a-0000-4000-8000-000000000001"),
                ],
            })),
        ),
        (
            "an API that reserves too many executions",
            failed(
                StackState::DeleteComplete,
                Some(FailedResource {
                    logical_id: "Function".into(),
                    words: "function".into(),
                    resource_type: "AWS::Lambda::Function".into(),
                    reason: "Specified ReservedConcurrentExecutions for function decreases account's \
                             UnreservedConcurrentExecution below its minimum value of [10]."
                        .into(),
                }),
            ),
        ),
        (
            "an update",
            failed(StackState::UpdateRollbackComplete, Some(taken())),
        ),
        (
            "an import",
            failed(StackState::ImportRollbackComplete, Some(taken())),
        ),
        ("without a reason", failed(StackState::UpdateRollbackFailed, None)),
        (
            "for want of a permission",
            failed(StackState::DeleteComplete, Some(denied)),
        ),
        (
            "the bucket's name is taken",
            failure("discfg--code", StackState::DeleteComplete, Some(bucket)),
        ),
    ]
}

fn of_requests() -> Vec<(&'static str, StackError)> {
    let request = |source: Failed| StackError::Request {
        action: DESCRIBE,
        source,
    };
    let lost = |source: Failed| StackError::Lost {
        stack: name(),
        source: Box::new(request(source)),
    };
    let mut requests: Vec<_> = of_each_fault(DESCRIBE, ARN)
        .into_iter()
        .map(|(note, failed)| (note, request(failed)))
        .collect();
    let connection =
        "dispatch failure: io error: client error (Connect): dns error: failed to lookup address information";
    requests.push(("unreachable", lost(failed(Fault::Unreachable, None, connection))));
    requests.push(("denied", lost(denied(DESCRIBE, ARN))));
    requests
}

#[test]
fn of_a_stack() {
    let errors = of_what_is_asked_for()
        .into_iter()
        .chain(of_cloudformation())
        .chain(of_what_is_there())
        .chain(of_failures())
        .chain(of_requests());
    Book::errors("stack_error", Failure::from, errors);
}

#[test]
fn of_access() {
    let user = "arn:aws:iam::111122223333:user/ann";
    let mut errors = vec![
        (
            "",
            AccessError::Stack(StackError::NotOurs {
                stack: name(),
                mark: "DiscfgLayout",
            }),
        ),
        ("", AccessError::NoPrincipal(user.into())),
        (
            "",
            AccessError::OtherPath {
                given: "arn:aws:iam::111122223333:role/app".into(),
                is: "arn:aws:iam::111122223333:role/services/app".into(),
            },
        ),
        (
            "",
            AccessError::ForeignSession("arn:aws:sts::444455556666:assumed-role/deploy/ann".into()),
        ),
    ];
    for (note, source) in of_each_fault("iam:SimulatePrincipalPolicy", user) {
        let (action, on) = ("iam:SimulatePrincipalPolicy", user.into());
        errors.push((note, AccessError::Request { action, on, source }));
    }
    Book::errors("access_error", Failure::from, errors);
}
