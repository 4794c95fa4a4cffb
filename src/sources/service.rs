use std::time::Duration;

use aws_types::SdkConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::sleep;

use super::SourceError;
use crate::aws::{
    Aws, CONNECT_TIMEOUT, Failed, Fault, PlainAnswer, PlainHttp, PlainHttpError, PlainRequest, Signer,
    endpoint_of,
};
use crate::model::{Backoff, Jitter, Partition, Region};

/// The time limit of a request.
const WITHIN: Duration = Duration::from_secs(15);
/// The largest response: 20 secrets of 64 KiB, each byte escaped, take half of it.
const LARGEST: usize = 16 * 1024 * 1024;
/// The most bytes that a source can have, as for a file.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// How often a request is sent.
const TRIES: u32 = 4;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_millis(1600));

/// How a service is reached.
pub(super) struct Service {
    /// Its ID in the SDKs' models, which names its settings.
    pub(super) id: &'static str,
    /// The first label of its hosts.
    pub(super) host: &'static str,
    /// Its name in signatures and policies.
    pub(super) name: &'static str,
    /// What its operations are prefixed with in the JSON protocol; empty for REST.
    pub(super) target: &'static str,
}

/// Reads one source by requests to a service: the permission that each takes has the name of the operation.
pub(super) struct SourceReader {
    service: Service,
    /// What is read, for errors.
    place: String,
    url: String,
    http: PlainHttp,
    signer: Signer,
    /// How many values and bytes have been read.
    read: (usize, usize),
}

impl SourceReader {
    pub(super) fn new(service: Service, place: String, aws: &Aws) -> Self {
        let (sdk, region) = (aws.sdk(), aws.region());
        let url = endpoint_of(sdk, service.id).unwrap_or_else(|| usual_url(&service, sdk, region));
        Self {
            place,
            url: url.trim_end_matches('/').to_owned(),
            http: PlainHttp::new(CONNECT_TIMEOUT, false, aws.requests().clone()),
            signer: Signer::of(sdk, service.name, region.clone()),
            service,
            read: (0, 0),
        }
    }

    /// Counts what has been read, for errors and for the limit.
    pub(super) fn count(&mut self, values: usize, bytes: usize) -> Result<(), SourceError> {
        self.read.0 += values;
        self.read.1 += bytes;
        if self.read.1 > MOST_BYTES {
            return Err(SourceError::TooLarge {
                place: self.place.clone(),
                most: MOST_BYTES,
            });
        }
        Ok(())
    }

    /// Sends a request of the JSON protocol.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        action: &'static str,
        input: &Value,
    ) -> Result<T, SourceError> {
        let target = format!("{}.{operation}", self.service.target);
        let headers = vec![
            ("content-type", "application/x-amz-json-1.1".into()),
            ("x-amz-target", target),
        ];
        let answer = self
            .send(operation, action, "POST", "/", headers, Some(input))
            .await?;
        self.parsed(action, &answer)
    }

    /// Parses the body of a response.
    pub(super) fn parsed<T: DeserializeOwned>(
        &self,
        action: &'static str,
        answer: &PlainAnswer,
    ) -> Result<T, SourceError> {
        // What serde says could quote a value.
        serde_json::from_slice(&answer.body).map_err(|_| self.unexpected(action))
    }

    pub(super) fn unexpected(&self, action: &'static str) -> SourceError {
        SourceError::Response {
            action,
            place: self.place.clone(),
        }
    }

    /// The error of a failed request.
    pub(super) fn failed(&self, action: &'static str, source: Failed) -> SourceError {
        let place = self.place.clone();
        if source.fault == Fault::Denied {
            return SourceError::Denied {
                action,
                place,
                source,
            };
        }
        SourceError::Request {
            action,
            place,
            read: self.read.0,
            source,
        }
    }

    /// Sends a request, again if the service throttles or fails: at most four times.
    pub(super) async fn send(
        &self,
        operation: &'static str,
        action: &'static str,
        method: &'static str,
        path: &str,
        mut headers: Vec<(&'static str, String)>,
        input: Option<&Value>,
    ) -> Result<PlainAnswer, SourceError> {
        headers.push(("user-agent", concat!("discfg/", env!("CARGO_PKG_VERSION")).into()));
        let request = PlainRequest {
            operation,
            method,
            url: format!("{}{path}", self.url),
            headers,
            body: input.map(|input| input.to_string().into_bytes()),
            within: WITHIN,
            most: LARGEST,
        };
        let mut tries = 1;
        loop {
            let (failed, may_pass) = match self.send_once(&request).await {
                Ok(answer) if (200..300).contains(&answer.0.status) => return Ok(answer.0),
                Ok((answer, code)) => {
                    let failed = refusal(&answer, code);
                    let may_pass = matches!(failed.fault, Fault::Throttled | Fault::Server);
                    (failed, may_pass)
                }
                Err(unsent) => unsent,
            };
            if tries == TRIES || !may_pass {
                return Err(self.failed(action, failed));
            }
            tracing::debug!(operation, tries, failed.message, "trying again");
            sleep(Jitter::Half.draw(BACKOFF.pause(tries - 1))).await;
            tries += 1;
        }
    }

    /// Sends a request once. Returns the response with the error code of its headers, or the failure and whether it is
    /// retryable.
    async fn send_once(
        &self,
        request: &PlainRequest,
    ) -> Result<(PlainAnswer, Option<String>), (Failed, bool)> {
        let mut request = request.clone();
        let signed = self.signer.sign(&mut request).await;
        signed.map_err(|error| (Failed::unsigned(&error), false))?;
        let answer = self.http.send_for_headers(request).await;
        let (answer, headers) = answer.map_err(|error| {
            // These requests change nothing.
            let may_pass = matches!(
                error,
                PlainHttpError::NotSent(_) | PlainHttpError::Cut(_) | PlainHttpError::TimedOut(_)
            );
            (Failed::unanswered(&error), may_pass)
        })?;
        let code = headers.get("x-amzn-errortype").map(str::to_owned);
        Ok((answer, code))
    }
}

/// An error in JSON, as both protocols write it.
#[derive(Deserialize, Default)]
struct ErrorBody {
    #[serde(rename = "__type", alias = "code")]
    code: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

fn refusal(answer: &PlainAnswer, code: Option<String>) -> Failed {
    let body: ErrorBody = serde_json::from_slice(&answer.body).unwrap_or_default();
    // `com.amazonaws.ssm#AccessDeniedException:http://…`
    let bare = |code: String| {
        let code = code.split(':').next().unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default().to_owned()
    };
    let code = code.or(body.code).map(bare).filter(|code| !code.is_empty());
    let code = code.or_else(|| (answer.status == 403).then(|| "AccessDenied".into()));
    let message = body.message.filter(|message| !message.is_empty());
    let message = message.unwrap_or_else(|| match &code {
        Some(code) => code.clone(),
        None => format!("the service answered with the status {}", answer.status),
    });
    Failed::answered(answer.status, code, message)
}

/// The URL by the services' endpoint rules.
fn usual_url(service: &Service, sdk: &SdkConfig, region: &Region) -> String {
    let (host, partition) = (service.host, region.partition());
    let is_fips = sdk.use_fips().unwrap_or_default();
    let is_dual_stack = sdk.use_dual_stack().unwrap_or_default();
    // The usual hosts of this partition are FIPS hosts, but those of Secrets Manager.
    let is_fips_already = partition == Partition::UsGov && !is_dual_stack && service.host != "secretsmanager";
    let fips = if is_fips && !is_fips_already { "-fips" } else { "" };
    let domain = if is_dual_stack {
        partition.dual_stack_domain()
    } else {
        partition.domain()
    };
    format!("https://{host}{fips}.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(host: &'static str, region: &'static str, fips: bool, dual_stack: bool) -> String {
        let sdk = SdkConfig::builder()
            .use_fips(fips)
            .use_dual_stack(dual_stack)
            .build();
        let service = Service {
            id: "",
            host,
            name: "",
            target: "",
        };
        usual_url(&service, &sdk, &region.parse().expect("a region"))
    }

    #[test]
    fn the_hosts_are_those_of_the_endpoint_rules() {
        for (host, region, fips, dual_stack, wanted) in [
            (
                "ssm",
                "eu-central-1",
                false,
                false,
                "ssm.eu-central-1.amazonaws.com",
            ),
            (
                "ssm",
                "cn-north-1",
                false,
                false,
                "ssm.cn-north-1.amazonaws.com.cn",
            ),
            (
                "ssm",
                "us-east-1",
                true,
                false,
                "ssm-fips.us-east-1.amazonaws.com",
            ),
            (
                "ssm",
                "us-gov-west-1",
                true,
                false,
                "ssm.us-gov-west-1.amazonaws.com",
            ),
            (
                "secretsmanager",
                "us-gov-west-1",
                true,
                false,
                "secretsmanager-fips.us-gov-west-1.amazonaws.com",
            ),
            (
                "appconfigdata",
                "eu-west-1",
                false,
                true,
                "appconfigdata.eu-west-1.api.aws",
            ),
            ("ssm", "us-east-1", true, true, "ssm-fips.us-east-1.api.aws"),
        ] {
            assert_eq!(url(host, region, fips, dual_stack), format!("https://{wanted}"));
        }
    }

    #[test]
    fn an_error_is_read_from_headers_and_body() {
        let of = |status, header: Option<&str>, body: &str| {
            let answer = PlainAnswer {
                status,
                content_type: None,
                retry_after: None,
                body: body.into(),
            };
            let failed = refusal(&answer, header.map(str::to_owned));
            (failed.fault, failed.code, failed.message)
        };
        let denied = r#"{"__type":"com.amazon.coral#AccessDeniedException","Message":"no"}"#;
        let wanted = (Fault::Denied, Some("AccessDeniedException".into()), "no".into());
        assert_eq!(of(400, None, denied), wanted);
        let throttled = of(429, Some("ThrottlingException:http://x"), "");
        assert_eq!(throttled.0, Fault::Throttled);
        assert_eq!(of(403, None, "<html>").0, Fault::Denied);
        let status = "the service answered with the status 502";
        assert_eq!(of(502, None, "\u{fffd}"), (Fault::Server, None, status.into()));
    }
}
