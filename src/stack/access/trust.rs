use std::collections::BTreeSet;

use super::answer::{Answer, Finding};
use crate::model::{
    AccountId, ExternalId, GitHubSubject, OidcIssuer, OidcSubject, OrgId, PrincipalPattern, glob,
};
use crate::stack::policy::{PolicyDocument, Statement};

/// Who asks to assume a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asker<'a> {
    /// A principal, or a pattern that stands for all who fit it, by ARN.
    Principal(&'a str),
    /// Who has a token of an OIDC issuer, by what the token says.
    Oidc {
        /// Its `iss`, without `https://`.
        issuer: &'a str,
        /// Its `sub`.
        subject: &'a str,
        /// Its `aud`.
        audience: &'a str,
    },
}

impl<'a> Asker<'a> {
    pub(super) fn of(subject: &'a OidcSubject) -> Self {
        Self::Oidc {
            issuer: subject.issuer().as_str(),
            subject: subject.subject(),
            audience: subject.audience(),
        }
    }
}

/// What an asker brings along.
#[derive(Debug, Clone, Default)]
pub struct Brought {
    /// The organization that its account belongs to.
    pub org_id: Option<OrgId>,
    /// The external id that it gives.
    pub external_id: Option<ExternalId>,
}

/// What is asked of a trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrustedAction {
    /// To assume the role.
    Assume,
    /// To pass the session's tags on to it.
    Tag,
}

/// Whether a role's trust lets the asker in.
///
/// It knows the forms that the templates of discfg make; IAM's simulator doesn't judge the trust of roles. Whatever
/// else is there, and whatever isn't known of the asker, makes the answer unknown, never yes.
pub(super) fn judge(
    trust: &PolicyDocument,
    asker: &Asker<'_>,
    ask: TrustedAction,
    brought: &Brought,
) -> Finding {
    let mut best = Finding::no("no statement of the trust names it");
    let mut denial = None;
    for (index, statement) in trust.statements.iter().enumerate() {
        let name = name_of(statement, index);
        let applies = applies(statement, asker, ask, brought);
        let finding = match (statement.allows, applies) {
            (false, Applies::Yes) => {
                return Finding::no(format!("{name} of the trust denies it"));
            }
            (false, Applies::Unknown(why)) => {
                denial.get_or_insert(Finding::unknown(format!(
                    "{name} of the trust may deny it: {why}"
                )));
                continue;
            }
            (true, Applies::Yes) => Finding::yes(format!("{name} of the trust")),
            (true, Applies::Unknown(why)) => Finding::unknown(format!("{name} of the trust: {why}")),
            (true, Applies::No(Some(why))) => Finding::no(format!("{name} of the trust: {why}")),
            (_, Applies::No(_)) => continue,
        };
        // What comes closest is what is worth saying: of two refusals the one that says more.
        if finding.answer > best.answer || (finding.answer == best.answer && best.answer == Answer::No) {
            best = finding;
        }
    }
    match denial {
        Some(denial) if best.answer != Answer::No => denial,
        _ => best,
    }
}

/// Whom a trust names.
#[derive(Debug, Default)]
pub(super) struct TrustedPrincipals {
    pub(super) patterns: BTreeSet<PrincipalPattern>,
    /// GitHub's jobs, for the usual audience.
    pub(super) jobs: BTreeSet<GitHubSubject>,
    pub(super) subjects: BTreeSet<OidcSubject>,
}

/// Whom the trust names, in the forms that discfg writes.
pub(super) fn named(trust: &PolicyDocument) -> TrustedPrincipals {
    let mut named = TrustedPrincipals::default();
    for statement in trust.statements.iter().filter(|statement| statement.allows) {
        for (key, values) in statement.conditions.values().flatten() {
            if key.eq_ignore_ascii_case("aws:PrincipalArn") {
                let arns = values.iter().filter_map(|arn| arn.parse().ok());
                named.patterns.extend(arns);
            } else if key.eq_ignore_ascii_case(&format!("{}:sub", OidcIssuer::GITHUB)) {
                let jobs = values.iter().filter_map(|sub| sub.strip_prefix("repo:"));
                named.jobs.extend(jobs.filter_map(|job| job.parse().ok()));
            }
        }
        let is_job = |subject: &OidcSubject| {
            subject.issuer().as_str() == OidcIssuer::GITHUB && subject.audience() == OidcSubject::AUDIENCE
        };
        let others = subjects(statement).into_iter().filter(|subject| !is_job(subject));
        named.subjects.extend(others);
    }
    named
}

/// The OIDC subjects that a statement is about, with each audience that it takes.
fn subjects(statement: &Statement) -> Vec<OidcSubject> {
    let providers = statement.principals.get("Federated").into_iter().flatten();
    let issuers = providers.filter_map(|arn| OidcIssuer::of_provider(arn.split_once(":oidc-provider/")?.1));
    let mut found = Vec::new();
    for issuer in issuers {
        let values = |claim: &str| -> Vec<&String> {
            let name = format!("{}:{claim}", issuer.as_str());
            let all = statement.conditions.values().flatten();
            let of = all.filter(|(key, _)| key.eq_ignore_ascii_case(&name));
            of.flat_map(|(_, values)| values).collect()
        };
        for subject in values("sub") {
            let with = |audience: &&String| OidcSubject::new(issuer.clone(), subject, audience).ok();
            found.extend(values("aud").iter().filter_map(with));
        }
    }
    found
}

fn name_of(statement: &Statement, index: usize) -> String {
    match &statement.sid {
        Some(sid) => format!("the statement {sid}"),
        None => format!("statement {}", index + 1),
    }
}

/// Whether a statement, or a condition of it, is about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Applies {
    Yes,
    /// With the reason, where it is about such requests at all.
    No(Option<String>),
    Unknown(String),
}

fn applies(statement: &Statement, asker: &Asker<'_>, ask: TrustedAction, brought: &Brought) -> Applies {
    let action = match (ask, asker) {
        (TrustedAction::Tag, _) => "sts:tagsession",
        (TrustedAction::Assume, Asker::Principal(_)) => "sts:assumerole",
        (TrustedAction::Assume, Asker::Oidc { .. }) => "sts:assumerolewithwebidentity",
    };
    let is_meant = |pattern: &String| glob(pattern.to_ascii_lowercase().as_bytes(), action.as_bytes());
    if !statement.actions.iter().any(is_meant) {
        return Applies::No(None);
    }
    let who = who(statement, asker);
    if matches!(who, Applies::No(_)) {
        return who;
    }
    let mut unknown = match who {
        Applies::Unknown(why) => Some(why),
        _ => None,
    };
    for (operator, keys) in &statement.conditions {
        for (key, values) in keys {
            match holds(operator, key, values, asker, brought) {
                Applies::Yes => {}
                no @ Applies::No(_) => return no,
                Applies::Unknown(why) => {
                    unknown.get_or_insert(why);
                }
            }
        }
    }
    unknown.map_or(Applies::Yes, Applies::Unknown)
}

fn who(statement: &Statement, asker: &Asker<'_>) -> Applies {
    let mut unknown = None;
    for (kind, values) in &statement.principals {
        for value in values {
            let found = match asker {
                Asker::Principal(arn) => is_principal(kind, value, arn),
                Asker::Oidc { issuer, .. } => is_provider(kind, value, issuer),
            };
            match found {
                Applies::Yes => return Applies::Yes,
                Applies::Unknown(why) => unknown = Some(why),
                Applies::No(_) => {}
            }
        }
    }
    unknown.map_or(Applies::No(None), Applies::Unknown)
}

fn is_principal(kind: &str, value: &str, arn: &str) -> Applies {
    let account = arn.split(':').nth(4).unwrap_or_default();
    match kind {
        "*" => Applies::Unknown("it names everyone, which discfg never does".into()),
        "AWS" => {
            let root = value
                .strip_suffix(":root")
                .and_then(|root| root.rsplit(':').next());
            let named = root.unwrap_or(value);
            if value == "*" {
                Applies::Unknown("it names everyone, which discfg never does".into())
            } else if named.parse::<AccountId>().is_ok() {
                // A pattern without an account is about whoever the trust lets in: this one, too.
                if named == account || account.contains(['*', '?']) {
                    Applies::Yes
                } else {
                    Applies::No(None)
                }
            } else if value == arn {
                Applies::Unknown("it names the principal itself, where discfg would name the account".into())
            } else if value.contains(":assumed-role/") {
                Applies::Unknown("it names a session, which discfg never does".into())
            } else {
                Applies::No(None)
            }
        }
        _ => Applies::No(None),
    }
}

fn is_provider(kind: &str, value: &str, issuer: &str) -> Applies {
    match kind {
        "*" => Applies::Unknown("it names everyone, which discfg never does".into()),
        "Federated" if value.ends_with(&format!(":oidc-provider/{issuer}")) => Applies::Yes,
        _ => Applies::No(None),
    }
}

fn holds(
    operator: &str,
    key: &str,
    values: &BTreeSet<String>,
    asker: &Asker<'_>,
    brought: &Brought,
) -> Applies {
    let decided = |holds: bool, why: String| {
        if holds {
            Applies::Yes
        } else {
            Applies::No(Some(why))
        }
    };
    let list = || values.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    // Names of condition keys don't depend on case (IAM user guide, "Condition").
    let key_word = key.to_ascii_lowercase();
    let claim = match asker {
        Asker::Oidc { issuer, .. } => key_word
            .strip_prefix(&issuer.to_ascii_lowercase())
            .and_then(|rest| rest.strip_prefix(':')),
        Asker::Principal(_) => None,
    };
    match (operator, key_word.as_str(), claim, asker) {
        ("ArnLike" | "ArnEquals", "aws:principalarn", _, Asker::Principal(arn)) => {
            let patterns: Result<Vec<PrincipalPattern>, _> =
                values.iter().map(|value| value.parse()).collect();
            match patterns {
                Ok(patterns) => decided(
                    patterns.iter().any(|pattern| pattern.matches(arn)),
                    format!("it is for {}", list()),
                ),
                Err(_) => Applies::Unknown(format!(
                    "{key} is compared with what is neither a role nor a user"
                )),
            }
        }
        ("StringEquals", "aws:principalorgid", _, Asker::Principal(_)) => match &brought.org_id {
            Some(org) => decided(
                values.contains(org.as_str()),
                format!("it is for the organization {}", list()),
            ),
            None => Applies::Unknown(format!(
                "it is for the organization {}, and which one the principal belongs to isn't known (--org-id)",
                list()
            )),
        },
        ("StringEquals", "sts:externalid", _, Asker::Principal(_)) => match &brought.external_id {
            Some(id) => decided(
                values.contains(id.as_str()),
                "it asks for another external id".into(),
            ),
            None => Applies::Unknown(
                "it asks for an external id, and which one the principal gives isn't known (--external-id)"
                    .into(),
            ),
        },
        ("StringEquals", _, Some("aud"), Asker::Oidc { audience, .. }) => decided(
            values.contains(*audience),
            format!("it is for the audience {}", list()),
        ),
        ("StringEquals", _, Some("sub"), Asker::Oidc { subject, .. }) => {
            decided(values.contains(*subject), format!("it is for {}", list()))
        }
        _ => Applies::Unknown(format!(
            "its condition {operator} {key} isn't one that discfg makes"
        )),
    }
}

#[cfg(test)]
mod tests;
