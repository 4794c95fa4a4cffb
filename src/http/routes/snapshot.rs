use axum::Json;

use crate::http::error::ApiError;
use crate::http::openapi::{Prefixes, Reads, Reveal};
use crate::http::request::context::RequestContext;
use crate::http::request::view::EntryView;
use crate::model::{BadSection, Prefix, SectionPart};
use crate::ops::readable_snapshot;
use crate::store::{self, StoreError};
use crate::wire::{SectionHead, SnapshotResponse};

/// Read a consistent snapshot of the entries below prefixes
#[utoipa::path(
    get,
    path = "/v1/{config}/@config/snapshot",
    operation_id = "snapshot",
    params(Prefixes, Reveal),
    responses((status = 200, description = "The entries, by key.", body = SnapshotResponse), Reads)
)]
pub(in crate::http) async fn all(mut context: RequestContext) -> Result<Json<SnapshotResponse>, ApiError> {
    let prefixes: Vec<Prefix> = context.query.each("prefix")?;
    for section in prefixes.iter().filter_map(Prefix::section) {
        context.check_section(&section)?;
    }
    snapshot(context, None, prefixes).await
}

/// Read a consistent snapshot of a section, or of a prefix within it
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/snapshot/{*below}",
    operation_id = "snapshot_below",
    params(Reveal),
    responses((status = 200, description = "The entries, by key.", body = SnapshotResponse), Reads)
)]
pub(in crate::http) async fn within(context: RequestContext) -> Result<Json<SnapshotResponse>, ApiError> {
    let within = context.section_part()?;
    let prefix = within.iter().map(|within| within.prefix().clone()).collect();
    snapshot(context, within, prefix).await
}

async fn snapshot(
    mut context: RequestContext,
    within: Option<SectionPart>,
    prefixes: Vec<Prefix>,
) -> Result<Json<SnapshotResponse>, ApiError> {
    let view = EntryView::of_entries(&mut context)?;
    context.query.end()?;
    let reading = async {
        let (mut snapshot, bad) = read_covered(&context, prefixes).await?;
        if let Some(within) = within {
            snapshot.heads.retain(|head| head.section == *within.section());
            snapshot.entries.retain(|entry| within.holds(&entry.key));
        }
        let entries = view.open(&context, snapshot.entries).await?;
        Ok((snapshot.heads, entries, bad))
    };
    let (heads, entries, bad) = context.deadline.in_time(reading).await?;
    Ok(Json(SnapshotResponse {
        action: "snapshot".into(),
        sections: heads.iter().map(SectionHead::from).collect(),
        nodes: entries.iter().map(|entry| view.render_node(entry)).collect(),
        bad,
    }))
}

/// The part of a snapshot of these prefixes, or of everything, that the caller can access.
pub(in crate::http) async fn read_covered(
    context: &RequestContext,
    prefixes: Vec<Prefix>,
) -> Result<(store::Snapshot, Vec<BadSection>), StoreError> {
    let everything = prefixes.is_empty() || prefixes.iter().any(Prefix::is_all);
    let prefixes = match &context.caller.sections {
        Some(sections) if everything => sections.iter().map(Prefix::from).collect(),
        _ if everything => vec![Prefix::all()],
        _ => prefixes,
    };
    let (mut snapshot, mut bad) = readable_snapshot(&*context.store, &prefixes).await?;
    bad.retain(|bad| context.caller.covers(&bad.section));
    snapshot.heads.retain(|head| context.caller.covers(&head.section));
    snapshot
        .entries
        .retain(|entry| context.caller.covers_key(&entry.key));
    Ok((snapshot, bad))
}
