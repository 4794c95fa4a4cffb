use axum::Json;

use crate::http::error::Failure;
use crate::http::live::{Standing, Stood, Waited};
use crate::http::openapi::{After, AfterVersion, Reads, Wait};
use crate::http::request::context::Asked;
use crate::model::{BadSection, Head, Revision, Section};
use crate::ops::readable_heads;
use crate::store::{Heads, StoreError};
use crate::wire::{self, SectionHead};

/// Where the sections stand
///
/// With `wait` it is answered when their version, the sum of their revisions, is above `after`, or when the time is over.
#[utoipa::path(
    get,
    path = "/v1/{config}/@config/heads",
    operation_id = "heads",
    params(AfterVersion, Wait),
    responses((status = 200, description = "The heads, by section.", body = wire::Heads), Reads)
)]
pub(in crate::http) async fn all(mut asked: Asked) -> Result<Json<wire::Heads>, Failure> {
    let caller = asked.caller.clone();
    let is_own = |head: &&Head| caller.covers(&head.section);
    let is_above = |heads: &Standing, after: Revision| {
        let own = heads.values().filter(is_own);
        own.map(|head| head.revision.get()).sum::<u64>() > after.get()
    };
    if let Some((heads, mut bad)) = waited(&mut asked, None, is_above).await? {
        bad.retain(|bad| caller.covers(&bad.section));
        return Ok(Json(shape(heads.values().filter(is_own), bad)));
    }
    let (heads, bad) = asked
        .deadline
        .in_time(async { Ok(covered(&asked).await?) })
        .await?;
    Ok(Json(shape(&heads, bad)))
}

/// Where a section stands
///
/// With `wait` it is answered when its revision is above `after`, or when the time is over.
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/heads",
    operation_id = "head",
    params(After, Wait),
    responses((status = 200, description = "The head; none where nothing was ever written.", body = wire::Heads), Reads)
)]
pub(in crate::http) async fn section(mut asked: Asked) -> Result<Json<wire::Heads>, Failure> {
    let section = asked.section()?;
    let is_above = |heads: &Standing, after: Revision| heads.values().any(|head| head.revision > after);
    if let Some((heads, bad)) = waited(&mut asked, Some(&section), is_above).await? {
        return Ok(Json(shape(heads.values(), bad)));
    }
    let of = Heads::Of(vec![section]);
    let reading = async { Ok(readable_heads(&*asked.store, &of).await?) };
    let (heads, bad) = asked.deadline.in_time(reading).await?;
    Ok(Json(shape(&heads, bad)))
}

/// What came of waiting, if the request waits; none where the store is to be asked.
async fn waited(
    asked: &mut Asked,
    section: Option<&Section>,
    is_above: impl Fn(&Standing, Revision) -> bool + Send + Sync,
) -> Result<Option<Stood>, Failure> {
    let after: Option<Revision> = asked.query.take("after")?;
    let wait = asked.wait()?;
    asked.query.end()?;
    let Some(wait) = wait else { return Ok(None) };
    let after = after.unwrap_or(Revision::ZERO);
    let place = (&asked.config, &asked.store);
    let is_wanted = |heads: &Standing| is_above(heads, after);
    let waited = asked.api.live().heads(place, section, wait, is_wanted).await?;
    asked.renew_deadline();
    Ok(match waited {
        Waited::Come(stood) | Waited::Over(stood) => Some(stood),
        Waited::Unknown => None,
    })
}

/// The heads of the sections that the caller may use.
pub(in crate::http) async fn covered(asked: &Asked) -> Result<(Vec<Head>, Vec<BadSection>), StoreError> {
    let of = match &asked.caller.sections {
        Some(sections) => Heads::Of(sections.iter().cloned().collect::<Vec<Section>>()),
        None => Heads::All,
    };
    readable_heads(&*asked.store, &of).await
}

/// What is answered.
fn shape<'h>(heads: impl IntoIterator<Item = &'h Head>, bad: Vec<BadSection>) -> wire::Heads {
    let mut answer = wire::Heads {
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
