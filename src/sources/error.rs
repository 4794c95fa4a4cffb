use crate::aws::{Failed, Fault};
use crate::model::{ErrorKind, Grouped};

/// Why a source can't be read. Nothing has been written then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The service denied access.
    #[error("access denied: {} for {place}; nothing was imported", source.denied(action))]
    Denied {
        /// The action of the request, such as `ssm:GetParametersByPath`.
        action: &'static str,
        place: String,
        source: Failed,
    },
    /// The request failed otherwise.
    #[error("cannot read {place}: {action} failed{}; nothing was imported", after(*.read))]
    Request {
        action: &'static str,
        place: String,
        /// How many values had been read.
        read: usize,
        source: Failed,
    },
    /// The response is not what the service documents.
    #[error("cannot read {place}: unexpected response to {action}; nothing was imported")]
    Response { action: &'static str, place: String },
    /// More than fits in memory.
    #[error("{place} is too large: more than {} bytes; nothing was imported", Grouped(*.most))]
    TooLarge { place: String, most: usize },
}

fn after(read: usize) -> String {
    match read {
        0 => String::new(),
        read => format!(" after {} values", Grouped(read)),
    }
}

impl SourceError {
    /// The sort of failure.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Denied { .. } => ErrorKind::Denied,
            Self::Request { source, .. } => match source.code.as_deref() {
                Some("ResourceNotFoundException" | "ParameterNotFound") => ErrorKind::NotFound,
                _ if source.fault == Fault::Refused => ErrorKind::Invalid,
                _ => source.fault.kind(),
            },
            Self::Response { .. } | Self::TooLarge { .. } => ErrorKind::Invalid,
        }
    }
}
