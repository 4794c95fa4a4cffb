//! The floors of the house hold: a file names only what its floor may use.
//!
//! The table is the one of "The source" in docs/design.md. Whoever changes one changes both.

#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/source.rs"]
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use imports::House;
use source::{paths, text, tokens};
use support::counts;

const GROUND: &[&str] = &["model", "files"];
const GROUND_AND_FIRST: &[&str] = &["model", "files", "store", "wire", "formats", "context", "aws"];
const ALL_BUT_STACK: &[&str] = &[
    "model", "files", "store", "wire", "formats", "context", "aws", "engine", "ops",
];
const GROUND_FIRST_AND_OPS: &[&str] = &[
    "model", "files", "store", "wire", "formats", "context", "aws", "ops",
];
const CONSOLE: &[&str] = &[
    "model", "files", "store", "wire", "formats", "context", "aws", "ops", "stack", "http",
];
const ALL: &[&str] = &[
    "model", "files", "store", "wire", "formats", "context", "aws", "engine", "stack", "sources", "ops",
    "client", "http", "console",
];

/// Each place with what it may use beside itself.
const FLOORS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("files", &["model"]),
    ("store", GROUND),
    ("wire", GROUND),
    ("formats", GROUND),
    ("context", GROUND),
    ("aws", GROUND),
    ("engine", GROUND_AND_FIRST),
    ("stack", &["model", "files", "aws"]),
    ("sources", &["model", "aws"]),
    ("ops", GROUND_AND_FIRST),
    ("client", ALL_BUT_STACK),
    ("http", GROUND_FIRST_AND_OPS),
    ("console", CONSOLE),
    ("cli", ALL),
    ("main", &["cli"]),
];

/// Where the two streams are written to.
const TERMINAL: &str = "src/cli/terminal";
/// The models of the engine's protocols: tests, which print how many states they looked at.
const MODELS: &str = "src/engine/dynamodb/protocol/model";
/// Where the process may be ended, after every destructor has run.
const ENTRANCE: &str = "src/main.rs";

/// Crates that have no business in the function that answers over HTTP, where each would cost start-up time, nor in an
/// application that reads its config.
const NOT_IN_A_PROGRAM: &[&str] = &["clap", "indicatif", "aws-sdk-cloudformation"];

/// What a file does that its place in the house doesn't allow.
fn violations(file: &str, source: &str) -> Vec<String> {
    let module = module_of(file);
    let tokens = tokens(source);
    let mut found = Vec::new();
    if let Some(floor) = module.first() {
        match FLOORS.iter().find(|(name, _)| name == floor) {
            None => found.push(format!("{file}: `{floor}` is on no floor")),
            Some((_, may_use)) => {
                for path in paths(&module, &tokens) {
                    let line = path.line;
                    match path.segments.first().map(String::as_str) {
                        Some(used) if used == floor || may_use.contains(&used) => {}
                        Some(used) if FLOORS.iter().any(|(name, _)| *name == used) => {
                            found.push(format!("{file}:{line}: `{floor}` may not use `{used}`"));
                        }
                        _ => found.push(format!("{file}:{line}: a path to the root hides its floor")),
                    }
                }
            }
        }
    }
    for (at, token) in tokens.iter().enumerate() {
        let (before, after) = (
            at.checked_sub(1).map_or("", |before| text(&tokens, before)),
            text(&tokens, at + 1),
        );
        let (line, word) = (token.line, token.text.as_str());
        let prints = matches!(word, "print" | "println" | "eprint" | "eprintln" | "dbg") && after == "!";
        let opens = matches!(word, "stdout" | "stderr") && after == "(" && !matches!(before, "." | "fn");
        let may_print = [TERMINAL, MODELS].iter().any(|place| file.starts_with(place));
        if (prints || opens) && !may_print {
            found.push(format!("{file}:{line}: `{word}` outside the terminal"));
        }
        if word == "process" && after == "::" && text(&tokens, at + 2) == "exit" && file != ENTRANCE {
            found.push(format!("{file}:{line}: `process::exit` outside {ENTRANCE}"));
        }
    }
    // A tree in braces may name the same floor twice on a line.
    found.dedup();
    found
}

/// `src/engine/local/mod.rs` and `src/engine/local.rs` are both `engine::local`; the crate's root is empty.
fn module_of(file: &str) -> Vec<String> {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
    let inside = inside.trim_end_matches("/mod");
    if inside == "lib" {
        Vec::new()
    } else {
        inside.split('/').map(str::to_owned).collect()
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the source").flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The files of the source, each with its text.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    assert!(files.len() > 10, "the source was not found");
    let source = |file: PathBuf| {
        let name = file.strip_prefix(root).expect("it is below");
        let name = name.to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(&file).expect("readable source"))
    };
    files.into_iter().map(source).collect()
}

#[test]
fn every_file_stays_on_its_floor() {
    let found: Vec<String> = sources()
        .iter()
        .flat_map(|(name, source)| violations(name, source))
        .collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Circles that stay, each with its reason.
const CIRCLES: &[(&str, &str)] = &[];

/// Of files that import each other in a loop nobody can say what rests on what.
fn circles<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Vec<String>> {
    let files = files
        .into_iter()
        .map(|(name, source)| (module_of(name), tokens(source)));
    House::new(&files.collect()).circles()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = sources();
    let files = files
        .iter()
        .map(|(name, source)| (name.as_str(), source.as_str()));
    let found: Vec<String> = circles(files)
        .into_iter()
        .filter(|ties| {
            !CIRCLES
                .iter()
                .any(|(tie, _)| ties.iter().any(|found| found.starts_with(tie)))
        })
        .map(|ties| ties.join("\n"))
        .collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n\n"));
}

/// One name for one thing: whoever reads a name need not know the module to know what it is.
#[test]
fn no_two_types_have_one_name() {
    let files = sources();
    let files = files
        .iter()
        .map(|(name, source)| (module_of(name), tokens(source)));
    let house = House::new(&files.collect());
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (module, name) in house.types() {
        homes.entry(name).or_default().push(module.join("::"));
    }
    homes.retain(|_, homes| homes.len() > 1);
    assert!(homes.is_empty(), "{homes:#?}");
}

#[test]
fn a_circle_is_seen_however_it_is_tied() {
    let face = (
        "src/a.rs",
        "mod b;\nmod c;\npub use self::b::B;\npub(crate) use c::C;",
    );
    let tied = [
        ("use super::C;", "use super::B;"),
        (
            "use super::c::{self, C as D};\nfn f() -> c::C { D }",
            "fn f() -> super::b::B {}",
        ),
        (
            "use crate::a::c;\nfn f() { c::f() }",
            "use crate::a::{b};\nfn f() -> b::B {}",
        ),
    ];
    for (b, c) in tied {
        let found = circles([face, ("src/a/b.rs", b), ("src/a/c.rs", c)]);
        assert_eq!(found.len(), 1, "{b} {c}");
        assert!(
            found[0].iter().any(|tie| tie.starts_with("a::b -> a::c")),
            "{found:?}"
        );
    }
    let apart = [
        (
            "use super::C;",
            "#[cfg(test)]\nmod tests { use super::super::B; }",
        ),
        ("use super::C;", "use super::b;"),
        ("use super::C;", "/// [`crate::a::B`]\npub struct C;"),
    ];
    for (b, c) in apart {
        let found = circles([face, ("src/a/b.rs", b), ("src/a/c.rs", c)]);
        assert!(found.is_empty(), "{b} {c}: {found:?}");
    }
}

/// The crates that come with these arguments of `cargo tree`, each with its version.
fn crates(args: &[&str], known: &str) -> BTreeSet<(String, String)> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none"])
        .args(["--format", "{p}"])
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout);
    let mut words = tree.lines().map(|line| line.split(' ').map(str::to_owned));
    let crates: BTreeSet<_> = words
        .by_ref()
        .filter_map(|mut words| Some((words.next()?, words.next()?)))
        .collect();
    assert!(
        crates.iter().any(|(name, _)| name == known),
        "the tree was not understood:\n{tree}"
    );
    crates
}

/// Their names alone.
fn tree(args: &[&str], known: &str) -> Vec<String> {
    crates(args, known).into_iter().map(|(name, _)| name).collect()
}

/// How many come along is a cost to whoever builds or audits what stands on the library.
#[test]
fn as_many_crates_come_along_as_the_table_of_counts_says() {
    // Those of one platform, whichever this is.
    let count = |args: &[&str], known: &str| {
        let args = [args, &["--target", "x86_64-unknown-linux-gnu"]].concat();
        crates(&args, known).len().try_into().expect("it is small")
    };
    let library = ["--package", "discfg"];
    counts::hold("crates", |counted| {
        let bare = [&library[..], &["--no-default-features", "--features"]].concat();
        let embedded = [&bare[..], &["local"]].concat();
        counted.number("embedded engine alone", count(&embedded, "rusqlite"));
        let dynamodb = [&bare[..], &["dynamodb"]].concat();
        counted.number("dynamodb alone", count(&dynamodb, "aws-sdk-dynamodb"));
        counted.number("default features", count(&library, "clap"));
        counted.number("function", count(&["--package", "discfg-lambda"], "lambda_http"));
    });
}

#[test]
fn the_lambda_carries_no_command_line() {
    let crates = tree(&["--package", "discfg-lambda"], "lambda_http");
    for unwanted in NOT_IN_A_PROGRAM {
        assert!(
            !crates.iter().any(|name| name == unwanted),
            "{unwanted} is in the tree of the lambda"
        );
    }
}

#[test]
fn an_application_chooses_what_it_carries() {
    let library = ["--package", "discfg", "--no-default-features"];
    let dynamodb = tree(
        &[&library[..], &["--features", "dynamodb"]].concat(),
        "aws-sdk-dynamodb",
    );
    let embedded = tree(
        &[&library[..], &["--features", "local,conformance"]].concat(),
        "rusqlite",
    );
    for unwanted in NOT_IN_A_PROGRAM.iter().chain(&["tracing-subscriber", "console"]) {
        for crates in [&dynamodb, &embedded] {
            assert!(
                !crates.iter().any(|name| name == unwanted),
                "{unwanted} is in the tree of the library"
            );
        }
    }
    assert!(
        !dynamodb.iter().any(|name| name == "rusqlite"),
        "SQLite comes uncalled"
    );
    let of_aws: Vec<_> = embedded.iter().filter(|name| name.starts_with("aws-")).collect();
    assert!(of_aws.is_empty(), "AWS comes uncalled: {of_aws:?}");
}

/// Planted in a file, each is seen, at its line.
#[test]
fn a_breach_is_seen_however_it_is_written() {
    let planted = [
        (
            "src/model/key.rs",
            "\nuse crate::store::Txn;",
            "src/model/key.rs:2: `model` may not use `store`",
        ),
        (
            "src/store.rs",
            "use crate::{model::Key, aws};",
            "src/store.rs:1: `store` may not use `aws`",
        ),
        (
            "src/stack/plan.rs",
            "use crate::{\n  model::{Key, path::{self, Segment}},\n  engine::{dynamodb as d, local},\n};",
            "src/stack/plan.rs:3: `stack` may not use `engine`",
        ),
        (
            "src/wire.rs",
            "fn f() -> crate::formats::Json {}",
            "src/wire.rs:1: `wire` may not use `formats`",
        ),
        (
            "src/http/router.rs",
            "use super::super::engine;",
            "src/http/router.rs:1: `http` may not use `engine`",
        ),
        (
            "src/http.rs",
            "use super::stack;",
            "src/http.rs:1: `http` may not use `stack`",
        ),
        (
            "src/ops/mod.rs",
            "use super::{engine};",
            "src/ops/mod.rs:1: `ops` may not use `engine`",
        ),
        (
            "src/ops/diff.rs",
            "mod a { mod b { use super::super::super::super::cli::Ui; } }",
            "src/ops/diff.rs:1: `ops` may not use `cli`",
        ),
        (
            "src/client.rs",
            "use crate::stack::plan;",
            "src/client.rs:1: `client` may not use `stack`",
        ),
        (
            "src/main.rs",
            "fn main() { discfg::engine::open() }",
            "src/main.rs:1: `main` may not use `engine`",
        ),
        (
            "src/store.rs",
            "use crate::Key;",
            "src/store.rs:1: a path to the root hides its floor",
        ),
        (
            "src/store.rs",
            "use crate as c;",
            "src/store.rs:1: a path to the root hides its floor",
        ),
        (
            "src/store.rs",
            "use crate::*;",
            "src/store.rs:1: a path to the root hides its floor",
        ),
        (
            "src/store.rs",
            "use super::{self as c};",
            "src/store.rs:1: a path to the root hides its floor",
        ),
        ("src/util.rs", "", "src/util.rs: `util` is on no floor"),
        (
            "src/cli/output.rs",
            "\n\nprintln!()",
            "src/cli/output.rs:3: `println` outside the terminal",
        ),
        (
            "src/aws.rs",
            "std::io::stderr().lock()",
            "src/aws.rs:1: `stderr` outside the terminal",
        ),
        (
            "src/cli.rs",
            "std::process::exit(1)",
            "src/cli.rs:1: `process::exit` outside src/main.rs",
        ),
        (
            "src/store.rs",
            "const S: &str = r#\"\n\"#; /* \n */ const Q: char = '\"'; use crate::aws;",
            "src/store.rs:3: `store` may not use `aws`",
        ),
    ];
    for (file, source, wanted) in planted {
        assert_eq!(violations(file, source), [wanted], "{source}");
    }
}

#[test]
fn what_only_looks_like_a_breach_is_none() {
    let innocent = [
        (
            "src/cli/commands/get.rs",
            "use crate::{stack, engine::open, client};\nuse super::output;",
        ),
        (
            "src/store/txn.rs",
            "// use crate::aws;\n/// [`crate::engine`]\npub(crate) fn f<'a>(s: &'a str) {}",
        ),
        (
            "src/store.rs",
            "const S: &str = \"use crate::aws; \\\" crate::cli\"; const C: char = '\\'';",
        ),
        (
            "src/store.rs",
            "pub(in crate::store) struct S; mod tests { use super::*; use super::super::store::S; }",
        ),
        (
            "src/store/decide.rs",
            "use super::super::model::Key; use super::error::Kind;",
        ),
        ("src/lib.rs", "pub mod cli;\npub use crate::model::Key;"),
        ("src/cli/terminal.rs", "std::io::stdout().lock(); print!()"),
        (
            "src/main.rs",
            "fn main() { std::process::exit(discfg::cli::run()) }",
        ),
        (
            "src/stack/deploy.rs",
            "Command::new(\"x\").stdout(Stdio::piped()); fn stderr() {}",
        ),
    ];
    for (file, source) in innocent {
        assert_eq!(violations(file, source), [""; 0], "{source}");
    }
}
