//! Data keys by AWS KMS: <https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::failure::request_failed;
use crate::aws::{Failed, Fault};
use crate::model::{ConfigName, Key};
use crate::store::{DataKey, DataKeys, Result, StoreError};

/// What a data key is bound to, in every request: what the roles' policies ask for, and CloudTrail shows.
const CONTEXT: &str = "discfg:config";
/// How many unwrapped keys are remembered. Beyond it all are forgotten: a process that meets so many is long-lived.
const MOST_KNOWN: usize = 4096;

/// The KMS key of a config. Nothing is made or asked before a secret is met.
pub(super) struct Kms {
    sdk: SdkConfig,
    config: String,
    alias: String,
    client: OnceLock<Client>,
    known: Mutex<HashMap<Vec<u8>, DataKey>>,
}

impl Kms {
    pub(super) fn new(sdk: SdkConfig, config: &ConfigName) -> Self {
        Self {
            sdk,
            config: config.to_string(),
            alias: config.key_alias(),
            client: OnceLock::new(),
            known: Mutex::default(),
        }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.sdk))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Vec<u8>, DataKey>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, wrapped: &[u8], data_key: &DataKey) {
        let mut known = self.known();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(wrapped.to_vec(), data_key.clone());
    }

    fn failure<E>(&self, action: &str, subject: &Key, error: &SdkError<E, HttpResponse>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let failed = Failed::new(error);
        let problem = match failed.code.as_deref() {
            Some("NotFoundException") => {
                return StoreError::NoSecretsKey {
                    config: self.config.clone(),
                    detail: format!("{} not found", self.alias),
                };
            }
            Some("InvalidCiphertextException" | "IncorrectKeyException") => {
                return StoreError::Corrupt {
                    section: None,
                    what: format!(
                        "cannot decrypt the data key of secret {subject}: it was altered, or belongs to another config"
                    ),
                    source: Some(failed.into()),
                };
            }
            // A service that asks to try again answers so with 4xx; these don't pass by themselves.
            Some("DisabledException") => "is disabled",
            Some("KMSInvalidStateException") => "is not in a usable state",
            Some("InvalidKeyUsageException") => "is not an encryption key",
            _ => return request_failed("KMS", format!("kms:{action}"), Some(subject.as_str()), failed),
        };
        StoreError::Denied {
            action: format!("kms:{action} with a key that {problem}"),
            subject: Some(subject.to_string()),
            source: Some(
                Failed {
                    fault: Fault::Denied,
                    ..failed
                }
                .into(),
            ),
        }
    }
}

/// A data key of an answer.
fn data_key(plaintext: Option<Blob>, subject: &Key) -> Result<DataKey> {
    plaintext
        .and_then(|plaintext| DataKey::new(plaintext.into_inner()))
        .ok_or_else(|| no_key(subject))
}

fn no_key(subject: &Key) -> StoreError {
    StoreError::Corrupt {
        section: None,
        what: format!("KMS returned no 256-bit data key for {subject}"),
        source: None,
    }
}

#[async_trait]
impl DataKeys for Kms {
    fn config(&self) -> &str {
        &self.config
    }

    async fn generate(&self, subject: &Key) -> Result<(DataKey, Vec<u8>)> {
        let request = self
            .client()
            .generate_data_key()
            .key_id(&self.alias)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(CONTEXT, &self.config)
            .send();
        let answer = request
            .await
            .map_err(|error| self.failure("GenerateDataKey", subject, &error))?;
        // Without it what is sealed could never be opened.
        let wrapped = answer.ciphertext_blob.map(Blob::into_inner);
        let wrapped = wrapped.ok_or_else(|| no_key(subject))?;
        let data_key = data_key(answer.plaintext, subject)?;
        self.remember(&wrapped, &data_key);
        Ok((data_key, wrapped))
    }

    async fn unwrap(&self, wrapped: &[u8], subject: &Key) -> Result<DataKey> {
        if let Some(data_key) = self.known().get(wrapped) {
            return Ok(data_key.clone());
        }
        // Which KMS key it was is in the ciphertext: secrets of a key that was replaced since open, too.
        let request = self
            .client()
            .decrypt()
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_context(CONTEXT, &self.config)
            .send();
        let answer = request
            .await
            .map_err(|error| self.failure("Decrypt", subject, &error))?;
        let data_key = data_key(answer.plaintext, subject)?;
        self.remember(wrapped, &data_key);
        Ok(data_key)
    }
}
