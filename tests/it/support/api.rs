//! The HTTP API in the process of the test, over configs on the embedded engine.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use discfg::http::{Api, ApiSettings, Caller};
use discfg::store::Store;
use serde_json::Value as Json;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::config::CONFIG;
use super::stores::embedded_store;

/// The API of one config, asked on behalf of one caller.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) store: Arc<dyn Store>,
    router: Router,
    caller: Option<Caller>,
    _folder: Option<Arc<TempDir>>,
}

impl Served {
    /// A new config, for a caller that may do everything.
    pub(crate) fn new() -> Self {
        Self::with(ApiSettings::default())
    }

    /// The same with other settings.
    pub(crate) fn with(settings: ApiSettings) -> Self {
        let (folder, store) = embedded_store(None);
        Self {
            _folder: Some(Arc::new(folder)),
            ..Self::of(store, settings)
        }
    }

    /// The API of that store.
    pub(crate) fn of(store: Arc<dyn Store>, settings: ApiSettings) -> Self {
        let config = CONFIG.parse().expect("a config name");
        Self {
            router: Api::new([(config, Arc::clone(&store))], settings).router(),
            store,
            caller: Some(Caller::anyone()),
            _folder: None,
        }
    }

    /// The same for another caller.
    pub(crate) fn for_caller(&self, caller: Option<Caller>) -> Self {
        Self {
            caller,
            ..self.clone()
        }
    }

    /// Asks for a path below the config: `GET`, without a body.
    pub(crate) async fn get(&self, below: &str) -> Answer {
        self.ask("GET", below, &[], "").await
    }

    /// Sets a key, as the CLI would.
    pub(crate) async fn set(&self, key: &str, value: &str) -> Answer {
        let answer = self
            .ask("PUT", &format!("keys/{key}"), &[], value.to_owned())
            .await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer
    }

    /// Asks for a path below the config.
    pub(crate) async fn ask(
        &self,
        method: &str,
        below: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.ask_anywhere(method, &format!("/v1/{CONFIG}/{below}"), headers, body)
            .await
    }

    /// Asks for any path.
    pub(crate) async fn ask_anywhere(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body.into()).expect("a request");
        if let Some(caller) = &self.caller {
            request.extensions_mut().insert(caller.clone());
        }
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.expect("a body").to_vec(),
        }
    }
}

/// What the API answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Its body as JSON, after its status was as expected.
    pub(crate) fn json(&self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Its body as a problem, after its status and code were as expected.
    pub(crate) fn problem(&self, status: u16, code: &str) -> Json {
        let problem = self.json(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    /// Its body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// One of its headers.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }
}
