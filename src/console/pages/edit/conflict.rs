use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::draft::{Base, KeyDraft, KeyDraftChange};
use super::form::carried;
use crate::console::diff::side_by_side;
use crate::console::error::ConsoleError;
use crate::console::layout::{Page, Tab};
use crate::console::text::{ago, data};
use crate::console::value;
use crate::console::visit::ConfigVisit;
use crate::model::{Entry, Key, LoggedValue};
use crate::ops::entry_at;

/// What somebody else wrote meanwhile, beside what was typed and what both began with.
pub(super) async fn render(
    visit: &ConfigVisit,
    key: &Key,
    draft: &KeyDraft,
    change: &KeyDraftChange,
    now: Option<&Entry>,
) -> Result<Response, ConsoleError> {
    let base = match draft.base {
        Base::Absent => html! { p.absent { "The key did not exist." } },
        Base::Revision(revision) => {
            let then = entry_at(&*visit.store, key, revision).await;
            then.map_or_else(
                |_| html! { p.absent { "The log no longer has this value." } },
                |entry| shown(entry.as_ref()),
            )
        }
    };
    let is_secret = draft.is_secret(now);
    let mine = LoggedValue::Value(change.value.clone());
    let theirs = now.map(|entry| (LoggedValue::Value(entry.value.clone()), entry.secret));
    let action = if draft.is_new {
        visit.href("new", None)
    } else {
        visit.href("edit", Some(key))
    };
    let content = html! {
        h1 { "Conflict" }
        p.notice.warn role="alert" {
            @if now.is_none() && !draft.ttl_was.is_empty() { code { (key) } " was deleted after you began, or its time to live is over. Nothing was saved." }
            @else { "Somebody else changed " code { (key) } " after you began. Nothing was saved." }
        }
        div.columns3 {
            section.column aria-labelledby="mine" {
                h2 #mine { "Mine" }
                p.meta { "What you typed" }
                @if is_secret { p { (value::secret()) } } @else { (value::whole(&change.value)) }
            }
            section.column aria-labelledby="now" {
                h2 #now { "Now" }
                p.meta {
                    @match now {
                        Some(entry) => { "Revision " (entry.revision) ", " (ago(entry.modified)) " by " (data(&entry.by)) }
                        None => "Deleted",
                    }
                }
                (shown(now))
            }
            section.column aria-labelledby="base" {
                h2 #base { "Base" }
                p.meta { @match draft.base { Base::Absent => "Absent", Base::Revision(revision) => { "Revision " (revision) } } }
                (base)
            }
        }
        h2 { "From now to mine" }
        (side_by_side(
            ("Now", "Mine"),
            theirs.as_ref().map(|(value, secret)| (value, *secret)),
            Some((&mine, is_secret)),
        ))
        form method="post" action=(action) data-unsaved {
            (carried(visit, draft))
            div.actions {
                button.primary name="step" value="again" { "Edit again" }
                a.button href=(visit.href("key", Some(key))) data-discard { "Discard mine" }
            }
            p.hint { "Editing again keeps what you typed, and saves it over what is there now." }
        }
    };
    let page = Page::of_config(visit, Tab::Keys, "Conflict").status(StatusCode::CONFLICT);
    Ok(page.render(&content))
}

fn shown(entry: Option<&Entry>) -> Markup {
    match entry {
        None => html! { p.absent { "The key does not exist." } },
        Some(entry) if entry.secret => html! { p { (value::secret()) } },
        Some(entry) => value::whole(&entry.value),
    }
}
