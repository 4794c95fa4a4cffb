//! The server: connections, TLS, who may come in, and what no client may take more of than its share.

mod access_log;
mod activity;
mod answer_body;
mod bearer_token;
mod buffer_budget;
mod connection;
mod gate;
mod known_hosts;
mod pace;
mod settings;
mod shutdown;
mod tls;
mod waiting_places;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{interval, sleep, timeout};

pub use self::access_log::{AccessLogEntry, AccessLogger};
pub use self::activity::ServerActivity;
use self::buffer_budget::BufferBudget;
use self::gate::Gate;
use self::known_hosts::KnownHosts;
pub use self::known_hosts::{ServerOrigin, ServerOriginError};
pub use self::settings::{BrowserPages, PeerAddress, ServerSettings};
use self::shutdown::ShutdownStage;
pub use self::tls::{Tls, TlsError};
use self::waiting_places::WaitingPlaces;
use super::api::Api;
use crate::model::{ErrorKind, Grouped};
use crate::wire::{Problem, ProblemCode};

/// How often the token file is checked for changes.
const TOKENS: Duration = Duration::from_secs(2);
/// The pause where the system has no more connections to give.
const EXHAUSTED: Duration = Duration::from_millis(50);
/// How many clients for whom there is no connection are answered so at the same time.
const TURNED_AWAY: usize = 64;
/// How long each of them has to take it.
const TURNING_AWAY: Duration = Duration::from_secs(1);

/// Serves an API on a listening socket until `stop` comes: then no connection is taken any more, what has come is
/// answered within `settings.grace`, and it is over. What one client does ends no other's connection.
///
/// # Errors
///
/// The socket doesn't say where it listens.
pub async fn serve(
    listener: TcpListener,
    api: Api,
    settings: ServerSettings,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let listens = listener.local_addr()?;
    let gate = Arc::new(gate(&api, &settings, listens));
    let places = Arc::new(Semaphore::new(settings.connections));
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY));
    let settings = Arc::new(settings);
    let (stopping, _) = watch::channel(ShutdownStage::Serving);
    let mut looks = interval(TOKENS);
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
            _ = looks.tick(), if settings.tokens.is_some() => {
                let tokens = settings.tokens.clone();
                tokio::task::spawn_blocking(move || tokens.map(|tokens| tokens.reload_if_changed()));
                continue;
            }
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_client_fault(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(EXHAUSTED).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::debug!(%peer, "connection limit reached");
            if settings.tls.is_none()
                && let Ok(turn) = Arc::clone(&turned_away).try_acquire_owned()
            {
                let limit = settings.connections;
                tokio::spawn(async move {
                    let _turn = turn;
                    let _ = timeout(TURNING_AWAY, turn_away(stream, limit)).await;
                });
            }
            continue;
        };
        let attended = connection::serve_connection(
            stream,
            peer,
            Arc::clone(&gate),
            Arc::clone(&settings),
            stopping.subscribe(),
        );
        tokio::spawn(async move {
            let _place = place;
            attended.await;
        });
    }
    drop(listener);
    api.stop();
    stopping.send_replace(ShutdownStage::Graceful);
    if timeout(settings.grace, stopping.closed()).await.is_err() {
        stopping.send_replace(ShutdownStage::Cut);
        stopping.closed().await;
    }
    Ok(())
}

fn gate(api: &Api, settings: &ServerSettings, listens: SocketAddr) -> Gate {
    let is_tls = settings.tls.is_some();
    let hosts = || {
        if settings.only_hosts {
            KnownHosts::only(is_tls, &settings.hosts)
        } else {
            KnownHosts::new(listens, is_tls, &settings.hosts)
        }
    };
    Gate {
        router: api.router(),
        hosts: settings.checks_host.then(hosts),
        tokens: settings.tokens.clone(),
        access: settings.access,
        requests: Arc::new(Semaphore::new(settings.requests)),
        request_limit: settings.requests,
        buffers: BufferBudget::of(settings.buffered),
        body_bytes: api.settings().body_bytes,
        request_time: api.settings().request_time,
        waiting: WaitingPlaces::of(settings.waiting),
        access_logger: settings.access_logger.clone(),
        activity: settings.activity.clone(),
        pages: settings.pages.clone(),
    }
}

/// Whether it was the client that broke the connection off before it was taken.
fn is_client_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

/// Tells a client that the connection limit is reached.
async fn turn_away(mut stream: TcpStream, limit: usize) -> io::Result<()> {
    let detail = format!("too many connections (limit {}); retry after 1 s", Grouped(limit));
    let problem = Problem::new(
        503,
        "Service Unavailable",
        ErrorKind::Unavailable,
        ProblemCode::Busy,
        detail,
    );
    let body = serde_json::to_string(&problem)?;
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.shutdown().await?;
    // Closed over what it still sends, the connection would be reset, and the answer lost with it.
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
