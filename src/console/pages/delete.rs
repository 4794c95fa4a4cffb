use axum::response::Response;
use maud::html;

use super::edit::{commit_over, current};
use super::key::crumbs;
use crate::console::error::ConsoleError;
use crate::console::layout::{Page, Tab, csrf, message_field};
use crate::console::value;
use crate::console::visit::{ConfigVisit, SessionForm};
use crate::model::{Guard, Message, Mutation, Revision};
use crate::store::Txn;

/// What would be deleted.
pub(in crate::console) async fn show(visit: ConfigVisit) -> Result<Response, ConsoleError> {
    visit.check_writes()?;
    let key = visit.key()?;
    let entry = current(&visit, &key)
        .await?
        .ok_or_else(|| ConsoleError::no_key(&key))?;
    let content = html! {
        (crumbs(&visit, &key))
        h1 { "Delete " span.key { (key) } "?" }
        p { "The key is removed at revision " (entry.revision) ". Its history stays, and the value can be brought back from it." }
        div.panel { @if entry.secret { p { (value::secret()) } } @else { (value::whole(&entry.value)) } }
        form.edit method="post" action=(visit.href("delete", Some(&key))) {
            (csrf(&visit.visit))
            input type="hidden" name="base" value=(entry.revision);
            (message_field(""))
            div.actions {
                button.danger { "Delete key" }
                a.button href=(visit.href("key", Some(&key))) { "Cancel" }
            }
        }
    };
    Ok(Page::of_config(&visit, Tab::Keys, format!("Delete {key}")).render(&content))
}

pub(in crate::console) async fn submit(
    visit: ConfigVisit,
    SessionForm(fields): SessionForm,
) -> Result<Response, ConsoleError> {
    visit.check_writes()?;
    let key = visit.key()?;
    let base: Revision = fields.parsed("base")?.unwrap_or(Revision::ZERO);
    let message: Option<Message> = fields.parsed("message")?;
    let txn = Txn::new(vec![Mutation::delete(key.clone())])
        .guarded([Guard::Revision(key.clone(), base)])
        .with_message(message);
    commit_over(&visit, &key, txn).await
}
