use std::collections::BTreeMap;
use std::mem;

use clap::Args;

use super::api::{ApiArgs, CodeFrom};
use crate::cli::failure::Failure;
use crate::model::{
    AccountId, Billing, ConfigName, ErrorKind, ExternalId, GitHubSubject, HistoryDays, KmsKeyArn,
    OidcSubject, OidcTrust, OrgId, PolicyArn, PrincipalArn, PrincipalArnError, PrincipalKind,
    PrincipalPattern,
};
use crate::stack::{StackSpec, TableKey};

/// What a stack is to be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Stack options (not with --local)")]
pub(in crate::cli) struct StackArgs {
    /// Allow this principal to read; repeatable
    ///
    /// It can assume the read role. In the ARN, * and ? match as in ArnLike. Replaces the stack's list.
    #[arg(long = "reader", value_name = "ARN")]
    readers: Vec<PrincipalPattern>,
    /// Allow this principal to write; repeatable
    ///
    /// It can assume the write role. In the ARN, * and ? match as in ArnLike. Replaces the stack's list.
    #[arg(long = "writer", value_name = "ARN")]
    writers: Vec<PrincipalPattern>,
    /// Allow this GitHub job to read; repeatable
    ///
    /// `ORG/REPO:environment:E` or `ORG/REPO:ref:R`. Replaces the stack's list.
    #[arg(long, value_name = "JOB")]
    github: Vec<GitHubSubject>,
    /// Allow this OIDC subject to read; repeatable
    ///
    /// ISSUER,SUBJECT[,AUDIENCE], such as `gitlab,project_path:acme/shop:ref_type:branch:ref:main`. Replaces the
    /// stack's list.
    #[arg(long, value_name = "SUBJECT")]
    oidc: Vec<OidcSubject>,
    /// Also trust this account; repeatable
    ///
    /// Requires --org-id or --external-id. Replaces the stack's list.
    #[arg(long, value_name = "ID")]
    account_id: Vec<AccountId>,
    /// Organization of callers in other accounts
    ///
    /// Callers from other accounts must belong to it.
    #[arg(long, value_name = "ID")]
    org_id: Option<OrgId>,
    /// Permissions boundary of both roles
    #[arg(long, value_name = "ARN", value_parser = boundary)]
    permissions_boundary: Option<PolicyArn>,
    /// Billing mode, such as on-demand
    ///
    /// Either on-demand, or provisioned:READS/WRITES in capacity units per second. DynamoDB lets a table be switched to
    /// on-demand at most four times in 24 hours.
    #[arg(long, value_name = "MODE")]
    billing: Option<Billing>,
    /// Days to keep the history of changes
    ///
    /// `init --local` takes this option too.
    #[arg(long, value_name = "DAYS")]
    history_days: Option<HistoryDays>,
    /// Encrypt with a new KMS key
    ///
    /// Encrypts the table and its secrets. The stack creates the key, which outlives it. Encryption can't be turned
    /// off later.
    #[arg(long, conflicts_with = "kms_key")]
    kms: bool,
    /// Encrypt with this KMS key
    ///
    /// Encrypts the table and its secrets. The key must be in the same account and region. Encryption can't be turned
    /// off later.
    #[arg(long, value_name = "ARN")]
    kms_key: Option<KmsKeyArn>,
    /// Tag of the stack; repeatable
    ///
    /// Replaces the stack's tags.
    #[arg(long = "tag", value_name = "K=V", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// Role that CloudFormation deploys with
    ///
    /// By default it uses your credentials.
    #[arg(long, value_name = "ARN", value_parser = role)]
    cfn_role: Option<String>,
    #[command(flatten)]
    api: ApiArgs,
}

fn tag(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(key, _)| !key.is_empty());
    parts
        .map(|(key, value)| (key.into(), value.into()))
        .ok_or_else(|| "expected KEY=VALUE".into())
}

fn role(text: &str) -> Result<String, String> {
    let arn: PrincipalArn = text
        .parse()
        .map_err(|error: PrincipalArnError| error.to_string())?;
    match arn.kind() {
        PrincipalKind::Role => Ok(arn.to_string()),
        PrincipalKind::User | PrincipalKind::Session => Err(format!(
            "invalid role {text:?}: expected an ARN such as arn:aws:iam::123456789012:role/deploy"
        )),
    }
}

/// A policy as a boundary. Deployers may change the policies below `/discfg/`, and so a boundary there bounds nothing.
fn boundary(text: &str) -> Result<PolicyArn, String> {
    let arn = text.parse::<PolicyArn>().map_err(|error| error.to_string())?;
    if text.contains(":policy/discfg/") {
        return Err(
            "a boundary below the path /discfg/ can be changed by deployers: choose another path".into(),
        );
    }
    Ok(arn)
}

/// The trust of these subjects; nothing if there are none.
pub(in crate::cli) fn oidc_trust(subjects: Vec<OidcSubject>) -> Result<Option<OidcTrust>, Failure> {
    if subjects.is_empty() {
        return Ok(None);
    }
    let trust = OidcTrust::new(subjects);
    trust.map(Some).map_err(|error| Failure::usage(error.to_string()))
}

/// What the stack of a grant has in common with a config's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Grant options")]
pub(in crate::cli) struct RoleArgs {
    /// Allow this GitHub job; repeatable
    ///
    /// `ORG/REPO:environment:E` or `ORG/REPO:ref:R`. Write ORG/REPO as `ORG@ID/REPO@ID` if the repository was created,
    /// renamed or transferred since mid-July 2026. Replaces the jobs that the grant has.
    #[arg(long, value_name = "JOB")]
    pub(in crate::cli) github: Vec<GitHubSubject>,
    /// Allow this OIDC subject; repeatable
    ///
    /// ISSUER,SUBJECT[,AUDIENCE], such as `gitlab,project_path:acme/shop:ref_type:branch:ref:main`. Replaces the
    /// subjects that the grant has.
    #[arg(long, value_name = "SUBJECT")]
    pub(in crate::cli) oidc: Vec<OidcSubject>,
    /// Permissions boundary of the role
    #[arg(long, value_name = "ARN", value_parser = boundary)]
    pub(in crate::cli) permissions_boundary: Option<PolicyArn>,
    /// Tag of the stack; repeatable
    ///
    /// Replaces the stack's tags.
    #[arg(long = "tag", value_name = "K=V", value_parser = tag)]
    pub(in crate::cli) tags: Vec<(String, String)>,
    /// Role that CloudFormation deploys with
    ///
    /// By default it uses your credentials.
    #[arg(long, value_name = "ARN", value_parser = role)]
    pub(in crate::cli) cfn_role: Option<String>,
}

impl StackArgs {
    pub(in crate::cli) fn spec(
        self,
        config: ConfigName,
        external_id: Option<&str>,
    ) -> Result<StackSpec, Failure> {
        fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
            Some(list).filter(|list| !list.is_empty())
        }
        let external_id = external_id.map(str::parse::<ExternalId>).transpose();
        Ok(StackSpec {
            readers: given(self.readers),
            writers: given(self.writers),
            github: given(self.github),
            oidc: oidc_trust(self.oidc)?,
            account_ids: given(self.account_id),
            org_id: self.org_id,
            external_id: external_id.map_err(|error| Failure::of(ErrorKind::Usage, &error))?,
            permissions_boundary: self.permissions_boundary,
            billing: self.billing,
            history_days: self.history_days,
            key: match self.kms_key {
                Some(arn) => Some(TableKey::Given(arn)),
                None => self.kms.then_some(TableKey::Made),
            },
            api: self.api.spec(),
            tags: given(self.tags).map(BTreeMap::from_iter),
            cfn_role: self.cfn_role,
            ..StackSpec::new(config)
        })
    }

    /// Where the code of the API's function comes from.
    pub(in crate::cli) fn code(&self) -> CodeFrom {
        self.api.code()
    }

    /// The options that a grant's stack has, too. An error names the others where one is given.
    pub(in crate::cli) fn of_grant(mut self) -> Result<RoleArgs, Failure> {
        let role = RoleArgs {
            github: mem::take(&mut self.github),
            oidc: mem::take(&mut self.oidc),
            permissions_boundary: self.permissions_boundary.take(),
            tags: mem::take(&mut self.tags),
            cfn_role: self.cfn_role.take(),
        };
        if self.is_empty() {
            Ok(role)
        } else {
            Err(Failure::usage("an option is given that is for a config's stack and not for a grant's")
                .hint("a grant takes --read or --write, --principal, --github, --oidc, --create-oidc-provider, --permissions-boundary, --tag and --cfn-role"))
        }
    }

    /// What a local config has of it.
    pub(super) fn take_history_days(&mut self) -> Option<HistoryDays> {
        self.history_days.take()
    }

    pub(in crate::cli) fn is_empty(&self) -> bool {
        let none: [bool; 14] = [
            self.readers.is_empty(),
            self.writers.is_empty(),
            self.github.is_empty(),
            self.oidc.is_empty(),
            self.account_id.is_empty(),
            self.org_id.is_none(),
            self.permissions_boundary.is_none(),
            self.billing.is_none(),
            self.history_days.is_none(),
            !self.kms,
            self.kms_key.is_none(),
            self.tags.is_empty(),
            self.cfn_role.is_none(),
            self.api.is_empty(),
        ];
        none.iter().all(|none| *none)
    }
}
