//! Keys edited in an editor, which is a script here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::json;

use support::cli::{Call, Outcome, Place};
use support::config::on_every_engine;

on_every_engine!(
    a_value_is_edited_and_keeps_the_rest,
    what_is_not_changed_is_not_written,
    a_new_key_is_created_where_something_is_saved,
    an_invalid_value_is_kept_in_the_file,
    a_secret_stays_one_and_leaves_no_trace,
    a_conflict_is_merged_in_the_editor,
);

pub(super) fn done(place: &Place, args: &[&str]) -> Outcome {
    place.args(args).run().code(0)
}

/// Where the files are, which nothing is to be left in.
pub(super) fn runtime(place: &Place) -> PathBuf {
    let runtime = place.home().join("run");
    fs::create_dir_all(&runtime).expect("a folder");
    runtime
}

#[track_caller]
pub(super) fn nothing_is_left(place: &Place) {
    let left: Vec<_> = fs::read_dir(runtime(place)).expect("it is there").collect();
    assert!(left.is_empty(), "{left:?}");
}

pub(super) fn call(place: &Place, script: &str, args: &[&str]) -> Call {
    place.write("ed", script);
    let call = place.args([&["edit"], args].concat());
    call.env("EDITOR", "sh ed").env("XDG_RUNTIME_DIR", runtime(place))
}

/// Edits with a script, which is given the file.
#[track_caller]
pub(super) fn edit(place: &Place, script: &str, args: &[&str]) -> Outcome {
    call(place, script, args).run()
}

/// The text that was kept, whose path was said.
#[track_caller]
pub(super) fn kept(place: &Place, outcome: &Outcome) -> String {
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
    let answer = edit(place, script, &["mycfg", "limits", "-y", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(answer["action"], "edit");
    assert_eq!(answer["node"]["value"], json!({"b": 1.1}));
    assert_eq!(
        (&answer["node"]["version"], &answer["prevNode"]["version"]),
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
    let answer = edit(place, "true", &["db/url", "-f", "json"]).code(0).json();
    assert_eq!(
        (&answer["node"]["version"], &answer["prevNode"]),
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
    let answer = edit(place, script, &["db/pw", "-y", "-f", "json"])
        .code(0)
        .stderr("~ /db/pw\t(secret)\n");
    assert!(!answer.text().contains("hunter"), "{}", answer.text());
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
    // Others make it plain meanwhile: what was opened as a secret is written as one.
    let script = "if [ -e plain ]; then echo hunter4 >\"$1\"; else touch plain; echo hunter3 >\"$1\"; \
        discfg set db/pw nowplain --plain -q >&2; fi";
    let answer = edit(place, script, &["db/pw", "-y", "-f", "json"])
        .code(0)
        .stderr_lacks("hunter");
    assert!(!answer.text().contains("hunter"), "{}", answer.text());
    let node = done(place, &["get", "db/pw", "-f", "json"]).json()["node"].clone();
    assert_eq!(
        (&node["value"], &node["secret"]),
        (&json!("hunter4"), &json!(true))
    );
    nothing_is_left(place);
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
