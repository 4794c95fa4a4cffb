//! What a request says of waiting for a change.

use std::time::Duration;

use axum::http::Uri;
use percent_encoding::percent_decode_str;

use super::context::Asked;
use super::deadline::RequestDeadline;
use super::wait_time::WaitTime;
use crate::http::error::Failure;
use crate::http::refusal::Refusal;

const WAIT: &str = "wait";
/// How long the request waits, if it does.
pub(in crate::http) fn wait(asked: &mut Asked) -> Result<Option<Duration>, Failure> {
    let wait: Option<WaitTime> = asked.query.take(WAIT)?;
    if wait.is_some() && !asked.api.settings().waits {
        let told = "the query parameter wait is not for this server, where no request may wait";
        return Err(Refusal::Query(told.into()).into());
    }
    Ok(wait.map(|WaitTime(wait)| wait.min(asked.api.settings().longest_wait)))
}

/// Whether a request says how long it waits, whatever it says.
pub(in crate::http) fn is_asked_for(uri: &Uri) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs
        .filter_map(|pair| pair.split('=').next())
        .any(|name| percent_decode_str(name).eq(WAIT.bytes()))
}

/// When a request must be answered that has waited up to now.
pub(in crate::http) fn waited(asked: &Asked) -> RequestDeadline {
    RequestDeadline::after(asked.api.settings().request_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_says_so_in_the_query() {
        let asked = |uri: &'static str| is_asked_for(&Uri::from_static(uri));
        assert!(asked("/v1/app/@config/heads?after=1&wait=5s"));
        assert!(asked("/v1/app/@config/heads?wait"));
        assert!(!asked("/v1/app/@config/heads?await=5s&after=wait"));
        assert!(!asked("/v1/app/@root/keys/wait"));
    }
}
