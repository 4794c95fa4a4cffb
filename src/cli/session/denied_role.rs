use crate::aws::{CallerIdentity, assume_statement};
use crate::cli::failure::Failure;
use crate::model::Role;

/// A role that STS refused.
pub(super) struct DeniedRole<'a> {
    pub(super) arn: &'a str,
    /// Who asked, by its ARN.
    pub(super) caller: &'a str,
    /// What it is of the config, where that was told.
    pub(super) role: Option<&'a Role>,
    /// The config's name, or what stands for it.
    pub(super) config: &'a str,
    /// Whether STS refused to pass the tags of the caller's session on to it.
    pub(super) is_about_session_tags: bool,
}

impl DeniedRole<'_> {
    /// Adds what mends it.
    pub(super) fn explain(&self, failure: Failure) -> Failure {
        let statement = assume_statement(self.arn);
        if self.caller.ends_with(":root") {
            failure.hint("the account's root user can't assume roles: use an IAM identity")
        } else if self.is_about_session_tags {
            failure
                .hint(format!(
                    "your session has tags that pass on to the role, so your own policies must allow sts:TagSession, too: \
                     {statement}"
                ))
                .hint(self.trust_of_tags())
        } else {
            failure
                .hint(format!("your own policies must allow it: {statement}"))
                .hint(self.trust())
        }
    }

    fn trust_of_tags(&self) -> String {
        let config = self.config;
        let command = match self.role {
            Some(Role::Grant(grant)) => format!("discfg grant {config} {grant}"),
            Some(Role::Config(_) | Role::Caller) | None => format!("discfg init {config}"),
        };
        format!("and the role's trust must allow it: `{command}` updates the trust of an older stack")
    }

    fn trust(&self) -> String {
        let (config, caller) = (self.config, self.caller);
        if let Some(Role::Grant(grant)) = self.role {
            return format!(
                "and the grant {grant} must be there and name you: `discfg grants {config}` shows the grants"
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
            "; a path of your role goes before its name"
        };
        format!(
            "and the role must trust you: `discfg init {config} {list} {principal}` (given, it replaces the list{path})"
        )
    }
}
