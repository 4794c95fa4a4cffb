use serde_json::error::Category;

/// Explains why a body isn't the JSON that a route expects, in terms of JSON instead of Rust. No value of a string or
/// number in the body is repeated.
pub(super) fn explain(error: &serde_json::Error) -> String {
    let at = format!("line {}, column {}", error.line().max(1), error.column().max(1));
    let text = error.to_string();
    let problem = match text.rsplit_once(" at line ") {
        Some((problem, _)) => problem,
        None => &text,
    };
    match error.classify() {
        Category::Data => format!("invalid request body at {at}: {}", of_data(problem)),
        Category::Eof => format!("invalid JSON in the request body at {at}: unexpected end"),
        Category::Syntax | Category::Io => format!("invalid JSON in the request body at {at}: {problem}"),
    }
}

fn of_data(problem: &str) -> String {
    let found = ["invalid type: ", "invalid value: ", "invalid length "]
        .iter()
        .find_map(|start| problem.strip_prefix(start).map(|found| (*start, found)));
    if let Some((start, found)) = found
        && let Some((found, expected)) = found.rsplit_once(", expected ")
    {
        let found = match start {
            "invalid length " => "an array",
            _ => json_type(found),
        };
        return format!("expected {}, found {found}", expected_type(expected));
    }
    problem.replacen("unknown variant", "unknown value", 1)
}

/// The JSON type of what serde found, whose words begin with the type and may end with the value.
fn json_type(found: &str) -> &'static str {
    match found.split([' ', '`']).next().unwrap_or_default() {
        "map" => "an object",
        "sequence" => "an array",
        "string" | "character" => "a string",
        "integer" | "floating" => "a number",
        "boolean" => "a boolean",
        "null" | "unit" => "null",
        _ => "another type",
    }
}

fn expected_type(expected: &str) -> &str {
    match expected {
        "a map" => "an object",
        "a sequence" => "an array",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.starts_with("enum ") || expected.contains("identifier") => "a string",
        _ => expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::CommitRequest;

    fn said(body: &str) -> String {
        explain(&serde_json::from_str::<CommitRequest>(body).expect_err(body))
    }

    #[test]
    fn a_body_is_explained_in_terms_of_json() {
        for (body, expected) in [
            (
                "",
                "invalid JSON in the request body at line 1, column 1: unexpected end",
            ),
            (
                "{x",
                "invalid JSON in the request body at line 1, column 2: key must be a string",
            ),
            ("[]", "expected an object, found an array"),
            ("\"hunter2\"", "expected an object, found a string"),
            (r#"{"changes":{}}"#, "expected an array, found an object"),
            (r#"{"changes":[7]}"#, "expected an object, found a number"),
            (r#"{"changes":[{"op":7}]}"#, "column 19: expected value"),
            (
                r#"{"changes":[{"op":"put"}]}"#,
                "unknown value `put`, expected `set` or `delete`",
            ),
            (
                r#"{"changes":[{"op":"set","key":true}]}"#,
                "expected a string, found a boolean",
            ),
            (
                r#"{"changes":[{"op":"set","key":"/k","ttl":"hunter2"}]}"#,
                "expected a whole number, found a string",
            ),
            ("{}", "missing field `changes`"),
        ] {
            let said = said(body);
            assert!(said.contains(expected), "{body}: {said}");
            for word in ["struct", "enum", "map", "sequence", "variant", "hunter2", "u64"] {
                assert!(!said.contains(word), "{body}: {said}");
            }
        }
    }
}
