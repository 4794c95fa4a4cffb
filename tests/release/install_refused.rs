//! `install.sh` where something is wrong with a release: it says what, and nothing has changed.

use std::env::consts::{ARCH, OS};
use std::io::Read as _;

use flate2::read::GzDecoder;
use tar::EntryType;

use support::cli::{Call, Outcome, Place};

use super::archive::{Archive, program, top};
use super::install::{install, place, tree};
use super::releases::{Answer, Releases, sum_of};

pub(crate) const VERSION: &str = "1.0.0";
const SUMS: &str = "/download/v1.0.0/SHA256SUMS";

/// This machine's platform.
pub(crate) fn target() -> String {
    let system = if OS == "macos" {
        "apple-darwin"
    } else {
        "unknown-linux-musl"
    };
    format!("{ARCH}-{system}")
}

/// Where its archive is.
pub(crate) fn asset() -> String {
    format!("/download/v1.0.0/{}.tar.gz", top(VERSION, &target()))
}

/// Runs the script for a version that can't be installed: once where nothing is installed, once over another version.
#[track_caller]
fn refused(releases: &Releases, prepare: impl Fn(&Place), change: impl Fn(Call) -> Call) -> Outcome {
    let place = place(releases);
    prepare(&place);
    let before = tree(&place.home());
    let call = || change(install(&place, "sh", &["--version", VERSION]));
    let first = call().run().stdout("");
    assert_eq!(tree(&place.home()), before, "{}", first.errors());
    releases.publish("0.9.0", &program("0.9.0"));
    // As another user can't write what root has installed, and the other way round.
    change(install(&place, "sh", &["--version", "0.9.0"])).run();
    let before = tree(&place.home());
    let second = call().run().stdout("");
    assert_eq!(tree(&place.home()), before, "{}", second.errors());
    assert_eq!(first.exit_code(), second.exit_code());
    second
}

fn plainly_refused(releases: &Releases) -> Outcome {
    refused(releases, |_| {}, |call| call)
}

#[test]
fn a_version_that_does_not_exist() {
    let releases = Releases::of(&["1.1.0"]);
    plainly_refused(&releases).code(3).stderr(&format!(
        "error: version 1.0.0 not found: {0}/download/v1.0.0/SHA256SUMS does not exist\nhint: see {0} for the versions\n",
        releases.url()
    ));
    let releases = Releases::empty();
    install(&place(&releases), "sh", &[])
        .run()
        .code(3)
        .stderr_has("error: the latest release not found: ");
}

#[test]
fn an_answer_that_is_no_list_of_checksums() {
    let html = b"<!DOCTYPE html>\n<html><body>Sign in to the network</body></html>\n".to_vec();
    let sum = sum_of(b"");
    for bad in [
        html,
        b"".to_vec(),
        b"\n".to_vec(),
        b"\0\0\0".to_vec(),
        format!("{sum}  {}\r\n", top(VERSION, &target())).into_bytes(),
        format!("{}  discfg.tar.gz\n", &sum[1..]).into_bytes(),
        format!("{}  discfg.tar.gz\n", sum.to_uppercase()).into_bytes(),
        format!("{sum}\n").into_bytes(),
        format!("{sum}  ../discfg.tar.gz\n").into_bytes(),
        format!("{sum}  install.sh\nnot a sum\n").into_bytes(),
    ] {
        let releases = Releases::of(&[VERSION]);
        releases.put(SUMS, Answer::File(bad));
        plainly_refused(&releases).code(1).stderr(&format!(
            "error: cannot read {}{SUMS}: it is not a list of SHA-256 sums\n\
             hint: check whether a proxy answers in its place\n",
            releases.url()
        ));
    }
}

#[test]
fn checksums_without_one_for_the_platform_or_with_two() {
    let releases = Releases::of(&[VERSION]);
    let sum = sum_of(b"");
    for none in [
        format!("{sum}  install.sh\n"),
        format!("{sum}  {}.tar.gz\n", top("1.0.1", &target())),
        format!("{sum}  {}.tar.gz\n", top(VERSION, "riscv64-unknown-linux-musl")),
    ] {
        releases.put(SUMS, Answer::File(none.into_bytes()));
        plainly_refused(&releases).code(1).stderr(&format!(
            "error: cannot find an archive for {} in {}{SUMS}\nhint: build discfg from source: cargo install discfg\n",
            target(),
            releases.url()
        ));
    }
    let two = format!("{sum}  {0}.tar.gz\n{sum}  {0}.tar.gz\n", top(VERSION, &target()));
    releases.put(SUMS, Answer::File(two.into_bytes()));
    plainly_refused(&releases)
        .code(1)
        .stderr_has("error: cannot choose an archive: ");
    let odd = format!("{sum}  discfg-1.0.0.evil-{}.tar.gz\n", target());
    releases.put("/latest/download/SHA256SUMS", Answer::File(odd.into_bytes()));
    install(&place(&releases), "sh", &[])
        .run()
        .code(1)
        .stderr_has(": invalid version in discfg-1.0.0.evil-");
}

#[test]
fn a_wrong_checksum() {
    let releases = Releases::of(&[VERSION]);
    let whole = releases.get(&asset());
    let other = Archive::of(VERSION, &target(), "#!/bin/sh\n# Another\necho discfg 1.0.0\n").gz();
    releases.put(&asset(), Answer::File(other.clone()));
    plainly_refused(&releases).code(1).stderr_has(&format!(
        "error: wrong checksum of {}.tar.gz: expected {}, found {}\nhint: the download is damaged or was replaced: ",
        top(VERSION, &target()),
        sum_of(&whole),
        sum_of(&other)
    ));
}

#[test]
fn downloads_that_fail() {
    for path in [SUMS.to_owned(), asset()] {
        let releases = Releases::of(&[VERSION]);
        let whole = releases.get(&path);
        let url = format!("{}{path}", releases.url());
        releases.put(&path, Answer::Half(whole));
        plainly_refused(&releases)
            .code(1)
            .stderr_has(&format!("error: cannot download {url}\nbecause: curl: (18) "))
            .stderr_has("\nhint: check the connection and the proxy (https_proxy), then rerun the command\n");
        releases.put(&path, Answer::Status(403));
        plainly_refused(&releases)
            .code(1)
            .stderr_has(&format!("error: cannot download {url}\nbecause: curl: (22) "));
    }
    let releases = Releases::of(&[VERSION]);
    releases.put(&asset(), Answer::Status(404));
    plainly_refused(&releases)
        .code(1)
        .stderr_has("error: cannot download ");
    let nowhere = |call: Call| call.env("DISCFG_RELEASES_URL", "http://127.0.0.1:1/a");
    refused(&releases, |_| {}, nowhere).code(1).stderr_has(
        "error: cannot download http://127.0.0.1:1/a/download/v1.0.0/SHA256SUMS\nbecause: curl: (7) ",
    );
}

#[test]
fn archives_that_would_leave_their_folder() {
    let top = top(VERSION, &target());
    let good = || Archive::of(VERSION, &target(), &program(VERSION));
    let outside = "it has an entry outside its folder";
    let invalid = "it has an entry with an invalid name";
    let kind = "it has an entry that is neither a file nor a folder";
    for (archive, why) in [
        (good().file("outside", ""), outside),
        (good().file("/outside", ""), outside),
        (good().file(&format!("./{top}/inside"), ""), outside),
        (good().file(&format!("{top}-other/bin/discfg"), ""), outside),
        (good().file("../outside", ""), invalid),
        (good().file(&format!("{top}/../../outside"), ""), invalid),
        (good().folder(&format!("{top}/share/..")), invalid),
        (good().file(&format!("{top}/a b"), ""), invalid),
        (good().file(&format!("{top}/a\nb"), ""), invalid),
        (good().link(EntryType::Symlink, &format!("{top}/lib"), "/"), kind),
        (
            good().link(EntryType::Link, &format!("{top}/passwd"), "/etc/passwd"),
            kind,
        ),
        (good().link(EntryType::Fifo, &format!("{top}/pipe"), ""), kind),
    ] {
        let releases = Releases::empty();
        releases.replace(VERSION, &target(), archive.gz());
        plainly_refused(&releases)
            .code(1)
            .stderr_has(&format!("\nerror: cannot unpack {top}.tar.gz: {why}\n"));
    }
}

#[test]
fn archives_that_are_damaged() {
    let whole = Archive::of(VERSION, &target(), &program(VERSION)).gz();
    let mut unpacked = Vec::new();
    GzDecoder::new(&whole[..])
        .read_to_end(&mut unpacked)
        .expect("gzip");
    for bad in [
        unpacked,
        whole[..whole.len() / 2].to_vec(),
        b"text".to_vec(),
        Vec::new(),
    ] {
        let releases = Releases::empty();
        releases.replace(VERSION, &target(), bad);
        plainly_refused(&releases)
            .code(1)
            .stderr_has("\nerror: cannot unpack ")
            .stderr_has("\nbecause: gzip: ");
    }
}

#[test]
fn programs_that_are_not_what_was_asked_for() {
    let no_program = Archive::empty().file(
        &format!("{}/share/doc/discfg/LICENSE", top(VERSION, &target())),
        "",
    );
    for (archive, why) in [
        (no_program, "error: cannot install discfg-1.0.0-"),
        (
            of("#!/bin/sh\necho discfg 1.0.1\n"),
            "reports another version: expected discfg 1.0.0\n",
        ),
        (
            of("#!/bin/sh\necho Illegal instruction >&2\nexit 132\n"),
            "\nbecause: Illegal instruction\n",
        ),
        (
            of("\x7fELF of another machine"),
            "error: cannot run the program of discfg-1.0.0-",
        ),
    ] {
        let releases = Releases::empty();
        releases.replace(VERSION, &target(), archive.gz());
        plainly_refused(&releases).code(1).stderr_has(why);
    }
}

fn of(program: &str) -> Archive {
    Archive::of(VERSION, &target(), program)
}

#[test]
fn a_redirect_to_a_server_without_tls_is_not_followed() {
    let releases = Releases::of(&[VERSION]);
    let other = Releases::of(&[VERSION]);
    releases.put(SUMS, Answer::Redirect(format!("{}{SUMS}", other.url())));
    plainly_refused(&releases)
        .code(1)
        .stderr_has("error: cannot download ");
    assert_eq!(other.requests(), [""; 0]);
}
