//! What is said of principals and of what they are granted.

use super::super::Failure;
use super::arguments::Refused;
use super::book::{Book, Variants, variants};
use super::is;
use crate::model::{
    Access, GrantPrincipal, GrantPrincipalError, GrantScope, GrantScopeError, Partition, PrincipalArn,
    PrincipalArnError, PrincipalPattern, PrincipalPatternError,
};

variants!(PrincipalPatternError: Shape Session Root Kind);
variants!(GrantPrincipalError: Shape Wildcard Session Kind Partition Account);
variants!(PrincipalArnError: Wildcard Root Shape);
variants!(GrantScopeError: Empty Twice);

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/deploy/ann";
const ROOT: &str = "arn:aws:iam::111122223333:root";

#[test]
fn of_whom_a_config_trusts() {
    Refused::default()
        .called::<PrincipalPattern>(
            &["init", "payments", "--reader={}"],
            &["app", SESSION, ROOT, "arn:aws:s3:::payments"],
        )
        .keep::<PrincipalPatternError>("principal_pattern_error");
}

#[test]
fn of_who_is_asked_about() {
    Refused::default()
        .called::<PrincipalArn>(
            &["access", "--principal={}", "read", "/db/url"],
            &["arn:aws:iam::111122223333:role/*", ROOT, "app"],
        )
        .called::<PrincipalArn>(&["init", "payments", "--cfn-role={}"], &["deployer"])
        .keep::<PrincipalArnError>("principal_arn_error");
}

#[test]
fn of_whom_is_granted() {
    let texts = ["app", "arn:aws:iam::*:role/app", SESSION, ROOT];
    let home = |principal: &str| {
        let principal: GrantPrincipal = is(principal);
        let home = principal.check_home(Partition::Commercial, "111122223333");
        home.expect_err("it is of another home")
    };
    let elsewhere = home("arn:aws-cn:iam::111122223333:role/app");
    let foreign = home("arn:aws:iam::444455556666:role/app");
    Refused::default()
        .called::<GrantPrincipal>(&["grant", "payments", "ci", "--principal={}"], &texts)
        .found("", elsewhere, as_usage)
        .found("", foreign, as_usage)
        .keep::<GrantPrincipalError>("grant_principal_error");
}

#[test]
fn of_what_is_granted() {
    let scope = |sections: &[&str]| {
        let sections = sections.iter().map(|section| is(section));
        GrantScope::new(Access::Read, sections).expect_err("it is refused")
    };
    Book::errors(
        "grant_scope_error",
        as_usage,
        [("", scope(&[])), ("", scope(&["db", "/db"]))],
    );
}

fn as_usage(error: impl std::error::Error) -> Failure {
    Failure::usage(error.to_string())
}
