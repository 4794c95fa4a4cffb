use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use tokio::select;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::definition::{Start, Watch};
use super::event::Event;
use super::expiries::Expiries;
use super::section::{BAD_FOR, section_now};
use crate::model::{BadSection, Change, Clock, Jitter, Key, Prefix, Revision, Section, Span, Timestamp};
use crate::ops::{OpsError, OpsResult, readable_snapshot};
use crate::store::{
    AfterLog, Consistency, Cursor, Deadline, Heads, Snapshot, Store, StoreError, Taken, UnreadableSections,
    WatchMachine, followed,
};

/// A watch under way: it does what a [`WatchMachine`] wants next, and expects expiries.
pub(super) struct WatchFollower<'s> {
    store: &'s dyn Store,
    prefix: Prefix,
    interval: Duration,
    clock: Arc<dyn Clock>,
    nudge: Option<Arc<Notify>>,
    machine: WatchMachine,
    began: Instant,
    expiries: Expiries,
    /// What is delivered next.
    ready: VecDeque<Event>,
    /// The sections that couldn't be read, and when that was last tried. The cursor leaves them out.
    bad: BTreeMap<Section, Instant>,
    /// The sections that are being read to start over. The cursor leaves them out, and others go on meanwhile: a writer
    /// of one section can make its reading last as long as missing lines are waited for.
    lost: FuturesUnordered<BoxFuture<'s, (Section, Result<Snapshot, StoreError>)>>,
    /// Whether something was delivered since [`Event::Current`] was.
    news: bool,
}

/// What is there of what is watched, and of everything the sections that can't be read.
async fn now(
    store: &dyn Store,
    prefix: &Prefix,
    section: Option<&Section>,
) -> Result<(Snapshot, Vec<BadSection>), StoreError> {
    let prefixes = std::slice::from_ref(prefix);
    match section {
        None => readable_snapshot(store, prefixes).await,
        Some(root) if root.is_root() => Ok((section_now(store, root).await?, Vec::new())),
        Some(_) => Ok((store.snapshot(prefixes).await?, Vec::new())),
    }
}

/// What is there of a section that a watch of that prefix starts over.
async fn read_section(
    store: &dyn Store,
    prefix: Prefix,
    section: Section,
) -> (Section, Result<Snapshot, StoreError>) {
    let prefix = match prefix.section() {
        Some(_) => prefix,
        None => Prefix::from(&section),
    };
    let read = if section.is_root() {
        section_now(store, &section).await
    } else {
        store.snapshot(&[prefix]).await
    };
    (section, read)
}

impl<'s> WatchFollower<'s> {
    /// Finds the place to begin at.
    pub(super) async fn begin(store: &'s dyn Store, watch: Watch) -> OpsResult<Self> {
        let Watch {
            prefix,
            section,
            start,
            interval,
            clock,
            nudge,
        } = watch;
        let own = prefix.section().or(section);
        let ((snapshot, bad), after) = match start {
            Start::Snapshot(snapshot) => ((snapshot, Vec::new()), BTreeMap::new()),
            Start::Now => (now(store, &prefix, own.as_ref()).await?, BTreeMap::new()),
            Start::After(after) => {
                if let Some(section) = after
                    .keys()
                    .find(|&given| own.as_ref().is_some_and(|own| own != given))
                {
                    return Err(OpsError::Unwatched {
                        section: section.clone(),
                        prefix,
                    });
                }
                (now(store, &prefix, own.as_ref()).await?, after)
            }
        };
        let heads = snapshot.heads.iter();
        let mut seen: BTreeMap<Section, Revision> =
            heads.map(|head| (head.section.clone(), head.revision)).collect();
        if let Some(section) = &own {
            seen.retain(|other, _| other == section);
            seen.entry(section.clone()).or_default();
        }
        for (section, after) in after {
            let head = seen.get(&section).copied().unwrap_or_default();
            if after > head {
                return Err(OpsError::Ahead { section, after, head });
            }
            seen.insert(section, after);
        }
        let mut expiries = Expiries::default();
        let is_own = |key: &Key| own.as_ref().is_none_or(|own| key.section() == *own);
        let entries = snapshot.entries.iter();
        let below = entries.filter(|entry| prefix.holds(&entry.key) && is_own(&entry.key));
        below.for_each(|entry| expiries.expect(entry));
        let mut follower = Self {
            store,
            machine: WatchMachine::new(Cursor {
                seen,
                whole: own.is_none(),
                except: Vec::new(),
            }),
            began: Instant::now(),
            prefix,
            interval: Span::bounded(interval),
            clock,
            nudge,
            expiries,
            ready: VecDeque::new(),
            bad: BTreeMap::new(),
            lost: FuturesUnordered::new(),
            news: true,
        };
        for bad in bad {
            follower.leave_out(bad);
        }
        Ok(follower)
    }

    /// The next event. An error leaves everything where it was: the next call goes on from there.
    pub(super) async fn next(&mut self) -> Result<Event, StoreError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            match self.step().await {
                Ok(None) => {}
                Ok(Some(event)) => return Ok(event),
                Err(error) if self.machine.cursor().whole => {
                    let mut left_out = UnreadableSections::default();
                    left_out.take(error)?;
                    for bad in left_out.into_bad() {
                        self.leave_out(bad);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Event>, StoreError> {
        if let Some(Some((section, read))) = self.lost.next().now_or_never() {
            self.start_over(section, read)?;
        } else if let Some((section, after)) = self.machine.next_log() {
            self.read_log(section, after).await?;
        } else if let Some(key) = self.due() {
            self.settle(key).await?;
        } else if self.news && !self.machine.waits_for_lines() && self.lost.is_empty() {
            self.news = false;
            return Ok(Some(Event::Current));
        } else {
            self.retry_bad();
            self.look().await?;
            // A look that finds nothing is reported, too: everything is known to be as it was.
            self.news = true;
        }
        Ok(None)
    }

    /// Goes on without a section.
    fn leave_out(&mut self, bad: BadSection) {
        let section = bad.section.clone();
        self.machine.leave_out(section.clone());
        self.expiries.forget_section(&section);
        if self.bad.insert(section, Instant::now()).is_none() {
            self.deliver(Event::Bad(bad));
        }
    }

    /// Tries the sections again that couldn't be read.
    fn retry_bad(&mut self) {
        let due = self.bad.iter().filter(|(_, since)| since.elapsed() >= BAD_FOR);
        let due: Vec<Section> = due.map(|(section, _)| section.clone()).collect();
        for section in due {
            self.bad.insert(section.clone(), Instant::now());
            self.read_again(section);
        }
    }

    fn deliver(&mut self, event: Event) {
        self.news = true;
        self.ready.push_back(event);
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let mut within = Jitter::Tenth.draw(self.interval);
        if let Some((at, _)) = self.expiries.first() {
            let left = at.epoch().saturating_sub(self.clock.now().epoch());
            within = within.min(Duration::from_secs(u64::try_from(left).unwrap_or_default()));
        }
        let deadline = Deadline {
            within,
            interval: within,
        };
        let nudged = async {
            match &self.nudge {
                Some(nudge) => nudge.notified().await,
                None => std::future::pending().await,
            }
        };
        let heads = select! {
            heads = self.store.wait(self.machine.cursor(), deadline) => heads?,
            // What was committed just now, an eventual read may miss.
            () = nudged => self.store.heads(self.machine.cursor().heads()).await?,
            Some((section, read)) = self.lost.next() => return self.start_over(section, read),
        };
        self.machine.take_heads(heads);
        // An engine may answer without ever waiting, and nothing else of this task need wait either.
        yield_now().await;
        Ok(())
    }

    /// Delivers the log on from where it was read to, up to the head or a gap.
    async fn read_log(&mut self, section: Section, after: Revision) -> Result<(), StoreError> {
        let mut lines = self.store.changes(&section, after);
        let error = loop {
            let line = match lines
                .try_next()
                .await
                .and_then(|line| line.map(followed).transpose())
            {
                Ok(Some(line)) => line,
                Ok(None) => break None,
                Err(error) => break Some(error),
            };
            match self.machine.take_line(line) {
                Taken::Part => {}
                Taken::Whole(commit) => self.take(commit),
                Taken::Last(commit) => {
                    self.take(commit);
                    break None;
                }
                Taken::Gap => break None,
            }
        };
        match (self.machine.end_log(error.as_ref(), self.began.elapsed()), error) {
            (AfterLog::Resync, _) if self.machine.cursor().whole => {
                self.machine.leave_out(section.clone());
                self.read_again(section);
                Ok(())
            }
            (AfterLog::Resync, _) => {
                let (section, read) = read_section(self.store, self.prefix.clone(), section).await;
                self.start_over(section, read)
            }
            (AfterLog::Fail, Some(error)) => Err(error),
            (AfterLog::Pause(longest), _) => {
                sleep(Jitter::HalfShorter.draw(longest)).await;
                Ok(())
            }
            (AfterLog::GoOn | AfterLog::Fail, _) => Ok(()),
        }
    }

    /// Takes the lines of one commit.
    fn take(&mut self, mut lines: Vec<Change>) {
        lines.retain(|line| self.prefix.holds(&line.key));
        if lines.is_empty() {
            return;
        }
        for line in &lines {
            self.expiries.follow(line);
        }
        self.deliver(Event::Commit(lines));
    }

    /// Reads a section that the cursor leaves out, to start it over.
    fn read_again(&mut self, section: Section) {
        self.expiries.forget_section(&section);
        let reading = read_section(self.store, self.prefix.clone(), section);
        self.lost.push(reading.boxed());
    }

    /// Starts a section over from what is there, or leaves it out if it can't be read.
    fn start_over(&mut self, section: Section, read: Result<Snapshot, StoreError>) -> Result<(), StoreError> {
        let snapshot = match read {
            Ok(snapshot) => snapshot,
            Err(error) if self.machine.cursor().whole => {
                let mut left_out = UnreadableSections::default();
                if let Err(error) = left_out.take(error) {
                    self.read_again(section);
                    return Err(error);
                }
                for bad in left_out.into_bad() {
                    self.leave_out(bad);
                }
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let head = snapshot.heads.iter().find(|head| head.section == section);
        let revision = head.map_or(Revision::ZERO, |head| head.revision);
        let mut entries = snapshot.entries;
        entries.retain(|entry| entry.key.section() == section);
        self.expiries.forget_section(&section);
        for entry in &entries {
            self.expiries.expect(entry);
        }
        self.bad.remove(&section);
        self.machine.start_over(section.clone(), revision);
        self.deliver(Event::Resync {
            section,
            revision,
            entries,
        });
        Ok(())
    }

    fn due(&self) -> Option<Key> {
        let (at, key) = self.expiries.first()?;
        (at <= self.clock.now()).then(|| key.clone())
    }

    /// Finds out what became of an entry whose time has come.
    async fn settle(&mut self, key: Key) -> Result<(), StoreError> {
        if let Some(entry) = self.store.get(&key, Consistency::Strong).await? {
            match entry.expires {
                // It was renewed, or the store's clock is behind this one.
                Some(at) => {
                    let soon = Timestamp::from_epoch(self.clock.now().epoch() + 1);
                    self.expiries.put_off(&key, at.max(soon));
                }
                None => drop(self.expiries.forget(&key)),
            }
            return Ok(());
        }
        let section = key.section();
        let heads = self.store.heads(Heads::Of(vec![section.clone()])).await?;
        if heads
            .first()
            .is_some_and(|head| head.revision > self.machine.seen(&section))
        {
            // The log may say that it was deleted.
            self.machine.take_heads(heads);
        } else if let Some(expiry) = self.expiries.forget(&key) {
            self.deliver(Event::Expire {
                key,
                at: expiry.at,
                version: expiry.version,
                revision: expiry.revision,
            });
        }
        Ok(())
    }
}
