use axum::Json;

use crate::http::error::ApiError;
use crate::http::live::{FollowedHeads, HeadMap, WaitOutcome};
use crate::http::openapi::{After, AfterVersion, Reads, Wait};
use crate::http::request::context::RequestContext;
use crate::model::{BadSection, Head, Revision, Section};
use crate::ops::readable_heads;
use crate::store::{Heads, StoreError};
use crate::wire::{self, SectionHead};

/// Read the revisions of all sections
///
/// With `wait`, the request waits until the version, the sum of the revisions, exceeds `after`, or the time is over.
#[utoipa::path(
    get,
    path = "/v1/{config}/@config/heads",
    operation_id = "heads",
    params(AfterVersion, Wait),
    responses((status = 200, description = "The heads, by section.", body = wire::HeadsAnswer), Reads)
)]
pub(in crate::http) async fn all(mut context: RequestContext) -> Result<Json<wire::HeadsAnswer>, ApiError> {
    let caller = context.caller.clone();
    let is_own = |head: &&Head| caller.covers(&head.section);
    let is_above = |heads: &HeadMap, after: Revision| {
        let own = heads.values().filter(is_own);
        own.map(|head| head.revision.get()).sum::<u64>() > after.get()
    };
    if let Some((heads, mut bad)) = wait_for_heads(&mut context, None, is_above).await? {
        bad.retain(|bad| caller.covers(&bad.section));
        return Ok(Json(render_heads(heads.values().filter(is_own), bad)));
    }
    let (heads, bad) = context
        .deadline
        .in_time(async { Ok(read_covered(&context).await?) })
        .await?;
    Ok(Json(render_heads(&heads, bad)))
}

/// Read the revision of a section
///
/// With `wait`, the request waits until the revision exceeds `after`, or the time is over.
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/heads",
    operation_id = "head",
    params(After, Wait),
    responses((status = 200, description = "The head, or none if nothing was ever written.", body = wire::HeadsAnswer), Reads)
)]
pub(in crate::http) async fn section(
    mut context: RequestContext,
) -> Result<Json<wire::HeadsAnswer>, ApiError> {
    let section = context.section()?;
    let is_above = |heads: &HeadMap, after: Revision| heads.values().any(|head| head.revision > after);
    if let Some((heads, bad)) = wait_for_heads(&mut context, Some(&section), is_above).await? {
        return Ok(Json(render_heads(heads.values(), bad)));
    }
    let of = Heads::Of(vec![section]);
    let reading = async { Ok(readable_heads(&*context.store, &of).await?) };
    let (heads, bad) = context.deadline.in_time(reading).await?;
    Ok(Json(render_heads(&heads, bad)))
}

/// Waits if the request has `wait`, and returns the heads after that, or none if they have to be read.
async fn wait_for_heads(
    context: &mut RequestContext,
    section: Option<&Section>,
    is_above: impl Fn(&HeadMap, Revision) -> bool + Send + Sync,
) -> Result<Option<FollowedHeads>, ApiError> {
    let after: Option<Revision> = context.query.take("after")?;
    let wait = context.wait()?;
    context.query.end()?;
    let Some(wait) = wait else { return Ok(None) };
    let after = after.unwrap_or(Revision::ZERO);
    let place = (&context.config, &context.store);
    let is_wanted = |heads: &HeadMap| is_above(heads, after);
    let waited = context
        .api
        .live()
        .wait_for_heads(place, section, wait, is_wanted)
        .await?;
    context.renew_deadline();
    Ok(match waited {
        WaitOutcome::Come(stood) | WaitOutcome::Over(stood) => Some(stood),
        WaitOutcome::Unknown => None,
    })
}

/// The heads of the sections that the caller can access.
pub(in crate::http) async fn read_covered(
    context: &RequestContext,
) -> Result<(Vec<Head>, Vec<BadSection>), StoreError> {
    let of = match &context.caller.sections {
        Some(sections) => Heads::Of(sections.iter().cloned().collect::<Vec<Section>>()),
        None => Heads::All,
    };
    readable_heads(&*context.store, &of).await
}

fn render_heads<'h>(heads: impl IntoIterator<Item = &'h Head>, bad: Vec<BadSection>) -> wire::HeadsAnswer {
    let mut answer = wire::HeadsAnswer {
        action: "heads".into(),
        version: 0,
        sections: Vec::new(),
        bad,
    };
    for head in heads {
        answer.version += head.revision.get();
        answer.sections.push(SectionHead::from(head));
    }
    answer
}
