//! What the linters of workflows don't check.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use support::cli::Place;
use support::yaml::parsed;

use super::lints::{files, workflows};
use super::runner::{ROOT, VERSION};

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn jobs(file: &str) -> Vec<(String, Value)> {
    let jobs = parsed(&read(file))["jobs"].as_object().expect("jobs").clone();
    jobs.into_iter()
        .map(|(name, job)| (format!("{file}: {name}"), job))
        .collect()
}

#[test]
fn an_action_has_one_digest_and_its_version_beside_it() {
    let mut digests = BTreeMap::new();
    for file in workflows() {
        for line in read(&file).lines() {
            let Some((_, used)) = line.split_once("uses: ") else {
                continue;
            };
            if used == "./" || used.starts_with("./ ") {
                continue;
            }
            let (action, pinned) = used.split_once('@').unwrap_or_else(|| panic!("{file}: {line}"));
            if action == "discfg/discfg" {
                assert_eq!(pinned, format!("v{VERSION}"), "{file}");
                continue;
            }
            let (digest, version) = pinned
                .split_once(" # v")
                .unwrap_or_else(|| panic!("{file}: {line}"));
            assert!(
                digest.len() == 40 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{file}: {line}"
            );
            assert_eq!(version.split('.').count(), 3, "{file}: {line}");
            let known = digests
                .entry(action.to_owned())
                .or_insert_with(|| pinned.to_owned());
            assert_eq!(known, pinned, "{file}");
        }
    }
    assert!(digests.len() >= 4, "{digests:?}");
}

#[test]
fn jobs_have_a_time_limit_and_only_their_permissions() {
    for file in workflows() {
        assert_eq!(parsed(&read(&file))["permissions"], json!({}), "{file}");
        for (name, job) in jobs(&file) {
            assert!(job["timeout-minutes"].is_u64(), "{name}");
            assert!(job["permissions"].is_object(), "{name}");
            let writes: Vec<_> = job["permissions"]
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(_, access)| *access == "write")
                .map(|(permission, _)| permission.as_str())
                .collect();
            // What builds a release can't publish one.
            let allowed: &[&str] = match name.as_str() {
                ".github/workflows/release.yml: attest" => &["attestations", "id-token"],
                ".github/workflows/release.yml: image" => &["attestations", "id-token", "packages"],
                ".github/workflows/release.yml: release" => &["contents"],
                ".github/workflows/release.yml: crate" | "examples/github-actions/deploy.yml: deploy" => {
                    &["id-token"]
                }
                _ => &[],
            };
            assert_eq!(writes, allowed, "{name}");
            if file.ends_with("release.yml") {
                let waits = ["attest", "crate"]
                    .iter()
                    .any(|waiting| name.ends_with(&format!(": {waiting}")));
                assert_eq!(job["environment"] == "release", waits, "{name}");
            }
            for step in job["steps"].as_array().expect("steps") {
                let action = step["uses"].as_str().unwrap_or_default();
                if action.starts_with("actions/checkout@") {
                    assert_eq!(step["with"]["persist-credentials"], false, "{name}");
                }
                assert!(
                    !action.starts_with("actions/cache@"),
                    "{name}: a release takes nothing from a cache"
                );
            }
        }
    }
}

#[test]
fn the_gate_is_what_runs() {
    let ci = jobs(".github/workflows/ci.yml");
    assert_eq!(ci.len(), 1);
    let steps = ci[0].1["steps"].as_array().expect("steps").clone();
    assert_eq!(steps.last().expect("a step")["run"], ".ci/run");
    let advisories = read(".github/workflows/advisories.yml");
    assert!(advisories.contains("run: cargo deny check advisories\n"));
}

#[test]
fn the_scripts_that_workflows_call_are_here_and_can_be_run() {
    for file in workflows() {
        for line in read(&file).lines() {
            for word in line
                .split([' ', '"', '('])
                .filter(|word| word.starts_with("packaging/") || *word == ".ci/run")
            {
                if matches!(word, "packaging/dist.py") {
                    continue;
                }
                let script = Path::new(ROOT).join(word);
                assert!(script.is_file(), "{file}: {word}");
            }
        }
    }
    for script in files("packaging", ".sh") {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(Path::new(ROOT).join(&script))
            .expect("its facts")
            .permissions()
            .mode();
        assert_eq!(mode & 0o111, 0o111, "{script}");
    }
}

#[test]
fn a_release_has_the_tag_of_its_version_and_a_section_in_the_changelog() {
    let place = Place::new();
    let manifest = "[workspace.package]\nversion = \"1.2.0\"\n\n[dependencies.a]\nversion = \"9.0.0\"\n";
    place.write("Cargo.toml", manifest);
    place.write("packaging/release_notes.sh", read("packaging/release_notes.sh"));
    let notes = |tag: &str| {
        place
            .shell("exec sh packaging/release_notes.sh \"$0\"")
            .and(&[tag])
            .run()
    };
    let changelog = "# Changelog\n\n## Unreleased\n\n- c\n\n## 1.2.0 (2026-11-30)\n\n- a:\n  ## b\n\n- b\n\n## 1.1.0\n\n- x\n";
    place.write("CHANGELOG.md", changelog);
    notes("v1.2.0").code(0).stderr("").stdout("- a:\n  ## b\n\n- b\n");
    for tag in ["1.2.0", "v1.2.1", "v9.0.0", "v1.2.0-rc.1", "v1.2.0;id", ""] {
        notes(tag).code(1).stdout("").stderr(&format!(
            "error: the tag is {tag}, but Cargo.toml has version 1.2.0\n"
        ));
    }
    for none in [
        "# Changelog\n",
        "## 1.2.0\n\n## 1.1.0\n\n- x\n",
        "## 1.2.01\n\n- x\n",
    ] {
        place.write("CHANGELOG.md", none);
        let said = "error: CHANGELOG.md has no section \"## 1.2.0\", or an empty one\n";
        notes("v1.2.0").code(1).stdout("").stderr(said);
    }
}

#[test]
fn the_documentation_shows_the_example() {
    let example = read("examples/github-actions/deploy.yml");
    let from = example.find("jobs:\n").expect("jobs");
    assert!(
        read("docs/ci.md").contains(&example[from..]),
        "docs/ci.md shows other jobs than {}",
        &example[from..]
    );
}

#[test]
fn the_documentation_has_every_input_and_output() {
    let action = parsed(&read("action.yml"));
    let page = read("docs/ci.md");
    for kind in ["inputs", "outputs"] {
        for name in action[kind].as_object().expect("a mapping").keys() {
            assert!(page.contains(&format!("\n| `{name}` | ")), "{kind}: {name}");
        }
    }
}
