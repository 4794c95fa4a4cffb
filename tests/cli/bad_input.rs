//! Input that can't be used: what is told, with which exit code, and that nothing is written.

use std::fs;

use support::cli::Place;
use support::config::{embedded, on_every_engine};

on_every_engine!(
    a_key_that_is_none_is_named_with_what_is_allowed,
    a_config_name_that_is_none_is_named_with_what_is_allowed,
    a_value_over_the_limit_is_refused_with_its_size,
    data_that_can_not_be_read_is_named,
    a_closed_stdout_is_no_error,
);

/// Nothing was ever written here.
fn untouched(place: &Place) {
    place.args(["info", "-f", "raw"]).run().code(0).stdout("0\n");
    place.args(["ls", "-r"]).run().code(0).stdout("");
}

fn a_key_that_is_none_is_named_with_what_is_allowed(place: &Place) {
    let long = "k".repeat(512);
    let deep = ["a"; 17].join("/");
    for (key, told) in [
        ("//a", "invalid key \"//a\": empty segment"),
        ("a//b", "invalid key \"a//b\": empty segment"),
        ("/a/", "invalid key \"/a/\": must not end with `/`"),
        ("/a/../b", "invalid key \"/a/../b\": the segment \"..\""),
        ("./a", "invalid key \"./a\": the segment \".\""),
        ("", "invalid key: it is empty"),
        ("/", "invalid key: it is empty"),
        ("a b", "invalid key \"a b\": ' ' is not allowed"),
        (
            "@head",
            "invalid key \"@head\": '@' is not allowed; use A-Z, a-z, 0-9",
        ),
        (
            "@config/@meta",
            "invalid key \"@config/@meta\": '@' is not allowed",
        ),
        ("schlüssel", "invalid key \"schlüssel\": 'ü' is not allowed"),
        ("a\nb", "'\\n' is not allowed"),
        (&long, "key too long: 513 bytes; the limit is 512"),
        (&deep, "too deep: 17 segments; the limit is 16"),
    ] {
        for args in [
            &["set", key, "v"][..],
            &["get", key],
            &["delete", key],
            &["get", "mycfg", key],
        ] {
            place.args(args).run().code(2).stdout("").stderr_has(told);
        }
    }
    place
        .args(["ls", "/db//x"])
        .run()
        .code(2)
        .stderr_has("invalid key")
        .stderr_has("empty segment");
    untouched(place);
}

fn a_config_name_that_is_none_is_named_with_what_is_allowed(place: &Place) {
    let long = "c".repeat(37);
    for (name, told) in [
        (long.as_str(), "37 characters; the limit is 36"),
        ("a--b", "invalid config name \"a--b\": `--`"),
        ("a-", "\"a-\": must not end with `-`"),
        ("1a", "\"1a\": must start with a letter a-z"),
        (
            "Payments",
            "invalid config name \"Payments\": 'P' is not allowed; use a-z, 0-9 and `-`",
        ),
        ("", "is empty"),
    ] {
        for args in [
            &["set", name, "k", "v"][..],
            &["get", name, "k"],
            &["-c", name, "get", "k"],
            &["use", name],
            &["init", name, "--local"],
            &["init", name, "--yes"],
            &["info", name],
        ] {
            place.args(args).run().code(2).stdout("").stderr_has(told);
        }
        if !name.is_empty() {
            place
                .args(["get", "k"])
                .env("DISCFG_CONFIG", name)
                .run()
                .code(2)
                .stderr_has("invalid DISCFG_CONFIG")
                .stderr_has(told);
        }
    }
    untouched(place);
}

fn a_value_over_the_limit_is_refused_with_its_size(place: &Place) {
    for (size, shown) in [(190_001, "190,001"), (20_000_000, "20,000,000")] {
        let file = place.write("big", vec![b'x'; size]);
        let file = file.to_str().expect("a path in UTF-8");
        place
            .args(["set", "k", "-d", file])
            .run()
            .code(8)
            .stdout("")
            .stderr_has(&format!("value too large: {shown} bytes; the limit is 190,000"));
    }
    place
        .args(["set", "k", "-d", "/dev/zero"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("the limit is 190,000");
    untouched(place);
    place.write("fits", vec![b'x'; 190_000]);
    for version in 1..=2 {
        place
            .args(["set", "k", "-d", "fits"])
            .run()
            .code(0)
            .stdout(format!("/k: version {version}, revision {version}\n"));
    }
    place
        .args(["get", "k", "-f", "raw"])
        .run()
        .code(0)
        .stdout(vec![b'x'; 190_000]);
}

fn data_that_can_not_be_read_is_named(place: &Place) {
    fs::create_dir(place.dir().join("folder")).expect("a folder");
    for (args, code, told) in [
        (
            &["set", "k", "-d", "nosuch.json"][..],
            8,
            "cannot read nosuch.json",
        ),
        (&["set", "k", "-d", "folder"], 8, "cannot read folder"),
        (
            &["set", "mycfg", "k", "v", "-d", "folder"],
            2,
            "VALUE and -d can't be used together",
        ),
        (&["set", "k"], 2, "missing VALUE"),
        (&["set", "k", "v", "w", "x"], 2, "too many arguments"),
    ] {
        place.args(args).run().code(code).stdout("").stderr_has(told);
    }
    for closed in ["<&-", "</dev/null"] {
        place
            .shell(&format!("discfg set k -d - {closed}"))
            .run()
            .code(8)
            .stdout("")
            .stderr_has("nothing to read");
    }
    untouched(place);
    place.args(["set", "k", "-d", "-"]).run().code(0);
    place.args(["get", "k"]).run().code(0).stdout("\n");
}

fn a_closed_stdout_is_no_error(place: &Place) {
    for key in ["a", "b", "c"] {
        place.args(["set", key, "v"]).run().code(0);
    }
    // The reader is gone before a line is written.
    for command in [
        "ls -r",
        "get a",
        "info -f json",
        "completions bash",
        "set d v",
        "--help",
    ] {
        place
            .shell(&format!(
                "mkfifo pipe; (discfg {command}; echo $? >code) >pipe & exec 3<pipe; exec 3<&-; wait; rm pipe; cat code"
            ))
            .run()
            .code(0)
            .stdout("0\n")
            .stderr("");
    }
    place.args(["get", "d"]).run().code(0).stdout("v\n");
    // One that was closed before is no reader that has gone.
    let closed = place.shell("discfg get a >&-").run().code(70);
    closed.stderr_has("error: cannot write the result to stdout\n");
    // That nobody reads stderr changes no exit code either.
    place
        .shell(
            "mkfifo pipe; (discfg get nosuch; echo $? >code) 2>pipe & exec 3<pipe; exec 3<&-; wait; cat code",
        )
        .run()
        .code(0)
        .stdout("3\n");
}

#[test]
fn without_a_config_a_command_says_the_ways_to_choose_one() {
    let place = Place::new();
    for args in [
        &["get", "k"][..],
        &["set", "k", "v"],
        &["ls"],
        &["info"],
        &["delete", "k"],
    ] {
        place
            .args(args)
            .run()
            .code(2)
            .stdout("")
            .stderr_has("no config selected")
            .stderr_has("-c NAME")
            .stderr_has("discfg use NAME")
            .stderr_has("DISCFG_CONFIG");
    }
}

#[test]
fn an_unknown_config_on_the_embedded_engine_is_named() {
    let place = Place::new().env("DISCFG_ENGINE", "local");
    for args in [&["get", "-c", "nosuch", "k"][..], &["set", "nosuch", "k", "v"]] {
        place
            .args(args)
            .run()
            .code(3)
            .stdout("")
            .stderr_has("config \"nosuch\" not found")
            .stderr_has("nosuch.db")
            .stderr_has("discfg init nosuch --local");
    }
    assert!(!place.home().join("data").exists(), "nothing is made by asking");
}

#[test]
fn two_words_and_no_value_are_taken_for_what_they_are() {
    let place = embedded();
    place.write("v", "x");
    // With -d the two words are a config and a key.
    place
        .args(["set", "nosuch", "k", "-d", "v"])
        .run()
        .code(3)
        .stderr_has("config \"nosuch\" not found")
        .stderr_has("give only [CONFIG] KEY");
    for command in ["get", "delete"] {
        place
            .args([command, "mycfg"])
            .run()
            .code(3)
            .stderr_has("key /mycfg not found")
            .stderr_has("hint: a single argument is a key")
            .stderr_has(&format!("discfg {command} -c mycfg KEY"));
        // What can't be a config's name wasn't meant as one.
        place
            .args([command, "DB_URL"])
            .run()
            .code(3)
            .stderr_lacks("-c DB_URL");
    }
}

#[test]
fn a_document_that_nests_too_deep_is_no_crash() {
    let place = embedded();
    let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(60_000));
    place.args(["set", "k", &deep]).run().code(0);
    place.args(["get", "k", "-f", "raw"]).run().code(0).stdout(&deep);
    place.args(["get", "k", "-f", "json"]).run().code(0);
    place
        .args(["get", "k", "-f", "yaml"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("128");
}
