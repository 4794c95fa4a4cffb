use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::PrincipalPattern;

#[test]
fn patterns_cover_what_they_match_and_no_more() {
    for (wide, narrow) in [
        ("*", "a*b"),
        ("a*", "a?c"),
        ("a?", "ab"),
        ("*", ""),
        ("a*c", "a*bc"),
        ("x", "x"),
    ] {
        assert!(covers(wide, narrow), "{wide} covers {narrow}");
    }
    for (wide, narrow) in [
        ("a", "*"),
        ("?", "*"),
        ("a?", "a*"),
        ("a*b", "a*"),
        ("", "a"),
        ("?", ""),
    ] {
        assert!(!covers(wide, narrow), "{wide} doesn't cover {narrow}");
    }
}

#[test]
fn wildcards_of_arns_stay_within_their_part() {
    assert!(covers_arn("arn:*:*:*:*:*", "arn:aws:iam::123456789012:role/x"));
    assert!(!covers_arn("arn:aws:iam::123456789012:role/x", "arn:*:*:*:*:*"));
    assert!(!covers_arn("arn:*:role/x", "arn:aws:iam::123456789012:role/x"));
    assert!(covers_arn("*", "arn:aws:iam::123456789012:role/x"));
}

/// A request, as far as statements look at it here.
#[derive(Debug, Clone)]
struct Request {
    who: String,
    action: String,
    resource: String,
    key: Option<String>,
}

fn allows(statement: &Statement, request: &Request) -> bool {
    let any = |patterns: &BTreeSet<String>, text: &str| patterns.iter().any(|pattern| covers(pattern, text));
    let asked = |operator: &str, values: &BTreeSet<String>| match (operator, &request.key) {
        ("StringEquals", Some(value)) => values.contains(value),
        ("StringLike", Some(value)) => any(values, value),
        ("StringNotEquals", value) => value.as_ref().is_none_or(|value| !values.contains(value)),
        ("StringEqualsIfExists", value) => value.as_ref().is_none_or(|value| values.contains(value)),
        _ => false,
    };
    let principals = &statement.principals["AWS"];
    (principals.contains("*") || principals.contains(&request.who))
        && any(&statement.actions, &request.action)
        && any(&statement.resources, &request.resource)
        && statement
            .conditions
            .iter()
            .all(|(operator, keys)| asked(operator, &keys["k"]))
}

fn some_of(values: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<String>> {
    prop::sample::subsequence(values, 1..=values.len())
        .prop_map(|values| values.into_iter().map(str::to_owned).collect())
}

const OPERATORS: [&str; 4] = [
    "StringEquals",
    "StringLike",
    "StringNotEquals",
    "StringEqualsIfExists",
];

fn a_statement() -> impl Strategy<Value = Statement> {
    (
        some_of(&["a", "b", "*"]),
        some_of(&["s:x", "s:y", "s:*"]),
        some_of(&["r1", "r2", "r?"]),
        prop::collection::btree_map(
            prop::sample::select(&OPERATORS[..]),
            some_of(&["u", "v", "?", "*"]),
            0..=2,
        ),
    )
        .prop_map(|(who, actions, resources, conditions)| Statement {
            sid: None,
            allows: true,
            principals: BTreeMap::from([("AWS".to_owned(), who)]),
            actions,
            resources,
            conditions: conditions
                .into_iter()
                .map(|(operator, values)| (operator.to_owned(), BTreeMap::from([("k".to_owned(), values)])))
                .collect(),
        })
}

fn every_request() -> Vec<Request> {
    let mut all = Vec::new();
    for who in ["a", "b", "c"] {
        for action in ["s:x", "s:y", "s:z"] {
            for resource in ["r1", "r2", "r3"] {
                for key in [None, Some("u"), Some("v"), Some("w"), Some("*")] {
                    all.push(Request {
                        who: who.into(),
                        action: action.into(),
                        resource: resource.into(),
                        key: key.map(str::to_owned),
                    });
                }
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The one mistake that must not be made: calling something no broader that is.
    #[test]
    fn what_is_not_beyond_allows_no_request_more(
        after in prop::collection::vec(a_statement(), 1..3),
        before in prop::collection::vec(a_statement(), 1..4),
    ) {
        let beyond = beyond(&after, &before);
        for statement in after.iter().filter(|statement| !beyond.contains(statement)) {
            for request in every_request().iter().filter(|request| allows(statement, request)) {
                prop_assert!(
                    before.iter().any(|before| allows(before, request)),
                    "{request:?} is new"
                );
            }
        }
    }

    #[test]
    fn what_is_beyond_its_twin_is_so_in_some_way(after in a_statement(), before in a_statement()) {
        let (one, other) = (vec![after.clone()], vec![before.clone()]);
        prop_assert_eq!(beyond(&one, &other).is_empty(), gaps(&after, &before).is_empty());
    }

    #[test]
    fn nothing_is_beyond_itself(statements in prop::collection::vec(a_statement(), 1..4)) {
        prop_assert!(beyond(&statements, &statements).is_empty());
    }

    #[test]
    fn what_is_covered_matches_whatever_the_narrower_matches(
        wide in "[ab*?]{0,6}",
        narrow in "[ab*?]{0,6}",
        text in "[ab]{1,6}",
    ) {
        let fits = |pattern: &str| {
            format!("arn:aws:iam::123456789012:role/y{pattern}")
                .parse::<PrincipalPattern>()
                .is_ok_and(|pattern| pattern.matches(&format!("arn:aws:iam::123456789012:role/y{text}")))
        };
        if covers(&wide, &narrow) && fits(&narrow) {
            prop_assert!(fits(&wide), "{wide} covers {narrow}, and not {text}");
        }
    }

    #[test]
    fn a_pattern_without_wildcards_is_covered_where_it_matches(
        wide in "[ab*?]{0,6}",
        text in "[ab]{1,6}",
    ) {
        let pattern: PrincipalPattern = format!("arn:aws:iam::123456789012:role/y{wide}").parse().expect("a pattern");
        prop_assert_eq!(covers(&wide, &text), pattern.matches(&format!("arn:aws:iam::123456789012:role/y{text}")));
    }
}
