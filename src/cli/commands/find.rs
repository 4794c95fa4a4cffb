mod pattern;

use clap::Args;
use futures::TryStreamExt as _;

use self::pattern::Pattern;
use crate::cli::bad_sections::report;
use crate::cli::failure::{Failure, Stop};
use crate::cli::global::Format;
use crate::cli::help::{CONFIG, positionals};
use crate::cli::output::show;
use crate::cli::positionals::parse;
use crate::cli::session::Session;
use crate::cli::sides::{has_keys_below, is_key, only_a_key};
use crate::cli::terminal::Terminal;
use crate::cli::value_line::value_line;
use crate::model::{Access, BadSection, ConfigName, ErrorKind, Grouped, Prefix, Section};
use crate::ops::{SearchItem, SearchMatch, SearchedValues, search};
use crate::wire::{DeniedPart, EntryNode, FindAnswer, FoundNode};

/// Find keys by a pattern, in their values too if asked
///
/// PATTERN is a part of the key. With *, ? or [ it is a glob for the whole key: * and ? stop at a slash, ** does not, and
/// without a leading slash it can begin at any segment. With -E it is a regular expression. It is a listing, not a
/// snapshot: keys that change meanwhile may be shown as before or after.
///
/// What you can't read is named on stderr, and the rest is searched. Exits with 0 if something is found, with 1 if
/// nothing is, and with 5 if nothing is found but a part could not be searched. A token for some sections sees only those,
/// and searches no others. If one of several configs fails for
/// another reason, the others are searched, and the exit code is that of the failure.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[command(
    override_usage = "discfg find [OPTIONS] [CONFIG] PATTERN",
    help_template = positionals(&[CONFIG, ("PATTERN", "What to find: a part of a key, a glob, or with -E a regular expression")]),
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct FindArgs {
    /// Config, if two are given, and the pattern
    #[arg(value_name = "PATTERN", num_args = 1..=2, hide = true)]
    words: Vec<String>,
    /// PATTERN is a regular expression
    #[arg(short = 'E', long = "regexp")]
    regex: bool,
    /// Ignore case
    #[arg(short, long)]
    ignore_case: bool,
    /// Search values too
    ///
    /// Slashes in values don't stop the * of a glob. Secrets are searched only with --reveal.
    #[arg(long)]
    in_values: bool,
    /// Decrypt secrets to search them, and show those that are found
    #[arg(long, requires = "in_values")]
    reveal: bool,
    /// Search only the keys below this prefix
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<Prefix>,
    /// Search this config; repeatable
    #[arg(long = "in", value_name = "CONFIG", conflicts_with = "all_configs")]
    configs: Vec<ConfigName>,
    /// Search all configs of `discfg configs`
    #[arg(long)]
    all_configs: bool,
}

const EXAMPLES: &str = "\
Examples:
  discfg find url
  discfg find 'db/*' --all-configs
  discfg find -E '10\\.0\\.\\d+' --in-values";

pub(in crate::cli) async fn run(
    args: FindArgs,
    session: &mut Session,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let text = match args.words.as_slice() {
        [config, pattern] => {
            session.choose(Some(parse(config)?))?;
            pattern
        }
        [pattern] => pattern,
        _ => return Err(Failure::usage("expected [CONFIG] PATTERN")),
    };
    let pattern = Pattern::new(text, args.regex, args.ignore_case);
    let pattern = pattern.map_err(|error| Failure::of(ErrorKind::Usage, &error))?;
    let configs = configs(&args, session).await?;
    let mut findings = Findings {
        streams: matches!(session.format(), Format::Human | Format::Raw),
        names_config: configs.len() > 1,
        in_values: args.in_values,
        answer: FindAnswer::default(),
        found: 0,
        unsearched: 0,
        bad: Vec::new(),
        failure: None,
    };
    for config in configs {
        let mut of_config = session.of_config(config.clone()).await?;
        let result = search_config(&args, &pattern, &config, &mut of_config, &mut findings, terminal).await;
        match result.map_err(|stop| of_config.explain_stop(stop, Access::Read)) {
            Ok(()) => {}
            // One of several configs that can't be read doesn't hide the others.
            Err(failure) if findings.names_config => {
                findings.denied(&config, None, failure.message.clone(), terminal);
                if failure.kind != ErrorKind::Denied {
                    findings.failure = Some(failure);
                }
            }
            Err(failure) => return Err(failure),
        }
        if terminal.is_closed() {
            return Ok(());
        }
    }
    findings.end(session, terminal)
}

/// The configs to search.
async fn configs(args: &FindArgs, session: &mut Session) -> Result<Vec<ConfigName>, Failure> {
    if (args.all_configs || !args.configs.is_empty()) && session.global().config.is_some() {
        return Err(Failure::usage(
            "a config can't be given together with --in or --all-configs",
        ));
    }
    if args.all_configs {
        return session.configs().await;
    }
    if args.configs.is_empty() {
        return Ok(vec![session.target()?.config()?.clone()]);
    }
    let mut configs = args.configs.clone();
    configs.sort();
    configs.dedup();
    Ok(configs)
}

async fn search_config(
    args: &FindArgs,
    pattern: &Pattern,
    config: &ConfigName,
    session: &mut Session,
    findings: &mut Findings,
    terminal: &mut Terminal,
) -> Result<(), Stop> {
    let prefix = args.prefix.clone().unwrap_or_else(Prefix::all);
    let values = match (args.in_values, args.reveal) {
        (false, _) => SearchedValues::None,
        (true, false) => SearchedValues::Plain,
        (true, true) => SearchedValues::Revealed,
    };
    let store = session.store(Access::Read, &prefix).await?;
    let before = findings.found + findings.answer.denied.len() + findings.bad.len();
    let mut found = search(store, &prefix, values, pattern);
    while let Some(item) = found.try_next().await? {
        match item {
            SearchItem::Found(found) => findings.found(config, &found, args.reveal, terminal)?,
            SearchItem::Unsearched => findings.unsearched += 1,
            SearchItem::Denied(section, error) => {
                findings.denied(config, section, error.to_string(), terminal);
            }
            SearchItem::Bad(bad) => findings.bad.push(bad),
        }
        if terminal.is_closed() {
            break;
        }
    }
    drop(found);
    let after = findings.found + findings.answer.denied.len() + findings.bad.len();
    // A key that was meant as a prefix has nothing below it to be found.
    if before == after
        && args.prefix.is_some()
        && !has_keys_below(&prefix, store).await?
        && is_key(&prefix, store).await?
    {
        return Err(only_a_key(&prefix).into());
    }
    Ok(())
}

/// What is found, and what can't be searched.
struct Findings {
    /// Whether each match is written as it is found.
    streams: bool,
    /// Whether several configs are searched, so that each match says its own.
    names_config: bool,
    in_values: bool,
    answer: FindAnswer,
    found: usize,
    unsearched: usize,
    bad: Vec<BadSection>,
    /// Why one of several configs could not be searched, if that is more than a denial.
    failure: Option<Failure>,
}

impl Findings {
    fn found(
        &mut self,
        config: &ConfigName,
        found: &SearchMatch,
        is_revealed: bool,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        self.found += 1;
        let SearchMatch {
            entry,
            in_key,
            in_value,
        } = found;
        let shows_secret = is_revealed && *in_value;
        if self.streams {
            let mut line = entry.key.to_string();
            if self.names_config {
                line = format!("{config}:{line}");
            }
            if self.in_values {
                line.push('\t');
                line.push_str(&value_line(&entry.value, entry.secret && !shows_secret));
            }
            return terminal.line(&line);
        }
        let node = match (self.in_values, shows_secret) {
            (false, _) => EntryNode::without_value(entry),
            (true, false) => EntryNode::new(entry),
            (true, true) => EntryNode::revealed(entry),
        };
        let places = [(*in_key, "key"), (*in_value, "value")].into_iter();
        self.answer.matches.push(FoundNode {
            config: config.to_string(),
            found_in: places.filter_map(|(is, place)| is.then_some(place)).collect(),
            node,
        });
        Ok(())
    }

    fn denied(
        &mut self,
        config: &ConfigName,
        section: Option<Section>,
        problem: String,
        terminal: &Terminal,
    ) {
        let place = match &section {
            Some(section) => format!("section {section} of {config}"),
            None => config.to_string(),
        };
        terminal.note(&format!("warning: {place} was not searched whole: {problem}"));
        self.answer.denied.push(DeniedPart {
            config: config.to_string(),
            section: section.map(|section| section.to_string()),
            problem,
        });
    }

    fn end(self, session: &mut Session, terminal: &mut Terminal) -> Result<(), Failure> {
        if self.unsearched > 0 {
            let secrets = if self.unsearched == 1 { "secret" } else { "secrets" };
            terminal.hint(&format!(
                "hint: {} {secrets} not searched; --reveal decrypts and searches them",
                Grouped(self.unsearched)
            ));
        }
        let denied = self.answer.denied.len();
        if !self.streams {
            show(terminal, session.format(), &self.answer, String::new, Vec::new)?;
        }
        report(&self.bad, terminal)?;
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        match (self.found, denied) {
            (0, 0) => Err(Failure::no()),
            (0, _) => Err(Failure::new(
                ErrorKind::Denied,
                "nothing found in what you can read",
            )),
            _ => Ok(()),
        }
    }
}
