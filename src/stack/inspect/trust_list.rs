use std::fmt::Write as _;

use super::lookup::Deployed;
use crate::model::{OidcTrust, PrincipalPattern, TrustedSubject};
use crate::stack::template::config_template::Parameter;
use crate::stack::template::grant::{GITHUB, OIDC, PRINCIPALS};

/// A list of trusted subjects in a stack. The option that sets it replaces it as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustList {
    /// `--reader` of `discfg init`.
    Readers,
    /// `--writer` of `discfg init`.
    Writers,
    /// `--account-id` of `discfg init`.
    Accounts,
    /// `--principal` of `discfg grant`.
    Principals,
    /// `--github` of both.
    GitHubJobs,
    /// `--oidc` of both.
    OidcSubjects,
}

impl TrustList {
    /// The option that sets it.
    pub fn option(self) -> &'static str {
        match self {
            Self::Readers => "--reader",
            Self::Writers => "--writer",
            Self::Accounts => "--account-id",
            Self::Principals => "--principal",
            Self::GitHubJobs => "--github",
            Self::OidcSubjects => "--oidc",
        }
    }

    /// The list in a deployed stack, as the option takes it.
    pub fn members(self, stack: &Deployed) -> Vec<String> {
        let text = |name: &str| stack.parameters.get(name).map_or("", String::as_str);
        let list = |name: &str| -> Vec<String> {
            let items = text(name).split(',').map(str::trim);
            items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        match self {
            Self::Readers => list(Parameter::Readers.name()),
            Self::Writers => list(Parameter::Writers.name()),
            Self::Accounts => list(Parameter::AccountIds.name()),
            Self::Principals => list(PRINCIPALS),
            Self::GitHubJobs => {
                let claims = list(GITHUB).into_iter();
                claims
                    .map(|claim| claim.strip_prefix("repo:").unwrap_or(&claim).to_owned())
                    .collect()
            }
            Self::OidcSubjects => {
                let subjects: Vec<_> = OIDC
                    .map(text)
                    .into_iter()
                    .flat_map(TrustedSubject::of_parameter)
                    .collect();
                OidcTrust::accepted(&subjects)
                    .subjects()
                    .map(ToString::to_string)
                    .collect()
            }
        }
    }

    /// The options that set the list of a deployed stack with one more member: ` --reader ARN --reader ARN`. None if a
    /// member is that already, or matches it.
    pub fn options_with(self, stack: &Deployed, new: &str) -> Option<String> {
        let members = self.members(stack);
        let is_pattern = matches!(self, Self::Readers | Self::Writers | Self::Principals);
        let is_given = |member: &String| {
            let pattern = member.parse::<PrincipalPattern>();
            member == new || (is_pattern && pattern.is_ok_and(|pattern| pattern.matches(new)))
        };
        if members.iter().any(is_given) {
            return None;
        }
        let mut options = String::new();
        for member in members.iter().map(String::as_str).chain([new]) {
            // Writing to a String can't fail.
            let _ = write!(options, " {} {}", self.option(), shell_word(member));
        }
        Some(options)
    }
}

/// The text as a word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::Timestamp;

    fn stack(parameters: &[(&str, &str)]) -> Deployed {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Deployed {
            name: "discfg-payments".into(),
            arn: "arn:aws:cloudformation:eu-central-1:123456789012:stack/discfg-payments/1".into(),
            state: crate::stack::StackState::CreateComplete,
            reason: None,
            created: Timestamp::from_epoch(0),
            since: Timestamp::from_epoch(0),
            parameters: parameters.iter().map(owned).collect(),
            outputs: BTreeMap::new(),
            tags: BTreeMap::new(),
            cfn_role: None,
            protected: false,
        }
    }

    #[test]
    fn the_whole_list_is_given_with_the_new_member() {
        let stack = stack(&[
            (
                "Readers",
                "arn:aws:iam::123456789012:role/app-*,arn:aws:iam::123456789012:user/ann",
            ),
            ("Writers", "arn:*:*:*:*:*"),
            ("GitHubSubjects", "repo:acme/shop:environment:prod"),
            (
                "FirstOidc",
                "gitlab.com|sts.amazonaws.com|project_path:acme/shop:ref_type:branch:ref:main",
            ),
        ]);
        let bob = "arn:aws:iam::123456789012:user/bob";
        let with = |list: TrustList, new| list.options_with(&stack, new);
        assert_eq!(
            with(TrustList::Readers, bob).as_deref(),
            Some(
                " --reader 'arn:aws:iam::123456789012:role/app-*' --reader arn:aws:iam::123456789012:user/ann \
                 --reader arn:aws:iam::123456789012:user/bob"
            )
        );
        for given in [
            "arn:aws:iam::123456789012:user/ann",
            "arn:aws:iam::123456789012:role/app-web",
        ] {
            assert_eq!(with(TrustList::Readers, given), None, "{given}");
        }
        assert_eq!(with(TrustList::Writers, bob), None, "all are writers");
        assert_eq!(
            with(TrustList::GitHubJobs, "acme/shop:ref:refs/heads/main").as_deref(),
            Some(" --github acme/shop:environment:prod --github acme/shop:ref:refs/heads/main")
        );
        assert_eq!(with(TrustList::GitHubJobs, "acme/shop:environment:prod"), None);
        let main = "https://gitlab.com,project_path:acme/shop:ref_type:branch:ref:main";
        assert_eq!(with(TrustList::OidcSubjects, main), None);
        assert_eq!(
            with(TrustList::Accounts, "210987654321").as_deref(),
            Some(" --account-id 210987654321")
        );
    }
}
