//! `install.sh` that removes files: all of an installation, or those that a newer version no longer has.

use std::fs;

use super::archive::{Archive, FILES, program, top};
use super::install::{assert_installed, commands, install, place, tree};
use super::install_refused::{VERSION, target};
use super::releases::Releases;

/// Files of others, in the folders that discfg is installed in.
const OTHERS: [&str; 8] = [
    "bin/other",
    "share/bash-completion/completions/other",
    "share/discfg/discfg-lambda.zip",
    "share/discfg/payments.db",
    "share/fish/fish_history",
    "share/fish/vendor_completions.d/other.fish",
    "share/man/man1/discfgother.1",
    "share/zsh/site-functions/_other",
];

#[test]
fn removes_only_what_it_installed() {
    for shell in ["sh", "dash", "bash"] {
        let releases = Releases::of(&[VERSION]);
        let place = place(&releases);
        let prefix = place.dir().join("a 'b' *");
        for other in OTHERS {
            place.write(&format!("a 'b' */{other}"), "other");
        }
        let before = tree(&prefix);
        let at = prefix.to_str().expect("UTF-8");
        install(&place, shell, &["--prefix", at]).run().code(0);
        let _ = releases.requests();
        // Without tools that only an installation needs.
        let tools = [
            "env", "ln", "mktemp", "mv", "readlink", "rm", "rmdir", "sed", "tail", "bash", "dash", "sh",
        ];
        let path = commands(&place, &tools, &[]);
        let said = install(&place, shell, &["--uninstall", "--prefix", at])
            .env("PATH", &path)
            .run()
            .code(0)
            .stderr("")
            .text();
        let mut lines = said.lines();
        assert_eq!(lines.next(), Some("discfg uninstalled; removed files:"));
        let mut removed: Vec<_> = lines.collect();
        removed.sort_unstable();
        let mut wanted: Vec<_> = FILES
            .iter()
            .chain(&["bin/discfg"])
            .map(|file| format!("{at}/{file}"))
            .collect();
        wanted.sort_unstable();
        assert_eq!(removed, wanted);
        let mut after = tree(&prefix);
        // Folders that others use stay.
        for folder in ["lib", "share/doc"] {
            assert_eq!(after.remove(folder).as_deref(), Some("755"));
        }
        assert_eq!(after, before);
        assert_eq!(releases.requests(), [""; 0]);

        let again = || {
            install(&place, shell, &["--uninstall", "--prefix", at])
                .run()
                .code(3)
                .stdout("")
        };
        again().stderr(&format!(
            "error: no installation found below {at}\nhint: name its folder: --prefix DIR\n"
        ));
        fs::remove_dir_all(&prefix).expect("a folder");
        again();
        assert!(!prefix.exists());
    }
}

#[test]
fn keeps_files_of_others_in_the_folders_of_discfg() {
    let releases = Releases::of(&[VERSION]);
    let place = place(&releases);
    install(&place, "sh", &[]).run().code(0);
    let local = place.home().join(".local");
    let kept = ["lib/discfg/notes", "share/doc/discfg/notes"];
    for file in kept {
        fs::write(local.join(file), "").expect("its folder is installed");
    }
    install(&place, "sh", &["--uninstall"]).run().code(0);
    let files: Vec<_> = tree(&local)
        .into_iter()
        .filter(|(_, text)| text.contains(' '))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(files, kept);
}

#[test]
fn a_file_that_cannot_be_removed_brings_the_others_back() {
    let releases = Releases::of(&[VERSION]);
    let place = place(&releases);
    install(&place, "sh", &[]).run().code(0);
    let before = tree(&place.home());
    let fails = "case $2 in */LICENSE) echo 'mv: read-only' >&2; exit 1 ;; esac\nexec /bin/mv \"$@\"";
    let path = commands(&place, &[], &[("mv", fails)]);
    install(&place, "sh", &["--uninstall"])
        .env("PATH", format!("{}:/usr/bin:/bin", path.display()))
        .run()
        .code(1)
        .stdout("")
        .stderr(&format!(
            "error: cannot remove {}/.local/share/doc/discfg/LICENSE\nbecause: mv: read-only\n\
             hint: choose a folder that you can write to: --prefix DIR\n",
            place.home().display()
        ));
    assert_eq!(tree(&place.home()), before);
}

#[test]
fn an_update_removes_what_the_new_version_no_longer_has() {
    let target = target();
    let folder = |version: &str| top(version, &target);
    let releases = Releases::of(&["0.9.0", VERSION]);
    let old = Archive::of("0.9.0", &target, &program("0.9.0"))
        .file(&format!("{}/share/man/man1/discfg-old.1", folder("0.9.0")), "old");
    releases.replace("0.9.0", &target, old.gz());
    let place = place(&releases);
    let local = place.home().join(".local");
    install(&place, "sh", &["--version", "0.9.0"]).run().code(0);
    let before = tree(&place.home());
    assert!(before.contains_key(".local/share/man/man1/discfg-old.1"));
    // If the update fails, they are still there.
    let fails = "for last; do :; done\ncase $last in */bin/discfg) exit 1 ;; esac\nexec /bin/mv \"$@\"";
    let path = commands(&place, &[], &[("mv", fails)]);
    install(&place, "sh", &[])
        .env("PATH", format!("{}:/usr/bin:/bin", path.display()))
        .run()
        .code(1);
    assert_eq!(tree(&place.home()), before);
    install(&place, "sh", &[]).run().code(0);
    assert_installed(&local, VERSION);

    let program_only = Archive::empty().program(&folder("1.1.0"), &program("1.1.0")).gz();
    releases.replace("1.1.0", &target, program_only);
    install(&place, "sh", &["--version", "1.1.0"]).run().code(0);
    let after = tree(&local);
    assert!(!after.contains_key("lib/discfg"), "{after:?}");
    let files = after.values().filter(|text| text.contains(' ')).count();
    assert_eq!(files, 1, "{after:?}");
}
