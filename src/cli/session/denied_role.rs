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
            failure.hint("use an IAM identity: the root user can't assume roles")
        } else if self.is_about_session_tags {
            failure
                .hint(format!(
                    "add to your own policies, because your session's tags pass on to the role: {statement}"
                ))
                .hint(self.trust_of_tags())
        } else {
            failure
                .hint(format!("add to your own policies: {statement}"))
                .hint(self.trust())
        }
    }

    fn trust_of_tags(&self) -> String {
        let config = self.config;
        let command = match self.role {
            Some(Role::Grant(grant)) => format!("discfg grant {config} {grant}"),
            Some(Role::Config(_) | Role::Caller) | None => format!("discfg init {config}"),
        };
        format!("update the trust of a role of an older stack with `{command}`")
    }

    fn trust(&self) -> String {
        let (config, caller) = (self.config, self.caller);
        if let Some(Role::Grant(grant)) = self.role {
            return format!(
                "check that the grant {grant} exists and names you with `discfg grants {config}`"
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
            "; add your role's path, if it has one"
        };
        format!(
            "make the role trust you with `discfg init {config} {list} {principal}` (replaces the list{path})"
        )
    }
}
