use std::collections::BTreeMap;

use axum::response::Response;
use maud::{Markup, html};

use super::keys::bad_notices;
use crate::console::diff::{DiffBudget, side_by_side};
use crate::console::error::ConsoleError;
use crate::console::fields::FormFields;
use crate::console::layout::{Page, Tab};
use crate::console::value;
use crate::console::visit::ConfigVisit;
use crate::model::{BadSection, Entry, Grouped, Head, Key, LoggedValue, Revision, Section, SectionPart};
use crate::ops::{ValueDifference, compare, state_at};

/// How many keys a page has.
const KEYS: usize = 100;
/// The most sections that a menu has. Of more, one is named in a field that suggests them.
const MENU: usize = 200;

type EntryDifference = ValueDifference<Entry, Entry>;

/// How many keys differ in which way.
#[derive(Debug, Default, PartialEq, Eq)]
struct DifferenceCounts {
    added: usize,
    removed: usize,
    changed: usize,
    same: usize,
}

/// The two revisions of a section that are compared.
struct ComparedRevisions {
    section: Section,
    from: Revision,
    to: Revision,
}

impl ComparedRevisions {
    /// Those that a form names: of the section's latest two those that it leaves out. None where it names no section.
    fn read(query: &FormFields, heads: &[Head], bad: &[BadSection]) -> Result<Option<Self>, ConsoleError> {
        let Some(section) = query.parsed::<Section>("section")? else {
            return Ok(None);
        };
        let head = heads.iter().find(|head| head.section == section);
        if head.is_none() && !bad.iter().any(|bad| bad.section == section) {
            return Err(ConsoleError::no_section(&section));
        }
        let latest = head.map_or(Revision::ZERO, |head| head.revision);
        let to = query.parsed("to")?.unwrap_or(latest);
        let before = Revision::new(to.get().saturating_sub(1));
        let from = query.parsed("from")?.unwrap_or(before);
        Ok(Some(Self { section, from, to }))
    }

    fn href(&self, visit: &ConfigVisit, from: Revision, to: Revision) -> String {
        href(visit, &self.section, from, to)
    }
}

/// The address of a comparison.
pub(super) fn href(visit: &ConfigVisit, section: &Section, from: Revision, to: Revision) -> String {
    let path = visit.href("compare", None);
    format!("{path}?section={section}&from={from}&to={to}")
}

/// What differs in a section between two of its revisions.
pub(in crate::console) async fn show(visit: ConfigVisit) -> Result<Response, ConsoleError> {
    let query = &visit.visit.query;
    if let Some(section) = query.parsed::<Section>("section")? {
        visit.check_section(&section)?;
    }
    let (heads, bad) = visit.visit.heads(&*visit.store).await?;
    let revisions = ComparedRevisions::read(query, &heads, &bad)?;
    let result = match &revisions {
        None => html! { p.empty { "Choose a section and two of its revisions." } },
        Some(revisions) => differences(&visit, revisions).await?,
    };
    let shown = revisions
        .as_ref()
        .map(|of| (&of.section, Some(of.from), Some(of.to)));
    let content = html! {
        nav.crumbs aria-label="Path" { a href=(visit.href("timeline", None)) { "Timeline" } }
        h1 { "Compare" }
        (form(&visit, &heads, shown))
        (bad_notices(&bad))
        (result)
    };
    Ok(Page::of_config(&visit, Tab::Timeline, "Compare").render(&content))
}

/// The form that asks for a section and two of its revisions.
pub(super) fn form(
    visit: &ConfigVisit,
    heads: &[Head],
    shown: Option<(&Section, Option<Revision>, Option<Revision>)>,
) -> Markup {
    let section = shown.map(|(section, _, _)| section);
    let (from, to) = shown.map_or((None, None), |(_, from, to)| (from, to));
    html! {
        form.tools method="get" action=(visit.href("compare", None)) {
            label for="compare-section" { "Section" }
            (section_field("compare-section", heads, section.map(Section::as_str), None))
            label for="compare-from" { "From revision" }
            input #compare-from.revision name="from" value=[from] inputmode="numeric" pattern="[0-9]*" placeholder="previous" autocomplete="off";
            label for="compare-to" { "to" }
            input #compare-to.revision name="to" value=[to] inputmode="numeric" pattern="[0-9]*" placeholder="latest" autocomplete="off";
            button { "Compare" }
        }
    }
}

/// A field for a section: a menu, or where they are many a text field that suggests them. `all` is what none is called.
pub(super) fn section_field(id: &str, heads: &[Head], chosen: Option<&str>, all: Option<&str>) -> Markup {
    let known = format!("{id}-known");
    if heads.len() > MENU {
        return html! {
            input id=(id) name="section" value=[chosen] list=(known) placeholder=[all] autocomplete="off" spellcheck="false";
            datalist id=(known) { @for head in heads.iter().take(MENU) { option value=(head.section) {} } }
        };
    }
    let is_unknown = chosen.filter(|chosen| !heads.iter().any(|head| head.section.as_str() == *chosen));
    html! {
        select id=(id) name="section" {
            @if let Some(all) = all { option value="" selected[chosen.is_none()] { (all) } }
            @if let Some(chosen) = is_unknown { option value=(chosen) selected { (chosen) } }
            @for head in heads {
                @let section = head.section.as_str();
                option value=(section) selected[chosen == Some(section)] { (section) }
            }
        }
    }
}

async fn differences(visit: &ConfigVisit, of: &ComparedRevisions) -> Result<Markup, ConsoleError> {
    let part = SectionPart::from(of.section.clone());
    let old = visit.visit.take(state_at(&*visit.store, &part, of.from).await)?;
    let new = visit.visit.take(state_at(&*visit.store, &part, of.to).await)?;
    let by_key = |entries: Vec<Entry>| -> BTreeMap<Key, Entry> {
        entries
            .into_iter()
            .map(|entry| (entry.key.clone(), entry))
            .collect()
    };
    let (counts, differing) = sort_out(compare(by_key(old.entries), by_key(new.entries)));
    let after = visit.visit.query.get("after");
    let rest = differing
        .iter()
        .filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
    let shown: Vec<_> = rest.clone().take(KEYS).collect();
    let next = shown.last().filter(|_| rest.count() > KEYS).map(|(key, _)| key);
    let mut budget = DiffBudget::new();
    let items: Vec<Markup> = shown
        .iter()
        .map(|(key, difference)| item(visit, of, key, difference, &mut budget))
        .collect();
    let again = || {
        visit
            .visit
            .query
            .href(&visit.href("compare", None), &[("after", "")])
    };
    Ok(html! {
        section #list aria-label="Differences" {
            div.head {
                p.count role="status" { (summary(&counts)) }
                nav.steps aria-label="Revisions" { (steps(visit, of)) }
            }
            @if differing.is_empty() {
                p.empty { "No difference between revisions " (of.from) " and " (of.to) " of " (of.section) "." }
            } @else {
                ol.differences data-rows { @for item in &items { (item) } }
            }
            @if after.is_some() || next.is_some() {
                nav.pages aria-label="Pages" {
                    @if after.is_some() { a href=(again()) { "First page" } }
                    @if let Some(next) = next {
                        a rel="next" href=(visit.visit.query.href(&visit.href("compare", None), &[("after", next.as_str())])) { "Next page" }
                    }
                }
            }
        }
    })
}

/// The comparisons that are near this one.
fn steps(visit: &ConfigVisit, of: &ComparedRevisions) -> Markup {
    let (low, high) = (of.from.min(of.to), of.from.max(of.to));
    html! {
        @if low > Revision::ZERO {
            a href=(of.href(visit, Revision::new(low.get() - 1), low)) { "Changes of revision " (low) }
            " · "
        }
        @if high.get() - low.get() > 1 { a href=(of.href(visit, Revision::new(high.get() - 1), high)) { "Changes of revision " (high) } " · " }
        a href=(of.href(visit, of.to, of.from)) { "Swap" }
    }
}

/// The keys that differ, and how many there are of each kind.
fn sort_out(
    differences: BTreeMap<Key, EntryDifference>,
) -> (DifferenceCounts, BTreeMap<Key, EntryDifference>) {
    let mut counts = DifferenceCounts::default();
    let differing = differences.into_iter().filter(|(_, difference)| {
        match difference {
            ValueDifference::Added(_) => counts.added += 1,
            ValueDifference::Removed(_) => counts.removed += 1,
            ValueDifference::Changed(..) => counts.changed += 1,
            ValueDifference::Same(..) => counts.same += 1,
        }
        !matches!(difference, ValueDifference::Same(..))
    });
    let differing = differing.collect();
    (counts, differing)
}

fn summary(counts: &DifferenceCounts) -> String {
    let DifferenceCounts {
        added,
        removed,
        changed,
        same,
    } = counts;
    let parts = [
        (added, "added"),
        (removed, "removed"),
        (changed, "changed"),
        (same, "unchanged"),
    ];
    let parts = parts.iter().filter(|(count, _)| **count > 0);
    let parts: Vec<String> = parts
        .map(|(count, what)| format!("{} {what}", Grouped(**count)))
        .collect();
    if parts.is_empty() {
        "No keys".into()
    } else {
        parts.join(", ")
    }
}

fn item(
    visit: &ConfigVisit,
    of: &ComparedRevisions,
    key: &Key,
    difference: &EntryDifference,
    budget: &mut DiffBudget,
) -> Markup {
    let (class, what) = match difference {
        ValueDifference::Added(_) => ("badge add", "added"),
        ValueDifference::Removed(_) => ("badge del", "removed"),
        _ => ("badge", "changed"),
    };
    let revisions = [difference.left(), difference.right()].map(|entry| entry.map(|entry| entry.revision));
    html! {
        li id={ "key-" (key) } data-key=(key) {
            article.panel {
                h2.key { a href=(visit.href("key", Some(key))) { (key) } " " span class=(class) { (what) } }
                p.meta {
                    @match revisions {
                        [Some(old), Some(new)] => { "Revision " (old) " → " (new) },
                        [Some(old), None] => { "Last set at revision " (old) },
                        [None, Some(new)] => { "Set at revision " (new) },
                        [None, None] => {},
                    }
                }
                (detail(visit, of, key, difference, budget))
            }
        }
    }
}

fn detail(
    visit: &ConfigVisit,
    of: &ComparedRevisions,
    key: &Key,
    difference: &EntryDifference,
    budget: &mut DiffBudget,
) -> Markup {
    let (old, new) = (difference.left(), difference.right());
    // Each encryption has other bytes, even if the value is the same.
    if let (Some(old), Some(new)) = (old, new)
        && old.secret
        && new.secret
    {
        return html! { p { (value::secret()) " set again at revision " (new.revision) } };
    }
    let bytes = [old, new].iter().flatten().map(|entry| entry.value.len()).sum();
    if !budget.takes(bytes) {
        return html! {
            p.hint { "Not shown: the values are " (Grouped(bytes)) " B. " a href=(visit.href("key", Some(key))) { "Open the key" } }
        };
    }
    let logged = |entry: Option<&Entry>| entry.map(|entry| LoggedValue::Value(entry.value.clone()));
    let (before, after) = (logged(old), logged(new));
    side_by_side(
        (&format!("Revision {}", of.from), &format!("Revision {}", of.to)),
        before.as_ref().zip(old.map(|entry| entry.secret)),
        after.as_ref().zip(new.map(|entry| entry.secret)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn a_form_may_leave_out_revisions() {
        let head = Head {
            section: "/db".parse().unwrap(),
            revision: Revision::new(7),
            changes: 1,
            commit: None,
            modified: Some(Timestamp::from_epoch(0)),
        };
        let heads = [head];
        let read = |query: &[u8]| {
            let read = ComparedRevisions::read(&FormFields::parse(query), &heads, &[]);
            read.map(|of| of.map(|of| (of.from.get(), of.to.get())))
        };
        assert_eq!(read(b"section=/db").unwrap(), Some((6, 7)));
        assert_eq!(read(b"section=/db&to=3").unwrap(), Some((2, 3)));
        assert_eq!(read(b"section=db&from=3").unwrap(), Some((3, 7)));
        assert_eq!(read(b"section=/db&from=0&to=0").unwrap(), Some((0, 0)));
        assert_eq!(read(b"section=").unwrap(), None);
        for bad in [
            &b"section=/none"[..],
            b"section=/db&from=x",
            b"section=/a/b",
            b"section=/db&to=-1",
        ] {
            assert!(read(bad).is_err());
        }
    }

    #[test]
    fn the_summary_counts_what_there_is() {
        let counts = DifferenceCounts {
            added: 1200,
            same: 3,
            ..DifferenceCounts::default()
        };
        assert_eq!(summary(&counts), "1,200 added, 3 unchanged");
        assert_eq!(summary(&DifferenceCounts::default()), "No keys");
    }
}
