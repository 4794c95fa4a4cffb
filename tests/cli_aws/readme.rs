//! What the documents show does what they say: their commands run, and print what stands below them.

use std::{env, fs};

use regex_lite::Regex;
use support::account::REGION;
use support::cli::Place;
use support::emulator::{Emulator, venv};
use support::kms::without_conditions;
use support::markdown::{all_blocks, blocks, rerun};
use support::transcript::on_terminal;

/// Columns of the terminal that the documents show.
const COLUMNS: &str = "120";
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const README: &str = include_str!("../../README.md");
const COMMANDS: &str = include_str!("../../docs/commands.md");
const PROVISIONING: &str = include_str!("../../docs/provisioning.md");

/// Each a pattern of what differs from run to run, and what it is compared as.
const VOLATILE: &[(&str, &str)] = &[
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[TIME]"),
    (r"\b(now|\d+ (s|min) ago)\b", "[AGO]"),
    (r"\bin \d+ (s|min)\b", "in [LEFT]"),
    // The columns of a table are as wide as what is in them.
    (" +", " "),
];

fn stable(document: &str) -> String {
    VOLATILE
        .iter()
        .fold(document.to_owned(), |text, (pattern, shown)| {
            let pattern = Regex::new(pattern).expect("a pattern");
            pattern.replace_all(&text, *shown).into_owned()
        })
}

/// Runs a document's commands on a terminal, with `replaced` applied to each, and returns the document with their output.
fn run_all(place: &Place, document: &str, replaced: (&str, &str)) -> String {
    let root = place.home();
    let root = root.parent().expect("a home is in a folder").to_string_lossy();
    rerun(document, |command| {
        let command = command.replace(replaced.0, replaced.1);
        let ended = place.shell(&on_terminal(&command, COLUMNS));
        let ended = ended.env("COLUMNS", COLUMNS).run().code(0);
        let output = ended.text().replace("\r\n", "\n");
        let output = output.replace(&format!("{root}/home"), "/home/ana");
        output.replace(&format!("{root}/work"), "/home/ana/payments")
    })
}

/// A place of the user whom the documents show.
fn place_of_ana() -> Place {
    Place::new()
        .env("USER", "ana")
        .env("LOGNAME", "ana")
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .env("STRIPE_KEY", "sk_live_4242")
        .without_env("XDG_DATA_HOME")
}

/// Holds a document to what its commands print; `INSTA_UPDATE=always` writes it anew.
fn hold(name: &str, document: &str, place: &Place) {
    let rerun = run_all(place, document, ("", ""));
    if stable(&rerun) == stable(document) {
        return;
    }
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(format!("{ROOT}/{name}"), &rerun).expect("a document");
        return;
    }
    for (shown, printed) in document.lines().zip(rerun.lines()) {
        assert_eq!(stable(shown), stable(printed), "{name} shows other output");
    }
    panic!("{name} shows other output at its end");
}

#[test]
fn the_tour_prints_what_the_readme_shows() {
    hold("README.md", README, &place_of_ana());
}

#[test]
fn the_commands_print_what_their_page_shows() {
    let place = place_of_ana();
    place.args(["init", "payments", "--local"]).run().code(0);
    hold("docs/commands.md", COMMANDS, &place);
    place.args(["get", "db/pool"]).run().code(0).stdout("40\n");
}

#[test]
fn the_tour_and_the_commands_work_on_aws() {
    for document in [README, COMMANDS] {
        let account = Emulator::shared().account();
        let place = Place::at(&account.url(), &account.admin());
        let created = place.args(["init", "payments", "--kms", "--yes", "-f", "json"]);
        let created = created.run().code(0).json();
        let key = created["outputs"]["KmsKeyArn"].as_str().expect("a key");
        without_conditions(&account, "payments", key);
        place.args(["use", "payments"]).run().code(0);
        run_all(&place, document, ("discfg init payments --local", "true"));
        place.args(["get", "db/url"]).run().code(0);
    }
}

#[test]
fn what_is_done_on_aws_works() {
    let account = Emulator::shared().account();
    let tools = venv().expect("the emulator runs in it").join("bin");
    let place = Place::at(&account.url(), &account.admin())
        .env("AWS_DEFAULT_REGION", REGION)
        .env("TOOLS", tools);
    let provisioning = all_blocks(PROVISIONING, "sh");
    assert!(!provisioning.is_empty());
    for block in blocks(README, "On AWS", "sh").into_iter().chain(provisioning) {
        // A reader of the documents sits at a terminal and is asked, in an account of their own.
        let block = block
            .replace("discfg init payments", "discfg init payments --yes")
            .replace("discfg init vault", "discfg init vault --yes")
            .replace("discfg grant payments", "discfg grant payments --yes")
            .replace("111122223333", account.id());
        let script = format!("set -e\nPATH=$PATH:$TOOLS\n{block}");
        place.shell(&script).run().code(0);
        if block.contains("--kms") {
            let made = place.args(["init", "vault", "-f", "json"]).run().code(0).json();
            let key = made["outputs"]["KmsKeyArn"].as_str().expect("a key");
            without_conditions(&account, "vault", key);
        }
    }
    place
        .args(["init", "orders"])
        .run()
        .code(0)
        .stdout_has("orders: unchanged");
}
