//! The options that every command takes.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ColorChoice, ValueEnum};

use super::terminal::times::TimeStyle;
use crate::context::EngineName;
use crate::formats::DataFormat;
use crate::model::{ConfigName, Region, Role};

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
    /// When to color the output
    #[arg(long, global = true, value_name = "WHEN")]
    pub(super) color: Option<ColorChoice>,
    /// How to show times; relative on a terminal by default, iso elsewhere
    #[arg(long, global = true, value_name = "STYLE")]
    pub(super) time: Option<TimeStyle>,
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
