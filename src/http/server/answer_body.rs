use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::access_log::PendingLogEntry;
use super::activity::OpenRequest;
use super::bearer_token::BearerToken;
use super::buffer_budget::BufferShare;
use super::pace::{ConnectionPhase, SharedPhase};
use super::waiting_places::WaitingPlace;

/// The most bytes that are handed on at once. What a client hasn't taken stays with the answer, and the answer with its
/// share of what is held for slow clients, so that many of them don't hold many large answers.
const PIECE: usize = 32 * 1024;

/// What an answer takes of what is bounded, for as long as it lasts.
#[derive(Default)]
pub(super) struct AnswerPermits {
    _request: Option<OwnedSemaphorePermit>,
    _waiting: Option<WaitingPlace>,
    _share: Option<BufferShare>,
    /// Keeps the server from being idle.
    _open: Option<OpenRequest>,
}

impl AnswerPermits {
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

    /// The same, while the server is not idle.
    pub(super) fn while_open(self, open: Option<OpenRequest>) -> Self {
        Self { _open: open, ..self }
    }

    /// A share of what is held for slow clients.
    pub(super) fn of_share(share: BufferShare) -> Self {
        Self {
            _share: Some(share),
            ..Self::default()
        }
    }
}

/// The body of an answer, with what lasts as long as it does.
pub(super) struct AnswerBody {
    body: Body,
    rest: Bytes,
    log_entry: PendingLogEntry,
    token: Option<BearerToken>,
    shared: SharedPhase,
    _permits: AnswerPermits,
}

/// The token that a request was let in by is no longer one.
#[derive(Debug, thiserror::Error)]
#[error("the token was revoked")]
struct TokenRevoked;

impl AnswerBody {
    pub(super) fn new(
        body: Body,
        log_entry: PendingLogEntry,
        token: Option<BearerToken>,
        shared: SharedPhase,
        permits: AnswerPermits,
    ) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            log_entry,
            token,
            shared,
            _permits: permits,
        }
    }
}

impl hyper::body::Body for AnswerBody {
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
        if this.token.as_mut().is_some_and(BearerToken::is_revoked) {
            return Poll::Ready(Some(Err(TokenRevoked.into())));
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        this.log_entry.bytes += piece.len() as u64;
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

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.shared.set(ConnectionPhase::Idle);
    }
}
