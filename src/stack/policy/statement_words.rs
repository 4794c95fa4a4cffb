use std::collections::BTreeSet;

use super::Statement;
use super::containment::StatementGap;
use crate::model::OidcIssuer;

/// The pattern of the template's default, which every principal fits.
const ANYONE: &str = "arn:*:*:*:*:*";

/// Under which name a statement says that it gives a role away: by trust policies alone.
const ASSUMING: [&str; 2] = ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"];

/// What comes with it: tags of the caller's session.
const TAGGING: &str = "sts:TagSession";

/// What a statement says, in a sentence about the resource whose policy it is of.
pub(in crate::stack) fn sentence(statement: &Statement) -> String {
    let who: Vec<String> = statement.principals.iter().flat_map(principals).collect();
    let may = if statement.allows { "may" } else { "may never" };
    let mut assuming = statement.actions.iter().filter(|action| *action != TAGGING);
    let assumes = assuming.all(|action| ASSUMING.contains(&action.as_str()));
    let tags = statement.actions.contains(TAGGING);
    let what = match () {
        () if assumes && !tags => "assume it".into(),
        () if assumes && statement.actions.len() > 1 => "assume it and tag the session".into(),
        () if statement.resources.is_empty() => listed(&statement.actions),
        () => format!(
            "{} on {}",
            listed(&statement.actions),
            listed(&statement.resources)
        ),
    };
    let start = if who.is_empty() {
        format!("{may} {what}")
    } else {
        format!("{} {may} {what}", who.join(", "))
    };
    let conditions = statement.conditions.iter().flat_map(|(operator, keys)| {
        keys.iter().map(move |(key, values)| match () {
            () if is_anyone(key, values) => "if its own policies allow that".to_owned(),
            () => format!("only {}", condition(Some(operator), key, values)),
        })
    });
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

/// A principal with its kind before it.
fn principal(principal: &str) -> String {
    let (kind, value) = principal.split_once(' ').unwrap_or(("", principal));
    let account = match value.split_once(":iam::") {
        Some((_, rest)) => rest.strip_suffix(":root"),
        None => Some(value).filter(|value| value.len() == 12 && value.bytes().all(|b| b.is_ascii_digit())),
    };
    match (kind, account) {
        ("AWS", Some(account)) => format!("the account {account}"),
        ("AWS" | "*", _) if value == "*" => "everyone".into(),
        ("Federated", _) => match value.split_once(":oidc-provider/") {
            Some((_, OidcIssuer::GITHUB)) => "GitHub".into(),
            Some((_, issuer)) => issuer.to_owned(),
            // By its name in the template that made it, before there were others.
            None if value == "${OidcProvider}" => "GitHub".into(),
            None => value.to_owned(),
        },
        ("Service", _) => format!("the service {value}"),
        _ => value.to_owned(),
    }
}

fn is_anyone(key: &str, values: &BTreeSet<String>) -> bool {
    key.eq_ignore_ascii_case("aws:PrincipalArn") && values.contains(ANYONE)
}

/// What a condition asks for. The operator is named where the key alone doesn't tell what is meant.
fn condition(operator: Option<&str>, key: &str, values: &BTreeSet<String>) -> String {
    let lower = key.to_ascii_lowercase();
    let plain = operator.is_none_or(|operator| !operator.contains("Not") && operator != "Null");
    let words = match lower.as_str() {
        "aws:principalarn" => "principals like",
        "aws:principalorgid" => "those of the organization",
        "aws:sourceaccount" => "for the account",
        "aws:sourcearn" => "for requests like",
        "sts:externalid" => "with the external id",
        "dynamodb:leadingkeys" => "on the partitions",
        "kms:viaservice" => "through",
        key if key.ends_with(":sub") && key.starts_with(OidcIssuer::GITHUB) => "the jobs",
        key if key.ends_with(":sub") => "the subjects",
        key if key.ends_with(":aud") => "for",
        _ => "",
    };
    match operator {
        _ if plain && !words.is_empty() => format!("{words} {}", listed(values)),
        Some("Null") if values.contains("false") => format!("where {key} is there"),
        Some("Null") => format!("where {key} is not there"),
        Some(operator) => format!("where {key} is {} ({operator})", listed(values)),
        None => format!("where {key} is {}", listed(values)),
    }
}

fn listed(values: &BTreeSet<String>) -> String {
    values.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What is said besides, if that is `more`; else what is said no longer.
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
            format!("{start} whomever the account's own policies allow")
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
