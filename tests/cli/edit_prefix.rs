//! The keys below a prefix edited as one file.

use std::fs;

use serde_json::json;

use super::edit::{done, edit, kept, nothing_is_left, runtime};
use support::cli::Place;
use support::config::{embedded, on_every_engine};

on_every_engine!(
    the_keys_below_a_prefix_are_one_file,
    what_was_not_edited_below_a_prefix_stays_as_it_is,
    changes_below_a_prefix_are_merged,
    names_below_the_root_are_whole,
);

fn the_keys_below_a_prefix_are_one_file(place: &Place) {
    for (key, value) in [
        ("db/url", "x"),
        ("db/pool/max", "5"),
        ("db/old", "1"),
        ("dbx/k", "1"),
    ] {
        done(place, &["set", key, value]);
    }
    let script = "cp \"$1\" seen; echo \"$1\" >name; sed -i -e 's/url: x/url: y/' -e /old/d \"$1\"; echo 'new: {\"b\":  1}' >>\"$1\"";
    let answer = edit(place, script, &["--prefix", "/db", "-y", "-f", "json"])
        .code(0)
        .stderr("+ /db/new\t{\"b\":  1}\n- /db/old\t1\n~ /db/url\tx -> y\n")
        .json();
    assert_eq!(
        fs::read_to_string(place.dir().join("seen")).expect("a copy"),
        "old: \"1\"\npool/max: \"5\"\nurl: x\n"
    );
    done(place, &["export", "--prefix", "/db", "-f", "yaml", "--flat"])
        .stdout("new: {\"b\":  1}\npool/max: \"5\"\nurl: y\n");
    let name = fs::read_to_string(place.dir().join("name")).expect("a name");
    assert!(name.ends_with("/db.yaml\n"), "{name}");
    assert_eq!(
        (&answer["action"], &answer["result"]),
        (&json!("edit"), &json!("applied"))
    );
    assert_eq!(
        (
            &answer["added"],
            &answer["changed"],
            &answer["removed"],
            &answer["unchanged"]
        ),
        (&json!(1), &json!(1), &json!(1), &json!(1))
    );
    assert_eq!(answer["sections"], json!([{"name": "/db", "revision": 4}]));
    done(place, &["get", "dbx/k"]).stdout("1\n");
    edit(
        place,
        "echo '/other/x: 1' >\"$1\"",
        &["mycfg", "--prefix", "db", "-y"],
    )
    .code(8)
    .stderr_has("error: key /other/x is not in /db/");
    fs::remove_dir_all(runtime(place)).expect("it is ours");
    place
        .args(["edit", "mycfg", "/k", "--prefix", "db"])
        .env("EDITOR", "true")
        .run()
        .code(2);
}

fn names_below_the_root_are_whole(place: &Place) {
    done(place, &["set", "app/a", "1"]);
    let script = "cp \"$1\" seen; echo 'app/b: x' >>\"$1\"";
    edit(place, script, &["--prefix", "/", "-y"])
        .code(0)
        .stderr("+ /app/b\tx\n");
    let seen = fs::read_to_string(place.dir().join("seen")).expect("a copy");
    assert_eq!(seen, "app/a: \"1\"\n");
    // Another section is another commit's: its name is not taken for one in this section.
    let outside = edit(place, "echo 'db/url: x' >>\"$1\"", &["--prefix", "/", "-y"])
        .code(8)
        .stderr_has("/db/url");
    kept(place, &outside);
    done(place, &["ls", "-r"]).stdout("/app/a\n/app/b\n");
}

fn what_was_not_edited_below_a_prefix_stays_as_it_is(place: &Place) {
    done(place, &["set", "app/string", "\"x\"", "--json"]);
    done(place, &["set", "app/object", "{\"a\" :1.10}"]);
    done(place, &["set", "app/lease", "me", "--ttl", "1h"]);
    done(place, &["set", "app/pw", "hunter1", "--secret"]);
    done(place, &["set", "app/url", "x"]);
    let script = "cp \"$1\" seen; sed -i 's/url: x/url: y/' \"$1\"";
    edit(place, script, &["--prefix", "app", "-y"])
        .code(0)
        .stderr("~ /app/url\tx -> y\n");
    assert_eq!(
        fs::read_to_string(place.dir().join("seen")).expect("a copy"),
        "# \"(secret, revision N)\" stands for a secret: leave it as it is, or write a new value.\n\
         object: {\"a\" :1.10}\npw: \"(secret, revision 4)\"\nstring: x\nurl: x\n"
    );
    let node = |key: &str| done(place, &["get", key, "-f", "json"]).json()["node"].clone();
    assert_eq!(
        (&node("app/string")["kind"], &node("app/string")["version"]),
        (&json!("json"), &json!(1))
    );
    assert_eq!(
        (&node("app/lease")["ttl"], &node("app/lease")["version"]),
        (&json!(3600), &json!(1))
    );
    let secret = node("app/pw");
    assert_eq!(
        (&secret["value"], &secret["version"]),
        (&json!("hunter1"), &json!(1))
    );
    // A new value is that of the secret, and a mask elsewhere is none.
    let script = "sed -i 's/pw: .*/pw: hunter2/' \"$1\"";
    let answer = edit(place, script, &["--prefix", "app", "-y"])
        .code(0)
        .stderr_lacks("hunter");
    assert!(!answer.text().contains("hunter"));
    let secret = node("app/pw");
    assert_eq!(
        (&secret["value"], &secret["secret"]),
        (&json!("hunter2"), &json!(true))
    );
    let failed = edit(
        place,
        "sed -i 's/pw:/password:/' \"$1\"",
        &["--prefix", "app", "-y"],
    )
    .code(8)
    .stderr_has("error: the value of /app/password stands for a secret that is not stored there");
    kept(place, &failed);
    // Two changes of one secret are a conflict, too.
    let script = "discfg set app/pw hunter3 -q; sed -i 's/pw: .*/pw: hunter4/' \"$1\"";
    let script = format!("grep -q '>>>' \"$1\" && exit; {script}");
    let failed = edit(place, &script, &["--prefix", "app", "-y"])
        .code(8)
        .stderr_has("is a conflict marker");
    assert!(kept(place, &failed).contains("mine\npw: hunter4\n|||||||"));
    assert_eq!(node("app/pw")["value"], json!("hunter3"));
    edit(place, "sed -i /pw:/d \"$1\"", &["--prefix", "app", "-y"])
        .code(0)
        .stderr("- /app/pw\t(secret)\n");
    nothing_is_left(place);
}

fn changes_below_a_prefix_are_merged(place: &Place) {
    for key in ["db/a", "db/b", "db/c", "db/d", "db/sub/x"] {
        done(place, &["set", key, "old"]);
    }
    let script =
        "grep -q theirs \"$1\" && exit; discfg set db/d theirs -q; sed -i 's/^a: old/a: mine/' \"$1\"";
    edit(place, script, &["--prefix", "db", "-y"])
        .code(0)
        .stderr_has("keys below /db/ changed while you were editing: check the result\n")
        .stderr_has("~ /db/a\told -> mine\n");
    done(place, &["get", "db/a"]).stdout("mine\n");
    done(place, &["get", "db/d"]).stdout("theirs\n");
    let script = "grep -q '>>>' \"$1\" && { echo 'x: both' >\"$1\"; exit; }\n\
        discfg set db/sub/x theirs -q; echo 'x: mine' >\"$1\"";
    edit(place, script, &["--prefix", "db/sub", "-y"])
        .code(0)
        .stderr_has("resolve the conflicts");
    done(place, &["get", "db/sub/x"]).stdout("both\n");
    // What changed elsewhere in the section doesn't matter.
    let script = "echo >>opened; discfg set db/a elsewhere >said; echo 'x: mine' >\"$1\"";
    edit(place, script, &["--prefix", "db/sub", "-y"])
        .code(0)
        .stderr("~ /db/sub/x\tboth -> mine\n");
    assert_eq!(
        fs::read_to_string(place.dir().join("opened")).expect("it was opened"),
        "\n"
    );
    nothing_is_left(place);
}

#[test]
fn many_keys_are_written_in_batches_where_that_is_allowed() {
    let place = embedded();
    let script = "seq -f 'k%g: v' 60 >\"$1\"";
    let failed = edit(&place, script, &["--prefix", "many", "-y"])
        .code(8)
        .stderr_has("use --batch");
    kept(&place, &failed);
    edit(&place, script, &["--prefix", "many", "-y", "--batch"])
        .code(0)
        .stdout_has("applied: 60 added");
    nothing_is_left(&place);
}
