use std::collections::BTreeSet;

use super::answer::{Answer, Finding};
use super::subject::Subject;
use crate::model::{
    AccountId, ExternalId, OidcIssuer, OidcSubject, OrgId, PrincipalPattern, TrustedSubject, glob,
};
use crate::stack::policy::{PolicyDocument, Statement};

/// The subject that assumes a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asker<'a> {
    /// A principal, or a pattern for all matching principals, by ARN.
    Principal(&'a str),
    /// The holder of an OIDC token, by the claims of the token.
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
    pub(super) fn of(subject: &'a Subject) -> Self {
        match subject {
            Subject::Principal(arn) => Self::Principal(arn.as_str()),
            Subject::Pattern(pattern) => Self::Principal(pattern.as_str()),
            Subject::GitHub(job) => Self::Oidc {
                issuer: OidcIssuer::GITHUB,
                subject: job.as_str(),
                audience: OidcSubject::AUDIENCE,
            },
            Subject::Oidc(subject) => Self::Oidc {
                issuer: subject.issuer().as_str(),
                subject: subject.subject(),
                audience: subject.audience(),
            },
            Subject::Unaccepted(subject) => Self::Oidc {
                issuer: subject.issuer(),
                subject: subject.subject(),
                audience: subject.audience(),
            },
        }
    }
}

/// Facts about a principal that its ARN doesn't contain.
#[derive(Debug, Clone, Default)]
pub struct Brought {
    /// The organization of its account.
    pub org_id: Option<OrgId>,
    /// The external ID that it gives.
    pub external_id: Option<ExternalId>,
}

/// An action that a trust policy can allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrustedAction {
    /// Assume the role.
    Assume,
    /// Pass the session's tags on to it.
    Tag,
}

/// Evaluates a role's trust policy for a subject, which IAM's policy simulator doesn't do.
///
/// It supports the forms that the templates of discfg create. Any other form, and any missing fact about the subject,
/// makes the answer unknown, never yes.
pub(super) fn judge(
    trust: &PolicyDocument,
    asker: &Asker<'_>,
    ask: TrustedAction,
    brought: &Brought,
) -> Finding {
    let mut best = Finding::no("no statement of the trust policy matches it");
    let mut denial = None;
    for (index, statement) in trust.statements.iter().enumerate() {
        let name = name_of(statement, index);
        let applies = applies(statement, asker, ask, brought);
        let finding = match (statement.allows, applies) {
            (false, Applies::Yes) => {
                return Finding::no(format!("denied by {name} of the trust policy"));
            }
            (false, Applies::Unknown(why)) => {
                denial.get_or_insert(Finding::unknown(format!(
                    "{name} of the trust policy may deny it: {why}"
                )));
                continue;
            }
            (true, Applies::Yes) => Finding::yes(format!("allowed by {name} of the trust policy")),
            (true, Applies::Unknown(why)) => Finding::unknown(format!("{name} of the trust policy: {why}")),
            (true, Applies::No(Some(why))) => Finding::no(format!("{name} of the trust policy: {why}")),
            (_, Applies::No(_)) => continue,
        };
        // Keep the most informative finding: of two refusals, the one with a reason.
        if finding.answer > best.answer || (finding.answer == best.answer && best.answer == Answer::No) {
            best = finding;
        }
    }
    match denial {
        Some(denial) if best.answer != Answer::No => denial,
        _ => best,
    }
}

/// The subjects that a trust policy names.
#[derive(Debug, Default)]
pub(super) struct TrustedPrincipals {
    pub(super) patterns: BTreeSet<PrincipalPattern>,
    /// Jobs and subjects of OIDC issuers, whether or not discfg would accept them.
    pub(super) subjects: BTreeSet<Subject>,
}

/// The subjects that a trust policy names, in the forms that the templates of discfg create.
pub(super) fn named(trust: &PolicyDocument) -> TrustedPrincipals {
    let mut named = TrustedPrincipals::default();
    for statement in trust.statements.iter().filter(|statement| statement.allows) {
        for (key, values) in statement.conditions.values().flatten() {
            if key.eq_ignore_ascii_case("aws:PrincipalArn") {
                let arns = values.iter().filter_map(|arn| arn.parse().ok());
                named.patterns.extend(arns);
            }
        }
        named.subjects.extend(subjects(statement));
    }
    named
}

/// The OIDC subjects of a statement, with each of its audiences.
fn subjects(statement: &Statement) -> Vec<Subject> {
    let providers = statement.principals.get("Federated").into_iter().flatten();
    let issuers = providers.filter_map(|arn| Some(arn.split_once(":oidc-provider/")?.1));
    let mut found = Vec::new();
    for issuer in issuers {
        let values = |claim: &str| -> Vec<&String> {
            let name = format!("{issuer}:{claim}");
            let all = statement.conditions.values().flatten();
            let of = all.filter(|(key, _)| key.eq_ignore_ascii_case(&name));
            of.flat_map(|(_, values)| values).collect()
        };
        let audiences = values("aud");
        for subject in values("sub") {
            let with = |audience: &&String| Subject::from(TrustedSubject::new(issuer, subject, audience));
            found.extend(audiences.iter().map(with));
        }
    }
    found
}

fn name_of(statement: &Statement, index: usize) -> String {
    match &statement.sid {
        Some(sid) => format!("statement {sid}"),
        None => format!("statement {}", index + 1),
    }
}

/// Whether a statement, or one of its conditions, applies to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Applies {
    Yes,
    /// With the reason, if the statement is about such requests.
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
                // A pattern without an account also matches this account.
                if named == account || account.contains(['*', '?']) {
                    Applies::Yes
                } else {
                    Applies::No(None)
                }
            } else if value == arn {
                Applies::Unknown("it names the principal, while discfg names the account".into())
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
    // Condition keys are case-insensitive (IAM user guide, "Condition").
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
                    format!("it only matches {}", list()),
                ),
                Err(_) => Applies::Unknown(format!(
                    "{key} is compared with a value that is not a role or user"
                )),
            }
        }
        ("StringEquals", "aws:principalorgid", _, Asker::Principal(_)) => match &brought.org_id {
            Some(org) => decided(
                values.contains(org.as_str()),
                format!("it requires the organization {}", list()),
            ),
            None => Applies::Unknown(format!(
                "it requires the organization {}, and the principal's is unknown (give --org-id)",
                list()
            )),
        },
        ("StringEquals", "sts:externalid", _, Asker::Principal(_)) => match &brought.external_id {
            Some(id) => decided(
                values.contains(id.as_str()),
                "it requires another external ID".into(),
            ),
            None => Applies::Unknown(
                "it requires an external ID, and the principal's is unknown (give --external-id)".into(),
            ),
        },
        ("StringEquals", _, Some("aud"), Asker::Oidc { audience, .. }) => decided(
            values.contains(*audience),
            format!("it requires the audience {}", list()),
        ),
        ("StringEquals", _, Some("sub"), Asker::Oidc { subject, .. }) => {
            decided(values.contains(*subject), format!("it only matches {}", list()))
        }
        _ => Applies::Unknown(format!("unknown condition {operator} {key}")),
    }
}

#[cfg(test)]
mod tests;
