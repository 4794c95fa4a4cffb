use super::super::Failure;
use super::aws::assume_denied;
use super::book::{Book, Variants, variants};
use super::is;
use super::tokens::no_token;
use crate::context::{TargetError, TokenError};
use crate::engine::OpenError;
use crate::engine::http::InTheClear;
use crate::model::{AwsNames, AwsNamesError};
use crate::store::StoreError;

variants!(OpenError: Target Aws Names Store Engine NoGrants NoRoles Token InTheClear NoList NoDataDir);
variants!(AwsNamesError);

#[test]
fn of_opening() {
    let url = || is("https://config.example.com");
    let errors = [
        ("", OpenError::Target(TargetError::NoConfig)),
        ("", OpenError::Aws(assume_denied())),
        ("", OpenError::Names(too_long())),
        (
            "",
            OpenError::Store(StoreError::NoConfig {
                config: "payments".into(),
                place: Some("/home/ann/.local/share/discfg/payments.db".into()),
            }),
        ),
        ("", OpenError::Engine("local".into())),
        ("", OpenError::NoGrants("ci".into())),
        ("", OpenError::NoRoles(url(), "write".into())),
        ("", OpenError::Token(url(), TokenError::Variable(no_token()))),
        (
            "",
            OpenError::InTheClear(InTheClear::Token(is("http://config.example.com"))),
        ),
        ("", OpenError::NoList(url())),
        ("", OpenError::NoDataDir),
    ];
    Book::errors("open_error", Failure::from, errors);
}

fn too_long() -> AwsNamesError {
    let name = is("a-config-with-the-longest-name-of-36");
    AwsNames::new(&name, &is("ap-southeast-10")).expect_err("it is too long")
}

#[test]
fn of_a_name_that_does_not_fit() {
    let fitting = AwsNames::new(&is("a-config-with-the-longest-name-of-36"), &is("eu-central-1"));
    let of_grant = fitting
        .expect("it fits")
        .grant_role(&is("continuous-integration"));
    let errors = [
        ("of a config", too_long()),
        ("of a grant", of_grant.expect_err("it is too long")),
    ];
    Book::errors("aws_names_error", |error| OpenError::Names(error).into(), errors);
}
