//! The commands that the documents show, so that tests can run them.

/// The fenced blocks of that language between one heading of the second level and the next.
pub fn blocks(document: &str, section: &str, language: &str) -> Vec<String> {
    let (_, rest) = document
        .split_once(&format!("\n## {section}\n"))
        .unwrap_or_else(|| panic!("there is no section {section}"));
    let text = rest.split("\n## ").next().unwrap_or(rest);
    let found = all_blocks(text, language);
    assert!(!found.is_empty(), "{section} has no block of {language}");
    found
}

/// The fenced blocks of that language in the whole document.
pub fn all_blocks(document: &str, language: &str) -> Vec<String> {
    document
        .split(&format!("\n```{language}\n"))
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .map(str::to_owned)
        .collect()
}

/// Runs the commands in the `console` blocks of a document and returns the document with their output below them.
///
/// A command begins with `$ ` and continues on lines that begin with `> `.
pub fn rerun(document: &str, mut run: impl FnMut(&str) -> String) -> String {
    let mut text = Vec::new();
    let mut lines = document.lines().peekable();
    let mut is_console = false;
    while let Some(line) = lines.next() {
        let was_console = is_console;
        is_console = if was_console {
            line != "```"
        } else {
            line == "```console"
        };
        let is_output = was_console && is_console;
        let Some(first) = line.strip_prefix("$ ").filter(|_| is_output) else {
            if !is_output {
                text.push(line.to_owned());
            }
            continue;
        };
        text.push(line.to_owned());
        let mut command = first.to_owned();
        while let Some(line) = lines.next_if(|line| line.starts_with("> ")) {
            text.push(line.to_owned());
            command.push('\n');
            command.push_str(line.trim_start_matches("> "));
        }
        text.extend(run(&command).lines().map(str::to_owned));
    }
    text.push(String::new());
    text.join("\n")
}
