use axum::Json;
use futures::TryStreamExt as _;

use super::keys::take_consistency;
use crate::http::error::ApiError;
use crate::http::invalid_request::InvalidRequest;
use crate::http::openapi::{Consistent, Limit, Listed as ListedAs, Reads, Reveal};
use crate::http::request::context::RequestContext;
use crate::http::request::cursor::ListingIdentity;
use crate::http::request::view::EntryView;
use crate::model::{Prefix, Section, SectionPart};
use crate::ops::{ReadableItem, readable_list};
use crate::store::{Listed, Scope};
use crate::wire::ListPage;

/// List entries and folders
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/list/{*below}",
    operation_id = "list",
    params(ListedAs, Limit, Consistent, Reveal),
    responses((status = 200, description = "A page of the listing, ordered by name.", body = ListPage), Reads)
)]
pub(in crate::http) async fn list(mut context: RequestContext) -> Result<Json<ListPage>, ApiError> {
    let within = context.section_part()?;
    let view = EntryView::of_entries(&mut context)?;
    let recursive = context.query.flag("recursive")?.unwrap_or_default();
    let read = take_consistency(&mut context)?.unwrap_or_default();
    let limit = context.query.limit(1000, 100)?;
    let cursor: Option<String> = context.query.take("cursor")?;
    let after: Option<String> = context.query.take("after")?;
    context.query.end()?;
    let listing = ListingIdentity {
        config: context.config.as_str(),
        below: within.as_ref().map(SectionPart::name).unwrap_or_default(),
        recursive,
    };
    let prefix = within
        .as_ref()
        .map_or_else(Prefix::all, |within| within.prefix().clone());
    let scope = Scope {
        prefix,
        recursive,
        after: match (cursor, after) {
            (Some(_), Some(_)) => {
                let detail = "query parameters `cursor` and `after` can't be combined";
                return Err(InvalidRequest::Query(detail.into()).into());
            }
            (Some(cursor), None) => Some(listing.after(&cursor)?),
            (None, after) => after.map(parse_after).transpose()?,
        },
        limit: None,
        except: Vec::new(),
    };
    let page_bytes = context.api.settings().page_bytes;
    let reading = async {
        let (mut entries, mut folders, mut last, mut bytes) = (Vec::new(), Vec::new(), None, 0);
        let mut next = None;
        let mut bad = Vec::new();
        let mut listed = readable_list(&*context.store, &scope, read);
        while let Some(item) = listed.try_next().await? {
            let item = match item {
                ReadableItem::Listed(item) => item,
                ReadableItem::Bad(found) => {
                    if is_in_scope(&found.section, within.as_ref(), &context) {
                        bad.push(found);
                    }
                    continue;
                }
            };
            if !is_shown(&item, within.as_ref(), &context) {
                continue;
            }
            if entries.len() + folders.len() >= limit || bytes >= page_bytes {
                next = last.as_deref().map(|last| listing.cursor(last));
                break;
            }
            last = Some(item.name().to_owned());
            match item {
                Listed::Folder(path) => folders.push(path),
                Listed::Entry(entry) => {
                    bytes += entry.value.len();
                    entries.push(*entry);
                }
            }
        }
        Ok((view.open(&context, entries).await?, folders, next, bad))
    };
    let (entries, folders, next, bad) = context.deadline.in_time(reading).await?;
    Ok(Json(ListPage {
        action: "ls".into(),
        nodes: entries.iter().map(|entry| view.render_node(entry)).collect(),
        folders,
        next,
        bad,
    }))
}

/// The name of a key, or of a folder with its slash, after which a listing starts.
fn parse_after(after: String) -> Result<String, InvalidRequest> {
    if after.starts_with('/') && after.parse::<Prefix>().is_ok() {
        return Ok(after);
    }
    Err(InvalidRequest::Query(format!(
        "invalid value {after:?} of query parameter `after`: expected a key or a folder, such as /db/url or /db/"
    )))
}

/// Whether an item is in the given section or, without one, in a section that the caller can access.
fn is_shown(item: &Listed, within: Option<&SectionPart>, context: &RequestContext) -> bool {
    let section = match item {
        Listed::Entry(entry) => entry.key.section(),
        Listed::Folder(path) => match path.parse::<Prefix>().ok().and_then(|prefix| prefix.section()) {
            Some(section) => section,
            None => return false,
        },
    };
    is_in_scope(&section, within, context)
}

fn is_in_scope(section: &Section, within: Option<&SectionPart>, context: &RequestContext) -> bool {
    match within {
        Some(within) => within.section() == section,
        None => context.caller.covers(section),
    }
}
