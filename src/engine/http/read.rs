use std::collections::BTreeMap;

use async_stream::try_stream;
use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream::{self, BoxStream};

use super::api_client::{ApiClient, ReadFailure};
use super::call::ApiCall;
use crate::model::StoreStatus;
use crate::model::{BadSection, Change, Entry, Head, Key, Prefix, Revision, Section};
use crate::store::{Consistency, Heads, Result, Snapshot, StoreError};
use crate::wire;

/// How many requests go side by side.
pub(super) const SIDE_BY_SIDE: usize = 8;

impl ApiClient {
    pub(super) async fn entry(&self, key: &Key, read: Consistency) -> Result<Option<Entry>> {
        let call = ApiCall::of_key("GET", "/keys", key).stored().fresh(read);
        match self.try_fetch::<wire::StoredKeyAnswer>(&call).await {
            Ok(answer) => {
                let entry = self.entry_of(&call, answer.node)?;
                self.check_is_of(&call, &entry.key, entry.key == *key)?;
                Ok(Some(entry))
            }
            Err(ReadFailure::Problem(problem)) if problem.code == Some(wire::ProblemCode::NoKey) => Ok(None),
            Err(refused) => Err(self.explain_read_failure(&call, refused)),
        }
    }

    pub(super) fn entry_of(&self, call: &ApiCall, node: wire::StoredNode) -> Result<Entry> {
        Entry::try_from(node).map_err(|error| self.explain_content(call, &error))
    }

    fn change_of(&self, call: &ApiCall, line: wire::StoredChange) -> Result<Change> {
        Change::try_from(line).map_err(|error| self.explain_content(call, &error))
    }

    pub(super) fn heads_from(&self, call: &ApiCall, heads: Vec<wire::SectionHead>) -> Result<Vec<Head>> {
        let head = |head| Head::try_from(head).map_err(|error| self.explain_content(call, &error));
        heads.into_iter().map(head).collect()
    }

    /// Refuses a key that lies outside the part of the config that was requested.
    pub(super) fn check_is_of(&self, call: &ApiCall, key: &Key, is_asked_for: bool) -> Result<()> {
        if is_asked_for {
            return Ok(());
        }
        Err(self.explain_content(call, &format!("unexpected key {key}")))
    }

    pub(super) async fn snapshot_of(&self, prefixes: &[Prefix], except: &[Section]) -> Result<Snapshot> {
        let call = match prefixes {
            [] => return Ok(Snapshot::default()),
            [one] if !one.is_all() => ApiCall::of_prefix("GET", "/snapshot", one),
            several => several
                .iter()
                .fold(ApiCall::of_config("GET", "/snapshot"), |call, prefix| {
                    call.query("prefix", prefix)
                }),
        };
        let call = call.stored();
        let answer: wire::SnapshotResponse<wire::StoredNode> = self.fetch(&call).await?;
        check_readable(answer.bad, except)?;
        let entries = answer.nodes.into_iter().map(|node| self.entry_of(&call, node));
        let mut snapshot = Snapshot {
            heads: self.heads_from(&call, answer.sections)?,
            entries: entries.collect::<Result<_>>()?,
        };
        for Entry { key, .. } in &snapshot.entries {
            self.check_is_of(&call, key, prefixes.iter().any(|prefix| prefix.holds(key)))?;
        }
        if !except.is_empty() {
            snapshot.heads.retain(|head| !except.contains(&head.section));
            snapshot
                .entries
                .retain(|entry| !except.contains(&entry.key.section()));
        }
        Ok(snapshot)
    }

    pub(super) async fn heads_of(&self, of: Heads) -> Result<Vec<Head>> {
        let mut sections = match of {
            Heads::All => return self.all_heads(&[]).await,
            Heads::AllBut(except) => return self.all_heads(&except).await,
            Heads::Of(sections) => sections,
        };
        sections.sort();
        sections.dedup();
        let mut known: BTreeMap<Section, Head> = BTreeMap::new();
        if sections.len() > 1 {
            let (all, _) = self.heads_and_bad().await?;
            known.extend(all.into_iter().map(|head| (head.section.clone(), head)));
        }
        // A caller that may not see a section finds it in no list, and is to get the refusal.
        let absent = sections.iter().filter(|section| !known.contains_key(section));
        let looks: Vec<_> = absent.map(|section| self.head_of(section)).collect();
        let singly: Vec<_> = stream::iter(looks).buffered(SIDE_BY_SIDE).try_collect().await?;
        known.extend(
            singly
                .into_iter()
                .flatten()
                .map(|head| (head.section.clone(), head)),
        );
        known.retain(|section, _| sections.binary_search(section).is_ok());
        Ok(known.into_values().collect())
    }

    async fn all_heads(&self, except: &[Section]) -> Result<Vec<Head>> {
        let (mut heads, bad) = self.heads_and_bad().await?;
        check_readable(bad, except)?;
        heads.retain(|head| !except.contains(&head.section));
        Ok(heads)
    }

    async fn heads_and_bad(&self) -> Result<(Vec<Head>, Vec<BadSection>)> {
        let call = ApiCall::of_config("GET", "/heads");
        let answer: wire::HeadsAnswer = self.fetch(&call).await?;
        Ok((self.heads_from(&call, answer.sections)?, answer.bad))
    }

    async fn head_of(&self, section: &Section) -> Result<Option<Head>> {
        let call = ApiCall::of_section("GET", "/heads", section);
        let answer: wire::HeadsAnswer = self.fetch(&call).await?;
        check_readable(answer.bad, &[])?;
        let heads = self.heads_from(&call, answer.sections)?;
        Ok(heads.into_iter().find(|head| head.section == *section))
    }

    pub(super) fn changes(&self, section: Section, after: Revision) -> BoxStream<'_, Result<Change>> {
        try_stream! {
            let mut after = after;
            loop {
                let call = ApiCall::of_section("GET", "/changes", &section)
                    .query("after", &after)
                    .stored();
                let page: wire::ChangesAnswer<wire::StoredChange> = self.fetch(&call).await?;
                let is_last = !page.more || page.after <= after;
                after = page.after;
                for line in page.changes {
                    let line = self.change_of(&call, line)?;
                    self.check_is_of(&call, &line.key, line.key.section() == section)?;
                    yield line;
                }
                if is_last {
                    break;
                }
            }
        }
        .boxed()
    }

    pub(super) fn history(
        &self,
        section: Section,
        key: Option<Key>,
        before: Option<Revision>,
    ) -> BoxStream<'_, Result<Change>> {
        // Nothing is older than the first revision.
        if before.is_some_and(|before| before <= Revision::ZERO.next()) {
            return stream::empty().boxed();
        }
        try_stream! {
            let mut before = before;
            loop {
                let call = match &key {
                    Some(key) => ApiCall::of_key("GET", "/history", key),
                    None => ApiCall::of_section("GET", "/history", &section),
                };
                let mut call = call.stored();
                if let Some(before) = before {
                    call = call.query("before", &before);
                }
                let page: wire::KeyHistoryAnswer<wire::StoredChange> = self.fetch(&call).await?;
                let goes_on = page.before.is_some_and(|next| before.is_none_or(|before| next < before));
                before = page.before;
                for line in page.changes {
                    let line = self.change_of(&call, line)?;
                    let is_asked_for = match &key {
                        Some(key) => line.key == *key,
                        None => line.key.section() == section,
                    };
                    self.check_is_of(&call, &line.key, is_asked_for)?;
                    yield line;
                }
                if !goes_on {
                    break;
                }
            }
        }
        .boxed()
    }

    pub(super) async fn status(&self) -> Result<StoreStatus> {
        let call = ApiCall::of_config("GET", "/info");
        let answer: wire::StateAnswer = self.fetch(&call).await?;
        Ok(StoreStatus::from_word(&answer.state))
    }
}

/// Fails where a section can't be read that isn't left out.
pub(super) fn check_readable(bad: Vec<BadSection>, except: &[Section]) -> Result<()> {
    match bad.into_iter().find(|bad| !except.contains(&bad.section)) {
        None => Ok(()),
        Some(bad) => Err(StoreError::Corrupt {
            section: Some(bad.section),
            what: bad.problem,
            source: None,
        }),
    }
}
