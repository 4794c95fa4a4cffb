//! What `discfg serve` says of its API in `/openapi.json` is what it does: schemathesis makes requests of the document,
//! good ones and bad ones, and looks whether the answers are those that the document tells.

use std::path::Path;
use std::process::Command;

use support::emulator::venv;
use support::serving::{SERVED, Server, served_place};

const SUPPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support");

#[test]
fn schemathesis_finds_nothing() {
    let place = served_place();
    for (key, value) in [
        ("db/url", "hello again"),
        ("db/pool/size", "20"),
        ("web/title", "{\"en\":\"Hello\"}"),
        ("name", "mine"),
    ] {
        place.args(["set", key, value]).run().code(0);
    }
    place
        .args(["set", "--secret", "db/password", "hush"])
        .run()
        .code(0);
    let server = Server::start(&place, &[SERVED]);
    let work = tempfile::tempdir().expect("a folder");
    let ended = Command::new(venv().expect("the tests' Python").join("bin/schemathesis"))
        .arg("--config-file")
        .arg(Path::new(SUPPORT).join("schemathesis.toml"))
        .args([
            "run",
            "--checks",
            "all",
            "--seed",
            "1",
            // Of each operation; twice as many take five minutes and have found nothing more.
            "--max-examples",
            "100",
            "--no-color",
        ])
        .args(["--request-timeout", "60"])
        .arg(format!("{}/openapi.json", server.url))
        .current_dir(&work)
        // Nothing of whoever runs this, and nothing left beside the hooks.
        .env("HOME", work.path())
        .env("PYTHONPATH", SUPPORT)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    assert!(told.contains("Test cases:"), "{told}");
    server.lives();
}
