use std::time::Duration;

use crate::model::{BadSection, Change, Entry, Key, Revision, Section, Timestamp};
use crate::store::StoreError;

/// An event of a watch.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A commit: its lines of one section that lie below the prefix. Of each section in order, every one once. Its
    /// revision is the one to watch after to go on from here.
    Commit(Vec<Change>),
    /// An entry's time to live ran out. That is in no log: the event comes some time after, in no order with
    /// commits, and not where nobody watched at the time.
    Expire {
        /// The key.
        key: Key,
        /// When it was to cease to be, as far as the watch knew: a renewal just before leaves no trace.
        at: Timestamp,
        /// The version that it had.
        version: u64,
        /// The revision that had written it.
        revision: Revision,
    },
    /// The log no longer tells how the section came to be what it is: here is what it is. Keys below the prefix that
    /// aren't in it are gone.
    Resync {
        /// The section.
        section: Section,
        /// Where it stands.
        revision: Revision,
        /// All its entries below the prefix, ordered by key.
        entries: Vec<Entry>,
    },
    /// A section can't be read: something in it isn't what discfg writes. The watch of everything goes on without it, and
    /// tells its [`Event::Resync`] when it can be read again, which is tried once a minute. A watch of that section alone
    /// ends with the error.
    Bad(BadSection),
    /// All that the last look showed has been delivered. The first event of every watch, and one after each look.
    Current,
    /// The store fails for the moment. The watch goes on by itself after the pause, and loses nothing.
    Retry {
        /// Why.
        error: StoreError,
        /// How long it waits.
        pause: Duration,
    },
}
