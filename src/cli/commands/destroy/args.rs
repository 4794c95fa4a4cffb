use crate::model::ConfigName;
use crate::model::Span;
use clap::Args;

/// Delete a config's grants and stack, and keep its table
///
/// The table stays with all that it holds, and `discfg init` takes it in again; --delete-data deletes it, too. Asks for
/// the config's name. OIDC providers and keys of KMS are never deleted. Ctrl-C leaves a deletion running; calling
/// it again goes on with what is left. The exit code is 3 where there is nothing to destroy, 7 where CloudFormation
/// could not delete something, or the --timeout ran out.
#[derive(Debug, Args)]
#[command(override_usage = "discfg destroy [OPTIONS] CONFIG")]
pub(in crate::cli) struct DestroyArgs {
    /// The config: what is destroyed is named, and not chosen by a .discfg
    #[arg(value_name = "CONFIG", required_unless_present = "config")]
    pub(super) name: Option<ConfigName>,
    /// Delete the table, too, with all that it holds; on the embedded engine the file and the key of its secrets
    #[arg(long)]
    pub(super) delete_data: bool,
    /// Don't ask for the config's name
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Show what would be deleted, and delete nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Wait no longer than this for CloudFormation and DynamoDB, which go on: 90s, 10m
    #[arg(long, value_name = "TIME")]
    pub(super) timeout: Option<Span>,
}
