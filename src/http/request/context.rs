use std::future::Future;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use futures::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use super::path;
use super::path::{Named, Place, Within};
use super::query::Query;
use crate::http::api::Api;
use crate::http::auth::caller::Caller;
use crate::http::error::Failure;
use crate::http::refusal::Refusal;
use crate::model::{Access, ConfigName, ErrorKind, Key, Section};
use crate::store::Store;

/// When a request must be answered.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Until(pub(in crate::http) Instant);

impl Until {
    /// What comes of it in time.
    pub(in crate::http) async fn in_time<T>(
        self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        timeout_at(self.0, work)
            .await
            .unwrap_or_else(|_| Err(Failure::too_slow()))
    }
}

/// A request about a config that is served, by a caller that may use the config.
pub(in crate::http) struct Asked {
    pub(in crate::http) api: Api,
    pub(in crate::http) config: ConfigName,
    pub(in crate::http) store: Arc<dyn Store>,
    pub(in crate::http) caller: Caller,
    pub(in crate::http) query: Query,
    pub(in crate::http) headers: HeaderMap,
    pub(in crate::http) until: Until,
    place: Place,
    rest: Option<String>,
}

impl FromRequestParts<Api> for Asked {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let Named { config, place, rest } = path::named(parts.uri.path())?;
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
            Failure::new(ErrorKind::NotFound, "no-config", detail)
        })?;
        Ok(Self {
            store: Arc::clone(store),
            api: api.clone(),
            query,
            // Nothing after this looks at them.
            headers: std::mem::take(&mut parts.headers),
            until: api.until(&parts.extensions),
            place,
            rest: rest.map(String::from),
            config,
            caller,
        })
    }
}

impl Asked {
    /// The section that the path names, which the caller may use.
    pub(in crate::http) fn section(&self) -> Result<Section, Failure> {
        let Place::Section(section) = &self.place else {
            return Err(Refusal::Path("the path names no section".into()).into());
        };
        self.covers(section)?;
        Ok(section.clone())
    }

    /// The key that the path names, whose section the caller may use.
    pub(in crate::http) fn key(&self) -> Result<Key, Failure> {
        Ok(path::key(&self.section()?, self.rest())?)
    }

    /// What the path names within a section that the caller may use; none where it names the whole config.
    pub(in crate::http) fn within(&self) -> Result<Option<Within>, Failure> {
        if (&self.place, &self.rest) == (&Place::Config, &None) {
            return Ok(None);
        }
        Ok(Some(path::within(self.section()?, self.rest.as_deref())?))
    }

    /// The section whose data keys the path names, which the caller may use.
    pub(in crate::http) fn section_of_data_keys(&self) -> Result<Section, Failure> {
        let section = path::section(self.rest())?;
        self.covers(&section)?;
        Ok(section)
    }

    /// Refuses what the caller may not use.
    pub(in crate::http) fn covers(&self, section: &Section) -> Result<(), Failure> {
        if self.caller.covers(section) {
            return Ok(());
        }
        let detail = format!("the section {section} is not for this caller");
        Err(Failure::denied(detail))
    }

    /// Refuses a caller that may only read.
    pub(in crate::http) fn writes(&self) -> Result<(), Failure> {
        match self.caller.access {
            Access::Write => Ok(()),
            Access::Read => Err(Failure::denied("this caller may only read")),
        }
    }

    /// The whole body, of at most so many bytes.
    pub(in crate::http) async fn body(&self, body: Body, max: usize) -> Result<Vec<u8>, Failure> {
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

    fn rest(&self) -> &str {
        self.rest.as_deref().unwrap_or_default()
    }
}
