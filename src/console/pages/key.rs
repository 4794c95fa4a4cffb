use axum::response::Response;
use futures::TryStreamExt as _;
use maud::{Markup, html};

use crate::console::diff::{DiffBudget, DiffSide, side_by_side};
use crate::console::error::ConsoleError;
use crate::console::layout::{Page, Tab, csrf};
use crate::console::text::{ago, countdown, data};
use crate::console::value;
use crate::console::visit::{ConfigVisit, SessionForm};
use crate::model::{Change, Entry, Grouped, Key, Op, Revision};
use crate::store::{Consistency, StoreExt as _};

/// How many changes of a key are shown.
const CHANGES: usize = 50;

/// A key with its value and its history.
pub(in crate::console) async fn show(visit: ConfigVisit) -> Result<Response, ConsoleError> {
    let key = visit.key()?;
    let version = visit.version().await?;
    let entry = read(&visit, &key).await?;
    let shown = entry
        .as_ref()
        .filter(|entry| !entry.secret)
        .map(|entry| value::whole(&entry.value));
    let content = content(&visit, &key, entry.as_ref(), shown).await?;
    let page = Page::of_config(&visit, Tab::Keys, key.to_string()).live([&visit.config.name], version);
    Ok(page.render(&content))
}

/// The same with the value of a secret.
pub(in crate::console) async fn reveal(visit: ConfigVisit, _: SessionForm) -> Result<Response, ConsoleError> {
    let key = visit.key()?;
    if !visit.visit.caller().decrypts {
        return Err(ConsoleError::denied("You can't decrypt secrets."));
    }
    let entry = read(&visit, &key)
        .await?
        .ok_or_else(|| ConsoleError::no_key(&key))?;
    let revealed = visit.visit.take(visit.store.reveal(vec![entry.clone()]).await)?;
    let by = visit.visit.caller().by.as_deref();
    tracing::info!(target: "discfg::audit", config = %visit.config.name, %key, by, "revealed a secret");
    let shown = revealed.first().map(|entry| value::whole(&entry.value));
    // What is revealed isn't replaced by a change: the page shows one moment.
    let content = content(&visit, &key, Some(&entry), shown).await?;
    Ok(Page::of_config(&visit, Tab::Keys, key.to_string()).render(&content))
}

async fn read(visit: &ConfigVisit, key: &Key) -> Result<Option<Entry>, ConsoleError> {
    visit.visit.take(visit.store.get(key, Consistency::Strong).await)
}

async fn content(
    visit: &ConfigVisit,
    key: &Key,
    entry: Option<&Entry>,
    shown: Option<Markup>,
) -> Result<Markup, ConsoleError> {
    let mut changes = Vec::new();
    let mut lines = visit.store.history(key, None);
    while changes.len() < CHANGES
        && let Some(line) = visit.visit.take(lines.try_next().await)?
    {
        changes.push(line);
    }
    if entry.is_none() && changes.is_empty() {
        return Err(ConsoleError::no_key(key));
    }
    let saved = visit.visit.query.parsed::<Revision>("saved").ok().flatten();
    let open = visit.visit.query.parsed::<Revision>("show").ok().flatten();
    let mut budget = DiffBudget::new();
    Ok(html! {
        (crumbs(visit, key))
        div.title #title data-part {
            h1.key { (key) }
            @if visit.can_write() {
                @if entry.is_none() {
                    a.button href=(visit.href("edit", Some(key))) data-edit { "Create again" }
                } @else {
                    a.button.primary href=(visit.href("edit", Some(key))) data-edit { "Edit" }
                    a.button.danger href=(visit.href("delete", Some(key))) { "Delete" }
                }
            }
        }
        @if let Some(revision) = saved { p.notice role="status" { @if entry.is_some() { "Saved as revision " } @else { "Deleted at revision " } (revision) "." } }
        section #value data-part aria-label="Value" {
            @match entry {
                None => p.notice.warn { "This key does not exist any more. Its history is below." },
                Some(entry) => { (value_panel(visit, entry, shown)) (facts(entry)) },
            }
        }
        section #history data-part aria-labelledby="history-title" {
            h2 #history-title { "History" }
            @if changes.is_empty() { p.empty { "The log no longer has the changes of this key." } }
            ol.timeline data-rows { @for (at, change) in changes.iter().enumerate() { (change_item(visit, entry, change, at == 0 || Some(change.revision) == open, &mut budget)) } }
            @if changes.len() == CHANGES {
                p.hint { "The last " (CHANGES) " changes. All of them: " code { "discfg history " (visit.config.name) " " (key) } }
            }
        }
    })
}

/// The way to a key: the prefixes that it is below.
pub(super) fn crumbs(visit: &ConfigVisit, key: &Key) -> Markup {
    let (path, name) = (visit.href("", None), key.as_str());
    html! {
        nav.crumbs aria-label="Path" {
            a href=(path) { "/" }
            @for (end, _) in name.match_indices('/').skip(1) {
                @let begin = name[..end].rfind('/').map_or(0, |slash| slash + 1);
                a href={ (path) "?in=" (&name[..=end]) } { (&name[begin..=end]) }
            }
        }
    }
}

fn value_panel(visit: &ConfigVisit, entry: &Entry, shown: Option<Markup>) -> Markup {
    if !entry.secret {
        return html! { div.panel { (shown.unwrap_or_default()) } };
    }
    html! {
        div.panel.secret-panel {
            div #secret-value data-revealed[shown.is_some()] {
                @match shown {
                    Some(shown) => (shown),
                    None => p { (value::secret()) " The value is encrypted." },
                }
            }
            @if visit.visit.caller().decrypts {
                form method="post" action=(visit.href("reveal", Some(&entry.key))) data-reveal {
                    (csrf(&visit.visit))
                    button { "Reveal" }
                }
            }
        }
    }
}

fn facts(entry: &Entry) -> Markup {
    html! {
        dl.facts {
            div { dt { "Kind" } dd { @if entry.secret { "secret" } @else { (entry.value.kind()) } } }
            @if !entry.secret { div { dt { "Size" } dd { (Grouped(entry.value.len())) " B" } } }
            div { dt { "Version" } dd { (entry.version) } }
            div { dt { "Revision" } dd { (entry.revision) } }
            div { dt { "Section" } dd { (entry.key.section()) } }
            div { dt { "Changed" } dd { (ago(entry.modified)) } }
            div { dt { "By" } dd { (data(&entry.by)) } }
            div { dt { "Created" } dd { (ago(entry.created)) } }
            @if let Some(ttl) = entry.ttl { div { dt { "Time to live" } dd { (ttl) } } }
            @if let Some(end) = entry.expires { div { dt { "Expires" } dd { (countdown(end)) } } }
        }
    }
}

fn change_item(
    visit: &ConfigVisit,
    entry: Option<&Entry>,
    change: &Change,
    is_open: bool,
    budget: &mut DiffBudget,
) -> Markup {
    let is_current = entry.is_some_and(|entry| entry.revision == change.revision);
    let can_return =
        visit.can_write() && !is_current && !change.is_purged() && matches!(change.op, Op::Set { .. });
    let back = || {
        format!(
            "{}?to={}",
            visit.href("rollback", Some(&change.key)),
            change.revision
        )
    };
    let show = || {
        let (page, revision) = (visit.href("key", Some(&change.key)), change.revision);
        format!("{page}?show={revision}#revision-{revision}")
    };
    html! {
        li id={ "revision-" (change.revision) } {
            article {
                header {
                    h3 { "Revision " (change.revision) @if is_current { " " span.badge { "current" } } }
                    p.meta { (verb(change)) " " (ago(change.at)) " by " (data(&change.by)) }
                    @if can_return { a.button.small href=(back()) { "Roll back to " (change.revision) } }
                }
                @if let Some(message) = &change.message { blockquote.message { (data(message)) } }
                @if let Some(from) = &change.from { p.meta { "Moved from " (from) } }
                // One that is asked for is shown in any case: it is bounded by itself.
                @if budget.takes(change.bytes()) || is_open {
                    details open[is_open] {
                        summary { (summary(change)) }
                        (difference(change))
                    }
                } @else {
                    p { (summary(change)) " " a href=(show()) { "Show difference" } }
                }
            }
        }
    }
}

/// What a change did.
pub(super) fn verb(change: &Change) -> &'static str {
    match (&change.op, &change.previous) {
        (Op::Delete, _) => "deleted",
        (Op::Set { .. }, None) => "created",
        (Op::Set { .. }, Some(_)) => "set",
    }
}

fn old_and_new(change: &Change) -> (DiffSide<'_>, DiffSide<'_>) {
    let old = change
        .previous
        .as_ref()
        .map(|previous| (&previous.value, previous.secret));
    let new = match &change.op {
        Op::Set { value, secret, .. } => Some((value, *secret)),
        Op::Delete => None,
    };
    (old, new)
}

/// What a change did to the value, in one line.
pub(super) fn summary(change: &Change) -> Markup {
    let (old, new) = old_and_new(change);
    html! { (value::logged(old)) span.arrow { " → " } (value::logged(new)) }
}

/// What a change did to the value, side by side.
pub(super) fn difference(change: &Change) -> Markup {
    let (old, new) = old_and_new(change);
    let before = change.previous.as_ref().map_or("Before".into(), |previous| {
        format!("Revision {}", previous.revision)
    });
    side_by_side((&before, &format!("Revision {}", change.revision)), old, new)
}
