//! The table of counts holds what is better as it holds what is worse, and no row is left out.

use support::counts::{Asked, Counts, GROUPS};

fn asked(requests: &[&str], read: f64, write: f64) -> Asked {
    Asked {
        requests: requests.iter().map(|&name| name.to_owned()).collect(),
        read,
        write,
    }
}

/// What is said of one row that holds `held`, where `count` is counted.
#[track_caller]
fn said_of_number(held: &str, found: u64) -> String {
    let counts = Counts::parse(&format!("[a.b]\nget = {held}"));
    let compared = counts.compare("a.b", |counted| counted.number("get", found));
    compared.err().unwrap_or_default()
}

#[track_caller]
fn said_of_asked(held: &str, found: &Asked) -> String {
    let counts = Counts::parse(&format!("[a]\nget = {held}"));
    let compared = counts.compare("a", |counted| counted.asked("get", found));
    compared.err().unwrap_or_default()
}

#[test]
fn a_number_is_held_from_both_sides() {
    assert_eq!(said_of_number("1_234", 1234), "");
    assert_eq!(
        said_of_number("1_234", 1233),
        "tests/counts.toml: [a.b] \"get\": expected 1_234, found 1_233; \
         better than the table: write 1_233 into tests/counts.toml"
    );
    let worse = said_of_number("1_234", 1235);
    assert!(
        worse.contains("expected 1_234, found 1_235; worse than the table"),
        "{worse}"
    );
    let other = said_of_number("\"1234\"", 1234);
    assert!(other.contains("expected \"1234\", found 1_234; other"), "{other}");
}

#[test]
fn instructions_may_differ_by_two_percent() {
    let said = |found| {
        let counts = Counts::parse("[a]\nget = 1_000_000");
        let compared = counts.compare("a", |counted| counted.instructions("get", found));
        compared.err().unwrap_or_default()
    };
    for within in [980_000, 1_000_000, 1_020_000] {
        assert_eq!(said(within), "");
    }
    assert!(said(979_999).contains("expected 1_000_000 within 2 %, found 979_999; better than"));
    assert!(said(1_020_001).contains("expected 1_000_000 within 2 %, found 1_020_001; worse than"));
}

#[test]
fn requests_are_held_by_their_order_and_units() {
    let held = "{ requests = [\"GetItem\", \"Query\"], read = 1.5, write = 2 }";
    let two = &["GetItem", "Query"][..];
    assert_eq!(said_of_asked(held, &asked(two, 1.5, 2.0)), "");
    for (found, verdict) in [
        (asked(&["GetItem"], 1.5, 2.0), "better"),
        (asked(two, 1.0, 2.0), "better"),
        (asked(two, 1.0, 1.0), "better"),
        (asked(two, 1.5, 3.0), "worse"),
        (asked(&["GetItem", "Query", "Query"], 2.0, 2.0), "worse"),
        (asked(&["Query", "GetItem"], 1.5, 2.0), "other"),
        (asked(&["GetItem"], 2.0, 2.0), "other"),
        (asked(two, 1.0, 3.0), "other"),
    ] {
        let said = said_of_asked(held, &found);
        let wanted = format!("expected {held}, found {found}; {verdict} than the table");
        assert!(said.contains(&wanted), "{said}");
    }
}

#[test]
fn requests_that_follow_each_other_are_one_in_the_table() {
    let held = "{ requests = [\"Query\", \"10 GetItem\", \"Query\"], read = 12, write = 0 }";
    let requests = |times| [&["Query"][..], &["GetItem"].repeat(times), &["Query"]].concat();
    assert_eq!(asked(&requests(10), 12.0, 0.0).to_string(), held);
    assert_eq!(said_of_asked(held, &asked(&requests(10), 12.0, 0.0)), "");
    let said = said_of_asked(held, &asked(&requests(9), 12.0, 0.0));
    assert!(said.contains("9 GetItem") && said.contains("better"), "{said}");
}

#[test]
fn a_row_has_a_count_and_a_count_has_a_row() {
    let counts = Counts::parse("[a]\nkept = 1\nleft = 2\n[a.b]\nother = 3");
    let compared = counts.compare("a", |counted| {
        counted.number("kept", 1);
        counted.number("new", 1234);
    });
    assert_eq!(
        compared.expect_err("two rows differ"),
        "tests/counts.toml: [a] \"new\": expected nothing, found 1_234; add the row \"new\" = 1_234\n\
         tests/counts.toml: [a] \"left\": nothing counts this row"
    );
}

#[test]
fn the_groups_of_the_file_are_those_that_are_held() {
    let groups = Counts::checked_in().groups();
    assert_eq!(groups, GROUPS.iter().map(|&group| group.to_owned()).collect());
}
