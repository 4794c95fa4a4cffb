//! Failures of stacks, with hints.

use super::Failure;
use super::{code, denial};
use crate::stack::{self, KEY_MONTH, KeptResource, Objections, StackError};

impl From<StackError> for Failure {
    fn from(error: StackError) -> Self {
        let failure = code::of_stack(Self::of(error.kind(), &error), &error);
        match &error {
            StackError::TooLong { quota, most, .. } if quota < most => failure
                .hint("name fewer principals, match several with one * pattern, or use a grant for each group")
                .hint(format!(
                    "if the account's quota was raised (up to {most}), deploy the output of `discfg template` yourself"
                )),
            StackError::TooLong { of: name, .. } | StackError::LongParameter { name, .. }
                if name.starts_with("Api") =>
            {
                failure
                    .hint("split it into two grants with fewer sections each")
                    .hint("or use --no-api, so that the role can't call the HTTP API")
            }
            StackError::TooLong { .. } | StackError::Crowded { .. } => {
                failure.hint("split it into two grants with fewer sections each")
            }
            StackError::NotJson { .. } => failure.hint("use principals and jobs without quotes and backslashes"),
            StackError::Failed(failed) => of_deployment(failure, failed),
            StackError::Request { action, source } => failure.of_request(action, source),
            StackError::Lost { source, .. } => match &**source {
                StackError::Request { action, source } => {
                    let mut failure = failure.of_request(action, source);
                    // The service's message says enough.
                    if failure.causes.len() > 1 {
                        failure.causes.remove(0);
                    }
                    failure
                }
                _ => failure,
            },
            StackError::OnlyTable { stack } => failure.hint(format!(
                "create the remaining resources with `discfg init {}`",
                stack.strip_prefix("discfg-").unwrap_or(stack)
            )),
            StackError::StaleChangeSet { .. } => failure.hint("rerun the command"),
            StackError::Protected { stack } => failure.hint(format!(
                "disable it: `aws cloudformation update-termination-protection --no-enable-termination-protection \
                 --stack-name {stack}`"
            )),
            StackError::Invalid {
                objections: Objections::Denied,
                ..
            } => failure.hint(format!(
                "to see the details, {}",
                denial::advice("cloudformation:DescribeEvents", "")
            )),
            StackError::RollbackStuck {
                stack,
                region,
                stuck,
                denied,
            } => {
                let go_on = format!(
                    "aws cloudformation continue-update-rollback --stack-name {stack} --region {region}"
                );
                let failure = if *denied {
                    failure.hint(format!(
                        "to see the failed resources, {}",
                        denial::advice("cloudformation:DescribeStackResources", "")
                    ))
                } else {
                    failure
                };
                let failure = failure.hint(format!("fix the cause, then continue the rollback: `{go_on}`"));
                let ids: Vec<&str> = stuck.iter().map(|stuck| stuck.logical_id.as_str()).collect();
                if ids.is_empty() {
                    failure
                } else {
                    failure.hint(format!(
                        "or skip the failed resources: `{go_on} --resources-to-skip {}`",
                        ids.join(" ")
                    ))
                }
            }
            StackError::UnfitTable { .. } => {
                failure.hint("delete the table if nothing needs it, or choose another config name: discfg did not change it")
            }
            StackError::ReplacesKey { .. } => failure.hint("omit --kms and --kms-key to keep the key"),
            StackError::NotDeleted { stuck, .. } if stuck.is_empty() => {
                failure.hint("see the stack's events for the cause, fix it, then rerun the command")
            }
            StackError::NotDeleted { .. } => failure.hint("fix the cause, then rerun the command"),
            StackError::NotOurs { mark, .. } if *mark == stack::Output::DiscfgLayout.name() => {
                failure.hint("choose another name")
            }
            _ => failure,
        }
    }
}

/// Adds hints on how to fix a failed deployment, and on the resources that it left.
fn of_deployment(failure: Failure, failed: &stack::DeploymentFailure) -> Failure {
    let reason = failed.first.as_ref().map_or("", |first| first.reason.as_str());
    let mut failure = failure;
    if reason.contains("not authorized to perform: ") {
        failure = failure.hint(denial::advice("", reason));
    }
    if let Some(hint) = code::of_executions(reason) {
        failure = failure.hint(hint);
    }
    let is_table = |kept: &&KeptResource| kept.logical_id == "Table";
    let table = failed.kept.iter().find(is_table);
    let others: Vec<&KeptResource> = failed.kept.iter().filter(|kept| !is_table(kept)).collect();
    match table {
        Some(table) => {
            failure = failure.hint(format!(
                "fix the cause, then rerun the command: it imports the table {}, which was kept",
                table.physical_id
            ));
        }
        None if failure.hints.len() + others.len() < 2 => {
            failure = failure.hint(if failed.first.is_some() {
                "fix the cause, then rerun the command"
            } else {
                "see the stack's events for the cause, fix it, then rerun the command"
            });
        }
        None => {}
    }
    others
        .into_iter()
        .fold(failure, |failure, kept| failure.hint(of_kept(kept, failed)))
}

/// What a resource that was kept costs, and how the next deployment reuses it.
fn of_kept(kept: &KeptResource, failed: &stack::DeploymentFailure) -> String {
    let id = &kept.physical_id;
    let config = failed.stack.strip_prefix("discfg-").unwrap_or(&failed.stack);
    match (
        kept.logical_id.as_str(),
        failed.stack_arn.split(':').collect::<Vec<_>>().as_slice(),
    ) {
        ("Key", [_, partition, _, region, account, ..]) => format!(
            "the KMS key {id} was kept and costs ${KEY_MONTH:.2} a month: reuse it with `discfg init {config} --kms-key \
             arn:{partition}:kms:{region}:{account}:key/{id}`, or delete it with `aws kms schedule-key-deletion --key-id {id}`"
        ),
        _ => format!("the {} {id} was kept: delete it if nothing uses it", kept.words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::StackState;

    #[test]
    fn the_config_is_named_whatever_it_is_called() {
        let failed = stack::DeploymentFailure {
            stack: "discfg-discfg-web".into(),
            stack_arn: "arn:aws:cloudformation:eu-central-1:111122223333:stack/discfg-discfg-web/0a1b2c3d"
                .into(),
            state: StackState::DeleteComplete,
            first: None,
            kept: Vec::new(),
        };
        let key = KeptResource {
            logical_id: "Key".into(),
            words: "KMS key".into(),
            physical_id: "0a1b2c3d".into(),
        };
        let hint = of_kept(&key, &failed);
        assert!(hint.contains("`discfg init discfg-web --kms-key"), "{hint}");
    }
}
