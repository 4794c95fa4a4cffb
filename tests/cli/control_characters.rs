//! Nothing that people see steers their terminal, wherever it comes from.

use std::fs;

use serde_json::{Value, json};

use support::cli::Place;
use support::config::embedded;
use support::transcript::on_terminal;

/// An escape sequence, a C1 control, DEL, a mark of direction and a line separator.
const ODD: &str = "x\u{1b}[2Jy\u{9b}31m\u{7f}\u{202e}\u{2028}z";

fn is_clean(text: &str) -> bool {
    !text.chars().any(|c| {
        c != '\n'
            && (c.is_control() && c != '\t'
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    })
}

#[test]
fn what_a_call_or_its_surroundings_hold_is_escaped() {
    let place = embedded();
    place.args(["set", "k", "v"]).run().code(0);
    fs::create_dir(place.dir().join(ODD)).expect("a folder");
    for args in [
        &["which", "-p", ODD][..],
        &["which", "--endpoint-url", ODD],
        &["use", "mycfg", "-p", ODD],
        &["which"],
        &["use", "mycfg", "--local"],
        &["get", ODD],
        &["ls", ODD],
        &["set", "k", "v", "--region", ODD],
        &["get", "k", "--as", ODD],
        &["get", "k", "--engine", ODD],
        &["get", "k", ODD, ODD],
        &[ODD],
        &["get", "--x\u{1b}[2J"],
        &["apply", "-d", ODD],
        &["import", "-d", ODD],
        &["export", "--out", ODD],
        &["export", "--template", ODD],
        &["exec", "--", ODD],
        &["diff", "/k", ODD],
        &["copy", "/k", ODD],
        &["init", ODD, "--local"],
        &["grant", "team", "--read", ODD],
        &["access", "read", "k", "--principal", ODD],
    ] {
        for format in ["human", "json"] {
            let ended = place.args([args, &["-f", format]].concat()).run();
            assert!(is_clean(ended.errors()), "{args:?}: {:?}", ended.errors());
            if format == "human" {
                assert!(is_clean(&ended.text()), "{args:?}: {:?}", ended.text());
            }
        }
    }
}

#[test]
fn no_argument_puts_a_line_of_its_own_on_stderr() {
    const LINES: &str = "--x\n::add-mask::y\nz";
    let place = embedded();
    for args in [
        &[LINES][..],
        &["x\n::add-mask::y"],
        &["get", LINES],
        &["get", "-c", LINES, "k"],
        &["get", "k", "-f", LINES],
        &["get", "k", "--as", LINES],
        &["get", "k", "--region", LINES],
        &["get", "k", "--revision", LINES],
        &["get", "--", LINES],
        &["ls", "--", LINES],
        &["set", "k", "v", "--ttl", LINES],
        &["set", "k", "-d", LINES],
        &["apply", "-d", LINES],
        &["serve", "--listen", LINES],
        &["serve", "token", LINES],
        &["export", "--prefix", LINES],
        &["export", "--out", "nowhere\n::add-mask::y/file"],
        &["exec", "--env", LINES, "--", "true"],
        &["exec", "--", LINES],
        &["init", LINES, "--local"],
        &["man", LINES],
        &["man", "--", LINES],
        &["completions", LINES],
    ] {
        for format in ["human", "json"] {
            let args = [&args[..1], &["-f", format], &args[1..]].concat();
            let ended = place.args(args.clone()).run();
            let odd = ended.errors().lines().find(|line| line.starts_with("::"));
            assert_eq!(odd, None, "{args:?}: {}", ended.errors());
        }
    }
}

#[test]
fn a_folder_with_odd_characters_is_escaped() {
    let place = Place::new();
    let folder = place.dir().join(ODD);
    fs::create_dir(&folder).expect("a folder");
    for line in [
        "discfg init mycfg --local",
        "discfg which",
        "discfg doctor",
        "discfg use other",
    ] {
        let ended = place.shell(&format!("cd x* && {line}")).run();
        assert!(
            is_clean(ended.errors()) && is_clean(&ended.text()),
            "{line}: {:?} {:?}",
            ended.text(),
            ended.errors()
        );
    }
    fs::write(folder.join(".discfg"), format!("config = \"{ODD}\n")).expect("a file");
    let ended = place.shell("cd x* && discfg which").run();
    assert!(is_clean(ended.errors()), "{:?}", ended.errors());
}

/// What a call shows on a terminal.
fn screen(place: &Place, call: &str, columns: &str) -> String {
    let shown = place
        .shell(&on_terminal(&format!("discfg {call} --color never"), columns))
        .env("TERM", "xterm")
        .run();
    shown.text().replace("\r\n", "\n")
}

#[test]
fn a_document_on_a_terminal_is_escaped_and_elsewhere_as_it_is() {
    let place = embedded();
    place.args(["set", "t", ODD]).run().code(0);
    let odd = json!({"a": ODD, ODD: "b"});
    // With a carriage return between its parts.
    place
        .args(["set", "db/j", "-d", "-"])
        .stdin(odd.to_string().replace(',', ",\r\n\t"))
        .run()
        .code(0);
    let of_json = |text: &str| serde_json::from_str::<Value>(text).expect(text);
    for columns in ["80", "20"] {
        for call in [
            "get t -f json",
            "get db/j",
            "get db/j -f json",
            "ls -r --values -f json",
            "history t -f json",
            "export",
            "watch db --after 0 --once -f json -q",
        ] {
            let shown = screen(&place, call, columns);
            assert!(is_clean(&shown), "{call}: {shown:?}");
            let piped = place.shell(&format!("discfg {call}")).run().code(0).text();
            assert!(
                piped.contains('\u{202e}') && piped.contains('\u{9b}'),
                "{call}: {piped:?}"
            );
            assert_eq!(of_json(&shown), of_json(&piped), "{call}");
        }
        for call in [
            "get t",
            "get t -f yaml",
            "get db/j -f yaml",
            "history t",
            "ls -r --values",
            "watch db --after 0 --once -f yaml",
            "watch db --after 0 --once",
            "export -f yaml",
            "export -f dotenv --prefix db",
            "export -f shell --prefix db",
            "export -f fish --prefix db",
            "export -f tfvars",
            "export -f properties",
            "export -f csv",
            "export -f github-env",
            "export -f docker-env",
            "export -f k8s-configmap",
            "set t -f json -d odd",
        ] {
            place.write("odd", ODD);
            let shown = screen(&place, call, columns);
            assert!(is_clean(&shown), "{call}: {shown:?}");
            assert!(!shown.is_empty(), "{call}");
        }
    }
    // It is a file of its format nevertheless.
    for format in ["json", "yaml"] {
        let shown = screen(&place, &format!("export -f {format}"), "80");
        let file = format!("shown.{format}");
        place.write(&file, shown);
        place.args(["init", format, "--local", "-q"]).run().code(0);
        place.args(["import", format, "-d", &file]).run().code(0);
        let read = place.args(["get", format, "t", "-f", "raw"]).run();
        read.code(0).stdout(ODD);
    }
    place.args(["get", "t", "-f", "raw"]).run().code(0).stdout(ODD);
}
