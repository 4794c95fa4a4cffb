use axum::Json;

use super::asked::Asked;
use super::error::Failure;
use super::openapi::Reads;
use crate::model::{Head, Section};
use crate::store::{Heads, StoreError};
use crate::wire::{self, SectionHead};

/// Where the sections stand
#[utoipa::path(
    get,
    path = "/v1/{config}/heads",
    operation_id = "heads",
    responses((status = 200, description = "The heads, by section.", body = wire::Heads), Reads)
)]
pub(super) async fn all(asked: Asked) -> Result<Json<wire::Heads>, Failure> {
    asked.query.end()?;
    let heads = asked.until.in_time(async { Ok(covered(&asked).await?) }).await?;
    Ok(Json(shape(&heads)))
}

/// Where a section stands
#[utoipa::path(
    get,
    path = "/v1/{config}/heads/{section}",
    operation_id = "head",
    responses((status = 200, description = "The head; none where nothing was ever written.", body = wire::Heads), Reads)
)]
pub(super) async fn section(asked: Asked) -> Result<Json<wire::Heads>, Failure> {
    let section = asked.section()?;
    asked.query.end()?;
    let of = Heads::Of(vec![section]);
    let heads = asked
        .until
        .in_time(async { Ok(asked.store.heads(of).await?) })
        .await?;
    Ok(Json(shape(&heads)))
}

/// The heads of the sections that the caller may use.
pub(super) async fn covered(asked: &Asked) -> Result<Vec<Head>, StoreError> {
    let of = match &asked.caller.sections {
        Some(sections) => Heads::Of(sections.iter().cloned().collect::<Vec<Section>>()),
        None => Heads::All,
    };
    asked.store.heads(of).await
}

/// What is answered.
pub(super) fn shape(heads: &[Head]) -> wire::Heads {
    wire::Heads {
        action: "heads".into(),
        version: heads.iter().map(|head| head.revision.get()).sum(),
        sections: heads.iter().map(SectionHead::from).collect(),
    }
}
