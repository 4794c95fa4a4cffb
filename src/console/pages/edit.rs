mod conflict;
mod draft;
mod form;
mod review;

use axum::response::Response;
use futures::TryStreamExt as _;

pub(super) use self::draft::Base;
use self::draft::{DraftSecrecy, KeyDraft};
use super::sign_in::redirect;
use crate::console::error::ConsoleError;
use crate::console::visit::{ConfigForm, ConfigVisit};
use crate::model::{Entry, Key, Mutation, Op, Secrecy};
use crate::store::{Committed, Consistency, StoreError, Txn};

/// The form for a key, with its value.
pub(in crate::console) async fn show(visit: ConfigVisit) -> Result<Response, ConsoleError> {
    visit.check_writes()?;
    let key = visit.key()?;
    let entry = current(&visit, &key).await?;
    if let Some(reason) = entry.as_ref().and_then(draft::refuse) {
        return Err(ConsoleError::invalid(format!(
            "{reason} Edit it with: discfg edit {} {key}",
            visit.config.name
        )));
    }
    let mut draft = KeyDraft::of(key.clone(), entry.as_ref());
    if entry.is_none() && held_secret(&visit, &key).await? {
        draft.secrecy = DraftSecrecy::Kept;
    }
    let version = visit.version().await?;
    Ok(form::render(&visit, &draft, entry.as_ref(), Some(version), None))
}

/// The form for a new key.
pub(in crate::console) async fn show_new(visit: ConfigVisit) -> Result<Response, ConsoleError> {
    visit.check_writes()?;
    Ok(form::render_new(&visit, &KeyDraft::new(), None))
}

/// What follows the form of a key: the review, the commit, or the form again.
pub(in crate::console) async fn submit(
    ConfigForm { visit, fields }: ConfigForm,
) -> Result<Response, ConsoleError> {
    visit.check_writes()?;
    let key = visit.key()?;
    let draft = KeyDraft::read(Some(key.clone()), &fields)?;
    take_step(&visit, &key, draft, fields.get("step").unwrap_or_default()).await
}

/// The same for a new key, whose name is in the form.
pub(in crate::console) async fn submit_new(
    ConfigForm { visit, fields }: ConfigForm,
) -> Result<Response, ConsoleError> {
    visit.check_writes()?;
    let draft = KeyDraft::read(None, &fields)?;
    let key = match visit.checked_key(&draft.name) {
        Ok(key) => key,
        Err(error) => return Ok(form::render_new(&visit, &draft, Some(error.detail()))),
    };
    let is_there = current(&visit, &key).await?.is_some();
    let mut draft = draft;
    if !is_there && held_secret(&visit, &key).await? {
        draft.secrecy = DraftSecrecy::Kept;
    }
    let step = fields.get("step").unwrap_or_default();
    if is_there && step == "review" && draft.base == Base::Absent {
        let problem = format!("Key {key} already exists. Edit it instead, or choose another name.");
        return Ok(form::render_new(&visit, &draft, Some(&problem)));
    }
    take_step(&visit, &key, draft, step).await
}

/// Whether the last value that a key had was a secret. One that is created again stays one.
async fn held_secret(visit: &ConfigVisit, key: &Key) -> Result<bool, ConsoleError> {
    let last = visit
        .visit
        .take(visit.store.history(key, None).try_next().await)?;
    Ok(last.is_some_and(|last| match last.op {
        Op::Set { secret, .. } => secret,
        Op::Delete => last.previous.is_some_and(|previous| previous.secret),
    }))
}

async fn take_step(
    visit: &ConfigVisit,
    key: &Key,
    draft: KeyDraft,
    step: &str,
) -> Result<Response, ConsoleError> {
    let entry = current(visit, key).await?;
    match step {
        "edit" => Ok(render_form(visit, &draft, entry.as_ref(), None)),
        "again" => {
            let draft = draft.on(entry.as_ref());
            Ok(render_form(visit, &draft, entry.as_ref(), None))
        }
        "review" | "save" => {
            let change = match draft.change(key, entry.as_ref()) {
                Ok(change) => change,
                Err(problem) => return Ok(render_form(visit, &draft, entry.as_ref(), Some(&problem))),
            };
            if draft.base != Base::of(entry.as_ref()) {
                return conflict::render(visit, key, &draft, &change, entry.as_ref()).await;
            }
            if step == "review" {
                return Ok(review::render(visit, key, &draft, &change, entry.as_ref()));
            }
            save(visit, key, draft, change).await
        }
        _ => Err(ConsoleError::invalid("The form is incomplete.")),
    }
}

async fn save(
    visit: &ConfigVisit,
    key: &Key,
    draft: KeyDraft,
    change: draft::KeyDraftChange,
) -> Result<Response, ConsoleError> {
    let guard = draft.base.guard(key);
    let mutation = Mutation::Set {
        key: key.clone(),
        value: change.value.clone(),
        secret: if change.becomes_secret {
            Secrecy::Secret
        } else {
            Secrecy::Keep
        },
        ttl: change.ttl,
    };
    let txn = Txn::new(vec![mutation])
        .guarded([guard])
        .with_message(change.message.clone());
    match visit.commit(txn).await {
        Ok(committed) => Ok(saved(visit, key, &committed)),
        Err(StoreError::Conflict(_)) => {
            let entry = current(visit, key).await?;
            conflict::render(visit, key, &draft, &change, entry.as_ref()).await
        }
        Err(error) => {
            // What was typed is more than the page of an error keeps.
            let failed = ConsoleError::of_ops(error, visit.visit.console.is_personal);
            let entry = current(visit, key).await.ok().flatten();
            let problem = format!("{}: {}", failed.title(), failed.detail());
            Ok(render_form(visit, &draft, entry.as_ref(), Some(&problem)))
        }
    }
}

/// Commits a change of a key that was shown before, and leads to its page. Where the key has changed since, that is said.
pub(super) async fn commit_over(visit: &ConfigVisit, key: &Key, txn: Txn) -> Result<Response, ConsoleError> {
    match visit.commit(txn).await {
        Ok(committed) => Ok(saved(visit, key, &committed)),
        Err(StoreError::Conflict(_)) => Err(ConsoleError::overtaken(key)),
        Err(error) => visit.visit.take(Err(error)),
    }
}

/// Leads to the page of a key that was written.
fn saved(visit: &ConfigVisit, key: &Key, committed: &Committed) -> Response {
    let page = visit.href("key", Some(key));
    let head = committed.heads.first();
    let revision = head
        .map(|head| format!("?saved={}", head.revision))
        .unwrap_or_default();
    redirect(&format!("{page}{revision}"), None)
}

pub(super) async fn current(visit: &ConfigVisit, key: &Key) -> Result<Option<Entry>, ConsoleError> {
    visit.visit.take(visit.store.get(key, Consistency::Strong).await)
}

fn render_form(
    visit: &ConfigVisit,
    draft: &KeyDraft,
    entry: Option<&Entry>,
    problem: Option<&str>,
) -> Response {
    if draft.is_new {
        form::render_new(visit, draft, problem)
    } else {
        form::render(visit, draft, entry, None, problem)
    }
}
