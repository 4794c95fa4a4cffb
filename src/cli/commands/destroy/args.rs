use crate::cli::deploying::options::DELETION;
use crate::cli::help::{GlobalsLast as _, positionals};
use crate::model::ConfigName;
use crate::model::Span;
use clap::Args;

/// Delete a config's stack and grants, but keep its table
///
/// Asks you to type the config's name. The table stays with all its data, and `discfg init` imports it again;
/// --delete-data deletes it too. OIDC providers and KMS keys are never deleted.
///
/// If interrupted, the deletion continues in the background; rerun the command to resume. Exit codes: 3 if there is
/// nothing to destroy, 7 if CloudFormation could not delete something or --timeout was reached.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    override_usage = "discfg destroy [OPTIONS] CONFIG",
    help_template = positionals(&[("CONFIG", "Config to destroy; the one in .discfg is not used")])
)]
pub(in crate::cli) struct DestroyArgs {
    /// Config to destroy; the one in .discfg is not used
    #[arg(value_name = "CONFIG", required_unless_present = "config", hide = true)]
    pub(super) name: Option<ConfigName>,
    /// Delete the table and all its data too
    ///
    /// Required with --local: deletes the config's data file and the key file for its secrets.
    #[arg(long)]
    pub(super) delete_data: bool,
    /// Don't ask for the config's name
    #[arg(short, long, help_heading = DELETION)]
    pub(super) yes: bool,
    /// Show what would be deleted, and delete nothing
    #[arg(long, help_heading = DELETION)]
    pub(super) dry_run: bool,
    /// Stop waiting after this time, such as 10m (exit code 7)
    ///
    /// The deletion continues in the background.
    #[arg(long, value_name = "TIME", help_heading = DELETION)]
    pub(super) timeout: Option<Span>,
}
