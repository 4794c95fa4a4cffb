use std::sync::Arc;

use super::bearer_token::BearerToken;
use crate::http::auth::browser_session::{BrowserSession, BrowserSessions};

/// What a request that lasts was let in by, to be looked at again.
pub(super) enum RequestCredential {
    /// A token.
    Token(BearerToken),
    /// A browser's session.
    Session(Arc<BrowserSessions>, BrowserSession),
}

impl RequestCredential {
    /// Whether it is no longer one, or no longer opens what it did.
    pub(super) fn is_revoked(&mut self) -> bool {
        match self {
            Self::Token(token) => token.is_revoked(),
            Self::Session(sessions, session) => !sessions.is_unchanged(session),
        }
    }
}
