use std::collections::BTreeMap;

use aws_sdk_cloudformation::Client;

use super::plan::StackPlan;
use crate::stack::error::StackError;
use crate::stack::policy::access_change;
use crate::stack::policy::access_change::{AccessChange, Effect, Resources};
use crate::stack::policy::resolve;
use crate::stack::policy::resolve::{StackLocation, Unclear};
use crate::stack::template::config_template::TABLE;
use crate::stack::template::price::Price;

/// Fills `plan.access` with the access that the plan broadens and narrows, by the policies before and after. Sends one
/// request if the stack exists (`GetTemplate`). What can't be determined counts as broadened, and is not an error.
pub async fn compare_access(cfn: &Client, plan: &mut StackPlan) {
    let after = match resources(plan, &plan.basis.after, plan.basis.template) {
        Ok(after) => after,
        Err(unclear) => {
            return plan.access = vec![unjudged(format!("cannot determine what it allows: {unclear}"))];
        }
    };
    let before = match &plan.basis.before {
        None => Ok(Resources::new()),
        Some(parameters) => match deployed_template(cfn, plan).await {
            Ok(template) => resources(plan, parameters, &template).map_err(|unclear| unclear.to_string()),
            Err(error) => Err(error.to_string()),
        },
    };
    let (before, doubt) = match before {
        Ok(before) => (before, None),
        Err(problem) => (
            Resources::new(),
            Some(unjudged(format!(
                "cannot determine what it allows today ({problem}); listing everything that it will allow"
            ))),
        ),
    };
    plan.access = doubt
        .into_iter()
        .chain(access_change::compare(&before, &after))
        .collect();
}

impl StackPlan {
    /// Whether it may broaden access, once [`compare_access`] has looked.
    pub fn may_broaden(&self) -> bool {
        self.access.iter().any(|change| change.effect.may_broaden())
    }

    /// The price of the stack after the deployment; `None` for a stack without a table, which is free.
    pub fn price(&self) -> Option<Price> {
        let after = resources(self, &self.basis.after, self.basis.template).ok()?;
        after.contains_key(TABLE).then(|| Price::of(&after))
    }
}

fn resources(
    plan: &StackPlan,
    parameters: &BTreeMap<String, String>,
    template: &str,
) -> Result<Resources, Unclear> {
    resolve::resources(template, parameters, &StackLocation::of(&plan.stack_arn)?)
}

async fn deployed_template(cfn: &Client, plan: &StackPlan) -> Result<String, StackError> {
    let answer = cfn
        .get_template()
        .stack_name(&plan.stack_arn)
        .send()
        .await
        .map_err(|error| StackError::request("cloudformation:GetTemplate", &error))?;
    answer.template_body.ok_or_else(|| StackError::Incomplete {
        stack: plan.stack.clone(),
        what: "TemplateBody",
    })
}

fn unjudged(text: String) -> AccessChange {
    AccessChange {
        effect: Effect::Unclear,
        logical_id: String::new(),
        words: "stack".into(),
        text,
    }
}
