use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use tokio::time::timeout_at;

use crate::http::error::Failure;
use crate::http::openapi::{CommitId, Commits};
use crate::http::refusal::Refusal;
use crate::http::request::context::Asked;
use crate::http::request::header;
use crate::http::request::view::View;
use crate::model::{self, Guard, Mutation, Section};
use crate::store::{Committed, StoreExt as _, Txn};
use crate::wire::{CommitAnswer, CommitRequest, SectionHead, ShapeError, Written};

/// Make all changes of one section or none, if all guards hold
#[utoipa::path(
    post,
    path = "/v1/{config}/{section}/commit",
    operation_id = "commit_section",
    params(CommitId),
    request_body(content = CommitRequest, content_type = "application/json", description = "What must hold, and what is to change."),
    responses((status = 200, description = "All of it was made.", body = CommitAnswer), Commits)
)]
pub(in crate::http) async fn section(mut asked: Asked, body: Body) -> Result<Json<CommitAnswer>, Failure> {
    let section = asked.section()?;
    commit_within(&mut asked, body, Some(&section)).await
}

/// Make all changes or none, if all guards hold, across sections
#[utoipa::path(
    post,
    path = "/v1/{config}/@config/commit",
    operation_id = "commit",
    params(CommitId),
    request_body(content = CommitRequest, content_type = "application/json", description = "What must hold, and what is to change."),
    responses((status = 200, description = "All of it was made.", body = CommitAnswer), Commits)
)]
pub(in crate::http) async fn all(mut asked: Asked, body: Body) -> Result<Json<CommitAnswer>, Failure> {
    commit_within(&mut asked, body, None).await
}

async fn commit_within(
    asked: &mut Asked,
    body: Body,
    section: Option<&Section>,
) -> Result<Json<CommitAnswer>, Failure> {
    asked.writes()?;
    let view = View::of_lines(asked)?;
    asked.query.end()?;
    header::check_json(&asked.headers)?;
    let id = header::commit_id(&asked.headers)?;
    let request = asked.json(body, asked.api.settings().body_bytes).await?;
    let (guards, changes) = read(&request, view, section)?;
    let txn = txn(asked, id, changes).guarded(guards);
    for section in txn.sections() {
        asked.covers(&section)?;
    }
    let made = made(asked, txn, view).await?;
    Ok(Json(CommitAnswer {
        action: "commit".into(),
        commit: made.commit.to_string(),
        at: made.at.to_string(),
        sections: made.heads.iter().map(SectionHead::from).collect(),
        changes: made
            .changes
            .iter()
            .map(|applied| view.line(&applied.change))
            .collect(),
    }))
}

/// What a request asks for, all of it of the section that the path names, if it names one.
fn read(
    request: &CommitRequest,
    view: View,
    section: Option<&Section>,
) -> Result<(Vec<Guard>, Vec<Mutation>), Refusal> {
    let written = match view {
        View::Stored => Written::AsStored,
        View::Masked | View::Revealed => Written::Plainly,
    };
    let within = |what: String, of: Section| match section {
        Some(section) if *section != of => Err(Refusal::Body(format!(
            "{what} is of the section {of}; the path names {section}"
        ))),
        _ => Ok(()),
    };
    let mut guards = Vec::with_capacity(request.guards.len());
    for (at, spec) in request.guards.iter().enumerate() {
        let guard = spec.guard(written);
        let guard = guard.map_err(|error| misshapen("guards", at, &error))?;
        within(format!("guards[{at}]"), guard.section())?;
        if guards.contains(&guard) {
            return Err(Refusal::Body(format!("guards[{at}] is there twice")));
        }
        guards.push(guard);
    }
    let mut changes = Vec::with_capacity(request.changes.len());
    for (at, spec) in request.changes.iter().enumerate() {
        let change = spec.mutation(written);
        let change = change.map_err(|error| misshapen("changes", at, &error))?;
        within(format!("changes[{at}]"), change.key().section())?;
        changes.push(change);
    }
    Ok((guards, changes))
}

fn misshapen(list: &str, at: usize, error: &ShapeError) -> Refusal {
    let told = format!("{list}[{at}]: {error}");
    match error.oversize() {
        Some(size) => Refusal::ValueTooLarge { told, size },
        None => Refusal::Body(told),
    }
}

/// A commit on behalf of the caller, under an id of its own choosing or a new one.
pub(in crate::http) fn txn(asked: &Asked, id: Option<model::CommitId>, changes: Vec<Mutation>) -> Txn {
    Txn {
        by: asked.caller.by.clone(),
        recorded: id.is_some(),
        id: id.unwrap_or_else(model::CommitId::random),
        guards: Vec::new(),
        changes,
    }
}

/// Commits in a task of its own, which goes on to its end whether or not the client waits for it.
pub(in crate::http) async fn made(asked: &Asked, txn: Txn, view: View) -> Result<Committed, Failure> {
    let (id, store) = (txn.id.clone(), Arc::clone(&asked.store));
    let stored = view == View::Stored;
    let (api, config) = (asked.api.clone(), asked.config.clone());
    let task = tokio::spawn(async move {
        let made = if stored {
            store.commit(txn).await
        } else {
            store.write(txn).await
        };
        if let Ok(committed) = &made {
            api.committed(&config, committed);
        }
        made
    });
    match timeout_at(asked.deadline.instant(), task).await {
        Ok(Ok(outcome)) => outcome.map_err(|error| Failure::of_store(error, stored)),
        Ok(Err(error)) => {
            tracing::error!(commit = %id, %error, "a commit ended without an answer");
            Err(Failure::outcome_unknown(&id))
        }
        Err(_) => Err(Failure::outcome_unknown(&id)),
    }
}
