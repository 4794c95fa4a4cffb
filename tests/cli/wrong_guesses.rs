//! What users of other tools type first: it is refused or noted with the right call.

use support::cli::Place;
use support::config::on_every_engine;

on_every_engine!(
    a_value_that_is_not_what_it_looks_like_is_noted,
    a_key_named_like_the_config_is_noted,
    the_right_option_is_named,
);

fn a_value_that_is_not_what_it_looks_like_is_noted(place: &Place) {
    let noted = "note: stored as text, because it is not valid JSON; --json shows where\n";
    place.args(["set", "k", "{\"a\": 1"]).run().code(0).stderr(noted);
    place
        .args(["set", "k", "{\"a\": 1", "-q"])
        .run()
        .code(0)
        .stderr("");
    place
        .args(["set", "k", "{\"a\": 1", "--text"])
        .run()
        .code(0)
        .stderr("");
    place.args(["set", "k", "{\"a\": 1}"]).run().code(0).stderr("");
    let became = "note: the value was JSON and is now text; --json stores JSON\n";
    place.args(["set", "k", "1"]).run().code(0).stderr(became);
    place.args(["set", "k", "1", "--json"]).run().code(0).stderr("");
    place.args(["set", "k", "1", "--text"]).run().code(0).stderr("");
}

fn a_key_named_like_the_config_is_noted(place: &Place) {
    place.args(["set", "mycfg", "/db/url"]).run().code(0).stderr(
        "note: set the key /mycfg; for another key of this config, use `discfg set mycfg KEY VALUE`\n",
    );
    place
        .args(["set", "mycfg", "mycfg", "v"])
        .run()
        .code(0)
        .stderr("");
}

fn the_right_option_is_named(place: &Place) {
    for (call, code, hint) in [
        (
            "set greeting hello world",
            3,
            "hint: if the value has spaces, put it in quotes",
        ),
        (
            "export /db",
            2,
            "hint: for the keys below /db, use `--prefix /db`",
        ),
        (
            "import vault:app",
            2,
            "hint: for a file of that name, use ./vault:app or -d",
        ),
        (
            "apply values.yaml",
            2,
            "hint: to read a file, use `-d values.yaml`",
        ),
        ("apply -f values.yaml", 2, "'-d FILE' reads a file"),
        (
            "exec /db env",
            2,
            "the command follows '--': 'discfg exec -- COMMAND'",
        ),
        (
            "exec /db -- env",
            125,
            "hint: for the keys below /db, use `--prefix /db`",
        ),
    ] {
        place
            .shell(&format!("discfg {call}"))
            .run()
            .code(code)
            .stdout("")
            .stderr_has(hint);
    }
}

#[test]
fn a_config_made_below_the_folder_of_another_is_selected_there() {
    let place = Place::new();
    place.args(["init", "first", "--local"]).run().code(0);
    let below = "mkdir -p below && cd below &&";
    let made = place
        .shell(&format!("{below} discfg init third --local"))
        .run()
        .code(0);
    made.stdout_has("third: created")
        .stderr_has("below/.discfg now selects this config and the embedded engine");
    place
        .shell(&format!("{below} discfg set k v && discfg which -f raw"))
        .run()
        .code(0);
    place.args(["get", "third", "k"]).run().code(0).stdout("v\n");
    place.args(["get", "k"]).run().code(3);
    let other = place
        .shell(&format!("{below} discfg init fourth --local"))
        .run()
        .code(0);
    other
        .stderr_has("note: commands in this folder still use third, from ")
        .stderr_has("to switch, run `discfg use fourth --local`");
    place
        .shell(&format!("{below} discfg get k"))
        .run()
        .code(0)
        .stdout("v\n");
}

#[test]
fn a_local_config_without_a_name_takes_the_folders() {
    let place = Place::new();
    let init = |folder: &str, script: &str| {
        place
            .shell(&format!("mkdir -p '{folder}' && cd '{folder}' && {script}"))
            .run()
    };
    let made = init("shop-1", "discfg init --local");
    made.code(0)
        .stdout_has("shop-1: created")
        .stderr_has("shop-1/.discfg now selects this config and the embedded engine")
        .stderr_has("next: discfg set shop-1 db/url VALUE");
    init("shop-1", "discfg set k v -q && discfg get shop-1 k")
        .code(0)
        .stdout("/k: version 1, revision 1\nv\n");
    init("shop-1", "discfg init --local")
        .code(0)
        .stdout_has("shop-1: unchanged");
    // A file of a folder above is of something else; this folder's own and the environment choose.
    init("shop-1/part", "discfg init --local")
        .code(0)
        .stdout_has("part: created");
    init(
        "chosen",
        "discfg use other --local -q && discfg init --history-days 3",
    )
    .code(0)
    .stdout_has("other: created");
    init("ignored", "DISCFG_CONFIG=named discfg init --engine local")
        .code(0)
        .stdout_has("named: created");
    init("flagged", "discfg init --local -c flag")
        .code(0)
        .stdout_has("flag: created");
    for (folder, why, near) in [
        ("My Project", "'M' is not allowed", "my-project"),
        ("2fa", "must start with a letter a-z", "CONFIG"),
        ("a--b", "`--` is reserved for grants", "a-b"),
        ("été", "'é' is not allowed", "CONFIG"),
    ] {
        let refused = init(folder, "discfg init --local").code(2).stdout("");
        refused
            .stderr_has("error: cannot name the config after this folder\n  because: invalid config name ")
            .stderr_has(why)
            .stderr_has(&format!("  hint: name it: `discfg init {near} --local`"));
        assert!(!place.dir().join(folder).join(".discfg").exists());
    }
    place
        .shell("cd / && discfg init --local")
        .run()
        .code(2)
        .stderr_has("because: invalid config name: it is empty");
    // Elsewhere a name is required.
    init("remote", "discfg init --region eu-central-1")
        .code(2)
        .stderr_has("error: no config given\n  hint: name it: `discfg init CONFIG`");
}

#[test]
fn what_does_not_exist_yet_is_said() {
    let place = Place::new();
    place
        .args(["configs", "--local"])
        .run()
        .code(0)
        .stdout("")
        .stderr("no configs on this machine; create one with `discfg init NAME --local`\n");
    place
        .args(["use", "nosuch", "--local"])
        .run()
        .code(0)
        .stderr_has("note: nosuch does not exist yet; create it with `discfg init nosuch --local`\n");
    place.args(["init", "nosuch", "--local"]).run().code(0);
    place.args(["use", "nosuch", "--local"]).run().code(0).stderr("");
    place.args(["configs", "--local"]).run().code(0).stderr("");
    Place::new()
        .args(["init", "payments"])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .run()
        .code(2)
        .stderr_has("error: no AWS region set")
        .stderr_has("hint: or use --local, which needs no AWS account\n");
}

#[test]
fn a_variable_that_goes_before_the_file_just_written_is_told() {
    let place = Place::new();
    place.args(["init", "first", "--local"]).run().code(0);
    let below = |folder: &str, call: &str| {
        let script = format!("mkdir -p {folder} && cd {folder} && {call}");
        place.shell(&script).env("DISCFG_CONFIG", "first").run().code(0)
    };
    let note = "note: commands still use first, from DISCFG_CONFIG\n";
    below("a", "discfg init fifth --local")
        .stdout_has("fifth: created")
        .stderr_has("a/.discfg selects this config and the embedded engine\n")
        .stderr_has(note);
    below("a", "discfg init fifth --local").stderr(note);
    below("b", "discfg use first --local").stderr("");
    below("b", "discfg use fifth --local").stderr_has(note);
    below(
        "c",
        "DISCFG_CONFIG=sixth DISCFG_ENGINE=dynamodb discfg init sixth --local",
    )
    .stderr_has("note: commands still use the engine dynamodb, from DISCFG_ENGINE\n")
    .stderr_has("next: discfg set sixth db/url VALUE --local");
}

#[cfg(unix)]
#[test]
fn a_variable_of_discfg_that_is_not_text_is_named() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let place = Place::new();
    place.args(["init", "first", "--local"]).run().code(0);
    for name in [
        "DISCFG_CONFIG",
        "DISCFG_ENGINE",
        "DISCFG_DATA_DIR",
        "DISCFG_TOKEN",
    ] {
        place
            .args(["set", "k", "v"])
            .env(name, OsStr::from_bytes(b"a\xff"))
            .run()
            .code(2)
            .stdout("")
            .stderr(&format!("error: invalid {name}: not valid UTF-8\n"));
    }
}
