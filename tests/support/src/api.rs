//! The HTTP API in the process of the test, over configs on the embedded engine.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use discfg::http::{Api, ApiSettings, Caller};
use discfg::store::Store;
use futures::FutureExt as _;
use serde_json::Value as Json;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::config::CONFIG;
use super::stores::embedded_store;

/// The API of one config, asked on behalf of one caller.
#[derive(Clone)]
pub struct Served {
    pub store: Arc<dyn Store>,
    router: Router,
    caller: Option<Caller>,
    _folder: Option<Arc<TempDir>>,
}

impl Served {
    /// A new config, for a caller that may do everything.
    pub fn new() -> Self {
        Self::with(ApiSettings::default())
    }

    /// The same with other settings.
    pub fn with(settings: ApiSettings) -> Self {
        let (folder, store) = embedded_store(None);
        Self {
            _folder: Some(Arc::new(folder)),
            ..Self::of(store, settings)
        }
    }

    /// The API of that store.
    pub fn of(store: Arc<dyn Store>, settings: ApiSettings) -> Self {
        let config = CONFIG.parse().expect("a config name");
        Self {
            router: Api::new([(config, Arc::clone(&store))], settings).router(),
            store,
            caller: Some(Caller::anyone()),
            _folder: None,
        }
    }

    /// The same for another caller.
    pub fn for_caller(&self, caller: Option<Caller>) -> Self {
        Self {
            caller,
            ..self.clone()
        }
    }

    /// Asks for a path below the config: `GET`, without a body.
    pub async fn get(&self, below: &str) -> Answer {
        self.ask("GET", below, &[], "").await
    }

    /// Sets a key, as the CLI would.
    pub async fn set(&self, key: &str, value: &str) -> Answer {
        let answer = self
            .ask("PUT", &path_of("keys", key), &[], value.to_owned())
            .await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer
    }

    /// Asks for a path below the config.
    pub async fn ask(
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
    pub async fn ask_anywhere(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let is_said = headers.iter().any(|(name, _)| *name == "content-type");
        let mut request = Request::builder().method(&method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == Method::POST && !is_said {
            request = request.header("content-type", "application/json");
        }
        let mut request = request.body(body.into()).expect("a request");
        if let Some(caller) = &self.caller {
            request.extensions_mut().insert(caller.clone());
        }
        let asked = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body: to_bytes(body, usize::MAX).await.expect("a body").to_vec(),
        };
        answer.hold_to_document(&asked.0, &asked.1);
        answer
    }
}

/// The path of a key's route below the config: the section first, `@root` for a key of one segment.
pub fn path_of(route: &str, key: &str) -> String {
    let key = key.trim_start_matches('/');
    let (section, rest) = key.split_once('/').unwrap_or(("@root", key));
    format!("{section}/{route}/{rest}")
}

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Each answer of each test has a status and a content type that the document says.
    fn hold_to_document(&self, method: &Method, path: &str) {
        let document = document();
        let Some(template) = template_of(&document, path) else {
            return;
        };
        let method = method.as_str().to_ascii_lowercase();
        let operation = &document["paths"][template][&method];
        if operation.is_null() {
            return;
        }
        let response = &operation["responses"][self.status.as_str()];
        assert!(
            response.is_object(),
            "{method} {template} doesn't say {}: {}",
            self.status,
            self.text()
        );
        let content_type = self
            .header("content-type")
            .map(|of| of.split(';').next().unwrap_or(of));
        match (content_type, response["content"].as_object()) {
            (None, None) => {}
            (Some(of), Some(said)) => {
                assert!(
                    said.contains_key(of),
                    "{method} {template} doesn't say {of} with {}",
                    self.status
                );
            }
            (of, said) => panic!("{method} {template} {}: {of:?} of {said:?}", self.status),
        }
    }

    /// Its body as JSON, after its status was as expected.
    pub fn json(&self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Its body as a problem, after its status and code were as expected.
    pub fn problem(&self, status: u16, code: &str) -> Json {
        let problem = self.json(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    /// Its body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// One of its headers.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }
}

/// The document that the API gives of itself.
pub fn document() -> Arc<Json> {
    static DOCUMENT: OnceLock<Arc<Json>> = OnceLock::new();
    let read = || {
        let router = Api::new([], ApiSettings::default()).router();
        let request = Request::get("/openapi.json")
            .body(Body::empty())
            .expect("a request");
        let answer = router
            .oneshot(request)
            .now_or_never()
            .expect("it waits for nothing");
        let body = to_bytes(answer.expect("an answer").into_body(), usize::MAX);
        let body = body
            .now_or_never()
            .expect("it waits for nothing")
            .expect("a body");
        Arc::new(serde_json::from_slice(&body).expect("JSON"))
    };
    Arc::clone(DOCUMENT.get_or_init(read))
}

/// The template of the document that a path is of, the one with the most words of its own.
pub fn template_of<'d>(document: &'d Json, path: &str) -> Option<&'d String> {
    let segments: Vec<&str> = path.split('/').collect();
    let is_of = |template: &&String| {
        let of: Vec<&str> = template.split('/').collect();
        let goes_on = template.ends_with("/{rest}") || template.ends_with("/{below}");
        let fits = segments.len() == of.len() || goes_on && segments.len() > of.len();
        fits && of
            .iter()
            .zip(&segments)
            .all(|(of, segment)| of.starts_with('{') || of == segment)
    };
    let templates = document["paths"].as_object().expect("paths").keys().filter(is_of);
    templates.min_by_key(|template| template.matches('{').count())
}
