use axum::response::Response;
use maud::html;

use super::draft::{KeyDraft, KeyDraftChange};
use super::form::carried;
use crate::console::diff::side_by_side;
use crate::console::layout::{Page, Tab};
use crate::console::text::data;
use crate::console::visit::ConfigVisit;
use crate::model::{Entry, Grouped, Key, LoggedValue, TtlChoice};

/// What a change does, before it is made.
pub(super) fn render(
    visit: &ConfigVisit,
    key: &Key,
    draft: &KeyDraft,
    change: &KeyDraftChange,
    entry: Option<&Entry>,
) -> Response {
    let is_secret = draft.is_secret(entry);
    let now = entry.map(|entry| (LoggedValue::Value(entry.value.clone()), entry.secret));
    let mine = (LoggedValue::Value(change.value.clone()), is_secret);
    let old_ttl = entry.and_then(|entry| entry.ttl);
    let new_ttl = match change.ttl {
        TtlChoice::Keep => old_ttl,
        TtlChoice::For(ttl) => Some(ttl),
        _ => None,
    };
    let is_same =
        !is_secret && entry.is_some_and(|entry| entry.value == change.value && change.ttl_is_kept(entry));
    let word = |ttl: Option<crate::model::Ttl>| ttl.map_or("none".into(), |ttl| ttl.to_string());
    let action = if draft.is_new {
        visit.href("new", None)
    } else {
        visit.href("edit", Some(key))
    };
    let back = match entry {
        Some(_) => visit.href("key", Some(key)),
        None => visit.href("", None),
    };
    let content = html! {
        h1 { "Review change" }
        p.sub { code.key { (key) } " in " (visit.config.name) }
        @if is_same { p.notice role="status" { "Nothing changes." } }
        @if is_secret {
            p { "A new secret value of " (Grouped(change.value.len())) " B. It is encrypted, and not shown here." }
        }
        (side_by_side(
            (&entry.map_or("Now: absent".into(), |entry| format!("Now: revision {}", entry.revision)), "Yours"),
            now.as_ref().map(|(value, secret)| (value, *secret)),
            Some((&mine.0, mine.1)),
        ))
        dl.facts {
            div { dt { "Kind" } dd { @if let Some(entry) = entry.filter(|entry| !entry.secret && entry.value.kind() != change.value.kind()) { (entry.value.kind()) " → " } (change.value.kind()) } }
            div { dt { "Time to live" } dd { @if old_ttl != new_ttl { (word(old_ttl)) " → " } (word(new_ttl)) } }
            @if let Some(message) = &change.message { div { dt { "Message" } dd { (data(message.as_str())) } } }
        }
        form method="post" action=(action) data-unsaved[!is_same] {
            (carried(visit, draft))
            div.actions {
                @if !is_same { button.primary name="step" value="save" { "Save" } }
                button name="step" value="edit" { "Back to editing" }
                a.button href=(back) data-discard { "Discard" }
            }
        }
    };
    Page::of_config(visit, Tab::Keys, "Review change").render(&content)
}

impl KeyDraftChange {
    /// Whether the entry's time to live stays as it is.
    fn ttl_is_kept(&self, entry: &Entry) -> bool {
        match self.ttl {
            TtlChoice::Keep => true,
            TtlChoice::Never => entry.ttl.is_none(),
            // Its time begins again.
            _ => false,
        }
    }
}
