//! The server: connections, TLS, who may come in, and what no client may take more of than its share.

mod answer;
mod buffers;
mod connection;
mod gate;
mod hosts;
mod pace;
mod served;
mod tls;
mod waiting;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{interval, sleep, timeout};

use self::buffers::Buffers;
use self::gate::Gate;
use self::hosts::Hosts;
pub use self::hosts::{ServerOrigin, ServerOriginError};
pub use self::served::Served;
pub use self::tls::{Tls, TlsError};
use self::waiting::WaitingPlaces;
use super::api::Api;
pub use crate::http::auth::token_reload::KnownTokens;
use crate::model::{Access, ErrorKind};
use crate::wire::Problem;

/// What is done with each request when it is over. It must not block.
pub type Teller = Arc<dyn Fn(&Served<'_>) + Send + Sync>;

/// How a server behaves, and what it allows.
#[derive(Clone)]
pub struct ServerSettings {
    /// How many connections may be open. Beyond, one is answered 503 at once and closed; over TLS, closed.
    pub connections: usize,
    /// How many requests are served at the same time, from their body's last byte to their answer's first, those that
    /// wait for changes aside. Beyond, one is answered 503.
    pub requests: usize,
    /// How many bytes of bodies that haven't come whole, and of answers that haven't been taken, are held for all clients
    /// together, beside 32 KB for each. Beyond, a request is answered 503.
    pub buffered: usize,
    /// How many requests may wait for changes, or stream them, at the same time; of one client (token, else address) half as
    /// many. Beyond, one is answered 503.
    pub waiting: usize,
    /// How long a handshake, or the head of a request, may take from its first byte (on a new connection, from its
    /// beginning) to its last.
    pub head_time: Duration,
    /// How long a connection is kept on which nothing is asked.
    pub idle_time: Duration,
    /// How long a client may take nothing of its answer.
    pub stall_time: Duration,
    /// How long requests may go on once the server is to stop.
    pub grace: Duration,
    /// How many headers a request may have. Beyond, it is answered 431.
    pub headers: usize,
    /// How many bytes the head of a request may have. Beyond, it is answered 431.
    pub head_bytes: usize,
    /// The most that anyone may do, whatever their token says.
    pub access: Access,
    /// Whether requests are refused whose `Host` isn't the server's, or whose `Origin` is another's. Without tokens
    /// that alone keeps web pages out.
    pub checks_host: bool,
    /// The origins that the server has beside `localhost` and its address, such as that of a proxy before it.
    pub hosts: Vec<ServerOrigin>,
    /// The certificate; without one, HTTP is spoken in the clear.
    pub tls: Option<Tls>,
    /// The tokens, one of which each request must bear, `/healthz`, `/readyz` and `/openapi.json` aside; without, none
    /// is asked for.
    pub tokens: Option<Arc<KnownTokens>>,
    /// What is done with each request when it is over.
    pub tell: Option<Teller>,
}

impl Default for ServerSettings {
    /// For who is alone on a machine: no token, no TLS, but only by the server's own names. 4,096 connections, 256
    /// requests and 1,024 that wait, 128 MB for slow clients; 10 seconds for a head of at most 100 headers and 16 KB, 75
    /// seconds of rest, 20 seconds for a client that takes nothing, 25 seconds to stop.
    fn default() -> Self {
        Self {
            connections: 4096,
            requests: 256,
            buffered: 128 * 1024 * 1024,
            waiting: 1024,
            head_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            stall_time: Duration::from_secs(20),
            grace: Duration::from_secs(25),
            headers: 100,
            head_bytes: 16 * 1024,
            access: Access::Write,
            checks_host: true,
            hosts: Vec::new(),
            tls: None,
            tokens: None,
            tell: None,
        }
    }
}

/// How far a server is from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// It serves.
    No,
    /// What was asked is answered, and nothing more is taken.
    Graceful,
    /// All is over.
    Cut,
}

/// How often it is looked whether the tokens have changed.
const TOKENS: Duration = Duration::from_secs(2);
/// How long it is waited where the system has no more connections to give.
const EXHAUSTED: Duration = Duration::from_millis(50);
/// How many clients for whom there is no connection are told so in peace.
const TURNED_AWAY: usize = 64;
/// How long each of them has to take it.
const TURNING_AWAY: Duration = Duration::from_secs(1);

/// Serves an API on a listening socket until `stop` comes: then no connection is taken any more, what was asked is
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
    let (stopping, _) = watch::channel(Stop::No);
    let mut looks = interval(TOKENS);
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
            _ = looks.tick(), if settings.tokens.is_some() => {
                let tokens = settings.tokens.clone();
                tokio::task::spawn_blocking(move || tokens.map(|tokens| tokens.look()));
                continue;
            }
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_the_clients(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken");
                sleep(EXHAUSTED).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::debug!(%peer, "there are as many connections as may be");
            if settings.tls.is_none()
                && let Ok(turn) = Arc::clone(&turned_away).try_acquire_owned()
            {
                tokio::spawn(async move {
                    let _turn = turn;
                    let _ = timeout(TURNING_AWAY, turn_away(stream)).await;
                });
            }
            continue;
        };
        let attended = connection::attend(
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
    stopping.send_replace(Stop::Graceful);
    if timeout(settings.grace, stopping.closed()).await.is_err() {
        stopping.send_replace(Stop::Cut);
        stopping.closed().await;
    }
    Ok(())
}

fn gate(api: &Api, settings: &ServerSettings, listens: SocketAddr) -> Gate {
    let hosts = || Hosts::new(listens, settings.tls.is_some(), &settings.hosts);
    Gate {
        router: api.router(),
        hosts: settings.checks_host.then(hosts),
        tokens: settings.tokens.clone(),
        access: settings.access,
        requests: Arc::new(Semaphore::new(settings.requests)),
        buffers: Buffers::of(settings.buffered),
        body_bytes: api.settings().body_bytes,
        request_time: api.settings().request_time,
        waiting: WaitingPlaces::of(settings.waiting),
        tell: settings.tell.clone(),
    }
}

/// Whether it was the client that broke the connection off before it was taken.
fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

/// Says to a client that there is no connection for it.
async fn turn_away(mut stream: TcpStream) -> io::Result<()> {
    let detail = "the server has as many connections as it serves; try again";
    let problem = Problem::new(503, "Service Unavailable", ErrorKind::Unavailable, "busy", detail);
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
