//! By which names a server is called. Behind a server that asks for no token stands only that a web page can't reach
//! it: a page that has its own name lead here (DNS rebinding) sends that name as `Host`, and one that calls here
//! straight sends its own `Origin`.

use std::net::SocketAddr;
use std::str::FromStr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri, header};

use super::super::error::ApiError;
use super::super::request::header::is_same_origin;
use crate::model::ErrorKind;
use crate::wire::ProblemCode;

/// An origin under which clients reach a server: `NAME`, `NAME:PORT`, or either with `http://` or `https://` before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOrigin {
    scheme: Option<Scheme>,
    name: String,
    port: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn of_server(is_tls: bool) -> Self {
        if is_tls { Self::Https } else { Self::Http }
    }

    /// The port of an origin that names none.
    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl ServerOrigin {
    /// Whether it is said to be reached by https.
    pub fn is_https(&self) -> bool {
        self.scheme == Some(Scheme::Https)
    }
}

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected NAME or NAME:PORT, with https:// in front if a proxy terminates TLS, such as https://config.internal; \
     for several names, repeat --host (patterns such as * are not allowed)"
)]
pub struct ServerOriginError;

impl FromStr for ServerOrigin {
    type Err = ServerOriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = split_scheme(text);
        let named = authority(rest).filter(|named| !named.host().contains('*'));
        let named = named.ok_or(ServerOriginError)?;
        Ok(Self {
            scheme,
            name: named.host().to_ascii_lowercase(),
            port: named.port_u16(),
        })
    }
}

/// The scheme that a text begins with, if any, and what comes after it.
fn split_scheme(text: &str) -> (Option<Scheme>, &str) {
    let after = |scheme: &str| {
        text.strip_prefix(scheme)
            .and_then(|rest| rest.strip_prefix("://"))
    };
    match (after("http"), after("https")) {
        (Some(rest), _) => (Some(Scheme::Http), rest),
        (None, Some(rest)) => (Some(Scheme::Https), rest),
        (None, None) => (None, text),
    }
}

/// A host with or without a port, and nothing else.
fn authority(text: &str) -> Option<Authority> {
    let named: Authority = text.parse().ok()?;
    // A port that is none counts as not given.
    let is_whole = text == named.host() || named.port_u16().is_some();
    let is_plain = !named.host().is_empty() && !text.contains('@') && is_whole;
    is_plain.then_some(named)
}

/// The origins that a server answers to.
#[derive(Debug)]
pub(super) struct KnownHosts(Vec<KnownOrigin>);

#[derive(Debug, PartialEq, Eq)]
struct KnownOrigin {
    scheme: Scheme,
    /// In lower case.
    name: String,
    port: u16,
}

impl KnownHosts {
    /// Those of a server that listens there, and others: without a scheme they have the server's.
    pub(super) fn new(listens: SocketAddr, is_tls: bool, others: &[ServerOrigin]) -> Self {
        let itself = match listens {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        let own = ["localhost", "127.0.0.1", "[::1]", &itself].map(|name| KnownOrigin {
            scheme: Scheme::of_server(is_tls),
            name: name.to_owned(),
            port: listens.port(),
        });
        let Self(others) = Self::only(is_tls, others);
        Self(own.into_iter().chain(others).collect())
    }

    /// These and no others: without a scheme they have the server's.
    pub(super) fn only(is_tls: bool, origins: &[ServerOrigin]) -> Self {
        let known = origins.iter().map(|origin| {
            let scheme = origin.scheme.unwrap_or(Scheme::of_server(is_tls));
            KnownOrigin {
                scheme,
                name: origin.name.clone(),
                port: origin.port.unwrap_or(scheme.port()),
            }
        });
        Self(known.collect())
    }

    /// Refuses a request for another host, or from a page of another origin.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        let mut given = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (given.next(), given.next()) else {
            let detail = "exactly one Host header is required";
            return Err(ApiError::new(ErrorKind::Usage, ProblemCode::Header, detail));
        };
        let called = host.to_str().ok().and_then(authority);
        if !called.is_some_and(|host| self.is_known(&host))
            || uri.authority().is_some_and(|target| !self.is_known(target))
        {
            return Err(ApiError::denied(
                "unknown Host: expected localhost, the server's address, or a name given with --host",
            ));
        }
        for origin in headers.get_all(header::ORIGIN) {
            // Of a page that sends no referrer the origin isn't sent either, but then the browser says what it is.
            let is_hidden = origin == "null" && is_same_origin(headers);
            if !is_hidden && !self.is_own(origin) {
                return Err(ApiError::denied(
                    "cross-origin requests are not allowed: Origin must be the server's own",
                ));
            }
        }
        Ok(())
    }

    /// Whether an origin has that host. A `Host` without a port has the one of its scheme, which it doesn't name.
    fn is_known(&self, called: &Authority) -> bool {
        // What names a user, too, is no host.
        !called.as_str().contains('@')
            && self.0.iter().any(|known| {
                known.name.eq_ignore_ascii_case(called.host())
                    && called.port_u16().unwrap_or(known.scheme.port()) == known.port
            })
    }

    fn is_own(&self, origin: &HeaderValue) -> bool {
        let text = origin.to_str().unwrap_or_default();
        let (Some(scheme), rest) = split_scheme(text) else {
            return false;
        };
        authority(rest).is_some_and(|host| {
            self.0.contains(&KnownOrigin {
                scheme,
                name: host.host().to_ascii_lowercase(),
                port: host.port_u16().unwrap_or(scheme.port()),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> KnownHosts {
        let others = [
            "config.internal",
            "https://config.internal",
            "http://config.internal:1234",
            "Proxy:8443",
        ]
        .map(|origin| origin.parse().unwrap());
        KnownHosts::new("127.0.0.1:8899".parse().unwrap(), false, &others)
    }

    fn status(uri: &str, headers: &[(header::HeaderName, &str)]) -> u16 {
        use axum::response::IntoResponse as _;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().unwrap());
        }
        match hosts().check(&uri.parse().unwrap(), &map) {
            Ok(()) => 200,
            Err(failure) => failure.into_response().status().as_u16(),
        }
    }

    #[test]
    fn a_server_answers_to_its_own_names_alone() {
        let known = [
            "localhost:8899",
            "LocalHost:8899",
            "127.0.0.1:8899",
            "[::1]:8899",
            "config.internal",
            "config.internal:443",
            "config.internal:1234",
            "proxy:8443",
            "CONFIG.internal",
        ];
        for host in known {
            assert_eq!(status("/", &[(header::HOST, host)]), 200, "{host}");
        }
        let foreign = [
            "localhost",
            "localhost:80",
            "localhost.:8899",
            "evil.example",
            "evil.example:8899",
            "127.0.0.1",
            "127.0.0.1.evil.example:8899",
            "localhost:8899@evil.example",
            "evil@localhost:8899",
            "[::2]:8899",
            "proxy",
            "proxy:80",
            "config.internal:8899",
            "",
            " ",
            "localhost:8899, evil.example",
            "0.0.0.0:8899",
            "2130706433:8899",
            "localhost:98899",
            "localhost:",
            "config.internal.evil",
        ];
        for host in foreign {
            assert_eq!(status("/", &[(header::HOST, host)]), 403, "{host:?}");
        }
    }

    #[test]
    fn an_origin_is_a_name_with_or_without_scheme_and_port() {
        for text in [
            "",
            "a b",
            "a@b",
            "a:",
            "ftp://a",
            "http://",
            "https://a/b",
            "a/b",
            "a:99999",
        ] {
            assert_eq!(text.parse::<ServerOrigin>(), Err(ServerOriginError), "{text:?}");
        }
    }

    #[test]
    fn a_host_is_given_once_and_a_target_that_names_one_counts_too() {
        let own = (header::HOST, "localhost:8899");
        assert_eq!(status("/", &[]), 400);
        assert_eq!(status("/", &[own.clone(), own.clone()]), 400);
        assert_eq!(status("/", &[own.clone(), (header::HOST, "evil.example")]), 400);
        assert_eq!(status("http://localhost:8899/", std::slice::from_ref(&own)), 200);
        assert_eq!(status("http://evil.example/", &[own]), 403);
    }

    #[test]
    fn an_origin_that_is_not_sent_is_what_the_browser_says() {
        let site = axum::http::HeaderName::from_static("sec-fetch-site");
        let with = |said: &str| {
            let host = (header::HOST, "localhost:8899");
            status("/", &[host, (header::ORIGIN, "null"), (site.clone(), said)])
        };
        assert_eq!(with("same-origin"), 200);
        for other in ["same-site", "cross-site", "none", ""] {
            assert_eq!(with(other), 403, "{other}");
        }
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let with = |origin| status("/", &[(header::HOST, "localhost:8899"), (header::ORIGIN, origin)]);
        for origin in [
            "http://localhost:8899",
            "http://127.0.0.1:8899",
            "https://config.internal",
            "http://config.internal",
            "http://config.internal:1234",
            "http://proxy:8443",
        ] {
            assert_eq!(with(origin), 200, "{origin}");
        }
        let foreign = [
            "null",
            "",
            "https://localhost:8899",
            "https://proxy:8443",
            "http://config.internal:443",
            "https://config.internal:8443",
            "http://localhost",
            "http://localhost:3000",
            "http://evil.example",
            "http://evil.example:8899",
            "http://localhost:8899/",
            "localhost:8899",
            "file://",
            "http://a@localhost:8899",
        ];
        for origin in foreign {
            assert_eq!(with(origin), 403, "{origin:?}");
        }
    }
}
