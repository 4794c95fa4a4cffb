//! The options that every command takes.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, ColorChoice, ValueEnum};

use super::terminal::times::TimeStyle;
use crate::context::EngineName;
use crate::formats::DataFormat;
use crate::model::{ConfigName, Region, Role};

/// How results are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Text for people (default)
    #[default]
    Human,
    /// JSON, one object a line
    Json,
    /// YAML
    Yaml,
    /// The exact bytes of the value, without a newline
    Raw,
    /// Nothing; the exit code is the answer
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
        // Only export takes these, and lists them.
        let data = data.map(|format| PossibleValue::new(format.as_str()).hide(true));
        PossibleValuesParser::new(shown.chain(data)).map(|word| Self::of(&word))
    }

    /// The flag `-f` of export, in place of the one that every command takes.
    pub(super) fn export_arg() -> Arg {
        let flag = Arg::new("format").short('f').long("format").value_name("FORMAT");
        flag.value_parser(Self::export_parser()).help("File format")
    }

    fn export_parser() -> impl TypedValueParser<Value = Self> {
        let data = DataFormat::ALL.map(|format| PossibleValue::new(format.as_str()).help(about(format)));
        let silent = PossibleValue::new("silent").help("Nothing; the exit code is the answer");
        PossibleValuesParser::new(data.into_iter().chain([silent])).map(|word| Self::of(&word))
    }

    fn of(word: &str) -> Self {
        Self {
            shown: Format::from_str(word, false).ok(),
            data: word.parse().ok(),
        }
    }
}

/// What a format of data is, in a clause.
fn about(format: DataFormat) -> &'static str {
    match format {
        DataFormat::Json => "One JSON object of keys and values (default)",
        DataFormat::Yaml => "One YAML mapping",
        DataFormat::Dotenv => ".env file as python-dotenv reads it",
        DataFormat::DockerEnv => "File for `docker run --env-file`; nothing is quoted",
        DataFormat::Tfvars => "Terraform variable definitions",
        DataFormat::Properties => "Java properties",
        DataFormat::Csv => "CSV with the columns key and value",
        DataFormat::Shell => "Assignments that a POSIX shell sources: sh, bash, dash, zsh",
        DataFormat::Fish => "Assignments that fish sources",
        DataFormat::GithubEnv => "Lines for the file named by $GITHUB_ENV",
        DataFormat::K8sSecret => "Kubernetes Secret",
        DataFormat::K8sConfigmap => "Kubernetes ConfigMap",
    }
}

/// The flags that every command takes. A short help names them in one line.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Config to work on
    ///
    /// Without it: the CONFIG argument, else `DISCFG_CONFIG`, else the nearest .discfg file (see `discfg which`).
    #[arg(short, long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(super) config: Option<ConfigName>,
    /// Use the embedded engine, with the data in a file on this machine
    #[arg(long, global = true, conflicts_with = "engine", hide_short_help = true)]
    pub(super) local: bool,
    /// Where the data is: dynamodb (default), local, or a discfg API's URL
    #[arg(long, global = true, value_name = "ENGINE", hide_short_help = true)]
    pub(super) engine: Option<EngineName>,
    /// AWS region
    #[arg(long, global = true, value_name = "REGION", hide_short_help = true)]
    pub(super) region: Option<Region>,
    /// Profile in the AWS config files
    #[arg(short, long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(super) profile: Option<String>,
    /// Send the requests to all AWS services to this URL
    #[arg(long, global = true, value_name = "URL", hide_short_help = true)]
    pub(super) endpoint_url: Option<String>,
    /// Role to use: read, write, a grant's name, or self
    ///
    /// By default, reading commands assume the config's read role, and writing commands its write role. self uses
    /// your own credentials and assumes no role. On an API that requires a token, the token decides.
    #[arg(long = "as", global = true, value_name = "ROLE", hide_short_help = true)]
    pub(super) role: Option<Role>,
    /// AWS account of the config, if it is not yours (12 digits)
    #[arg(long, global = true, value_name = "ID", value_parser = account, hide_short_help = true)]
    pub(super) account: Option<String>,
    /// External ID that the config's roles require of other accounts
    #[arg(long, global = true, value_name = "ID", hide_short_help = true)]
    pub(super) external_id: Option<String>,
    /// Output format
    ///
    /// With json, a failure ends stderr with a line that is a JSON object: {"error":{…}}.
    #[arg(short, long, global = true, value_name = "FORMAT", value_parser = FormatFlag::parser(), hide_short_help = true)]
    pub(super) format: Option<FormatFlag>,
    /// When to color the output
    #[arg(long, global = true, value_name = "WHEN", hide_short_help = true)]
    pub(super) color: Option<ColorChoice>,
    /// How to show times [default: relative on a terminal, else iso]
    #[arg(long, global = true, value_name = "STYLE", hide_short_help = true)]
    pub(super) time: Option<TimeStyle>,
    /// Hide progress and hints
    #[arg(short, long, global = true, hide_short_help = true)]
    pub(super) quiet: bool,
    /// Log more on stderr, never values; -vv logs even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, hide_short_help = true)]
    pub(super) verbose: u8,
    /// Print the number of requests and their cost on stderr
    #[arg(long, global = true, hide_short_help = true)]
    pub(super) stats: bool,
}

pub(super) fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(format!("invalid account ID {text:?}: expected 12 digits"))
    }
}
