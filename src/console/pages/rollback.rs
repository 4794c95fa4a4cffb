use axum::response::Response;
use maud::html;

use super::edit::{Base, commit_over, current};
use super::key::crumbs;
use crate::console::diff::side_by_side;
use crate::console::error::ConsoleError;
use crate::console::fields::FormFields;
use crate::console::layout::{Page, Tab, csrf, message_field};
use crate::console::text::now;
use crate::console::visit::{ConfigVisit, SessionForm};
use crate::model::{Key, LoggedValue, Message, Mutation, Revision};
use crate::ops::{DesiredValue, entry_at};
use crate::store::Txn;

/// What a key would be again.
pub(in crate::console) async fn show(visit: ConfigVisit) -> Result<Response, ConsoleError> {
    visit.check_writes()?;
    let key = visit.key()?;
    let (to, again) = past(&visit, &key, &visit.visit.query).await?;
    let entry = current(&visit, &key).await?;
    let is_same = entry.as_ref().is_some_and(|entry| {
        entry.value == again.value && entry.secret == again.is_secret() && again.lives_as(entry)
    });
    let before = entry
        .as_ref()
        .map(|entry| (LoggedValue::Value(entry.value.clone()), entry.secret));
    let after = LoggedValue::Value(again.value.clone());
    let content = html! {
        (crumbs(&visit, &key))
        h1 { "Roll back " span.key { (key) } " to revision " (to) "?" }
        @if is_same { p.notice role="status" { "Nothing changes: the key already is as it was then." } }
        (side_by_side(
            (&entry.as_ref().map_or("Now: absent".into(), |entry| format!("Now: revision {}", entry.revision)), &format!("Again: revision {to}")),
            before.as_ref().map(|(value, secret)| (value, *secret)),
            Some((&after, again.is_secret())),
        ))
        form.edit method="post" action=(visit.href("rollback", Some(&key))) {
            (csrf(&visit.visit))
            input type="hidden" name="to" value=(to);
            input type="hidden" name="base" value=(Base::of(entry.as_ref()).field());
            (message_field(""))
            div.actions {
                @if !is_same { button.primary { "Roll back" } }
                a.button href=(visit.href("key", Some(&key))) { "Cancel" }
            }
        }
    };
    Ok(Page::of_config(&visit, Tab::Keys, format!("Roll back {key}")).render(&content))
}

pub(in crate::console) async fn submit(
    visit: ConfigVisit,
    SessionForm(fields): SessionForm,
) -> Result<Response, ConsoleError> {
    visit.check_writes()?;
    let key = visit.key()?;
    let (_, again) = past(&visit, &key, &fields).await?;
    let message: Option<Message> = fields.parsed("message")?;
    let guard = Base::read(&fields)?.guard(&key);
    let mutation = Mutation::Set {
        key: key.clone(),
        ttl: again.ttl_choice(),
        secret: again.secret,
        value: again.value,
    };
    let txn = Txn::new(vec![mutation]).guarded([guard]).with_message(message);
    commit_over(&visit, &key, txn).await
}

/// The revision that is wanted, and what the key was then.
async fn past(
    visit: &ConfigVisit,
    key: &Key,
    fields: &FormFields,
) -> Result<(Revision, DesiredValue), ConsoleError> {
    let to: Revision = fields
        .parsed("to")?
        .ok_or_else(|| ConsoleError::invalid("Expected a revision."))?;
    let then = visit.visit.take(entry_at(&*visit.store, key, to).await)?;
    let again = then.and_then(|entry| DesiredValue::again(entry, now()));
    let again = again.ok_or_else(|| {
        ConsoleError::invalid(format!(
            "Key {key} did not exist at revision {to}, or its time to live is over."
        ))
    })?;
    Ok((to, again))
}
