use super::super::Failure;
use super::aws::no_region;
use super::book::{Book, Variants, variants};
use super::not_allowed;
use crate::context::{EngineName, MalformedFile, TargetError};
use crate::files::FileFault;
use crate::model::{ConfigName, Role};

variants!(TargetError: NoConfig NotText Unreadable Malformed Foreign Untrusted Config Engine Role Sign Region);

#[test]
fn of_a_target() {
    let file = || "/home/ann/shop/.discfg".into();
    let unreadable = |fault: FileFault| TargetError::Unreadable {
        path: file(),
        source: fault.into(),
    };
    let foreign = |fault: FileFault| TargetError::Foreign {
        path: file(),
        source: fault.into(),
    };
    let malformed = |source| TargetError::Malformed { path: file(), source };
    let errors = [
        ("", TargetError::NoConfig),
        ("", TargetError::NotText("DISCFG_CONFIG".into())),
        (
            "",
            TargetError::Unreadable {
                path: file(),
                source: not_allowed(),
            },
        ),
        ("a link", unreadable(FileFault::Link(file()))),
        (
            "a pipe",
            unreadable(FileFault::Special {
                path: file(),
                what: "named pipe",
            }),
        ),
        (
            "a large file",
            unreadable(FileFault::TooLarge {
                path: file(),
                most: 65_536,
            }),
        ),
        (
            "another user's",
            foreign(FileFault::Owner {
                path: file(),
                owner: 1001,
                you: 1000,
            }),
        ),
        (
            "in a folder of everybody's",
            foreign(FileFault::Writable {
                path: "/home/ann/our shop".into(),
                mode: 0o777,
            }),
        ),
        ("no text", malformed(MalformedFile::Encoding)),
        ("a bare word", malformed(MalformedFile::Name)),
        ("a line", malformed(MalformedFile::Line(2))),
        (
            "",
            TargetError::Untrusted {
                path: file(),
                setting: "profile".into(),
            },
        ),
        (
            "",
            TargetError::Config {
                variable: "DISCFG_CONFIG",
                source: "Payments".parse::<ConfigName>().expect_err("no config name"),
            },
        ),
        (
            "",
            TargetError::Engine {
                variable: "DISCFG_ENGINE",
                source: "redis".parse::<EngineName>().expect_err("no engine"),
            },
        ),
        (
            "",
            TargetError::Role {
                variable: "DISCFG_AS",
                source: "Admin".parse::<Role>().expect_err("no identity"),
            },
        ),
        (
            "",
            TargetError::Sign {
                variable: "DISCFG_SIGN",
                source: "yes".parse::<bool>().expect_err("neither true nor false"),
            },
        ),
        (
            "",
            TargetError::Region {
                variable: "AWS_REGION",
                source: no_region(),
            },
        ),
    ];
    Book::errors("target_error", Failure::from, errors);
}
