use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::cli::failure::Failure;
use crate::cli::one_line::one_line;
use crate::cli::terminal::color::Tone;
use crate::wire::result::{Check, CheckStatus};
use std::fmt::Write as _;

/// The time limit of a check.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

impl fmt::Display for CheckStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

impl Check {
    pub(super) fn new(name: &'static str, verdict: CheckStatus, message: impl Into<String>) -> Self {
        // A check is one line; the SDK's messages about credentials have several.
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

    pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, CheckStatus::Ok, message)
    }

    pub(super) fn warn(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, CheckStatus::Warn, message)
    }

    pub(super) fn fail(name: &'static str, message: impl Into<String>) -> Self {
        Self::new(name, CheckStatus::Fail, message)
    }

    /// A check that failed with the failure of a command.
    pub(super) fn failed(name: &'static str, verdict: CheckStatus, failure: Failure) -> Self {
        let causes = failure.causes.iter().map(|cause| format!(": {cause}"));
        let message = failure.message.clone() + &causes.collect::<String>();
        Self {
            fixes: failure.hints,
            ..Self::new(name, verdict, message)
        }
    }

    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fixes.push(fix.into());
        self
    }

    pub(super) fn text(&self) -> String {
        let tone = match self.verdict {
            CheckStatus::Ok => Tone::Good,
            CheckStatus::Warn => Tone::Notable,
            CheckStatus::Fail => Tone::Bad,
        };
        let mut text = format!(
            "{} {:<12} {}\n",
            tone.paint(&format!("{:<5}", self.verdict)),
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

/// The result of the work, or a failed check if it exceeds the time limit.
pub(super) fn limited<T>(
    name: &'static str,
    work: impl Future<Output = T>,
) -> impl Future<Output = Result<T, Check>> {
    // Boxed, since the future that opens an engine is large and passed on several times.
    let work = Box::pin(work);
    async move {
        tokio::time::timeout(LIMIT, work).await.map_err(|_| {
            Check::fail(name, format!("timed out after {} s", LIMIT.as_secs()))
                .fix("check the network, the proxy, and AWS_ENDPOINT_URL")
        })
    }
}
