use clap::{Parser, Subcommand};

use super::commands;
use super::global::{FormatFlag, Global};

/// Shared application configuration on AWS, with nothing to host
///
/// `discfg init` deploys one CloudFormation stack per config: a DynamoDB table, a read role and a write role. All other
/// commands act in these roles, so IAM decides who can read and who can write. With --local a config is a file on this
/// machine, without AWS.
#[derive(Debug, Parser)]
#[command(name = "discfg", version, propagate_version = true, max_term_width = HELP_WIDTH)]
#[command(after_long_help = EXIT_CODES)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The maximum width of help, in columns.
pub(super) const HELP_WIDTH: usize = 100;

const EXIT_CODES: &str = "\
Exit codes:
    0  success                          7  a stack operation failed
    1  no, unknown, declined, differs   8  invalid input, or no space left
    2  usage error                     70  any other failure
    3  not found                      124  timed out (watch --timeout)
    4  conflict: a guard failed       130  interrupted
    5  access denied, or no credentials
    6  unavailable or throttled: retry

A command works on the config named by -c or by the CONFIG argument, else by
DISCFG_CONFIG, else by the nearest .discfg file (see `discfg which`).

The section of a key is its first segment: /db for /db/url. Access is granted
per section. Each commit raises the revision of the sections that it changes;
the version of a key counts the changes of that key.";

// Only the called command's arguments are built: those of all commands would cost every call more than its own parsing.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Deploy or update a config's stack and verify it
    #[command(visible_alias = "create")]
    Init(commands::init::InitArgs),
    /// Check whether a principal can read or write a key, and why
    Access(commands::access::AccessArgs),
    /// Print the CloudFormation template of a config or grant
    Template(commands::template::TemplateArgs),
    /// Show a config's stack, roles, grants, table and price
    Status(commands::status::StatusArgs),
    /// List the configs in this account and region
    Configs(commands::configs::ConfigsArgs),
    /// Create a role scoped to sections of a config
    Grant(commands::grant::GrantArgs),
    /// Revoke a grant
    Revoke(commands::revoke::RevokeArgs),
    /// List a config's grants
    Grants(commands::grants::GrantsArgs),
    /// Delete a config's stack and grants, but keep its table
    Destroy(commands::destroy::DestroyArgs),
    /// Check credentials, settings, stack and table for problems
    Doctor(commands::doctor::DoctorArgs),
    /// Select the config for this folder
    Use(commands::r#use::UseArgs),
    /// Show the current config, engine and identity, and their source
    Which(commands::which::WhichArgs),
    /// Set the values of keys
    #[command(visible_alias = "put")]
    Set(commands::set::SetArgs),
    /// Edit a key, or the keys below a prefix, in your editor
    Edit(commands::edit::EditArgs),
    /// Print the values of keys
    Get(commands::get::GetArgs),
    /// Delete keys, or all keys below a prefix
    #[command(visible_alias = "rm")]
    Delete(commands::delete::DeleteArgs),
    /// Renew a key's time to live (TTL)
    Touch(commands::touch::TouchArgs),
    /// List keys
    #[command(visible_alias = "list")]
    Ls(commands::ls::LsArgs),
    /// Find keys by a pattern, in their values too if asked
    Find(commands::find::FindArgs),
    /// Apply a file of keys in one commit, after a review
    Apply(commands::apply::ApplyArgs),
    /// Set the keys of a file, without asking
    Import(commands::import::ImportArgs),
    /// Stream changes as they happen
    Watch(commands::watch::WatchArgs),
    /// Show the changes of a key or a config, newest first
    #[command(visible_alias = "log")]
    History(commands::history::HistoryArgs),
    /// Roll a key or a prefix back to a revision
    Rollback(commands::rollback::RollbackArgs),
    /// Remove a key's old values from the history, after asking
    Purge(commands::purge::PurgeArgs),
    /// Compare two configs, prefixes or revisions
    Diff(commands::diff::DiffArgs),
    /// Copy keys to another prefix or config
    #[command(visible_alias = "cp")]
    Copy(commands::copy::CopyArgs),
    /// Move keys to another key, prefix or config
    #[command(visible_alias = "mv")]
    Move(commands::r#move::MoveArgs),
    /// Run a command with the keys as environment variables
    Exec(commands::exec::ExecArgs),
    /// Export keys in a file format, or through a template
    #[command(arg = FormatFlag::export_arg())]
    Export(commands::export::ExportArgs),
    /// Show a config's sections, version and digest
    Info(commands::info::InfoArgs),
    /// Serve configs over HTTP
    Serve(commands::serve::ServeArgs),
    /// Open the console in a browser
    #[cfg(feature = "console")]
    Ui(commands::ui::UiArgs),
    /// Print the version
    Version,
    /// Print a shell completion script
    Completions(commands::completions::CompletionsArgs),
    /// Print a manual page
    Man(commands::man::ManArgs),
}

impl Command {
    /// Whether it serves requests until it is stopped, with a log of its own.
    pub(super) fn runs_a_server(&self) -> bool {
        match self {
            Self::Serve(args) => args.runs_a_server(),
            #[cfg(feature = "console")]
            Self::Ui(_) => true,
            _ => false,
        }
    }
}
