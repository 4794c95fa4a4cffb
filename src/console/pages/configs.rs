use std::collections::BTreeMap;

use axum::response::Response;
use futures::TryStreamExt as _;
use maud::{Markup, html};

use crate::console::error::ConsoleError;
use crate::console::layout::Page;
use crate::console::page_version::PageVersion;
use crate::console::site::ConsoleConfig;
use crate::console::text::{ago, data};
use crate::console::visit::{Visit, href};
use crate::model::{BadSection, Grouped, Head, Prefix, Section};
use crate::ops::{ReadableItem, readable_list};
use crate::store::{Consistency, Listed, Scope, Store};

/// The most sections that are listed by name.
const SECTIONS: usize = 12;

/// What is said of a config.
struct Summary {
    heads: Vec<Head>,
    bad: Vec<BadSection>,
    keys: BTreeMap<Section, usize>,
}

/// The configs with what is in them.
pub(in crate::console) async fn show(visit: Visit) -> Result<Response, ConsoleError> {
    let mut rows = Vec::new();
    let mut heads = BTreeMap::new();
    for config in visit.configs() {
        let (_, store) = visit.config(config.name.as_str())?;
        let summary = summarize(&visit, &**store).await;
        if let Ok(summary) = &summary {
            heads.insert(&config.name, summary.heads.clone());
        }
        rows.push(row(config, summary));
    }
    let mut version = PageVersion::default();
    for (config, heads) in &heads {
        version.add_heads(config, heads);
    }
    let names = visit.configs().map(|config| &config.name);
    let content = html! {
        h1 { "Configs" }
        section #configs data-part {
            div.scroll {
                table.list data-rows {
                    thead { tr {
                        th scope="col" { "Config" }
                        th scope="col" { "Engine" }
                        th.number scope="col" { "Keys" }
                        th scope="col" { "Sections" }
                        th scope="col" { "Last change" }
                    } }
                    tbody { @for row in &rows { (row) } }
                }
            }
            @if rows.is_empty() { p.hint { "There is no config that you can access." } }
        }
    };
    Ok(Page::new(&visit, "Configs")
        .live(names, version.word())
        .render(&content))
}

fn row(config: &ConsoleConfig, summary: Result<Summary, ConsoleError>) -> Markup {
    let name = html! {
        td.key data-label="Config" { a href=(href(&config.name, "", None)) { (config.name) } }
        td data-label="Engine" { (config.engine) }
    };
    match summary {
        Err(error) => html! {
            tr id={ "config-" (config.name) } { (name) td colspan="3" { span.notice.bad { (data(error.detail())) } } }
        },
        Ok(Summary { heads, bad, keys }) => html! {
            tr id={ "config-" (config.name) } {
                (name)
                td.number data-label="Keys" { (Grouped(keys.values().sum())) }
                td data-label="Sections" {
                    span.chips {
                        @for head in heads.iter().take(SECTIONS) { (section(config, head, &keys)) }
                    }
                    @if heads.len() > SECTIONS { " and " (Grouped(heads.len() - SECTIONS)) " more" }
                    @for bad in &bad { span.badge.bad title=(bad.problem) { (bad.section) ": unreadable" } }
                }
                td data-label="Last change" {
                    @match heads.iter().filter_map(|head| head.modified).max() {
                        Some(moment) => (ago(moment)),
                        None => span.absent { "never" },
                    }
                }
            }
        },
    }
}

fn section(config: &ConsoleConfig, head: &Head, keys: &BTreeMap<Section, usize>) -> Markup {
    let count = keys.get(&head.section).copied().unwrap_or_default();
    let path = href(&config.name, "", None);
    let address = if head.section.is_root() {
        path
    } else {
        format!("{path}?in={}", Prefix::from(&head.section).with_slash())
    };
    html! { a.chip href=(address) { (head.section.as_str()) " " span.count { (Grouped(count)) } } " " }
}

async fn summarize(visit: &Visit, store: &dyn Store) -> Result<Summary, ConsoleError> {
    let (heads, mut bad) = visit.heads(store).await?;
    let mut keys = BTreeMap::new();
    let scope = Scope::all(Prefix::all());
    let mut listed = readable_list(store, &scope, Consistency::Eventual);
    while let Some(item) = visit.take(listed.try_next().await)? {
        match item {
            ReadableItem::Listed(Listed::Entry(entry)) => *keys.entry(entry.key.section()).or_default() += 1,
            ReadableItem::Listed(Listed::Folder(_)) => {}
            ReadableItem::Bad(found) => bad.push(found),
        }
    }
    keys.retain(|section, _| visit.caller().covers(section));
    bad.retain(|bad| visit.caller().covers(&bad.section));
    bad.dedup_by(|one, other| one.section == other.section);
    Ok(Summary { heads, bad, keys })
}
