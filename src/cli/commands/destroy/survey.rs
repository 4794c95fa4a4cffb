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

/// What is there of a config.
pub(super) struct Survey {
    pub(super) config: ConfigName,
    pub(super) stack: Option<Deployed>,
    pub(super) grants: Vec<(GrantName, Deployed)>,
    pub(super) table: Option<TableFacts>,
    /// Whether the table can be taken back to a point in time, where that is known.
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
                "what is in the account {account} can't be destroyed from another one"
            ))
            .hint("take credentials of that account, and leave out --account"));
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

    /// Refuses what can't or mustn't be destroyed, before anything is.
    pub(super) fn check(&self, delete_data: bool) -> Result<(), Failure> {
        let config = &self.config;
        if self.stack.is_none() && self.grants.is_empty() {
            let name = config.stack_name();
            let may_be_hidden = delete_data && !self.denied_lookups.is_empty();
            if self.table.is_none() && !may_be_hidden {
                return Err(Failure::new(
                    ErrorKind::NotFound,
                    format!(
                        "the config {config} is not there (no stack {name} in {})",
                        self.region
                    ),
                )
                .hint("`discfg configs` lists those that are there"));
            }
            if !delete_data {
                return Err(Failure::new(
                    ErrorKind::NotFound,
                    format!("the config {config} has no stack {name}, only a table that was kept"),
                )
                .hint("--delete-data deletes the table with all that it holds"));
            }
        }
        if delete_data && self.table.is_none() && !self.denied_lookups.is_empty() {
            return Err(Failure::new(
                ErrorKind::Denied,
                format!("whether there is data of {config} is not known: dynamodb:DescribeTable was denied"),
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

    /// Says what goes and what stays.
    pub(super) fn tell(&self, delete_data: bool, terminal: &Terminal) {
        let config = &self.config;
        terminal.hint(&format!("Destroying the config {config}:"));
        for (grant, stack) in &self.grants {
            terminal.hint(&format!(
                "  delete   the grant {grant} (the stack {})",
                stack.name
            ));
        }
        if let Some(stack) = &self.stack {
            terminal.hint(&format!(
                "  delete   the stack {}: its roles and policies{}",
                stack.name,
                if stack.outputs.contains_key(Output::ApiEndpoint.name()) {
                    ", and its HTTP API with its function and logs"
                } else {
                    ""
                }
            ));
        }
        let Some(table) = &self.table else {
            return;
        };
        let holds = format!(
            "items {}, bytes {} (counted up to six hours ago)",
            table.items, table.bytes
        );
        if !delete_data {
            terminal.hint(&format!("  keep     the table {}: {holds}", table.name));
            return;
        }
        terminal.hint(&format!(
            "  delete   the table {} and all in it: {holds}",
            table.name
        ));
        terminal.hint(match self.recovery {
            Some(true) => {
                "           point-in-time recovery is on: DynamoDB keeps a backup of the last state for 35 days"
            }
            Some(false) => "           point-in-time recovery is off: nothing of it can be brought back",
            None => "           whether DynamoDB keeps a backup is not known: it does if point-in-time recovery is on",
        });
    }

    /// The number of the account that it is all in.
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

    /// Says who holds what couldn't be deleted: a policy that is attached to others stays.
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
            // A policy is called as the role that has it.
            let arn = names.role_arn(account, &name).replacen(":role/", ":policy/", 1);
            let attached = match stack::attached_to(&iam, &arn).await {
                Ok(attached) => attached,
                Err(error) if error.kind() == ErrorKind::Denied => {
                    return failure.hint(format!("to whom its policies are attached is not known: {error}"));
                }
                // One that is deleted already is attached to nobody.
                Err(_) => continue,
            };
            for holder in attached.iter().filter(|holder| holder.name != name) {
                let (kind, holder) = (holder.kind, &holder.name);
                failure = failure.hint(format!(
                    "the policy {name} is attached to the {kind} {holder}: \
                     `aws iam detach-{kind}-policy --{kind}-name {holder} --policy-arn {arn}`, then destroy again"
                ));
            }
        }
        failure
    }
}

/// Whether a stack can be deleted: nobody protects it, nobody is at it.
pub(in crate::cli) fn check_stack(stack: &Deployed) -> Result<(), Failure> {
    let name = &stack.name;
    if stack.protected {
        return Err(StackError::Protected { stack: name.clone() }.into());
    }
    // A deletion that is under way is gone on with.
    let is_busy = stack.state.is_busy() && stack.state != StackState::DeleteInProgress;
    if is_busy {
        return Err(Failure::from(StackError::Busy {
            stack: name.clone(),
            state: stack.state.clone(),
            since: stack.since,
        })
        .hint("wait for its end, then run the same command again; `discfg status` shows how far it is"));
    }
    Ok(())
}
