mod api;
mod aws;
mod function;
mod machine;
mod table;

use std::fmt;
use std::fmt::Write as _;
use std::future::Future;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::positionals::optional_config;
use crate::cli::session::Session;
use crate::cli::terminal::{Terminal, one_line};
use crate::context::EngineName;

/// Check what discfg needs, and say what to do
///
/// Settings, credentials, region, endpoint, clock and cache; for a config also its stack, its roles and its table.
/// Without a config, the checks that need none. Nothing is changed, and no check takes longer than 10 seconds. The exit
/// code is 1 if a check fails, 0 otherwise: warnings are no failure.
#[derive(Debug, Args)]
#[command(override_usage = "discfg doctor [OPTIONS] [CONFIG]")]
pub(in crate::cli) struct DoctorArgs {
    /// The config
    #[arg(value_name = "CONFIG")]
    word: Option<String>,
}

/// The longest that a check may take.
const LIMIT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    message: String,
    /// What to do, one way a line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<String>,
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, message: impl Into<String>) -> Self {
        // A check is a line, and what the SDK says of credentials is several.
        let lines: Vec<String> = message
            .into()
            .lines()
            .map(|line| line.trim().to_owned())
            .collect();
        Self {
            name,
            verdict,
            message: lines.join(" "),
            fixes: Vec::new(),
        }
    }

    fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, Verdict::Ok, message)
    }

    fn warn(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, Verdict::Warn, message)
    }

    fn fail(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, Verdict::Fail, message)
    }

    /// A failure of the command's own, as a check that found it.
    fn failed(name: &'static str, verdict: Verdict, failure: Failure) -> Self {
        let causes = failure.causes.iter().map(|cause| format!(": {cause}"));
        let message = failure.message.clone() + &causes.collect::<String>();
        Self {
            fixes: failure.hints,
            ..Self::new(name, verdict, message)
        }
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fixes.push(fix.into());
        self
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{:<5} {:<12} {}\n",
            self.verdict,
            self.name,
            one_line(&self.message)
        );
        for fix in &self.fixes {
            // Writing to a String can't fail.
            let _ = writeln!(text, "{:<5} {:<12} fix: {}", "", "", one_line(fix));
        }
        text
    }
}

#[derive(Debug, Serialize)]
struct Report {
    action: &'static str,
    config: Option<String>,
    /// The worst of the checks.
    verdict: Verdict,
    checks: Vec<Check>,
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
        Err(failure) => checks.push(Check::failed("settings", Verdict::Fail, failure)),
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
    let report = Report {
        action: "doctor",
        config,
        verdict: worst.unwrap_or(Verdict::Ok),
        checks,
    };
    let human = || report.checks.iter().map(Check::text).collect();
    show(terminal, session.format(), &report, human, || {
        format!("{}\n", report.verdict).into_bytes()
    })?;
    match report.verdict {
        Verdict::Ok | Verdict::Warn => Ok(()),
        Verdict::Fail => Err(Failure::no()),
    }
}

/// What the work gives, or a failed check where it takes too long.
fn limited<T>(name: &'static str, work: impl Future<Output = T>) -> impl Future<Output = Result<T, Check>> {
    // What opens an engine is large, and would be held here as often as it is passed on.
    let work = Box::pin(work);
    async move {
        tokio::time::timeout(LIMIT, work).await.map_err(|_| {
            Check::fail(name, format!("no answer within {} s", LIMIT.as_secs()))
                .fix("check the network, a proxy, and AWS_ENDPOINT_URL")
        })
    }
}
