//! Completion as a shell asks for it: what is in a config, in time or not at all.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use support::cli::{Outcome, Place};
use support::config::{behind_proxy, embedded, on_both_engines};
use support::emulator::Emulator;
use support::proxy::Proxy;

on_both_engines!(
    keys_come_level_by_level,
    a_prefix_is_a_folder,
    the_config_of_the_words_before_is_asked,
    configs_are_offered,
    flags_and_commands_are_offered,
    a_key_is_completed_within_a_named_one_and_within_a_side,
    bash_itself_completes,
    each_shell_offers_flags_only_after_a_dash_and_prefixes_where_one_is_meant,
    what_can_not_be_answered_is_silence,
);

/// Asks for the last of these words as bash's script does.
fn ask(place: &Place, words: &[&str]) -> Outcome {
    place
        .args([&["--", "discfg"], words].concat())
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .env("_CLAP_IFS", "\n")
        .run()
}

#[track_caller]
fn becomes(place: &Place, words: &[&str], wanted: &[&str]) {
    ask(place, words).code(0).stdout(wanted.join("\n")).stderr("");
}

fn set(place: &Place, keys: &[&str]) {
    for key in keys {
        place.args(["set", key, "v"]).run().code(0);
    }
}

fn keys_come_level_by_level(place: &Place) {
    set(place, &["db/url", "db/user", "db/pool/size", "dbx/a", "app"]);
    for command in [
        "get", "set", "edit", "delete", "rm", "history", "touch", "rollback",
    ] {
        becomes(place, &[command, "/db/u"], &["/db/url", "/db/user"]);
    }
    becomes(place, &["get", "/db"], &["/db/", "/dbx/"]);
    becomes(place, &["get", "/db/"], &["/db/pool/", "/db/url", "/db/user"]);
    becomes(place, &["get", "/db/pool/"], &["/db/pool/size"]);
    // In the form that it was begun in.
    becomes(place, &["get", "db/us"], &["db/user"]);
    becomes(place, &["get", "a"], &["app"]);
    becomes(place, &["get", "/nosuch/"], &[]);
    becomes(place, &["get", "//"], &[]);
    // Any number of keys; with -c the first word is one, too.
    becomes(place, &["get", "mycfg", "k", "/db/p"], &["/db/pool/"]);
    becomes(place, &["rm", "-c", "mycfg", "k", "/db/us"], &["/db/user"]);
    becomes(place, &["get", "-c", "mycfg", "a"], &["app"]);
    // A third word of `set` is a value.
    becomes(place, &["set", "mycfg", "k", "/d"], &[]);
}

fn a_prefix_is_a_folder(place: &Place) {
    set(place, &["db/url", "db/pool/size", "dbx/a", "app"]);
    becomes(place, &["ls", "/"], &["/db/", "/dbx/"]);
    becomes(place, &["ls", "mycfg", "/db/"], &["/db/pool/"]);
    becomes(place, &["info", "--prefix", "/db"], &["/db/", "/dbx/"]);
    becomes(place, &["edit", "--prefix", "/db"], &["/db/", "/dbx/"]);
    becomes(place, &["exec", "mycfg", "--prefix", "db/p"], &["db/pool/"]);
    becomes(place, &["exec", "--prefix=/db/"], &["--prefix=/db/pool/"]);
    becomes(place, &["delete", "-r", "/"], &["/db/", "/dbx/"]);
    becomes(place, &["rm", "-ry", "mycfg", "db/p"], &["db/pool/"]);
    becomes(place, &["delete", "/db/"], &["/db/pool/", "/db/url"]);
    for command in ["export", "import", "apply", "rollback", "info"] {
        becomes(place, &[command, "--prefix", "/db/"], &["/db/pool/"]);
    }
    becomes(place, &["import", "ss"], &["ssm:/"]);
    becomes(place, &["import", "my"], &["mycfg"]);
    becomes(place, &["import", "mycfg", "secrets"], &["secretsmanager:"]);
    // A key is watched, too.
    becomes(place, &["watch", "/db/"], &["/db/pool/", "/db/url"]);
}

fn the_config_of_the_words_before_is_asked(place: &Place) {
    set(place, &["db/url"]);
    becomes(place, &["get", "mycfg", "/db/"], &["/db/url"]);
    becomes(place, &["-c", "mycfg", "get", "/db/"], &["/db/url"]);
    becomes(place, &["get", "-cmycfg", "/db/"], &["/db/url"]);
    becomes(place, &["get", "nosuch", "/db/"], &[]);
    becomes(place, &["get", "--config=nosuch", "/db/"], &[]);
    becomes(place, &["-c", "nosuch", "get", "mycfg", "/db/"], &[]);
}

fn configs_are_offered(place: &Place) {
    set(place, &["my/key"]);
    becomes(place, &["get", "-c", ""], &["mycfg"]);
    becomes(place, &["info", "my"], &["mycfg"]);
    becomes(place, &["get", "my"], &["my/", "mycfg"]);
    becomes(place, &["info", "x"], &[]);
}

fn flags_and_commands_are_offered(place: &Place) {
    becomes(place, &["get", "-f", "r"], &["raw"]);
    becomes(place, &["export", "-f", "d"], &["dotenv", "docker-env"]);
    becomes(place, &["export", "--format", "r"], &[]);
    becomes(place, &["his"], &["history"]);
    // An alias where nothing else fits.
    becomes(place, &["l"], &["ls"]);
    becomes(place, &["i"], &["init", "import", "info"]);
    becomes(place, &["lis"], &["list"]);
    becomes(place, &["pu"], &["purge"]);
    becomes(place, &["man", "h"], &["history"]);
    let commands = ask(place, &[""]).code(0).text().clone();
    for (name, alias) in [
        ("init", "create"),
        ("set", "put"),
        ("ls", "list"),
        ("delete", "rm"),
        ("copy", "cp"),
        ("move", "mv"),
    ] {
        let is_offered = |word: &str| commands.lines().any(|line| line == word);
        assert!(is_offered(name) && !is_offered(alias), "{commands}");
    }
    becomes(place, &["get", "--rev"], &["--revision"]);
    becomes(place, &["get", "k", "-f", "j"], &["json"]);
    place.write("values.json", "{}");
    becomes(place, &["set", "k", "-d", "val"], &["values.json"]);
    becomes(place, &["exec", "--", "val"], &["values.json"]);
}

fn a_key_is_completed_within_a_named_one_and_within_a_side(place: &Place) {
    set(place, &["db/url", "db/pool/size"]);
    becomes(place, &["exec", "--env", "X=/db/u"], &["X=/db/url"]);
    becomes(place, &["exec", "--env", "X"], &[]);
    becomes(place, &["diff", "/db/"], &["/db/pool/", "/db/url"]);
    becomes(place, &["copy", "/db", "mycfg:/d"], &["mycfg:/db/"]);
    becomes(place, &["copy", "/db", "mycfg:/db/u"], &["mycfg:/db/url"]);
    becomes(place, &["copy", "/db", "my"], &["mycfg"]);
    becomes(place, &["move", "/db", "mycfg:/db/u"], &["mycfg:/db/url"]);
}

fn bash_itself_completes(place: &Place) {
    set(place, &["db/url", "db/user"]);
    let script = "source <(discfg completions bash)
        COMP_WORDS=(discfg get /db/u) COMP_CWORD=2 COMP_TYPE=9
        _clap_complete_discfg discfg /db/u get 2>&1
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    place
        .shell(&format!("exec bash -c '{}'", script.replace('\'', "'\\''")))
        .run()
        .code(0)
        .stdout("/db/url\n/db/user\n")
        .stderr("");
    // The other way to the same script.
    let other = script.replace("<(discfg completions bash)", "<(COMPLETE=bash discfg)");
    place
        .shell(&format!("exec bash -c '{}'", other.replace('\'', "'\\''")))
        .run()
        .code(0)
        .stdout("/db/url\n/db/user\n");
}

/// What each shell offers for a line, of which the last word is to be completed, by the script that it loads.
const SHELLS: [(&str, &str); 3] = [
    (
        "bash",
        r#"source <(discfg completions bash)
        COMP_WORDS=(discfg "$@") COMP_CWORD=$# COMP_TYPE=9
        _clap_complete_discfg discfg "${@: -1}" "${@: -2:1}"
        printf '%s\n' "${COMPREPLY[@]}""#,
    ),
    (
        "zsh",
        // Without the line editor: what the script hands to it is printed.
        r#"compdef() { }
        _describe() { print -rl -- ${${(P)3}%%:*} }
        source <(discfg completions zsh)
        words=(discfg "$@") CURRENT=$(($# + 1))
        _clap_dynamic_completer_discfg; true"#,
    ),
    (
        "fish",
        r#"discfg completions fish | source
        complete -C "discfg $argv" | string replace -r '\t.*' ''; true"#,
    ),
];

fn each_shell_offers_flags_only_after_a_dash_and_prefixes_where_one_is_meant(place: &Place) {
    set(place, &["db/url", "db/pool/size", "app"]);
    for (shell, script) in SHELLS {
        let offered = |words: &[&str]| -> Vec<String> {
            let line = words.join(" ");
            let call = place.shell("exec \"$0\" \"$@\"").and(&[shell, "-c", script]);
            let call = match shell {
                "fish" => call.and(&[&line]),
                _ => call.and(&[shell]).and(words),
            };
            let outcome = call.run().code(0).stderr("");
            let mut offered: Vec<String> = outcome
                .text()
                .lines()
                .map(|line| line.trim_end_matches('/').to_owned())
                .collect();
            offered.sort();
            offered
        };
        assert_eq!(offered(&["delete", "-r", ""]), ["/db", "mycfg"], "{shell}");
        assert_eq!(offered(&["get", ""]), ["/app", "/db", "mycfg"], "{shell}");
        assert_eq!(offered(&["ls", ""]), ["/db", "mycfg"], "{shell}");
        assert_eq!(offered(&["delete", "-r", "/db/"]), ["/db/pool"], "{shell}");
        assert_eq!(offered(&["export", "--prefix", ""]), ["/db"], "{shell}");
        let commands = offered(&[""]);
        assert!(commands.contains(&"get".to_owned()), "{shell}: {commands:?}");
        assert!(
            commands.iter().all(|word| !word.starts_with('-')),
            "{shell}: {commands:?}"
        );
        let pages = offered(&["man", ""]);
        assert!(pages.contains(&"rollback".to_owned()), "{shell}: {pages:?}");
        // Flags are only after a dash.
        for words in [&["find", ""][..], &["which", ""], &["touch", "mycfg", "/app", ""]] {
            let flags = offered(words);
            assert!(flags.iter().all(String::is_empty), "{shell}: {flags:?}");
        }
        let flags = offered(&["get", "-"]);
        assert!(flags.contains(&"--revision".to_owned()), "{shell}: {flags:?}");
        assert!(flags.contains(&"--region".to_owned()), "{shell}: {flags:?}");
    }
}

fn what_can_not_be_answered_is_silence(place: &Place) {
    for words in [
        &["get", "/db/"][..],
        &["get", "--nosuch", "/db/"],
        &["nosuch", "x"],
        &["get", "-c", "No Config", "/db/"],
        &["get", "--region", "", "/db/"],
        &["get", "a", "b", "c"],
        &["exec", "--env", "=", "--"],
    ] {
        ask(place, words).stderr("");
    }
    // An ordinary call is one, whatever that variable holds for others.
    set(place, &["k"]);
    for held in ["", "0", "1", "yes"] {
        place
            .args(["get", "k"])
            .env("COMPLETE", held)
            .run()
            .code(0)
            .stdout("v\n");
    }
}

#[test]
fn where_there_is_no_config_and_no_region_nothing_is_said() {
    let place = Place::new();
    becomes(&place, &["get", "/d"], &[]);
    becomes(&place, &["get", "-c", ""], &[]);
    // Nor is anything made.
    assert!(!place.home().join("data").exists() && !place.home().join("cache").exists());
}

#[test]
fn a_file_that_came_with_a_repository_is_not_obeyed() {
    let place = embedded();
    place.args(["set", "k", "v"]).run().code(0);
    place.write(
        "repo/.discfg",
        "config = \"mycfg\"\nengine = \"local\"\nas = \"self\"\n",
    );
    place
        .args(["--", "discfg", "get", "/"])
        .cd("repo")
        .env("COMPLETE", "fish")
        .run()
        .code(0)
        .stdout("")
        .stderr("");
}

mod on_aws {
    use super::*;

    #[test]
    fn an_endpoint_that_hangs_is_not_waited_for() {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", silent.local_addr().expect("its address"));
        let (_account, place) = support::config::on_table();
        let place = place.env("AWS_ENDPOINT_URL", url);
        let quickest = |words: &[&str]| {
            let time = |_| {
                let began = Instant::now();
                becomes(&place, words, &[]);
                began.elapsed()
            };
            // The machine may be busy with something else, but not each time.
            (0..5).map(time).min().unwrap_or_default()
        };
        let start = quickest(&["exec", "--env", "X"]);
        for words in [
            &["get", "/db/"][..],
            &["get", "-c", ""],
            &["get", "x"],
            &["diff", "mycfg:/"],
        ] {
            let took = quickest(words);
            assert!(
                took < start + Duration::from_millis(300),
                "{words:?}: {took:?}, {start:?} of it to start"
            );
        }
    }

    #[test]
    fn a_level_costs_one_request_where_the_role_is_at_hand() {
        let account = Emulator::shared().account();
        let place = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
        place.args(["init", "payments", "--yes", "-q"]).run().code(0);
        set(&place, &["db/url"]);
        let proxy = Proxy::before(Emulator::shared());
        let place = place
            .who(&account.developer())
            .env("AWS_ENDPOINT_URL", proxy.url());
        place.args(["get", "db/url"]).run().code(0);
        proxy.forget();
        becomes(&place, &["get", "payments", "/db/"], &["/db/url"]);
        assert_eq!(proxy.operations(), ["Query"]);
    }

    #[test]
    fn a_denial_is_silence() {
        let (_account, proxy, place) = behind_proxy();
        set(&place, &["db/url"]);
        proxy.on("*").deny();
        becomes(&place, &["get", "/db/"], &[]);
        becomes(&place, &["get", "-c", "m"], &[]);
    }
}
