use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::http::auth::caller::Caller;
use crate::http::auth::token::TokenDigest;
use crate::http::auth::token_reload::KnownTokens;

/// The token that a request was let in by.
pub(super) struct BearerToken {
    tokens: Arc<KnownTokens>,
    reading: u64,
    digest: TokenDigest,
    caller: Caller,
}

impl BearerToken {
    /// The known token of a request, or why there is none.
    pub(super) fn of(tokens: &Arc<KnownTokens>, headers: &HeaderMap) -> Result<Self, &'static str> {
        const NONE: &str = "missing token: send Authorization: Bearer dcfg_…";
        const UNKNOWN: &str = "invalid token: this server does not know it";
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let (given, None) = (given.next().ok_or(NONE)?, given.next()) else {
            return Err("the Authorization header is given more than once");
        };
        let (scheme, word) = given
            .to_str()
            .ok()
            .and_then(|given| given.split_once(' '))
            .ok_or(NONE)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(NONE);
        }
        // Before the tokens: where they are read again meanwhile, the answer checks the token again.
        let reading = tokens.reading();
        let now = tokens.now();
        let entry = now.find(word.trim()).ok_or(UNKNOWN)?;
        Ok(Self {
            tokens: Arc::clone(tokens),
            reading,
            digest: entry.sha256,
            caller: entry.caller(),
        })
    }

    /// On whose behalf it is sent.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether it is no longer one, or no longer opens what it did.
    pub(super) fn is_revoked(&mut self) -> bool {
        let reading = self.tokens.reading();
        if reading == self.reading {
            return false;
        }
        self.reading = reading;
        let now = self.tokens.now();
        now.find_digest(&self.digest)
            .is_none_or(|entry| entry.caller() != self.caller)
    }
}
