use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Instant;

use serde::Serialize;

use crate::cli::deploying::deployment::Deployment;
use crate::cli::deploying::reviewed::Reviewed;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::price::PriceShape;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::ConfigName;

/// What `init` has done, or would do.
#[derive(Serialize)]
pub(super) struct InitResult {
    action: &'static str,
    config: String,
    result: &'static str,
    #[serde(flatten)]
    reviewed: Reviewed,
    outputs: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PriceShape>,
    #[serde(rename = "durationMs")]
    duration_ms: u128,
    #[serde(skip)]
    price_words: Option<String>,
}

impl InitResult {
    pub(super) fn new(config: &ConfigName, deployment: Deployment) -> Self {
        let Deployment {
            deployed,
            result,
            reviewed,
            ..
        } = deployment;
        let planned = deployed.is_none();
        let price = reviewed.price;
        Self {
            action: "init",
            config: config.to_string(),
            result,
            reviewed,
            outputs: deployed.map(|deployed| deployed.outputs).unwrap_or_default(),
            price_words: price.filter(|_| planned).map(|price| price.words()),
            price: price.map(Into::into),
            duration_ms: 0,
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
