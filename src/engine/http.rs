//! The engine `http`: a config behind a discfg API.
//!
//! Who is calling, a token shows, or, where API Gateway and IAM stand before the API, a signature.
//!
//! Values travel as they are stored, secrets among them as they are encrypted, so that nothing is lost on the way and
//! no value of a secret is in an answer.

mod answer;
mod api_client;
mod call;
mod call_failure;
mod call_site;
mod commit;
mod failure;
mod gateway;
mod lent_keys;
mod list;
mod options;
mod read;
mod wait;

use std::fmt;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures::stream::BoxStream;

use self::api_client::ApiClient;
use self::lent_keys::LentKeys;
pub use self::options::HttpOptions;
use super::kms::Kms;
use crate::aws::{AssumedRole, Signer};
use crate::context::ApiUrl;
use crate::model::StoreStatus;
use crate::model::{Change, Entry, Head, Key, Prefix, Region, Revision, Section, Ttl};
use crate::store::{
    Committed, Consistency, Cursor, DataKeys, Deadline, Heads, Listed, Purged, Result, Scope, Snapshot,
    Store, Txn,
};

/// What shows who is calling would travel in the clear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InTheClear {
    /// A token, with which anyone could call.
    #[error("refusing to send the token for {} unencrypted: another machine requires https://", .0.host())]
    Token(ApiUrl),
    /// A signature, with the token of its session.
    #[error(
        "refusing to send signed requests to {} unencrypted: another machine requires https://",
        .0.host()
    )]
    Signature(ApiUrl),
}

/// A config behind a discfg API.
///
/// A request has 5 seconds to find the host and 30 for the rest. A read that finds no connection, or a server that is
/// busy, is tried three times. A commit is tried for as long as it may be, under its own id, which the API makes once
/// at most; then its end is [`OutcomeUnknown`](crate::store::StoreError::OutcomeUnknown) if any of the requests may
/// have arrived.
///
/// Who writes, the API knows from the token or the signature: what a commit says of it (`Txn::by`) is not sent.
pub struct HttpEngine {
    api: ApiClient,
    keys: Box<dyn DataKeys>,
}

impl fmt::Debug for HttpEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpEngine")
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}

impl HttpEngine {
    /// The config behind that API. No request is sent.
    pub fn new(options: HttpOptions) -> Result<Self, InTheClear> {
        if options.token.is_some() && options.url.is_in_the_clear() {
            return Err(InTheClear::Token(options.url));
        }
        let api = ApiClient::new(options, None);
        Ok(Self {
            keys: Box::new(LentKeys::of(api.clone())),
            api,
        })
    }

    /// The config behind an API in that region that IAM guards: requests are signed with the credentials, and no token
    /// is sent. No request is sent here. Where they are of `role`, it is assumed again once if API Gateway refuses
    /// them: it says the same of credentials that it doesn't know any more as of a permission that is missing.
    ///
    /// Secrets are encrypted on this side, by the config's key in KMS as `sdk` reaches it; the API has no part in it.
    pub fn signed(
        options: HttpOptions,
        region: Region,
        credentials: SharedCredentialsProvider,
        role: Option<AssumedRole>,
        sdk: SdkConfig,
    ) -> Result<Self, InTheClear> {
        if options.url.is_in_the_clear() {
            return Err(InTheClear::Signature(options.url));
        }
        let options = HttpOptions {
            token: None,
            withheld: None,
            ..options
        };
        let signer = Signer::new("execute-api", region, credentials).renewed_by(role);
        Ok(Self {
            keys: Box::new(Kms::new(sdk, &options.config)),
            api: ApiClient::new(options, Some(signer)),
        })
    }
}

#[async_trait]
impl Store for HttpEngine {
    async fn get(&self, key: &Key, read: Consistency) -> Result<Option<Entry>> {
        self.api.entry(key, read).await
    }

    fn list(&self, scope: &Scope, read: Consistency) -> BoxStream<'_, Result<Listed>> {
        self.api.listing(scope.clone(), read)
    }

    async fn snapshot_except(&self, prefixes: &[Prefix], except: &[Section]) -> Result<Snapshot> {
        self.api.snapshot_of(prefixes, except).await
    }

    async fn heads(&self, of: Heads) -> Result<Vec<Head>> {
        self.api.heads_of(of).await
    }

    async fn wait(&self, cursor: &Cursor, deadline: Deadline) -> Result<Vec<Head>> {
        self.api.wait_for_news(cursor, deadline).await
    }

    fn changes(&self, section: &Section, after: Revision) -> BoxStream<'_, Result<Change>> {
        self.api.changes(section.clone(), after)
    }

    fn history(&self, key: &Key, before: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        self.api.history(key.section(), Some(key.clone()), before)
    }

    fn section_history(&self, section: &Section, before: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        self.api.history(section.clone(), None, before)
    }

    async fn commit(&self, txn: Txn) -> Result<Committed> {
        self.api.commit(txn).await
    }

    async fn touch(&self, key: &Key, ttl: Option<Ttl>) -> Result<Entry> {
        self.api.touch(key, ttl).await
    }

    async fn purge(&self, key: &Key) -> Result<Purged> {
        self.api.purge(key).await
    }

    async fn status(&self) -> Result<StoreStatus> {
        self.api.status().await
    }

    fn data_keys(&self) -> &dyn DataKeys {
        &*self.keys
    }
}
