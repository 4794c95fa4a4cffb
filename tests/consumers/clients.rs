//! The OpenAPI document at those who read it: a linter, and generators of clients, whose clients use a running server.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::cli::Place;
use support::emulator::venv;
use support::node::{node, packages};
use support::serving::{SERVED, Server, new_token, served_place};

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// A server that requires a token, the token, and the document in a file.
fn served(folder: &Path) -> (Place, Server, String, PathBuf) {
    let place = served_place();
    let token = new_token(&place, "tokens.toml", "client", &["--write-all"]);
    let server = Server::start(&place, &["--token-file", "tokens.toml", SERVED]);
    let document = folder.join("openapi.json");
    let answer = server.ask("GET", "/openapi.json", &[], "");
    assert_eq!(answer.status(), 200);
    fs::write(&document, &answer.body).expect("a file");
    (place, server, token, document)
}

#[track_caller]
fn succeeded(ran: &Output, what: &str) -> String {
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{what}:\n{said}\n{errors}");
    said
}

#[test]
fn redocly_s_recommended_rules_find_nothing() {
    let home = packages("clients");
    let folder = tempfile::tempdir().expect("a folder");
    let (_place, _server, _, document) = served(folder.path());
    let redocly = home.join("node_modules/@redocly/cli/bin/cli.js");
    let ran = Command::new("node")
        .arg(redocly)
        .args(["lint", "--extends=recommended", "--format=json"])
        .arg(&document)
        .current_dir(&folder)
        .env("HOME", folder.path())
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
        .output()
        .expect("Node");
    let said = succeeded(&ran, "redocly");
    let found: serde_json::Value =
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    // Warnings, too.
    let none = serde_json::json!({"errors": 0, "warnings": 0, "ignored": 0});
    assert_eq!(found["totals"], none, "{said}");
}

#[test]
fn a_client_of_openapi_typescript_compiles_and_works() {
    let home = packages("clients");
    // Where Node and the compiler look for the packages upwards.
    let folder = tempfile::tempdir_in(&home).expect("a folder");
    let (_place, server, token, document) = served(folder.path());
    let file = |name: &str| folder.path().join(name);
    let generator = home.join("node_modules/openapi-typescript/bin/cli.js");
    let generated = node([
        generator.as_os_str(),
        document.as_os_str(),
        OsStr::new("-o"),
        file("api.d.ts").as_os_str(),
    ]);
    succeeded(&generated, "openapi-typescript");
    fs::copy(Path::new(CLIENTS).join("client.ts"), file("client.ts")).expect("a copy");
    let compiler = home.join("node_modules/typescript/bin/tsc");
    let options = [
        "--strict",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--lib",
        "es2022,dom,dom.iterable",
    ];
    let all = [compiler.as_os_str()].into_iter().chain(options.map(OsStr::new));
    succeeded(&node(all.chain([file("client.ts").as_os_str()])), "tsc");
    let client = [
        file("client.js").into_os_string(),
        server.url.clone().into(),
        token.into(),
    ];
    succeeded(&node(client), "the client");
    server.lives();
}

#[test]
fn a_client_of_openapi_python_client_works() {
    let python = venv().expect("the tests' Python");
    let folder = tempfile::tempdir().expect("a folder");
    let (_place, server, token, document) = served(folder.path());
    let settings = folder.path().join("settings.yaml");
    fs::write(&settings, "post_hooks: []\n").expect("a file");
    let generated = Command::new(python.join("bin/openapi-python-client"))
        .args(["generate", "--meta", "none", "--config"])
        .arg(&settings)
        .arg("--path")
        .arg(&document)
        .arg("--output-path")
        .arg(folder.path().join("discfg_client"))
        .output()
        .expect("the generator");
    let said = succeeded(&generated, "openapi-python-client");
    // It knows no body of text, and leaves no schema out.
    let warnings: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("WARNING") || line.starts_with("Unable"))
        .collect();
    assert!(
        warnings
            .iter()
            .all(|line| line.starts_with("WARNING parsing PUT ")),
        "{said}"
    );
    let client = Command::new(python.join("bin/python"))
        .arg(Path::new(CLIENTS).join("client.py"))
        .arg(folder.path())
        .args([&server.url, &token])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("Python");
    succeeded(&client, "the client");
    server.lives();
}
