use std::sync::Arc;
#[cfg(feature = "dynamodb")]
use std::time::Duration;

#[cfg(feature = "dynamodb")]
use crate::aws::{AssumedRole, CallerIdentity, Meter, RoleArn};
use crate::model::Clock;
use crate::store::Store;

/// Settings of an engine that aren't the target's.
#[derive(Clone, Default)]
pub struct OpenSettings {
    /// Counts the capacity that DynamoDB consumes, or the requests to an API.
    #[cfg(feature = "dynamodb")]
    pub spent: Option<Meter>,
    /// How long a commit is tried while DynamoDB asks for patience; 30 seconds where nothing is said.
    #[cfg(feature = "dynamodb")]
    pub patience: Option<Duration>,
    /// The clock of the engine; the machine's, or on DynamoDB the service's, where none is given. An API has its own.
    pub clock: Option<Arc<dyn Clock>>,
}

/// An opened engine and its identity.
pub struct OpenedEngine {
    /// The config's data.
    pub store: Box<dyn Store>,
    /// The role that requests are sent in, if one was assumed.
    #[cfg(feature = "dynamodb")]
    pub role: Option<RoleArn>,
    /// What keeps that role's credentials.
    #[cfg(feature = "dynamodb")]
    pub session: Option<AssumedRole>,
    /// Whose credentials assumed it, where that is known.
    #[cfg(feature = "dynamodb")]
    pub caller: Option<CallerIdentity>,
}
