//! The flags that decide how a call is answered that can't be parsed.

use std::ffi::OsString;

use clap::{ColorChoice, ValueEnum as _};

/// What the words of a call say of its answer, before they are parsed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct EarlyFlags {
    /// Whether failures are shown in JSON, too.
    pub(super) json: bool,
    /// The colors that are asked for.
    pub(super) color: Option<ColorChoice>,
}

impl EarlyFlags {
    /// Reads the words up to `--`; the last of several wins, as for the parser.
    pub(super) fn of(args: &[OsString]) -> Self {
        let mut flags = Self::default();
        let mut words = args.iter().skip(1).filter_map(|word| word.to_str());
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            }
            let (name, value) = match word.split_once('=') {
                Some((name @ ("--format" | "--color"), value)) => (name, Some(value)),
                None if word == "--format" || word == "--color" => (word, words.next()),
                _ => match format_of_short(word) {
                    Some("") => ("--format", words.next()),
                    value => ("--format", value),
                },
            };
            match (name, value) {
                ("--format", Some(value)) => flags.json = value == "json",
                ("--color", Some(value)) => flags.color = ColorChoice::from_str(value, false).ok(),
                _ => {}
            }
        }
        flags
    }
}

/// The value of `-f` in a word such as `-fjson` or `-qf`; empty where the next word has it.
fn format_of_short(word: &str) -> Option<&str> {
    let flags = word.strip_prefix('-').filter(|flags| !flags.starts_with('-'))?;
    let (before, value) = flags.split_once('f')?;
    // Only these take no value themselves.
    let is_flag = before.chars().all(|flag| "qvrl".contains(flag));
    is_flag.then(|| value.strip_prefix('=').unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> EarlyFlags {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        EarlyFlags::of(&args)
    }

    #[test]
    fn json_is_seen_in_every_form_that_the_parser_takes() {
        for line in [
            "discfg get -f json",
            "discfg -fjson get a b c",
            "discfg get -f=json",
            "discfg get -qf json",
            "discfg ls -rlfjson",
            "discfg get --format json",
            "discfg get --format=json",
            "discfg get -f yaml -f json",
        ] {
            assert!(of(line).json, "{line}");
        }
        for line in [
            "discfg get f json",
            "discfg get -f",
            "discfg exec -- jq -f json",
            "discfg apply -dfjson",
            "discfg get -f json -f yaml",
        ] {
            assert!(!of(line).json, "{line}");
        }
    }

    #[test]
    fn the_last_color_wins() {
        assert_eq!(
            of("discfg get --color=never --color always").color,
            Some(ColorChoice::Always)
        );
        assert_eq!(of("discfg get --color").color, None);
        assert_eq!(of("discfg get --color=blue").color, None);
    }
}
