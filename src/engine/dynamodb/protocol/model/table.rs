//! A table as DynamoDB has it.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::dynamodb::protocol::{
    CommitBasis, CommitRecord, EntryAsRead, FoundItem, LogRange, RecordPlace, SectionList, TableAction,
    TouchAnswer, TouchRequest, Transaction,
};
use crate::model::{Change, Entry, Head, Key, Prefix, Revision, Section, Timestamp};
use crate::store::{CommitState, Decision, Result, Txn, decide};

/// When everything in a model happens.
pub(super) const NOW: Timestamp = Timestamp::from_epoch(1000);
/// Long before: whatever was made then is visible.
pub(super) const LONG_AGO: Timestamp = Timestamp::from_epoch(0);

/// Where an item lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Entry(Key),
    Head(Section),
    Line(Section, Revision, u32),
    Listed(Section),
    Count,
    Record(RecordPlace),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Item {
    Entry(Entry),
    Head(Head),
    Line(Box<Change>),
    Listed(Section),
    Count(usize),
    Record(CommitRecord),
}

/// A plain read of what lies together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Ask {
    Items(Vec<Place>),
    Entries(Section, Prefix),
    /// The lines of sections, each after the first revision up to the second.
    Lines(Vec<(Section, (Revision, Revision))>),
    /// The newest lines of a range, back to the first that is older.
    Newest(LogRange, Timestamp),
    List,
    /// These in one transaction.
    Together(Vec<Place>),
}

impl Ask {
    fn holds(&self, place: &Place) -> bool {
        match (self, place) {
            (Self::Items(places) | Self::Together(places), place) => places.contains(place),
            (Self::Entries(_, prefix), Place::Entry(key)) => prefix.holds(key),
            (Self::Lines(of), Place::Line(section, at, _)) => of
                .iter()
                .any(|(of, (after, last))| of == section && after < at && at <= last),
            (Self::Newest(range, _), Place::Line(section, at, _)) => {
                range.section == *section && *at <= range.upto
            }
            (Self::List, Place::Listed(_)) => true,
            _ => false,
        }
    }
}

/// The items. Which of those of a transaction are visible is told when somebody looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Table {
    items: BTreeMap<Place, Item>,
    /// What plain reads still see of items that a transaction has written.
    before: BTreeMap<Place, Option<Item>>,
}

impl Table {
    /// A table in which these commits were made long ago, one after another.
    pub(super) fn of(txns: &[Txn]) -> Self {
        let mut table = Self::default();
        table.items.insert(Place::Count, Item::Count(0));
        for txn in txns {
            let transaction = table.decided(txn, LONG_AGO).expect("a commit");
            table.write(&transaction).expect("a commit");
            table.settle();
        }
        table
    }

    /// Everything becomes visible.
    pub(super) fn settle(&mut self) {
        self.before.clear();
    }

    /// Whether every item is visible.
    pub(super) fn is_settled(&self) -> bool {
        self.before.is_empty()
    }

    /// Removes the log of a section.
    pub(super) fn forget(&mut self, of: &Section) {
        self.items
            .retain(|place, _| !matches!(place, Place::Line(section, ..) if section == of));
    }

    /// What the commit would do as the table stands.
    pub(super) fn decide(&self, txn: &Txn, now: Timestamp) -> Result<Decision> {
        let read = self.read_all(now);
        decide(
            txn,
            &CommitState {
                entries: &read.entries,
                heads: &read.heads,
                now,
                by: "",
            },
        )
    }

    /// The transaction of a commit that is decided on the table as it stands; none where nothing changes.
    pub(super) fn decided(&self, txn: &Txn, now: Timestamp) -> Option<Transaction> {
        let decision = self.decide(txn, now).ok()?;
        let commits = [(txn, &decision)];
        let list = SectionList::default();
        Some(Transaction::build(&commits, &self.read_all(now), Some(&list)))
            .filter(|_| !decision.changes.is_empty())
    }

    fn read_all(&self, now: Timestamp) -> CommitBasis {
        let mut read = CommitBasis::at(now);
        for item in self.items.values() {
            match item {
                Item::Entry(entry) => drop(read.entries.insert(entry.key.clone(), entry.clone())),
                Item::Head(head) => drop(read.heads.insert(head.section.clone(), head.clone())),
                _ => {}
            }
        }
        read
    }

    /// The items of that read that are half visible: whether each is seen is open.
    pub(super) fn open(&self, ask: &Ask) -> Vec<Place> {
        let open = self.before.keys().filter(|place| ask.holds(place));
        open.cloned().collect()
    }

    /// A plain read that sees those of the half visible items whose bits are set; from then on everybody does.
    pub(super) fn read(&mut self, ask: &Ask, seen: u32) -> Vec<Item> {
        for (bit, place) in self.open(ask).iter().enumerate() {
            if seen & (1 << bit) != 0 {
                self.before.remove(place);
            }
        }
        let places: BTreeSet<&Place> = self.items.keys().chain(self.before.keys()).collect();
        let items = places
            .into_iter()
            .filter(|place| ask.holds(place))
            .filter_map(|place| match self.before.get(place) {
                Some(before) => before.clone(),
                None => self.items.get(place).cloned(),
            });
        match ask {
            Ask::Newest(range, settled) => newest(items, range, *settled),
            _ => items.collect(),
        }
    }

    /// The items of the transaction that are half visible. It waits until they are visible.
    pub(super) fn open_to(&self, transaction: &Transaction) -> Vec<Place> {
        let places = transaction.actions.iter().map(place_of);
        places.filter(|place| self.before.contains_key(place)).collect()
    }

    /// Makes a transaction, or gives what its actions found where a condition fails.
    pub(super) fn write(&mut self, transaction: &Transaction) -> std::result::Result<(), Vec<FoundItem>> {
        for place in self.open_to(transaction) {
            self.before.remove(&place);
        }
        let found: Vec<FoundItem> = transaction.actions.iter().map(|a| self.found(a)).collect();
        if found.iter().any(|found| *found != FoundItem::AsRead) {
            return Err(found);
        }
        for action in &transaction.actions {
            let place = place_of(action);
            let before = self.items.get(&place).cloned();
            let after = after(action, before.as_ref());
            if matches!(
                action,
                TableAction::CheckEntry { .. } | TableAction::CheckHead { .. }
            ) {
                continue;
            }
            match after {
                Some(item) => self.items.insert(place.clone(), item),
                None => self.items.remove(&place),
            };
            self.before.insert(place, before);
        }
        Ok(())
    }

    /// Updates when an entry expires, or gives what the update's condition fails on.
    pub(super) fn touch(&mut self, key: &Key, request: &TouchRequest, now: Timestamp) -> TouchAnswer {
        let place = Place::Entry(key.clone());
        self.before.remove(&place);
        let there = self.items.get(&place).cloned();
        let Some(Item::Entry(mut entry)) = there.clone() else {
            return TouchAnswer::Found(None, now);
        };
        let expires = match request {
            TouchRequest::Read | TouchRequest::ReadTogether => None,
            TouchRequest::Renew { now, ttl } => {
                let ttl = ttl.or(entry.ttl).filter(|_| entry.is_live(now.earliest));
                ttl.map(|ttl| now.latest.expiry_after(ttl))
            }
            TouchRequest::Set { was, expires, .. } => {
                Some(*expires).filter(|_| *was == as_read(there.as_ref()))
            }
        };
        let Some(expires) = expires else {
            return TouchAnswer::Found(Some(Box::new(entry)), now);
        };
        entry.expires = Some(expires);
        self.items.insert(place, Item::Entry(entry.clone()));
        TouchAnswer::Renewed(Box::new(entry))
    }

    /// What is there of a place, visible or not.
    pub(super) fn get(&self, place: &Place) -> Option<&Item> {
        self.items.get(place)
    }

    fn found(&self, action: &TableAction) -> FoundItem {
        let there = self.items.get(&place_of(action));
        let holds = match (action, there) {
            (
                TableAction::PutEntry { was, .. }
                | TableAction::DeleteEntry { was, .. }
                | TableAction::CheckEntry { was, .. },
                there,
            ) => *was == as_read(there),
            (TableAction::MoveHead { from: was, .. } | TableAction::CheckHead { at: was, .. }, there) => {
                *was == revision_of(there)
            }
            (TableAction::PutLine { .. }, _) => true,
            (TableAction::CountSections { .. }, there) => there.is_some(),
            (
                TableAction::Register { .. } | TableAction::StartCount { .. } | TableAction::PutRecord(_),
                there,
            ) => there.is_none(),
        };
        match there {
            _ if holds => FoundItem::AsRead,
            Some(Item::Entry(entry)) => FoundItem::Entry(Box::new(entry.clone())),
            Some(Item::Head(head)) => FoundItem::Head(head.clone()),
            Some(Item::Record(record)) => FoundItem::Record(record.clone()),
            _ => FoundItem::Other,
        }
    }

    /// The log of a section, visible or not.
    pub(super) fn log(&self, of: &Section) -> impl Iterator<Item = &Change> {
        self.lines().filter(move |line| line.key.section() == *of)
    }

    /// All lines, visible or not.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Change> {
        self.items.values().filter_map(|item| match item {
            Item::Line(line) => Some(&**line),
            _ => None,
        })
    }

    /// Where a section stands.
    pub(super) fn revision(&self, section: &Section) -> Revision {
        revision_of(self.get(&Place::Head(section.clone()))).unwrap_or_default()
    }

    /// The entries that the log of a section leaves at a revision.
    pub(super) fn entries_at(&self, section: &Section, at: Revision) -> BTreeMap<Key, Entry> {
        let mut entries = BTreeMap::new();
        for line in self.log(section).filter(|line| line.revision <= at) {
            match line.entry().expect("nothing is purged here") {
                Some(entry) => entries.insert(line.key.clone(), entry),
                None => entries.remove(&line.key),
            };
        }
        entries
    }
}

/// As the engine reads them: newest first, up to the first that is older than the range needs.
fn newest(lines: impl DoubleEndedIterator<Item = Item>, range: &LogRange, settled: Timestamp) -> Vec<Item> {
    let mut is_over = false;
    let is_needed = |item: &Item| {
        let is_old = matches!(item, Item::Line(line) if line.revision <= range.since && line.at < settled);
        !std::mem::replace(&mut is_over, is_old)
    };
    let mut lines: Vec<Item> = lines.rev().take_while(is_needed).collect();
    lines.reverse();
    lines
}

fn as_read(item: Option<&Item>) -> EntryAsRead {
    match item {
        Some(Item::Entry(entry)) => Some((entry.revision, entry.expires)),
        _ => None,
    }
}

fn revision_of(item: Option<&Item>) -> Option<Revision> {
    match item {
        Some(Item::Head(head)) => Some(head.revision),
        _ => None,
    }
}

fn place_of(action: &TableAction) -> Place {
    match action {
        TableAction::PutEntry { entry, .. } => Place::Entry(entry.key.clone()),
        TableAction::DeleteEntry { key, .. } | TableAction::CheckEntry { key, .. } => {
            Place::Entry(key.clone())
        }
        TableAction::PutLine { line, .. } => Place::Line(line.key.section(), line.revision, line.index),
        TableAction::MoveHead { to, .. } => Place::Head(to.section.clone()),
        TableAction::CheckHead { section, .. } => Place::Head(section.clone()),
        TableAction::Register { section, .. } => Place::Listed(section.clone()),
        TableAction::CountSections { .. } | TableAction::StartCount { .. } => Place::Count,
        TableAction::PutRecord(record) => Place::Record(record.place.clone()),
    }
}

fn after(action: &TableAction, before: Option<&Item>) -> Option<Item> {
    match (action, before) {
        (TableAction::PutEntry { entry, .. }, _) => Some(Item::Entry(entry.clone())),
        (TableAction::PutLine { line, .. }, _) => Some(Item::Line(line.clone())),
        (TableAction::MoveHead { to, .. }, _) => Some(Item::Head(to.clone())),
        (TableAction::Register { section, .. }, _) => Some(Item::Listed(section.clone())),
        (TableAction::CountSections { new }, Some(Item::Count(count))) => Some(Item::Count(count + new)),
        (TableAction::StartCount { sections }, _) => Some(Item::Count(*sections)),
        (TableAction::PutRecord(record), _) => Some(Item::Record(record.clone())),
        _ => None,
    }
}
