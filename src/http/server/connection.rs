//! One connection, from its handshake to its end.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use super::gate::Gate;
use super::pace::{ConnectionPhase, PacedStream, SharedPhase};
use super::settings::ServerSettings;
use super::shutdown::ShutdownStage;

/// The most bytes kept of what came in or is to go out, answers aside.
const BUFFER: usize = 64 * 1024;
/// The number of headers for which the parser needs no memory of its own.
const USUAL_HEADERS: usize = 100;
/// How long the head of a request is still waited for once the server is to stop.
const ASKING: Duration = Duration::from_secs(1);

/// Serves a client until it or the server ends the connection.
pub(super) async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    gate: Arc<Gate>,
    settings: Arc<ServerSettings>,
    mut stop: watch::Receiver<ShutdownStage>,
) {
    // Answers are written whole: waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(settings.stall_time));
    let stream: Pin<Box<_>> = Box::pin(stream);
    let ended = match &settings.tls {
        None => exchange(stream, peer, gate, &settings, &mut stop).await,
        Some(tls) => {
            let shaken = tokio::select! {
                shaken = timeout(settings.head_time, tls.0.accept(stream)) => shaken,
                _ = stop.wait_for(|stop| *stop != ShutdownStage::Serving) => return,
            };
            match shaken {
                Ok(Ok(stream)) => exchange(stream, peer, gate, &settings, &mut stop).await,
                Ok(Err(error)) => Err(error.into()),
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        }
    };
    if let Err(error) = ended {
        let cause = error.source().map(ToString::to_string);
        tracing::debug!(%peer, %error, cause, "connection failed");
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    gate: Arc<Gate>,
    settings: &ServerSettings,
    stop: &mut watch::Receiver<ShutdownStage>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let shared = SharedPhase::default();
    let paced = PacedStream::new(stream, shared.clone(), settings.head_time, settings.idle_time);
    let answers = shared.clone();
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let (gate, shared) = (Arc::clone(&gate), answers.clone());
        async move { Ok::<_, Infallible>(gate.answer(request.map(Body::new), peer, shared).await) }
    });
    let mut builder = http1::Builder::new();
    // `Paced` keeps the time.
    builder
        .header_read_timeout(None)
        .max_buf_size(BUFFER)
        .max_header_size(settings.head_bytes);
    if settings.headers != USUAL_HEADERS {
        builder.max_headers(settings.headers);
    }
    let mut connection = pin!(builder.serve_connection(TokioIo::new(paced), service));
    tokio::select! {
        ended = &mut connection => return Ok(ended?),
        _ = stop.wait_for(|stop| *stop != ShutdownStage::Serving) => {}
    }
    connection.as_mut().graceful_shutdown();
    let cut = stop.wait_for(|stop| *stop == ShutdownStage::Cut);
    // A client that has sent no request yet isn't owed an answer.
    let unasked = async {
        sleep(ASKING).await;
        if shared.get() != ConnectionPhase::Head {
            pending::<()>().await;
        }
    };
    tokio::select! {
        ended = &mut connection => Ok(ended?),
        _ = cut => Ok(()),
        () = unasked => Ok(()),
    }
}
