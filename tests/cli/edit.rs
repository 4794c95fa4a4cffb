//! Keys edited in an editor, which is a script here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::json;

use super::exec_terminal::type_at_a_shell;
use support::cli::{Call, Outcome, Place};
use support::config::{embedded, on_every_engine};

on_every_engine!(
    a_value_is_edited_and_keeps_the_rest,
    what_is_not_changed_is_not_written,
    a_new_key_is_created_where_something_is_saved,
    an_invalid_value_is_kept_in_the_file,
    a_secret_stays_one_and_leaves_no_trace,
    a_conflict_is_merged_in_the_editor,
    the_keys_below_a_prefix_are_one_file,
    what_was_not_edited_below_a_prefix_stays_as_it_is,
    changes_below_a_prefix_are_merged,
);

fn done(place: &Place, args: &[&str]) -> Outcome {
    place.args(args).run().code(0)
}

/// Where the files are, which nothing is to be left in.
fn runtime(place: &Place) -> PathBuf {
    let runtime = place.home().join("run");
    fs::create_dir_all(&runtime).expect("a folder");
    runtime
}

#[track_caller]
fn nothing_is_left(place: &Place) {
    let left: Vec<_> = fs::read_dir(runtime(place)).expect("it is there").collect();
    assert!(left.is_empty(), "{left:?}");
}

fn call(place: &Place, script: &str, args: &[&str]) -> Call {
    place.write("ed", script);
    let call = place.args([&["edit"], args].concat());
    call.env("EDITOR", "sh ed").env("XDG_RUNTIME_DIR", runtime(place))
}

/// Edits with a script, which is given the file.
#[track_caller]
fn edit(place: &Place, script: &str, args: &[&str]) -> Outcome {
    call(place, script, args).run()
}

/// The text that was kept, whose path was said.
#[track_caller]
fn kept(place: &Place, outcome: &Outcome) -> String {
    let said = outcome.errors().lines();
    let mut paths = said.filter_map(|line| line.strip_prefix("your text is kept in "));
    let path = PathBuf::from(paths.next().expect("it is said"));
    assert!(path.starts_with(runtime(place)), "{}", path.display());
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let folder = path.parent().expect("it is in a folder");
    assert_eq!((mode(&path), mode(folder)), (0o600, 0o700));
    let text = fs::read_to_string(&path).expect("it can be read");
    fs::remove_dir_all(folder).expect("it is ours");
    text
}

fn a_value_is_edited_and_keeps_the_rest(place: &Place) {
    done(place, &["set", "db/url", "postgres://a", "--ttl", "1h"]);
    edit(
        place,
        "cp \"$1\" seen; echo \"$1\" >name; echo postgres://b >\"$1\"",
        &["db/url", "--yes"],
    )
    .code(0)
    .stdout("/db/url: version 2, revision 2\n")
    .stderr("~ /db/url\n  @@ -1 +1 @@\n  -postgres://a\n  +postgres://b\n");
    nothing_is_left(place);
    assert_eq!(
        fs::read_to_string(place.dir().join("seen")).expect("a copy"),
        "postgres://a"
    );
    let name = fs::read_to_string(place.dir().join("name")).expect("a name");
    assert!(name.ends_with("/url.txt\n"), "{name}");
    let node = done(place, &["get", "db/url", "-f", "json"]).json()["node"].clone();
    assert_eq!(
        (&node["value"], &node["ttl"]),
        (&json!("postgres://b"), &json!(3600))
    );
    // As it is stored, with the text of its numbers.
    done(place, &["set", "limits", "{\"a\":  1.10}"]);
    let script = "grep -q 'a\":  1.10' \"$1\" && sed -i 's/\"a\"/\"b\"/' \"$1\" && echo \"$1\" >name";
    let told = edit(place, script, &["mycfg", "limits", "-y", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(told["action"], "edit");
    assert_eq!(told["node"]["value"], json!({"b": 1.1}));
    assert_eq!(
        (&told["node"]["version"], &told["prevNode"]["version"]),
        (&json!(2), &json!(1))
    );
    done(place, &["get", "limits", "-f", "raw"]).stdout("{\"b\":  1.10}");
    let name = fs::read_to_string(place.dir().join("name")).expect("a name");
    assert!(name.ends_with("/limits.json\n"), "{name}");
    // Text stays text, whatever it looks like, and a newline that was there stays.
    done(place, &["set", "note", "a\n"]);
    edit(place, "printf '[1]\\n' >\"$1\"", &["note", "-yq"])
        .code(0)
        .stderr("");
    let node = done(place, &["get", "note", "-f", "json"]).json()["node"].clone();
    assert_eq!((&node["kind"], &node["value"]), (&json!("text"), &json!("[1]\n")));
    nothing_is_left(place);
}

fn what_is_not_changed_is_not_written(place: &Place) {
    done(place, &["set", "db/url", "a"]);
    for script in [
        "true",
        "touch \"$1\"",
        "echo a >\"$1\"",
        "echo b >\"$1\"; printf a >\"$1\"",
    ] {
        edit(place, script, &["db/url"])
            .code(0)
            .stdout("/db/url: unchanged\n")
            .stderr("");
    }
    let told = edit(place, "true", &["db/url", "-f", "json"]).code(0).json();
    assert_eq!(
        (&told["node"]["version"], &told["prevNode"]),
        (&json!(1), &json!({}))
    );
    edit(place, "true", &["--prefix", "/db"])
        .code(0)
        .stdout("mycfg: unchanged: 0 added, 0 changed, 0 removed, 1 unchanged\n");
    nothing_is_left(place);
    // Not answered: nothing is changed, and the text is kept.
    let refused = edit(place, "echo b >\"$1\"", &["db/url"])
        .code(2)
        .stderr_has("use --yes");
    assert_eq!(kept(place, &refused), "b\n");
    // An editor that fails, as by `:cq`.
    let failed = edit(place, "echo b >\"$1\"; exit 3", &["db/url", "--yes"])
        .code(1)
        .stderr_has(
            "error: cancelled: nothing was changed\n  because: the editor `sh ed` exited with code 3\n",
        );
    assert_eq!(kept(place, &failed), "b\n");
    edit(place, "kill -INT $$", &["db/url", "--yes"])
        .code(130)
        .stderr_has("because: the editor `sh ed` was ended by signal 2");
    edit(place, "exit 1", &["db/url", "--yes"])
        .code(1)
        .stderr_lacks("is kept");
    edit(place, "rm \"$1\"", &["db/url", "--yes"])
        .code(8)
        .stderr_has("cannot read");
    nothing_is_left(place);
    done(place, &["get", "db/url", "-f", "raw"]).stdout("a");
}

fn a_new_key_is_created_where_something_is_saved(place: &Place) {
    edit(place, "true", &["app/new"])
        .code(0)
        .stdout("/app/new: unchanged\n")
        .stderr("key /app/new not found: saving a value creates it\n");
    edit(
        place,
        "test ! -s \"$1\" && echo '{\"a\": 1}' >\"$1\"",
        &["app/new", "-y"],
    )
    .code(0)
    .stdout("/app/new: version 1, revision 1\n")
    .stderr_has("+ /app/new\n  @@ -0,0 +1 @@\n  +{\"a\": 1}\n");
    done(place, &["get", "app/new", "-f", "raw"]).stdout("{\"a\": 1}");
    edit(place, "true", &["--prefix", "/none"])
        .code(0)
        .stdout("mycfg: unchanged: no keys\n")
        .stderr_has("no keys below /none/");
    edit(
        place,
        "test ! -s \"$1\" && echo 'a: 1' >\"$1\"",
        &["--prefix", "/none", "-y"],
    )
    .code(0);
    done(place, &["get", "none/a"]).stdout("1\n");
    // Somebody else has created it meanwhile.
    let script =
        "grep -q now \"$1\" && { echo both >\"$1\"; exit; }; discfg set raced now -q; echo mine >\"$1\"";
    edit(place, script, &["raced", "-y"])
        .code(0)
        .stdout("/raced: version 2, revision 2\n");
    done(place, &["get", "raced", "-f", "raw"]).stdout("both");
    nothing_is_left(place);
}

fn an_invalid_value_is_kept_in_the_file(place: &Place) {
    done(place, &["set", "limits", "{\"a\": 1}"]);
    let failed = edit(
        place,
        "printf '{\\n\"a\": hunter2}\\n' >\"$1\"",
        &["limits", "-y"],
    )
    .code(8)
    .stderr_has("error: invalid JSON value at line 2, column 6: syntax error")
    .stderr_has("`discfg set /limits -d FILE --text`");
    assert_eq!(kept(place, &failed), "{\n\"a\": hunter2}\n");
    let failed = edit(place, "printf '\\377' >\"$1\"", &["limits", "-y"])
        .code(8)
        .stderr_has("error: the text is not valid UTF-8");
    assert!(
        failed.errors().contains("your text is kept in "),
        "{}",
        failed.errors()
    );
    fs::remove_dir_all(runtime(place)).expect("it is ours");
    done(place, &["set", "text", "a"]);
    let failed = edit(
        place,
        "head -c 200000 /dev/zero | tr '\\0' x >\"$1\"",
        &["text", "-y"],
    )
    .code(8)
    .stderr_has("value too large: 200,000 bytes");
    assert_eq!(kept(place, &failed).len(), 200_000);
    let failed = edit(
        place,
        "printf 'a: 1\\na: 2\\n' >\"$1\"",
        &["--prefix", "@root", "-y"],
    )
    .code(8)
    .stderr_has("line 2");
    assert_eq!(kept(place, &failed), "a: 1\na: 2\n");
    // Everything below a prefix isn't deleted by an empty file.
    edit(place, ": >\"$1\"", &["--prefix", "@root", "-y"])
        .code(8)
        .stderr_has("the file is empty");
    fs::remove_dir_all(runtime(place)).expect("it is ours");
    place
        .args(["set", "blob", "-d", "-"])
        .stdin([0xff, 0])
        .run()
        .code(0);
    edit(place, "true", &["blob"])
        .code(8)
        .stderr_has("error: the value of /blob is bytes, not text")
        .stderr_has("`discfg get /blob -f raw > FILE`");
    nothing_is_left(place);
    done(place, &["get", "limits", "-f", "raw"]).stdout("{\"a\": 1}");
}

fn a_secret_stays_one_and_leaves_no_trace(place: &Place) {
    done(place, &["set", "db/pw", "hunter1", "--secret"]);
    let script =
        "stat -c %a \"$1\" \"$(dirname \"$1\")\" >modes; grep -q hunter1 \"$1\" && echo hunter2 >\"$1\"";
    let told = edit(place, script, &["db/pw", "-y", "-f", "json"])
        .code(0)
        .stderr("~ /db/pw\t(secret)\n");
    assert!(!told.text().contains("hunter"), "{}", told.text());
    nothing_is_left(place);
    assert_eq!(
        fs::read_to_string(place.dir().join("modes")).expect("modes"),
        "600\n700\n"
    );
    let node = done(place, &["get", "db/pw", "-f", "json"]).json()["node"].clone();
    assert_eq!(
        (&node["value"], &node["secret"]),
        (&json!("hunter2"), &json!(true))
    );
    let failed = edit(place, "echo hunter3 >\"$1\"", &["db/pw"])
        .code(2)
        .stderr_lacks("hunter");
    assert_eq!(kept(place, &failed), "hunter3\n");
    nothing_is_left(place);
}

fn a_conflict_is_merged_in_the_editor(place: &Place) {
    done(place, &["set", "list", "a\nb\nc\nd\ne"]);
    // What was changed apart is merged, for the user to look at.
    let script =
        "cp \"$1\" seen; grep -q E \"$1\" && exit; discfg set list 'a\nb\nc\nd\nE' -q; sed -i s/a/A/ \"$1\"";
    edit(place, script, &["list", "-y"])
        .code(0)
        .stdout("/list: version 3, revision 3\n")
        .stderr_has("key /list changed while you were editing: check the result\n");
    done(place, &["get", "list", "-f", "raw"]).stdout("A\nb\nc\nd\nE");
    // What was changed in one place is marked, and isn't stored while it is.
    let script =
        "cp \"$1\" seen; grep -q now \"$1\" && exit; discfg set list 'A\nnow' -q; printf 'A\\nmine' >\"$1\"";
    let left = edit(place, script, &["list", "-y"])
        .code(8)
        .stderr_has("key /list changed while you were editing: resolve the conflicts\n")
        .stderr_has("error: line 2 is a conflict marker: choose a version and remove the markers");
    let marked = "A\n<<<<<<< mine\nmine\n||||||| base\nb\nc\nd\nE\n=======\nnow\n>>>>>>> now\n";
    assert_eq!(kept(place, &left), marked);
    let script = "grep -q '>>>' \"$1\" && { printf 'A\\nboth' >\"$1\"; exit; }\n\
        discfg set list 'A\nlater' -q; printf 'A\\nmine' >\"$1\"";
    edit(place, script, &["list", "-y"])
        .code(0)
        .stderr_has("  -later\n  +both\n");
    done(place, &["get", "list", "-f", "raw"]).stdout("A\nboth");
    // Another made the same change.
    edit(
        place,
        "discfg set list same -q; echo same >\"$1\"",
        &["list", "-y"],
    )
    .code(0)
    .stdout("/list: unchanged\n");
    // It is gone.
    let script =
        "grep -q '>>>' \"$1\" && { echo again >\"$1\"; exit; }; discfg delete list -q; echo mine >\"$1\"";
    edit(place, script, &["list", "-y"])
        .code(0)
        .stdout_has("/list: version 1, ");
    done(place, &["get", "list", "-f", "raw"]).stdout("again");
    // It never ends.
    let script = "discfg set list $(date +%N) -q; echo mine >\"$1\"";
    let failed = edit(place, script, &["list", "-y"])
        .code(4)
        .stderr_has("error: key /list: expected revision ");
    assert_eq!(kept(place, &failed), "mine\n");
    nothing_is_left(place);
}

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
    let told = edit(place, script, &["--prefix", "/db", "-y", "-f", "json"])
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
        (&told["action"], &told["result"]),
        (&json!("edit"), &json!("applied"))
    );
    assert_eq!(
        (
            &told["added"],
            &told["changed"],
            &told["removed"],
            &told["unchanged"]
        ),
        (&json!(1), &json!(1), &json!(1), &json!(1))
    );
    assert_eq!(told["sections"], json!([{"name": "/db", "revision": 4}]));
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
    let told = edit(place, script, &["--prefix", "app", "-y"])
        .code(0)
        .stderr_lacks("hunter");
    assert!(!told.text().contains("hunter"));
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
fn the_editor_is_chosen_as_git_does() {
    let place = embedded();
    place.write("ed", "echo \"$0 $1\" >said");
    let said = || fs::read_to_string(place.dir().join("said")).expect("it was called");
    let call = || place.args(["edit", "k"]);
    let none = call().run().code(2);
    assert_eq!(
        none.errors(),
        "error: no editor: VISUAL and EDITOR are not set\n  hint: name one, such as EDITOR=nano or EDITOR='code --wait'\n"
    );
    call()
        .env("VISUAL", "sh ed")
        .env("TERM", "dumb")
        .run()
        .code(2)
        .stderr_has("because: TERM is unset or dumb, so VISUAL is not used");
    call().env("EDITOR", "sh ed").env("VISUAL", "false").run().code(0);
    assert!(said().starts_with("ed /"), "{}", said());
    call()
        .env("EDITOR", "false")
        .env("VISUAL", "sh ed")
        .env("TERM", "xterm")
        .run()
        .code(0);
    let wordy = "f() { echo \"$@\" >said; }; f --wait";
    call().env("EDITOR", wordy).run().code(0);
    assert!(said().starts_with("--wait /"), "{}", said());
    call()
        .env("EDITOR", "nosuch-editor --wait")
        .run()
        .code(1)
        .stderr_has("the editor `nosuch-editor --wait` exited with code 127")
        .stderr_has("hint: check the variables VISUAL and EDITOR");
    // Where nothing is named, vi is, if it is there.
    let vi = place.write("bin/vi", "#!/bin/sh\necho vi \"$1\" >said\n");
    fs::set_permissions(&vi, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let path = format!("{}:/usr/bin:/bin", vi.parent().expect("a folder").display());
    call().env("PATH", &path).env("TERM", "xterm").run().code(0);
    assert!(said().starts_with("vi /"), "{}", said());
    call().env("PATH", &path).run().code(2);
}

#[test]
fn the_file_is_in_memory_where_that_is_possible() {
    let place = embedded();
    place.write("ed", "echo \"$1\" >path");
    let path = |runtime: &str| {
        let call = place.args(["edit", "k"]).env("EDITOR", "sh ed");
        call.env("XDG_RUNTIME_DIR", runtime).run().code(0);
        fs::read_to_string(place.dir().join("path")).expect("it was called")
    };
    let good = runtime(&place);
    assert!(path(&good.to_string_lossy()).starts_with(&*good.to_string_lossy()));
    // Others could put a folder of theirs in its place.
    fs::set_permissions(&good, fs::Permissions::from_mode(0o777)).expect("it is ours");
    for unfit in [&*good.to_string_lossy(), "", "run", "/nosuch"] {
        let path = path(unfit);
        assert!(path.starts_with("/dev/shm/discfg-edit-"), "{unfit}: {path}");
    }
    nothing_is_left(&place);
}

#[test]
fn an_interrupt_is_the_editors_and_other_signals_remove_the_file() {
    let place = embedded();
    place.args(["set", "pw", "hunter1", "--secret"]).run().code(0);
    let script = "rm -f hold; mkfifo hold; echo hunter2 >\"$1\"; echo ready; read x <hold";
    let running = call(&place, script, &["pw", "-y"]).start();
    running.says("ready");
    running.signal("INT");
    running.signal("QUIT");
    fs::write(place.dir().join("hold"), "go\n").expect("it is read");
    running.end().code(0).stdout("/pw: version 2, revision 2\n");
    nothing_is_left(&place);
    for signal in ["TERM", "HUP"] {
        let running = call(&place, script, &["pw", "-y"]).start();
        running.says("ready");
        running.signal(signal);
        running.end().code(130).stderr_has("error: interrupted\n");
        nothing_is_left(&place);
    }
    place.args(["get", "pw"]).run().code(0).stdout("hunter2\n");
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

#[test]
fn the_questions_are_answered_on_a_terminal() {
    let place = embedded();
    place.args(["set", "limits", "{\"a\": 1}"]).run().code(0);
    // It begins at the line of the fault, and the second time it is mended.
    let script = "#!/bin/sh\ncase $1 in +*) echo \"begins at $1\"; printf '{\\n\"a\": 2}' >\"$2\"; exit; esac\n\
        printf '{\\n\"a\": oops}' >\"$1\"\n";
    let vi = place.write("vi", script);
    fs::set_permissions(&vi, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let runtime = runtime(&place);
    let exports = format!("export EDITOR=./vi XDG_RUNTIME_DIR={}\n", runtime.display());
    type_at_a_shell(
        &place,
        &[
            ("ready> ", &exports),
            ("ready> ", "discfg edit limits\n"),
            ("line 2, column 6: syntax error. Edit again\\? \\[Y/n\\] ", "\n"),
            ("begins at \\+2\n(?s:.*)mycfg: set /limits\\? \\[y/N\\] ", "y\n"),
            ("version 2, revision 2(?s:.*)ready> ", "discfg edit limits\n"),
            ("Edit again\\? \\[Y/n\\] ", "n\n"),
            (
                "kept in (?P<kept>[^\n]+)\nerror: cancelled(?s:.*)ready> ",
                "echo code $?; cat {kept}; rm -r $(dirname {kept})\n",
            ),
            ("code 1\n(?s:.*)oops(?s:.*)ready> ", "discfg edit limits\n"),
            ("Edit again\\? \\[Y/n\\] ", "\x03"),
            (
                "error: cancelled|error: interrupted(?s:.*)ready> ",
                "echo code $?\n",
            ),
            ("code 130", "exit\n"),
        ],
    );
    nothing_is_left(&place);
    place
        .args(["get", "limits", "-f", "raw"])
        .run()
        .code(0)
        .stdout("{\n\"a\": 2}");
}
