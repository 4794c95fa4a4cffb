use async_stream::try_stream;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::api_client::ApiClient;
use super::call::ApiCall;
use super::read::check_readable;
use crate::model::{Entry, Prefix, Section, printable};
use crate::store::{Consistency, Listed, Result, Scope};
use crate::wire;

/// The most items of a page.
const PAGE: usize = 1000;

impl ApiClient {
    pub(super) fn listing(&self, scope: Scope, read: Consistency) -> BoxStream<'_, Result<Listed>> {
        let limit = scope.limit.unwrap_or(usize::MAX);
        self.pages(scope, read).take(limit).boxed()
    }

    fn pages(&self, scope: Scope, read: Consistency) -> BoxStream<'_, Result<Listed>> {
        try_stream! {
            // A listing may begin after any text; the API knows names alone.
            let name = scope.after.as_ref().filter(|after| after.starts_with('/') && after.parse::<Prefix>().is_ok());
            let limit = match scope.limit {
                Some(limit) if name.is_some() || scope.after.is_none() => limit.clamp(1, PAGE),
                _ => PAGE,
            };
            let first = ApiCall::of_prefix("GET", "/list", &scope.prefix)
                .query("recursive", &scope.recursive)
                .query("limit", &limit)
                .stored()
                .fresh(read);
            let mut next: Option<String> = None;
            loop {
                let call = match (&next, name) {
                    (Some(cursor), _) => first.clone().query("cursor", cursor),
                    (None, Some(name)) => first.clone().query("after", name),
                    (None, None) => first.clone(),
                };
                let page: wire::ListPage<wire::StoredNode> = self.fetch(&call).await?;
                let entries = page.nodes.into_iter().map(|node| {
                    let entry = self.entry_of(&call, node)?;
                    self.check_is_of(&call, &entry.key, scope.prefix.holds(&entry.key))?;
                    Ok(entry)
                });
                let after = scope.after.as_deref().unwrap_or_default();
                let entries = entries.collect::<Result<_>>()?;
                if let Some(folder) = page.folders.iter().find(|folder| !is_folder_of(folder, &scope.prefix)) {
                    Err(self.explain_content(&call, &format!("unexpected folder {}", printable(folder))))?;
                }
                for item in merged(entries, page.folders) {
                    if item.name() > after && !is_left_out(&item, &scope.except) {
                        yield item;
                    }
                }
                check_readable(page.bad, &scope.except)?;
                if page.next.is_none() || page.next == next {
                    break;
                }
                next = page.next;
            }
        }
        .boxed()
    }
}

/// Whether the text is the name of a folder below the prefix.
fn is_folder_of(text: &str, prefix: &Prefix) -> bool {
    let folder = text.parse::<Prefix>();
    folder.is_ok_and(|folder| folder.with_slash() == text && prefix.covers(&folder))
}

fn is_left_out(item: &Listed, except: &[Section]) -> bool {
    let section = match item {
        Listed::Entry(entry) => Some(entry.key.section()),
        Listed::Folder(path) => path.parse::<Prefix>().ok().and_then(|folder| folder.section()),
    };
    section.is_some_and(|section| except.contains(&section))
}

/// Entries and folders, each ordered, in one order of names.
fn merged(entries: Vec<Entry>, folders: Vec<String>) -> Vec<Listed> {
    let mut merged: Vec<Listed> = entries
        .into_iter()
        .map(|entry| Listed::Entry(Box::new(entry)))
        .collect();
    merged.extend(folders.into_iter().map(Listed::Folder));
    merged.sort_by(|one, other| one.name().cmp(other.name()));
    merged
}
