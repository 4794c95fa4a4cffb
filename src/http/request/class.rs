use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;

use super::header::can_take_events;
use super::wait_time::WAIT;
use crate::http::invalid_request::InvalidRequest;

/// How a request is to be answered: at once, when there is news, or by a stream of events. The first to see the request
/// finds it out and hands it on among the request's extensions.
#[derive(Debug, Clone)]
pub(in crate::http) struct RequestClass {
    /// Whether the query says how long to wait, whatever it says.
    pub(in crate::http) waits: bool,
    /// Whether `Accept` asks for events. Where that can't be read, only a route that streams refuses the request.
    pub(in crate::http) streams: Result<bool, InvalidRequest>,
}

impl RequestClass {
    /// Returns the class that was handed on with the request, or finds it out and hands it on.
    pub(in crate::http) fn classify(request: &mut Request) -> Self {
        if let Some(known) = request.extensions().get::<Self>() {
            return known.clone();
        }
        let class = Self::new(request.uri(), request.headers());
        request.extensions_mut().insert(class.clone());
        class
    }

    /// Returns the class that was handed on with the request.
    pub(super) fn of(parts: &Parts) -> Self {
        let known = parts.extensions.get::<Self>().cloned();
        known.unwrap_or_else(|| Self::new(&parts.uri, &parts.headers))
    }

    fn new(uri: &Uri, headers: &HeaderMap) -> Self {
        Self {
            waits: has_wait(uri),
            streams: can_take_events(headers),
        }
    }
}

fn has_wait(uri: &Uri) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .filter_map(|pair| pair.split('=').next())
        .any(|name| percent_decode_str(name).eq(WAIT.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_says_so_in_the_query() {
        let waits = |uri: &'static str| has_wait(&Uri::from_static(uri));
        assert!(waits("/v1/app/@config/heads?after=1&wait=5s"));
        assert!(waits("/v1/app/@config/heads?wait"));
        assert!(!waits("/v1/app/@config/heads?await=5s&after=wait"));
        assert!(!waits("/v1/app/@root/keys/wait"));
    }
}
