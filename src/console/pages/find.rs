use axum::response::Response;
use futures::TryStreamExt as _;
use maud::html;

use super::keys::{ROWS, bad_notices, heading, row, tools};
use crate::console::error::ConsoleError;
use crate::console::fields::FormFields;
use crate::console::layout::{Page, Tab};
use crate::console::text::data;
use crate::console::visit::{ConfigVisit, SessionForm};
use crate::model::Prefix;
use crate::ops::{Matcher, SearchItem, SearchedValues, search};

/// Finds a text, whatever its case.
struct Text(String);

impl Matcher for Text {
    fn matches_key(&self, key: &str) -> bool {
        self.matches_value(key)
    }

    fn matches_value(&self, value: &str) -> bool {
        value.to_lowercase().contains(&self.0)
    }
}

/// The keys that contain a text in their name or their value. The text comes in a form, since values are in no address.
pub(in crate::console) async fn show(
    visit: ConfigVisit,
    SessionForm(fields): SessionForm,
) -> Result<Response, ConsoleError> {
    let prefix = fields.parsed("in")?.unwrap_or_else(Prefix::all);
    let text = fields.get("q").unwrap_or_default().trim();
    let matcher = Text(text.to_lowercase());
    let caller = visit.visit.caller();
    let (mut found, mut bad, mut unsearched, mut has_more) = (Vec::new(), Vec::new(), 0_usize, false);
    let mut searched = search(&*visit.store, &prefix, SearchedValues::Plain, &matcher);
    while !text.is_empty() {
        let Some(item) = visit.visit.take(searched.try_next().await)? else {
            break;
        };
        match item {
            SearchItem::Found(found) if !caller.covers_key(&found.entry.key) => {}
            SearchItem::Found(_) if found.len() == ROWS => {
                has_more = true;
                break;
            }
            SearchItem::Found(one) => found.push(one.entry),
            SearchItem::Unsearched => unsearched += 1,
            SearchItem::Denied(_, error) => visit.visit.take(Err(error))?,
            SearchItem::Bad(found) => bad.extend(caller.covers(&found.section).then_some(found)),
        }
    }
    // What was searched for is shown in its own field alone: the others lead to addresses.
    let shown = FormFields::of(&[("in", fields.get("in").unwrap_or_default())]);
    let content = html! {
        (heading(&visit))
        (tools(&visit, &shown, true, text))
        section #list {
            p.count role="status" {
                @if text.is_empty() { "Type what to search for." } @else {
                    (found.len()) @if has_more { " or more" } " found for " strong { (data(text)) }
                    @if unsearched > 0 || caller.sections.is_some() { ", without the values of secrets" }
                }
            }
            (bad_notices(&bad))
            @if !found.is_empty() {
                div.scroll {
                    table.list data-rows {
                        thead { tr { th scope="col" { "Key" } th scope="col" { "Value" } th scope="col" { "Changed" } } }
                        tbody { @for entry in &found { (row(&visit, entry, entry.key.as_str(), false)) } }
                    }
                }
            }
            @if has_more { p.hint { "Only the first " (ROWS) " are shown: search for a longer text." } }
        }
    };
    Ok(Page::of_config(&visit, Tab::Keys, "Search").render(&content))
}
