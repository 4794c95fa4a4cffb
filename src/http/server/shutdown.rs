/// The stage of a server on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShutdownStage {
    /// It serves.
    Serving,
    /// It answers the requests that have come, and takes no more.
    Graceful,
    /// All is over.
    Cut,
}
