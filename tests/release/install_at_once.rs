//! `install.sh` that runs twice at once on one prefix, or after a run that was killed.

use std::fs;
use std::os::unix::fs::symlink;

use super::install::{assert_installed, install, place, tree};
use super::install_refused::{VERSION, asset};
use super::releases::{Answer, Releases};

/// A program that reports its version when the test opens the gate.
const GATED: &str = "#!/bin/sh\nread -r _ <\"$GATE\"\necho 'discfg 2.0.0'\n";

#[test]
fn a_second_run_is_refused_while_the_first_runs() {
    let releases = Releases::of(&[VERSION]);
    releases.publish("2.0.0", GATED);
    let place = place(&releases);
    let gate = place.dir().join("gate");
    let place = place.env("GATE", &gate);
    place.shell("exec mkfifo \"$GATE\"").run().code(0);
    let local = place.home().join(".local");
    install(&place, "sh", &["--version", VERSION]).run().code(0);
    for shell in ["dash", "bash"] {
        let first = install(&place, shell, &["--version", "2.0.0"]).start();
        // Waits until the first run has unpacked and starts the program.
        let opened = fs::OpenOptions::new().write(true).open(&gate).expect("a pipe");
        let during = tree(&local);
        for (act, args) in [
            ("install", &["--version", VERSION][..]),
            ("uninstall", &["--uninstall"]),
        ] {
            let refused = install(&place, shell, args).run().code(1).stdout("");
            refused.stderr(&format!(
                "error: cannot {act}: another installation is running below {0} (process {1})\n\
                 hint: wait for its end; if there is none, remove {0}/.discfg-install\n",
                local.display(),
                first.pid()
            ));
            assert_eq!(tree(&local), during);
        }
        drop(opened);
        first.end().code(0);
        assert!(!local.join(".discfg-install").exists());
        install(&place, shell, &["--version", VERSION]).run().code(0);
        assert_installed(&local, VERSION);
    }
}

#[test]
fn a_run_that_was_killed_is_cleaned_up_after() {
    for shell in ["dash", "bash"] {
        let releases = Releases::of(&["0.9.0", VERSION]);
        releases.put(&asset(), Answer::Stalled(releases.get(&asset())));
        let place = place(&releases);
        let local = place.home().join(".local");
        let running = install(&place, shell, &["--version", VERSION]).start();
        let stalled = releases.stalled();
        running.signal("KILL");
        drop(stalled);
        running.end();
        fs::create_dir(local.join("bin")).expect("a folder");
        fs::write(local.join("bin/.discfg-new"), "").expect("a file");
        let working = tree(&local)
            .into_keys()
            .filter(|name| !name.contains('/'))
            .count();
        assert_eq!(working, 3, "{:?}", tree(&local));
        install(&place, shell, &["--version", "0.9.0"]).run().code(0);
        assert_installed(&local, "0.9.0");
    }
}

#[test]
fn a_lock_of_another_kind_is_left_alone() {
    let releases = Releases::of(&[VERSION]);
    let place = place(&releases);
    let local = place.home().join(".local");
    fs::create_dir_all(local.join("folder")).expect("a folder");
    let lock = local.join(".discfg-install");
    // Process 1 runs, and another user's in most cases.
    for target in [
        "1:aB3dE4",
        "nothing",
        "folder",
        "/",
        "99999999999999999999:aB3dE4",
    ] {
        symlink(target, &lock).expect("a link");
        let before = tree(&local);
        for shell in ["dash", "bash"] {
            let refused = install(&place, shell, &[]).run().code(1);
            refused.stderr_has("error: cannot install: another installation is running below ");
            assert_eq!(tree(&local), before, "{target}");
        }
        fs::remove_file(&lock).expect("the link");
    }
    fs::write(&lock, "").expect("a file");
    let refused = install(&place, "sh", &[]).run().code(1);
    refused.stderr_has("; if there is none, remove ");
    assert!(lock.is_file());
}

#[test]
fn of_several_runs_one_version_is_installed_whole() {
    let releases = Releases::of(&["0.9.0", VERSION]);
    let place = place(&releases);
    let local = place.home().join(".local");
    let gone = place.shell("echo $$").run().code(0).text();
    for round in 0..4 {
        if round % 2 == 0 {
            // All of them find what a run left that was killed.
            fs::create_dir_all(local.join(".discfg-install.aB3dE4/folder")).expect("a folder");
            symlink(format!("{}:aB3dE4", gone.trim()), local.join(".discfg-install")).expect("a link");
        }
        let runs: Vec<_> = ["0.9.0", VERSION, "0.9.0", VERSION]
            .map(|version| (version, install(&place, "sh", &["--version", version]).start()))
            .into();
        let mut installed = Vec::new();
        for (version, run) in runs {
            let outcome = run.end();
            if outcome.exit_code() == Some(0) {
                installed.push(version);
            } else {
                outcome.code(1).stderr_has("cannot ");
            }
        }
        assert!(!installed.is_empty());
        let found = fs::read_to_string(local.join("share/doc/discfg/LICENSE")).expect("a file");
        assert!(installed.contains(&found.as_str()), "{installed:?}");
        assert_installed(&local, &found);
    }
}
