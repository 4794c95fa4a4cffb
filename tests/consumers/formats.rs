//! What is exported is read by those whom it is for: shells, python-dotenv, docker's and GitHub's rules, readers of YAML
//! and CSV, Terraform's grammar. Many values a process, so that it takes a second and not a minute.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use discfg::formats::{DataFormat, FormatError, Layout, read, write};
use discfg::model::{Encoding, Key, Prefix, Value};
use hcl_edit::expr::Expression;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use support::emulator::venv;
use support::node::{node, packages};

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

fn is_refused_by_dotenv(text: &str) -> bool {
    text.contains("${")
        || text.contains('\0')
        || text.ends_with('\\')
        || (text.contains('\r') && text.contains(['$', '`']))
}

fn written(format: DataFormat, values: &[String]) -> Vec<u8> {
    write(format, &items(values, ""), &layout(false)).expect("each can be written by itself")
}

fn file(folder: &Path, name: &str, bytes: Vec<u8>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a file");
    path
}

/// The environment of a program that a shell starts after it has sourced the file.
fn sourced(shell: &str, arguments: &[&str], path: &Path) -> BTreeMap<String, String> {
    let output = Command::new(shell)
        .args(arguments)
        .arg(path)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", path.parent().expect("a folder"))
        // Where fish is to write its files, and take text for what it is.
        .envs([("LC_ALL", "C.UTF-8")])
        .output()
        .unwrap_or_else(|error| panic!("{shell}: {error}. Debian, Ubuntu: apt-get install {shell}"));
    assert!(
        output.status.success(),
        "{shell}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let variables = said
        .split_terminator('\0')
        .filter_map(|line| line.split_once('='));
    let is_ours = |(name, _): &(&str, &str)| name.len() == 4 && name.starts_with('K');
    let ours = variables.filter(is_ours);
    ours.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn shells_source_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let values = held(DataFormat::Shell, |text| text.contains('\0'));
    let path = file(folder.path(), "shell", written(DataFormat::Shell, &values));
    let posix = ["-c", ". \"$1\"; env -0", "sh"];
    for shell in ["bash", "sh", "dash", "zsh"] {
        assert_eq!(sourced(shell, &posix, &path), named(&values), "{shell}");
    }
    let is_fish_s_own = |c| matches!(c, '\u{f600}'..='\u{f73f}' | '\u{fdd0}'..='\u{fdef}');
    let values = held(DataFormat::Fish, |text| {
        text.contains('\0') || text.contains(is_fish_s_own)
    });
    let path = file(folder.path(), "fish", written(DataFormat::Fish, &values));
    let fish = ["--no-config", "-c", "source $argv[1]; env -0"];
    assert_eq!(sourced("fish", &fish, &path), named(&values), "fish");
}

/// Names that a shell may keep for itself: what it has set, or knows of.
fn names_of(shell: &str, script: &str) -> Vec<String> {
    let output = Command::new(shell).args(["-c", script]).output();
    let said = output.unwrap_or_else(|error| panic!("{shell}: {error}")).stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let is_a_key_s = |name: &&str| {
        let mut letters = name.bytes();
        letters
            .next()
            .is_some_and(|b| b.is_ascii_uppercase() || b == b'_')
            && letters.all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    said.split_whitespace()
        .filter(is_a_key_s)
        .map(str::to_owned)
        .collect()
}

/// Whatever name a shell knows: the file is refused, or the shell passes the value on and stays who it is.
#[test]
fn a_shell_takes_each_variable_or_it_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut names = names_of("bash", "compgen -v; echo $(compgen -v | tr a-z A-Z)");
    names.extend(names_of(
        "zsh",
        "for m in datetime parameter system zle; do zmodload zsh/$m; done; print -l ${(k)parameters} ${(kU)parameters}",
    ));
    names.extend(names_of("fish", "set -n"));
    names.extend(["OPTARG", "TMOUT", "FUNCNAME", "HISTFILESIZE", "PS3", "USERNAME"].map(str::to_owned));
    names.sort();
    names.dedup();
    assert!(
        names.len() > 80 && names.contains(&"SECONDS".to_owned()),
        "{names:?}"
    );
    let value = "a b[7]";
    for (format, shells) in [
        (DataFormat::Shell, &["bash", "sh", "dash", "zsh"][..]),
        (DataFormat::Fish, &["fish"]),
    ] {
        let mut content = Vec::new();
        let mut taken = Vec::new();
        for name in &names {
            let item = (
                format!("/{name}").parse().expect("a key"),
                Value::new(value, Encoding::Text).expect("text"),
            );
            match write(format, &[item], &layout(false)) {
                Ok(line) => {
                    content.extend(line);
                    taken.push(name);
                }
                Err(error) => assert!(matches!(error, FormatError::Reserved { .. }), "{error}"),
            }
        }
        assert!(taken.len() > 40, "{taken:?}");
        let path = file(folder.path(), format.as_str(), content);
        for shell in shells {
            let arguments = match *shell {
                "fish" => &[
                    "--no-config",
                    "-c",
                    "source $argv[1]; /usr/bin/id -u; /usr/bin/env -0",
                ][..],
                "zsh" => &["-fc", ". \"$1\"; /usr/bin/id -u; /usr/bin/env -0", "zsh"],
                _ => &["-c", ". \"$1\"; /usr/bin/id -u; /usr/bin/env -0", "sh"],
            };
            let output = Command::new(shell).args(arguments).arg(&path).output();
            let said = output.unwrap_or_else(|error| panic!("{shell}: {error}")).stdout;
            let said = String::from_utf8_lossy(&said).into_owned();
            let (user, variables) = said.split_once('\n').unwrap_or_default();
            let own = Command::new("id").arg("-u").output().expect("it tells").stdout;
            assert_eq!(user.as_bytes(), own.trim_ascii_end(), "{shell}");
            let lost = |name: &&&String| {
                !variables
                    .split('\0')
                    .any(|line| line == format!("{name}={value}"))
            };
            let lost: Vec<_> = taken.iter().filter(lost).collect();
            assert!(lost.is_empty(), "{shell} loses {lost:?}");
        }
    }
}

/// Each line of a `.env` file is read as python-dotenv reads it, or refused; these are read.
#[test]
fn python_dotenv_reads_each_line_alike() {
    let read_alike = [
        "A=#b",
        "A= #b",
        "A =#b",
        "A=\t#b",
        "A=##",
        "A=#",
        "A=#b c # d",
        "A=b#c",
        "A=b #c",
        "A=b\t#c",
        "A=b# c",
        "A='b'#c",
        "A=\"b\" # c",
        "A= 'b' ",
        "export A=#b",
        "A=b=c",
        "A=",
        "A= ",
        "A=b\\",
        "A=\"b\\$c\"",
        "A='$b'",
        "A='b\\'c'",
        "A=\"b\\\"c\"",
        "A='b\\n'",
        "A=\"b\\n\"",
        "A='b\nc'",
        "A=$b",
        "A=b c",
        "  A=b",
        "A=\"#b\"",
        "A=\u{a0}b",
        "A=b\u{a0}#c",
        "A=b\u{2003}#c",
        "A=é",
        "A=\"\\\\n\"",
        "A=\u{1f}#b\u{1c}",
        "A=\u{85}b",
        "A='\\\\'",
        "A=*",
        "A=b;c",
        "A=b&c",
        "A=~",
    ];
    let mut runner = TestRunner::deterministic();
    let strategy = "A ?= {0,2}[#'\"\\\\a \t$=]{0,8}";
    let mut more = || strategy.new_tree(&mut runner).expect("a line").current();
    let lines: Vec<String> = read_alike
        .iter()
        .map(|line| (*line).to_owned())
        .chain((0..500).map(|_| more()))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path(), "lines", serde_json::to_vec(&lines).expect("JSON"));
    let script = "import dotenv, io, json, sys\n\
        print(json.dumps([dotenv.dotenv_values(stream=io.StringIO(line)) for line in json.load(open(sys.argv[1]))]))";
    let python = venv().expect("the tests' Python").join("bin/python");
    let output = Command::new(python)
        .args(["-c", script])
        .arg(path)
        .output()
        .expect("Python");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let theirs: Vec<BTreeMap<String, Option<String>>> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(theirs.len(), lines.len());
    for (number, (line, theirs)) in lines.iter().zip(theirs).enumerate() {
        let ours = match read(DataFormat::Dotenv, line.as_bytes(), &layout(false)) {
            Ok(ours) => ours,
            Err(error) => {
                assert!(number >= read_alike.len(), "{line:?}: {error}");
                continue;
            }
        };
        let text = |value: &Value| value.as_text().expect("text").to_owned();
        let ours: BTreeMap<String, Option<String>> = ours
            .iter()
            .map(|(key, value)| (key.as_str()[1..].to_owned(), Some(text(value))))
            .collect();
        assert_eq!(ours, theirs, "{line:?}");
    }
}

/// Node's dotenv takes no backslash away that stands before a quote or another backslash; all else it reads alike.
#[test]
fn node_s_dotenv_reads_all_but_what_is_escaped() {
    let values = held(DataFormat::Dotenv, is_refused_by_dotenv);
    let files = values.iter().map(|text| {
        let file = written(DataFormat::Dotenv, std::slice::from_ref(text));
        String::from_utf8(file).expect("UTF-8")
    });
    let files: Vec<String> = files.collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path(), "files", serde_json::to_vec(&files).expect("JSON"));
    let script = "import { createRequire } from 'node:module'; import { readFileSync } from 'node:fs';\n\
        const dotenv = createRequire(process.argv[2] + '/')('dotenv');\n\
        console.log(JSON.stringify(JSON.parse(readFileSync(process.argv[1])).map((file) => dotenv.parse(file))));";
    let home = packages("consumers");
    let arguments = ["--input-type=module", "-e", script, "--"].map(OsStr::new);
    let output = node(arguments.into_iter().chain([path.as_os_str(), home.as_os_str()]));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let theirs: Vec<BTreeMap<String, String>> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(theirs.len(), files.len());
    let mut alike = 0;
    for ((text, file), theirs) in values.iter().zip(&files).zip(theirs) {
        let is_escaped = ["\\'", "\\\"", "\\\\"].iter().any(|escape| file.contains(escape));
        let is_alike = theirs == BTreeMap::from([("K000".to_owned(), text.clone())]);
        assert!(is_alike || is_escaped, "{file:?}: {theirs:?}");
        alike += usize::from(is_alike);
    }
    assert!(alike * 10 > values.len() * 8, "{alike} of {}", values.len());
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
    let dotenv = held(DataFormat::Dotenv, is_refused_by_dotenv);
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
