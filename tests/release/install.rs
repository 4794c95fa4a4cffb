//! `install.sh` as it should go, in several shells, with either of its tools.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use support::cli::{Call, Place};

use super::archive::{FILES, program};
use super::releases::Releases;

/// The script.
pub(crate) const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");

/// What the script needs, without a tool for downloads.
const TOOLS: [&str; 18] = [
    "cat",
    "chmod",
    "find",
    "gzip",
    "ln",
    "mkdir",
    "mktemp",
    "mv",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "sh",
    "sha256sum",
    "tail",
    "tar",
    "uname",
    "env",
];

/// A place where the releases are on that server.
pub(crate) fn place(releases: &Releases) -> Place {
    Place::new()
        .env("DISCFG_RELEASES_URL", releases.url())
        .env("PATH", "/usr/bin:/bin")
}

/// Begins a run of the script in a shell.
pub(crate) fn install(place: &Place, shell: &str, args: &[&str]) -> Call {
    place.shell("exec \"$@\"").and(&["sh", shell, SCRIPT]).and(args)
}

/// A folder of commands: these tools of the machine, and these scripts.
pub(crate) fn commands(place: &Place, tools: &[&str], scripts: &[(&str, &str)]) -> PathBuf {
    let folder = place.dir().join("commands");
    fs::create_dir_all(&folder).expect("a folder");
    for tool in tools {
        let found = ["/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin"]
            .iter()
            .map(|folder| Path::new(folder).join(tool))
            .find(|path| path.exists());
        let found =
            found.unwrap_or_else(|| panic!("{tool} not found. Debian, Ubuntu: apt-get install {tool}"));
        symlink(found, folder.join(tool)).expect("a link");
    }
    for (name, script) in scripts {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its owner");
    }
    folder
}

/// Everything below a folder: content and permissions of files, and of links where they point.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            let kind = entry.file_type().expect("a type");
            let mode = entry.metadata().expect("its facts").mode() & 0o7777;
            let text = if kind.is_dir() {
                open.push(path.clone());
                format!("{mode:o}")
            } else if kind.is_symlink() {
                format!("-> {}", fs::read_link(&path).expect("a link").display())
            } else {
                format!(
                    "{mode:o} {}",
                    String::from_utf8_lossy(&fs::read(&path).expect("a file"))
                )
            };
            let name = path
                .strip_prefix(folder)
                .expect("it is below")
                .to_string_lossy()
                .into_owned();
            found.insert(name, text);
        }
    }
    found
}

/// Only a whole installation of that version is below the prefix.
#[track_caller]
pub(crate) fn assert_installed(prefix: &Path, version: &str) {
    let mut wanted: BTreeMap<_, _> = FILES
        .map(|file| (file.to_owned(), format!("644 {version}")))
        .into();
    wanted.insert("bin/discfg".into(), format!("755 {}", program(version)));
    let found = tree(prefix);
    let owner = |path: &Path| fs::metadata(path).expect("its facts").uid();
    for name in found.keys() {
        // As root, tar restores the owners of the archive.
        assert_eq!(owner(&prefix.join(name)), owner(prefix), "{name}");
    }
    let files: BTreeMap<_, _> = found.iter().filter(|(_, text)| text.contains(' ')).collect();
    assert_eq!(files, wanted.iter().collect());
    for (folder, mode) in found.iter().filter(|(_, text)| !text.contains(' ')) {
        assert_eq!(mode, "755", "{folder}");
    }
}

#[test]
fn installs_the_latest_version_in_the_home_folder() {
    for shell in ["sh", "dash", "bash"] {
        let releases = Releases::of(&["0.9.0", "0.10.0"]);
        let place = place(&releases);
        let local = place.home().join(".local");
        let at = local.display();
        install(&place, shell, &[])
            .run()
            .code(0)
            .stdout(format!(
                "discfg 0.10.0 installed:\n\
                 \x20 program                        {at}/bin/discfg\n\
                 \x20 manual pages, completions      {at}/share\n\
                 {at}/bin is not in PATH. Add this line to the startup file of your shell:\n\
                 \x20 export PATH='{at}/bin':\"$PATH\"\n"
            ))
            .stderr_has("downloading http://127.0.0.1:");
        assert_installed(&local, "0.10.0");
        let requests = releases.requests();
        assert_eq!(requests.len(), 2, "{requests:?}");
        assert_eq!(requests[0], "/latest/download/SHA256SUMS");
        assert!(
            requests[1].starts_with("/download/v0.10.0/discfg-0.10.0-"),
            "{requests:?}"
        );
    }
}

#[test]
fn is_a_pipe_s_script_too() {
    let releases = Releases::of(&["1.0.0"]);
    let place = place(&releases);
    let prefix = place.dir().join("prefix");
    place
        .shell("exec sh -s -- --prefix prefix")
        .stdin(fs::read(SCRIPT).expect("the script"))
        .run()
        .code(0)
        .stdout_has("discfg 1.0.0 installed");
    assert_installed(&prefix, "1.0.0");
}

#[test]
fn installs_a_version_over_another() {
    let releases = Releases::of(&["1.0.0", "1.1.0-rc.1"]);
    let place = place(&releases);
    // A name with all that a shell could trip over.
    let prefix = place.dir().join("a 'b' \"c\" $d: *é\\");
    let text = prefix.to_str().expect("UTF-8");
    for (args, version) in [
        (&["--version", "1.0.0"][..], "1.0.0"),
        (&["--version=v1.1.0-rc.1"], "1.1.0-rc.1"),
        (&["--version", "v1.0.0"], "1.0.0"),
        (&[], "1.1.0-rc.1"),
    ] {
        install(&place, "sh", args).and(&["--prefix", text]).run().code(0);
        assert_installed(&prefix, version);
    }
}

#[test]
fn takes_wget_and_shasum_where_there_is_no_other() {
    let releases = Releases::of(&["1.0.0"]);
    let place = place(&releases);
    let tools: Vec<_> = TOOLS
        .into_iter()
        .filter(|tool| *tool != "sha256sum")
        .chain(["wget"])
        .collect();
    let shasum = "[ \"$*\" = '-a 256' ] && exec /usr/bin/env PATH=/usr/bin:/bin:/opt/homebrew/bin sha256sum";
    let path = commands(&place, &tools, &[("shasum", shasum)]);
    install(&place, "/bin/sh", &[]).env("PATH", &path).run().code(0);
    assert_installed(&place.home().join(".local"), "1.0.0");
    install(&place, "/bin/sh", &["--version", "2.0.0"])
        .env("PATH", &path)
        .run()
        .code(3)
        .stderr(&format!(
            "error: version 2.0.0 not found: {0}/download/v2.0.0/SHA256SUMS does not exist\n\
             hint: see {0} for the versions\n",
            releases.url()
        ));
}

#[test]
fn a_tool_that_is_not_there_is_named() {
    let releases = Releases::of(&["1.0.0"]);
    let place = place(&releases);
    let path = commands(&place, &TOOLS, &[]);
    let without = |tool: Option<&str>| {
        if let Some(tool) = tool {
            fs::remove_file(path.join(tool)).expect("a link");
        }
        install(&place, "/bin/sh", &[])
            .env("PATH", &path)
            .run()
            .code(1)
            .stdout("")
    };
    without(None).stderr("error: neither curl nor wget found\nhint: install curl or wget\n");
    fs::write(path.join("curl"), "#!/bin/sh\n").expect("a file");
    fs::set_permissions(path.join("curl"), fs::Permissions::from_mode(0o755)).expect("its owner");
    without(Some("sha256sum")).stderr(
        "error: cannot verify checksums: neither sha256sum nor shasum found\nhint: install coreutils\n",
    );
    without(Some("gzip")).stderr("error: gzip not found\nhint: install gzip\n");
    without(Some("tar")).stderr("error: tar not found\nhint: install tar\n");
    assert_eq!(releases.requests(), [""; 0]);
}

#[test]
fn chooses_the_archive_of_the_platform() {
    for (system, machine, sysctl, target) in [
        ("Linux", "x86_64", "exit 1", "x86_64-unknown-linux-musl"),
        ("Linux", "aarch64", "exit 1", "aarch64-unknown-linux-musl"),
        ("Linux", "arm64", "exit 1", "aarch64-unknown-linux-musl"),
        ("Darwin", "arm64", "echo 1", "aarch64-apple-darwin"),
        ("Darwin", "x86_64", "exit 1", "x86_64-apple-darwin"),
        // Rosetta.
        ("Darwin", "x86_64", "echo 1", "aarch64-apple-darwin"),
    ] {
        let releases = Releases::of(&["1.0.0"]);
        let place = place(&releases);
        let path = platform(&place, system, machine, sysctl);
        install(&place, "sh", &[]).env("PATH", path).run().code(0);
        let wanted = format!("/download/v1.0.0/discfg-1.0.0-{target}.tar.gz");
        assert_eq!(releases.requests(), ["/latest/download/SHA256SUMS", &wanted]);
    }
    for (system, machine) in [
        ("Linux", "armv7l"),
        ("Linux", "i686"),
        ("Linux", "riscv64"),
        ("FreeBSD", "amd64"),
        ("MINGW64_NT-10.0", "x86_64"),
        ("Darwin", "ppc"),
    ] {
        let releases = Releases::of(&["1.0.0"]);
        let place = place(&releases);
        let path = platform(&place, system, machine, "exit 1");
        install(&place, "sh", &[]).env("PATH", path).run().code(1).stdout("").stderr(&format!(
            "error: unsupported platform: {system} {machine}; the releases are for Linux and macOS on x86_64 and \
             aarch64\nhint: build discfg from source: cargo install discfg\n"
        ));
        assert_eq!(releases.requests(), [""; 0]);
        assert!(!place.home().join(".local").exists());
    }
}

/// A `PATH` on which the machine is another.
fn platform(place: &Place, system: &str, machine: &str, sysctl: &str) -> String {
    let uname = format!("case $1 in -s) echo {system} ;; -m) echo {machine} ;; esac");
    let commands = commands(place, &[], &[("uname", &uname), ("sysctl", sysctl)]);
    format!("{}:/usr/bin:/bin", commands.display())
}

#[test]
fn says_whether_the_program_is_found() {
    let releases = Releases::of(&["1.0.0"]);
    let place = place(&releases);
    let bin = place.home().join(".local/bin");
    let bin = bin.display();
    install(&place, "sh", &[])
        .env("SHELL", "/usr/bin/fish")
        .run()
        .code(0)
        .stdout_has(&format!("\n  fish_add_path '{bin}'\n"));
    let said = install(&place, "sh", &[])
        .env("PATH", format!("/usr/bin:/bin:{bin}"))
        .run()
        .code(0)
        .text();
    assert!(!said.contains("PATH"), "{said}");
    let other = commands(&place, &[], &[("discfg", "")]);
    let other = other.display();
    install(&place, "sh", &[])
        .env("PATH", format!("{other}:/usr/bin:/bin:{bin}"))
        .run()
        .code(0)
        .stdout_has(&format!(
            "\n{other}/discfg comes first in PATH: remove it to run the new one\n"
        ));
}

#[test]
fn the_line_for_path_is_safe_in_each_shell() {
    let releases = Releases::of(&["1.0.0"]);
    let place = place(&releases);
    let prefix = place.dir().join("a 'b' \"c\" $(id) `id` $d \\ \\\\ é");
    let bin = prefix.join("bin").into_os_string().into_string().expect("UTF-8");
    let line = |shell: &str| {
        let call = install(&place, "sh", &["--prefix"]).and(&[prefix.to_str().expect("UTF-8")]);
        let said = call.env("SHELL", shell).run().code(0).text();
        said.lines().last().expect("a line").to_owned()
    };
    for shell in ["sh", "bash", "zsh"] {
        let shown = format!("{}; printf %s \"$PATH\"", line(shell));
        let call = place.shell("exec \"$0\" -c \"$1\"").and(&[shell, &shown]);
        call.run().code(0).stdout(format!("{bin}:/usr/bin:/bin"));
    }
    let shown = format!(
        "function fish_add_path; printf %s $argv; end; {}",
        line("/usr/bin/fish")
    );
    let call = place.shell("exec fish --no-config -c \"$0\"").and(&[&shown]);
    call.run().code(0).stdout(&bin);
}

#[test]
fn help_is_for_a_terminal_and_needs_nothing() {
    let place = Place::new().without_env("HOME").env("DISCFG_RELEASES_URL", "?");
    let help = install(&place, "sh", &["--help"]).run().code(0).stderr("").text();
    for line in help.lines() {
        assert!(line.chars().count() <= 120, "{line}");
    }
    for part in [
        "--version",
        "--prefix",
        "--uninstall",
        "Redirects must be https",
        "DISCFG_RELEASES_URL",
        "https_proxy",
        "Exit codes",
    ] {
        assert!(help.contains(part), "{part}");
    }
    install(&place, "sh", &["-h"]).run().code(0).stdout(&help);
}
