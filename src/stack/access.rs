//! Evaluates who can read and write a config.
//!
//! Access through a role needs three permissions: the role's trust policy, the principal's own policies that let it
//! assume the role, and the role's policies on the table. Trust policies are evaluated here, the other policies by
//! IAM's policy simulator. Resource policies of the table and session policies are not evaluated.

mod answer;
mod error;
mod matrix;
mod roles;
mod simulate;
mod subject;
mod trust;
mod verdict;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_iam::Client as Iam;

pub use answer::{Answer, Finding};
pub use error::AccessError;
pub use matrix::{NOT_COVERED, SectionAccess, SubjectAccess};
pub use subject::Subject;
pub use trust::Brought;
pub use verdict::{AccessStep, Verdict, Way};

use super::inspect::trust_list::TrustList;
use crate::aws::ASSUME_ACTIONS;
use crate::model::{Access, ConfigName, PrincipalArn, PrincipalKind, Role, Section};
use roles::{Deputy, Roles};
use simulate::{Request, Simulated, simulate};
use trust::{Asker, TrustedAction};

/// The actions of a reader on the table's items.
const READING: &[&str] = &["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"];
/// The actions of a commit on the table's items.
const WRITING: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
];

/// Evaluates access to a config. It caches the responses of IAM.
#[derive(Debug)]
pub struct Inspector {
    iam: Iam,
    config: ConfigName,
    roles: Roles,
    acts: Mutex<HashMap<(String, Access, Section), Vec<AccessStep>>>,
    assumes: Mutex<HashMap<(String, String), Vec<AccessStep>>>,
}

impl Inspector {
    /// Reads the config's stack, the stacks of its grants, and the trust policy of each role. `None` if the config
    /// doesn't exist.
    ///
    /// Needs `cloudformation:DescribeStacks` and `iam:GetRole`.
    pub async fn new(
        cfn: &CloudFormation,
        iam: Iam,
        config: &ConfigName,
    ) -> Result<Option<Self>, AccessError> {
        Ok(roles::roles(cfn, &iam, config).await?.map(|roles| Self {
            iam,
            config: config.clone(),
            roles,
            acts: Mutex::default(),
            assumes: Mutex::default(),
        }))
    }

    /// Resolves a principal to its user or role, with the path, which a session's ARN lacks.
    ///
    /// Needs `iam:GetRole` on roles of the config's account. An error if there is no such role.
    pub async fn resolve(&self, principal: PrincipalArn) -> Result<PrincipalArn, AccessError> {
        let is_own = principal.account() == self.account();
        match principal.kind() {
            PrincipalKind::User => Ok(principal),
            PrincipalKind::Role if !is_own => Ok(principal),
            PrincipalKind::Session if !is_own => Err(AccessError::ForeignSession(principal.to_string())),
            PrincipalKind::Role | PrincipalKind::Session => {
                let role = roles::role_named(&self.iam, principal.name(), principal.as_str()).await?;
                if principal.kind() == PrincipalKind::Role && role.arn != principal.as_str() {
                    return Err(AccessError::OtherPath {
                        given: principal.to_string(),
                        is: role.arn,
                    });
                }
                role.arn.parse().map_err(|_| AccessError::NoPrincipal(role.arn))
            }
        }
    }

    /// The subjects that the trust policies name, ordered: principals, patterns, GitHub jobs, subjects of other OIDC
    /// issuers, and those that discfg would refuse. Roles that no longer exist are omitted.
    pub async fn named(&self) -> Result<Vec<Subject>, AccessError> {
        let mut found = BTreeSet::new();
        for trust in self
            .roles
            .deputies
            .iter()
            .filter_map(|role| role.trust.as_ref().ok())
        {
            let named = trust::named(trust);
            for pattern in named.patterns {
                match pattern.as_str().parse::<PrincipalArn>() {
                    Ok(principal) => match self.resolve(principal).await {
                        Ok(principal) => found.insert(Subject::Principal(principal)),
                        Err(AccessError::NoPrincipal(_) | AccessError::OtherPath { .. }) => continue,
                        Err(error) => return Err(error),
                    },
                    Err(_) => found.insert(Subject::Pattern(pattern)),
                };
            }
            found.extend(named.subjects);
        }
        Ok(found.into_iter().collect())
    }

    /// The sections of all grants.
    pub fn granted_sections(&self) -> BTreeSet<Section> {
        let sections = self
            .roles
            .deputies
            .iter()
            .filter_map(|role| role.sections.as_ref());
        sections.flatten().cloned().collect()
    }

    /// Evaluates the subject's access to the section in every role that covers it.
    ///
    /// Needs `iam:SimulatePrincipalPolicy` on the subject, if it is of the config's account, and on the roles.
    pub async fn may(
        &self,
        subject: &Subject,
        brought: &Brought,
        access: Access,
        section: &Section,
    ) -> Result<Verdict, AccessError> {
        let mut ways = Vec::new();
        for role in self
            .roles
            .deputies
            .iter()
            .filter(|role| role.is_for(access, section))
        {
            let mut steps = self.trusts(role, subject, brought);
            steps.extend(self.assumes(role, subject).await?);
            steps.extend(self.acts(role, access, section).await?);
            ways.push(Way::new(role.role.clone(), Some(role.arn.clone()), steps));
        }
        // In the order in which commands choose a role: the role of that access, then the grants, then the rest.
        ways.sort_by_key(|way| match &way.role {
            Role::Config(of) if *of == access => 0,
            Role::Grant(_) => 1,
            Role::Config(_) | Role::Caller => 2,
        });
        if let Subject::Principal(principal) = subject
            && principal.account() == self.account()
        {
            let mut steps = self.table_steps(principal.as_str(), access, section).await?;
            steps.extend(self.api_step(principal.as_str(), access, section).await?);
            let steps = steps.into_iter().map(|(step, _)| step).collect();
            ways.push(Way::new(Role::Caller, None, steps));
        }
        Ok(Verdict::new(ways))
    }

    fn account(&self) -> &str {
        self.roles.table.split(':').nth(4).unwrap_or_default()
    }

    /// Evaluates the trust policy for the subject, and for session tags where that differs.
    fn trusts(&self, role: &Deputy, subject: &Subject, brought: &Brought) -> Vec<AccessStep> {
        let asker = Asker::of(subject);
        let judge = |ask| match &role.trust {
            Ok(trust) => trust::judge(trust, &asker, ask, brought),
            Err(error) => Finding::unknown(format!("cannot evaluate the trust policy: {error}")),
        };
        let finding = judge(TrustedAction::Assume);
        let finding = match self.mending_trust(role, subject) {
            Some(mending) if finding.answer == Answer::No => finding.missing(mending),
            _ => finding,
        };
        let tags = match subject {
            Subject::Principal(_) | Subject::Pattern(_) => Some(judge(TrustedAction::Tag)),
            Subject::GitHub(_) | Subject::Oidc(_) | Subject::Unaccepted(_) => None,
        };
        let tags = tags.filter(|tags| tags.answer < finding.answer).map(|tags| {
            let remedy = self.as_deployed(role);
            AccessStep::new("trust, sts:TagSession", tags.missing(remedy)).with_tags()
        });
        std::iter::once(AccessStep::new("trust", finding))
            .chain(tags)
            .collect()
    }

    /// The command that restores a role as discfg deploys it.
    fn as_deployed(&self, role: &Deputy) -> String {
        let config = &self.config;
        match &role.role {
            Role::Grant(grant) => format!("discfg grant {config} {grant} (updates the role)"),
            Role::Config(_) | Role::Caller => format!("discfg init {config} (updates the role)"),
        }
    }

    /// The command that makes the role trust the subject and all that it trusts already; none if it should trust it.
    fn mending_trust(&self, role: &Deputy, subject: &Subject) -> Option<String> {
        let config = &self.config;
        let is_own = match subject {
            Subject::Principal(arn) => arn.account() == self.account(),
            Subject::Pattern(_) | Subject::GitHub(_) | Subject::Oidc(_) => true,
            Subject::Unaccepted(_) => return None,
        };
        let text = subject.to_string();
        let (list, new) = match (&role.role, subject) {
            (Role::Config(_), Subject::Principal(arn)) if !is_own => (TrustList::Accounts, arn.account()),
            (_, Subject::GitHub(_)) => (TrustList::GitHubJobs, text.strip_prefix("repo:").unwrap_or(&text)),
            (_, Subject::Oidc(_)) => (TrustList::OidcSubjects, text.as_str()),
            (Role::Config(Access::Read), _) => (TrustList::Readers, text.as_str()),
            (Role::Config(Access::Write), _) => (TrustList::Writers, text.as_str()),
            (Role::Grant(_), _) if is_own => (TrustList::Principals, text.as_str()),
            (Role::Grant(_) | Role::Caller, _) => return None,
        };
        // Neither OIDC subjects nor jobs can write a whole config.
        if role.role == Role::Config(Access::Write)
            && matches!(list, TrustList::GitHubJobs | TrustList::OidcSubjects)
        {
            return None;
        }
        let options = list.options_with(&role.stack, new)?;
        Some(match &role.role {
            Role::Grant(grant) => format!("discfg grant {config} {grant}{options}"),
            _ if list == TrustList::Accounts => {
                format!("discfg init {config}{options} with --org-id or --external-id")
            }
            _ => format!("discfg init {config}{options}"),
        })
    }

    /// Evaluates whether the subject's own policies let it assume the role; empty if it has no policies.
    async fn assumes(&self, role: &Deputy, subject: &Subject) -> Result<Vec<AccessStep>, AccessError> {
        let Subject::Principal(principal) = subject else {
            return Ok(Vec::new());
        };
        if principal.account() != self.account() {
            let finding = Finding::unknown(format!(
                "its policies are in account {}, which can't be queried from this account",
                principal.account()
            ));
            return Ok(vec![AccessStep::new(
                ASSUME_ACTIONS.join(", "),
                finding.missing(allow(&ASSUME_ACTIONS, &role.arn)),
            )]);
        }
        let key = (principal.to_string(), role.arn.clone());
        if let Some(known) = lock(&self.assumes).get(&key) {
            return Ok(known.clone());
        }
        let request = Request {
            by: principal.as_str(),
            actions: &ASSUME_ACTIONS,
            on: &role.arn,
            leading_keys: &[],
        };
        let said = simulate(&self.iam, &request).await?;
        let steps = steps(said, &role.arn).into_iter().map(|(step, _)| {
            let is_of_tags = step.of == ASSUME_ACTIONS[1];
            if is_of_tags { step.with_tags() } else { step }
        });
        let steps: Vec<AccessStep> = steps.collect();
        lock(&self.assumes).insert(key, steps.clone());
        Ok(steps)
    }

    /// Evaluates the role's policies on the table.
    async fn acts(
        &self,
        role: &Deputy,
        access: Access,
        section: &Section,
    ) -> Result<Vec<AccessStep>, AccessError> {
        let key = (role.arn.clone(), access, section.clone());
        if let Some(known) = lock(&self.acts).get(&key) {
            return Ok(known.clone());
        }
        let mut found = self.table_steps(&role.arn, access, section).await?;
        found.extend(self.api_step(&role.arn, access, section).await?);
        let steps: Vec<AccessStep> = found
            .into_iter()
            .map(|(mut step, is_unsaid)| {
                // A statement that is added to the stack's policies would be drift.
                step.finding.missing = is_unsaid.then(|| self.as_deployed(role));
                step
            })
            .collect();
        lock(&self.acts).insert(key, steps.clone());
        Ok(steps)
    }

    async fn table_steps(
        &self,
        by: &str,
        access: Access,
        section: &Section,
    ) -> Result<Vec<(AccessStep, bool)>, AccessError> {
        let request = Request {
            by,
            actions: match access {
                Access::Read => READING,
                Access::Write => WRITING,
            },
            on: &self.roles.table,
            leading_keys: &[section.as_str()],
        };
        Ok(steps(simulate(&self.iam, &request).await?, &self.roles.table))
    }

    /// Evaluates whether its policies let it call the config's HTTP API, if there is one, for a key of the section.
    async fn api_step(
        &self,
        by: &str,
        access: Access,
        section: &Section,
    ) -> Result<Option<(AccessStep, bool)>, AccessError> {
        let Some(api) = &self.roles.api else {
            return Ok(None);
        };
        let method = match access {
            Access::Read => "GET",
            Access::Write => "PUT",
        };
        let below = format!("{api}/{method}/v1/{}/{}", self.config, section.segment());
        let request = Request {
            by,
            actions: &["execute-api:Invoke"],
            on: &format!("{below}/keys/any"),
            leading_keys: &[],
        };
        let found = steps(simulate(&self.iam, &request).await?, &format!("{below}/*"));
        Ok(found
            .into_iter()
            .next()
            .map(|(step, is_unsaid)| (step.by_api(), is_unsaid)))
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Groups actions with the same finding into steps, each with whether only a statement is missing.
fn steps(said: Vec<Simulated>, on: &str) -> Vec<(AccessStep, bool)> {
    let mut groups: Vec<(Vec<String>, Finding, bool)> = Vec::new();
    for Simulated {
        action,
        finding,
        is_unsaid,
    } in said
    {
        match groups.iter_mut().find(|(_, of, _)| *of == finding) {
            Some((actions, ..)) => actions.push(action),
            None => groups.push((vec![action], finding, is_unsaid)),
        }
    }
    let step = |(actions, finding, is_unsaid): (Vec<String>, Finding, bool)| {
        let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
        let finding = if is_unsaid {
            finding.missing(allow(&actions, on))
        } else {
            finding
        };
        (AccessStep::new(actions.join(", "), finding), is_unsaid)
    };
    groups.into_iter().map(step).collect()
}

/// The policy statement that allows this, as JSON.
fn allow(actions: &[&str], on: &str) -> String {
    let action = match actions {
        [one] => serde_json::json!(one),
        several => serde_json::json!(several),
    };
    format!(r#"{{"Effect":"Allow","Action":{action},"Resource":"{on}"}}"#)
}
