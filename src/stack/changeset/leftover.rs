use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::StackResource;
use uuid::Uuid;

use crate::model::ConfigName;
use crate::stack::deploy::destroy::request_deletion;
use crate::stack::deploy::table_deletion::delete_empty_table;
use crate::stack::error::StackError;
use crate::stack::failed_resource::FailedResource;
use crate::stack::inspect::lookup;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::inspect::resource;
use crate::stack::inspect::state::StackState;
use crate::stack::inspect::table;
use crate::stack::inspect::table::FoundTable;
use crate::stack::services::Services;
use crate::stack::template::config_template::TABLE;

/// The remains of a failed deployment that block the next one.
#[derive(Debug)]
pub struct Leftover {
    /// The stack.
    pub stack: Deployed,
    /// How to clear it.
    pub remedy: Remedy,
    /// The empty table that the failed create left. It is deleted, too.
    pub empty_table: Option<FoundTable>,
    /// The table that is kept, because it holds data or another stack created it.
    pub kept_table: Option<FoundTable>,
    /// The resources that couldn't be deleted, with the reasons.
    pub stuck: Vec<FailedResource>,
}

/// How to make a stack deployable again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Delete it: the first create failed, so it holds nothing.
    Delete,
    /// Roll it back to its previous state.
    RollBack,
}

impl Leftover {
    pub(in crate::stack) fn new(stack: Deployed, remedy: Remedy) -> Self {
        Self {
            stack,
            remedy,
            empty_table: None,
            kept_table: None,
            stuck: Vec::new(),
        }
    }

    /// Looks for what the deployment left in addition to the stack.
    pub(in crate::stack) async fn look(
        &mut self,
        services: &Services,
        config: &ConfigName,
    ) -> Result<(), StackError> {
        if self.remedy == Remedy::RollBack {
            return Ok(());
        }
        let resources = resource::of_stack(&services.cfn, &self.stack.arn).await?;
        if self.stack.state == StackState::DeleteFailed {
            self.stuck = resource::explained(services, resource::stuck(&resources)).await?;
        }
        let Some(found) = table::find(&services.dynamodb, config).await? else {
            return Ok(());
        };
        let made_here = found.made_by.as_ref() == Some(&self.stack.arn) || holds(&resources, &found.name);
        if made_here && table::is_empty(&services.dynamodb, &found.name).await? {
            self.empty_table = Some(found);
        } else {
            self.kept_table = Some(found);
        }
        Ok(())
    }
}

/// Whether the stack created the table. For a table that existed before, its creation failed.
fn holds(resources: &[StackResource], table: &str) -> bool {
    resources.iter().any(|resource| {
        resource.logical_resource_id() == Some(TABLE)
            && resource.physical_resource_id() == Some(table)
            && resource.resource_status().is_some_and(|status| {
                matches!(
                    status.as_str(),
                    "CREATE_COMPLETE" | "DELETE_FAILED" | "DELETE_SKIPPED" | "UPDATE_COMPLETE"
                )
            })
    })
}

/// Clears a leftover and waits for the end; then plan again. A table that holds data is kept.
pub async fn clear(services: &Services, leftover: &Leftover) -> Result<(), StackError> {
    let stack = &leftover.stack;
    match leftover.remedy {
        Remedy::RollBack => {
            roll_back(&services.cfn, stack).await?;
            return match lookup::settle_after(&services.cfn, stack).await? {
                Some(same) if same.state == stack.state => Err(StackError::Stuck {
                    stack: same.name,
                    state: same.state,
                    advice: "the rollback had no effect; see `aws cloudformation describe-stack-events` for the reason",
                }),
                // The next plan handles any other state.
                _ => Ok(()),
            };
        }
        Remedy::Delete if stack.protected => {
            return Err(StackError::Protected {
                stack: stack.name.clone(),
            });
        }
        Remedy::Delete => {}
    }
    if let Some(table) = &leftover.empty_table {
        delete_empty_table(&services.dynamodb, table).await?;
    }
    let keeps_table = stack.state == StackState::DeleteFailed
        && leftover.kept_table.is_some()
        && leftover.stuck.iter().any(|stuck| stuck.logical_id == TABLE);
    request_deletion(&services.cfn, &stack.name, &stack.arn, keeps_table).await?;
    match lookup::settle_after(&services.cfn, stack).await? {
        None => Ok(()),
        Some(gone) if gone.state == StackState::DeleteComplete => Ok(()),
        Some(left) => {
            let resources = resource::of_stack(&services.cfn, &left.arn).await?;
            Err(StackError::NotDeleted {
                stack: left.name,
                state: left.state,
                stuck: resource::explained(services, resource::stuck(&resources)).await?,
            })
        }
    }
}

/// `RollbackStack` takes only a name, which is enough, since the stack exists.
async fn roll_back(cfn: &Client, stack: &Deployed) -> Result<(), StackError> {
    cfn.rollback_stack()
        .stack_name(&stack.name)
        .set_role_arn(stack.cfn_role.clone())
        .client_request_token(Uuid::new_v4().to_string())
        .send()
        .await
        .map(drop)
        .map_err(|error| StackError::request("cloudformation:RollbackStack", &error))
}
