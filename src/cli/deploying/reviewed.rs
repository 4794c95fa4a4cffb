use serde::Serialize;

use crate::stack::{
    AccessChange, Deployed, FoundTable, Leftover, ParameterChange, Price, Remedy, ResourceChange, StackPlan,
};

/// What a deployment changes, as results show it.
#[derive(Serialize)]
pub(in crate::cli) struct Reviewed {
    stack: DeployedStackShape,
    changes: Vec<ChangeShape>,
    parameters: Vec<ParameterShape>,
    access: Vec<AccessShape>,
    /// What has to be cleared away first.
    #[serde(skip_serializing_if = "Option::is_none")]
    clears: Option<ClearShape>,
    #[serde(skip)]
    pub(in crate::cli) price: Option<Price>,
}

/// A stack, as results show it.
#[derive(Serialize)]
struct DeployedStackShape {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

/// What has to be cleared away, as results show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClearShape {
    /// What is done with the stack: `delete` or `rollback`.
    remedy: &'static str,
    /// The empty table that goes with it.
    deletes_table: Option<String>,
    /// The table that stays.
    keeps_table: Option<String>,
    /// What was in the way of its deletion.
    stuck: Vec<String>,
}

/// What is done to a resource, as results show it.
#[derive(Serialize)]
struct ChangeShape {
    resource: String,
    what: String,
    action: String,
    properties: Vec<String>,
}

#[derive(Serialize)]
struct ParameterShape {
    name: &'static str,
    before: Option<String>,
    after: String,
}

#[derive(Serialize)]
struct AccessShape {
    effect: String,
    resource: String,
    what: String,
    text: String,
}

impl DeployedStackShape {
    fn new(stack: &Deployed) -> Self {
        Self {
            name: stack.name.clone(),
            arn: Some(stack.arn.clone()),
            status: Some(stack.state.to_string()),
        }
    }
}

impl ChangeShape {
    fn new(change: &ResourceChange) -> Self {
        Self {
            resource: change.logical_id.clone(),
            what: change.words.clone(),
            action: change.action.to_string(),
            properties: change.properties.clone(),
        }
    }
}

impl From<&ParameterChange> for ParameterShape {
    fn from(change: &ParameterChange) -> Self {
        Self {
            name: change.name,
            before: change.before.clone(),
            after: change.after.clone(),
        }
    }
}

impl From<&AccessChange> for AccessShape {
    fn from(change: &AccessChange) -> Self {
        Self {
            effect: change.effect.to_string(),
            resource: change.logical_id.clone(),
            what: change.words.clone(),
            text: change.text.clone(),
        }
    }
}

impl Reviewed {
    /// What a plan would do: nothing of it is there when it is removed, unless the stack was.
    pub(in crate::cli) fn planned(plan: &StackPlan) -> Self {
        Self {
            stack: DeployedStackShape {
                name: plan.stack.clone(),
                arn: (!plan.creates).then(|| plan.stack_arn.clone()),
                status: None,
            },
            changes: plan.changes.iter().map(ChangeShape::new).collect(),
            parameters: plan.parameters.iter().map(Into::into).collect(),
            access: plan.access.iter().map(Into::into).collect(),
            clears: None,
            price: plan.price(),
        }
    }

    /// A stack that needed nothing.
    pub(in crate::cli) fn unchanged(deployed: &Deployed) -> Self {
        Self {
            stack: DeployedStackShape::new(deployed),
            changes: Vec::new(),
            parameters: Vec::new(),
            access: Vec::new(),
            clears: None,
            price: None,
        }
    }

    /// A stack that has to be cleared away before anything can be planned.
    pub(in crate::cli) fn cleared(left: &Leftover) -> Self {
        let name = |table: &FoundTable| table.name.clone();
        Self {
            clears: Some(ClearShape {
                remedy: match left.remedy {
                    Remedy::Delete => "delete",
                    Remedy::RollBack => "rollback",
                },
                deletes_table: left.empty_table.as_ref().map(name),
                keeps_table: left.kept_table.as_ref().map(name),
                stuck: left.stuck.iter().map(ToString::to_string).collect(),
            }),
            ..Self::unchanged(&left.stack)
        }
    }

    /// The same once it is deployed, after what an earlier deployment of the same call did.
    pub(in crate::cli) fn deployed(mut self, deployed: &Deployed, earlier: Option<Self>) -> Self {
        self.stack = DeployedStackShape::new(deployed);
        self.price = Price::of_deployed(deployed);
        if let Some(mut all) = earlier {
            all.changes.append(&mut self.changes);
            all.parameters.append(&mut self.parameters);
            all.access.append(&mut self.access);
            (self.changes, self.parameters, self.access) = (all.changes, all.parameters, all.access);
        }
        self
    }
}
