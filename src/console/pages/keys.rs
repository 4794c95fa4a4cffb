use axum::response::Response;
use futures::TryStreamExt as _;
use maud::{Markup, html};

use crate::console::error::ConsoleError;
use crate::console::fields::FormFields;
use crate::console::layout::{Page, Tab, csrf};
use crate::console::text::{ago, countdown, data};
use crate::console::value;
use crate::console::visit::ConfigVisit;
use crate::model::{BadSection, Entry, Prefix, Section};
use crate::ops::{ReadableItem, readable_list};
use crate::store::{Consistency, Listed, Scope};

/// How many rows a page has.
pub(super) const ROWS: usize = 100;

/// Which keys are listed.
struct Listing {
    /// Only those whose key contains this, whatever the case.
    filter: Option<String>,
    only_ttl: bool,
    /// All keys below the prefix rather than one level.
    is_flat: bool,
    prefix: Prefix,
    after: Option<String>,
}

impl Listing {
    fn read(query: &FormFields) -> Result<Self, ConsoleError> {
        let filter = query.get("q").map(str::to_ascii_lowercase);
        let only_ttl = query.is_on("ttl");
        Ok(Self {
            is_flat: query.get("view") == Some("flat") || filter.is_some() || only_ttl,
            filter,
            only_ttl,
            prefix: query.parsed("in")?.unwrap_or_else(Prefix::all),
            after: query.get("after").map(String::from),
        })
    }

    fn takes(&self, entry: &Entry) -> bool {
        let is_named = |filter: &String| entry.key.as_str().to_ascii_lowercase().contains(filter);
        self.filter.as_ref().is_none_or(is_named) && (!self.only_ttl || entry.ttl.is_some())
    }
}

/// What a page shows.
#[derive(Default)]
struct KeyRows {
    items: Vec<Listed>,
    bad: Vec<BadSection>,
    /// The name after which the next page begins.
    next: Option<String>,
}

/// The keys of a config, level by level or all.
pub(in crate::console) async fn show(visit: ConfigVisit) -> Result<Response, ConsoleError> {
    let query = &visit.visit.query;
    let listing = Listing::read(query)?;
    let version = visit.version().await?;
    let rows = read(&visit, &listing).await?;
    let content = html! {
        (heading(&visit))
        (tools(&visit, query, listing.is_flat, ""))
        section #list data-part {
            (crumbs(&visit, &listing.prefix))
            (bad_notices(&rows.bad))
            @if rows.items.is_empty() { (nothing(&listing)) } @else {
                div.scroll { (table(&visit, &rows.items, &listing)) }
            }
            (pages(&visit, query, &rows))
        }
    };
    let page = Page::of_config(&visit, Tab::Keys, "Keys").live([&visit.config.name], version);
    Ok(page.render(&content))
}

/// What stands above the keys of a config.
pub(super) fn heading(visit: &ConfigVisit) -> Markup {
    html! {
        div.title {
            h1 { (visit.config.name) }
            p.sub { (visit.config.engine) }
            @if visit.can_write() {
                a.button.primary href=(visit.href("new", None)) { "New key" }
            }
        }
    }
}

/// The filters above the keys of a config, set as these fields say.
pub(super) fn tools(visit: &ConfigVisit, query: &FormFields, is_flat: bool, searched: &str) -> Markup {
    let (path, text) = (visit.href("", None), query.get("q").unwrap_or_default());
    let current = |is: bool| is.then_some("true");
    html! {
        div.tools {
            form.filter method="get" action=(path) role="search" data-instant {
                input type="search" name="q" value=(text) aria-label="Filter keys" placeholder="Filter keys" autocomplete="off" spellcheck="false";
                @if let Some(prefix) = query.get("in") { input type="hidden" name="in" value=(prefix); }
                @if is_flat && text.is_empty() { input type="hidden" name="view" value="flat"; }
                label.check { input type="checkbox" name="ttl" value="on" checked[query.is_on("ttl")]; " With TTL only" }
                button.quiet { "Filter" }
            }
            nav.switch aria-label="View" {
                a href=(query.href(&path, &[("view", ""), ("q", ""), ("ttl", ""), ("after", "")])) aria-current=[current(!is_flat)] { "Tree" }
                a href=(query.href(&path, &[("view", "flat"), ("after", "")])) aria-current=[current(is_flat)] { "Flat" }
            }
            form.values method="post" action=(visit.href("find", None)) {
                (csrf(&visit.visit))
                input type="hidden" name="in" value=[query.get("in")];
                input #find-text type="search" name="q" value=(searched) aria-label="Search keys and values" placeholder="Search keys and values" autocomplete="off" spellcheck="false";
                button { "Search values too" }
            }
        }
    }
}

/// The way from the whole config to the prefix.
fn crumbs(visit: &ConfigVisit, prefix: &Prefix) -> Markup {
    let path = visit.href("", None);
    if prefix.is_all() {
        return html! {};
    }
    let names = prefix.with_slash();
    let ends = names.match_indices('/').map(|(end, _)| end).skip(1);
    let steps: Vec<(usize, &str)> = ends.map(|end| (end, &names[..=end])).collect();
    html! {
        nav.crumbs aria-label="Path" {
            a href=(path) { "/" }
            @for (at, (end, prefix)) in steps.iter().enumerate() {
                @let name = &names[prefix[..*end].rfind('/').map_or(0, |slash| slash + 1)..=*end];
                @if at + 1 == steps.len() { strong aria-current="page" { (name) } }
                @else { a href={ (path) "?in=" (prefix) } { (name) } }
            }
        }
    }
}

pub(super) fn bad_notices(bad: &[BadSection]) -> Markup {
    html! {
        @for bad in bad {
            p.notice.bad { "Section " (bad.section) " can't be read: " (data(&bad.problem)) }
        }
    }
}

fn nothing(listing: &Listing) -> Markup {
    let what = match (&listing.filter, listing.only_ttl, listing.after.is_some()) {
        (_, _, true) => "There are no more keys.",
        (Some(_), _, _) => "No key contains this text.",
        (None, true, _) => "No key has a time to live.",
        (None, false, _) if listing.prefix.is_all() => "There are no keys yet.",
        (None, false, _) => "There are no keys here.",
    };
    html! { p.empty { (what) } }
}

fn table(visit: &ConfigVisit, items: &[Listed], listing: &Listing) -> Markup {
    html! {
        table.list data-rows {
            thead { tr {
                th scope="col" { "Key" }
                th scope="col" { "Value" }
                th scope="col" { @if listing.only_ttl { "Expires" } @else { "Changed" } }
            } }
            tbody {
                @for item in items {
                    @match item {
                        Listed::Folder(folder) => (folder_row(visit, folder)),
                        Listed::Entry(entry) => (entry_row(visit, entry, listing)),
                    }
                }
            }
        }
    }
}

fn folder_row(visit: &ConfigVisit, folder: &str) -> Markup {
    let above = folder
        .trim_end_matches('/')
        .rfind('/')
        .map_or(0, |slash| slash + 1);
    html! {
        tr id={ "row-" (folder) } {
            td.key colspan="3" { a.folder href={ (visit.href("", None)) "?in=" (folder) } { (&folder[above..]) } }
        }
    }
}

fn entry_row(visit: &ConfigVisit, entry: &Entry, listing: &Listing) -> Markup {
    let key = entry.key.as_str();
    let name = if listing.is_flat {
        key
    } else {
        listing.prefix.relative(&entry.key).unwrap_or(key)
    };
    row(visit, entry, name, listing.only_ttl)
}

/// A key with its value, under that name.
pub(super) fn row(visit: &ConfigVisit, entry: &Entry, name: &str, shows_end: bool) -> Markup {
    html! {
        tr id={ "row-" (entry.key) } data-key=(entry.key) data-revision=(entry.revision) {
            td.key { a href=(visit.href("key", Some(&entry.key))) { (name) } }
            td.value { (value::in_list(entry)) }
            td.meta {
                @match entry.expires {
                    Some(end) if shows_end => (countdown(end)),
                    Some(end) => { (ago(entry.modified)) " · " (countdown(end)) },
                    None => (ago(entry.modified)),
                }
            }
        }
    }
}

fn pages(visit: &ConfigVisit, query: &FormFields, rows: &KeyRows) -> Markup {
    let path = visit.href("", None);
    let is_first = query.get("after").is_none();
    html! {
        @if !is_first || rows.next.is_some() {
            nav.pages aria-label="Pages" {
                @if !is_first { a href=(query.href(&path, &[("after", "")])) { "First page" } }
                @if let Some(next) = &rows.next {
                    a rel="next" href=(query.href(&path, &[("after", next)])) { "Next page" }
                }
            }
        }
    }
}

async fn read(visit: &ConfigVisit, listing: &Listing) -> Result<KeyRows, ConsoleError> {
    let caller = visit.visit.caller();
    let scope = Scope {
        after: listing.after.clone(),
        ..if listing.is_flat {
            Scope::all(listing.prefix.clone())
        } else {
            Scope::level(listing.prefix.clone())
        }
    };
    let mut rows = KeyRows::default();
    let mut listed = readable_list(&*visit.store, &scope, Consistency::Strong);
    while let Some(item) = visit.visit.take(listed.try_next().await)? {
        let item = match item {
            ReadableItem::Bad(bad) => {
                rows.bad.extend(caller.covers(&bad.section).then_some(bad));
                continue;
            }
            ReadableItem::Listed(item) => item,
        };
        let is_shown = match &item {
            Listed::Entry(entry) => caller.covers_key(&entry.key) && listing.takes(entry),
            Listed::Folder(folder) => section_of(folder).is_some_and(|section| caller.covers(&section)),
        };
        if !is_shown {
            continue;
        }
        if rows.items.len() == ROWS {
            rows.next = rows.items.last().map(|last| last.name().to_owned());
            break;
        }
        rows.items.push(item);
    }
    Ok(rows)
}

fn section_of(folder: &str) -> Option<Section> {
    folder.parse::<Prefix>().ok()?.section()
}
