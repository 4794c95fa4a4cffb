//! What hinders a stack, with what mends it.

use super::Failure;
use super::{code, denial};
use crate::stack::{self, KEY_MONTH, KeptResource, Objections, StackError};

impl From<StackError> for Failure {
    fn from(error: StackError) -> Self {
        let failure = code::of_stack(Self::of(error.kind(), &error), &error);
        match &error {
            StackError::TooLong { quota, most, .. } if quota < most => failure
                .hint("name fewer principals, or several by one pattern with *, or give them grants of their own")
                .hint(format!(
                    "where the account's quota was raised (up to {most}), deploy what `discfg template` prints"
                )),
            StackError::TooLong { of: name, .. } | StackError::LongParameter { name, .. }
                if name.starts_with("Api") =>
            {
                failure
                    .hint("make two of it, with some of the sections each")
                    .hint("`--no-api` leaves out the HTTP API, so that the role reaches the table alone")
            }
            StackError::TooLong { .. } => failure.hint("make two of it, with some of the sections each"),
            StackError::NotJson { .. } => failure.hint("name principals and jobs without quotes and backslashes"),
            StackError::Failed(failed) => of_deployment(failure, failed),
            StackError::Request { action, source } => failure.of_request(action, source),
            StackError::Lost { source, .. } => match &**source {
                StackError::Request { action, source } => failure.of_request(action, source),
                _ => failure,
            },
            StackError::Protected { stack } => failure.hint(format!(
                "`aws cloudformation update-termination-protection --no-enable-termination-protection \
                 --stack-name {stack}` takes it off"
            )),
            StackError::Invalid {
                objections: Objections::Denied,
                ..
            } => failure.hint(format!(
                "with cloudformation:DescribeEvents, which was denied, the details would be told: {}",
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
                        "to be told what is stuck, {}",
                        denial::advice("cloudformation:DescribeStackResources", "")
                    ))
                } else {
                    failure
                };
                let failure = failure.hint(format!("mend what is stuck, then go on with `{go_on}`"));
                let ids: Vec<&str> = stuck.iter().map(|stuck| stuck.logical_id.as_str()).collect();
                if ids.is_empty() {
                    failure
                } else {
                    failure.hint(format!(
                        "what can't be mended is left out by `{go_on} --resources-to-skip {}`",
                        ids.join(" ")
                    ))
                }
            }
            StackError::UnfitTable { .. } => failure.hint(
                "nothing was done to it; a config's table bears its name, so move this one away, or choose another name",
            ),
            StackError::NotDeleted { .. } => {
                failure.hint("take out of its way what is named, and run the same command again")
            }
            _ => failure,
        }
    }
}

/// What mends a deployment that failed, and what becomes of what it leaves.
fn of_deployment(failure: Failure, failed: &stack::DeploymentFailure) -> Failure {
    let reason = failed.first.as_ref().map_or("", |first| first.reason.as_str());
    let mut failure = failure;
    if reason.contains("not authorized to perform: ") {
        failure = failure.hint(denial::advice("", reason));
    }
    if let Some(hint) = code::of_executions(reason) {
        failure = failure.hint(hint);
    }
    failure = failure.hint("mend the cause and run the same command again");
    for kept in &failed.kept {
        failure = failure.hint(of_kept(kept, failed));
    }
    failure
}

/// What a resource that stays costs, and how the next deployment takes it up.
fn of_kept(kept: &KeptResource, failed: &stack::DeploymentFailure) -> String {
    let id = &kept.physical_id;
    let config = failed.stack.strip_prefix("discfg-").unwrap_or(&failed.stack);
    match (
        kept.logical_id.as_str(),
        failed.stack_arn.split(':').collect::<Vec<_>>().as_slice(),
    ) {
        ("Table", _) => format!(
            "the table {id} costs only what it stores; the next `discfg init {config}` takes it up with the key that encrypts it"
        ),
        ("Key", [_, partition, _, region, account, ..]) => format!(
            "the KMS key {id} costs ${KEY_MONTH:.2} a month: `discfg init {config} --kms-key \
             arn:{partition}:kms:{region}:{account}:key/{id}` takes it up, `aws kms schedule-key-deletion --key-id {id}` \
             deletes it"
        ),
        _ => format!("{} {id} stays: remove it if nothing needs it", kept.words),
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
        let table = KeptResource {
            logical_id: "Table".into(),
            words: "the table that holds the config".into(),
            physical_id: "discfg-discfg-web".into(),
        };
        let hint = of_kept(&table, &failed);
        assert!(hint.contains("`discfg init discfg-web`"), "{hint}");
    }
}
