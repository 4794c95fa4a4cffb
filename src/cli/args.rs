use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::commands;
use crate::context::EngineName;
use crate::formats::DataFormat;
use crate::model::{ConfigName, Region, Role};

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

/// How results are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Human,
    /// One JSON object
    Json,
    /// One YAML document
    Yaml,
    /// The bare value, nothing added
    Raw,
    /// Nothing: the exit code is the answer
    Silent,
}

/// What `-f` names. Json and yaml are both a way to show a result and a format of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FormatFlag {
    /// The way to show a result
    pub(super) shown: Option<Format>,
    /// The format of data, which export writes
    pub(super) data: Option<DataFormat>,
}

impl FormatFlag {
    fn parser() -> impl TypedValueParser<Value = Self> {
        let shown = Format::value_variants()
            .iter()
            .filter_map(Format::to_possible_value);
        let of_export = |format: &DataFormat| Format::from_str(format.as_str(), false).is_err();
        let data = DataFormat::ALL.into_iter().filter(of_export);
        // Export lists these itself: no other command takes them.
        let data = data.map(|format| PossibleValue::new(format.as_str()).hide(true));
        PossibleValuesParser::new(shown.chain(data)).map(|word| Self {
            shown: Format::from_str(&word, false).ok(),
            data: word.parse().ok(),
        })
    }
}

/// The flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// The config to work on
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(super) config: Option<ConfigName>,
    /// Use the embedded engine: data in a file on this machine
    #[arg(long, global = true, conflicts_with = "engine")]
    pub(super) local: bool,
    /// Where the data lives: dynamodb, local, or the URL of a discfg API
    #[arg(long, global = true, value_name = "ENGINE")]
    pub(super) engine: Option<EngineName>,
    /// The AWS region
    #[arg(long, global = true, value_name = "REGION")]
    pub(super) region: Option<Region>,
    /// The profile of the AWS config files
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Send requests to all AWS services there
    #[arg(long, global = true, value_name = "URL")]
    pub(super) endpoint_url: Option<String>,
    /// Act as: read, write, the name of a grant, or self for your own credentials; with an API that asks for a token, the
    /// token decides
    #[arg(long = "as", global = true, value_name = "ROLE")]
    pub(super) role: Option<Role>,
    /// The account that the config lives in, if it isn't yours (12 digits)
    #[arg(long, global = true, value_name = "ID", value_parser = account)]
    pub(super) account: Option<String>,
    /// The external id that the config's roles ask of your account
    #[arg(long, global = true, value_name = "ID")]
    pub(super) external_id: Option<String>,
    /// How to show the result
    #[arg(short, long, global = true, value_name = "FORMAT", value_parser = FormatFlag::parser())]
    pub(super) format: Option<FormatFlag>,
    /// Show no progress and no hints
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    /// Say more on stderr; never values
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Say on stderr how many requests were made and what they cost
    #[arg(long, global = true)]
    pub(super) stats: bool,
}

pub(super) fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account's number has 12 digits".into())
    }
}

pub(super) fn digest(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(lower)
    } else {
        Err("a digest is sha256: and 64 digits of 0-9 and a-f".into())
    }
}

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
