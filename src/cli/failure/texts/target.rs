use super::super::Failure;
use super::aws::no_region;
use super::book::{Book, Variants, variants};
use super::not_allowed;
use crate::model::{ConfigName, Role};
use crate::target::{EngineName, TargetError};

variants!(TargetError: NoConfig Unreadable Malformed Untrusted Config Engine Role Sign Region);

#[test]
fn of_a_target() {
    let file = || "/home/ann/shop/.discfg".into();
    let toml = toml::from_str::<toml::Table>("config = \"payments\"\nengine = local\n");
    let errors = [
        ("", TargetError::NoConfig),
        (
            "",
            TargetError::Unreadable {
                path: file(),
                source: not_allowed(),
            },
        ),
        (
            "",
            TargetError::Malformed {
                path: file(),
                source: toml.expect_err("it is no TOML").into(),
            },
        ),
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
