use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use url::{Host, Url};

use crate::model::Region;

/// What the names of AWS's hosts end with, by partition.
const GATEWAY_DOMAINS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"];

/// Where a discfg API is: `http://` or `https://`, a host, a port where it isn't the scheme's own, and a path where the
/// API doesn't begin at the host's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUrl(Arc<ParsedUrl>);

#[derive(Debug, PartialEq, Eq)]
struct ParsedUrl {
    url: Url,
    /// The same as text, without a slash at its end.
    text: String,
}

/// Why a text is no URL of an API. It may hold a password, so that it isn't repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiUrlError {
    /// It is no URL.
    #[error("invalid API URL: {0}")]
    Form(#[from] url::ParseError),
    /// It is one of something else.
    #[error("invalid API URL: expected http:// or https://")]
    Scheme,
    /// It holds a user or a password.
    #[error(
        "invalid API URL: a user or password is not allowed; put the token into DISCFG_TOKEN or store it with `discfg \
         use --token-file`"
    )]
    User,
    /// It holds a query or a fragment.
    #[error("invalid API URL: `?` and `#` are not allowed")]
    Query,
    /// Its path holds something that would have to be encoded.
    #[error(
        "invalid API URL: the path can only contain A-Z, a-z, 0-9, `.`, `_`, `~`, `$`, `-` and `/`; percent-encoding is not allowed"
    )]
    Path,
}

impl ApiUrl {
    /// The URL as text, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The host and port that requests go to.
    pub fn host(&self) -> ApiHost {
        ApiHost {
            host: self.0.url.host_str().unwrap_or_default().to_owned(),
            port: self.0.url.port(),
        }
    }

    /// The region of the API, where its host is one that API Gateway gives
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-publish.html>).
    pub fn gateway_region(&self) -> Option<Region> {
        let host = self.0.url.host_str()?.trim_end_matches('.');
        let place = GATEWAY_DOMAINS
            .iter()
            .find_map(|domain| host.strip_suffix(domain))?;
        let (id, region) = place.split_once(".execute-api.")?;
        region
            .parse()
            .ok()
            .filter(|_| !id.is_empty() && !id.contains('.'))
    }

    /// Whether requests travel in the clear.
    pub fn is_plain(&self) -> bool {
        self.0.url.scheme() == "http"
    }

    /// Whether the API is on this machine.
    pub fn is_loopback(&self) -> bool {
        match self.0.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether others may read on the way what is sent: in the clear, and to another machine.
    pub fn is_in_the_clear(&self) -> bool {
        self.is_plain() && !self.is_loopback()
    }

    /// Whether a token that is bound to `host` may be sent here.
    pub fn is_at(&self, host: &ApiHost) -> bool {
        let own = self.0.url.port_or_known_default();
        let of_scheme = if self.is_plain() { 80 } else { 443 };
        self.0.url.host_str() == Some(&host.host) && own == Some(host.port.unwrap_or(of_scheme))
    }
}

impl FromStr for ApiUrl {
    type Err = ApiUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ApiUrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ApiUrlError::User);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ApiUrlError::Query);
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._~$-/".contains(c);
        if !url.path().chars().all(is_plain) || url.path().contains("//") {
            return Err(ApiUrlError::Path);
        }
        let text = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self(Arc::new(ParsedUrl { url, text })))
    }
}

impl fmt::Display for ApiUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.text)
    }
}

/// A host with a port, to which a token is bound: `HOST` or `HOST:PORT`. Without a port it is the one of the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiHost {
    host: String,
    port: Option<u16>,
}

/// Why a text names no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid host {0:?}: expected HOST or HOST:PORT, with an IPv6 address in brackets")]
pub struct ApiHostError(String);

impl FromStr for ApiHost {
    type Err = ApiHostError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ApiHostError(text.into());
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            Some(port) if port.starts_with(|c: char| c.is_ascii_digit()) => {
                Some(port.parse().map_err(|_| error())?)
            }
            Some(_) => return Err(error()),
            None => None,
        };
        if host.is_empty() || host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()) {
            return Err(error());
        }
        let host = Host::parse(host).map_err(|_| error())?.to_string();
        Ok(Self { host, port })
    }
}

impl fmt::Display for ApiHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.pad(&self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_without_its_last_slash() {
        for (given, told, host) in [
            ("https://cfg.example", "https://cfg.example", "cfg.example"),
            ("https://CFG.example:443/", "https://cfg.example", "cfg.example"),
            (
                "http://127.0.0.1:8899/",
                "http://127.0.0.1:8899",
                "127.0.0.1:8899",
            ),
            ("http://[::1]:8899", "http://[::1]:8899", "[::1]:8899"),
            (
                "https://x.example:8443/prod/api/",
                "https://x.example:8443/prod/api",
                "x.example:8443",
            ),
        ] {
            let url: ApiUrl = given.parse().expect(given);
            assert_eq!(url.as_str(), told);
            assert_eq!(url.host().to_string(), host);
            assert!(url.is_at(&url.host()), "{given}");
            assert_eq!(url.host(), host.parse().expect(host));
        }
    }

    #[test]
    fn what_has_no_place_in_a_url_is_refused_and_not_repeated() {
        for (given, error) in [
            ("https://me:hunter2@cfg.example/", ApiUrlError::User),
            ("https://hunter2@cfg.example/", ApiUrlError::User),
            ("https://cfg.example/?token=hunter2", ApiUrlError::Query),
            ("https://cfg.example/#hunter2", ApiUrlError::Query),
            ("https://cfg.example/a%2fb", ApiUrlError::Path),
            ("https://cfg.example/a//b", ApiUrlError::Path),
            ("ftp://cfg.example/", ApiUrlError::Scheme),
            ("https://", ApiUrlError::Form(url::ParseError::EmptyHost)),
            (
                "https://cfg.example:70000/",
                ApiUrlError::Form(url::ParseError::InvalidPort),
            ),
        ] {
            assert_eq!(given.parse::<ApiUrl>(), Err(error.clone()), "{given}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn only_a_host_of_api_gateway_tells_its_region() {
        for (given, region) in [
            (
                "https://abc123.execute-api.eu-central-1.amazonaws.com",
                Some("eu-central-1"),
            ),
            (
                "https://ABC123.execute-api.eu-central-1.amazonaws.com:443/prod/",
                Some("eu-central-1"),
            ),
            (
                "https://abc123.execute-api.eu-central-1.amazonaws.com./",
                Some("eu-central-1"),
            ),
            (
                "https://abc123.execute-api.cn-north-1.amazonaws.com.cn",
                Some("cn-north-1"),
            ),
            (
                "https://abc123.execute-api.eusc-de-east-1.amazonaws.eu",
                Some("eusc-de-east-1"),
            ),
            (
                "http://abc123.execute-api.eu-central-1.amazonaws.com",
                Some("eu-central-1"),
            ),
            (
                "https://abc123.execute-api.eu-central-1.amazonaws.com.evil.example",
                None,
            ),
            ("https://abc123.execute-api.eu-central-1.evilamazonaws.com", None),
            ("https://execute-api.eu-central-1.amazonaws.com", None),
            ("https://a.b.execute-api.eu-central-1.amazonaws.com", None),
            ("https://abc123.execute-api.amazonaws.com", None),
            ("https://abc123.execute-api.a.b-1.amazonaws.com", None),
            ("https://abc123.lambda-url.eu-central-1.on.aws", None),
            ("https://cfg.example", None),
            ("http://127.0.0.1:4566/_aws/execute-api/abc123/$default", None),
        ] {
            let found = given.parse::<ApiUrl>().expect(given).gateway_region();
            assert_eq!(found.as_ref().map(Region::as_str), region, "{given}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (given, is_loopback) in [
            ("http://localhost:1", true),
            ("http://127.0.0.1", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:1", true),
            ("http://localhost.evil.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://0.0.0.0", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(
                given.parse::<ApiUrl>().expect(given).is_loopback(),
                is_loopback,
                "{given}"
            );
        }
    }

    #[test]
    fn a_token_is_bound_to_the_port_too() {
        for (url, host, fits) in [
            ("https://cfg.example", "cfg.example", true),
            ("https://cfg.example", "CFG.example:443", true),
            ("https://cfg.example", "cfg.example:80", false),
            ("https://cfg.example:8443", "cfg.example", false),
            ("https://cfg.example:8443", "cfg.example:8443", true),
            ("http://localhost", "localhost", true),
            ("http://localhost:8899", "localhost", false),
            ("https://cfg.example", "evil.cfg.example", false),
            ("https://cfg.example.evil", "cfg.example", false),
            ("http://[::1]:8899", "[::1]:8899", true),
        ] {
            let (url, host): (ApiUrl, ApiHost) = (url.parse().expect(url), host.parse().expect(host));
            assert_eq!(url.is_at(&host), fits, "{url} {host}");
        }
    }

    #[test]
    fn what_names_no_host_is_told() {
        for given in [
            "",
            ":80",
            "a b",
            "host:",
            "host:x",
            "host:99999",
            "host:+80",
            "::1",
            "a/b",
            "https://a",
        ] {
            given.parse::<ApiHost>().expect_err(given);
        }
    }
}
