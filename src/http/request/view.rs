use super::context::RequestContext;
use super::header::is_cross_site;
use crate::http::error::ApiError;
use crate::http::invalid_request::InvalidRequest;
use crate::model::{Change, Entry};
use crate::store::{StoreError, StoreExt as _};
use crate::wire::{AnyNode, ChangeLine, EntryNode, LogLine, StoredChange, StoredNode};

/// How entries are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum EntryView {
    /// For people; of a secret no value.
    Masked,
    /// For people; secrets decrypted.
    Revealed,
    /// Without loss; secrets as they are encrypted.
    Stored,
}

impl EntryView {
    /// What `stored` and `reveal` ask for, which the caller may have.
    pub(in crate::http) fn of_entries(context: &mut RequestContext) -> Result<Self, ApiError> {
        let values = Self::of_values(context)?;
        match (Self::of_lines(context)?, values) {
            (Self::Stored, Self::Revealed) => Err(InvalidRequest::Query(
                "query parameters `stored` and `reveal` can't be combined".into(),
            )
            .into()),
            (Self::Stored, _) => Ok(Self::Stored),
            (_, view) => Ok(view),
        }
    }

    /// What `reveal` asks for, which the caller may have.
    pub(in crate::http) fn of_values(context: &mut RequestContext) -> Result<Self, ApiError> {
        if !context.query.flag("reveal")?.unwrap_or_default() {
            return Ok(Self::Masked);
        }
        if is_cross_site(&context.headers) {
            return Err(ApiError::denied(
                "secrets can't be revealed to a page of another site",
            ));
        }
        if !context.caller.decrypts {
            return Err(ApiError::denied("this caller can't decrypt secrets"));
        }
        Ok(Self::Revealed)
    }

    /// What `stored` asks for.
    pub(in crate::http) fn of_lines(context: &mut RequestContext) -> Result<Self, ApiError> {
        let stored = context.query.flag("stored")?.unwrap_or_default();
        Ok(if stored { Self::Stored } else { Self::Masked })
    }

    /// The entries with their values as they are to be answered.
    pub(in crate::http) async fn open(
        self,
        context: &RequestContext,
        entries: Vec<Entry>,
    ) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Revealed => context.store.reveal(entries).await,
            Self::Masked | Self::Stored => Ok(entries),
        }
    }

    /// An entry that was opened.
    pub(in crate::http) fn render_node(self, entry: &Entry) -> AnyNode {
        match self {
            Self::Masked => AnyNode::Entry(Box::new(EntryNode::new(entry))),
            Self::Revealed => AnyNode::revealed(entry),
            Self::Stored => AnyNode::Stored(Box::new(StoredNode::from(entry))),
        }
    }

    /// A line of a log.
    pub(in crate::http) fn render_line(self, change: &Change) -> LogLine {
        match self {
            Self::Masked | Self::Revealed => LogLine::Shown(Box::new(ChangeLine::new(None, change))),
            Self::Stored => LogLine::Stored(Box::new(StoredChange::from(change))),
        }
    }
}
