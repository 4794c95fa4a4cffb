use clap::Args;

use crate::model::Span;

/// The heading of the flags that say how a stack is deployed.
pub(in crate::cli) const DEPLOYMENT: &str = "Deployment options";
/// The heading of the flags that say how a stack is deleted.
pub(in crate::cli) const DELETION: &str = "Deletion options";

/// How a stack is deployed, whichever it is.
#[derive(Debug, Args)]
#[command(next_help_heading = DEPLOYMENT)]
pub(in crate::cli) struct DeployArgs {
    /// Don't ask for confirmation
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    /// Show changes, effect on access and price; deploy nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Wait if another deployment of the stack is running
    #[arg(long)]
    pub(in crate::cli) wait: bool,
    /// Stop waiting after this time, such as 10m (exit code 7)
    ///
    /// The deployment continues in the background; rerun the command to resume.
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) timeout: Option<Span>,
}

impl DeployArgs {
    /// Whether it says anything about waiting.
    pub(in crate::cli) fn waits(&self) -> bool {
        self.wait || self.timeout.is_some()
    }
}
