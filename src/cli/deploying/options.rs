use clap::Args;

use crate::model::Span;

/// How a stack is deployed, whichever it is.
#[derive(Debug, Args)]
pub(in crate::cli) struct DeployArgs {
    /// Don't ask
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    /// Show what would change, who gains or loses access and the price; leaves nothing behind
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Where another deployment of the stack is running, wait for its end
    #[arg(long)]
    pub(in crate::cli) wait: bool,
    /// How long a deployment is waited for, such as 10m: exit code 7 then, and it goes on
    #[arg(long, value_name = "TIME")]
    pub(in crate::cli) timeout: Option<Span>,
}

impl DeployArgs {
    /// Whether it says anything about waiting.
    pub(in crate::cli) fn waits(&self) -> bool {
        self.wait || self.timeout.is_some()
    }
}
