#[cfg(doc)]
use crate::store::StoreError;

/// What a config's file is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenMode {
    /// For reading alone: every change is refused with [`StoreError::ReadOnly`].
    Read,
    /// For reading and writing.
    Write,
    /// For reading and writing, and created first where it isn't there, with the folders above it, for its owner alone.
    Create,
}
