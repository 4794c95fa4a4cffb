//! Suggestions for commands and options that don't exist.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use strsim::osa_distance;

use super::help::USAGE;

/// Words that other tools use, with the commands that do the same here.
const SYNONYMS: &[(&str, &[&str])] = &[
    (
        "get",
        &["cat", "read", "show", "print", "view", "describe", "fetch"],
    ),
    ("set", &["write", "add", "update", "save", "store"]),
    ("edit", &["modify", "vi", "vim"]),
    ("ls", &["ll", "dir", "keys", "tree"]),
    ("find", &["grep", "search", "locate"]),
    ("delete", &["del", "remove", "unset"]),
    ("copy", &["clone", "promote"]),
    ("move", &["rename"]),
    ("touch", &["renew", "expire", "ttl", "heartbeat"]),
    ("watch", &["tail", "follow", "subscribe", "stream"]),
    ("use", &["switch", "select", "context"]),
    ("which", &["whoami", "current"]),
    ("import", &["load", "upload", "restore"]),
    ("export", &["dump", "download", "backup", "env", "render"]),
    ("exec", &["run"]),
    ("history", &["logs", "versions", "blame"]),
    ("diff", &["compare"]),
    ("rollback", &["undo", "revert"]),
    ("purge", &["erase", "scrub", "redact", "expunge", "forget"]),
    ("init", &["new", "deploy", "provision", "setup", "up"]),
    ("destroy", &["down", "teardown"]),
    ("grant", &["allow", "share"]),
    ("revoke", &["deny", "ungrant"]),
    ("access", &["can", "can-i", "permissions"]),
    ("serve", &["server", "api"]),
    ("doctor", &["check", "verify", "diagnose"]),
];

/// Words for which there is no single command, with what to do instead.
const ADVICE: &[(&[&str], &str)] = &[(
    &["env", "render"],
    "to render keys, use 'discfg export -f dotenv' or 'discfg export --template FILE'",
)];

/// Returns the error with a useful suggestion, or with none. clap's own only compares the letters of words.
pub(super) fn improved(mut error: clap::Error, commands: &clap::Command) -> clap::Error {
    match error.kind() {
        ErrorKind::InvalidSubcommand if is_of_the_whole(&error) => suggest_command(&mut error, commands),
        ErrorKind::UnknownArgument => suggest_option(&mut error),
        ErrorKind::InvalidValue => suggest_file(&mut error),
        _ => {}
    }
    error
}

/// Whether the unknown word is a command of discfg itself, and not a subcommand such as that of `serve token`.
fn is_of_the_whole(error: &clap::Error) -> bool {
    match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string().ends_with(&format!("discfg{USAGE}")),
        _ => false,
    }
}

/// Whether the call is of the command with this usage.
fn is_of(error: &clap::Error, usage: &str) -> bool {
    match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(text)) => text.to_string().contains(usage),
        _ => false,
    }
}

fn suggest_command(error: &mut clap::Error, commands: &clap::Command) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let word = word.to_lowercase();
    error.remove(ContextKind::SuggestedSubcommand);
    let advice = ADVICE.iter().find(|(words, _)| words.contains(&word.as_str()));
    if let Some((_, advice)) = advice {
        advise(error, advice);
    } else if let Some(name) = meant(&word, commands) {
        let names = ContextValue::Strings(vec![name.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, names);
    }
}

/// The command that a word is a synonym or a typo of.
fn meant<'c>(word: &str, commands: &'c clap::Command) -> Option<&'c str> {
    let synonym = SYNONYMS.iter().find(|(_, words)| words.contains(&word));
    if let Some((name, _)) = synonym {
        return Some(name);
    }
    let length = word.chars().count();
    // Short words resemble each other, so only one typo is allowed.
    let most = if length < 8 { 1 } else { 2 };
    let names = commands
        .get_subcommands()
        .flat_map(|command| std::iter::once(command.get_name()).chain(command.get_all_aliases()));
    names
        .map(|name| (osa_distance(word, name), name))
        .filter(|(distance, _)| length > 1 && *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn suggest_option(error: &mut clap::Error) {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return;
    };
    let name = option.split('=').next().unwrap_or_default();
    let advice = match name {
        "-o" | "--output" => {
            "'-f FORMAT' chooses the format; '--out FILE' names a file (get, export, history, diff)"
        }
        "--json" => "'-f json' prints JSON",
        "--yaml" => "'-f yaml' prints YAML",
        "--value" => "the value is a positional argument: 'discfg set KEY VALUE'",
        "--key" => "the key is a positional argument",
        _ if !name.starts_with('-') && is_of(error, "discfg exec") => {
            "the command follows '--': 'discfg exec -- COMMAND'"
        }
        _ => return,
    };
    error.remove(ContextKind::SuggestedArg);
    error.remove(ContextKind::SuggestedSubcommand);
    error.remove(ContextKind::TrailingArg);
    advise(error, advice);
}

/// `-f` chooses a format, as in kubectl's `-o`, where kubectl's `-f` names a file.
fn suggest_file(error: &mut clap::Error) {
    let of = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let (option, value) = (of(ContextKind::InvalidArg), of(ContextKind::InvalidValue));
    if option.starts_with("--format") && value.contains(['.', '/']) {
        advise(
            error,
            "'-f' chooses the format; '-d FILE' reads a file, '--out FILE' writes one",
        );
    }
}

fn advise(error: &mut clap::Error, advice: &str) {
    let advice = ContextValue::StyledStrs(vec![advice.to_owned().into()]);
    error.insert(ContextKind::Suggested, advice);
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::args::Cli;

    #[test]
    fn a_suggestion_is_a_command_and_what_leads_to_it_is_none() {
        let commands = Cli::command();
        for (name, words) in SYNONYMS {
            assert!(commands.find_subcommand(name).is_some(), "{name}");
            for word in *words {
                assert!(commands.find_subcommand(word).is_none(), "{word}");
            }
        }
        for word in ADVICE.iter().flat_map(|(words, _)| *words) {
            assert!(commands.find_subcommand(word).is_none(), "{word}");
        }
    }

    #[test]
    fn typos_lead_to_the_command_and_other_words_to_none() {
        let commands = Cli::command();
        let of = |word| meant(word, &commands);
        assert_eq!(of("gte"), Some("get"));
        assert_eq!(of("lst"), Some("ls"));
        assert_eq!(of("histroy"), Some("history"));
        assert_eq!(of("completion"), Some("completions"));
        assert_eq!(of("logs"), Some("history"));
        assert_eq!(of("nosuch"), None);
        assert_eq!(of("x"), None);
        assert_eq!(of("kubernetes"), None);
        assert_eq!(of("grnat"), Some("grant"));
    }
}
