//! How long a client may take for what it has to say.
//!
//! With `buffer_budget`, `waiting_places` and `answer_body` this bounds slow clients. tower-http and hyper-util have less: a timeout
//! of a handler ends when the head of an answer is there, so that a client which takes its body slowly holds a place, and
//! neither has one bound in bytes for what all clients together make the server keep (`tests/http/serve_limits.rs`,
//! `serve_memory.rs`).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectionPhase {
    /// The rest of a request's head.
    Head = 0,
    /// Its answer, whose time is the request's own.
    Answer = 1,
    /// Another request, of which nothing has come yet.
    Idle = 2,
}

/// What a connection waits for, shared between what reads it and what answers.
#[derive(Debug, Clone, Default)]
pub(super) struct SharedPhase(Arc<AtomicU8>);

impl SharedPhase {
    pub(super) fn get(&self) -> ConnectionPhase {
        match self.0.load(Ordering::Acquire) {
            0 => ConnectionPhase::Head,
            1 => ConnectionPhase::Answer,
            _ => ConnectionPhase::Idle,
        }
    }

    pub(super) fn set(&self, phase: ConnectionPhase) {
        self.0.store(phase as u8, Ordering::Release);
    }
}

/// A stream whose reading end is an error where the client doesn't send what is waited for in its time. Each phase has
/// its time as a whole: a client that sends a byte now and then gains nothing by it.
pub(super) struct PacedStream<S> {
    stream: S,
    shared: SharedPhase,
    armed: ConnectionPhase,
    timer: Pin<Box<Sleep>>,
    head_time: Duration,
    idle_time: Duration,
}

impl<S> PacedStream<S> {
    /// The stream of a client from whom a head is expected at once.
    pub(super) fn new(stream: S, shared: SharedPhase, head_time: Duration, idle_time: Duration) -> Self {
        Self {
            stream,
            shared,
            armed: ConnectionPhase::Head,
            timer: Box::pin(sleep(head_time)),
            head_time,
            idle_time,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let phase = self.shared.get();
        if phase != self.armed {
            self.armed = phase;
            let time = match phase {
                ConnectionPhase::Head => self.head_time,
                ConnectionPhase::Idle | ConnectionPhase::Answer => self.idle_time,
            };
            self.timer.as_mut().reset(Instant::now() + time);
        }
        let before = buf.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buf) {
            if phase == ConnectionPhase::Idle && buf.filled().len() > before {
                self.shared.set(ConnectionPhase::Head);
            }
            return Poll::Ready(read);
        }
        if phase == ConnectionPhase::Answer {
            return Poll::Pending;
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PacedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::advance;

    use super::*;

    const HEAD: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(75);

    fn pair() -> (DuplexStream, PacedStream<DuplexStream>, SharedPhase) {
        let (client, server) = duplex(64);
        let shared = SharedPhase::default();
        let paced = PacedStream::new(server, shared.clone(), HEAD, IDLE);
        (client, paced, shared)
    }

    /// How long reading takes until it ends in an error.
    async fn cut_after(paced: &mut PacedStream<DuplexStream>) -> Duration {
        let begin = Instant::now();
        let error = loop {
            if let Err(error) = paced.read_u8().await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        begin.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_its_time_however_it_drips_in() {
        let (mut client, mut paced, _) = pair();
        let drip = tokio::spawn(async move {
            while client.write_u8(b'x').await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let cut = cut_after(&mut paced).await;
        assert!((HEAD..HEAD + Duration::from_secs(1)).contains(&cut), "{cut:?}");
        drop(paced);
        drip.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_been_answered_may_rest_longer_but_not_begin_and_stop() {
        let (_client, mut paced, shared) = pair();
        shared.set(ConnectionPhase::Idle);
        assert_eq!(cut_after(&mut paced).await.as_secs(), IDLE.as_secs());

        let (mut client, mut paced, shared) = pair();
        shared.set(ConnectionPhase::Idle);
        client.write_u8(b'G').await.unwrap();
        assert_eq!(cut_after(&mut paced).await.as_secs(), HEAD.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_an_answer_is_not_cut() {
        let (mut client, mut paced, shared) = pair();
        shared.set(ConnectionPhase::Answer);
        let reading = tokio::spawn(async move { paced.read_u8().await });
        advance(Duration::from_hours(1)).await;
        client.write_u8(b'x').await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), b'x');
    }
}
