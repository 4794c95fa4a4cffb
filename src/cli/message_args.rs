use clap::Args;

use crate::model::Message;

/// The option of writing commands for the commit's message.
#[derive(Debug, Args)]
pub(super) struct MessageArgs {
    /// What the change is for; shown by `history` and `watch`
    ///
    /// At most 1,024 bytes. Everyone who can read the history can read it.
    #[arg(short, long, value_name = "TEXT")]
    pub(super) message: Option<Message>,
}
