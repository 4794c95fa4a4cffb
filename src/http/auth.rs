//! Callers and the tokens that they send.

#[cfg(feature = "serve")]
pub(super) mod browser_session;
pub(super) mod caller;
pub(super) mod token;
pub(super) mod token_file;
#[cfg(feature = "serve")]
pub(super) mod token_reload;
