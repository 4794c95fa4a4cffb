//! `install.sh` that can't go on: what it did is undone.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use support::cli::Call;

use super::archive::program;
use super::install::{SCRIPT, commands, install, place, tree};
use super::install_refused::{VERSION, asset};
use super::releases::{Answer, Releases};

#[test]
fn a_prefix_that_cannot_be_written() {
    let releases = Releases::of(&[VERSION]);
    let place = place(&releases);
    let file = place.write("file", "");
    let link = place.dir().join("link");
    symlink("nowhere", &link).expect("a link");
    for wrong in [file, link] {
        for prefix in [&wrong, &wrong.join("below")] {
            let prefix = prefix.to_str().expect("UTF-8");
            install(&place, "sh", &["--prefix", prefix])
                .run()
                .code(1)
                .stdout("")
                .stderr(&format!(
                    "error: cannot create folder {}: it is a file or a broken link\n\
                     hint: remove it, or choose another --prefix\n",
                    wrong.display()
                ));
        }
    }

    let closed = place.dir().join("closed");
    fs::create_dir(&closed).expect("a folder");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).expect("its owner");
    let prefix = closed.to_str().expect("UTF-8");
    let is_root = fs::metadata(&closed).expect("its facts").uid() == 0;
    // root can write to it all the same.
    let ordinary = |call: Call| if is_root { call.uid(65_534) } else { call };
    fs::set_permissions(
        place.dir().parent().expect("the place"),
        fs::Permissions::from_mode(0o755),
    )
    .expect("its owner");
    // The script, where that user can read it.
    let script = fs::read(SCRIPT).expect("the script");
    let call = place
        .shell("exec sh -s -- --prefix \"$0\"")
        .and(&[prefix])
        .stdin(script);
    ordinary(call)
        .run()
        .code(1)
        .stdout("")
        .stderr_has(&format!("error: cannot write to {prefix}\nbecause: mktemp: "))
        .stderr_has("\nhint: choose a folder that you can write to: --prefix DIR\n");
    assert_eq!(releases.requests(), [""; 0]);
}

#[test]
fn a_file_that_cannot_be_replaced_brings_the_others_back() {
    let releases = Releases::of(&["0.9.0", VERSION]);
    let place = place(&releases);
    let local = place.home().join(".local");
    install(&place, "sh", &["--version", "0.9.0"]).run().code(0);
    // Links are brought back as links, also one that points nowhere.
    for name in ["share/doc/discfg/README.md", "share/zsh/site-functions/_discfg"] {
        fs::remove_file(local.join(name)).expect("it is installed");
        symlink("nowhere", local.join(name)).expect("a link");
    }
    let before = tree(&place.home());
    // A mv that fails at the last step.
    let fails = "for last; do :; done\n\
        case $last in */bin/discfg) echo 'mv: no rename' >&2; exit 1 ;; esac\nexec /bin/mv \"$@\"";
    let path = format!(
        "{}:/usr/bin:/bin",
        commands(&place, &[], &[("mv", fails)]).display()
    );
    install(&place, "sh", &[])
        .env("PATH", path)
        .run()
        .code(1)
        .stdout("")
        .stderr_has(&format!(
            "error: cannot write {}/bin/discfg\nbecause: mv: no rename\n\
             hint: choose a folder that you can write to: --prefix DIR\n",
            local.display()
        ));
    assert_eq!(tree(&place.home()), before);

    // A folder in the place of a file.
    fs::remove_file(local.join("share/man/man1/discfg.1")).expect("it is installed");
    fs::create_dir(local.join("share/man/man1/discfg.1")).expect("a folder");
    let before = tree(&place.home());
    install(&place, "sh", &[]).run().code(1).stdout("").stderr_has(&format!(
        "error: cannot write {}/share/man/man1/discfg.1: it is a folder\nhint: remove it, or choose another --prefix\n",
        local.display()
    ));
    assert_eq!(tree(&place.home()), before);
}

#[test]
fn a_full_disk() {
    // A limit for the size of a file is a disk that is full at that size. At 1 block of 512 bytes the archive has no
    // room; at the second the archive has, but not what is in it.
    let releases = Releases::empty();
    let large = format!("{}{}", program(VERSION), "#".repeat(40_000));
    releases.publish(VERSION, &large);
    let place = place(&releases);
    for (blocks, said) in [(1, "error: cannot download "), (16, "error: cannot unpack ")] {
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec dash \"$0\" \"$@\"");
        let call = place.shell("exec dash -c \"$0\" \"$@\"").and(&[&limited, SCRIPT]);
        let outcome = call
            .and(&["--version", VERSION])
            .run()
            .code(1)
            .stdout("")
            .stderr_has(said);
        assert!(
            outcome.errors().contains("File too large") || blocks == 1,
            "{}",
            outcome.errors()
        );
        outcome.stderr_lacks("https_proxy");
        assert!(!place.home().join(".local").exists());
    }
}

#[test]
fn the_cause_is_the_first_line_of_tar() {
    let releases = Releases::of(&[VERSION]);
    let place = place(&releases);
    let full = "case $1 in -xof) ;; *) exec /bin/tar \"$@\" ;; esac\n\
        echo 'tar: discfg: Cannot write: No space left on device' >&2\n\
        echo 'tar: Exiting with failure status due to previous errors' >&2\nexit 2";
    let path = commands(&place, &[], &[("tar", full)]);
    install(&place, "sh", &[])
        .env("PATH", format!("{}:/usr/bin:/bin", path.display()))
        .run()
        .code(1)
        .stdout("")
        .stderr_has("\nbecause: tar: discfg: Cannot write: No space left on device\n");
    assert!(!place.home().join(".local").exists());
}

#[test]
fn a_file_system_that_runs_no_programs() {
    let releases = Releases::of(&[VERSION]);
    let place = place(&releases);
    // As on a file system mounted with noexec, no file is executable.
    let chmod = "/bin/chmod \"$@\"\nfor last; do :; done\nexec /bin/chmod a-x \"$last/bin/discfg\"";
    let path = commands(&place, &[], &[("chmod", chmod)]);
    for shell in ["dash", "bash"] {
        let outcome = install(&place, shell, &[])
            .env("PATH", format!("{}:/usr/bin:/bin", path.display()))
            .run()
            .code(1)
            .stdout("")
            .stderr_has("\nerror: cannot run the program of discfg-1.0.0-")
            .stderr_has("\nbecause: env: ")
            .stderr_has(
                ": Permission denied\nhint: choose a folder on a file system without noexec: --prefix DIR\n",
            );
        outcome.stderr_lacks("install.sh");
        assert!(!place.home().join(".local").exists());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_leaves_nothing() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let releases = Releases::of(&[VERSION]);
        releases.put(&asset(), Answer::Stalled(releases.get(&asset())));
        let place = place(&releases);
        for version in ["0.8.0", "0.9.0"] {
            let before = tree(&place.home());
            // A shell can't trap a signal that it was started to ignore, such as SIGINT behind `&`.
            let running = place
                .shell("exec env --default-signal \"$@\"")
                .and(&["sh", "dash", SCRIPT, "--version", VERSION])
                .start();
            let stalled = releases.stalled();
            running.signal(signal);
            // A shell acts on a signal when its command has ended.
            drop(stalled);
            running.end().code(code).stdout("");
            assert_eq!(tree(&place.home()), before);
            releases.publish(version, &program(version));
            install(&place, "sh", &["--version", version]).run().code(0);
        }
    }
}

#[test]
fn a_script_that_was_cut_does_nothing() {
    let releases = Releases::of(&[VERSION]);
    let place = place(&releases);
    let script = fs::read(SCRIPT).expect("the script");
    let end = script.len() - 2;
    assert_eq!(script[end..], *b"}\n");
    let ends = (0..end).step_by(997).chain(end - 40..=end);
    for end in ends {
        place
            .shell("exec sh -s -- --prefix prefix")
            .stdin(&script[..end])
            .run()
            .stdout("");
        assert!(!place.dir().join("prefix").exists(), "cut at {end}");
    }
    assert_eq!(releases.requests(), [""; 0]);
}
