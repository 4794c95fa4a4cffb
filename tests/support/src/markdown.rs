//! What the documents show, so that tests can run it.

/// The fenced blocks of that language between one heading of the second level and the next.
pub fn blocks(document: &str, section: &str, language: &str) -> Vec<String> {
    let (_, rest) = document
        .split_once(&format!("\n## {section}\n"))
        .unwrap_or_else(|| panic!("there is no section {section}"));
    let text = rest.split("\n## ").next().unwrap_or(rest);
    let fence = format!("\n```{language}\n");
    let found: Vec<String> = text
        .split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .map(str::to_owned)
        .collect();
    assert!(!found.is_empty(), "{section} has no block of {language}");
    found
}
