use super::context::Asked;
use super::header::is_cross_site;
use crate::http::error::Failure;
use crate::http::refusal::Refusal;
use crate::model::{Change, Entry};
use crate::store::{StoreError, StoreExt as _};
use crate::wire::{AnyNode, ChangeLine, Line, Node, StoredChange, StoredNode};

/// How entries are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum View {
    /// For people; of a secret no value.
    Masked,
    /// For people; secrets decrypted.
    Revealed,
    /// Without loss; secrets as they are encrypted.
    Stored,
}

impl View {
    /// What `stored` and `reveal` ask for, which the caller may have.
    pub(in crate::http) fn of_entries(asked: &mut Asked) -> Result<Self, Failure> {
        let reveal = asked.query.flag("reveal")?.unwrap_or_default();
        match (Self::of_lines(asked)?, reveal) {
            (Self::Stored, true) => Err(Refusal::Query(
                "the query parameters stored and reveal are not for one request".into(),
            )
            .into()),
            (_, true) if is_cross_site(&asked.headers) => {
                Err(Failure::denied("secrets are revealed to no page of another site"))
            }
            (_, true) if !asked.caller.decrypts => {
                Err(Failure::denied("this caller may not have secrets decrypted"))
            }
            (_, true) => Ok(Self::Revealed),
            (view, false) => Ok(view),
        }
    }

    /// What `stored` asks for.
    pub(in crate::http) fn of_lines(asked: &mut Asked) -> Result<Self, Failure> {
        let stored = asked.query.flag("stored")?.unwrap_or_default();
        Ok(if stored { Self::Stored } else { Self::Masked })
    }

    /// The entries with their values as they are to be answered.
    pub(in crate::http) async fn opened(
        self,
        asked: &Asked,
        entries: Vec<Entry>,
    ) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Revealed => asked.store.reveal(entries).await,
            Self::Masked | Self::Stored => Ok(entries),
        }
    }

    /// An entry that was opened.
    pub(in crate::http) fn node(self, entry: &Entry) -> AnyNode {
        match self {
            Self::Masked => AnyNode::Entry(Box::new(Node::new(entry))),
            Self::Revealed => AnyNode::revealed(entry),
            Self::Stored => AnyNode::Stored(Box::new(StoredNode::from(entry))),
        }
    }

    /// A line of a log.
    pub(in crate::http) fn line(self, change: &Change) -> Line {
        match self {
            Self::Masked | Self::Revealed => Line::Shown(Box::new(ChangeLine::new(None, change))),
            Self::Stored => Line::Stored(Box::new(StoredChange::from(change))),
        }
    }
}
