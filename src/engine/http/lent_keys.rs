use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::api_client::{ApiClient, ReadFailure};
use super::call::ApiCall;
use crate::model::Key;
use crate::store::{DataKey, DataKeys, Result, StoreError};
use crate::wire;

/// The data keys that the API lends: it wraps and unwraps them as the config behind it does.
pub(super) struct LentKeys {
    api: ApiClient,
}

impl LentKeys {
    pub(super) fn of(api: ApiClient) -> Self {
        Self { api }
    }

    fn lent(&self, call: &ApiCall, lent: &wire::PlainKey) -> Result<(DataKey, Vec<u8>)> {
        let plain = STANDARD.decode(&lent.plain).ok().and_then(DataKey::new);
        let wrapped = STANDARD.decode(&lent.wrapped).ok();
        plain
            .zip(wrapped)
            .ok_or_else(|| self.api.explain_content(call, &"it has no data key"))
    }
}

#[async_trait]
impl DataKeys for LentKeys {
    fn config(&self) -> &str {
        self.api.options().config.as_str()
    }

    async fn generate(&self, subject: &Key) -> Result<(DataKey, Vec<u8>)> {
        let call = ApiCall::of_data_keys("/datakeys/generate", &subject.section())
            .json(&wire::KeySubject { key: subject.clone() })?;
        self.lent(&call, &self.api.fetch(&call).await?)
    }

    async fn unwrap(&self, wrapped: &[u8], subject: &Key) -> Result<DataKey> {
        let call = ApiCall::of_data_keys("/datakeys/unwrap", &subject.section()).json(&wire::WrappedKey {
            wrapped: STANDARD.encode(wrapped),
            key: subject.clone(),
        })?;
        match self.api.try_fetch(&call).await {
            Ok(lent) => Ok(self.lent(&call, &lent)?.0),
            Err(ReadFailure::Problem(problem)) if problem.code == Some(wire::ProblemCode::Body) => {
                Err(StoreError::Corrupt {
                    section: None,
                    what: format!(
                        "{} cannot decrypt the data key of secret {subject}: it was altered, or encrypted with another key",
                        self.api.options().url
                    ),
                    source: None,
                })
            }
            Err(refused) => Err(self.api.explain_read_failure(&call, refused)),
        }
    }
}
