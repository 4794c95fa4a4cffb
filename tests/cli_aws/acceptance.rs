//! The acceptance run, which is meant for a real account, on the emulator.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::account::{Account, REGION};
use support::calls::Calls;
use support::cli::{Place, discfg};
use support::emulator::{Emulator, venv};
use support::front::{function, zip};
use support::markdown::blocks;
use support::node;

const RUN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/acceptance/run.py");

/// The steps about what the emulator doesn't show: keys that a request names, requests without a signature, stacks that
/// fail.
const SKIPPED: [&str; 3] = ["scoped refusals", "unsigned request", "failed create"];

/// The documents with what the run's deployer may, and their sections. The first policy of each is meant.
const POLICIES: [(&str, &str); 3] = [
    (include_str!("../../docs/deployer.md"), "What a deployer needs"),
    (include_str!("../../docs/api.md"), "What a deployer needs besides"),
    (include_str!("../../docs/acceptance.md"), "What it needs"),
];

fn acceptance(work: &Path, args: &[&str]) -> Output {
    let python = venv().expect("the tests' Python").join("bin/python");
    Command::new(python)
        .arg("-B")
        .arg(RUN)
        .args(args)
        .current_dir(work)
        // Nothing of the surroundings.
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", work)
        .env("DISCFG_BIN", discfg())
        .output()
        .expect("it runs")
}

#[test]
fn a_configs_whole_life_passes_and_leaves_nothing() {
    let account = Emulator::shared().account();
    let place = Place::new();
    let url = account.url();
    let code = zip(&place, "front.zip", function(), "acceptance");
    let kept = Calls::of(&account);
    let ended = acceptance(
        &place.dir(),
        &[
            "--emulator-url",
            &url,
            "--emulator-account",
            account.id(),
            "--code",
            &code.to_string_lossy(),
            "--report",
            "report.json",
            "--yes",
        ],
    );
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    let file = place.dir().join("report.json");
    let report = fs::read_to_string(&file).expect("a report");
    assert!(!report.contains(account.id()) && !told.contains(account.id()));
    let mode = fs::metadata(&file).expect("a report").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let steps = report["steps"].as_array().expect("steps");
    let skipped: Vec<_> = steps.iter().filter(|step| step["result"] != "ok").collect();
    let names: Vec<_> = skipped
        .iter()
        .map(|step| step["step"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(names, SKIPPED, "{told}");
    let calls = report["calls"].as_array().expect("calls");
    assert!(
        calls
            .iter()
            .all(|call| call["code"].is_i64() && call["ms"].is_u64())
    );
    assert!(report["dollars"].as_f64().is_some_and(|dollars| dollars < 0.1));
    the_documents_allow(&place, &account, &kept.made());
}

/// The deployer's calls are allowed by what the documents give it, and not by less.
fn the_documents_allow(place: &Place, account: &Account, calls: &[Value]) {
    let deployer = format!("arn:aws:iam::{}:user/administrator", account.id());
    let mut calls: Vec<_> = calls
        .iter()
        .filter(|call| call["principal"] == *deployer)
        .collect();
    calls.sort_by_cached_key(ToString::to_string);
    calls.dedup();
    assert!(calls.len() > 80, "only {}", calls.len());
    let policies = POLICIES.map(|(document, section)| {
        let block = &blocks(document, section, "json")[0];
        let block = block.replace("ACCOUNT", account.id()).replace("REGION", REGION);
        serde_json::from_str::<Value>(&block).expect("a policy is JSON")
    });
    let denied = |policies: &[Value]| {
        let file = place.dir().join("calls.json");
        let asked = json!({"account": account.id(), "policies": policies, "calls": calls});
        fs::write(&file, asked.to_string()).expect("a file");
        let ran = node::run("recorded.mjs", &file);
        (
            ran.status.code(),
            String::from_utf8_lossy(&ran.stderr).into_owned(),
        )
    };
    assert_eq!(denied(&policies), (Some(0), String::new()));
    // Without any one of them something is denied.
    for (left_out, action) in [
        "cloudformation:ListStacks",
        "s3:PutObject",
        "kms:ScheduleKeyDeletion",
    ]
    .iter()
    .enumerate()
    {
        let mut fewer = policies.to_vec();
        fewer.remove(left_out);
        let (code, said) = denied(&fewer);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(action), "{said}");
    }
}

#[test]
fn without_an_answer_nothing_is_begun() {
    let account = Emulator::shared().account();
    let place = Place::new();
    let url = account.url();
    let on = ["--emulator-url", &url, "--emulator-account", account.id()];
    let ended = acceptance(&place.dir(), &on);
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(
        said.contains("refusing to continue without confirmation (no terminal): use --yes"),
        "{said}"
    );
    assert!(!place.dir().join("acceptance-report.json").exists());
}

#[test]
fn its_own_tests_pass() {
    let place = Place::new();
    let ended = acceptance(&place.dir(), &["--selftest"]);
    assert!(
        ended.status.success(),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}
