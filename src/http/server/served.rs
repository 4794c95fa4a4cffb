use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::model::Timestamp;

/// A request that is over, as a server's log tells it: never a query, a header, a body or a value.
#[derive(Debug, Serialize)]
pub struct Served<'r> {
    /// When it came.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// Its method.
    pub method: &'r str,
    /// Its path as it was sent, at most 1,024 bytes of it.
    pub path: &'r str,
    /// The status of the answer; none where the client went away before there was one.
    pub status: Option<u16>,
    /// How long it took until the last byte of the answer was handed on, in milliseconds.
    pub ms: f64,
    /// The bytes of the answer's body.
    pub bytes: u64,
    /// On whose behalf it was; none for whoever needs no token, and where no token was known.
    pub caller: Option<&'r str>,
    /// Where it came from.
    pub peer: SocketAddr,
}

impl Served<'_> {
    /// The most bytes of a path that are told.
    const PATH: usize = 1024;

    pub(super) fn path(path: &str) -> &str {
        // A path that came over HTTP is ASCII; of one that isn't nothing is told rather than half a character.
        path.get(..path.len().min(Self::PATH)).unwrap_or_default()
    }

    pub(super) fn milliseconds(time: Duration) -> f64 {
        (time.as_secs_f64() * 100_000.0).round() / 100.0
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields on by reference"
)]
fn as_text<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

impl fmt::Display for Served<'_> {
    /// One line of text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            method,
            path,
            ms,
            bytes,
            peer,
            ..
        } = self;
        let status = self
            .status
            .map_or(Cow::Borrowed("gone"), |status| status.to_string().into());
        let caller = self.caller.unwrap_or("-");
        write!(f, "{at} {method} {path} {status} {ms}ms {bytes}B {caller} {peer}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_who_did_what_and_how_it_went() {
        let served = Served {
            at: "2026-11-25T12:00:00Z".parse().unwrap(),
            method: "GET",
            path: Served::path("/v1/c/db/keys/url"),
            status: Some(200),
            ms: Served::milliseconds(Duration::from_micros(1234)),
            bytes: 17,
            caller: Some("token:ci"),
            peer: "127.0.0.1:5000".parse().unwrap(),
        };
        let line = "2026-11-25T12:00:00Z GET /v1/c/db/keys/url 200 1.23ms 17B token:ci 127.0.0.1:5000";
        assert_eq!(served.to_string(), line);
        let json = serde_json::to_string(&served).unwrap();
        assert_eq!(
            json,
            r#"{"at":"2026-11-25T12:00:00Z","method":"GET","path":"/v1/c/db/keys/url","status":200,"ms":1.23,"bytes":17,"caller":"token:ci","peer":"127.0.0.1:5000"}"#
        );
        let gone = Served {
            status: None,
            caller: None,
            ..served
        };
        assert!(gone.to_string().contains(" gone 1.23ms 17B - "), "{gone}");
        assert_eq!(Served::path(&"/a".repeat(1000)).len(), 1024);
    }
}
