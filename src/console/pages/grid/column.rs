//! A column of the grid: what it is of, and its entries in the order of their names.

use async_stream::try_stream;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::rows::GridCell;
use crate::console::error::ConsoleError;
use crate::console::visit::Visit;
use crate::model::{BadSection, ConfigName, Entry, Key, Prefix, Revision, Side, SideError};
use crate::ops::{ReadableItem, find_section_part, state_at};
use crate::store::{Consistency, Listed, Result, Scope, Store, UnreadableSections};

/// Which entries are wanted.
#[derive(Debug, Default)]
pub(super) struct EntryFilter {
    /// Only those whose name contains this, whatever the case.
    pub(super) text: Option<String>,
    /// Those with a time to live, too.
    pub(super) with_ttl: bool,
    /// Only those whose name comes after this.
    pub(super) after: Option<String>,
}

/// A column, read as far as its next entry.
pub(super) struct GridColumn<'v> {
    /// As it was named.
    pub(super) label: String,
    /// The config, if the visitor may see it.
    pub(super) config: Option<ConfigName>,
    pub(super) prefix: Prefix,
    pub(super) revision: Option<Revision>,
    /// Why it can't be shown, or not whole.
    pub(super) problem: Option<String>,
    pub(super) bad: Vec<BadSection>,
    /// How many entries were left out for their time to live.
    pub(super) left_out: usize,
    next: Option<Box<Entry>>,
    rest: BoxStream<'v, Result<ReadableItem, ConsoleError>>,
}

impl<'v> GridColumn<'v> {
    /// Begins to read a side.
    pub(super) async fn open(visit: &'v Visit, label: &str, filter: &EntryFilter) -> Self {
        let mut column = Self {
            label: label.to_owned(),
            config: None,
            prefix: Prefix::all(),
            revision: None,
            problem: None,
            bad: Vec::new(),
            left_out: 0,
            next: None,
            rest: stream::empty().boxed(),
        };
        if let Err(problem) = column.begin(visit, filter).await {
            column.problem = Some(problem);
        }
        column.advance(visit, filter).await;
        column
    }

    async fn begin(&mut self, visit: &'v Visit, filter: &EntryFilter) -> Result<(), String> {
        let side = parse(&self.label).map_err(|error| error.to_string())?;
        let config = side
            .config
            .as_ref()
            .ok_or("Expected CONFIG or CONFIG/PREFIX, such as shop/db.")?;
        let said = |error: ConsoleError| error.detail().to_owned();
        let (config, store) = visit.config(config.as_str()).map_err(said)?;
        self.config = Some(config.name.clone());
        self.prefix = side.prefix().clone();
        self.revision = side.revision;
        if let Some(section) = side.below.section()
            && !visit.caller().covers(&section)
        {
            return Err(format!("You can't access section {section}."));
        }
        let store: &'v dyn Store = &**store;
        let Some(revision) = side.revision else {
            let is_root = side.below.is_root_section();
            let after = filter.after.as_ref();
            let scope = Scope {
                after: after.map(|after| format!("{}{after}", self.prefix.with_slash())),
                ..Scope::all(self.prefix.clone())
            };
            let is_personal = visit.console.is_personal;
            let entries =
                entries(store, scope).map_err(move |error| ConsoleError::of_ops(error, is_personal));
            self.rest = entries
                .try_filter(move |item| std::future::ready(!is_root || is_of_root(item)))
                .boxed();
            return Ok(());
        };
        let part = visit
            .take(find_section_part(store, &side.below).await)
            .map_err(said)?;
        if !visit.caller().covers(part.section()) {
            return Err(format!("You can't access section {}.", part.section()));
        }
        let then = visit.take(state_at(store, &part, revision).await).map_err(said)?;
        let entries = then
            .entries
            .into_iter()
            .map(|entry| Ok(ReadableItem::Listed(Listed::Entry(Box::new(entry)))));
        self.rest = stream::iter(entries).boxed();
        Ok(())
    }

    /// The name of the next entry, below the prefix.
    pub(super) fn name(&self) -> Option<&str> {
        self.next
            .as_ref()
            .and_then(|entry| self.prefix.relative(&entry.key))
    }

    /// What the column has under that name, which is not after its next entry.
    pub(super) async fn take(&mut self, visit: &Visit, filter: &EntryFilter, name: &str) -> GridCell {
        if self.name() == Some(name)
            && let Some(entry) = self.next.take()
        {
            self.advance(visit, filter).await;
            return GridCell::Entry(entry);
        }
        let key: Option<Key> = format!("{}{name}", self.prefix.with_slash()).parse().ok();
        let is_unread = |key: Key| {
            let section = key.section();
            !visit.caller().covers(&section) || self.bad.iter().any(|bad| bad.section == section)
        };
        if self.problem.is_some() || key.is_some_and(is_unread) {
            GridCell::Unknown
        } else {
            GridCell::Missing
        }
    }

    async fn advance(&mut self, visit: &Visit, filter: &EntryFilter) {
        loop {
            let entry = match self.rest.try_next().await {
                Ok(Some(ReadableItem::Listed(Listed::Entry(entry)))) => entry,
                Ok(Some(ReadableItem::Listed(_))) => continue,
                Ok(Some(ReadableItem::Bad(bad))) => {
                    self.bad
                        .extend(visit.caller().covers(&bad.section).then_some(bad));
                    continue;
                }
                Ok(None) => return,
                Err(error) => {
                    self.problem = Some(error.detail().to_owned());
                    return;
                }
            };
            let name = self.prefix.relative(&entry.key).unwrap_or_default();
            let is_after = filter.after.as_ref().is_none_or(|after| name > after.as_str());
            let is_named = |text: &String| name.to_ascii_lowercase().contains(text);
            if !visit.caller().covers_key(&entry.key)
                || !is_after
                || !filter.text.as_ref().is_none_or(is_named)
            {
                continue;
            }
            // What expires is state, not configuration.
            if entry.ttl.is_some() && !filter.with_ttl {
                self.left_out += 1;
                continue;
            }
            self.next = Some(entry);
            return;
        }
    }
}

/// A side as `discfg diff` takes it, or with a slash in place of the colon.
fn parse(text: &str) -> Result<Side, SideError> {
    match text.find(['/', ':', '@']) {
        Some(end) if end > 0 && text[end..].starts_with('/') => {
            format!("{}:{}", &text[..end], &text[end..]).parse()
        }
        _ => text.parse(),
    }
}

fn is_of_root(item: &ReadableItem) -> bool {
    match item {
        ReadableItem::Listed(listed) => listed.name().rfind('/') == Some(0),
        ReadableItem::Bad(bad) => bad.section.is_root(),
    }
}

/// The entries in the scope. A section that can't be read is said before the entries that come after it, so that its keys
/// aren't taken for missing.
fn entries(store: &dyn Store, mut scope: Scope) -> BoxStream<'_, Result<ReadableItem>> {
    try_stream! {
        let mut left_out = UnreadableSections::default();
        loop {
            let mut listed = store.list(&scope, Consistency::Strong);
            let mut after = None;
            let failed = loop {
                match listed.try_next().await {
                    Ok(Some(item)) => {
                        after = Some(item.name().to_owned());
                        yield ReadableItem::Listed(item);
                    }
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            let Some(error) = failed else { break };
            left_out.take(error)?;
            let section = left_out.sections().last();
            for bad in left_out.clone().into_bad() {
                if Some(&bad.section) == section {
                    yield ReadableItem::Bad(bad);
                }
            }
            scope.except = left_out.sections().to_vec();
            scope.after = after.or(scope.after);
        }
    }
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_may_be_named_with_a_slash() {
        let side = |text: &str| parse(text).map(|side| side.to_string());
        assert_eq!(side("shop"), Ok("shop".into()));
        assert_eq!(side("shop/"), Ok("shop".into()));
        assert_eq!(side("shop/db"), Ok("shop:/db".into()));
        assert_eq!(side("shop/db/pool/@7"), Ok("shop:/db/pool/@7".into()));
        assert_eq!(side("shop:/db@7"), Ok("shop:/db@7".into()));
        assert_eq!(side("shop:@root"), Ok("shop:@root".into()));
        assert_eq!(side("/db"), Ok("/db".into()), "which names no config");
        for bad in ["", "Shop", "shop//db", "shop/db@x", "<b>"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
