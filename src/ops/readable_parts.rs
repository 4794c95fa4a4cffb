//! Reading around sections that can't be read, for what shows a config.

use async_stream::try_stream;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};

use crate::model::{BadSection, Head, Prefix};
use crate::store::{Consistency, Heads, Listed, Result, Scope, Snapshot, Store, UnreadableSections};

/// What a listing shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadableItem {
    /// An entry or a folder.
    Listed(Listed),
    /// A section of which the rest can't be read. These come last.
    Bad(BadSection),
}

/// Lists what can be read in the scope. Of a section that can't be read whole, what comes before the fault may be listed.
pub fn readable_list<'s>(
    store: &'s dyn Store,
    scope: &Scope,
    read: Consistency,
) -> BoxStream<'s, Result<ReadableItem>> {
    let mut scope = scope.clone();
    try_stream! {
        let mut left_out = UnreadableSections::default();
        loop {
            let mut listed = store.list(&scope, read);
            let (mut after, mut count) = (None, 0);
            let failed = loop {
                match listed.try_next().await {
                    Ok(Some(item)) => {
                        after = Some(item.name().to_owned());
                        count += 1;
                        yield ReadableItem::Listed(item);
                    }
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            let Some(error) = failed else { break };
            left_out.take(error)?;
            scope.except.extend(left_out.sections().last().cloned());
            scope.after = after.or(scope.after);
            scope.limit = scope.limit.map(|limit| limit.saturating_sub(count));
        }
        for bad in left_out.into_bad() {
            yield ReadableItem::Bad(bad);
        }
    }
    .boxed()
}

/// A snapshot of what can be read below these prefixes, and the sections that can't be.
pub async fn readable_snapshot(
    store: &dyn Store,
    prefixes: &[Prefix],
) -> Result<(Snapshot, Vec<BadSection>)> {
    let mut left_out = UnreadableSections::default();
    loop {
        match store.snapshot_except(prefixes, left_out.sections()).await {
            Ok(snapshot) => return Ok((snapshot, left_out.into_bad())),
            Err(error) => left_out.take(error)?,
        }
    }
}

/// The heads that can be read, and the sections of which they can't be.
pub async fn readable_heads(store: &dyn Store, of: &Heads) -> Result<(Vec<Head>, Vec<BadSection>)> {
    let mut left_out = UnreadableSections::default();
    loop {
        let readable = match of {
            Heads::All => Heads::AllBut(left_out.sections().to_vec()),
            Heads::AllBut(except) => Heads::AllBut([except, left_out.sections()].concat()),
            Heads::Of(sections) => {
                let readable = sections
                    .iter()
                    .filter(|section| !left_out.sections().contains(section));
                Heads::Of(readable.cloned().collect())
            }
        };
        match store.heads(readable).await {
            Ok(heads) => return Ok((heads, left_out.into_bad())),
            Err(error) => left_out.take(error)?,
        }
    }
}
