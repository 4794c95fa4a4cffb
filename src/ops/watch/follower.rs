use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use tokio::select;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::expiries::Expiries;
use super::{BAD_FOR, Event, Start, Watch, section_now};
use crate::model::{BadSection, Change, Clock, Key, Prefix, Revision, Section, Timestamp};
use crate::ops::{OpsError, Result, readable_snapshot};
use crate::store::{Consistency, Cursor, Deadline, Heads, LeftOut, Snapshot, Store, StoreError};

/// Lines of a commit become visible within moments. What is missing longer than this is taken for lost.
const LOST_AFTER: Duration = Duration::from_mins(1);
/// The pause before a gap is read again for the first time; it doubles up to [`LONGEST_GAP_PAUSE`].
const GAP_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_GAP_PAUSE: Duration = Duration::from_secs(1);
/// After this many lines, or bytes, of one section what was read is told before more is.
const ENOUGH_LINES: usize = 500;
const ENOUGH_BYTES: usize = 4 * 1024 * 1024;

/// How far a watch has come.
pub(super) struct Follower<'s> {
    store: &'s dyn Store,
    prefix: Prefix,
    interval: Duration,
    clock: Arc<dyn Clock>,
    nudge: Option<Arc<Notify>>,
    cursor: Cursor,
    expiries: Expiries,
    /// What is to be told next.
    ready: VecDeque<Event>,
    /// The sections whose log is to be read, and up to where at least.
    moved: BTreeMap<Section, Revision>,
    /// The sections whose log ends before their head.
    gaps: BTreeMap<Section, Gap>,
    /// The sections that couldn't be read, and when that was last tried. The cursor leaves them out.
    bad: BTreeMap<Section, Instant>,
    /// Whether something was told since [`Event::Current`] was.
    news: bool,
}

struct Gap {
    since: Instant,
    looks: u32,
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

impl<'s> Follower<'s> {
    /// Finds the place to begin at.
    pub(super) async fn begin(store: &'s dyn Store, watch: Watch) -> Result<Self> {
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
            cursor: Cursor {
                seen,
                whole: own.is_none(),
                except: Vec::new(),
            },
            prefix,
            interval,
            clock,
            nudge,
            expiries,
            ready: VecDeque::new(),
            moved: BTreeMap::new(),
            gaps: BTreeMap::new(),
            bad: BTreeMap::new(),
            news: true,
        };
        for bad in bad {
            follower.leave_out(bad);
        }
        Ok(follower)
    }

    /// What is to be told next. An error leaves everything where it was: the next call goes on from there.
    pub(super) async fn next(&mut self) -> Result<Event, StoreError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            match self.step().await {
                Ok(None) => {}
                Ok(Some(event)) => return Ok(event),
                Err(error) if self.cursor.whole => {
                    let mut left_out = LeftOut::default();
                    left_out.take(error)?;
                    left_out
                        .into_bad()
                        .into_iter()
                        .for_each(|bad| self.leave_out(bad));
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Event>, StoreError> {
        if let Some((section, head)) = self.moved.pop_first() {
            self.read_log(section, head).await?;
        } else if let Some(key) = self.due() {
            self.settle(key).await?;
        } else if self.news && self.gaps.is_empty() {
            self.news = false;
            return Ok(Some(Event::Current));
        } else {
            self.retry_bad().await?;
            self.look().await?;
            // A look that finds nothing is told, too: all is known to be as it was.
            self.news = true;
        }
        Ok(None)
    }

    /// Goes on without a section.
    fn leave_out(&mut self, bad: BadSection) {
        let section = bad.section.clone();
        self.moved.remove(&section);
        self.gaps.remove(&section);
        self.expiries.forget_section(&section);
        self.cursor.except.push(section.clone());
        if self.bad.insert(section, Instant::now()).is_none() {
            self.tell(Event::Bad(bad));
        }
    }

    /// Tries the sections again that couldn't be read.
    async fn retry_bad(&mut self) -> Result<(), StoreError> {
        let due = self.bad.iter().filter(|(_, since)| since.elapsed() >= BAD_FOR);
        let due: Vec<Section> = due.map(|(section, _)| section.clone()).collect();
        for section in due {
            self.cursor.except.retain(|left_out| *left_out != section);
            self.resync(section.clone()).await?;
            self.bad.remove(&section);
        }
        Ok(())
    }

    fn seen(&self, section: &Section) -> Revision {
        self.cursor.seen.get(section).copied().unwrap_or_default()
    }

    fn tell(&mut self, event: Event) {
        self.news = true;
        self.ready.push_back(event);
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let mut within = self.interval.mul_f64(0.9 + 0.2 * fastrand::f64());
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
            heads = self.store.wait(&self.cursor, deadline) => heads?,
            // What was committed just now, an eventual read may miss.
            () = nudged => self.store.heads(self.cursor.heads()).await?,
        };
        for head in heads {
            if head.revision > self.seen(&head.section) {
                self.moved.insert(head.section, head.revision);
            }
        }
        Ok(())
    }

    /// Tells the log on from where it was read to, whole revisions without a gap. It ends at the head or before a gap:
    /// what is behind one may be visible before what is in it.
    async fn read_log(&mut self, section: Section, head: Revision) -> Result<(), StoreError> {
        let first = self.seen(&section);
        let (mut seen, mut lines_read, mut bytes_read) = (first, 0, 0);
        let mut revision: Vec<Change> = Vec::new();
        let mut lines = self.store.changes(&section, first);
        let broken = loop {
            let line = match lines.try_next().await {
                Ok(Some(line)) => line,
                Ok(None) => break None,
                Err(error) => break Some(error),
            };
            if line.revision != seen.next() || line.index as usize != revision.len() {
                break None;
            }
            let of = line.of as usize;
            bytes_read += line.bytes();
            revision.push(line);
            if revision.len() < of {
                continue;
            }
            lines_read += of;
            seen = seen.next();
            self.cursor.seen.insert(section.clone(), seen);
            self.take(std::mem::take(&mut revision));
            if lines_read >= ENOUGH_LINES || bytes_read >= ENOUGH_BYTES {
                break None;
            }
        };
        if seen > first {
            self.gaps.remove(&section);
            // What broke it off comes again where it is still so.
            if seen < head {
                self.moved.insert(section, head);
            }
            return Ok(());
        }
        match broken {
            // Of a revision with a line that can't be read nothing can be told.
            Some(StoreError::Compacted { .. } | StoreError::Corrupt { .. }) => self.resync(section).await,
            Some(error) => Err(error),
            None if seen < head => self.wait_for_gap(section).await,
            None => Ok(()),
        }
    }

    /// Takes in one revision.
    fn take(&mut self, mut lines: Vec<Change>) {
        lines.retain(|line| self.prefix.holds(&line.key));
        if lines.is_empty() {
            return;
        }
        for line in &lines {
            self.expiries.follow(line);
        }
        self.tell(Event::Commit(lines));
    }

    async fn wait_for_gap(&mut self, section: Section) -> Result<(), StoreError> {
        let gap = self.gaps.entry(section.clone()).or_insert_with(|| Gap {
            since: Instant::now(),
            looks: 0,
        });
        if gap.since.elapsed() >= LOST_AFTER {
            return self.resync(section).await;
        }
        let pause = GAP_PAUSE * 2_u32.saturating_pow(gap.looks.min(8));
        gap.looks += 1;
        sleep(pause.min(LONGEST_GAP_PAUSE).mul_f64(0.5 + 0.5 * fastrand::f64())).await;
        Ok(())
    }

    /// Begins anew at what is there.
    async fn resync(&mut self, section: Section) -> Result<(), StoreError> {
        let prefix = match self.prefix.section() {
            Some(_) => self.prefix.clone(),
            None => Prefix::from(&section),
        };
        let snapshot = if section.is_root() {
            section_now(self.store, &section).await?
        } else {
            self.store.snapshot(&[prefix]).await?
        };
        let head = snapshot.heads.iter().find(|head| head.section == section);
        let revision = head.map_or(Revision::ZERO, |head| head.revision);
        let mut entries = snapshot.entries;
        entries.retain(|entry| entry.key.section() == section);
        self.expiries.forget_section(&section);
        for entry in &entries {
            self.expiries.expect(entry);
        }
        self.gaps.remove(&section);
        self.cursor.seen.insert(section.clone(), revision);
        self.tell(Event::Resync {
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
        let head = heads.first().map_or(Revision::ZERO, |head| head.revision);
        if head > self.seen(&section) {
            // The log may tell that it was deleted.
            self.moved.insert(section, head);
        } else if let Some(expiry) = self.expiries.forget(&key) {
            self.tell(Event::Expire {
                key,
                at: expiry.at,
                version: expiry.version,
                revision: expiry.revision,
            });
        }
        Ok(())
    }
}
