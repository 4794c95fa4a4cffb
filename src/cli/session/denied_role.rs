use crate::aws::{CallerIdentity, assume_statement};
use crate::cli::failure::Failure;
use crate::model::Role;
use crate::stack::{Deployed, TrustList};

/// A role that STS refused to assume.
pub(super) struct DeniedRole<'a> {
    pub(super) arn: &'a str,
    /// The caller's ARN.
    pub(super) caller: &'a str,
    /// The chosen identity, if one was chosen.
    pub(super) role: Option<&'a Role>,
    /// The config's name, or a placeholder.
    pub(super) config: &'a str,
    /// The config's stack, if it can be seen.
    pub(super) stack: Option<&'a Deployed>,
    /// Whether STS refused to pass the tags of the caller's session on to it.
    pub(super) is_about_session_tags: bool,
}

impl DeniedRole<'_> {
    /// Adds hints.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        let statement = assume_statement(self.arn);
        if self.caller.ends_with(":root") {
            failure.hint("use an IAM identity: the account's root user can't assume roles")
        } else if self.is_about_session_tags {
            failure
                .hint(format!(
                    "allow sts:TagSession in your own policies, since your session has tags: {statement}"
                ))
                .hint(self.trust_of_tags())
        } else {
            let failure = failure.hint(format!("allow it in your own policies: {statement}"));
            match self.trust() {
                Some(trust) => failure.hint(trust),
                None => failure,
            }
        }
    }

    fn trust_of_tags(&self) -> String {
        let config = self.config;
        let command = match self.role {
            Some(Role::Grant(grant)) => format!("discfg grant {config} {grant}"),
            Some(Role::Config(_) | Role::Caller) | None => format!("discfg init {config}"),
        };
        format!(
            "if an older discfg version deployed the stack, also update the role's trust policy: `{command}`"
        )
    }

    /// How the role comes to trust the caller; none if its list has the caller.
    fn trust(&self) -> Option<String> {
        let (config, caller) = (self.config, self.caller);
        if let Some(Role::Grant(grant)) = self.role {
            return Some(format!(
                "also check that the grant {grant} exists and names you: `discfg grants {config}`"
            ));
        }
        let list = if self.arn.ends_with("-write") {
            TrustList::Writers
        } else {
            TrustList::Readers
        };
        let principal = CallerIdentity::principal(caller);
        let path = if principal == caller {
            ""
        } else {
            " (add the path of your role, if it has one)"
        };
        let Some(stack) = self.stack else {
            let option = list.option();
            return Some(format!(
                "if the role does not trust you, have {principal}{path} added to its list (`discfg init {config} {option}` \
                 replaces the whole list)"
            ));
        };
        let caller = CallerIdentity {
            arn: caller.into(),
            account: String::new(),
        };
        if list.members(stack).iter().any(|pattern| caller.fits(pattern)) {
            return None;
        }
        let options = list.options_with(stack, &principal)?;
        Some(format!(
            "also make the role trust you: `discfg init {config}{options}`{path}"
        ))
    }
}
