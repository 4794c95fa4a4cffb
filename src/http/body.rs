use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// Reads a body that is JSON.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::Body(format!("the body is not as expected: {error}")))
}
