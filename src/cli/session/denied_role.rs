use crate::aws::{CallerIdentity, assume_statement};
use crate::cli::failure::Failure;
use crate::model::Role;

/// A role that STS refused to assume.
pub(super) struct DeniedRole<'a> {
    pub(super) arn: &'a str,
    /// The caller's ARN.
    pub(super) caller: &'a str,
    /// The chosen identity, if one was chosen.
    pub(super) role: Option<&'a Role>,
    /// The config's name, or a placeholder.
    pub(super) config: &'a str,
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
            failure
                .hint(format!("allow it in your own policies: {statement}"))
                .hint(self.trust())
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

    fn trust(&self) -> String {
        let (config, caller) = (self.config, self.caller);
        if let Some(Role::Grant(grant)) = self.role {
            return format!(
                "also check that the grant {grant} exists and names you: `discfg grants {config}`"
            );
        }
        let list = if self.arn.ends_with("-write") {
            "--writer"
        } else {
            "--reader"
        };
        let principal = CallerIdentity::principal(caller);
        let path = if principal == caller {
            ""
        } else {
            "; add the path of your role, if it has one"
        };
        format!(
            "also make the role trust you: `discfg init {config} {list} {principal}` (replaces the list{path})"
        )
    }
}
