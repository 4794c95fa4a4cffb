use clap::{Parser, Subcommand};

use super::commands;
use super::global::Global;

/// Shared application configuration on AWS with nothing to host.
///
/// `discfg init` deploys one CloudFormation stack per config: a table, a read role and a write role. Every other
/// command works through these roles, so IAM decides who reads and who writes.
#[derive(Debug, Parser)]
#[command(name = "discfg", version, propagate_version = true, max_term_width = HELP_WIDTH)]
#[command(after_long_help = EXIT_CODES)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The widest that help is set, in columns.
pub(super) const HELP_WIDTH: usize = 100;

const EXIT_CODES: &str = "\
Exit codes:
  0  done                            8  invalid input (value, size, file)
  1  the answer is no               70  any other failure
  2  usage                         124  a --timeout ran out
  3  not found                     130  interrupted
  4  conflict: a guard failed
  5  denied
  6  unavailable or throttled: worth another try
  7  the stack failed

Which config: -c or the leading positional, else DISCFG_CONFIG, else the nearest .discfg.";

// Only the command that is called has its arguments built: those of all the others cost every call more than its own
// parsing.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Deploy or update a config's stack and prove it
    #[command(visible_alias = "create")]
    Init(commands::init::InitArgs),
    /// Tell whether a principal may read or write a key, and what decides it
    Access(commands::access::AccessArgs),
    /// Print the template that init or grant deploys
    Template(commands::template::TemplateArgs),
    /// Show a config's stack, roles, grants and table
    Status(commands::status::StatusArgs),
    /// List the configs in this account and region
    Configs(commands::configs::ConfigsArgs),
    /// Give a role of its own some sections of a config
    Grant(commands::grant::GrantArgs),
    /// Take a grant back
    Revoke(commands::revoke::RevokeArgs),
    /// List a config's grants
    Grants(commands::grants::GrantsArgs),
    /// Delete a config's grants and stack, and keep its table
    Destroy(commands::destroy::DestroyArgs),
    /// Check what discfg needs, and say what to do
    Doctor(commands::doctor::DoctorArgs),
    /// Choose the config for this folder
    Use(commands::r#use::UseArgs),
    /// Show which config, engine and identity are in force, and why
    Which(commands::which::WhichArgs),
    /// Write a key
    Set(commands::set::SetArgs),
    /// Read a key
    Get(commands::get::GetArgs),
    /// Remove a key
    #[command(visible_alias = "rm")]
    Delete(commands::delete::DeleteArgs),
    /// Renew the time to live of a key
    Touch(commands::touch::TouchArgs),
    /// List keys
    Ls(commands::ls::LsArgs),
    /// Make keys as a file says, in one commit
    Apply(commands::apply::ApplyArgs),
    /// Set the keys of a file, without asking
    Import(commands::import::ImportArgs),
    /// Tell every change as it comes
    Watch(commands::watch::WatchArgs),
    /// Show the log of a key
    History(commands::history::HistoryArgs),
    /// Take a key, or all below a prefix, back to a revision
    Rollback(commands::rollback::RollbackArgs),
    /// Compare two places, or a place with its past
    Diff(commands::diff::DiffArgs),
    /// Copy keys from one place to another
    #[command(visible_alias = "cp")]
    Copy(commands::copy::CopyArgs),
    /// Run a command with the keys as its environment
    Exec(commands::exec::ExecArgs),
    /// Write a consistent snapshot in a data format, or by a template
    Export(commands::export::ExportArgs),
    /// Show a config's sections, version and digest
    Info(commands::info::InfoArgs),
    /// Serve configs over HTTP
    Serve(commands::serve::ServeArgs),
    /// Show the version
    Version,
    /// Print a completion script for a shell
    Completions(commands::completions::CompletionsArgs),
    /// Print the manual page
    Man(commands::man::ManArgs),
}
