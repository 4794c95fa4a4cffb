//! The API of one config on the embedded engine, asked in this process.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use discfg::engine::local::{LocalEngine, OpenMode};
use discfg::http::{Api, ApiSettings, Caller};
use discfg::model::{Clock, SystemClock};
use discfg::store::Store;
use futures::TryStreamExt as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::api::{document, path_of, template_of};
use super::config::CONFIG;
use super::sse::Events;
use super::stores::embedded_store;

/// Soon enough for a test that waits for what another process commits.
pub fn quick() -> ApiSettings {
    ApiSettings {
        interval: Duration::from_millis(50),
        ..ApiSettings::default()
    }
}

pub struct Served {
    pub api: Api,
    /// The store that it serves.
    pub store: Arc<dyn Store>,
    caller: Caller,
    router: Router,
    folder: TempDir,
}

impl Served {
    pub fn new(settings: ApiSettings) -> Self {
        Self::over(settings, Arc::new(SystemClock), |store| store)
    }

    /// With what `between` makes of the store.
    pub fn over(
        settings: ApiSettings,
        clock: Arc<dyn Clock>,
        between: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> Self {
        let (folder, store) = embedded_store(Some(clock));
        let store = between(store);
        let (api, router) = api(&store, settings);
        Self {
            api,
            store,
            caller: Caller::anyone(),
            router,
            folder,
        }
    }

    /// The same config served by another process, as it were.
    pub fn again(self, settings: ApiSettings) -> Self {
        let (api, router) = api(&self.store, settings);
        Self { api, router, ..self }
    }

    /// The same for a caller that may use one section alone.
    pub fn within(self, section: &str) -> Self {
        let caller = Caller {
            sections: Some([section.parse().expect("a section")].into()),
            ..Caller::anyone()
        };
        Self { caller, ..self }
    }

    /// The same file, opened once more.
    pub fn other_handle(&self) -> Arc<dyn Store> {
        let path = self.folder.path().join(format!("{CONFIG}.db"));
        let engine = LocalEngine::open(&path, OpenMode::Write, Arc::new(SystemClock), "other");
        Arc::new(engine.expect("the file is there"))
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<Body> {
        let path = match path.strip_prefix("~/") {
            Some(below) => format!("/v1/{CONFIG}/{below}"),
            None => path.to_owned(),
        };
        let mut request = Request::builder().method(method).uri(&path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == "POST" {
            request = request.header("content-type", "application/json");
        }
        let request = request
            .extension(self.caller.clone())
            .body(Body::from(body.to_owned()));
        let router = self.router.clone();
        let response = router
            .oneshot(request.expect("a request"))
            .await
            .expect("an answer");
        hold_to_document(method, &path, &response);
        response
    }

    /// The status and the JSON of what a GET answers.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.send("GET", path, &[], "").await;
        (response.status().as_u16(), json(response).await)
    }

    /// The value of a series of `/metrics`.
    pub async fn metric(&self, series: &str) -> Option<String> {
        let text = text(self.send("GET", "/metrics", &[], "").await).await;
        let value = |line: &str| Some(line.strip_prefix(series)?.strip_prefix(' ')?.to_owned());
        text.lines().find_map(value)
    }

    /// Waits until a series has that value.
    pub async fn until(&self, series: &str, value: &str) {
        let reached = async {
            while self.metric(series).await.as_deref() != Some(value) {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_mins(1), reached).await.expect(series);
    }

    /// Sets a key, and gives the revision that wrote it.
    pub async fn put(&self, key: &str, value: &str) -> u64 {
        let path = format!("~/{}", path_of("keys", key));
        let response = self
            .send("PUT", &path, &[("content-type", "text/plain")], value)
            .await;
        assert!(response.status().is_success(), "{}", json(response).await);
        json(response).await["node"]["revision"]
            .as_u64()
            .expect("a revision")
    }

    /// Opens a stream of a section, which has begun.
    pub async fn stream(&self, section: &str, after: Option<&str>) -> Events {
        let accept = ("accept", "text/event-stream");
        let headers = [accept, ("last-event-id", after.unwrap_or_default())];
        let headers = if after.is_some() {
            &headers[..]
        } else {
            &headers[..1]
        };
        let response = self
            .send("GET", &format!("~/{section}/changes"), headers, "")
            .await;
        assert!(response.status() == 200, "{}", json(response).await);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Events::of(response.into_body()).begun().await
    }
}

fn api(store: &Arc<dyn Store>, settings: ApiSettings) -> (Api, Router) {
    let config = CONFIG.parse().expect("a config name");
    let api = Api::new([(config, Arc::clone(store))], settings);
    let router = api.router();
    (api, router)
}

/// An answer has a status and a content type that the API's description has.
fn hold_to_document(method: &str, path: &str, response: &Response<Body>) {
    let document = document();
    let path = path.split('?').next().unwrap_or_default();
    let operation = template_of(&document, path).map(|template| &document["paths"][template]);
    let Some(operation) = operation.and_then(|methods| methods.get(method.to_lowercase())) else {
        return;
    };
    let said = &operation["responses"][response.status().as_str()]["content"];
    let of = response.headers()["content-type"].to_str().expect("text");
    let of = of.split(';').next().unwrap_or(of);
    assert!(
        said[of].is_object(),
        "{method} {path}: {} {of}",
        response.status()
    );
}

pub async fn text(response: Response<Body>) -> String {
    let chunks: Vec<_> = response
        .into_body()
        .into_data_stream()
        .try_collect()
        .await
        .expect("a body");
    String::from_utf8(chunks.concat()).expect("UTF-8")
}

pub async fn json(response: Response<Body>) -> Value {
    let text = text(response).await;
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
