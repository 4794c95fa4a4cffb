use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use futures::StreamExt as _;
use serde::de::DeserializeOwned;

use super::body_fault;
use super::class::RequestClass;
use super::deadline::RequestDeadline;
use super::path;
use super::path::{ParsedPath, PathScope};
use super::query::Query;
use super::wait_time::{WAIT, WaitTime};
use crate::http::api::Api;
use crate::http::auth::caller::Caller;
use crate::http::error::ApiError;
use crate::http::invalid_request::InvalidRequest;
use crate::model::{Access, ConfigName, ErrorKind, Key, Section, SectionPart};
use crate::store::Store;
use crate::wire::ProblemCode;

/// A request about a config that is served, by a caller that may use the config.
pub(in crate::http) struct RequestContext {
    pub(in crate::http) api: Api,
    pub(in crate::http) config: ConfigName,
    pub(in crate::http) store: Arc<dyn Store>,
    pub(in crate::http) caller: Caller,
    pub(in crate::http) query: Query,
    pub(in crate::http) headers: HeaderMap,
    pub(in crate::http) class: RequestClass,
    pub(in crate::http) deadline: RequestDeadline,
    scope: PathScope,
    rest: Option<String>,
}

impl FromRequestParts<Api> for RequestContext {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let ParsedPath { config, scope, rest } = path::parse(parts.uri.path())?;
        let query = Query::read(parts.uri.query())?;
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| ApiError::denied("request is not authenticated"))?;
        if !caller.covers_config(&config) {
            return Err(ApiError::denied(format!(
                "this caller can't access config \"{config}\""
            )));
        }
        let store = api.store(&config).ok_or_else(|| {
            let detail = format!("config \"{config}\" not found: the server does not serve it");
            ApiError::new(ErrorKind::NotFound, ProblemCode::NoConfig, detail)
        })?;
        Ok(Self {
            store: Arc::clone(store),
            api: api.clone(),
            query,
            class: RequestClass::of(parts),
            // Nothing after this looks at them.
            headers: std::mem::take(&mut parts.headers),
            deadline: RequestDeadline::of(&parts.extensions, api.settings().request_time),
            scope,
            rest: rest.map(String::from),
            config,
            caller,
        })
    }
}

impl RequestContext {
    /// The section that the path names, which the caller may use.
    pub(in crate::http) fn section(&self) -> Result<Section, ApiError> {
        let PathScope::Section(section) = &self.scope else {
            return Err(InvalidRequest::Path("invalid path: expected a section".into()).into());
        };
        self.check_section(section)?;
        Ok(section.clone())
    }

    /// The key that the path names, whose section the caller may use.
    pub(in crate::http) fn key(&self) -> Result<Key, ApiError> {
        Ok(path::key(&self.section()?, self.rest())?)
    }

    /// The key that the path names, if it names more than a section.
    pub(in crate::http) fn key_if_named(&self) -> Result<Option<Key>, ApiError> {
        self.rest.is_some().then(|| self.key()).transpose()
    }

    /// What the path names within a section that the caller may use; none where it names the whole config.
    pub(in crate::http) fn section_part(&self) -> Result<Option<SectionPart>, ApiError> {
        if (&self.scope, &self.rest) == (&PathScope::Config, &None) {
            return Ok(None);
        }
        Ok(Some(path::within(self.section()?, self.rest.as_deref())?))
    }

    /// The section whose data keys the path names, which the caller may use.
    pub(in crate::http) fn data_key_section(&self) -> Result<Section, ApiError> {
        let section = path::parse_section(self.rest())?;
        self.check_section(&section)?;
        Ok(section)
    }

    /// Refuses a section that the caller can't access.
    pub(in crate::http) fn check_section(&self, section: &Section) -> Result<(), ApiError> {
        if self.caller.covers(section) {
            return Ok(());
        }
        let detail = format!("this caller can't access section {section}");
        Err(ApiError::denied(detail))
    }

    /// How long the request waits, if it does.
    pub(in crate::http) fn wait(&mut self) -> Result<Option<Duration>, ApiError> {
        let wait: Option<WaitTime> = self.query.take(WAIT)?;
        if wait.is_some() && !self.api.settings().waits {
            let detail = "query parameter `wait` is not allowed: long polling is turned off on this server";
            return Err(InvalidRequest::Query(detail.into()).into());
        }
        Ok(wait.map(|WaitTime(wait)| wait.min(self.api.settings().longest_wait)))
    }

    /// Gives a request that has waited up to now the time that any other has.
    pub(in crate::http) fn renew_deadline(&mut self) {
        self.deadline = RequestDeadline::after(self.api.settings().request_time);
    }

    /// Refuses a caller that can only read.
    pub(in crate::http) fn check_writes(&self) -> Result<(), ApiError> {
        match self.caller.access {
            Access::Write => Ok(()),
            Access::Read => Err(ApiError::denied("this caller can only read")),
        }
    }

    /// Reads the body, of at most `max` bytes, as JSON.
    pub(in crate::http) async fn json<T: DeserializeOwned>(
        &self,
        body: Body,
        max: usize,
    ) -> Result<T, ApiError> {
        let body = self.body(body, max).await?;
        let json = serde_json::from_slice(&body);
        Ok(json.map_err(|error| InvalidRequest::Body(body_fault::explain(&error)))?)
    }

    /// Reads the whole body, of at most `max` bytes.
    pub(in crate::http) async fn body(&self, body: Body, max: usize) -> Result<Vec<u8>, ApiError> {
        let mut chunks = body.into_data_stream();
        self.deadline
            .in_time(async {
                let mut read = Vec::new();
                while let Some(chunk) = chunks.next().await {
                    let chunk =
                        chunk.map_err(|_| InvalidRequest::Body("the request body ended early".into()))?;
                    read.extend_from_slice(&chunk);
                    if read.len() > max {
                        let size = read.len();
                        return Err(InvalidRequest::TooLarge { size, max }.into());
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

/// That a request has no query, for a route that takes none.
pub(in crate::http) struct NoQuery;

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(Query::read(parts.uri.query())?.end().map(|()| Self)?)
    }
}
