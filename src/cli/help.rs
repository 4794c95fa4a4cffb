//! Help beyond clap's own: groups of commands, a description for each of several positionals that are parsed as one
//! list, and global options in one line of the short help.

use std::fmt::Write as _;

use clap::builder::{StyledStr, Styles};
use clap::{Command, Id};

/// The commands under their headings, as `discfg --help` lists them.
const GROUPS: [(&str, &[&str]); 7] = [
    (
        "Everyday commands",
        &[
            "get", "set", "edit", "ls", "find", "delete", "copy", "move", "touch", "watch", "info", "use",
            "which",
        ],
    ),
    ("Files and programs", &["apply", "import", "export", "exec"]),
    ("History", &["history", "diff", "rollback", "purge"]),
    (
        "Provisioning",
        &["init", "status", "configs", "template", "destroy"],
    ),
    ("Access", &["grant", "grants", "revoke", "access"]),
    ("Serving", &["serve", "ui"]),
    ("Tools", &["doctor", "completions", "man", "version"]),
];

/// The global options that a short help names in its last line.
const SHORT_GLOBALS: &str = "-c -f -p -q -v --local --engine --region --as … (see --help)";

/// The usage of discfg itself, after the name.
pub(super) const USAGE: &str = " [OPTIONS] <COMMAND>";

const EXAMPLES: [&str; 4] = [
    "discfg init demo --local",
    "discfg set /db/url postgres://localhost/app",
    "discfg get /db/url",
    "discfg ls -r --values",
];

/// One positional of a command: its name and a clause about it.
pub(super) type Positional = (&'static str, &'static str);

/// The config that a command works on.
pub(super) const CONFIG: Positional = (
    "[CONFIG]",
    "Config to use instead of the current one (see `discfg which`)",
);
/// The key that a command works on.
pub(super) const KEY: Positional = ("KEY", "Key, such as /db/url; the leading slash is optional");
/// The keys that a command works on.
pub(super) const KEYS: Positional = (
    "KEY…",
    "Key, such as /db/url; several after CONFIG or with -c CONFIG",
);
/// The prefix that a command works on.
pub(super) const PREFIX: Positional = (
    "[PREFIX]",
    "Prefix, such as /db: the keys below it [default: all keys]",
);

/// Returns the whole command line, with its commands listed in groups.
pub(super) fn grouped(whole: Command) -> Command {
    let styles = whole.get_styles().clone();
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let globals = global_options(&styles);
    let usage = format!("{literal}discfg{literal:#}{USAGE}");
    let template = template(&groups(&whole, &styles));
    let examples = format!(
        "{header}Try it without an AWS account:{header:#}\n  {}\n\nRun `discfg help COMMAND` for more about a command.",
        EXAMPLES.join("\n  ")
    );
    let codes = whole
        .get_after_long_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    whole
        .override_usage(StyledStr::from(usage))
        .help_template(template)
        .after_help(StyledStr::from(format!("{globals}\n\n{examples}")))
        .after_long_help(StyledStr::from(format!("{codes}\n\n{examples}")))
        // The template lists them.
        .mut_subcommands(|command| with_global_line(command, &globals).hide(true))
}

/// Returns a command with the line of global options in its short help.
pub(super) fn with_globals(command: Command) -> Command {
    let globals = global_options(command.get_styles());
    with_global_line(command, &globals)
}

/// An extension for the attributes of a command.
pub(super) trait GlobalsLast {
    /// Moves the global options behind the command's own, which are added later because they are built on demand.
    fn globals_last(self) -> Self;
}

impl GlobalsLast for Command {
    fn globals_last(self) -> Self {
        let globals: Vec<Id> = self
            .get_arguments()
            .filter(|arg| arg.is_global_set())
            .map(|arg| arg.get_id().clone())
            .collect();
        // `mut_arg` moves the argument to the end.
        globals
            .into_iter()
            .fold(self, |command, id| command.mut_arg(id, |arg| arg))
    }
}

/// Returns the line of global options, for the short help of a command within a command.
pub(super) fn globals() -> StyledStr {
    StyledStr::from(global_options(&Styles::default()))
}

fn with_global_line(command: Command, globals: &str) -> Command {
    // The long help lists these options in full. A command with its own text overrides the empty one.
    command
        .after_help(StyledStr::from(globals.to_owned()))
        .after_long_help("")
}

fn global_options(styles: &Styles) -> String {
    let header = styles.get_header();
    format!("{header}Global options:{header:#} {SHORT_GLOBALS}")
}

/// Returns the help template of a command whose positionals are parsed as one hidden list of words.
pub(super) fn positionals(list: &[Positional]) -> StyledStr {
    let styles = Styles::default();
    let header = styles.get_header();
    let width = list.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let mut text = format!("{header}Arguments:{header:#}\n");
    for (name, about) in list {
        let _ = writeln!(text, "  {name:width$}  {about}");
    }
    text.push('\n');
    template(&text)
}

fn template(before_options: &str) -> StyledStr {
    StyledStr::from(format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{before_options}{{all-args}}{{after-help}}"
    ))
}

fn groups(whole: &Command, styles: &Styles) -> String {
    let (header, literal) = (styles.get_header(), styles.get_literal());
    let width = GROUPS.iter().flat_map(|(_, names)| names.iter());
    let width = width.map(|name| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (heading, names) in GROUPS {
        let _ = writeln!(text, "{header}{heading}:{header:#}");
        for command in names.iter().filter_map(|name| whole.find_subcommand(name)) {
            let _ = writeln!(
                text,
                "  {literal}{:width$}{literal:#}  {}",
                command.get_name(),
                about(command)
            );
        }
        text.push('\n');
    }
    text
}

/// A command's description and aliases.
fn about(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    match aliases.as_slice() {
        [] => about,
        [alias] => format!("{about} [alias: {alias}]"),
        aliases => format!("{about} [aliases: {}]", aliases.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::args::Cli;

    #[test]
    fn every_visible_command_is_in_exactly_one_group() {
        let whole = Cli::command();
        let visible = whole.get_subcommands().filter(|command| !command.is_hide_set());
        let mut visible: Vec<&str> = visible.map(Command::get_name).collect();
        let mut grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        visible.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(grouped, visible);
    }

    #[test]
    fn the_list_of_commands_fits_80_columns() {
        let plain = Styles::plain();
        for line in groups(&Cli::command(), &plain).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(global_options(&plain).chars().count() <= 80);
        assert!(EXAMPLES.iter().all(|line| line.len() <= 78));
    }

    #[test]
    fn the_line_of_global_options_names_global_options() {
        let whole = Cli::command();
        let globals: Vec<_> = whole.get_arguments().filter(|arg| arg.is_global_set()).collect();
        for word in SHORT_GLOBALS.split(' ').take_while(|word| *word != "…") {
            let is_named = |arg: &&&clap::Arg| match word.strip_prefix("--") {
                Some(long) => arg.get_long() == Some(long),
                None => arg.get_short() == word.chars().nth(1),
            };
            assert!(globals.iter().find(is_named).is_some(), "{word}");
        }
    }

    /// Clauses of one line: the list beside them is what people read first.
    #[test]
    fn help_of_every_command_is_in_form() {
        let mut whole = Cli::command();
        whole.build();
        let mut all = vec![&whole];
        while let Some(command) = all.pop() {
            all.extend(
                command
                    .get_subcommands()
                    .filter(|command| command.get_name() != "help"),
            );
            let headings = command.get_arguments().filter_map(clap::Arg::get_help_heading);
            let after_globals = headings.skip_while(|heading| *heading != "Global options");
            let after_globals: Vec<&str> = after_globals
                .filter(|heading| *heading != "Global options")
                .collect();
            assert!(
                after_globals.is_empty(),
                "{}: {after_globals:?}",
                command.get_name()
            );
            let after = command
                .get_after_long_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            for line in after.lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
            let named = |text: &StyledStr, of: &str| {
                let text = text.to_string();
                assert!(!text.ends_with('.'), "{of}: {text}");
                assert!(text.chars().count() <= 72, "{of}: {text}");
            };
            command
                .get_about()
                .into_iter()
                .for_each(|about| named(about, command.get_name()));
            for arg in command.get_arguments() {
                let help = arg.get_help().unwrap_or_default();
                named(help, &format!("{} {arg}", command.get_name()));
            }
        }
    }
}
