use std::future::Future;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use futures::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use super::api::Api;
use super::caller::Caller;
use super::error::Failure;
use super::path::{self, Within};
use super::query::Query;
use super::refusal::Refusal;
use crate::model::{Access, ConfigName, Key, Kind, Section};
use crate::store::Store;

/// When a request must be answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Until(pub(super) Instant);

impl Until {
    /// What comes of it in time.
    pub(super) async fn in_time<T>(
        self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        timeout_at(self.0, work)
            .await
            .unwrap_or_else(|_| Err(Failure::too_slow()))
    }
}

/// A request about a config that is served, by a caller that may use the config.
pub(super) struct Asked {
    pub(super) api: Api,
    pub(super) config: ConfigName,
    pub(super) store: Arc<dyn Store>,
    pub(super) caller: Caller,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
    pub(super) until: Until,
    tail: Option<String>,
}

impl FromRequestParts<Api> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let (config, tail) = path::named(parts.uri.path())?;
        let query = Query::read(parts.uri.query())?;
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| Failure::denied("nobody says on whose behalf this is asked"))?;
        if !caller
            .configs
            .as_ref()
            .is_none_or(|configs| configs.contains(&config))
        {
            return Err(Failure::denied(format!(
                "the config {config} is not for this caller"
            )));
        }
        let store = api.store(&config).ok_or_else(|| {
            let detail = format!("the config {config} is not served here");
            Failure::new(Kind::NotFound, "no-config", detail)
        })?;
        Ok(Self {
            store: Arc::clone(store),
            api: api.clone(),
            query,
            // Nothing after this looks at them.
            headers: std::mem::take(&mut parts.headers),
            until: api.until(&parts.extensions),
            tail: tail.map(String::from),
            config,
            caller,
        })
    }
}

impl Asked {
    /// The key that the path names, whose section the caller may use.
    pub(super) fn key(&self) -> Result<Key, Failure> {
        let key = path::key(self.tail()?)?;
        self.covers(&key.section())?;
        Ok(key)
    }

    /// The section that the path names, which the caller may use.
    pub(super) fn section(&self) -> Result<Section, Failure> {
        let section = path::section(self.tail()?)?;
        self.covers(&section)?;
        Ok(section)
    }

    /// What the path names within a section that the caller may use; none where it names nothing.
    pub(super) fn within(&self) -> Result<Option<Within>, Failure> {
        let Some(tail) = &self.tail else {
            return Ok(None);
        };
        let within = path::within(tail)?;
        self.covers(&within.section)?;
        Ok(Some(within))
    }

    /// Refuses what the caller may not use.
    pub(super) fn covers(&self, section: &Section) -> Result<(), Failure> {
        if self.caller.covers(section) {
            return Ok(());
        }
        let detail = format!("the section {section} is not for this caller");
        Err(Failure::denied(detail))
    }

    /// Refuses a caller that may only read.
    pub(super) fn writes(&self) -> Result<(), Failure> {
        match self.caller.access {
            Access::Write => Ok(()),
            Access::Read => Err(Failure::denied("this caller may only read")),
        }
    }

    /// The whole body, of at most so many bytes.
    pub(super) async fn body(&self, body: Body, max: usize) -> Result<Vec<u8>, Failure> {
        let mut chunks = body.into_data_stream();
        self.until
            .in_time(async {
                let mut read = Vec::new();
                while let Some(chunk) = chunks.next().await {
                    let chunk = chunk.map_err(|_| Refusal::Body("the body ended too early".into()))?;
                    read.extend_from_slice(&chunk);
                    if read.len() > max {
                        let size = read.len();
                        return Err(Refusal::TooLarge { size, max }.into());
                    }
                }
                Ok(read)
            })
            .await
    }

    /// What the path says below the route; nothing where it ends there.
    pub(super) fn below(&self) -> &str {
        self.tail.as_deref().unwrap_or_default()
    }

    fn tail(&self) -> Result<&str, Failure> {
        let none = || Failure::from(Refusal::Path("the path names no section".into()));
        self.tail.as_deref().ok_or_else(none)
    }
}
