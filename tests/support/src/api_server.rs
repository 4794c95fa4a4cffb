//! The HTTP API in this process, on a port of its own: what it was asked can be counted, and what it answers impaired.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use discfg::engine::http::{HttpEngine, HttpOptions};
use discfg::http::{Api, ApiSettings, Caller};
use discfg::model::Access;
use discfg::store::Store;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::config::CONFIG;
use super::gateway::Gateway;
use super::tls::Authority;

/// A token, for a test that needs one.
pub const TOKEN: &str = "dcfg_4n7w0rd";

/// Who may read everything but secrets, and write nothing.
pub fn reader() -> Caller {
    Caller {
        by: Some("token:ci".into()),
        access: Access::Read,
        decrypts: false,
        ..Caller::anyone()
    }
}

/// A running server; it ends with this.
pub struct ApiServer {
    url: String,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
}

struct Shared {
    api: Api,
    /// What stands before it, in the place of tokens.
    gateway: Option<Arc<Gateway>>,
    /// Who is served for which token; without any everyone is.
    tokens: Mutex<BTreeMap<String, Caller>>,
    asked: Mutex<Vec<String>>,
    impair: Mutex<Box<Impair>>,
}

/// What comes in the place of an answer.
#[derive(Debug, Clone)]
pub enum Impaired {
    /// Nothing: the connection ends before the request is looked at.
    CutBefore,
    /// Nothing: the connection ends after the request was served.
    CutAfter,
    /// Another answer, and the request isn't looked at.
    Answer {
        status: u16,
        content_type: &'static str,
        body: Vec<u8>,
    },
    /// Another answer after the request was served.
    AnswerAfter {
        status: u16,
        content_type: &'static str,
        body: Vec<u8>,
    },
}

/// What becomes of the request of that number, from 0, with that method and path.
type Impair = dyn FnMut(usize, &str) -> Option<Impaired> + Send;

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the test cuts the connection")]
struct Cut;

impl ApiServer {
    /// The API of the config [`CONFIG`] in that store.
    pub fn over(store: Arc<dyn Store>) -> Self {
        Self::serving(CONFIG, store)
    }

    /// The API of one config.
    pub fn serving(config: &str, store: Arc<dyn Store>) -> Self {
        Self::start(config, store, None, None)
    }

    /// The same of the config [`CONFIG`], as the function behind API Gateway serves it.
    pub fn behind(store: Arc<dyn Store>, gateway: Arc<Gateway>) -> Self {
        Self::start(CONFIG, store, None, Some(gateway))
    }

    /// The same of the config [`CONFIG`], on `localhost` with a certificate from that authority.
    pub fn over_tls(store: Arc<dyn Store>, authority: &Authority) -> Self {
        Self::start(CONFIG, store, Some(authority.server("localhost")), None)
    }

    fn start(
        config: &str,
        store: Arc<dyn Store>,
        tls: Option<ServerConfig>,
        gateway: Option<Arc<Gateway>>,
    ) -> Self {
        let settings = ApiSettings {
            interval: Duration::from_millis(50),
            waits: gateway.is_none(),
            ..ApiSettings::default()
        };
        let config = config.parse().expect("a config name");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
        listener
            .set_nonblocking(true)
            .expect("a socket that can be polled");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            api: Api::new([(config, store)], settings),
            gateway,
            tokens: Mutex::default(),
            asked: Mutex::default(),
            impair: Mutex::new(Box::new(|_, _| None)),
        });
        let (stop, stopped) = watch::channel(false);
        let served = Arc::clone(&shared);
        let url = match tls {
            Some(_) => format!("https://localhost:{}", address.port()),
            None => format!("http://{address}"),
        };
        let acceptor = tls.map(|tls| TlsAcceptor::from(Arc::new(tls)));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(serve(listener, acceptor, served, stopped));
            runtime.shutdown_background();
        });
        Self { url, shared, stop }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The config [`CONFIG`] behind it.
    pub fn store(&self) -> Arc<dyn Store> {
        let config = CONFIG.parse().expect("a config name");
        let options = HttpOptions::new(self.url.parse().expect("a URL"), config);
        Arc::new(HttpEngine::new(options).expect("no token is sent"))
    }

    /// Where it is, without the scheme.
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// From now on it takes tokens alone, this one among them.
    pub fn takes(&self, token: &str, caller: Caller) {
        let mut tokens = self.shared.tokens.lock().expect("no test panicked with it");
        tokens.insert(token.to_owned(), caller);
    }

    /// Impairs what is asked from now on.
    pub fn impair(&self, impair: impl FnMut(usize, &str) -> Option<Impaired> + Send + 'static) {
        *self.shared.impair.lock().expect("no test panicked with it") = Box::new(impair);
        self.shared
            .asked
            .lock()
            .expect("no test panicked with it")
            .clear();
    }

    /// What it was asked since it was last asked for that: method and path with the query.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.asked.lock().expect("no test panicked with it"))
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

async fn serve(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a socket for this runtime");
    loop {
        let connection = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((connection, _)) => connection,
                Err(_) => continue,
            },
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        let shared = Arc::clone(&shared);
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&shared), request));
            let http = http1::Builder::new();
            // A connection that the client or the test cuts is no failure of the server.
            match acceptor {
                None => drop(http.serve_connection(TokioIo::new(connection), service).await),
                Some(acceptor) => {
                    if let Ok(connection) = acceptor.accept(connection).await {
                        drop(http.serve_connection(TokioIo::new(connection), service).await);
                    }
                }
            }
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request<hyper::body::Incoming>) -> Result<Response<Body>, Cut> {
    let asked = format!("{} {}", request.method(), request.uri());
    let number = {
        let mut all = shared.asked.lock().expect("no test panicked with it");
        all.push(asked.clone());
        all.len() - 1
    };
    let impaired = (shared.impair.lock().expect("no test panicked with it"))(number, &asked);
    let request = request.map(Body::new);
    match impaired {
        None => Ok(served(&shared, request).await),
        Some(Impaired::CutBefore) => Err(Cut),
        Some(Impaired::CutAfter) => {
            served(&shared, request).await;
            Err(Cut)
        }
        Some(Impaired::Answer {
            status,
            content_type,
            body,
        }) => Ok(other(status, content_type, body)),
        Some(Impaired::AnswerAfter {
            status,
            content_type,
            body,
        }) => {
            served(&shared, request).await;
            Ok(other(status, content_type, body))
        }
    }
}

fn other(status: u16, content_type: &str, body: Vec<u8>) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(Body::from(body))
        .expect("a good answer")
}

async fn served(shared: &Shared, mut request: Request<Body>) -> Response<Body> {
    if let Some(gateway) = &shared.gateway {
        let (mut parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a whole request");
        match gateway.judge(&parts, &body) {
            Err(refusal) => return refusal.into(),
            Ok(caller) => drop(parts.extensions.insert(caller)),
        }
        return routed(shared, Request::from_parts(parts, Body::from(body))).await;
    }
    let caller = {
        let tokens = shared.tokens.lock().expect("no test panicked with it");
        let sent = request
            .headers()
            .get("authorization")
            .and_then(|sent| sent.to_str().ok());
        let token = sent.and_then(|sent| sent.strip_prefix("Bearer "));
        match token {
            _ if tokens.is_empty() => Some(Caller {
                by: Some("token:tester".into()),
                ..Caller::anyone()
            }),
            token => token.and_then(|token| tokens.get(token)).cloned(),
        }
    };
    let Some(caller) = caller else {
        let problem = br#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"a token that the server knows is needed","kind":"denied","code":"no-token"}"#;
        return other(401, "application/problem+json", problem.to_vec());
    };
    request.extensions_mut().insert(caller);
    routed(shared, request).await
}

async fn routed(shared: &Shared, request: Request<Body>) -> Response<Body> {
    let answered: Result<_, Infallible> = shared.api.router().oneshot(request).await;
    match answered {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
