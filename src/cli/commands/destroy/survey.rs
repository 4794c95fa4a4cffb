use aws_sdk_cloudformation::Client;
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_iam::Client as Iam;

use super::follow::DeletionFailure;
use crate::aws::Aws;
use crate::cli::denied_lookups::DeniedLookups;
use crate::cli::failure::Failure;
use crate::cli::failure::denial;
use crate::cli::terminal::Terminal;
use crate::context::Target;
use crate::model::{Access, AwsNames, ConfigName, ErrorKind, GrantName};
use crate::stack::{self, Deployed, Output, StackError, StackState, TableFacts};

/// The existing parts of a config.
pub(super) struct Survey {
    pub(super) config: ConfigName,
    pub(super) stack: Option<Deployed>,
    pub(super) grants: Vec<(GrantName, Deployed)>,
    pub(super) table: Option<TableFacts>,
    /// Whether point-in-time recovery is on, if known.
    recovery: Option<bool>,
    region: String,
    denied_lookups: DeniedLookups,
}

impl Survey {
    pub(super) async fn take(aws: &Aws, target: &Target) -> Result<Self, Failure> {
        let config = target.config()?.clone();
        if let Some(account) = &target.account
            && aws.caller().await?.account != *account
        {
            return Err(Failure::usage(format!(
                "cannot destroy a config in account {account} from another account"
            ))
            .hint("use credentials of that account, without --account"));
        }
        let cfn = Client::new(aws.sdk());
        let dynamodb = DynamoDb::new(aws.sdk());
        let mut denied_lookups = DeniedLookups::default();
        let stack = stack::status(&cfn, &config).await?;
        let grants = stack::grant_stacks(&cfn, &config).await?;
        let table = denied_lookups
            .record("the table", stack::table(&dynamodb, &config).await)?
            .flatten();
        let recovery = if table.is_some() {
            let recovery = stack::point_in_time_recovery(&dynamodb, &config).await;
            denied_lookups.record("point-in-time recovery", recovery)?
        } else {
            None
        };
        Ok(Self {
            region: aws.region().to_string(),
            config,
            stack,
            grants,
            table,
            recovery,
            denied_lookups,
        })
    }

    /// Checks that everything can be deleted, before anything is.
    pub(super) fn check(&self, delete_data: bool) -> Result<(), Failure> {
        let config = &self.config;
        if self.stack.is_none() && self.grants.is_empty() {
            let name = config.stack_name();
            let may_be_hidden = delete_data && !self.denied_lookups.is_empty();
            if self.table.is_none() && !may_be_hidden {
                return Err(Failure::new(
                    ErrorKind::NotFound,
                    format!(
                        "config \"{config}\" not found (no stack {name} in {})",
                        self.region
                    ),
                )
                .hint("list the configs with `discfg configs`"));
            }
            if !delete_data {
                return Err(Failure::new(
                    ErrorKind::NotFound,
                    format!("stack {name} of config \"{config}\" not found, only its table exists"),
                )
                .hint("add --delete-data to delete the table with its data"));
            }
        }
        if delete_data && self.table.is_none() && !self.denied_lookups.is_empty() {
            return Err(Failure::new(
                ErrorKind::Denied,
                format!(
                    "access denied: dynamodb:DescribeTable, needed to determine whether {config} has data"
                ),
            )
            .hint(denial::advice("dynamodb:DescribeTable", "")));
        }
        let grants = self.grants.iter().map(|(_, stack)| stack);
        if let Some(stack) = &self.stack
            && stack.state != StackState::ReviewInProgress
            && stack.owner().is_none()
        {
            return Err(StackError::NotOurs {
                stack: stack.name.clone(),
                mark: crate::stack::Output::DiscfgLayout.name(),
            }
            .into());
        }
        for stack in grants.chain(&self.stack) {
            check_stack(stack)?;
        }
        Ok(())
    }

    /// Shows what will be deleted and what kept.
    pub(super) fn tell(&self, delete_data: bool, terminal: &Terminal) {
        let config = &self.config;
        terminal.hint(&format!("Destroying the config {config}:"));
        for (grant, stack) in &self.grants {
            terminal.hint(&format!("  delete   grant {grant} (stack {})", stack.name));
        }
        if let Some(stack) = &self.stack {
            terminal.hint(&format!(
                "  delete   stack {}: {}{}",
                stack.name,
                if stack.is_adopting() {
                    "nothing but the imported table so far"
                } else {
                    "roles and policies"
                },
                if stack.outputs.contains_key(Output::ApiEndpoint.name()) {
                    ", HTTP API with function and logs"
                } else {
                    ""
                }
            ));
        }
        let Some(table) = &self.table else {
            return;
        };
        let holds = format!(
            "{} item{}, {} bytes (counted up to 6 hours ago)",
            table.items,
            if table.items == 1 { "" } else { "s" },
            table.bytes
        );
        if !delete_data {
            terminal.hint(&format!("  keep     table {}: {holds}", table.name));
            return;
        }
        terminal.hint(&format!("  delete   table {} with all data: {holds}", table.name));
        terminal.hint(match self.recovery {
            Some(true) => {
                "           point-in-time recovery is on: DynamoDB keeps a final backup for 35 days"
            }
            Some(false) => "           point-in-time recovery is off: the data can't be restored",
            None => {
                "           point-in-time recovery is unknown: DynamoDB keeps a final backup only if it is on"
            }
        });
    }

    /// The account ID of the config.
    pub(super) fn account(&self) -> Option<&str> {
        let stacks = self
            .stack
            .iter()
            .chain(self.grants.iter().map(|(_, stack)| stack));
        let mut arns = stacks
            .map(|stack| &stack.arn)
            .chain(self.table.iter().map(|table| &table.arn));
        // arn:partition:service:region:account:resource
        arns.next()?.split(':').nth(4)
    }

    /// Adds what blocks the deletion of policies: their attachments.
    pub(super) async fn explain(
        &self,
        ended: DeletionFailure,
        aws: &Aws,
        grant: Option<&GrantName>,
    ) -> Failure {
        let (mut failure, is_blocked) = match ended {
            DeletionFailure::Left(failure) => return failure,
            DeletionFailure::Failed(error) => {
                let is_blocked = matches!(error, StackError::NotDeleted { .. });
                (Failure::from(error), is_blocked)
            }
        };
        let names = AwsNames::new(&self.config, aws.region()).ok();
        let (true, Some(names), Some(account)) = (is_blocked, names, self.account()) else {
            return failure;
        };
        let iam = Iam::new(aws.sdk());
        let policies: Vec<String> = match grant {
            Some(grant) => names.grant_role(grant).into_iter().collect(),
            None => vec![names.role(Access::Read), names.role(Access::Write)],
        };
        for name in policies {
            // A policy has the name of its role.
            let arn = names.role_arn(account, &name).replacen(":role/", ":policy/", 1);
            let attached = match stack::attached_to(&iam, &arn).await {
                Ok(attached) => attached,
                Err(error) if error.kind() == ErrorKind::Denied => {
                    return failure.hint(format!(
                        "find out what its policies are attached to, and detach them ({error})"
                    ));
                }
                // A deleted policy has no attachments.
                Err(_) => continue,
            };
            for holder in attached.iter().filter(|holder| holder.name != name) {
                let (kind, holder) = (holder.kind, &holder.name);
                failure = failure.hint(format!(
                    "detach the policy {name} from the {kind} {holder}, then rerun the command: \
                     `aws iam detach-{kind}-policy --{kind}-name {holder} --policy-arn {arn}`"
                ));
            }
        }
        failure
    }
}

/// Checks that a stack can be deleted: it isn't protected, and no other operation is running.
pub(in crate::cli) fn check_stack(stack: &Deployed) -> Result<(), Failure> {
    let name = &stack.name;
    if stack.protected {
        return Err(StackError::Protected { stack: name.clone() }.into());
    }
    // A running deletion is followed.
    let is_busy = stack.state.is_busy() && stack.state != StackState::DeleteInProgress;
    if is_busy {
        return Err(Failure::from(StackError::Busy {
            stack: name.clone(),
            state: stack.state.clone(),
            since: stack.since,
        })
        .hint("wait for its end (see `discfg status`), then rerun the command"));
    }
    Ok(())
}
