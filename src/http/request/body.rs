use serde::de::DeserializeOwned;

use crate::http::refusal::Refusal;

/// Reads a body that is JSON.
pub(in crate::http) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::Body(format!("the body is not as expected: {error}")))
}
