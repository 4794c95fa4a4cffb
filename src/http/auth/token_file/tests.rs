use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::thread;

use super::*;
use crate::http::auth::token::GeneratedToken;
use crate::model::Access;

fn entry(name: &str) -> TokenEntry {
    TokenEntry {
        name: name.parse().unwrap(),
        sha256: GeneratedToken::generate().digest(),
        access: Access::Write,
        sections: Some(["db".parse().unwrap(), "@root".parse().unwrap()].into()),
        configs: Some(["payments".parse().unwrap()].into()),
        decrypt: true,
    }
}

fn names(file: &TokenFile) -> Vec<String> {
    let tokens = file.read().unwrap();
    tokens
        .entries()
        .iter()
        .map(|entry| entry.name.to_string())
        .collect()
}

#[test]
fn what_is_added_is_read_and_what_is_revoked_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::at(folder.path().join("tokens"));
    assert_eq!(file.read().unwrap_err().kind(), ErrorKind::NotFound);
    let name = "a".parse().unwrap();
    assert_eq!(file.revoke(&name).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(!file.path().exists());
    file.add(entry("a")).unwrap();
    assert_eq!(
        fs::metadata(file.path()).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let commented = fs::read_to_string(file.path()).unwrap() + "# mine";
    fs::write(file.path(), commented).unwrap();
    file.add(TokenEntry {
        sections: None,
        configs: None,
        ..entry("b")
    })
    .unwrap();
    assert!(fs::read_to_string(file.path()).unwrap().contains("# mine\n"));
    assert_eq!(names(&file), ["a", "b"]);
    assert_eq!(file.add(entry("a")).unwrap_err().kind(), ErrorKind::Conflict);
    let read = file.read().unwrap();
    let caller = read.entries()[0].caller();
    assert_eq!(caller.by.as_deref(), Some("token:a"));
    assert!(caller.covers(&"db".parse().unwrap()) && !caller.covers(&"other".parse().unwrap()));
    assert!(read.entries()[1].caller().covers(&"other".parse().unwrap()));
    file.revoke(&name).unwrap();
    assert_eq!(names(&file), ["b"]);
    file.revoke(&"b".parse().unwrap()).unwrap();
    assert_eq!(names(&file), [""; 0]);
    assert_eq!(
        fs::metadata(file.path()).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_file_that_others_can_write_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::at(folder.path().join("tokens"));
    file.add(entry("a")).unwrap();
    let before = fs::read(file.path()).unwrap();
    let mode = |mode| fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
    for open in [0o602, 0o666, 0o646] {
        mode(open);
        for refused in [
            file.read().map(|_| ()),
            file.add(entry("b")),
            file.revoke(&"a".parse().unwrap()),
        ] {
            let error = refused.unwrap_err();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains(&format!("{open:04o}")), "{cause}");
            assert!(files::mend(&error).unwrap().contains("chmod go-w"));
        }
    }
    assert_eq!(fs::read(file.path()).unwrap(), before);
    // As container platforms mount what they call a secret.
    mode(0o644);
    assert_eq!(names(&file), ["a"]);
}

#[test]
fn what_is_malformed_is_refused_by_place_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::at(folder.path().join("tokens"));
    file.add(entry("a")).unwrap();
    let good = fs::read_to_string(file.path()).unwrap();
    let table = &good[good.find("[[token]]").unwrap()..];
    let lines = good.lines().count();
    let line = |of: &str| {
        let before = good.lines().position(|line| line.starts_with(of)).unwrap();
        format!("line {} ", before + 1)
    };
    let wrong = [
        (good.replace("access", "acess"), line("access")),
        (good.replace("\"write\"", "\"own\""), line("access")),
        (good.replace("sha256 = \"", "sha256 = \"0"), line("sha256")),
        (good.replace("name = \"a\"", "name = \"a b\""), line("name")),
        (
            good.replace("[\"payments\"]", "[]"),
            "empty list of configs".into(),
        ),
        (good.replace("[\"payments\"]", "[\"No\"]"), line("configs")),
        (format!("{good}{table}"), "duplicate token \"a\" in ".into()),
        (format!("{good}x"), format!("line {}", lines + 1)),
    ];
    for (text, part) in wrong {
        assert_ne!(text, good);
        fs::write(file.path(), &text).unwrap();
        for refused in [
            file.read().map(|_| ()),
            file.add(entry("b")),
            file.revoke(&"a".parse().unwrap()),
        ] {
            let error = refused.unwrap_err();
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let detail = format!("{error}: {}", cause.unwrap_or_default());
            assert!(detail.contains(&part), "{part}: {detail}");
            assert_eq!(error.kind(), ErrorKind::Invalid);
        }
        assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
    }
}

#[test]
fn tokens_that_are_made_at_the_same_time_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::at(folder.path().join("tokens"));
    thread::scope(|scope| {
        for writer in 0..8 {
            let file = &file;
            scope.spawn(move || {
                for count in 0..5 {
                    file.add(entry(&format!("{writer}.{count}"))).unwrap();
                    file.read().unwrap();
                }
            });
        }
    });
    assert_eq!(names(&file).len(), 40);
}

#[test]
fn no_file_is_made_at_the_end_of_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (nowhere, link) = (folder.path().join("nowhere"), folder.path().join("link"));
    symlink(&nowhere, &link).unwrap();
    let error = TokenFile::at(&link).add(entry("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(!nowhere.exists());
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    TokenFile::at(&real).add(entry("a")).unwrap();
    symlink(&real, &link).unwrap();
    TokenFile::at(&link).add(entry("b")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(names(&TokenFile::at(&real)), ["a", "b"]);
}
