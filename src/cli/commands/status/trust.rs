//! Who a config's roles and a grant's role trust, as their stacks say it.

use std::collections::BTreeMap;

use crate::model::{OidcSubject, OidcSubjectError, TrustedSubject};
use crate::stack::Parameter;

const OIDC: [Parameter; 3] = [Parameter::FirstOidc, Parameter::SecondOidc, Parameter::ThirdOidc];

/// Who the config's roles trust, where a parameter isn't the template's default: a line each, named at its first.
pub(super) fn trust_lines(parameters: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    let text = |parameter: Parameter| parameters.get(parameter.name()).map_or("", String::as_str);
    let mut lines = Vec::new();
    for (name, parameter) in [("readers", Parameter::Readers), ("writers", Parameter::Writers)] {
        let value = parameters.get(parameter.name());
        if let Some(value) = value.filter(|value| Some(value.as_str()) != parameter.default()) {
            let none = value.is_empty().then(|| "none".to_owned());
            lines.extend(named(name, none.into_iter().chain(list(value))));
        }
    }
    let jobs = list(text(Parameter::GitHubSubjects));
    lines.extend(named("GitHub", jobs.map(|claim| github_words(&claim))));
    let subjects = OIDC.into_iter().map(text).flat_map(TrustedSubject::of_parameter);
    lines.extend(named(
        "OIDC",
        subjects.map(|subject| oidc_words(&subject.to_string())),
    ));
    let bounds = [
        ("organization", Parameter::OrgId),
        ("external ID", Parameter::ExternalId),
    ];
    let bounds = bounds.map(|(what, bound)| (what, text(bound)));
    let bounds = bounds.into_iter().filter(|(_, value)| !value.is_empty());
    let accounts: Vec<String> = list(text(Parameter::AccountIds)).collect();
    // Without accounts, the template has no statement that the two would bound.
    if !accounts.is_empty() {
        let bounds = bounds.map(|(what, value)| format!("only with the {what} {value}"));
        lines.extend(named("accounts", accounts.into_iter().chain(bounds)));
    }
    lines
}

/// A GitHub job's `sub` claim, and why discfg would refuse it.
pub(super) fn github_words(claim: &str) -> String {
    words(claim, &TrustedSubject::github(claim).accepted())
}

/// `ISSUER,SUBJECT[,AUDIENCE]`, and why discfg would refuse it.
pub(super) fn oidc_words(given: &str) -> String {
    words(given, &given.parse())
}

fn words(given: &str, accepted: &Result<OidcSubject, OidcSubjectError>) -> String {
    match accepted {
        Ok(_) => given.to_owned(),
        Err(OidcSubjectError::Broad { bearers, .. }) => format!("{given} (too broad: it matches {bearers})"),
        Err(_) => format!("{given} (not a form that discfg supports)"),
    }
}

fn list(text: &str) -> impl Iterator<Item = String> {
    let items = text.split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).map(str::to_owned)
}

/// Lines of which the first has the name.
fn named(
    name: &'static str,
    values: impl Iterator<Item = String>,
) -> impl Iterator<Item = (&'static str, String)> {
    std::iter::once(name).chain(std::iter::repeat("")).zip(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(parameters: &[(&str, &str)]) -> String {
        let owned = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let lines = trust_lines(&owned.collect());
        let lines = lines.iter().map(|(name, value)| format!("{name:<8} {value}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_defaults_have_no_lines() {
        let defaults = [
            ("Readers", "arn:*:*:*:*:*"),
            ("Writers", "arn:*:*:*:*:*"),
            ("GitHubSubjects", ""),
            ("AccountIds", ""),
            ("ExternalId", ""),
        ];
        assert_eq!(lines(&defaults), "");
        assert_eq!(lines(&[]), "", "a stack that couldn't be read");
        assert_eq!(
            lines(&[("ExternalId", "acme-7")]),
            "",
            "no account that it bounds"
        );
    }

    #[test]
    fn each_subject_is_a_line() {
        assert_eq!(
            lines(&[
                ("Readers", "arn:aws:iam::*:role/a,arn:aws:iam::*:role/b"),
                ("Writers", ""),
                (
                    "GitHubSubjects",
                    "repo:acme/shop:environment:live,repo:acme/shop:pull_request,repo:acme/shop:x:y"
                ),
                ("FirstOidc", "gitlab.com|sts.amazonaws.com|project_path:acme/shop"),
                ("SecondOidc", "ci.example.com|me|deploy"),
                ("AccountIds", "111122223333,444455556666"),
                ("OrgId", "o-a1b2c3d4e5"),
                ("ExternalId", "acme-7"),
            ]),
            "readers  arn:aws:iam::*:role/a\n\
             \x20        arn:aws:iam::*:role/b\n\
             writers  none\n\
             GitHub   repo:acme/shop:environment:live\n\
             \x20        repo:acme/shop:pull_request (too broad: it matches every pull request of the repository)\n\
             \x20        repo:acme/shop:x:y (not a form that discfg supports)\n\
             OIDC     https://gitlab.com,project_path:acme/shop (too broad: it matches every branch and tag of the project)\n\
             \x20        https://ci.example.com,deploy,me\n\
             accounts 111122223333\n\
             \x20        444455556666\n\
             \x20        only with the organization o-a1b2c3d4e5\n\
             \x20        only with the external ID acme-7"
        );
    }
}
