use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::super::key::crumbs;
use super::draft::{DraftSecrecy, KeyDraft};
use crate::console::layout::{Page, Tab, csrf, message_field};
use crate::console::visit::ConfigVisit;
use crate::model::{Entry, Key};

/// The form for a key that is there or was.
pub(super) fn render(
    visit: &ConfigVisit,
    draft: &KeyDraft,
    entry: Option<&Entry>,
    version: Option<String>,
    problem: Option<&str>,
) -> Response {
    let key: Option<Key> = draft.name.parse().ok();
    let content = html! {
        @if let Some(key) = &key { (crumbs(visit, key)) }
        h1 { "Edit " span.key { (draft.name) } }
        (problem_notice(problem))
        section #edit data-part data-frozen data-watched=(draft.name) data-revision=(draft.base.field()) {
            p.notice.warn role="alert" data-stale hidden { "Somebody else changed this key. You will see both when you review your change." }
            form.edit method="post" action=(visit.href("edit", key.as_ref())) {
                (fields(visit, draft, entry, problem))
                div.actions {
                    button.primary name="step" value="review" { "Review change" }
                    a.button href=(visit.href("key", key.as_ref())) { "Cancel" }
                }
            }
        }
    };
    let page = Page::of_config(visit, Tab::Keys, format!("Edit {}", draft.name)).status(form_status(problem));
    match version {
        Some(version) => page.live([&visit.config.name], version).render(&content),
        None => page.render(&content),
    }
}

/// The form for a new key.
pub(super) fn render_new(visit: &ConfigVisit, draft: &KeyDraft, problem: Option<&str>) -> Response {
    let content = html! {
        h1 { "New key" }
        (problem_notice(problem))
        form.edit method="post" action=(visit.href("new", None)) {
            label for="key" { "Key" }
            input #key name="key" value=(draft.name) required autocomplete="off" spellcheck="false" placeholder="/db/url";
            (fields(visit, draft, None, problem))
            div.actions {
                button.primary name="step" value="review" { "Review change" }
                a.button href=(visit.href("", None)) { "Cancel" }
            }
        }
    };
    Page::of_config(visit, Tab::Keys, "New key")
        .status(form_status(problem))
        .render(&content)
}

fn problem_notice(problem: Option<&str>) -> Markup {
    html! { @if let Some(problem) = problem { p #problem .notice.bad role="alert" { (crate::console::text::data(problem)) } } }
}

fn fields(visit: &ConfigVisit, draft: &KeyDraft, entry: Option<&Entry>, problem: Option<&str>) -> Markup {
    let is_secret = entry.is_some_and(|entry| entry.secret);
    html! {
        (csrf(&visit.visit))
        (kept(draft))
        input type="hidden" name="base" value=(draft.base.field());
        @if draft.has_crlf { input type="hidden" name="crlf" value="on"; }
        label for="value" { "Value" }
        @if is_secret || draft.secrecy == DraftSecrecy::Kept { p.hint { "This key holds a secret, which is not shown. What you type is encrypted." } }
        // The first line end in a text area is dropped.
        textarea #value name="value" aria-invalid=[problem.map(|_| "true")] aria-describedby=[problem.map(|_| "problem")] data-editor rows="8" spellcheck="false" autocomplete="off" { "\n" (draft.text) }
        div.row {
            div {
                label for="kind" { "Kind" }
                select #kind name="kind" {
                    (option("detect", "Detect: JSON object or array, else text", &draft.kind))
                    (option("json", "JSON", &draft.kind))
                    (option("text", "Text", &draft.kind))
                }
            }
            div {
                label for="ttl" { "Time to live" }
                select #ttl name="ttl" {
                    @if !draft.ttl_was.is_empty() { (option("keep", &format!("Keep {}", draft.ttl_was), &draft.ttl)) }
                    (option("never", "None", &draft.ttl))
                    (option("for", "For …", &draft.ttl))
                }
            }
            div {
                label for="ttl-for" { "Duration" }
                input #ttl-for name="ttl_for" value=(draft.ttl_for) placeholder="30m" autocomplete="off";
            }
        }
        @if !is_secret && draft.secrecy != DraftSecrecy::Kept {
            label.check { input type="checkbox" name="secret" value="on" checked[draft.secrecy == DraftSecrecy::Chosen]; " Encrypt as a secret" }
        }
        (message_field(&draft.message))
    }
}

/// What the key was when the form was first shown, as hidden fields.
fn kept(draft: &KeyDraft) -> Markup {
    html! {
        @if draft.secrecy == DraftSecrecy::Kept { input type="hidden" name="was_secret" value="on"; }
        @if !draft.ttl_was.is_empty() { input type="hidden" name="ttl_was" value=(draft.ttl_was); }
    }
}

fn option(value: &str, text: &str, chosen: &str) -> Markup {
    html! { option value=(value) selected[value == chosen] { (text) } }
}

/// The draft as hidden fields, for the page after the form.
pub(super) fn carried(visit: &ConfigVisit, draft: &KeyDraft) -> Markup {
    let hidden = |name: &str, value: &str| html! { input type="hidden" name=(name) value=(value); };
    html! {
        (csrf(&visit.visit))
        (kept(draft))
        @if draft.is_new { (hidden("key", &draft.name)) }
        // A hidden input keeps no line ends apart; a text area does.
        textarea name="value" hidden { "\n" (draft.text) }
        (hidden("base", &draft.base.field()))
        @if draft.has_crlf { (hidden("crlf", "on")) }
        (hidden("kind", &draft.kind))
        (hidden("ttl", &draft.ttl))
        (hidden("ttl_for", &draft.ttl_for))
        @if draft.secrecy == DraftSecrecy::Chosen { (hidden("secret", "on")) }
        (hidden("message", &draft.message))
    }
}

/// The status of a form that is shown again: with a problem the input was invalid.
fn form_status(problem: Option<&str>) -> StatusCode {
    match problem {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    }
}
