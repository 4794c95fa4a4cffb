use std::collections::BTreeSet;

use super::Statement;

/// The statements that cover anything which none of `others` covers. What can't be compared counts as not covered.
pub(in crate::stack) fn beyond<'s>(statements: &'s [Statement], others: &[Statement]) -> Vec<&'s Statement> {
    let said = |statement: &Statement| {
        each(&flat(statement)).iter().all(|who| {
            each(&statement.actions).iter().all(|action| {
                each(&statement.resources).iter().all(|resource| {
                    others.iter().any(|other| {
                        other.allows == statement.allows
                            && holds(&flat(other), *who, covers_principal)
                            && holds(&other.actions, *action, covers_action)
                            && holds(&other.resources, *resource, covers_arn)
                            && other.conditions.iter().all(|(operator, keys)| {
                                keys.iter().all(|(key, values)| {
                                    matches!(bound(statement, operator, key, values), ConditionCover::Within)
                                })
                            })
                    })
                })
            })
        })
    };
    statements.iter().filter(|statement| !said(statement)).collect()
}

/// Its principals, each with its kind.
fn flat(statement: &Statement) -> BTreeSet<String> {
    let principals = statement.principals.iter();
    principals
        .flat_map(|(kind, values)| values.iter().map(move |value| format!("{kind} {value}")))
        .collect()
}

/// The values of a dimension; one `None` for a dimension that the policy doesn't have, such as the resources of a
/// trust policy.
fn each(values: &BTreeSet<String>) -> Vec<Option<&str>> {
    if values.is_empty() {
        vec![None]
    } else {
        values.iter().map(|value| Some(value.as_str())).collect()
    }
}

fn holds(wide: &BTreeSet<String>, narrow: Option<&str>, covers: fn(&str, &str) -> bool) -> bool {
    match narrow {
        None => wide.is_empty(),
        Some(narrow) => wide.iter().any(|wide| covers(wide, narrow)),
    }
}

/// What one statement covers beyond another that replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::stack) enum StatementGap {
    /// These principals, each with its kind.
    Principals(BTreeSet<String>),
    /// These actions.
    Actions(BTreeSet<String>),
    /// On these resources.
    Resources(BTreeSet<String>),
    /// These values of a condition key that both statements restrict.
    Values { key: String, values: BTreeSet<String> },
    /// Any value of a condition key that only the other statement restricts.
    Free {
        operator: String,
        key: String,
        values: BTreeSet<String>,
    },
}

/// What `statement` covers beyond `other`, dimension by dimension.
pub(in crate::stack) fn gaps(statement: &Statement, other: &Statement) -> Vec<StatementGap> {
    let lacking = |values: &BTreeSet<String>, wide: &BTreeSet<String>, covers: fn(&str, &str) -> bool| {
        let lacking = values.iter().filter(|value| !holds(wide, Some(value), covers));
        lacking.cloned().collect::<BTreeSet<String>>()
    };
    let mut gaps = Vec::new();
    let mut add = |values: BTreeSet<String>, gap: fn(BTreeSet<String>) -> StatementGap| {
        if !values.is_empty() {
            gaps.push(gap(values));
        }
    };
    add(
        lacking(&flat(statement), &flat(other), covers_principal),
        StatementGap::Principals,
    );
    add(
        lacking(&statement.actions, &other.actions, covers_action),
        StatementGap::Actions,
    );
    add(
        lacking(&statement.resources, &other.resources, covers_arn),
        StatementGap::Resources,
    );
    for (operator, keys) in &other.conditions {
        for (key, values) in keys {
            match bound(statement, operator, key, values) {
                ConditionCover::Within => {}
                ConditionCover::Beyond(values) => gaps.push(StatementGap::Values {
                    key: key.clone(),
                    values,
                }),
                ConditionCover::Free => gaps.push(StatementGap::Free {
                    operator: operator.clone(),
                    key: key.clone(),
                    values: values.clone(),
                }),
            }
        }
    }
    gaps
}

/// How a statement relates to a condition of another.
enum ConditionCover {
    /// It is at least as strict.
    Within,
    /// It restricts the same key, and accepts these values in addition.
    Beyond(BTreeSet<String>),
    /// It doesn't restrict the key, or in a way that can't be compared.
    Free,
}

fn bound(statement: &Statement, operator: &str, key: &str, values: &BTreeSet<String>) -> ConditionCover {
    let asked = statement.conditions.iter().flat_map(|(operator, keys)| {
        let same = keys.iter().filter(|(asked, _)| asked.eq_ignore_ascii_case(key));
        same.map(move |(_, values)| (operator.as_str(), values))
    });
    let mut nearest = ConditionCover::Free;
    for (by, given) in asked {
        if by == operator && given == values {
            return ConditionCover::Within;
        }
        let Some(covers) = comparison(by, operator) else {
            continue;
        };
        let beyond: BTreeSet<String> = given
            .iter()
            .filter(|narrow| !holds(values, Some(narrow), covers))
            .cloned()
            .collect();
        if beyond.is_empty() {
            return ConditionCover::Within;
        }
        nearest = ConditionCover::Beyond(beyond);
    }
    nearest
}

/// The comparison of values of the operator `strict` with those of `wide`, if the first can imply the second. Operators
/// that negate, or compare numbers or times, are only implied by equal ones.
fn comparison(strict: &str, wide: &str) -> Option<fn(&str, &str) -> bool> {
    let parts = |operator: &str| {
        let (qualifier, base) = operator.split_once(':').unwrap_or(("", operator));
        let (base, lenient) = base
            .strip_suffix("IfExists")
            .map_or((base, false), |base| (base, true));
        (qualifier.to_owned(), base.to_owned(), lenient)
    };
    let (strict, wide) = (parts(strict), parts(wide));
    if strict.0 != wide.0 || (strict.2 && !wide.2) {
        return None;
    }
    match (strict.1.as_str(), wide.1.as_str()) {
        ("StringEquals" | "StringLike", "StringLike") => Some(covers),
        ("StringEquals", "StringEquals") => Some(|wide, narrow| wide == narrow),
        ("StringEqualsIgnoreCase", "StringEqualsIgnoreCase") | ("Bool", "Bool") => {
            Some(str::eq_ignore_ascii_case)
        }
        ("ArnEquals" | "ArnLike", "ArnEquals" | "ArnLike") => Some(covers_arn),
        _ => None,
    }
}

/// A named principal needs no policy of its own, unlike the principals of a trusted account, so a principal is covered
/// only by itself and by everyone.
fn covers_principal(wide: &str, narrow: &str) -> bool {
    let number = |principal: &str| {
        let (kind, value) = principal.split_once(' ').unwrap_or_default();
        let account = value
            .strip_prefix("arn:")
            .and_then(|arn| arn.split_once(":iam::"))
            .and_then(|(_, rest)| rest.strip_suffix(":root"));
        format!("{kind} {}", account.unwrap_or(value))
    };
    wide == "* *" || (wide == "AWS *" && narrow.starts_with("AWS ")) || number(wide) == number(narrow)
}

/// Compares actions case-insensitively (IAM JSON policy reference, "Action").
fn covers_action(wide: &str, narrow: &str) -> bool {
    covers(&wide.to_ascii_lowercase(), &narrow.to_ascii_lowercase())
}

/// Whether every ARN that matches `narrow` matches `wide`: part by part, as wildcards don't match a colon
/// (IAM User Guide, "Condition operators", `ArnLike`).
pub(in crate::stack) fn covers_arn(wide: &str, narrow: &str) -> bool {
    let parts = |arn: &str| arn.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (wide_parts, narrow_parts) = (parts(wide), parts(narrow));
    wide == narrow
        || wide == "*"
        || (wide_parts.len() == narrow_parts.len()
            && wide_parts
                .iter()
                .zip(&narrow_parts)
                .all(|(wide, narrow)| covers(wide, narrow)))
}

/// Whether every text that matches the pattern `narrow` matches `wide`, with the wildcards `*` and `?` in both. It has
/// no false positives; it may miss equivalent patterns, such as `?*` and `*?`.
pub(in crate::stack) fn covers(wide: &str, narrow: &str) -> bool {
    let (wide, narrow): (Vec<char>, Vec<char>) = (wide.chars().collect(), narrow.chars().collect());
    // Whether the prefix of `wide` covers the prefix of `narrow`, one row per character of `narrow`.
    let mut row: Vec<bool> = vec![true];
    row.extend(wide.iter().scan(true, |all, c| {
        *all &= *c == '*';
        Some(*all)
    }));
    for symbol in narrow {
        let mut next = vec![false];
        for (index, pattern) in wide.iter().enumerate() {
            next.push(match pattern {
                '*' => row[index + 1] || next[index],
                '?' => symbol != '*' && row[index],
                literal => *literal == symbol && row[index],
            });
        }
        row = next;
    }
    row.last().copied().unwrap_or(true)
}

#[cfg(test)]
mod tests;
