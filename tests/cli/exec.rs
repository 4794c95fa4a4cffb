//! `exec`: a command with the keys as its environment, and nothing else about it changed.

use support::cli::{Outcome, Place};
use support::config::{behind_proxy, on_every_engine};
use support::emulator::Emulator;
use support::proxy::Proxy;

on_every_engine!(
    keys_are_named_by_their_path_below_the_prefix,
    values_arrive_as_they_are,
    two_keys_for_one_name_are_an_error_naming_both,
    of_several_prefixes_the_later_wins,
    one_key_is_named_with_env,
    names_that_change_what_is_run_are_refused,
    strict_fills_every_placeholder,
    the_rest_of_the_environment_is_chosen,
    keys_with_a_time_to_live_are_left_out,
    no_value_is_told,
    what_no_environment_holds_names_the_key,
    a_dry_run_shows_names_keys_and_lengths,
);

fn set(place: &Place, key: &str, value: &str) {
    place.args(["set", key, "--", value]).run().code(0);
}

fn exec(place: &Place, args: &[&str]) -> Outcome {
    place.args([&["exec"], args].concat()).run()
}

/// All that the command is given, where it is given nothing else.
fn variables(place: &Place, args: &[&str]) -> Outcome {
    exec(place, &[&["--pristine"], args, &["--", "env"]].concat())
}

fn keys_are_named_by_their_path_below_the_prefix(place: &Place) {
    for (key, value) in [
        ("db/url", "u"),
        ("db/read-url.2:x", "r"),
        ("k", "v"),
        ("dbx/a", "n"),
    ] {
        set(place, key, value);
    }
    variables(place, &[])
        .code(0)
        .stdout("DBX_A=n\nDB_READ_URL_2_X=r\nDB_URL=u\nK=v\n")
        .stderr("");
    for args in [&["--prefix", "/db"][..], &["--prefix=db/", "mycfg"]] {
        variables(place, args)
            .code(0)
            .stdout("READ_URL_2_X=r\nURL=u\n")
            .stderr("");
    }
    variables(place, &["--prefix", "/nosuch"])
        .code(125)
        .stdout("")
        .stderr("error: no keys below /nosuch\n  hint: --allow-empty accepts that\n");
    variables(place, &["--prefix", "/nosuch", "--allow-empty"])
        .code(0)
        .stdout("")
        .stderr("");
}

fn values_arrive_as_they_are(place: &Place) {
    let values = [
        ("a", "two\nlines\n\n".as_bytes()),
        ("b", b"'single' \"double\" `back` $HOME ${x} \\ \\n"),
        ("c", "käse ☃ 🦀".as_bytes()),
        ("d", b"  spaces and a tab\t "),
        ("e", b""),
        ("f", b"x=y#z"),
        ("g", b"no UTF-8: \xff\xfe"),
        ("h", b"{\"n\": 1.10,\n \"s\": \"\"}"),
    ];
    let mut wanted = Vec::new();
    for (key, value) in values {
        place.args(["set", key, "-d", "-"]).stdin(value).run().code(0);
        wanted.extend([key.to_uppercase().as_bytes(), b"=", value, b"\0"].concat());
    }
    exec(place, &["--pristine", "--", "env", "-0"])
        .code(0)
        .stdout(wanted)
        .stderr("");
}

fn two_keys_for_one_name_are_an_error_naming_both(place: &Place) {
    for key in ["a/b-c", "a/b/c", "b/b/c"] {
        set(place, key, "v");
    }
    exec(place, &["--", "touch", "ran"])
        .code(125)
        .stdout("")
        .stderr_has("keys /a/b-c and /a/b/c would both be the variable A_B_C")
        .stderr_has("--env NAME=KEY");
    assert!(!place.dir().join("ran").exists());
    variables(place, &["--prefix", "/", "--env", "OTHER=/a/b-c"])
        .code(0)
        .stdout("A_B_C=v\nB_B_C=v\nOTHER=v\n");
    set(place, "a/1st", "v");
    exec(place, &["--prefix", "a/", "--env", "X=/a/b-c", "--", "true"])
        .code(125)
        .stderr_has("key /a/1st would be the variable 1ST");
}

fn of_several_prefixes_the_later_wins(place: &Place) {
    set(place, "base/url", "old");
    set(place, "base/size", "1");
    set(place, "prod/url", "new");
    variables(place, &["--prefix", "/base", "--prefix", "/prod"])
        .code(0)
        .stdout("SIZE=1\nURL=new\n")
        .stderr("");
    variables(place, &["--prefix", "/prod", "--prefix", "/base", "-v"])
        .code(0)
        .stdout("SIZE=1\nURL=old\n")
        .stderr_has("URL comes from /base/url instead of /prod/url");
}

fn one_key_is_named_with_env(place: &Place) {
    for (key, value) in [
        ("db/url", "u"),
        ("db/size", "1"),
        ("app/name", "n"),
        ("root", "r"),
    ] {
        set(place, key, value);
    }
    variables(
        place,
        &[
            "--prefix",
            "/db",
            "--env",
            "Target=/db/url",
            "--env",
            "NAME=app/name",
            "--env",
            "R=root",
        ],
    )
    .code(0)
    .stdout("NAME=n\nR=r\nSIZE=1\nTarget=u\n");
    variables(place, &["--prefix", "/db", "--env", "SIZE=/app/name"])
        .code(0)
        .stdout("SIZE=n\nURL=u\n");
    exec(place, &["--env", "X=/db/nosuch", "--", "true"])
        .code(125)
        .stdout("")
        .stderr_has("key /db/nosuch not found");
    exec(place, &["--env", "X=/root", "--env", "X=/db/url", "--", "true"])
        .code(125)
        .stderr_has("--env is given twice for X");
    for (bad, answer) in [
        ("X", "expected NAME=KEY"),
        ("1X=/a", "invalid variable name \"1X\""),
        ("X=/a//b", "empty segment"),
        ("=a", "invalid variable name \"\""),
    ] {
        exec(place, &["--env", bad, "--", "true"])
            .code(2)
            .stdout("")
            .stderr_has(answer);
    }
}

fn names_that_change_what_is_run_are_refused(place: &Place) {
    set(place, "bin/path", "/nosuch");
    set(place, "ld/preload", "evil.so");
    set(place, "node-options", "--require=evil.js");
    let refused =
        "what programs run: LD_PRELOAD (from key /ld/preload), NODE_OPTIONS (from key /node-options)";
    exec(place, &["--", "touch", "ran"])
        .code(125)
        .stdout("")
        .stderr_has(refused)
        .stderr_has("--allow-env NAME");
    exec(place, &["--prefix", "/bin", "--", "touch", "ran"])
        .code(125)
        .stderr_has("what programs run: PATH (from key /bin/path)");
    set(place, "make/makeflags", "--eval=$(shell touch ran)");
    exec(place, &["--prefix", "/make", "--", "touch", "ran"])
        .code(125)
        .stderr_has("MAKEFLAGS (from key /make/makeflags)");
    exec(
        place,
        &[
            "--env",
            "https_proxy=/bin/path",
            "--prefix",
            "/bin",
            "--",
            "touch",
            "ran",
        ],
    )
    .code(125)
    .stderr_has("https_proxy (from key /bin/path)");
    assert!(!place.dir().join("ran").exists());
    place.args(["delete", "make/makeflags"]).run().code(0);
    variables(
        place,
        &[
            "--prefix",
            "/",
            "--allow-env",
            "LD_PRELOAD",
            "--env",
            "OPTIONS=/node-options",
        ],
    )
    .code(0)
    .stdout_has("LD_PRELOAD=evil.so\nOPTIONS=--require=evil.js\n");
    // Which program is run is not the config's to say even then.
    variables(place, &["--prefix", "/bin", "--allow-env", "PATH"])
        .code(0)
        .stdout("PATH=/nosuch\n");
}

fn strict_fills_every_placeholder(place: &Place) {
    set(place, "url", "u");
    set(place, "size", "1");
    set(place, "path", "/nosuch");
    let strict = |args: &[&str], script: &str| {
        let args = [&["exec", "--strict"], args, &["--", "sh", "-c", script]].concat();
        place
            .args(args)
            .env("URL", "discfg")
            .env("OTHER", "discfg2")
            .run()
    };
    strict(&[], "echo $URL $OTHER ${SIZE-unset}")
        .code(0)
        .stdout("u discfg2 unset\n")
        .stderr("");
    place
        .args(["exec", "--strict", "--", "touch", "ran"])
        .env("NOSUCH", "discfg")
        .env("URL", "discfg")
        .env("ALSO", "discfg")
        .run()
        .code(125)
        .stdout("")
        .stderr_has("no key for ALSO, NOSUCH")
        .stderr_has("whose value is `discfg`");
    assert!(!place.dir().join("ran").exists());
    place
        .args(["exec", "--strict", "--pristine", "--env", "A=/size", "--", "env"])
        .env("A", "discfg")
        .run()
        .code(0)
        .stdout("A=1\n");
    exec(place, &["--strict", "--no-clobber", "--", "true"])
        .code(2)
        .stdout("")
        .stderr_has("--no-clobber");
}

fn the_rest_of_the_environment_is_chosen(place: &Place) {
    set(place, "a", "new");
    set(place, "b", "new");
    let show = |flags: &[&str]| {
        let args = [
            &["exec"],
            flags,
            &["--", "sh", "-c", "echo $A $B $OWN $AWS_PROFILE"],
        ]
        .concat();
        place
            .args(args)
            .env("A", "old")
            .env("OWN", "kept")
            .run()
            .code(0)
            .text()
    };
    assert_eq!(show(&[]), "new new kept\n");
    assert_eq!(show(&["--no-clobber"]), "old new kept\n");
    assert_eq!(show(&["--pristine"]), "new new\n");
    exec(place, &["--pristine", "--no-clobber", "--", "true"]).code(2);
}

fn keys_with_a_time_to_live_are_left_out(place: &Place) {
    set(place, "a", "1");
    place.args(["set", "b", "2", "--ttl", "1h"]).run().code(0);
    variables(place, &[]).code(0).stdout("A=1\n");
    variables(place, &["--with-ttl"]).code(0).stdout("A=1\nB=2\n");
    variables(place, &["--env", "C=/b"]).code(0).stdout("C=2\n");
    variables(place, &["--prefix", "/", "--env", "C=/b"])
        .code(0)
        .stdout("A=1\nC=2\n");
    place.args(["set", "b", "2", "--ttl", "1s"]).run().code(0);
    place
        .shell("until ! discfg get b -q >/dev/null 2>&1; do sleep 0.05; done")
        .run()
        .code(0);
    variables(place, &["--with-ttl"]).code(0).stdout("A=1\n");
    exec(place, &["--env", "C=/b", "--", "true"]).code(125);
}

fn no_value_is_told(place: &Place) {
    place
        .args(["set", "a/x", "-d", "-"])
        .stdin("hunter1\0")
        .run()
        .code(0);
    set(place, "b/x", "hunter2");
    set(place, "c/x", "hunter3");
    exec(
        place,
        &["--prefix", "/b", "--prefix", "/c", "-vv", "--stats", "--", "true"],
    )
    .code(0)
    .stdout("")
    .stderr_has("X comes from /c/x instead of /b/x")
    .stderr_has("stats: ")
    .stderr_lacks("hunter");
    exec(place, &["-vv", "--", "true"])
        .code(125)
        .stderr_has("key /a/x can't become the variable A_X")
        .stderr_has("NUL")
        .stderr_lacks("hunter");
}

fn what_no_environment_holds_names_the_key(place: &Place) {
    for (key, size) in [("a", 180_000), ("largest", 180_001), ("c", 180_000)] {
        place
            .args(["set", key, "-d", "-"])
            .stdin("x".repeat(size))
            .run()
            .code(0);
    }
    // The bound of all arguments and variables together is a quarter of the stack's; some systems have one for each.
    place
        .shell("ulimit -s 2000; discfg exec -- true")
        .run()
        .code(126)
        .stdout("")
        .stderr_has("cannot run true")
        .stderr_has("/largest, with 180001 bytes")
        .stderr_lacks("xxx");
}

mod on_aws {
    use super::*;

    #[test]
    fn a_section_is_read_with_four_requests_however_many_keys_it_has() {
        let (_account, proxy, place) = behind_proxy();
        for n in 0..12 {
            set(&place, &format!("db/k{n}"), "v");
        }
        proxy.forget();
        let args = [
            "--pristine",
            "--prefix",
            "/db",
            "--prefix",
            "/db/sub",
            "-q",
            "--allow-empty",
        ];
        let args = [&args[..], &["--env", "X=/db/k1", "--", "env"]].concat();
        let shown = exec(&place, &args).code(0).text();
        assert_eq!(shown.lines().count(), 12);
        assert_eq!(
            proxy.operations(),
            ["BatchGetItem", "Query", "TransactGetItems", "Query"],
            "a page, and three"
        );
    }

    #[test]
    fn through_the_read_role_the_command_has_the_callers_own_credentials() {
        let account = Emulator::shared().account();
        let place = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
        place.args(["init", "payments", "--yes", "-q"]).run().code(0);
        set(&place, "db/url", "u");
        let proxy = Proxy::before(Emulator::shared());
        let developer = account.developer();
        let place = place.who(&developer).env("AWS_ENDPOINT_URL", proxy.url());
        let script = "echo $DB_URL $AWS_ACCESS_KEY_ID ${AWS_SESSION_TOKEN-none}";
        let wanted = format!("u {} none\n", developer.access_key_id());
        exec(&place, &["--", "sh", "-c", script])
            .code(0)
            .stdout(&wanted)
            .stderr("");
        proxy.forget();
        exec(&place, &["--prefix", "/", "--stats", "--", "sh", "-c", script])
            .code(0)
            .stdout(wanted)
            .stderr_has("stats: 5 requests");
        assert_eq!(
            proxy.operations(),
            ["Query", "BatchGetItem", "Query", "TransactGetItems", "Query"],
            "the section list, a page, and three"
        );
        // A denial is discfg's own failure.
        exec(&place, &["--as", "nosuch", "--", "true"])
            .code(125)
            .stdout("")
            .stderr_has("discfg grants payments");
    }
}

fn a_dry_run_shows_names_keys_and_lengths(place: &Place) {
    set(place, "db/url", "postgres");
    set(place, "db/path", "/evil");
    place
        .args(["set", "db/password", "hunter2", "--secret"])
        .run()
        .code(0);
    exec(
        place,
        &[
            "--prefix",
            "db",
            "--allow-env",
            "PATH",
            "--dry-run",
            "--",
            "touch",
            "ran",
        ],
    )
    .code(0)
    .stdout("PASSWORD\t/db/password\tsecret\nPATH\t/db/path\t5 bytes\nURL\t/db/url\t8 bytes\n");
    assert!(!place.dir().join("ran").exists());
    let answer = exec(place, &["--env", "U=/db/url", "--dry-run", "-f", "json"])
        .code(0)
        .json();
    let expected =
        r#"{"action":"exec","result":"planned","variables":[{"name":"U","key":"/db/url","bytes":8}]}"#;
    assert_eq!(
        answer,
        serde_json::from_str::<serde_json::Value>(expected).expect("JSON")
    );
    // What would be refused is refused.
    exec(place, &["--prefix", "db", "--dry-run"]).code(125).stdout("");
    exec(place, &["--prefix", "db"]).code(2);
}
