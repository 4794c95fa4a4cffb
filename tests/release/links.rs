//! The documents: their links lead to files and headings that are there, and the book has each of its pages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::{fs, iter};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// What links to files of the repository begin with, where a relative one has no meaning.
const REPOSITORY: &str = "https://github.com/discfg/discfg/blob/main/";

#[test]
fn links_lead_to_files_and_headings() {
    let documents = documents();
    assert!(documents.len() > 20, "{documents:?}");
    let headings: BTreeMap<_, _> = documents
        .iter()
        .map(|path| (path.clone(), slugs(&read(path))))
        .collect();
    let mut broken = Vec::new();
    for path in &documents {
        for link in links(&read(path)) {
            if let Err(problem) = follow(path, &link, &headings) {
                broken.push(format!("{}: {link}: {problem}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_book_has_each_page_once() {
    let listed: Vec<String> = links(&read(Path::new("docs/SUMMARY.md")));
    let mut pages: BTreeSet<String> = documents()
        .iter()
        .filter_map(|path| Some(path.strip_prefix("docs").ok()?.to_str()?.to_owned()))
        .collect();
    pages.remove("SUMMARY.md");
    assert_eq!(listed.len(), pages.len(), "a page is listed twice: {listed:?}");
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), pages);
}

#[test]
fn headings_get_the_anchors_of_github() {
    let document = "# What `init` does: a *plan*\n## On AWS\n## On AWS\n### a_b-c & d\n";
    let expected = ["what-init-does-a-plan", "on-aws", "on-aws-1", "a_b-c--d"];
    assert_eq!(slugs(document), expected.map(str::to_owned).into());
}

#[test]
fn a_broken_link_is_found() {
    let headings = BTreeMap::from([(PathBuf::from("docs/api.md"), slugs("# One\n"))]);
    let follow = |link| follow(Path::new("docs/api.md"), link, &headings);
    assert_eq!(follow("#one"), Ok(()));
    assert_eq!(follow("../README.md"), Ok(()));
    assert_eq!(follow("https://example.com/nowhere"), Ok(()));
    assert!(follow("#two").is_err());
    assert!(follow("nowhere.md").is_err());
    assert!(follow("api.md#two").is_err());
    assert!(follow("/README.md").is_err());
    assert!(follow("../../README.md").is_err());
    assert!(follow(&format!("{REPOSITORY}nowhere.md")).is_err());
}

/// The paths of all documents, from the root.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(ROOT)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            let name = path.file_name().unwrap_or_default();
            if path.is_dir() && name != "target" && name != "node_modules" && name != ".git" {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path.strip_prefix(ROOT).expect("a path below it").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn read(document: &Path) -> String {
    fs::read_to_string(Path::new(ROOT).join(document)).expect("a document")
}

fn events(document: &str) -> Parser<'_> {
    Parser::new_ext(document, Options::ENABLE_TABLES)
}

fn links(document: &str) -> Vec<String> {
    events(document)
        .filter_map(|event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.into_string())
            }
            _ => None,
        })
        .collect()
}

/// The anchors of a document's headings: lower case, without punctuation, a hyphen for each blank, numbered from the
/// second of the same.
fn slugs(document: &str) -> BTreeSet<String> {
    let (mut slugs, mut heading) = (BTreeSet::new(), None::<String>);
    for event in events(document) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let base: String = heading
                    .take()
                    .unwrap_or_default()
                    .to_lowercase()
                    .chars()
                    .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                    .map(|c| if c == ' ' { '-' } else { c })
                    .collect();
                let numbered = (1..).map(|number| format!("{base}-{number}"));
                slugs.extend(
                    iter::once(base.clone())
                        .chain(numbered)
                        .find(|slug| !slugs.contains(slug)),
                );
            }
            _ => {}
        }
    }
    slugs
}

fn follow(from: &Path, link: &str, headings: &BTreeMap<PathBuf, BTreeSet<String>>) -> Result<(), String> {
    let (address, anchor) = link.split_once('#').unwrap_or((link, ""));
    let path = match address.strip_prefix(REPOSITORY) {
        Some(path) => PathBuf::from(path),
        None if address.contains("://") || address.starts_with("mailto:") => return Ok(()),
        None if address.is_empty() => from.to_owned(),
        None => {
            inside(&from.parent().unwrap_or(Path::new("")).join(address)).ok_or("outside the repository")?
        }
    };
    if !Path::new(ROOT).join(&path).exists() {
        return Err("no such file".to_owned());
    }
    match headings.get(&path) {
        Some(slugs) if !anchor.is_empty() && !slugs.contains(anchor) => Err("no such heading".to_owned()),
        _ => Ok(()),
    }
}

/// Resolves `..`; None for a path that begins or ends outside.
fn inside(path: &Path) -> Option<PathBuf> {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => resolved.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !resolved.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(resolved)
}
