//! Arguments and settings that `install.sh` refuses, before it sends a request.

use support::cli::Place;

use super::install::{install, place};
use super::releases::Releases;

#[test]
fn arguments_that_are_wrong() {
    let releases = Releases::of(&["1.0.0"]);
    let place = place(&releases);
    for bad in [
        "", "v", "latest", "1", "1.0", "1.0.0.0", "v1.0.0\n", "1.0.0;id", "../1.0.0", "1.0.0 ", "-1.0.0",
        "1..0.0", "1.0.0+a",
    ] {
        install(&place, "sh", &["--version", bad])
            .run()
            .code(2)
            .stdout("")
            .stderr(&format!(
                "error: invalid version \"{bad}\": expected a version such as 0.1.0\n"
            ));
    }
    for (args, said) in [
        (
            &["--version"][..],
            "error: --version needs a value\nhint: see --help\n",
        ),
        (&["--prefix"], "error: --prefix needs a value\nhint: see --help\n"),
        (
            &["1.0.0"],
            "error: unexpected argument \"1.0.0\"\nhint: see --help\n",
        ),
        (
            &["--prefix="],
            "error: invalid prefix: it is empty\nhint: name the folder to install below: --prefix DIR\n",
        ),
        (
            &["--prefix=~/x"],
            "error: invalid prefix \"~/x\": the shell did not expand ~\nhint: write $HOME in its place\n",
        ),
        (
            &["--uninstall", "--version", "1.0.0"],
            "error: cannot use --version with --uninstall\n",
        ),
        (
            &["--prefix", "a\nb"],
            "error: invalid prefix: it contains a control character\n",
        ),
    ] {
        install(&place, "sh", args).run().code(2).stdout("").stderr(said);
    }
    install(&place.without_env("HOME"), "sh", &[])
        .run()
        .code(2)
        .stderr_has("error: HOME is not set\n");
    assert_eq!(releases.requests(), [""; 0]);
}

#[test]
fn urls_that_are_not_safe() {
    let place = Place::new();
    let unsafe_url = "must be https, or http on this machine";
    for (url, said) in [
        ("http://example.com/releases", unsafe_url),
        ("http://127.0.0.1.example.com", unsafe_url),
        ("http://localhost1/releases", unsafe_url),
        ("http://localhost:1a/releases", unsafe_url),
        ("http:///releases", unsafe_url),
        ("http://127.0.0.1@example.com/", "not a valid URL"),
        ("https://user:password@example.com/", "not a valid URL"),
        ("https://example.com/$(id)", "not a valid URL"),
        ("https://example.com/a b", "not a valid URL"),
        ("file:///releases", "must be an https URL"),
        ("ftp://example.com", "must be an https URL"),
        ("https://", "must be an https URL"),
    ] {
        let call = install(&place, "sh", &[]).env("DISCFG_RELEASES_URL", url);
        call.run()
            .code(2)
            .stdout("")
            .stderr_has("error: DISCFG_RELEASES_URL ")
            .stderr_has(said);
    }
    for good in [
        "http://localhost:1",
        "http://127.0.0.1:1/a/",
        "https://localhost:1/a",
    ] {
        let call = install(&place, "sh", &[]).env("DISCFG_RELEASES_URL", good);
        call.run()
            .code(1)
            .stderr_has("cannot download ")
            .stderr_has("/latest/download/SHA256SUMS\n");
    }
    assert!(!place.home().join(".local").exists());
}
