use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Instant, SystemTime};

use axum::body::Body;
use axum::http::{Method, Uri};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::Teller;
use super::buffers::Share;
use super::gate::Held;
use super::pace::{Phase, Shared};
use super::served::Served;
use super::waiting::WaitingPlace;

/// The most bytes that are handed on at once. What a client hasn't taken stays with the answer, and the answer with its
/// share of what is held for slow clients, so that many of them don't hold many large answers.
const PIECE: usize = 32 * 1024;

/// What is told of a request when it is over.
pub(super) struct Line {
    pub(super) tell: Option<Teller>,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) peer: std::net::SocketAddr,
    pub(super) at: SystemTime,
    pub(super) begun: Instant,
    pub(super) status: Option<u16>,
    pub(super) bytes: u64,
    pub(super) caller: Option<String>,
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(tell) = &self.tell {
            tell(&Served {
                at: self.at.into(),
                method: self.method.as_str(),
                path: Served::path(self.uri.path()),
                status: self.status,
                ms: Served::milliseconds(self.begun.elapsed()),
                bytes: self.bytes,
                caller: self.caller.as_deref(),
                peer: self.peer,
            });
        }
    }
}

/// What an answer takes of what is bounded, for as long as it lasts.
#[derive(Default)]
pub(super) struct Places {
    _request: Option<OwnedSemaphorePermit>,
    _waiting: Option<WaitingPlace>,
    _share: Option<Share>,
}

impl Places {
    /// A place among the requests that are answered at once.
    pub(super) fn of_request(place: OwnedSemaphorePermit) -> Self {
        Self {
            _request: Some(place),
            ..Self::default()
        }
    }

    /// A place among those that wait or stream.
    pub(super) fn of_waiting(place: WaitingPlace) -> Self {
        Self {
            _waiting: Some(place),
            ..Self::default()
        }
    }

    /// A share of what is held for slow clients.
    pub(super) fn of_share(share: Share) -> Self {
        Self {
            _share: Some(share),
            ..Self::default()
        }
    }
}

/// The body of an answer, with what lasts as long as it does.
pub(super) struct Answer {
    body: Body,
    rest: Bytes,
    line: Line,
    held: Option<Held>,
    shared: Shared,
    _places: Places,
}

/// The token that a request was let in by is no longer one.
#[derive(Debug, thiserror::Error)]
#[error("the token was revoked")]
struct Revoked;

impl Answer {
    pub(super) fn new(body: Body, line: Line, held: Option<Held>, shared: Shared, places: Places) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            line,
            held,
            shared,
            _places: places,
        }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
            }
        }
        if this.held.as_mut().is_some_and(Held::is_revoked) {
            return Poll::Ready(Some(Err(Revoked.into())));
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        this.line.bytes += piece.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let left = self.body.size_hint();
        let mut whole = SizeHint::new();
        // The lower bound first: the upper one may not be below it.
        whole.set_lower(left.lower() + rest);
        if let Some(upper) = left.upper() {
            whole.set_upper(upper + rest);
        }
        whole
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.shared.set(Phase::Idle);
    }
}
