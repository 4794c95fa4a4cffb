//! The forms above the grid, and what is there in its place.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::console::fields::FormFields;
use crate::console::text::data;
use crate::console::visit::Visit;
use crate::model::{ConfigName, Head};

pub(super) const MAX_COLUMNS: usize = 8;
/// The most sides that are suggested.
const SUGGESTED: usize = 100;

type HeadsOf<'h> = BTreeMap<&'h ConfigName, Vec<Head>>;

/// One field a column, and one more for another.
pub(super) fn sides(visit: &Visit, sides: &[String], heads: &HeadsOf<'_>) -> Markup {
    let query = &visit.query;
    html! {
        form.tools method="get" action="/grid" {
            @for (at, side) in sides.iter().take(MAX_COLUMNS).enumerate() {
                input name="side" value=(side) aria-label={ "Column " (at + 1) } list="known-sides" autocomplete="off" spellcheck="false";
            }
            @if sides.len() < MAX_COLUMNS {
                input name="side" aria-label="Add column" placeholder="+ config/prefix" list="known-sides" autocomplete="off" spellcheck="false";
            }
            datalist #known-sides { @for side in suggested(visit, heads) { option value=(side) {} } }
            @for name in ["q", "only", "ttl"] {
                @if let Some(text) = query.get(name) { input type="hidden" name=(name) value=(text); }
            }
            button { "Show columns" }
        }
    }
}

fn suggested(visit: &Visit, heads: &HeadsOf<'_>) -> Vec<String> {
    let configs = visit.configs().map(|config| config.name.to_string());
    let folders = heads.iter().flat_map(|(config, heads)| folders(config, heads));
    configs.chain(folders).take(SUGGESTED).collect()
}

/// The sections of a config as sides.
fn folders(config: &ConfigName, heads: &[Head]) -> impl Iterator<Item = String> {
    let sections = heads.iter().map(|head| &head.section);
    let sections = sections.filter(|section| !section.is_root());
    sections.map(move |section| format!("{config}{section}"))
}

/// The filters of the keys, as the query has them.
pub(super) fn filters(query: &FormFields) -> Markup {
    html! {
        form.filter method="get" action="/grid" role="search" data-instant {
            @for side in query.each("side") { input type="hidden" name="side" value=(side); }
            input type="search" name="q" value=[query.get("q")] aria-label="Filter keys" placeholder="Filter keys" autocomplete="off" spellcheck="false";
            label.check { input type="checkbox" name="only" value="differences" checked[query.is_on("only")]; " Differences only" }
            label.check { input type="checkbox" name="ttl" value="on" checked[query.is_on("ttl")]; " With TTL" }
            button.quiet { "Filter" }
        }
    }
}

/// What is said where there is nothing to compare yet.
pub(super) fn explanation(visit: &Visit, sides: &[String], heads: &HeadsOf<'_>) -> Markup {
    let example: Vec<String> = heads
        .iter()
        .next()
        .map(|(config, heads)| folders(config, heads).take(2).collect())
        .unwrap_or_default();
    let known = sides.first().filter(|side| visit.config(side).is_err());
    html! {
        div.empty {
            @if let Some(side) = known.filter(|side| !side.contains(['/', ':', '@'])) {
                p { "Config " (data(side)) " is not served, or you can't access it." }
            }
            p { "The grid shows configs or prefixes side by side: one column each, and a row for each key. Name at least two above, such as shop-staging and shop-production, or shop/eu and shop/us." }
            @if let [one, other] = &example[..] {
                p { "For example: " a href={ "/grid?side=" (one) "&side=" (other) } { (one) " and " (other) } }
            }
        }
    }
}
