mod api;
mod aws;
mod check;
mod function;
mod machine;
mod table;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::positionals::optional_config;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::context::EngineName;
use crate::wire::result::DoctorReport;
use crate::wire::result::{Check, CheckStatus};

/// Check credentials, settings, stack and table for problems
///
/// Checks the settings, credentials, region, endpoint, clock and cache. If a config is selected, also checks its stack,
/// roles and table. Prints one line for each check, with a fix for each problem. Changes nothing; each check takes 10
/// seconds at most. Exits with 1 if a check fails; warnings don't count.
#[derive(Debug, Args)]
#[command(override_usage = "discfg doctor [OPTIONS] [CONFIG]")]
pub(in crate::cli) struct DoctorArgs {
    /// Config to use instead of the current one (see `discfg which`)
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
}

pub(in crate::cli) async fn run(
    args: DoctorArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    session.choose(optional_config(args.word.as_deref())?)?;
    let mut checks = vec![machine::version()];
    let mut config = None;
    match session.target().cloned() {
        // A .discfg that isn't trusted, a variable that holds nothing sensible: nothing else can be checked.
        Err(failure) => checks.push(Check::failed("settings", CheckStatus::Fail, failure)),
        Ok(target) => {
            config = target.config.as_ref().map(|setting| setting.value.to_string());
            checks.extend(machine::settings(&target));
            match &target.engine.value {
                EngineName::DynamoDb => aws::check(&target, session, &mut checks).await,
                EngineName::Local => machine::embedded(&target, &mut checks).await,
                EngineName::Http(url) => api::check(&target, url, session, &mut checks).await,
            }
        }
    }
    let worst = checks.iter().map(|check| check.verdict).max();
    let report = DoctorReport {
        action: "doctor",
        config,
        verdict: worst.unwrap_or(CheckStatus::Ok),
        checks,
    };
    let human = || report.checks.iter().map(Check::text).collect();
    show(terminal, session.format(), &report, human, || {
        format!("{}\n", report.verdict).into_bytes()
    })?;
    match report.verdict {
        CheckStatus::Ok | CheckStatus::Warn => Ok(()),
        CheckStatus::Fail => Err(Failure::no()),
    }
}
