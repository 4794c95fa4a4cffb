//! A stand-in for the runner of GitHub Actions: it runs the steps of `action.yml` and reads what they leave.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use support::cli::{Outcome, Place};
use support::yaml::parsed;

use super::releases::Releases;

pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The version of the action, which is what it installs.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A job on a runner.
pub(crate) struct Runner {
    place: Place,
    action: Value,
    releases: Releases,
}

/// What a use of the action left.
#[derive(Default)]
pub(crate) struct Used {
    /// stdout and stderr of the steps, as the runner reads them.
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Whether all steps succeeded.
    pub(crate) succeeded: bool,
    /// What the steps wrote to the files of the runner.
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) path: String,
    pub(crate) outputs: BTreeMap<String, String>,
}

impl Used {
    /// The values that the steps had masked, in order.
    pub(crate) fn masks(&self) -> Vec<&str> {
        self.stderr
            .lines()
            .filter_map(|line| line.strip_prefix("::add-mask::"))
            .collect()
    }

    /// What is in the log, which shows no mask command.
    pub(crate) fn log(&self) -> String {
        let shown = |line: &&str| !line.starts_with("::add-mask::");
        let lines: Vec<_> = self
            .stdout
            .lines()
            .chain(self.stderr.lines())
            .filter(shown)
            .collect();
        lines.join("\n")
    }

    /// The steps failed with this on the job's page, and exported nothing.
    #[track_caller]
    pub(crate) fn failed(&self, said: &str) {
        let (stdout, stderr) = (&self.stdout, &self.stderr);
        assert!(!self.succeeded, "{stdout}{stderr}");
        assert!(
            stdout.contains(&format!("::error title=discfg::{said}\n")),
            "{stdout}{stderr}"
        );
        assert!(self.env.is_empty(), "{:?}", self.env);
        assert_eq!(self.outputs.get("values").map_or("", |values| values), "");
    }

    /// The steps succeeded.
    #[track_caller]
    pub(crate) fn worked(self) -> Self {
        assert!(self.succeeded, "{}{}", self.stdout, self.stderr);
        self
    }
}

impl Runner {
    /// A job in that place, where the release of the action's version runs the built program.
    pub(crate) fn new(place: Place) -> Self {
        let releases = Releases::empty();
        let program = format!("#!/bin/sh\nexec '{}' \"$@\"\n", support::cli::discfg());
        releases.publish(VERSION, &program);
        let files = place.home().join("runner");
        for folder in ["temp", "tools", "files"] {
            fs::create_dir_all(files.join(folder)).expect("a folder");
        }
        let place = place
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTION_PATH", ROOT)
            .env("RUNNER_TEMP", files.join("temp"))
            .env("RUNNER_TOOL_CACHE", files.join("tools"))
            .env("DISCFG_RELEASES_URL", releases.url())
            .env("PATH", "/usr/bin:/bin");
        let action = fs::read_to_string(Path::new(ROOT).join("action.yml")).expect("the action");
        Self {
            place,
            action: parsed(&action),
            releases,
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn releases(&self) -> &Releases {
        &self.releases
    }

    /// Sets a variable of the job.
    pub(crate) fn env(self, name: &str, value: &str) -> Self {
        Self {
            place: self.place.env(name, value),
            ..self
        }
    }

    /// Uses the action with these inputs.
    pub(crate) fn uses(&self, inputs: &[(&str, &str)]) -> Used {
        self.uses_where(inputs, &[])
    }

    /// The same, where these files of the runner are others.
    pub(crate) fn uses_where(&self, inputs: &[(&str, &str)], files: &[(&str, &str)]) -> Used {
        let declared = self.action["inputs"].as_object().expect("inputs");
        let mut context: BTreeMap<String, String> = declared
            .iter()
            .map(|(name, input)| (format!("inputs.{name}"), text(&input["default"])))
            .collect();
        for (name, value) in inputs {
            let known = context.insert(format!("inputs.{name}"), (*value).to_owned());
            assert!(known.is_some(), "the action has no input {name}");
        }
        let mut used = Used {
            succeeded: true,
            ..Used::default()
        };
        for step in self.action["runs"]["steps"].as_array().expect("steps") {
            let ran = self.run(step, &context, files, &mut used);
            used.stdout += &ran.text();
            used.stderr += ran.errors();
            let written = pairs(&self.file("GITHUB_OUTPUT"));
            for (name, value) in written {
                context.insert(format!("steps.{}.outputs.{name}", text(&step["id"])), value);
            }
            if ran.exit_code() != Some(0) {
                used.succeeded = false;
                break;
            }
        }
        for (name, output) in self.action["outputs"].as_object().expect("outputs") {
            used.outputs
                .insert(name.clone(), evaluate(&text(&output["value"]), &context));
        }
        used
    }

    fn run(
        &self,
        step: &Value,
        context: &BTreeMap<String, String>,
        files: &[(&str, &str)],
        used: &mut Used,
    ) -> Outcome {
        assert_eq!(step["shell"], "sh");
        let script = text(&step["run"]);
        assert!(!script.contains("${{"), "an expression in a script: {script}");
        let mut call = self.place.shell(&script);
        for (name, value) in step["env"].as_object().expect("variables") {
            call = call.env(name, evaluate(&text(value), context));
        }
        for name in ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH"] {
            fs::write(self.path(name), "").expect("a file");
            match files.iter().find(|(other, _)| *other == name) {
                Some((_, "")) => {}
                Some((_, path)) => call = call.env(name, path),
                None => call = call.env(name, self.path(name)),
            }
        }
        let ran = call.run();
        used.env.extend(pairs(&self.file("GITHUB_ENV")));
        used.path += &self.file("GITHUB_PATH");
        let temp = fs::read_dir(self.place.home().join("runner/temp")).expect("a folder");
        let left: Vec<_> = temp.flatten().map(|entry| entry.file_name()).collect();
        assert!(left.iter().all(|name| name == "discfg"), "{left:?}");
        ran
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.home().join("runner/files").join(name)
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it was written before the step")
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A text with one expression for the whole of it, which is all that the action has.
fn evaluate(text: &str, context: &BTreeMap<String, String>) -> String {
    let Some(name) = text
        .strip_prefix("${{ ")
        .and_then(|rest| rest.strip_suffix(" }}"))
    else {
        return text.to_owned();
    };
    let is_known = context.contains_key(name) || name.starts_with("steps.");
    assert!(is_known, "unknown: {name}");
    context.get(name).cloned().unwrap_or_default()
}

/// Reads a file of variables or outputs as the runner does: `NAME=VALUE`, or `NAME<<END` and lines up to END.
pub(crate) fn pairs(file: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut lines = file.split('\n');
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let heredoc = line.find("<<").filter(|at| !line[..*at].contains('='));
        let (name, value) = if let Some(at) = heredoc {
            let end = &line[at + 2..];
            let value: Vec<_> = lines.by_ref().take_while(|line| *line != end).collect();
            (&line[..at], value.join("\n"))
        } else {
            let (name, value) = line
                .split_once('=')
                .unwrap_or_else(|| panic!("invalid line {line:?}"));
            (name, value.to_owned())
        };
        found.insert(name.to_owned(), value);
    }
    found
}
