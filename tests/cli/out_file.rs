//! `--out FILE`: a result in a file, whole or not at all.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use support::cli::Place;
use support::config::on_every_engine;

on_every_engine!(
    a_result_is_written_to_a_file,
    a_refusal_leaves_the_file_as_it_is,
    the_output_of_other_tools_leads_there,
);

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.dir().join(name)).expect("a file")
}

fn a_result_is_written_to_a_file(place: &Place) {
    place
        .args(["set", "db/url=one", "db/n={\"n\": 1}", "-q"])
        .run()
        .code(0);
    place.args(["set", "db/url", "two"]).run().code(0);
    place.write("bytes", [0xff, 0]);
    place.args(["set", "raw", "-d", "bytes"]).run().code(0);
    let written = |code: i32, args: &[&str]| {
        place.write("out", "before");
        place
            .args([args, &["--out", "out"]].concat())
            .run()
            .code(code)
            .stdout("")
            .stderr("");
        // The same as stdout has, readable by its owner alone.
        let shown = place.args(args).run().code(code);
        let path = place.dir().join("out");
        shown.stdout(fs::read(&path).expect("a file"));
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    };
    written(0, &["get", "db/url"]);
    written(0, &["get", "db/url", "-f", "raw"]);
    written(0, &["get", "db/url", "-f", "json"]);
    written(0, &["get", "raw"]);
    written(0, &["get", "mycfg", "db/url", "db/n", "raw"]);
    written(0, &["get", "db/n", "--field", "/n"]);
    written(0, &["history", "db/url"]);
    written(0, &["history", "-f", "yaml"]);
    // That two sides differ is a result, too.
    written(1, &["diff", "/db@1", "/db", "--values"]);
    written(1, &["diff", "/db@1", "/db", "-f", "json"]);
    written(0, &["diff", "/db", "/db"]);
    let on_terminal = "script -qec 'discfg get db/n --out out --color always' /dev/null </dev/null";
    place.shell(on_terminal).run().code(0).stdout("");
    assert_eq!(read(place, "out"), "{\"n\": 1}\n");
}

fn a_refusal_leaves_the_file_as_it_is(place: &Place) {
    place.args(["set", "k", "v"]).run().code(0);
    place.write("out", "before");
    for (code, args) in [
        (3, &["get", "none"][..]),
        (3, &["get", "mycfg", "k", "none"]),
        (8, &["get", "k", "--field", "/a"]),
        (3, &["diff", "/none", "/other"]),
        (3, &["history", "-c", "nosuch", "k"]),
        (0, &["get", "k", "-f", "silent"]),
    ] {
        let outcome = place.args([args, &["--out", "out"]].concat()).run();
        outcome.code(code).stdout("");
        assert_eq!(read(place, "out"), "before", "{args:?}");
    }
    symlink("out", place.dir().join("link")).expect("a link");
    for (file, why) in [
        ("link", "it is not a regular file"),
        ("/dev/null", "it is not a regular file"),
        ("out/below", "out is not a directory"),
        ("no/such", "cannot write to no/such: directory no not found"),
    ] {
        place
            .args(["get", "k", "--out", file])
            .run()
            .code(8)
            .stdout("")
            .stderr_has(why);
    }
    assert_eq!(read(place, "out"), "before");
}

fn the_output_of_other_tools_leads_there(place: &Place) {
    let led = "'-f FORMAT' chooses the format; '--out FILE' names a file";
    for args in [
        &["get", "k", "-o", "json"][..],
        &["get", "k", "--output", "json"],
        &["export", "-o", "file"],
        &["history", "k", "--output=json"],
        &["diff", "/a", "/b", "-o", "json"],
        &["ls", "-o", "json"],
    ] {
        place.args(args).run().code(2).stdout("").stderr_has(led);
    }
}
