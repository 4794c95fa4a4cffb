//! Phrases that `docs/style.md` replaces, which the snapshots of errors and help don't hold.

use std::fs;
use std::path::Path;

/// Each is odd wherever it stands; words that are only sometimes odd are left to readers.
const PHRASES: &[&str] = &[
    "can't be told",
    "is not there",
    "who may",
    " whom",
    "whoever",
    "goes on",
    "\" is no ",
    "taken in",
    "without us",
    " alone",
    " mend",
    "proved",
    " is told",
    "was to be",
    " of its own",
];

#[test]
fn errors_and_help_are_without_the_phrases_of_a_dialect() {
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let mut found = Vec::new();
    let mut read = 0;
    for folder in ["errors", "help"] {
        for file in fs::read_dir(snapshots.join(folder)).expect("the snapshots are there") {
            let path = file.expect("an entry").path();
            if path.extension().is_none_or(|extension| extension != "snap") {
                continue;
            }
            read += 1;
            let text = fs::read_to_string(&path).expect("a text");
            // Titles are the tests' own.
            let lines = text.lines().filter(|line| !line.starts_with("## "));
            for line in lines {
                let line = line.to_lowercase();
                let odd = PHRASES.iter().filter(|phrase| line.contains(**phrase));
                found.extend(odd.map(|phrase| format!("{}: {phrase:?} in {line}", path.display())));
            }
        }
    }
    assert!(read > 60, "only {read} snapshots were read");
    assert!(
        found.is_empty(),
        "docs/style.md has better words:\n{}",
        found.join("\n")
    );
}
