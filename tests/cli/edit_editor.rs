//! Which editor `edit` opens and where its file is; signals and questions.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::edit::{call, nothing_is_left, runtime};
use super::exec_terminal::type_at_a_shell;
use support::config::embedded;

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
            // What was typed outlives a signal, too, once the editor has ended.
            (
                "kept in (?P<last>[^\n]+)\nerror: interrupted(?s:.*)ready> ",
                "echo code $?; cat {last}; rm -r $(dirname {last})\n",
            ),
            ("code 130\n(?s:.*)oops(?s:.*)ready> ", "exit 0\n"),
        ],
    );
    nothing_is_left(&place);
    place
        .args(["get", "limits", "-f", "raw"])
        .run()
        .code(0)
        .stdout("{\n\"a\": 2}");
}
