mod commits;

use axum::response::Response;
use futures::TryStreamExt as _;
use maud::{Markup, html};

use self::commits::{CommitGroups, TimelineCommit};
use super::compare;
use super::key::{difference, summary, verb};
use super::keys::bad_notices;
use crate::console::diff::DiffBudget;
use crate::console::error::ConsoleError;
use crate::console::fields::FormFields;
use crate::console::layout::{Page, Tab};
use crate::console::page_version::PageVersion;
use crate::console::text::{ago, data, now};
use crate::console::visit::ConfigVisit;
use crate::http::Caller;
use crate::model::{BadSection, Change, Grouped, Head, Op, Prefix, Revision, Section, Since};
use crate::ops::{HistoryFilter, HistoryItem, config_history};

/// How many commits are shown unless more are wanted.
const COMMITS: usize = 25;
const MOST_COMMITS: usize = 1000;
/// The most sections of a commit that are named.
const SECTIONS: usize = 6;
/// The largest values of a change, in bytes, whose difference is shown here rather than on the key's page.
const SMALL: usize = 4000;

/// Which changes are wanted.
#[derive(Debug, Default)]
struct Wanted {
    section: Option<Section>,
    prefix: Option<Prefix>,
    since: Option<Since>,
    by: Option<String>,
}

impl Wanted {
    /// What the form says, or what is wrong with it: it is read while it is typed.
    fn read(query: &FormFields) -> Result<Self, String> {
        fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
            query: &FormFields,
            name: &str,
            label: &str,
        ) -> Result<Option<T>, String> {
            let text = query.get(name).map(str::trim).filter(|text| !text.is_empty());
            let parsed = text.map(|text| text.parse().map_err(|error| format!("{label}: {error}")));
            parsed.transpose()
        }
        Ok(Self {
            section: parsed(query, "section", "Section")?,
            prefix: parsed(query, "prefix", "Prefix")?,
            since: parsed(query, "since", "Since")?,
            by: query.get("by").map(String::from),
        })
    }

    fn is_all(&self) -> bool {
        self.section.is_none() && self.prefix.is_none() && self.since.is_none() && self.by.is_none()
    }

    /// The sections that it names.
    fn sections(&self) -> impl Iterator<Item = Section> {
        let of_prefix = self.prefix.as_ref().and_then(Prefix::section);
        self.section.iter().cloned().chain(of_prefix)
    }

    /// The filter for it, of what the visitor may see; none where no change can be of it.
    fn filter(&self, caller: &Caller) -> Option<HistoryFilter> {
        let prefix = self.prefix.clone().unwrap_or_else(Prefix::all);
        let of_prefix = prefix.section();
        if self.section.is_some() && of_prefix.is_some() && self.section != of_prefix {
            return None;
        }
        let covered = caller.sections.as_ref();
        let sections = match &self.section {
            Some(section) => Some(vec![section.clone()]),
            None => covered.map(|covered| covered.iter().cloned().collect()),
        };
        Some(HistoryFilter {
            sections,
            since: self.since.map(|since| since.moment(now())),
            by: self.by.clone(),
            ..HistoryFilter::below(prefix)
        })
    }
}

/// How many commits are wanted.
fn limit(query: &FormFields) -> usize {
    let wanted = query.get("n").and_then(|text| text.trim().parse().ok());
    wanted.unwrap_or(COMMITS).clamp(1, MOST_COMMITS)
}

/// The changes of a config, newest first.
pub(in crate::console) async fn show(visit: ConfigVisit) -> Result<Response, ConsoleError> {
    let query = &visit.visit.query;
    let (heads, bad) = visit.visit.heads(&*visit.store).await?;
    let wanted = Wanted::read(query);
    let list = match &wanted {
        Ok(wanted) => list(&visit, wanted, bad).await?,
        Err(problem) => html! { p.notice.bad role="alert" { (data(problem)) } },
    };
    let content = html! {
        h1 { "Timeline" }
        (filters(&visit, query, &heads))
        details.compare {
            summary { "Compare two revisions of a section" }
            (compare::form(&visit, &heads, section_of(wanted.as_ref().ok(), &heads)))
        }
        section #list data-part aria-label="Changes" { (list) }
    };
    let version = PageVersion::of(&visit.config.name, &heads);
    let page = Page::of_config(&visit, Tab::Timeline, "Timeline").live([&visit.config.name], version);
    Ok(page.render(&content))
}

/// The section that is looked at, of which two revisions may be compared.
fn section_of<'w>(
    wanted: Option<&'w Wanted>,
    heads: &'w [Head],
) -> Option<(&'w Section, Option<Revision>, Option<Revision>)> {
    let of_filter = wanted.and_then(|wanted| wanted.section.as_ref());
    // The section that was changed last is the likeliest.
    let newest = || {
        heads
            .iter()
            .max_by_key(|head| head.modified)
            .map(|head| &head.section)
    };
    of_filter.or_else(newest).map(|section| (section, None, None))
}

fn filters(visit: &ConfigVisit, query: &FormFields, heads: &[Head]) -> Markup {
    html! {
        form.filter method="get" action=(visit.href("timeline", None)) role="search" data-instant {
            label for="section" { "Section" }
            (compare::section_field("section", heads, query.get("section"), Some("All")))
            label for="prefix" { "Prefix" }
            input #prefix name="prefix" value=[query.get("prefix")] placeholder="/db/" autocomplete="off" spellcheck="false";
            label for="by" { "Writer" }
            input #by name="by" value=[query.get("by")] placeholder="contains" autocomplete="off" spellcheck="false";
            label for="since" { "Since" }
            input #since name="since" value=[query.get("since")] placeholder="2h, 3d or 2026-01-31" autocomplete="off" spellcheck="false";
            @if let Some(n) = query.get("n") { input type="hidden" name="n" value=(n); }
            button.quiet { "Filter" }
        }
    }
}

async fn list(
    visit: &ConfigVisit,
    wanted: &Wanted,
    mut bad: Vec<BadSection>,
) -> Result<Markup, ConsoleError> {
    let (query, caller) = (&visit.visit.query, visit.visit.caller());
    if let Some(denied) = wanted.sections().find(|section| !caller.covers(section)) {
        return Ok(html! { p.notice.bad role="alert" { "You can't access section " (denied) "." } });
    }
    let limit = limit(query);
    let mut groups = CommitGroups::new(limit);
    if let Some(filter) = wanted.filter(caller) {
        let mut budget = DiffBudget::new();
        let mut history = config_history(&*visit.store, filter);
        while let Some(item) = visit.visit.take(history.try_next().await)? {
            match item {
                HistoryItem::Change(change) => {
                    if !groups.take(&change, |change| change_item(visit, change, &mut budget)) {
                        break;
                    }
                }
                HistoryItem::Bad(found) => bad.push(found),
            }
        }
    }
    bad.retain(|bad| caller.covers(&bad.section));
    bad.sort_by(|one, other| one.section.cmp(&other.section));
    bad.dedup_by(|one, other| one.section == other.section);
    let path = visit.href("timeline", None);
    let more = (limit * 2).min(MOST_COMMITS).to_string();
    Ok(html! {
        (bad_notices(&bad))
        @if groups.commits.is_empty() {
            p.empty { @if wanted.is_all() { "There are no changes yet." } @else { "No change matches." } }
        } @else {
            p.count { (count(&groups)) }
            ol.timeline data-rows { @for commit in &groups.commits { (commit_item(visit, commit)) } }
        }
        @if groups.has_more {
            @if limit < MOST_COMMITS {
                nav.pages aria-label="Pages" { a href=(query.href(&path, &[("n", &more)])) { "Show more" } }
            } @else {
                p.hint { "The page ends here. For older changes, narrow the filter or run " code { "discfg history -c " (visit.config.name) " -n 0" } "." }
            }
        }
    })
}

fn count(groups: &CommitGroups<Markup>) -> String {
    match (groups.commits.len(), groups.has_more) {
        (1, false) => "1 commit".into(),
        (number, false) => format!("{} commits", Grouped(number)),
        (1, true) => "The last commit".into(),
        (number, true) => format!("The last {} commits", Grouped(number)),
    }
}

fn commit_item(visit: &ConfigVisit, commit: &TimelineCommit<Markup>) -> Markup {
    let caller = visit.visit.caller();
    let sections: Vec<_> = commit
        .sections
        .iter()
        .filter(|(section, _)| caller.covers(section))
        .collect();
    let left_out = commit.count - commit.changes.len();
    html! {
        li id={ "commit-" (commit.id) } data-key=(commit.id) {
            article {
                h2 {
                    span { (data(&commit.by)) }
                    span.badge { (Grouped(commit.count)) @if commit.count == 1 { " key" } @else { " keys" } }
                    (ago(commit.at))
                }
                @if let Some(message) = &commit.message { p.message { (data(message)) } }
                ul.changes { @for change in commit.changes.values() { (change) } }
                @if left_out > 0 { p.meta { "and " (Grouped(left_out)) " more keys" } }
                p.meta {
                    @for (at, (section, revision)) in sections.iter().take(SECTIONS).enumerate() {
                        @if at > 0 { " · " }
                        a href=(compare::href(visit, section, before(**revision), **revision)) { (section) " revision " (revision) }
                    }
                    @if sections.len() > SECTIONS { " and " (Grouped(sections.len() - SECTIONS)) " more sections" }
                }
            }
        }
    }
}

fn before(revision: Revision) -> Revision {
    Revision::new(revision.get().saturating_sub(1))
}

fn change_item(visit: &ConfigVisit, change: &Change, budget: &mut DiffBudget) -> Markup {
    let class = match (&change.op, &change.previous) {
        (Op::Delete, _) => "badge del",
        (Op::Set { .. }, None) => "badge add",
        (Op::Set { .. }, Some(_)) => "badge",
    };
    let address = visit.href("key", Some(&change.key));
    html! {
        li {
            p.key {
                a href=(address) { (change.key) }
                " " span class=(class) { (verb(change)) }
                @if let Some(from) = &change.from { " moved from " (from) }
            }
            @if change.bytes() <= SMALL && budget.takes(change.bytes()) {
                details { summary { (summary(change)) } (difference(change)) }
            } @else {
                p { (summary(change)) " " a href={ (address) "?show=" (change.revision) "#revision-" (change.revision) } { "Difference" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_half_is_said_in_place() {
        let read = |query: &[u8]| Wanted::read(&FormFields::parse(query));
        assert!(read(b"").unwrap().is_all());
        assert!(read(b"section=&prefix=+&since=&by=").unwrap().is_all());
        assert!(!read(b"since=2h").unwrap().is_all());
        let problem = read(b"since=2x").unwrap_err();
        assert!(problem.starts_with("Since: expected a time ago"), "{problem}");
        assert!(
            read(b"prefix=/db//")
                .unwrap_err()
                .starts_with("Prefix: invalid key")
        );
        assert!(
            read(b"section=/a/b")
                .unwrap_err()
                .starts_with("Section: invalid section")
        );
    }

    #[test]
    fn a_page_has_up_to_a_thousand_commits() {
        let of = |query: &[u8]| limit(&FormFields::parse(query));
        assert_eq!(
            [of(b""), of(b"n=x"), of(b"n=0"), of(b"n=7"), of(b"n=5000")],
            [25, 25, 1, 7, 1000]
        );
    }
}
