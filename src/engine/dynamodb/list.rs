use async_stream::try_stream;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use super::DynamoDb;
use super::item::{self, Item, id, s};
use super::items;
use crate::aws::AnswerDate;
use crate::model::{Prefix, Section, Timestamp};
use crate::store::{Consistency, Listed, Result, Scope};

/// How many sections are read side by side.
const SIDE_BY_SIDE: usize = 8;
/// Above every character that a key may hold.
const ABOVE: char = '\u{7f}';

/// One answer to a Query.
pub(super) struct QueryPage {
    pub(super) items: Vec<Item>,
    pub(super) time: Timestamp,
}

impl DynamoDb {
    /// The pages of a query. Where `skip` names a sort key for the last one that a page ended with, the next
    /// page begins after that instead.
    pub(super) fn pages<'a>(
        &'a self,
        query: impl Fn() -> QueryFluentBuilder + Send + 'a,
        read: Consistency,
        subject: &'a str,
        skip: impl Fn(&str) -> Option<String> + Send + 'a,
    ) -> BoxStream<'a, Result<QueryPage>> {
        try_stream! {
            let mut start: Option<Item> = None;
            loop {
                let date = AnswerDate::new();
                let mut request = query()
                    .table_name(&self.table)
                    .consistent_read(read == Consistency::Strong)
                    .set_return_consumed_capacity(self.wants_capacity());
                if start.is_some() {
                    request = request.set_exclusive_start_key(start.take());
                }
                let answer = request
                    .customize()
                    .interceptor(date.clone())
                    .send()
                    .await
                    .map_err(|error| self.failure("Query", Some(subject), &error))?;
                self.count_read(answer.consumed_capacity());
                yield QueryPage { items: answer.items.unwrap_or_default(), time: self.time_of(date.get()) };
                match answer.last_evaluated_key {
                    Some(mut last) if !last.is_empty() => {
                        let further = last.get("sk").and_then(|sk| sk.as_s().ok()).and_then(|sk| skip(sk));
                        if let Some(further) = further {
                            last.insert("sk".into(), s(further));
                        }
                        start = Some(last);
                    }
                    _ => break,
                }
            }
        }
        .boxed()
    }

    pub(super) fn list_scope(&self, scope: Scope, read: Consistency) -> BoxStream<'_, Result<Listed>> {
        let limit = scope.limit.unwrap_or(usize::MAX);
        let listed = match scope.prefix.section() {
            Some(section) if scope.except.contains(&section) => stream::empty().boxed(),
            Some(section) => self.list_section(section, scope, read),
            None => self.list_everything(scope, read),
        };
        listed.take(limit).boxed()
    }

    /// What lies in one section's part of the scope.
    fn list_section(
        &self,
        section: Section,
        scope: Scope,
        read: Consistency,
    ) -> BoxStream<'_, Result<Listed>> {
        try_stream! {
            let start = scope.after.as_ref().filter(|after| after.as_str() > scope.prefix.with_slash()).cloned();
            // What lies in a folder is of no use to a listing of one level that begins after it.
            let above = |name: &str| {
                if name.ends_with('/') && !scope.recursive { format!("{name}{ABOVE}") } else { name.to_owned() }
            };
            let first = start.as_deref().map_or_else(|| scope.prefix.with_slash().to_owned(), above);
            let last = format!("{}{ABOVE}", scope.prefix.with_slash());
            // DynamoDB refuses a range that ends before it begins.
            if first > last {
                return;
            }
            let query = || {
                let query = self
                    .client
                    .query()
                    .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
                    .expression_attribute_values(":pk", s(section.as_str()))
                    .expression_attribute_values(":first", s(&first))
                    .expression_attribute_values(":last", s(&last));
                // A page of a limited listing needn't hold more than is asked for.
                let limit = scope.limit.filter(|_| scope.recursive).and_then(|limit| i32::try_from(limit.max(1)).ok());
                query.set_limit(limit.map(|limit| limit.saturating_add(1)))
            };
            let skip = |last: &str| {
                let last = last.parse().ok()?;
                let folder = scope.folder_of(&last)?;
                Some(format!("{folder}{ABOVE}"))
            };
            let mut pages = self.pages(query, read, section.as_str(), skip);
            let mut folder = String::new();
            while let Some(page) = pages.try_next().await? {
                for item in &page.items {
                    let entry = items::to_entry(item)?;
                    let after = scope.after.as_deref().unwrap_or_default();
                    if !entry.is_live(page.time) || entry.key.as_str() <= after {
                        continue;
                    }
                    match scope.folder_of(&entry.key) {
                        Some(name) if name == folder || name <= after => {}
                        Some(name) => {
                            folder = name.to_owned();
                            yield Listed::Folder(folder.clone());
                        }
                        None => yield Listed::Entry(Box::new(entry)),
                    }
                }
            }
        }
        .boxed()
    }

    /// The root section's keys and the other sections, in the order of names.
    fn list_everything(&self, scope: Scope, read: Consistency) -> BoxStream<'_, Result<Listed>> {
        try_stream! {
            let after = scope.after.clone().unwrap_or_default();
            let mut sections = self.sections(&scope.except, read).await?;
            // A scoped writer may have made the root section without its line in the list.
            let has_root = (self.grant.is_none() && !scope.except.contains(&Section::root()))
                || sections.iter().any(Section::is_root);
            sections.retain(|section| !section.is_root() && format!("{section}/{ABOVE}") > after);
            // `/db-x/` comes before `/db/`, as the keys below them do.
            sections.sort_by_key(|section| format!("{section}/"));
            let roots = has_root.then(|| self.list_section(Section::root(), scope.clone(), read));
            let mut roots = roots.unwrap_or_else(|| stream::empty().boxed()).peekable();
            let mut listed = stream::iter(sections)
                .map(|section| {
                    let scope = scope.clone();
                    async move {
                        let items = if scope.recursive {
                            let scope = Scope { prefix: Prefix::from(&section), ..scope };
                            self.list_section(section.clone(), scope, read).collect().await
                        } else {
                            Vec::from_iter(self.folder_of_section(&section, &scope, read).await)
                        };
                        (format!("{section}/"), items)
                    }
                })
                .buffered(SIDE_BY_SIDE);
            while let Some((name, items)) = listed.next().await {
                let before = |root: &Result<Listed>| root.as_ref().map_or(true, |root| root.name() < name.as_str());
                while let Some(root) = std::pin::Pin::new(&mut roots).next_if(before).await {
                    yield root?;
                }
                for item in items {
                    yield item?;
                }
            }
            while let Some(root) = roots.try_next().await? {
                yield root;
            }
        }
        .boxed()
    }

    /// The section as a folder, if anything in it isn't expired.
    async fn folder_of_section(
        &self,
        section: &Section,
        scope: &Scope,
        read: Consistency,
    ) -> Option<Result<Listed>> {
        let name = format!("{section}/");
        if scope.after.as_ref().is_some_and(|after| *after >= name) {
            return None;
        }
        let one = Scope {
            limit: Some(1),
            ..Scope::all(Prefix::from(section))
        };
        let first = self.list_section(section.clone(), one, read).next().await?;
        Some(first.map(|_| Listed::Folder(name)))
    }

    /// Every entry below the prefix within one section, expired ones too.
    pub(super) async fn read_prefix(
        &self,
        section: &Section,
        prefix: &Prefix,
    ) -> Result<Vec<crate::model::Entry>> {
        let first = if section.is_root() {
            "/"
        } else {
            prefix.with_slash()
        };
        let query = || {
            self.client
                .query()
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":pk", s(section.as_str()))
                .expression_attribute_values(":prefix", s(first))
        };
        let mut pages = self.pages(query, Consistency::Strong, section.as_str(), |_| None);
        let mut entries = Vec::new();
        while let Some(page) = pages.try_next().await? {
            for item in &page.items {
                entries.push(items::to_entry(item)?);
            }
        }
        Ok(entries)
    }

    /// The ids of the heads of these sections.
    pub(super) fn head_ids(sections: &[Section]) -> Vec<Item> {
        sections
            .iter()
            .map(|section| id(section.as_str(), item::HEAD))
            .collect()
    }
}
