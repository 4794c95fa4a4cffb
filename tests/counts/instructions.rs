//! How many instructions commands of the binary that the tests run execute in user space.
//!
//! It isn't optimised, so its figures say nothing of the release; they say that a command does more than it did. They
//! depend on the compiler, which the table therefore names.

use std::env;
use std::path::Path;
use std::process::Command;

use support::cli::Place;
use support::config::{behind_proxy, embedded};
use support::counts::{self, Counts, FILE};

use super::tool::{say, working};

/// An entry as the table holds it.
const ENTRY: &str = r#"{"Item":{"pk":{"S":"/db"},"sk":{"S":"/db/url"},
    "value":{"S":"{\"url\":\"postgres://db.example.com:5432/app\"}"},"kind":{"S":"json"},
    "version":{"N":"3"},"rev":{"N":"7"},"created":{"S":"2026-11-01T12:00:00Z"},
    "modified":{"S":"2026-11-02T12:00:00Z"},
    "by":{"S":"arn:aws:sts::123456789012:assumed-role/developer/jo"}}}"#;

/// The compiler and what it compiles for, of this machine.
fn compiler() -> (String, String) {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(rustc)
        .arg("-vV")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("rustc runs where cargo does");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    let rustc = told.lines().next().unwrap_or_default().to_owned();
    (rustc, host.unwrap_or_default().to_owned())
}

#[track_caller]
fn instructions(valgrind: &Path, place: &Place, args: &[&str]) -> u64 {
    let words = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"];
    let outcome = place.under(valgrind, words, args).run().code(0);
    let collected = outcome.errors().lines().find_map(|line| {
        let (_, number) = line.split_once("Collected : ")?;
        number.trim().parse().ok()
    });
    collected.unwrap_or_else(|| panic!("callgrind tells no count: {}", outcome.errors()))
}

#[test]
fn dev_binary_where_valgrind_is_there() {
    let Some(valgrind) = working("valgrind", &["--version"]) else {
        say(&format!(
            "NOT COUNTED: [instructions.dev] of {FILE}, since valgrind isn't there"
        ));
        return;
    };
    let (rustc, host) = compiler();
    let table = Counts::checked_in();
    let (of_rustc, of_host) = (
        table.text("counted-with", "rustc"),
        table.text("counted-with", "host"),
    );
    if (rustc.as_str(), host.as_str()) != (of_rustc, of_host) {
        say(&format!(
            "NOT COUNTED: [instructions.dev] of {FILE} is of {of_rustc} for {of_host}, and this is {rustc} for {host}"
        ));
        return;
    }
    let local = embedded();
    local.args(["set", "db/url", "one"]).run().code(0);
    let (_account, proxy, aws) = behind_proxy();
    proxy.on("GetItem").answer(200, ENTRY);
    let rows: &[(&str, &Place, &[&str])] = &[
        ("--help", &local, &["--help"]),
        ("get, embedded engine", &local, &["get", "db/url"]),
        ("set, embedded engine", &local, &["set", "db/url", "two"]),
        ("get, DynamoDB over http", &aws, &["get", "db/url"]),
    ];
    counts::hold("instructions.dev", |counted| {
        for (row, place, args) in rows {
            counted.instructions(row, instructions(&valgrind, place, args));
        }
    });
}
