/// How far a server is from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShutdownStage {
    /// It serves.
    Serving,
    /// What was asked is answered, and nothing more is taken.
    Graceful,
    /// All is over.
    Cut,
}
