//! Answers, as a text to be kept.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use discfg::http::{Api, ApiSettings, Caller};
use discfg::store::Store;
use support::api::Served;
use support::config::CONFIG;
use support::http1::Message;
use support::volatile;
use tower::ServiceExt as _;

/// Headers that no failure is without, which tell nothing of it.
const OF_EVERY_ANSWER: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    ("connection", ""),
    ("content-length", ""),
    ("date", ""),
    ("x-content-type-options", "nosniff"),
];

/// Requests and their answers.
///
/// ```text
/// GET /v1/mycfg/db/keys/url
/// if-match: "1"
///
/// 412 Precondition Failed
/// content-type: application/problem+json
/// {"type":"about:blank", …}
/// ```
#[derive(Default)]
pub(crate) struct Answers(String);

impl Answers {
    /// A line that says what follows.
    pub(crate) fn about(&mut self, line: &str) -> &mut Self {
        let _ = writeln!(self.0, "# {line}\n");
        self
    }

    /// Asks, and keeps what is answered. The path is below the config where it doesn't begin with a slash.
    pub(crate) async fn ask(
        &mut self,
        served: &Served,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/v1/{CONFIG}/{path}")
        };
        let answer = served.ask_anywhere(method, &path, headers, body.to_owned()).await;
        self.request(method, &path, headers, body);
        self.answer(&told(answer.status), &listed(&answer.headers), &answer.text());
    }

    /// Asks what is over `store`, whatever the API's document says of the answer.
    pub(crate) async fn ask_over(&mut self, store: &Arc<dyn Store>, path: &str) {
        let config = CONFIG.parse().expect("a config name");
        let router = Api::new([(config, Arc::clone(store))], ApiSettings::default()).router();
        let path = format!("/v1/{CONFIG}/{path}");
        self.request("GET", &path, &[], "");
        let request = Request::get(path).extension(Caller::anyone()).body(Body::empty());
        let request = request.expect("a request");
        let (parts, body) = router.oneshot(request).await.expect("an answer").into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        self.answer(
            &told(parts.status),
            &listed(&parts.headers),
            &String::from_utf8_lossy(&body),
        );
    }

    /// `GET`, without headers.
    pub(crate) async fn get(&mut self, served: &Served, path: &str) {
        self.ask(served, "GET", path, &[], "").await;
    }

    /// What was asked.
    pub(crate) fn request(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) {
        let line = format!("{method} {}", shortened(path));
        let _ = writeln!(self.0, "{}", line.trim_end());
        for (name, value) in headers {
            let _ = writeln!(self.0, "{name}: {}", shortened(value));
        }
        if !body.is_empty() {
            let _ = writeln!(self.0, "{}", shortened(body));
        }
        self.0.push('\n');
    }

    /// What was answered over a connection.
    pub(crate) fn message(&mut self, message: &Message) {
        let status = message.start.split_once(' ').map_or("", |(_, status)| status);
        let headers: Vec<_> = message
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .collect();
        self.answer(status, &headers, &String::from_utf8_lossy(&message.body));
    }

    /// What came back, byte for byte.
    pub(crate) fn raw(&mut self, answer: &str) {
        let mut stream = answer.as_bytes();
        match Message::read_response(&mut stream) {
            Ok(message) => self.message(&message),
            Err(_) => {
                let _ = writeln!(self.0, "(the connection is closed)\n");
            }
        }
    }

    fn answer(&mut self, status: &str, headers: &[(String, String)], body: &str) {
        let _ = writeln!(self.0, "{status}");
        for (name, value) in headers {
            let is_usual = |(usual, of): &(&str, &str)| name == usual && (of.is_empty() || value == of);
            if !OF_EVERY_ANSWER.iter().any(is_usual) {
                let _ = writeln!(self.0, "{name}: {value}");
            }
        }
        if !body.is_empty() {
            let _ = writeln!(self.0, "{body}");
        }
        self.0.push('\n');
    }

    /// Holds the answers to the file of that name.
    #[track_caller]
    pub(crate) fn keep(&self, name: &str) {
        volatile::keep("http", name, &self.0);
    }
}

fn told(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    format!("{} {reason}", status.as_u16())
}

fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    let own = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let mut listed: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), own(value.as_bytes())))
        .collect();
    listed.sort();
    listed
}

/// What a limit is tried with is long.
fn shortened(text: &str) -> String {
    if text.len() <= 300 {
        return text.to_owned();
    }
    let start: String = text.chars().take(60).collect();
    format!("{start}… ({} bytes)", text.len())
}
