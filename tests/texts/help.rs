//! The help of every command, short and long.

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::sync::LazyLock;

use support::cli::Place;
use support::transcript::{COLUMNS, Transcript};

const SNAPSHOTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");

/// Each command that help tells of, as its words; the first is discfg itself.
static COMMANDS: LazyLock<Vec<Vec<String>>> = LazyLock::new(|| {
    let place = Place::new();
    let mut found = vec![Vec::new()];
    let mut at = 0;
    while let Some(words) = found.get(at).cloned() {
        let below = subcommands(&place, &words).into_iter();
        found.extend(below.map(|word| words.iter().cloned().chain([word]).collect()));
        at += 1;
    }
    found
});

/// The commands that are listed before the options, but for the one that shows help.
fn subcommands(place: &Place, words: &[String]) -> Vec<String> {
    let help = place.args(words.iter().map(String::as_str).chain(["--help"]));
    let help = help.env("COLUMNS", COLUMNS).run().code(0).text();
    let is_heading = |line: &&str| line.ends_with(':') && !line.starts_with(' ');
    let lists = help
        .lines()
        .take_while(|line| !["Arguments:", "Options:"].contains(line));
    let listed = lists.skip_while(|line| !is_heading(line));
    // What is further in goes on with the line before.
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names
        .filter(|name| !name.is_empty() && *name != "help")
        .map(str::to_owned)
        .collect()
}

fn call(words: &[String]) -> String {
    let name = ["discfg"].into_iter();
    name.chain(words.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
}

fn file_name(words: &[String]) -> String {
    if words.is_empty() {
        "discfg".into()
    } else {
        words.join("-")
    }
}

#[test]
fn help_of_every_command() {
    let place = Place::new();
    let mut different = Vec::new();
    for words in COMMANDS.iter() {
        let call = call(words);
        let mut help = Transcript::of(&place);
        help.run(&format!("{call} -h")).run(&format!("{call} --help"));
        // Each that differs is shown, not the first alone.
        let kept = catch_unwind(|| help.keep("help", &file_name(words)));
        different.extend(kept.err().map(|_| call));
    }
    assert!(different.is_empty(), "the help differs of {different:?}");
}

#[test]
fn help_is_kept_of_every_command_and_of_no_other() {
    let wanted: BTreeSet<String> = COMMANDS.iter().map(|words| file_name(words)).collect();
    assert!(wanted.len() > 30, "the commands were not found: {wanted:?}");
    assert_eq!(names_in("help"), wanted);
}

/// A session of each command shows what it prints: on the embedded engine, or on AWS.
#[test]
fn every_command_is_shown_at_work() {
    let mut sessions = String::new();
    for folder in ["output", "platform"] {
        for name in names_in(folder) {
            let path = PathBuf::from(SNAPSHOTS).join(folder).join(name + ".snap");
            sessions += &fs::read_to_string(path).expect("a session");
        }
    }
    for words in COMMANDS.iter() {
        let call = call(words);
        let shown = |line: &str| line.starts_with("$ ") && format!("{line} ").contains(&format!("{call} "));
        assert!(sessions.lines().any(shown), "no session shows `{call}`");
    }
}

/// The files of that folder, without their ending.
fn names_in(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(PathBuf::from(SNAPSHOTS).join(folder));
    let entries = entries.into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter_map(|name| name.strip_suffix(".snap").map(str::to_owned))
        .collect()
}
