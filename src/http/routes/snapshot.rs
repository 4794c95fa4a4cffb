use axum::Json;

use crate::http::error::Failure;
use crate::http::openapi::{Prefixes, Reads, Reveal};
use crate::http::request::context::Asked;
use crate::http::request::path::Within;
use crate::http::request::view::View;
use crate::model::{BadSection, Prefix};
use crate::ops::readable_snapshot;
use crate::store::{self, StoreError};
use crate::wire::{SectionHead, Snapshot};

/// The entries below prefixes as they were together at one moment
#[utoipa::path(
    get,
    path = "/v1/{config}/@config/snapshot",
    operation_id = "snapshot",
    params(Prefixes, Reveal),
    responses((status = 200, description = "The entries, by key.", body = Snapshot), Reads)
)]
pub(in crate::http) async fn all(mut asked: Asked) -> Result<Json<Snapshot>, Failure> {
    let prefixes: Vec<Prefix> = asked.query.each("prefix")?;
    for section in prefixes.iter().filter_map(Prefix::section) {
        asked.covers(&section)?;
    }
    snapshot(asked, None, prefixes).await
}

/// The entries of a section, or below a prefix within it, as they were together at one moment
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/snapshot/{*below}",
    operation_id = "snapshot_below",
    params(Reveal),
    responses((status = 200, description = "The entries, by key.", body = Snapshot), Reads)
)]
pub(in crate::http) async fn within(asked: Asked) -> Result<Json<Snapshot>, Failure> {
    let within = asked.within()?;
    let prefix = within.iter().map(|within| within.prefix.clone()).collect();
    snapshot(asked, within, prefix).await
}

async fn snapshot(
    mut asked: Asked,
    within: Option<Within>,
    prefixes: Vec<Prefix>,
) -> Result<Json<Snapshot>, Failure> {
    let view = View::of_entries(&mut asked)?;
    asked.query.end()?;
    let reading = async {
        let (mut snapshot, bad) = covered(&asked, prefixes).await?;
        if let Some(within) = within {
            snapshot.heads.retain(|head| head.section == within.section);
            snapshot
                .entries
                .retain(|entry| entry.key.section() == within.section);
        }
        let entries = view.opened(&asked, snapshot.entries).await?;
        Ok((snapshot.heads, entries, bad))
    };
    let (heads, entries, bad) = asked.deadline.in_time(reading).await?;
    Ok(Json(Snapshot {
        action: "snapshot".into(),
        sections: heads.iter().map(SectionHead::from).collect(),
        nodes: entries.iter().map(|entry| view.node(entry)).collect(),
        bad,
    }))
}

/// What the caller may see of a snapshot of these prefixes, or of everything.
pub(in crate::http) async fn covered(
    asked: &Asked,
    prefixes: Vec<Prefix>,
) -> Result<(store::Snapshot, Vec<BadSection>), StoreError> {
    let everything = prefixes.is_empty() || prefixes.iter().any(Prefix::is_all);
    let prefixes = match &asked.caller.sections {
        Some(sections) if everything => sections.iter().map(Prefix::from).collect(),
        _ if everything => vec![Prefix::all()],
        _ => prefixes,
    };
    let (mut snapshot, mut bad) = readable_snapshot(&*asked.store, &prefixes).await?;
    bad.retain(|bad| asked.caller.covers(&bad.section));
    snapshot.heads.retain(|head| asked.caller.covers(&head.section));
    snapshot
        .entries
        .retain(|entry| asked.caller.covers_key(&entry.key));
    Ok((snapshot, bad))
}
