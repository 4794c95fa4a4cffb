use axum::Json;
use axum::body::Body;

use crate::http::error::ApiError;
use crate::http::invalid_request::InvalidRequest;
use crate::http::openapi::{CommitId, Commits};
use crate::http::request::context::RequestContext;
use crate::http::request::header;
use crate::http::request::precondition;
use crate::http::request::view::EntryView;
use crate::model::{self, Guard, Mutation, Section};
use crate::store::{self, Committed, StoreError, Txn};
use crate::wire::{ChangeSpec, CommitAnswer, CommitRequest, SectionHead, ShapeError, ValueNotation};

/// Apply changes to one section in one commit, if all guards hold
#[utoipa::path(
    post,
    path = "/v1/{config}/{section}/commit",
    operation_id = "commit_section",
    params(CommitId),
    request_body(content = CommitRequest, content_type = "application/json", description = "The guards and the changes."),
    responses((status = 200, description = "All changes were applied.", body = CommitAnswer), Commits)
)]
pub(in crate::http) async fn section(
    mut context: RequestContext,
    body: Body,
) -> Result<Json<CommitAnswer>, ApiError> {
    let section = context.section()?;
    commit_within(&mut context, body, Some(&section)).await
}

/// Apply changes across sections in one commit, if all guards hold
#[utoipa::path(
    post,
    path = "/v1/{config}/@config/commit",
    operation_id = "commit",
    params(CommitId),
    request_body(content = CommitRequest, content_type = "application/json", description = "The guards and the changes."),
    responses((status = 200, description = "All changes were applied.", body = CommitAnswer), Commits)
)]
pub(in crate::http) async fn all(
    mut context: RequestContext,
    body: Body,
) -> Result<Json<CommitAnswer>, ApiError> {
    commit_within(&mut context, body, None).await
}

async fn commit_within(
    context: &mut RequestContext,
    body: Body,
    section: Option<&Section>,
) -> Result<Json<CommitAnswer>, ApiError> {
    context.check_writes()?;
    precondition::refuse(&context.headers)?;
    let view = EntryView::of_lines(context)?;
    context.query.end()?;
    header::check_json(&context.headers)?;
    let id = header::commit_id(&context.headers)?;
    let request = context.json(body, context.api.settings().body_bytes).await?;
    let (guards, changes) = read_request(&request, view, section)?;
    let mut txn = build_txn(context, id, changes)
        .guarded(guards)
        .with_message(request.message);
    txn.moved = request.changes.iter().filter_map(ChangeSpec::moved).collect();
    for section in txn.sections() {
        context.check_section(&section)?;
    }
    let made = run_commit(context, txn, view).await?;
    Ok(Json(CommitAnswer {
        action: "commit".into(),
        commit: made.commit.to_string(),
        at: made.at.to_string(),
        sections: made.heads.iter().map(SectionHead::from).collect(),
        changes: made
            .changes
            .iter()
            .map(|applied| view.render_line(&applied.change))
            .collect(),
    }))
}

/// The guards and changes of a request, all in the section that the path names, if it names one.
fn read_request(
    request: &CommitRequest,
    view: EntryView,
    section: Option<&Section>,
) -> Result<(Vec<Guard>, Vec<Mutation>), InvalidRequest> {
    let notation = match view {
        EntryView::Stored => ValueNotation::Stored,
        EntryView::Masked | EntryView::Revealed => ValueNotation::Plain,
    };
    let within = |what: String, of: Section| match section {
        Some(section) if *section != of => Err(InvalidRequest::Body(format!(
            "{what} belongs to section {of}, but the URL is for section {section}"
        ))),
        _ => Ok(()),
    };
    let mut guards = Vec::with_capacity(request.guards.len());
    for (at, spec) in request.guards.iter().enumerate() {
        let guard = spec.guard(notation);
        let guard = guard.map_err(|error| explain_shape("guards", at, &error))?;
        within(format!("guards[{at}]"), guard.section())?;
        if guards.contains(&guard) {
            return Err(InvalidRequest::Body(format!("guards[{at}] is a duplicate")));
        }
        guards.push(guard);
    }
    let mut changes = Vec::with_capacity(request.changes.len());
    for (at, spec) in request.changes.iter().enumerate() {
        let change = spec.mutation(notation);
        let change = change.map_err(|error| explain_shape("changes", at, &error))?;
        within(format!("changes[{at}]"), change.key().section())?;
        changes.push(change);
    }
    Ok((guards, changes))
}

fn explain_shape(list: &str, at: usize, error: &ShapeError) -> InvalidRequest {
    let detail = format!("{list}[{at}]: {error}");
    match error.oversize() {
        Some(size) => InvalidRequest::ValueTooLarge { detail, size },
        None => InvalidRequest::Body(detail),
    }
}

/// A commit for the caller, with the given ID or a new one.
pub(in crate::http) fn build_txn(
    context: &RequestContext,
    id: Option<model::CommitId>,
    changes: Vec<Mutation>,
) -> Txn {
    Txn {
        by: context.caller.by.clone(),
        recorded: id.is_some(),
        id: id.unwrap_or_else(model::CommitId::random),
        ..Txn::new(changes)
    }
}

/// Commits in a separate task, which completes even if the client disconnects.
pub(in crate::http) async fn run_commit(
    context: &RequestContext,
    txn: Txn,
    view: EntryView,
) -> Result<Committed, ApiError> {
    let made = try_commit(context, txn, view).await?;
    made.map_err(|error| ApiError::of_store(error, view == EntryView::Stored))
}

/// The same, with the store's failure as it is.
pub(in crate::http) async fn try_commit(
    context: &RequestContext,
    txn: Txn,
    view: EntryView,
) -> Result<store::Result<Committed>, ApiError> {
    let (api, config, is_sealed) = (&context.api, &context.config, view == EntryView::Stored);
    let deadline = context.deadline.instant();
    match api.commit_until(config, txn, is_sealed, deadline).await {
        Err(StoreError::OutcomeUnknown { commit, source: None }) => Err(ApiError::outcome_unknown(&commit)),
        made => Ok(made),
    }
}
