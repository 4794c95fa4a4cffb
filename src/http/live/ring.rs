//! The last frames of a feed, which each client reads at its own pace: a client is no more than a number.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::model::{Change, Revision};

/// Beyond either, the oldest is forgotten. The newest is kept whatever its size.
const MOST_FRAMES: usize = 1024;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// One thing that a feed sends.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) content: FrameContent,
    /// As it is sent.
    pub(super) text: Bytes,
}

#[derive(Debug, Clone)]
pub(super) enum FrameContent {
    /// The lines of a revision, of which there is one at least.
    Commit(Arc<[Change]>),
    /// How all is at that revision.
    Resync(Revision),
    /// Something that has no place in the order.
    Aside,
}

impl Frame {
    /// The revision that a client has seen with this.
    pub(super) fn revision(&self) -> Option<Revision> {
        match &self.content {
            FrameContent::Commit(lines) => lines.first().map(|line| line.revision),
            FrameContent::Resync(revision) => Some(*revision),
            FrameContent::Aside => None,
        }
    }

    fn bytes(&self) -> usize {
        let values = match &self.content {
            FrameContent::Commit(lines) => lines.iter().map(Change::bytes).sum(),
            FrameContent::Resync(_) | FrameContent::Aside => 0,
        };
        self.text.len() + values
    }
}

/// Where a client stands who has seen all up to some revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RingPosition {
    /// This is the number of what it gets next.
    At(u64),
    /// What it gets next came before all that is held.
    Before,
}

/// What there is under a number.
#[derive(Debug)]
pub(super) enum RingSlot {
    Frame(Frame),
    /// It has yet to come.
    NotYet,
    /// It was forgotten.
    Gone,
}

#[derive(Debug)]
pub(super) struct Ring {
    frames: VecDeque<Frame>,
    /// The number of the first that is held.
    first: u64,
    bytes: usize,
    /// All after this revision is held.
    floor: Revision,
}

impl Ring {
    /// Nothing, of what begins after that revision.
    pub(super) fn after(floor: Revision) -> Self {
        Self {
            frames: VecDeque::new(),
            first: 0,
            bytes: 0,
            floor,
        }
    }

    pub(super) fn push(&mut self, frame: Frame) {
        self.bytes += frame.bytes();
        self.frames.push_back(frame);
        while self.frames.len() > 1 && (self.frames.len() > MOST_FRAMES || self.bytes > MOST_BYTES) {
            let Some(oldest) = self.frames.pop_front() else {
                break;
            };
            self.bytes -= oldest.bytes();
            self.first += 1;
            self.floor = oldest.revision().unwrap_or(self.floor);
        }
    }

    /// Forgets all that it holds. Who has yet to read of it finds it gone.
    pub(super) fn forget(&mut self) {
        let last = self.frames.iter().rev().find_map(Frame::revision);
        self.floor = last.unwrap_or(self.floor);
        self.first += self.frames.len() as u64;
        self.frames.clear();
        self.bytes = 0;
    }

    pub(super) fn get(&self, number: u64) -> RingSlot {
        let Some(index) = number.checked_sub(self.first) else {
            return RingSlot::Gone;
        };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.frames
            .get(index)
            .map_or(RingSlot::NotYet, |frame| RingSlot::Frame(frame.clone()))
    }

    pub(super) fn position_after(&self, seen: Revision) -> RingPosition {
        if seen < self.floor {
            return RingPosition::Before;
        }
        let news = |frame: &Frame| frame.revision().is_some_and(|revision| revision > seen);
        let index = self.frames.iter().position(news).unwrap_or(self.frames.len());
        RingPosition::At(self.first + index as u64)
    }

    /// All revisions after that one; none where not every one of them is held.
    pub(super) fn since(&self, seen: Revision) -> Option<Vec<Arc<[Change]>>> {
        if seen < self.floor {
            return None;
        }
        let mut revisions = Vec::new();
        for frame in &self.frames {
            match &frame.content {
                FrameContent::Resync(revision) if *revision > seen => return None,
                FrameContent::Commit(lines) if frame.revision() > Some(seen) => {
                    revisions.push(Arc::clone(lines));
                }
                _ => {}
            }
        }
        Some(revisions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CommitId, Encoding, Op, Timestamp, Value};
    use proptest::prelude::*;

    fn commit(revision: u64, bytes: usize) -> Frame {
        let value = Value::new("x".repeat(bytes), Encoding::Text).expect("a value");
        let line = Change {
            key: "/db/a".parse().expect("a key"),
            revision: Revision::new(revision),
            index: 0,
            of: 1,
            op: Op::Set {
                value: value.into(),
                version: 1,
                secret: false,
                ttl: None,
                expires: None,
            },
            previous: None,
            by: "me".into(),
            at: Timestamp::from_epoch(0),
            commit: CommitId::random(),
            with: std::collections::BTreeMap::new(),
            message: None,
            from: None,
        };
        Frame {
            content: FrameContent::Commit(vec![line].into()),
            text: Bytes::new(),
        }
    }

    fn resync(revision: u64) -> Frame {
        Frame {
            content: FrameContent::Resync(Revision::new(revision)),
            text: Bytes::new(),
        }
    }

    fn aside() -> Frame {
        Frame {
            content: FrameContent::Aside,
            text: Bytes::new(),
        }
    }

    fn numbers(revisions: Option<Vec<Arc<[Change]>>>) -> Option<Vec<u64>> {
        let revisions = revisions?;
        Some(revisions.iter().map(|lines| lines[0].revision.get()).collect())
    }

    #[test]
    fn what_is_held_can_be_gone_on_from() {
        let mut ring = Ring::after(Revision::new(5));
        assert_eq!(ring.position_after(Revision::new(4)), RingPosition::Before);
        assert_eq!(ring.position_after(Revision::new(5)), RingPosition::At(0));
        assert_eq!(numbers(ring.since(Revision::new(5))), Some(vec![]));
        ring.push(commit(6, 1));
        ring.push(aside());
        ring.push(commit(7, 1));
        assert_eq!(ring.position_after(Revision::new(5)), RingPosition::At(0));
        assert_eq!(ring.position_after(Revision::new(6)), RingPosition::At(2));
        // A client may have seen more than the feed has sent.
        assert_eq!(ring.position_after(Revision::new(9)), RingPosition::At(3));
        assert_eq!(numbers(ring.since(Revision::new(5))), Some(vec![6, 7]));
        assert_eq!(numbers(ring.since(Revision::new(4))), None);
    }

    #[test]
    fn a_resync_stands_for_the_revisions_before_it_in_a_stream_alone() {
        let mut ring = Ring::after(Revision::new(5));
        ring.push(commit(6, 1));
        ring.push(resync(9));
        ring.push(commit(10, 1));
        assert_eq!(ring.position_after(Revision::new(7)), RingPosition::At(1));
        assert_eq!(numbers(ring.since(Revision::new(7))), None);
        assert_eq!(numbers(ring.since(Revision::new(9))), Some(vec![10]));
    }

    #[test]
    fn what_is_forgotten_is_gone_and_what_comes_next_is_not() {
        let mut ring = Ring::after(Revision::new(2));
        ring.forget();
        assert_eq!(ring.position_after(Revision::new(2)), RingPosition::At(0));
        ring.push(commit(3, 10));
        ring.push(aside());
        ring.forget();
        assert_eq!(
            (ring.bytes, ring.position_after(Revision::new(2))),
            (0, RingPosition::Before)
        );
        assert!(matches!(ring.get(1), RingSlot::Gone) && matches!(ring.get(2), RingSlot::NotYet));
        ring.push(commit(4, 10));
        assert_eq!(ring.position_after(Revision::new(3)), RingPosition::At(2));
        assert_eq!(numbers(ring.since(Revision::new(3))), Some(vec![4]));
    }

    #[test]
    fn the_newest_is_held_whatever_its_size() {
        let mut ring = Ring::after(Revision::ZERO);
        for revision in 1..=40 {
            ring.push(commit(revision, 190_000));
        }
        assert!(
            ring.bytes <= MOST_BYTES && ring.frames.len() > 15,
            "{}",
            ring.bytes
        );
        let mut huge = commit(41, 1);
        huge.text = vec![0; MOST_BYTES * 2].into();
        ring.push(huge);
        assert_eq!(numbers(ring.since(Revision::new(40))), Some(vec![41]));
        assert_eq!(ring.position_after(Revision::new(39)), RingPosition::Before);
        ring.push(commit(42, 1));
        assert_eq!(numbers(ring.since(Revision::new(41))), Some(vec![42]));
        assert!(ring.bytes < 1000, "{}", ring.bytes);
    }

    proptest! {
        /// Whatever was pushed: a client that goes on from its place gets each revision after the one it saw, once.
        #[test]
        fn none_is_lost_and_none_doubled(
            asides in proptest::collection::vec(any::<bool>(), 1..1500),
            seen in 0_u64..1500,
        ) {
            let mut ring = Ring::after(Revision::ZERO);
            let mut last = 0;
            for is_aside in asides {
                ring.push(if is_aside { aside() } else { last += 1; commit(last, 1) });
            }
            let RingPosition::At(mut number) = ring.position_after(Revision::new(seen)) else {
                prop_assert!(ring.frames.len() == MOST_FRAMES && seen < last);
                return Ok(());
            };
            let mut content = Vec::new();
            while let RingSlot::Frame(frame) = ring.get(number) {
                content.extend(frame.revision().map(Revision::get));
                number += 1;
            }
            prop_assert_eq!(&content, &(seen + 1..=last).collect::<Vec<_>>());
            prop_assert_eq!(numbers(ring.since(Revision::new(seen))), Some(content));
        }
    }
}
