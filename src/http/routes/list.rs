use axum::Json;
use futures::TryStreamExt as _;

use super::keys::consistency;
use crate::http::error::Failure;
use crate::http::openapi::{Consistent, Limit, Listed as ListedAs, Reads, Reveal};
use crate::http::refusal::Refusal;
use crate::http::request::context::Asked;
use crate::http::request::cursor::Listing;
use crate::http::request::path::Within;
use crate::http::request::view::View;
use crate::model::{Prefix, Section};
use crate::ops::{ReadableItem, readable_list};
use crate::store::{Listed, Scope};
use crate::wire::Page;

/// List entries and folders
#[utoipa::path(
    get,
    path = "/v1/{config}/{section}/list/{*below}",
    operation_id = "list",
    params(ListedAs, Limit, Consistent, Reveal),
    responses((status = 200, description = "A page of the listing, in order of names.", body = Page), Reads)
)]
pub(in crate::http) async fn list(mut asked: Asked) -> Result<Json<Page>, Failure> {
    let within = asked.within()?;
    let view = View::of_entries(&mut asked)?;
    let recursive = asked.query.flag("recursive")?.unwrap_or_default();
    let read = consistency(&mut asked)?.unwrap_or_default();
    let limit = asked.query.limit(1000, 100)?;
    let cursor: Option<String> = asked.query.take("cursor")?;
    let after: Option<String> = asked.query.take("after")?;
    asked.query.end()?;
    let listing = Listing {
        config: asked.config.as_str(),
        below: within.as_ref().map(Within::name).unwrap_or_default(),
        recursive,
    };
    let prefix = within
        .as_ref()
        .map_or_else(Prefix::all, |within| within.prefix.clone());
    let scope = Scope {
        prefix,
        recursive,
        after: match (cursor, after) {
            (Some(_), Some(_)) => {
                let told = "the query parameters cursor and after are not for one request";
                return Err(Refusal::Query(told.into()).into());
            }
            (Some(cursor), None) => Some(listing.after(&cursor)?),
            (None, after) => after.map(named).transpose()?,
        },
        limit: None,
        except: Vec::new(),
    };
    let page_bytes = asked.api.settings().page_bytes;
    let reading = async {
        let (mut entries, mut folders, mut last, mut bytes) = (Vec::new(), Vec::new(), None, 0);
        let mut next = None;
        let mut bad = Vec::new();
        let mut listed = readable_list(&*asked.store, &scope, read);
        while let Some(item) = listed.try_next().await? {
            let item = match item {
                ReadableItem::Listed(item) => item,
                ReadableItem::Bad(found) => {
                    if is_of(&found.section, within.as_ref(), &asked) {
                        bad.push(found);
                    }
                    continue;
                }
            };
            if !is_shown(&item, within.as_ref(), &asked) {
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
        Ok((view.opened(&asked, entries).await?, folders, next, bad))
    };
    let (entries, folders, next, bad) = asked.until.in_time(reading).await?;
    Ok(Json(Page {
        action: "ls".into(),
        nodes: entries.iter().map(|entry| view.node(entry)).collect(),
        folders,
        next,
        bad,
    }))
}

/// The name of a key, or of a folder with its slash, that a listing is to begin after.
fn named(after: String) -> Result<String, Refusal> {
    if after.starts_with('/') && after.parse::<Prefix>().is_ok() {
        return Ok(after);
    }
    Err(Refusal::Query(format!(
        "the query parameter after is {after:?}; expected a key or a folder, such as /db/url or /db/"
    )))
}

/// Whether an item is of the section that is named, or, where none is, of one that the caller may use.
fn is_shown(item: &Listed, within: Option<&Within>, asked: &Asked) -> bool {
    let section = match item {
        Listed::Entry(entry) => entry.key.section(),
        Listed::Folder(path) => match path.parse::<Prefix>().ok().and_then(|prefix| prefix.section()) {
            Some(section) => section,
            None => return false,
        },
    };
    is_of(&section, within, asked)
}

fn is_of(section: &Section, within: Option<&Within>, asked: &Asked) -> bool {
    match within {
        Some(within) => within.section == *section,
        None => asked.caller.covers(section),
    }
}
