//! How often commands on the embedded engine wait for the disk.

use std::fs;

use support::cli::Place;
use support::counts::{self, FILE};

use super::asking::ten;
use super::tool::{say, working};

/// All by which a process asks for data to be on the disk.
const CALLS: &str = "fsync,fdatasync,sync,syncfs,sync_file_range,msync";

#[test]
fn embedded_engine_where_strace_is_there() {
    let Some(strace) = working(
        "strace",
        &["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "true"],
    ) else {
        say(&format!(
            "NOT COUNTED: [syncs] of {FILE}, since strace isn't there or may not trace"
        ));
        return;
    };
    let place = Place::new();
    let report = place.home().join("strace");
    let syncs = |args: &[&str]| {
        let report = report.to_str().expect("it is UTF-8");
        let trace = format!("trace={CALLS}");
        place
            .under(&strace, ["-f", "-qq", "-o", report, "-e", &trace], args)
            .run()
            .code(0);
        let lines = fs::read_to_string(report).expect("strace wrote it");
        // A call that another thread's comes between has a second line for its end.
        let calls = lines.lines().filter(|line| !line.contains(" resumed>"));
        let calls = calls.filter(|line| CALLS.split(',').any(|call| line.contains(&format!(" {call}("))));
        calls.count().try_into().expect("a few")
    };
    ten(&place, "ten.json", "one");
    ten(&place, "other.json", "two");
    let rows: &[(&str, &[&str])] = &[
        ("init --local, a new config", &["init", "mycfg", "--local"]),
        ("init --local, unchanged", &["init", "mycfg", "--local"]),
        ("set, the first of a config", &["set", "db/user", "one"]),
        ("set, a new key", &["set", "db/url", "one"]),
        ("set, a key that is there", &["set", "db/url", "two"]),
        (
            "set --secret, the first of a config",
            &["set", "db/pw", "one", "--secret"],
        ),
        ("set --secret", &["set", "db/pw", "two", "--secret"]),
        ("get", &["get", "db/url"]),
        ("touch", &["touch", "db/url", "--ttl", "1h"]),
        ("ls -r", &["ls", "-r"]),
        ("delete", &["delete", "db/url"]),
        (
            "apply, ten new keys",
            &["apply", "--yes", "-d", "ten.json", "--prefix", "/ten"],
        ),
        (
            "apply, ten keys that are so",
            &["apply", "--yes", "-d", "ten.json", "--prefix", "/ten"],
        ),
        (
            "import, ten keys",
            &["import", "-d", "other.json", "--prefix", "/ten"],
        ),
        ("export", &["export"]),
        ("purge", &["purge", "db/user", "--yes"]),
    ];
    counts::hold("syncs", |counted| {
        for (row, args) in rows {
            counted.number(row, syncs(args));
        }
    });
}
