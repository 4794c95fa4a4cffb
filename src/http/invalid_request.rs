use crate::model::{ErrorKind, Grouped};
use crate::wire::ProblemCode;

/// Why a request is invalid, regardless of the stored data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidRequest {
    /// The path isn't canonical, or names nothing that could be.
    #[error("{0}")]
    Path(String),
    /// A query parameter is unknown, given twice, or of the wrong form.
    #[error("{0}")]
    Query(String),
    /// A header is given twice, contradicts another, or is of the wrong form.
    #[error("{0}")]
    Header(String),
    /// The body isn't what the route takes.
    #[error("{0}")]
    Body(String),
    /// The body has a media type or charset that the route doesn't take.
    #[error("{0}")]
    MediaType(String),
    /// The body is encoded.
    #[error("unsupported content-encoding: {0:?}; send the body unencoded")]
    ContentEncoding(String),
    /// The body, or the value that it is, is over its limit.
    #[error("request body too large: at least {} bytes; the limit is {}", Grouped(*.size), Grouped(*.max))]
    TooLarge {
        /// How many bytes there are at least.
        size: usize,
        /// How many there may be.
        max: usize,
    },
    /// A value in the body is over its limit.
    #[error("{detail}")]
    ValueTooLarge {
        /// Which one, and that it is.
        detail: String,
        /// How many bytes it has.
        size: usize,
    },
}

impl InvalidRequest {
    /// The code of its problem.
    pub(super) fn code(&self) -> ProblemCode {
        match self {
            Self::Path(_) => ProblemCode::Path,
            Self::Query(_) => ProblemCode::Query,
            Self::Header(_) => ProblemCode::Header,
            Self::Body(_) => ProblemCode::Body,
            Self::MediaType(_) => ProblemCode::MediaType,
            Self::ContentEncoding(_) => ProblemCode::ContentEncoding,
            Self::TooLarge { .. } | Self::ValueTooLarge { .. } => ProblemCode::Limit,
        }
    }

    /// What sort of failure this is.
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::Path(_)
            | Self::Query(_)
            | Self::Header(_)
            | Self::Body(_)
            | Self::MediaType(_)
            | Self::ContentEncoding(_) => ErrorKind::Usage,
            Self::TooLarge { .. } | Self::ValueTooLarge { .. } => ErrorKind::Invalid,
        }
    }
}
