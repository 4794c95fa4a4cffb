use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::read::read_named;
use super::rule::{Facts, User};
use super::*;

const MOST: u64 = 100;

/// A user with a group of the same number, as useradd makes them.
const ANN: User = User {
    id: 1000,
    group: Some(1000),
};

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

fn fault(error: &std::io::Error) -> &FileFault {
    let held = error.get_ref().and_then(|held| held.downcast_ref());
    held.unwrap_or_else(|| panic!("no fault: {error}"))
}

/// A folder with a private file in it.
fn folder() -> (TempDir, Folder, PathBuf) {
    let root = tempfile::tempdir().expect("a folder");
    let own = Folder::below(root.path().into(), "discfg");
    own.replace("file", b"content", Privacy::Private, Durability::Lossy)
        .expect("it is written");
    let path = own.path().join("file");
    (root, own, path)
}

#[test]
fn a_file_is_its_users_or_roots_and_nobody_elses_to_write() {
    let judge = |owner, group, mode, privacy| {
        let facts = Facts { owner, group, mode };
        ANN.check_file(facts, privacy, Path::new("/f"))
    };
    let is_good = |owner, group, mode, privacy| judge(owner, group, mode, privacy).is_ok();
    for owner in [0, 1000] {
        assert!(is_good(owner, 50, 0o644, Privacy::Public));
        assert!(is_good(owner, 50, 0o600, Privacy::Private));
        for open in [0o640, 0o604, 0o601, 0o610] {
            let judged = judge(owner, 50, open, Privacy::Private);
            assert!(matches!(judged, Err(FileFault::Readable { .. })), "{open:o}");
        }
        for open in [0o620, 0o602, 0o666] {
            for privacy in [Privacy::Public, Privacy::Private] {
                let judged = judge(owner, 50, open, privacy);
                assert!(matches!(judged, Err(FileFault::Writable { .. })), "{open:o}");
            }
        }
    }
    let foreign = judge(1001, 1000, 0o600, Privacy::Private);
    assert!(matches!(
        foreign,
        Err(FileFault::Owner {
            owner: 1001,
            you: 1000,
            ..
        })
    ));
    // A umask of 002, which systems give users who have a group of their own.
    assert!(is_good(1000, 1000, 0o664, Privacy::Public));
    assert!(!is_good(1000, 1000, 0o666, Privacy::Public));
    assert!(!is_good(1000, 1000, 0o660, Privacy::Private));
}

#[test]
fn a_folder_is_closed_or_sticky() {
    let is_good = |owner, mode| {
        let facts = Facts {
            owner,
            group: 50,
            mode,
        };
        ANN.check_folder(facts, Path::new("/d")).is_ok()
    };
    assert!(is_good(0, 0o755) && is_good(1000, 0o700) && is_good(0, 0o1777));
    assert!(!is_good(0, 0o777) && !is_good(1000, 0o775));
    // Whoever owns a sticky folder can replace what is in it.
    assert!(!is_good(1001, 0o1777) && !is_good(1001, 0o700));
}

#[test]
fn what_was_written_is_read_whatever_the_umask_is() {
    let (_root, own, path) = folder();
    assert_eq!(
        *own.read("file", MOST, Privacy::Private).expect("ours"),
        b"content"
    );
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(own.path()), 0o700);
    own.replace("file", b"other", Privacy::Public, Durability::Synced)
        .expect("it is written");
    assert_eq!(mode(&path) & !0o644, 0);
    assert_eq!(*own.read("file", MOST, Privacy::Public).expect("ours"), b"other");
    let none = own
        .read("none", MOST, Privacy::Public)
        .expect_err("it is not there");
    assert_eq!(none.kind(), ErrorKind::NotFound);
}

#[test]
fn a_file_that_others_can_change_is_not_used_and_the_mend_is_told() {
    let (_root, own, path) = folder();
    let refused = |privacy| own.read("file", MOST, privacy).expect_err("it is refused");
    chmod(&path, 0o666);
    let error = refused(Privacy::Public);
    assert!(matches!(fault(&error), FileFault::Writable { mode: 0o666, .. }));
    assert_eq!(mend(&error), Some(format!("run `chmod go-w {}`", path.display())));
    chmod(&path, 0o644);
    let error = refused(Privacy::Private);
    assert!(matches!(fault(&error), FileFault::Readable { mode: 0o644, .. }));
    assert_eq!(mend(&error), Some(format!("run `chmod go= {}`", path.display())));
    own.read("file", MOST, Privacy::Public).expect("it isn't private");
    // For a caller who has another reason to trust it.
    chmod(&path, 0o666);
    let found = own.find("file", MOST, Privacy::Public).expect("it is regular");
    assert_eq!(*found.bytes, b"content");
    assert!(found.fault.is_some());
}

#[test]
fn a_folder_that_others_can_change_spoils_what_is_in_it() {
    let (root, own, _) = folder();
    for open in [own.path(), root.path()] {
        for mode in [0o777, 0o757] {
            chmod(open, mode);
            let read = own.read("file", MOST, Privacy::Private).expect_err("open");
            let written = own.replace("file", b"x", Privacy::Private, Durability::Lossy);
            for error in [read, written.expect_err("open")] {
                let path = open.to_path_buf();
                assert_eq!(*fault(&error), FileFault::Writable { path, mode });
            }
        }
        chmod(open, 0o700);
    }
    // Also where a link leads to it.
    let elsewhere = tempfile::tempdir().expect("a folder");
    symlink(root.path(), elsewhere.path().join("link")).expect("a link");
    let linked = Folder::below(elsewhere.path().join("link"), "discfg");
    linked.read("file", MOST, Privacy::Private).expect("it is closed");
    chmod(own.path(), 0o777);
    linked
        .read("file", MOST, Privacy::Private)
        .expect_err("it is open");
    chmod(own.path(), 0o700);
    chmod(root.path(), 0o1777);
    own.read("file", MOST, Privacy::Private)
        .expect("a sticky one is closed");
}

#[test]
fn no_link_is_followed_to_a_file_that_is_found() {
    let (root, own, path) = folder();
    let secret = root.path().join("secret");
    fs::write(&secret, "hunter2").expect("a file");
    for target in [secret.as_path(), Path::new("/dev/zero"), Path::new("nowhere")] {
        fs::remove_file(&path).expect("it is there");
        symlink(target, &path).expect("a link");
        let error = own.find("file", MOST, Privacy::Public).err().expect("a link");
        assert!(matches!(fault(&error), FileFault::Link(_)), "{error}");
        assert!(!error.to_string().contains("hunter"));
        #[cfg(feature = "local")]
        {
            let error = own.check_file("file", Privacy::Public).expect_err("a link");
            assert!(matches!(fault(&error), FileFault::Link(_)), "{error}");
        }
    }
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let (root, own, path) = folder();
    fs::remove_file(&path).expect("it is there");
    mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).expect("a pipe");
    let pipe = own.find("file", MOST, Privacy::Public).err().expect("a pipe");
    assert!(matches!(
        fault(&pipe),
        FileFault::Special {
            what: "named pipe",
            ..
        }
    ));
    let link = root.path().join("link");
    for (target, named) in [(path.as_path(), "named pipe"), (Path::new("/dev/zero"), "device")] {
        symlink(target, &link).expect("a link");
        let error = read_named(&link, MOST, Privacy::Public).expect_err("it is no file");
        assert!(matches!(fault(&error), FileFault::Special { what, .. } if *what == named));
        fs::remove_file(&link).expect("it is there");
    }
    fs::remove_file(&path).expect("it is there");
    let _socket = UnixListener::bind(&path).expect("a socket");
    assert!(own.find("file", MOST, Privacy::Public).is_err());
    fs::remove_file(&path).expect("it is there");
    fs::create_dir(&path).expect("a folder");
    let folder = own.find("file", MOST, Privacy::Public).err().expect("a folder");
    assert_eq!(folder.kind(), ErrorKind::IsADirectory);
}

#[test]
fn no_more_is_read_than_may_be() {
    let (_root, own, path) = folder();
    for (bytes, is_good) in [(MOST, true), (MOST + 1, false), (1 << 40, false)] {
        // Sparse: no system has room for the largest.
        fs::File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(bytes))
            .expect("a size");
        let read = own.read("file", MOST, Privacy::Private);
        assert_eq!(read.is_ok(), is_good, "{bytes}");
        if let Err(error) = read {
            assert_eq!(
                *fault(&error),
                FileFault::TooLarge {
                    path: path.clone(),
                    most: MOST
                }
            );
        }
    }
}

#[test]
fn a_named_file_is_read_at_the_end_of_links_as_container_platforms_mount_it() {
    let root = tempfile::tempdir().expect("a folder");
    let version = root.path().join("..2026_11_29");
    fs::create_dir(&version).expect("a folder");
    fs::write(version.join("tls.key"), "content").expect("a file");
    symlink("..2026_11_29", root.path().join("..data")).expect("a link");
    let path = root.path().join("tls.key");
    symlink("..data/tls.key", &path).expect("a link");
    // Where the platform gives it mode 0644, that is a warning.
    for mode in [0o600, 0o444, 0o644] {
        chmod(&version.join("tls.key"), mode);
        assert_eq!(
            *read_named(&path, MOST, Privacy::Private).expect("ours"),
            b"content"
        );
    }
    chmod(&version.join("tls.key"), 0o606);
    let error = read_named(&path, MOST, Privacy::Public).expect_err("others can write it");
    assert!(matches!(fault(&error), FileFault::Writable { mode: 0o606, .. }));
}

#[test]
fn writing_replaces_a_link_and_leaves_what_it_leads_to() {
    let (root, own, path) = folder();
    let profile = root.path().join("profile");
    fs::write(&profile, "mine").expect("a file");
    fs::remove_file(&path).expect("it is there");
    symlink(&profile, &path).expect("a link");
    own.replace("file", b"new", Privacy::Private, Durability::Lossy)
        .expect("it is written");
    assert_eq!(fs::read(&profile).expect("it is there"), b"mine");
    assert!(!fs::symlink_metadata(&path).expect("it is there").is_symlink());
    assert_eq!(fs::read(&path).expect("it is there"), b"new");
    let left = fs::read_dir(own.path()).expect("a folder").count();
    assert_eq!(left, 1, "no temporary file stays");
}

#[test]
fn a_command_that_mends_can_be_pasted() {
    let path = || PathBuf::from("/home/ann/it's mine/.discfg");
    let error = std::io::Error::from(FileFault::Writable {
        path: path(),
        mode: 0o666,
    });
    assert_eq!(
        mend(&error).as_deref(),
        Some(r"run `chmod go-w '/home/ann/it'\''s mine/.discfg'`")
    );
}
