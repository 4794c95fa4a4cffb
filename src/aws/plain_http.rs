//! HTTP for what isn't AWS, by the client of the SDKs: with its roots of trust, its proxies and its connections that
//! are kept open. Redirects are answers, and nothing is tried twice.

use std::error::Error;
use std::mem;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::Headers;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::timeout;

use super::http::{Operation, SharedConnectors};
use super::{CertificateFault, Meter, RootsFault};
use crate::model::Grouped;

/// A client.
#[derive(Debug, Clone)]
pub(crate) struct PlainHttp(SharedConnectors);

/// What is sent.
#[derive(Clone)]
pub(crate) struct PlainRequest {
    /// As what the meter counts it.
    pub(crate) operation: &'static str,
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Vec<u8>>,
    /// How long it may take from its beginning to the answer's last byte.
    pub(crate) within: Duration,
    /// The most bytes that the answer's body may have.
    pub(crate) most: usize,
}

/// What is answered.
pub(crate) struct PlainAnswer {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    /// How many seconds the answer asks to wait before another try.
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlainHttpError {
    /// The connection failed: nothing was sent.
    #[error("connection failed")]
    NotSent(#[source] Box<dyn Error + Send + Sync>),
    /// The server's certificate is not trusted: nothing was sent.
    #[error("the server's certificate is not trusted")]
    NotTrusted(#[source] CertificateFault),
    /// The root certificates that an environment variable names can't be used: nothing was sent.
    #[error("no usable root certificates")]
    NoRoots(#[source] RootsFault),
    /// The connection closed before the response was complete. The request may have been processed.
    #[error("the connection closed before the response was complete")]
    Cut(#[source] Box<dyn Error + Send + Sync>),
    /// There was no response in time. The request may have been processed.
    #[error("timed out after {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The response exceeds the limit, in bytes.
    #[error("response too large: more than {} bytes", Grouped(*.0))]
    TooLarge(usize),
}

impl PlainHttp {
    /// A client whose requests are counted by `meter`. `direct` leaves proxies out, whatever the environment says.
    pub(crate) fn new(connect_within: Duration, direct: bool, meter: Meter) -> Self {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(connect_within)
            .build();
        Self(SharedConnectors::new(settings, direct, meter))
    }

    /// Sends the request and takes the whole answer.
    pub(crate) async fn send(&self, request: PlainRequest) -> Result<PlainAnswer, PlainHttpError> {
        let (answer, _) = self.send_for_headers(request).await?;
        Ok(answer)
    }

    /// The same, with all headers of the answer.
    pub(crate) async fn send_for_headers(
        &self,
        request: PlainRequest,
    ) -> Result<(PlainAnswer, Headers), PlainHttpError> {
        let within = request.within;
        let exchange = self.exchange(request);
        timeout(within, exchange)
            .await
            .unwrap_or(Err(PlainHttpError::TimedOut(within)))
    }

    async fn exchange(&self, request: PlainRequest) -> Result<(PlainAnswer, Headers), PlainHttpError> {
        let most = request.most;
        let has_body = request.method != "HEAD";
        let request = built(request).map_err(PlainHttpError::NotSent)?;
        let mut answer = self.0.call(request).await.map_err(plain_error)?;
        let status = answer.status().as_u16();
        let content_type = header(&answer, "content-type");
        let retry_after = header(&answer, "retry-after").and_then(|seconds| seconds.parse().ok());
        let length = header(&answer, "content-length").and_then(|length| length.parse::<usize>().ok());
        // The answer to a HEAD gives the length of a body that it doesn't have.
        let length = length.filter(|_| has_body);
        if length.is_some_and(|length| length > most) {
            return Err(PlainHttpError::TooLarge(most));
        }
        let headers = mem::take(answer.headers_mut());
        let mut stream = ByteStream::new(answer.into_body());
        let mut body = Vec::with_capacity(length.unwrap_or_default());
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(|error| PlainHttpError::Cut(error.into()))?;
            if body.len() + bytes.len() > most {
                return Err(PlainHttpError::TooLarge(most));
            }
            body.extend_from_slice(&bytes);
        }
        let answer = PlainAnswer {
            status,
            content_type,
            retry_after,
            body,
        };
        Ok((answer, headers))
    }
}

fn built(request: PlainRequest) -> Result<HttpRequest, Box<dyn Error + Send + Sync>> {
    let body = request.body.map_or_else(SdkBody::empty, SdkBody::from);
    let mut built = HttpRequest::new(body);
    built.set_method(request.method)?;
    built.set_uri(request.url)?;
    for (name, value) in request.headers {
        built.headers_mut().try_insert(name, value)?;
    }
    built.add_extension(Operation(request.operation));
    Ok(built)
}

fn header(answer: &HttpResponse, name: &str) -> Option<String> {
    answer.headers().get(name).map(str::to_owned)
}

/// The client tells that it couldn't connect by its words alone (`hyper_util::client::legacy::Error`).
fn plain_error(error: ConnectorError) -> PlainHttpError {
    if let Some(fault) = CertificateFault::of(&error) {
        return PlainHttpError::NotTrusted(fault);
    }
    if let Some(fault) = RootsFault::of(&error) {
        return PlainHttpError::NoRoots(fault);
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    let mut sent = !error.is_user();
    while let Some(error) = cause {
        sent &= !error.to_string().starts_with("client error (Connect)");
        cause = error.source();
    }
    if sent {
        PlainHttpError::Cut(error.into())
    } else {
        PlainHttpError::NotSent(error.into())
    }
}
