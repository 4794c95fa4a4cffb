//! What is exported is read by those whom it is for: shells, python-dotenv, docker's and GitHub's rules, readers of YAML
//! and CSV, Terraform's grammar. Many values a process, so that it takes a second and not a minute.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use discfg::formats::{DataFormat, FormatError, Layout, write};
use discfg::model::{Encoding, Key, Prefix, Value};
use hcl_edit::expr::Expression;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use support::emulator::venv;

const CONSUMERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/consumers.py");

/// What has gone wrong somewhere, in some tool.
const ODD: &[&str] = &[
    "",
    " ",
    "  a  ",
    "\t",
    "a b",
    "#",
    "a #b",
    "a#b",
    "=",
    "a=b=c",
    "'",
    "\"",
    "''",
    "\"\"",
    "'\"`",
    "it's",
    "`id`",
    "$(id)",
    "$HOME",
    "a$",
    "$$",
    "%{x}",
    "%%{x}",
    "$${x}",
    "\\",
    "a\\b",
    "\\\\",
    "a\\'",
    "a\\\\'b",
    "\\n",
    "\\$",
    "\n",
    "\r",
    "a\r\nb",
    "\r\n",
    "a\n",
    "\na",
    "a\n\nb\n",
    "é",
    "日本語",
    "😀",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{7f}",
    "\u{1}",
    "yes",
    "No",
    "null",
    "~",
    "true",
    "1.10",
    "0.1.0",
    "0x1f",
    "1_000",
    "12:30:45",
    "2026-01-01",
    "1e5",
    ".inf",
    "- a",
    "a: b",
    "{a: b}",
    "[a]",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "@a",
    "%a",
    "a,b",
    ";",
    "a\u{b}b",
    "DISCFG_EOF",
    "x\nDISCFG_EOF\ny",
    "EOF",
    "!",
    "history!1",
    "export A=b",
    "--",
    "%%",
    "/",
    "~/a",
    "*",
    "?",
    "a\\\n",
    "\u{a0}a\u{a0}",
    "$a'\\b",
];

/// The odd ones and many more, the same in each run.
fn values() -> Vec<String> {
    let strategy = prop_oneof![
        any::<String>(),
        "[ \\t\\r\\n\"'`$%{}()=#!\\\\:;,~&*<>|a-]{0,12}",
        "[ -~]{0,20}",
    ];
    let mut runner = TestRunner::deterministic();
    let mut more = || strategy.new_tree(&mut runner).expect("a value").current();
    let odd = ODD.iter().map(|text| (*text).to_owned());
    let mut values: Vec<String> = odd.collect();
    values.extend((0..300).map(|_| more()));
    values
}

fn items(values: &[String], prefix: &str) -> Vec<(Key, Value)> {
    let numbered = values.iter().enumerate();
    numbered
        .map(|(number, text)| {
            let key = format!("{prefix}/K{number:03}").parse().expect("a key");
            (key, Value::new(text.as_str(), Encoding::Text).expect("text"))
        })
        .collect()
}

fn layout(nested: bool) -> Layout {
    Layout {
        prefix: Prefix::all(),
        relative: true,
        nested,
        flat: false,
        name: "mycfg".into(),
    }
}

/// The values that a format holds by themselves; of each that it doesn't hold, `may_refuse` must say why.
fn held(format: DataFormat, may_refuse: impl Fn(&str) -> bool) -> Vec<String> {
    let holds = |text: &String| match write(format, &items(std::slice::from_ref(text), ""), &layout(false)) {
        Ok(_) => true,
        Err(FormatError::Unfit { .. }) if may_refuse(text) => false,
        Err(error) => panic!("{format} refuses {text:?}: {error}"),
    };
    let held: Vec<String> = values().into_iter().filter(holds).collect();
    assert!(
        held.len() > 200,
        "{format} holds only {} of the values",
        held.len()
    );
    held
}

fn written(format: DataFormat, values: &[String]) -> Vec<u8> {
    write(format, &items(values, ""), &layout(false)).expect("each can be written by itself")
}

fn file(folder: &Path, name: &str, bytes: Vec<u8>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a file");
    path
}

#[test]
fn shells_source_it() {
    let values = held(DataFormat::Shell, |text| text.contains('\0'));
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path(), "shell", written(DataFormat::Shell, &values));
    let script = r#". "$1"; i=0; while [ $i -lt "$2" ]; do
        name=$(printf 'K%03d' $i); eval "printf '%s\0' \"\$$name\""; i=$((i+1)); done"#;
    for shell in ["bash", "sh"] {
        let output = Command::new(shell)
            .args(["-c", script, "sh"])
            .arg(&path)
            .arg(values.len().to_string())
            .output()
            .expect("a shell");
        assert!(
            output.status.success(),
            "{shell}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        let found: Vec<&str> = said.trim_end_matches('\0').split('\0').collect();
        // Empty values at the end would be trimmed with the ends of the others.
        for (number, value) in values.iter().enumerate() {
            assert_eq!(
                found.get(number).copied().unwrap_or_default(),
                value,
                "{shell}: K{number:03}"
            );
        }
    }
}

/// docker's own rules (docker/cli, pkg/kvfile): lines as Go's scanner ends them, blanks before a name trimmed, lines
/// with `#` skipped, a name up to the first `=`, the rest as it is.
fn docker(file: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in file.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start();
        assert!(line.len() < 64 * 1024, "the scanner's buffer is full");
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').expect("a name and a value");
        assert!(!name.contains(char::is_whitespace), "{name:?}");
        found.insert(name.to_owned(), value.to_owned());
    }
    found
}

/// GitHub's rules (actions/runner, FileCommandManager): `NAME<<DELIMITER`, then lines up to one that is the delimiter.
fn github(file: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut lines = file
        .split_inclusive('\n')
        .map(|line| line.strip_suffix('\n').unwrap_or(line));
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let equals = line.find('=').unwrap_or(usize::MAX);
        let heredoc = line.find("<<").unwrap_or(usize::MAX);
        assert!(heredoc < equals, "{line:?}");
        let (name, delimiter) = line.split_once("<<").expect("it is there");
        assert!(!name.is_empty() && !delimiter.is_empty());
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        found.insert(name.to_owned(), value.join("\n"));
    }
    found
}

#[test]
fn docker_and_github_read_it_by_their_rules() {
    let values = held(DataFormat::DockerEnv, |text| {
        text.contains(['\0', '\n']) || text.ends_with('\r')
    });
    let file = String::from_utf8(written(DataFormat::DockerEnv, &values)).expect("UTF-8");
    assert_eq!(docker(&file), named(&values));
    let values = held(DataFormat::GithubEnv, |text| text.contains('\0'));
    let file = String::from_utf8(written(DataFormat::GithubEnv, &values)).expect("UTF-8");
    assert_eq!(github(&file), named(&values));
}

fn named(values: &[String]) -> BTreeMap<String, String> {
    let numbered = values.iter().enumerate();
    numbered
        .map(|(number, value)| (format!("K{number:03}"), value.clone()))
        .collect()
}

#[test]
fn terraform_s_grammar_reads_it() {
    let values = held(DataFormat::Tfvars, |text| text.contains('\0'));
    let file = String::from_utf8(written(DataFormat::Tfvars, &values)).expect("UTF-8");
    let body = hcl_edit::parser::parse_body(&file).expect("HCL");
    let found: BTreeMap<String, String> = body
        .attributes()
        .map(|attribute| match &attribute.value {
            Expression::String(text) => (attribute.key.to_string().trim().to_owned(), text.value().clone()),
            other => panic!("{} is no string: {other:?}", attribute.key.as_str()),
        })
        .collect();
    assert_eq!(found, named(&values));
}

#[test]
fn python_reads_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |text: &str| {
        let backslash = text.ends_with('\\');
        text.contains("${")
            || text.contains('\0')
            || backslash
            || (text.contains('\r') && text.contains(['$', '`']))
    };
    let dotenv = held(DataFormat::Dotenv, refused);
    file(folder.path(), "dotenv", written(DataFormat::Dotenv, &dotenv));
    let all = values();
    let formats = [
        DataFormat::Yaml,
        DataFormat::Csv,
        DataFormat::K8sSecret,
        DataFormat::K8sConfigmap,
    ];
    for format in formats {
        assert_eq!(held(format, |_| false), all);
        file(folder.path(), format.as_str(), written(format, &all));
    }
    let nested = write(DataFormat::Yaml, &items(&all, "/a/b"), &layout(true)).expect("a tree");
    file(folder.path(), "nested", nested);
    let python = venv().expect("the emulator's Python").join("bin/python");
    let output = Command::new(python).arg(CONSUMERS).arg(folder.path()).output();
    let output = output.expect("Python");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let read = |value: &serde_json::Value| -> BTreeMap<String, String> {
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
    };
    assert_eq!(read(&found["dotenv"]), named(&dotenv), "python-dotenv");
    for format in formats {
        assert_eq!(read(&found[format.as_str()]), named(&all), "{format}");
    }
    assert_eq!(read(&found["nested"]["a"]["b"]), named(&all), "nested");
}
