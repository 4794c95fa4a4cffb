//! The changes of a deployment, as results show them.

use crate::stack::{
    AccessChange, Deployed, FoundTable, Leftover, ParameterChange, Price, Remedy, ResourceChange, StackPlan,
};
use crate::wire::result::{
    AccessShape, ChangeShape, ClearShape, DeployedStackShape, DeploymentShape, ParameterShape,
};

/// The changes of a deployment, and the price of the stack after it.
pub(in crate::cli) struct Reviewed {
    pub(in crate::cli) shape: DeploymentShape,
    pub(in crate::cli) price: Option<Price>,
}

impl Reviewed {
    /// A planned deployment, whose change set is deleted afterwards.
    pub(super) fn planned(plan: &StackPlan) -> Self {
        let stack = DeployedStackShape {
            name: plan.stack.clone(),
            arn: (!plan.creates).then(|| plan.stack_arn.clone()),
            status: None,
        };
        Self {
            shape: DeploymentShape {
                stack,
                changes: plan.changes.iter().map(change).collect(),
                parameters: plan.parameters.iter().map(parameter).collect(),
                access: plan.access.iter().map(access).collect(),
                clears: None,
            },
            price: plan.price(),
        }
    }

    /// A stack that needed no change.
    pub(super) fn unchanged(deployed: &Deployed) -> Self {
        Self {
            shape: DeploymentShape {
                stack: stack(deployed),
                changes: Vec::new(),
                parameters: Vec::new(),
                access: Vec::new(),
                clears: None,
            },
            price: None,
        }
    }

    /// A stack that must be cleared before anything can be planned.
    pub(super) fn cleared(left: &Leftover) -> Self {
        let name = |table: &FoundTable| table.name.clone();
        let mut reviewed = Self::unchanged(&left.stack);
        reviewed.shape.clears = Some(ClearShape {
            remedy: match left.remedy {
                Remedy::Delete => "delete",
                Remedy::RollBack => "rollback",
            },
            deletes_table: left.empty_table.as_ref().map(name),
            keeps_table: left.kept_table.as_ref().map(name),
            stuck: left.stuck.iter().map(ToString::to_string).collect(),
        });
        reviewed
    }

    /// The same after its deployment, preceded by the changes of an earlier deployment of the same command.
    pub(super) fn deployed(mut self, deployed: &Deployed, earlier: Option<Self>) -> Self {
        self.shape.stack = stack(deployed);
        self.price = Price::of_deployed(deployed);
        if let Some(earlier) = earlier {
            let DeploymentShape {
                changes,
                parameters,
                access,
                ..
            } = earlier.shape;
            self.shape.changes.splice(..0, changes);
            self.shape.parameters.splice(..0, parameters);
            self.shape.access.splice(..0, access);
        }
        self
    }
}

fn stack(stack: &Deployed) -> DeployedStackShape {
    DeployedStackShape {
        name: stack.name.clone(),
        arn: Some(stack.arn.clone()),
        status: Some(stack.state.to_string()),
    }
}

fn change(change: &ResourceChange) -> ChangeShape {
    ChangeShape {
        resource: change.logical_id.clone(),
        what: change.words.clone(),
        action: change.action.to_string(),
        properties: change.properties.clone(),
    }
}

fn parameter(change: &ParameterChange) -> ParameterShape {
    ParameterShape {
        name: change.name,
        before: change.before.clone(),
        after: change.after.clone(),
    }
}

fn access(change: &AccessChange) -> AccessShape {
    AccessShape {
        effect: change.effect.to_string(),
        resource: change.logical_id.clone(),
        what: change.words.clone(),
        text: change.text.clone(),
    }
}
