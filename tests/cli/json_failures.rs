//! Failures for programs: under `-f json` the last line of stderr says what failed.

use serde_json::{Value, json};
use support::cli::Place;

fn failure(place: &Place, line: &str) -> (Option<i32>, Value) {
    let outcome = place.shell(line).run();
    let last = outcome.errors().lines().last().unwrap_or_default().to_owned();
    let document = serde_json::from_str(&last);
    let document = document.unwrap_or_else(|_| panic!("{line}: no JSON at the end: {}", outcome.errors()));
    (outcome.exit_code(), document)
}

#[test]
fn the_last_line_of_stderr_says_what_failed() {
    let place = Place::new();
    place
        .shell("discfg init mycfg --local && discfg set mode a")
        .run();
    for (line, exit, kind, code) in [
        ("discfg get nosuch -f json", 3, "not-found", json!("no-key")),
        ("discfg --format=json touch mode", 2, "usage", json!("no-ttl")),
        (
            "discfg set mode b --if-absent -fjson",
            4,
            "conflict",
            json!("guard-failed"),
        ),
        (
            "discfg get -c nosuch mode -f json",
            3,
            "not-found",
            json!("no-config"),
        ),
        (
            "discfg get mode --revision 9 -f json",
            3,
            "not-found",
            json!("no-revision"),
        ),
        (
            "discfg set mode b --as read -f json",
            5,
            "denied",
            json!("read-only"),
        ),
        ("discfg get -f json", 2, "usage", Value::Null),
        ("discfg nosuch -qf json", 2, "usage", Value::Null),
        (
            "discfg exec -f json -- nosuch-program",
            127,
            "not-found",
            Value::Null,
        ),
    ] {
        let (ended, document) = failure(&place, line);
        let error = &document["error"];
        assert_eq!(ended, Some(exit), "{line}: {document}");
        assert_eq!(error["exit"], exit, "{line}");
        assert_eq!(
            (&error["kind"], &error["code"]),
            (&json!(kind), &code),
            "{line}: {document}"
        );
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty() && !message.starts_with("error"))
        );
        assert!(error["hints"].is_array(), "{line}");
        assert!(error["cause"].is_null() || error["cause"].is_string(), "{line}");
    }
}

#[test]
fn what_is_no_failure_and_other_formats_end_without_json() {
    let place = Place::new();
    place
        .shell("discfg init mycfg --local && discfg set mode a")
        .run();
    for line in [
        "discfg get nosuch",
        "discfg get nosuch -f yaml",
        "discfg get mode -f json",
        "discfg diff /mode@0 /nosuch --allow-empty -f json",
        "discfg get --help -f json",
        "discfg exec -f json -- false",
    ] {
        let outcome = place.shell(line).run();
        assert!(!outcome.errors().contains('{'), "{line}: {}", outcome.errors());
    }
}
