//! Nothing that people see steers their terminal, wherever it comes from.

use std::fs;

use support::cli::Place;
use support::config::embedded;

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
