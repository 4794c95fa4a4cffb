//! By which names a server is called. Behind a server that asks for no token stands only that a web page can't reach
//! it: a page that has its own name lead here (DNS rebinding) sends that name as `Host`, and one that calls here
//! straight sends its own `Origin`.

use std::net::SocketAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri, header};

use super::super::error::Failure;
use crate::model::Kind;

/// The names that a server answers to.
#[derive(Debug)]
pub(super) struct Hosts {
    /// In lower case; with a port, where only that one will do.
    names: Vec<(String, Option<u16>)>,
    scheme: &'static str,
}

impl Hosts {
    /// Those of a server that listens there, and what else it is called, as `NAME` or `NAME:PORT`.
    pub(super) fn new(listens: SocketAddr, is_tls: bool, others: &[Authority]) -> Self {
        let port = Some(listens.port());
        let itself = match listens {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        let own = ["localhost", "127.0.0.1", "[::1]", &itself];
        let own = own.into_iter().map(|name| (name.to_owned(), port));
        let others = others
            .iter()
            .map(|name| (name.host().to_ascii_lowercase(), name.port_u16()));
        Self {
            names: own.chain(others).collect(),
            scheme: if is_tls { "https" } else { "http" },
        }
    }

    /// Refuses a request that wasn't meant for this server, or comes from a page that isn't its own.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Failure> {
        let mut given = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (given.next(), given.next()) else {
            let told = "the header Host must be given, and once";
            return Err(Failure::new(Kind::Usage, "header", told));
        };
        let called = authority(host).is_some_and(|host| self.knows(&host));
        if !called || uri.authority().is_some_and(|target| !self.knows(target)) {
            return Err(Failure::denied(
                "this server doesn't answer to that Host: it knows itself as localhost, by its address, and by the names \
                 that --host gave it",
            ));
        }
        for origin in headers.get_all(header::ORIGIN) {
            if !self.is_own(origin) {
                return Err(Failure::denied(
                    "requests of web pages (with the header Origin) are answered to the server's own alone",
                ));
            }
        }
        Ok(())
    }

    fn knows(&self, called: &Authority) -> bool {
        let default = if self.scheme == "https" { 443 } else { 80 };
        let port = called.port_u16().unwrap_or(default);
        // What names a user, too, is no host.
        !called.as_str().contains('@')
            && self.names.iter().any(|(name, known)| {
                name.eq_ignore_ascii_case(called.host()) && known.is_none_or(|known| known == port)
            })
    }

    fn is_own(&self, origin: &HeaderValue) -> bool {
        let text = origin.to_str().unwrap_or_default();
        // A proxy before this server may speak TLS for it under a name that was given.
        ["http", "https"].iter().any(|scheme| {
            let host = text
                .strip_prefix(scheme)
                .and_then(|rest| rest.strip_prefix("://"));
            let host = host.and_then(|host| host.parse::<Authority>().ok());
            host.is_some_and(|host| {
                let by_name = self
                    .names
                    .iter()
                    .any(|(name, port)| port.is_none() && name.eq_ignore_ascii_case(host.host()));
                !host.as_str().contains('@') && (by_name || (*scheme == self.scheme && self.knows(&host)))
            })
        })
    }
}

fn authority(host: &HeaderValue) -> Option<Authority> {
    Authority::try_from(host.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        let others = ["config.internal".parse().unwrap(), "Proxy:8443".parse().unwrap()];
        Hosts::new("127.0.0.1:8899".parse().unwrap(), false, &others)
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
    fn a_host_is_given_once_and_a_target_that_names_one_counts_too() {
        let own = (header::HOST, "localhost:8899");
        assert_eq!(status("/", &[]), 400);
        assert_eq!(status("/", &[own.clone(), own.clone()]), 400);
        assert_eq!(status("/", &[own.clone(), (header::HOST, "evil.example")]), 400);
        assert_eq!(status("http://localhost:8899/", std::slice::from_ref(&own)), 200);
        assert_eq!(status("http://evil.example/", &[own]), 403);
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let with = |origin| status("/", &[(header::HOST, "localhost:8899"), (header::ORIGIN, origin)]);
        for origin in [
            "http://localhost:8899",
            "http://127.0.0.1:8899",
            "https://config.internal",
            "http://proxy:8443",
        ] {
            assert_eq!(with(origin), 200, "{origin}");
        }
        let foreign = [
            "null",
            "",
            "https://localhost:8899",
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
