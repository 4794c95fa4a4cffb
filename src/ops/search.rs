//! Finding entries by their keys and values. A search is a listing, not a snapshot: it sees each entry at another moment.

use async_stream::try_stream;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};

use super::{ReadableItem, readable_heads, readable_list};
use crate::model::{BadSection, Entry, Prefix, Section};
use crate::store::{Consistency, Heads, Listed, Result, Scope, Store, StoreError, StoreExt as _};

/// Decides what is found.
pub trait Matcher: Sync {
    /// Whether a key is.
    fn matches_key(&self, key: &str) -> bool;
    /// Whether a value is; bytes that aren't UTF-8 are replaced by U+FFFD.
    fn matches_value(&self, value: &str) -> bool;
}

/// Which values are searched beside the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchedValues {
    /// None.
    None,
    /// Those that aren't secrets.
    Plain,
    /// Secrets, too, for which each is decrypted.
    Revealed,
}

/// What a search comes upon.
#[derive(Debug)]
pub enum SearchItem {
    /// An entry that is found.
    Found(SearchMatch),
    /// A secret whose value was not searched, as it wasn't asked for.
    Unsearched,
    /// What the caller may not read: a section, or, without one, whatever the error names.
    Denied(Option<Section>, StoreError),
    /// A section of which the rest can't be read.
    Bad(BadSection),
}

/// An entry that is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchMatch {
    /// The entry; a secret's value is decrypted if it was searched.
    pub entry: Entry,
    /// Whether its key matches.
    pub in_key: bool,
    /// Whether its value matches.
    pub in_value: bool,
}

/// How many entries are looked at together, so that secrets of one commit share a data key.
const CHUNK: usize = 64;

/// Searches the entries below a prefix, ordered by key within each section. It goes on past what the caller may not read,
/// section by section.
pub fn search<'s>(
    store: &'s dyn Store,
    prefix: &Prefix,
    values: SearchedValues,
    matcher: &'s dyn Matcher,
) -> BoxStream<'s, Result<SearchItem>> {
    let mut listed = entries(store, prefix).chunks(CHUNK);
    try_stream! {
        let mut may_decrypt = true;
        while let Some(chunk) = listed.next().await {
            let mut found = Vec::new();
            for item in chunk {
                match item? {
                    Walked::Entry(entry) => found.push(*entry),
                    Walked::Denied(section, error) => yield SearchItem::Denied(section, error),
                    Walked::Bad(bad) => yield SearchItem::Bad(bad),
                }
            }
            let mut is_revealed = false;
            if values == SearchedValues::Revealed && may_decrypt && found.iter().any(|entry| entry.secret) {
                match store.reveal(found.clone()).await {
                    Ok(revealed) => (found, is_revealed) = (revealed, true),
                    Err(error @ StoreError::Denied { .. }) => {
                        may_decrypt = false;
                        yield SearchItem::Denied(None, error);
                    }
                    Err(error) => Err(error)?,
                }
            }
            for entry in found {
                let in_key = matcher.matches_key(entry.key.as_str());
                let is_searched = match values {
                    SearchedValues::None => false,
                    SearchedValues::Plain => !entry.secret,
                    SearchedValues::Revealed => !entry.secret || is_revealed,
                };
                let in_value = is_searched && matcher.matches_value(&String::from_utf8_lossy(entry.value.bytes()));
                if values == SearchedValues::Plain && entry.secret {
                    yield SearchItem::Unsearched;
                }
                if in_key || in_value {
                    yield SearchItem::Found(SearchMatch { entry, in_key, in_value });
                }
            }
        }
    }
    .boxed()
}

enum Walked {
    Entry(Box<Entry>),
    Denied(Option<Section>, StoreError),
    Bad(BadSection),
}

/// The entries below a prefix: in one listing, and section by section from where that is denied.
fn entries<'s>(store: &'s dyn Store, prefix: &Prefix) -> BoxStream<'s, Result<Walked>> {
    let prefix = prefix.clone();
    try_stream! {
        let mut after = None;
        let mut listed = readable_list(store, &Scope::all(prefix.clone()), Consistency::Strong);
        let denial = loop {
            match listed.try_next().await {
                Ok(Some(item)) => {
                    if let Some(walked) = walked(item) {
                        if let Walked::Entry(entry) = &walked {
                            after = Some(entry.key.to_string());
                        }
                        yield walked;
                    }
                }
                Ok(None) => return,
                Err(error) if is_denial(&error) => break error,
                Err(error) => Err(error)?,
            }
        };
        let sections = match prefix.section() {
            Some(section) => {
                yield Walked::Denied(Some(section), denial);
                return;
            }
            None => match readable_heads(store, &Heads::All).await {
                Ok((heads, _)) => heads.into_iter().map(|head| head.section).collect::<Vec<_>>(),
                Err(error) if is_denial(&error) => {
                    yield Walked::Denied(None, denial);
                    return;
                }
                Err(error) => Err(error)?,
            },
        };
        for section in sections.clone() {
            let mut scope = Scope::all(Prefix::from(&section));
            if section.is_root() {
                scope.except = sections.iter().filter(|other| !other.is_root()).cloned().collect();
            }
            scope.after.clone_from(&after);
            let mut listed = readable_list(store, &scope, Consistency::Strong);
            loop {
                match listed.try_next().await {
                    Ok(Some(item)) => {
                        if let Some(walked) = walked(item) {
                            yield walked;
                        }
                    }
                    Ok(None) => break,
                    Err(error) if is_denial(&error) => {
                        yield Walked::Denied(Some(section), error);
                        break;
                    }
                    Err(error) => Err(error)?,
                }
            }
        }
    }
    .boxed()
}

fn walked(item: ReadableItem) -> Option<Walked> {
    match item {
        ReadableItem::Listed(Listed::Entry(entry)) => Some(Walked::Entry(entry)),
        ReadableItem::Listed(Listed::Folder(_)) => None,
        ReadableItem::Bad(bad) => Some(Walked::Bad(bad)),
    }
}

fn is_denial(error: &StoreError) -> bool {
    matches!(error, StoreError::Denied { .. } | StoreError::Uncovered { .. })
}
