use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::http::{Method, Uri};
use serde::{Serialize, Serializer};

use crate::model::Timestamp;

/// What the path of a launch link begins with. What follows it begins a session.
pub(super) const LAUNCH: &str = "/launch/";

/// What is done with each request when it is over. It must not block.
pub type AccessLogger = Arc<dyn Fn(&AccessLogEntry<'_>) + Send + Sync>;

/// A request that is over, as a server's log has it: never a query, a header, a body or a value.
#[derive(Debug, Serialize)]
pub struct AccessLogEntry<'r> {
    /// When it came.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// Its method.
    pub method: &'r str,
    /// Its path as it was sent, at most 1,024 bytes of it; of a launch link without its code.
    pub path: &'r str,
    /// The status of the answer; none where the client went away before there was one.
    pub status: Option<u16>,
    /// How long it took until the last byte of the answer was handed on, in milliseconds.
    pub ms: f64,
    /// The bytes of the answer's body.
    pub bytes: u64,
    /// On whose behalf it was; none where no token is needed, and where no token was known.
    pub caller: Option<&'r str>,
    /// Where it came from.
    pub peer: SocketAddr,
}

impl AccessLogEntry<'_> {
    /// The most bytes of a path that are logged.
    const PATH: usize = 1024;

    fn path(path: &str) -> &str {
        if path.starts_with(LAUNCH) {
            return LAUNCH;
        }
        // A path that came over HTTP is ASCII; of one that isn't nothing is logged rather than half a character.
        path.get(..path.len().min(Self::PATH)).unwrap_or_default()
    }

    fn milliseconds(time: Duration) -> f64 {
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

impl fmt::Display for AccessLogEntry<'_> {
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

/// The entry of a request that isn't over. It goes to the logger when it is dropped.
pub(super) struct PendingLogEntry {
    pub(super) logger: Option<AccessLogger>,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) peer: SocketAddr,
    pub(super) at: SystemTime,
    pub(super) begun: Instant,
    pub(super) status: Option<u16>,
    pub(super) bytes: u64,
    pub(super) caller: Option<String>,
}

impl Drop for PendingLogEntry {
    fn drop(&mut self) {
        if let Some(log) = &self.logger {
            log(&AccessLogEntry {
                at: self.at.into(),
                method: self.method.as_str(),
                path: AccessLogEntry::path(self.uri.path()),
                status: self.status,
                ms: AccessLogEntry::milliseconds(self.begun.elapsed()),
                bytes: self.bytes,
                caller: self.caller.as_deref(),
                peer: self.peer,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_who_did_what_and_how_it_went() {
        let served = AccessLogEntry {
            at: "2026-11-25T12:00:00Z".parse().unwrap(),
            method: "GET",
            path: AccessLogEntry::path("/v1/c/db/keys/url"),
            status: Some(200),
            ms: AccessLogEntry::milliseconds(Duration::from_micros(1234)),
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
        let gone = AccessLogEntry {
            status: None,
            caller: None,
            ..served
        };
        assert!(gone.to_string().contains(" gone 1.23ms 17B - "), "{gone}");
        assert_eq!(AccessLogEntry::path(&"/a".repeat(1000)).len(), 1024);
        assert_eq!(AccessLogEntry::path("/launch/0123"), "/launch/");
    }
}
