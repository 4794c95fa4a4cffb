use std::fmt::Write as _;
use std::time::Instant;

use crate::cli::deploying::deployment::Deployment;
use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::ConfigName;
use crate::wire::result::InitResult;

/// Shows the result of `init`, which began at `started`.
pub(super) fn show_result(
    config: &ConfigName,
    deployment: Deployment,
    started: Instant,
    session: &Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let price = deployment.reviewed.price;
    // `status` shows the price of an existing stack.
    let price_words = price.filter(|_| deployment.deployed.is_none());
    let price_words = price_words.map(|price| price.words());
    let result = InitResult {
        action: "init",
        config: config.to_string(),
        result: deployment.result,
        deployment: deployment.reviewed.shape,
        outputs: deployment.deployed.map(|stack| stack.outputs).unwrap_or_default(),
        price: price.map(Into::into),
        duration_ms: started.elapsed().as_millis(),
    };
    let human = || {
        let mut text = format!("{}: {}\n", result.config, result.result);
        for (name, value) in &result.outputs {
            let _ = writeln!(text, "  {name:<16} {value}");
        }
        for (index, line) in price_words.iter().flat_map(|words| words.lines()).enumerate() {
            let label = if index == 0 { "Price:" } else { "" };
            let _ = writeln!(text, "  {label:<6} {line}");
        }
        text
    };
    let raw = || format!("{}\n", result.result).into_bytes();
    show(terminal, session.format(), &result, human, raw)
}

/// The line that ends the output of a new config.
pub(super) fn next_step(config: &ConfigName) -> String {
    format!("next: discfg set {config} db/url VALUE")
}
