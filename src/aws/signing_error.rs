use std::error::Error;

/// Why a request isn't signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SigningError {
    /// There is nothing to sign it with.
    #[error("no usable AWS credentials found")]
    Credentials(#[source] Box<dyn Error + Send + Sync>),
    /// It has a form that can't be signed.
    #[error("the request can't be encoded for signing")]
    Form(#[source] Box<dyn Error + Send + Sync>),
}
