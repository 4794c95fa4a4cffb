use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::ConfigName;
use crate::stack::{
    AccessChange, Deployed, PRICES_IN, PRICES_OF, ParameterChange, Plan, Price, RECOVERABLE_GB,
    ResourceChange, STORED_GB,
};

/// What `init` has done, or would do.
#[derive(Serialize)]
pub(super) struct Made {
    action: &'static str,
    config: String,
    result: &'static str,
    stack: StackShape,
    outputs: BTreeMap<String, String>,
    changes: Vec<ChangeShape>,
    parameters: Vec<ParameterShape>,
    access: Vec<AccessShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PriceShape>,
    #[serde(rename = "durationMs")]
    duration_ms: u128,
    #[serde(skip)]
    price_words: Option<String>,
}

#[derive(Serialize)]
struct StackShape {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PriceShape {
    currency: &'static str,
    region: &'static str,
    of: &'static str,
    monthly: f64,
    stored_gb_month: f64,
    recoverable_gb_month: f64,
    million_gets: Option<f64>,
    million_sets: Option<f64>,
}

impl From<&ResourceChange> for ChangeShape {
    fn from(change: &ResourceChange) -> Self {
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

impl From<Price> for PriceShape {
    fn from(price: Price) -> Self {
        Self {
            currency: "USD",
            region: PRICES_IN,
            of: PRICES_OF,
            monthly: price.monthly(),
            stored_gb_month: STORED_GB,
            recoverable_gb_month: RECOVERABLE_GB,
            million_gets: price.million_gets(),
            million_sets: price.million_sets(),
        }
    }
}

impl Made {
    /// What a plan would do: nothing of it is there when it is removed, unless the stack was.
    pub(super) fn planned(config: &ConfigName, plan: &Plan) -> Self {
        Self {
            action: "init",
            config: config.to_string(),
            result: "planned",
            stack: StackShape {
                name: plan.stack.clone(),
                arn: (!plan.creates).then(|| plan.stack_arn.clone()),
                status: None,
            },
            outputs: BTreeMap::new(),
            changes: plan.changes.iter().map(Into::into).collect(),
            parameters: plan.parameters.iter().map(Into::into).collect(),
            access: plan.access.iter().map(Into::into).collect(),
            price: plan.price().map(Into::into),
            price_words: plan.price().map(|price| price.words()),
            duration_ms: 0,
        }
    }

    /// A stack that needed nothing.
    pub(super) fn unchanged(config: &ConfigName, deployed: &Deployed) -> Self {
        let stack = StackShape {
            name: String::new(),
            arn: None,
            status: None,
        };
        Self {
            action: "init",
            config: config.to_string(),
            result: "unchanged",
            stack,
            outputs: BTreeMap::new(),
            changes: Vec::new(),
            parameters: Vec::new(),
            access: Vec::new(),
            price: None,
            price_words: None,
            duration_ms: 0,
        }
        .deployed("unchanged", deployed)
    }

    /// The same once it is deployed.
    #[must_use]
    pub(super) fn deployed(self, result: &'static str, deployed: &Deployed) -> Self {
        Self {
            result,
            stack: StackShape {
                name: deployed.name.clone(),
                arn: Some(deployed.arn.clone()),
                status: Some(deployed.state.to_string()),
            },
            outputs: deployed.outputs.clone(),
            price: Price::of_deployed(deployed).map(Into::into),
            price_words: None,
            ..self
        }
    }

    pub(super) fn show(
        mut self,
        started: Instant,
        session: &Session,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        self.duration_ms = started.elapsed().as_millis();
        let human = || {
            let mut text = format!("{}: {}\n", self.config, self.result);
            for (name, value) in &self.outputs {
                let _ = writeln!(text, "  {name:<16} {value}");
            }
            for line in self.price_words.iter().flat_map(|words| words.lines()) {
                let _ = writeln!(text, "  {line}");
            }
            text
        };
        let raw = || format!("{}\n", self.result).into_bytes();
        show(terminal, session.format(), &self, human, raw)
    }
}
