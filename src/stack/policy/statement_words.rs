use std::collections::BTreeSet;

use super::Statement;
use super::containment::StatementGap;
use crate::model::OidcIssuer;

/// The default pattern of the template, which matches every principal.
const ANYONE: &str = "arn:*:*:*:*:*";

/// The actions by which a trust policy lets principals assume a role.
const ASSUMING: [&str; 2] = ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"];

/// The action that passes on the tags of the caller's session.
const TAGGING: &str = "sts:TagSession";

/// The statement in words, as they follow the name of the resource whose policy it is in.
pub(in crate::stack) fn sentence(statement: &Statement) -> String {
    let who: Vec<String> = statement.principals.iter().flat_map(principals).collect();
    let who = who.join(", ");
    let effect = if statement.allows { "allow" } else { "deny" };
    let mut assuming = statement.actions.iter().filter(|action| *action != TAGGING);
    let assumes = assuming.all(|action| ASSUMING.contains(&action.as_str()));
    let tags = statement.actions.contains(TAGGING);
    let mut conditions: Vec<_> = statement
        .conditions
        .iter()
        .flat_map(|(operator, keys)| keys.iter().map(move |(key, values)| (operator, key, values)))
        .collect();
    let all = conditions.len();
    if statement.allows && assumes {
        conditions.retain(|(_, key, values)| !is_anyone(key, values));
    }
    let start = match () {
        () if conditions.len() < all => format!(
            "any principal in {who} whose own policy allows {}",
            listed(&statement.actions).replace(", ", " and ")
        ),
        () if assumes && !tags => format!("{effect} {who} to assume it"),
        () if assumes && statement.actions.len() > 1 => {
            format!("{effect} {who} to assume it and tag the session")
        }
        () => {
            let on = match listed(&statement.resources) {
                resources if resources.is_empty() => resources,
                resources => format!(" on {resources}"),
            };
            let principals = if who.is_empty() {
                who
            } else {
                format!(" for {who}")
            };
            format!("{effect} {}{on}{principals}", listed(&statement.actions))
        }
    };
    let conditions = conditions
        .into_iter()
        .map(|(operator, key, values)| format!("only {}", condition(Some(operator), key, values)));
    [start]
        .into_iter()
        .chain(conditions)
        .collect::<Vec<_>>()
        .join(", ")
}

fn principals((kind, values): (&String, &BTreeSet<String>)) -> Vec<String> {
    values
        .iter()
        .map(|value| principal(&format!("{kind} {value}")))
        .collect()
}

/// The words for a principal that is preceded by its kind.
fn principal(principal: &str) -> String {
    let (kind, value) = principal.split_once(' ').unwrap_or(("", principal));
    let account = match value.split_once(":iam::") {
        Some((_, rest)) => rest.strip_suffix(":root"),
        None => Some(value).filter(|value| value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit())),
    };
    match (kind, account) {
        ("AWS", Some(account)) => format!("account {account}"),
        ("AWS" | "*", _) if value == "*" => "everyone".into(),
        ("Federated", _) => match value.split_once(":oidc-provider/") {
            Some((_, OidcIssuer::GITHUB)) => "GitHub".into(),
            Some((_, issuer)) => issuer.to_owned(),
            // Its name in the template, before there were other issuers.
            None if value == "${OidcProvider}" => "GitHub".into(),
            None => value.to_owned(),
        },
        ("Service", _) => format!("service {value}"),
        _ => value.to_owned(),
    }
}

fn is_anyone(key: &str, values: &BTreeSet<String>) -> bool {
    key.eq_ignore_ascii_case("aws:PrincipalArn") && values.contains(ANYONE)
}

/// The words for a condition. The operator is named where the key alone doesn't make the meaning clear.
fn condition(operator: Option<&str>, key: &str, values: &BTreeSet<String>) -> String {
    let lower = key.to_ascii_lowercase();
    let plain = operator.is_none_or(|operator| !operator.contains("Not") && operator != "Null");
    let words = match lower.as_str() {
        "aws:principalarn" => "for principals like",
        "aws:principalorgid" => "from the organization",
        "aws:sourceaccount" => "for requests from account",
        "aws:sourcearn" => "for requests from",
        "sts:externalid" => "with the external ID",
        "dynamodb:leadingkeys" if values.len() == 1 => "on the partition key",
        "dynamodb:leadingkeys" => "on the partition keys",
        "kms:viaservice" => "through",
        key if key.ends_with(":sub") && key.starts_with(OidcIssuer::GITHUB) => "for the jobs",
        key if key.ends_with(":sub") => "for the subjects",
        key if key.ends_with(":aud") => "for the audience",
        _ => "",
    };
    match operator {
        _ if plain && !words.is_empty() => format!("{words} {}", listed(values)),
        Some("Null") if values.contains("false") => format!("where {key} is set"),
        Some("Null") => format!("where {key} is not set"),
        Some(operator) => format!("where {key} is {} ({operator})", listed(values)),
        None => format!("where {key} is {}", listed(values)),
    }
}

fn listed(values: &BTreeSet<String>) -> String {
    values.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The words for a difference between two statements: an addition if `more`, else a removal.
pub(in crate::stack) fn difference(gap: &StatementGap, more: bool) -> String {
    let start = if more { "now also" } else { "no longer" };
    match gap {
        StatementGap::Principals(principals) => {
            let named: Vec<String> = principals.iter().map(|name| principal(name)).collect();
            format!("{start} {}", named.join(", "))
        }
        StatementGap::Actions(actions) => format!("{start} {}", listed(actions)),
        StatementGap::Resources(resources) => format!("{start} on {}", listed(resources)),
        StatementGap::Values { key, values } if is_anyone(key, values) => {
            format!("{start} any principal whose own policy allows sts:AssumeRole")
        }
        StatementGap::Values { key, values } => format!("{start} {}", condition(None, key, values)),
        StatementGap::Free {
            operator,
            key,
            values,
        } => {
            let start = if more { "no longer only" } else { "now only" };
            format!("{start} {}", condition(Some(operator), key, values))
        }
    }
}
