//! The one HTTP client of every SDK client.
//!
//! Loading a system's certificates costs six times what a whole `get` does, so Amazon's own roots are built in
//! for Amazon's hosts. Where they don't verify (a proxy of a company that opens TLS), and for every other
//! host, the system's are loaded, or those that variables name in their place. `AWS_CA_BUNDLE`, where set, replaces
//! them all.

use std::sync::{Arc, OnceLock};

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::{CertificateFault, Meter, roots};

/// The roots that Amazon's services are signed under (Amazon Trust Services repository).
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// A client whose requests are counted by `meter`.
pub(super) fn client(meter: Meter) -> SharedHttpClient {
    SharedHttpClient::new(CountingClient {
        meter,
        connectors: OnceLock::new(),
    })
}

#[derive(Debug)]
struct CountingClient {
    meter: Meter,
    connectors: OnceLock<SharedConnectors>,
}

impl HttpClient for CountingClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        // Every SDK client is given the same timeouts, so the first one's settings are everyone's, and one pool
        // of connections serves them all.
        let connectors = self
            .connectors
            .get_or_init(|| SharedConnectors::new(settings.clone(), false, self.meter.clone()));
        SharedHttpConnector::new(connectors.clone())
    }
}

#[derive(Debug)]
struct Connectors {
    meter: Meter,
    settings: HttpConnectorSettings,
    /// Whether proxies are left out.
    direct: bool,
    plain: OnceLock<SharedHttpConnector>,
    amazon: OnceLock<SharedHttpConnector>,
    system: OnceLock<SharedHttpConnector>,
}

#[derive(Debug, Clone)]
pub(super) struct SharedConnectors(Arc<Connectors>);

impl SharedConnectors {
    /// Connectors whose requests are counted by `meter`. `direct` leaves proxies out, whatever the environment says.
    pub(super) fn new(settings: HttpConnectorSettings, direct: bool, meter: Meter) -> Self {
        Self(Arc::new(Connectors {
            meter,
            settings,
            direct,
            plain: OnceLock::new(),
            amazon: OnceLock::new(),
            system: OnceLock::new(),
        }))
    }
}

/// The headers in which services give the id of a request, by which AWS's support finds it: most of them, S3, API
/// Gateway.
const REQUEST_ID: [&str; 3] = ["x-amzn-requestid", "x-amz-request-id", "apigw-requestid"];

/// As what a request is counted that isn't one to AWS.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation(pub(super) &'static str);

impl HttpConnector for SharedConnectors {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.0.meter.count(operation(&request));
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return self.send(request);
        }
        let operation = operation(&request).to_owned();
        let answer = self.send(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            match &answer {
                Ok(answer) => {
                    let id = REQUEST_ID.iter().find_map(|name| answer.headers().get(*name));
                    let status = answer.status().as_u16();
                    tracing::debug!(operation, status, id, "answered");
                }
                Err(error) => tracing::debug!(operation, %error, "no response"),
            }
            answer
        })
    }
}

impl SharedConnectors {
    fn send(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connectors = &self.0;
        if request.uri().starts_with("http://") {
            return connectors.plain().call(request);
        }
        if roots::has_bundle() || !is_amazon(request.uri()) {
            return match connectors.system() {
                Ok(connector) => connector.call(request),
                Err(error) => HttpConnectorFuture::ready(Err(error)),
            };
        }
        let again = request.try_clone();
        let first = connectors.amazon().call(request);
        let connectors = Arc::clone(connectors);
        HttpConnectorFuture::new(async move {
            match (first.await, again) {
                // The handshake failed, so nothing was sent and sending it once more is no repetition.
                (Err(error), Some(again)) if CertificateFault::of(&error).is_some() => {
                    connectors.system()?.call(again).await
                }
                (answer, _) => answer,
            }
        })
    }
}

impl Connectors {
    fn plain(&self) -> &SharedHttpConnector {
        self.plain
            .get_or_init(|| SharedHttpConnector::new(self.builder().build_http()))
    }

    fn amazon(&self) -> &SharedHttpConnector {
        self.amazon.get_or_init(|| {
            self.tls(
                TrustStore::empty()
                    .with_native_roots(false)
                    .with_pem_certificate(AMAZON_ROOTS),
            )
        })
    }

    fn system(&self) -> Result<&SharedHttpConnector, ConnectorError> {
        if let Some(connector) = self.system.get() {
            return Ok(connector);
        }
        let named = roots::named().map_err(|fault| ConnectorError::user(fault.into()))?;
        let trust = match named {
            None => TrustStore::default(),
            Some(roots) => TrustStore::empty()
                .with_native_roots(false)
                .with_pem_certificate(roots),
        };
        Ok(self.system.get_or_init(|| self.tls(trust)))
    }

    fn tls(&self, trust: TrustStore) -> SharedHttpConnector {
        let context = TlsContext::builder().with_trust_store(trust).build();
        let builder = self.builder().tls_provider(Provider::Rustls(CryptoMode::Ring));
        SharedHttpConnector::new(match context {
            Ok(context) => builder.tls_context(context).build(),
            Err(error) => {
                tracing::warn!(%error, "cannot use the configured certificates; falling back to the system's");
                builder.build()
            }
        })
    }

    fn builder(&self) -> ConnectorBuilder {
        let builder = Connector::builder()
            .connector_settings(self.settings.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
        // Reading the environment for proxies costs instructions that most processes needn't spend.
        let proxied = !self.direct
            && [
                "HTTP_PROXY",
                "http_proxy",
                "HTTPS_PROXY",
                "https_proxy",
                "ALL_PROXY",
                "all_proxy",
            ]
            .iter()
            .any(|name| std::env::var_os(name).is_some());
        if proxied {
            builder.proxy_config(ProxyConfig::from_env())
        } else {
            builder
        }
    }
}

fn is_amazon(uri: &str) -> bool {
    let authority = uri
        .strip_prefix("https://")
        .unwrap_or(uri)
        .split(['/', '?'])
        .next()
        .unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "api.aws"]
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn operation(request: &HttpRequest) -> &str {
    if let Some(Operation(name)) = request.extension() {
        return name;
    }
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or(target);
    }
    request
        .body()
        .bytes()
        .and_then(|body| std::str::from_utf8(body).ok())
        .and_then(|body| body.strip_prefix("Action="))
        .and_then(|body| body.split('&').next())
        .unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::is_amazon;

    #[test]
    fn only_amazons_hosts_are_trusted_with_amazons_roots() {
        assert!(is_amazon("https://dynamodb.eu-west-1.amazonaws.com/"));
        assert!(is_amazon("https://sts.cn-north-1.amazonaws.com.cn"));
        assert!(is_amazon("https://dynamodb.eu-west-1.api.aws/?x"));
        assert!(!is_amazon("https://amazonaws.com.evil.example/"));
        assert!(!is_amazon("https://evilamazonaws.com/"));
        assert!(!is_amazon("https://localhost:8000/amazonaws.com"));
    }
}
