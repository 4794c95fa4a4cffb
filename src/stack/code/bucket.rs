//! The code bucket in S3: looking up and uploading code. It sends its own HTTP requests, since the SDK's client would
//! be larger than the rest of this module.
//!
//! Anyone with write access to the bucket could store another object under the key of the code. So code is identified
//! by the SHA-256 that S3 computed at the upload, and by its version, which can't be replaced.
//!
//! Each request names the account that must own the bucket, and S3 denies it for any other account
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>).

use std::time::Duration;

use aws_smithy_runtime_api::http::Headers;
use aws_smithy_xml::decode::{Document, XmlDecodeError, try_data};
use aws_types::SdkConfig;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio::time::sleep;

use super::FunctionCode;
use super::bucket_error::{BucketError, GET};
use crate::aws::{
    CONNECT_TIMEOUT, Failed, Fault, Meter, PlainAnswer, PlainHttp, PlainHttpError, PlainRequest, Signer,
    endpoint_of,
};
use crate::model::{Backoff, Jitter, Region};
use crate::stack::template::code_stack::bucket_name;

/// The time limit of a lookup.
const LOOK: Duration = Duration::from_secs(15);
/// The time limit of an upload: 50 MB over a slow connection.
const UPLOAD: Duration = Duration::from_mins(5);
/// The largest response: an error in XML, or one byte of the code.
const LARGEST: usize = 64 * 1024;
/// How often a retryable request is sent.
const TRIES: u32 = 4;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_millis(1600));

/// The code bucket of an account and region.
#[derive(Debug)]
pub struct CodeBucket {
    name: String,
    account: String,
    region: Region,
    /// The base URL of its objects, without a trailing slash.
    url: String,
    http: PlainHttp,
    signer: Signer,
}

/// The result of looking up code in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredCode {
    /// The code is stored, with the expected SHA-256.
    There {
        /// The object's version ID.
        version: String,
    },
    /// The code is not stored.
    Missing,
    /// The bucket doesn't exist; [`plan_code`](crate::stack::plan_code) and [`deploy`](fn@crate::stack::deploy) create
    /// it.
    NoBucket,
}

fn checksum(code: &FunctionCode) -> String {
    BASE64_STANDARD.encode(code.sha256())
}

/// The header with the SHA-256 of an object, in Base64.
const CHECKSUM: &str = "x-amz-checksum-sha256";
const PUT: &str = "s3:PutObject";

impl CodeBucket {
    /// The bucket of this account and region, which need not exist. `requests` counts its requests.
    pub fn new(sdk: &SdkConfig, region: &Region, account: &str, requests: &Meter) -> Self {
        let name = bucket_name(account, region);
        let url = match endpoint_of(sdk, "S3") {
            // A custom endpoint has no subdomains for buckets.
            Some(endpoint) => format!("{}/{name}", endpoint.trim_end_matches('/')),
            None => usual_url(&name, sdk, region),
        };
        Self {
            name,
            account: account.to_owned(),
            region: region.clone(),
            url,
            http: PlainHttp::new(CONNECT_TIMEOUT, false, requests.clone()),
            signer: Signer::of(sdk, "s3", region.clone()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Looks up the code and verifies the SHA-256 that S3 stores for it. Sends one HEAD request if it is stored, and a
    /// GET request otherwise, since S3 gives the reason only in a body. Needs `s3:GetObject`, and `s3:ListBucket`,
    /// without which S3 denies access to missing objects.
    pub async fn look(&self, code: &FunctionCode) -> Result<StoredCode, BucketError> {
        let mut head = self.request("HeadObject", "HEAD", code, LOOK);
        head.headers.push(("x-amz-checksum-mode", "ENABLED".into()));
        let there = |headers: &Headers| {
            let version = self.verified(code, headers)?;
            Ok(StoredCode::There { version })
        };
        let refused = match self.send(&head, |_| false).await {
            Ok(headers) => return there(&headers),
            Err(refused) => refused,
        };
        if !matches!(refused.fault, Fault::Denied | Fault::Refused) {
            return Err(self.failed(GET, refused));
        }
        let mut why = self.request("GetObject", "GET", code, LOOK);
        why.headers.push(("range", "bytes=0-0".into()));
        let refused = match self.send(&why, |_| false).await {
            // It was uploaded in between.
            Ok(_) => match self.send(&head, |_| false).await {
                Ok(headers) => return there(&headers),
                Err(refused) => refused,
            },
            Err(refused) => refused,
        };
        match refused.code.as_deref() {
            Some("NoSuchKey") => Ok(StoredCode::Missing),
            Some("NoSuchBucket") => Ok(StoredCode::NoBucket),
            _ => Err(self.failed(GET, refused)),
        }
    }

    /// Uploads the code into the existing bucket and returns the object's version. An existing object of that key is
    /// verified. Needs `s3:PutObject`.
    pub async fn upload(&self, code: &FunctionCode) -> Result<String, BucketError> {
        let mut request = self.request("PutObject", "PUT", code, UPLOAD);
        request.headers.extend([
            ("content-type", "application/zip".into()),
            ("if-none-match", "*".into()),
            (CHECKSUM, checksum(code)),
        ]);
        request.body = Some(code.bytes().to_vec());
        // A new bucket takes time to propagate.
        let refused = match self.send(&request, |code| code == "NoSuchBucket").await {
            // S3 has verified the SHA-256 of the request.
            Ok(headers) => return self.version(code, &headers),
            Err(refused) => refused,
        };
        if !refused.is("PreconditionFailed") {
            return Err(self.failed(PUT, refused));
        }
        match self.look(code).await? {
            StoredCode::There { version } => Ok(version),
            StoredCode::Missing | StoredCode::NoBucket => Err(self.failed(PUT, refused)),
        }
    }

    /// The version of the object in a response, if it is the code.
    fn verified(&self, code: &FunctionCode, headers: &Headers) -> Result<String, BucketError> {
        let found = headers.get(CHECKSUM);
        if found != Some(checksum(code).as_str()) {
            return Err(BucketError::Foreign {
                bucket: self.name.clone(),
                key: code.key(),
                found: found.map(str::to_owned),
            });
        }
        self.version(code, headers)
    }

    fn version(&self, code: &FunctionCode, headers: &Headers) -> Result<String, BucketError> {
        match headers.get("x-amz-version-id") {
            // Uploaded while versioning was off or suspended, so it can be replaced in place.
            None | Some("null") => Err(BucketError::Unversioned {
                bucket: self.name.clone(),
                key: code.key(),
            }),
            Some(version) => Ok(version.to_owned()),
        }
    }

    fn request(
        &self,
        operation: &'static str,
        method: &'static str,
        code: &FunctionCode,
        within: Duration,
    ) -> PlainRequest {
        PlainRequest {
            operation,
            method,
            url: format!("{}/{}", self.url, code.key()),
            headers: vec![
                ("user-agent", concat!("discfg/", env!("CARGO_PKG_VERSION")).into()),
                ("x-amz-expected-bucket-owner", self.account.clone()),
            ],
            body: None,
            within,
            most: LARGEST,
        }
    }

    /// Sends a request with retries, and returns the headers of the response. `passes` selects further retryable error
    /// codes.
    async fn send(&self, request: &PlainRequest, passes: fn(&str) -> bool) -> Result<Headers, Failed> {
        let mut tries = 1;
        loop {
            let (failed, may_pass) = match self.send_once(request).await {
                Ok((answer, headers)) if (200..300).contains(&answer.status) => return Ok(headers),
                Ok((answer, _)) => {
                    let failed = refusal(&answer);
                    let may_pass = matches!(failed.fault, Fault::Throttled | Fault::Server)
                        || failed.code.as_deref().is_some_and(|code| {
                            passes(code)
                                || ["ConditionalRequestConflict", "OperationAborted", "RequestTimeout"]
                                    .contains(&code)
                        });
                    (failed, may_pass)
                }
                Err(unsent) => unsent,
            };
            if tries == TRIES || !may_pass {
                return Err(failed);
            }
            tracing::debug!(request.operation, tries, failed.message, "trying again");
            sleep(Jitter::Half.draw(BACKOFF.pause(tries - 1))).await;
            tries += 1;
        }
    }

    /// Sends a request once. Returns the response, or the failure and whether it is retryable.
    async fn send_once(&self, request: &PlainRequest) -> Result<(PlainAnswer, Headers), (Failed, bool)> {
        let mut request = request.clone();
        let signed = self.signer.sign(&mut request).await;
        signed.map_err(|error| (Failed::unsigned(&error), false))?;
        let answer = self.http.send_for_headers(request).await;
        answer.map_err(|error| {
            let may_pass = matches!(error, PlainHttpError::NotSent(_) | PlainHttpError::Cut(_));
            (Failed::unanswered(&error), may_pass)
        })
    }

    fn failed(&self, action: &'static str, source: Failed) -> BucketError {
        const ELSEWHERE: [&str; 4] = [
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
            "PermanentRedirect",
            "TemporaryRedirect",
        ];
        let bucket = self.name.clone();
        if source.fault == Fault::Denied {
            return BucketError::Denied {
                action,
                arn: format!("arn:{}:s3:::{bucket}", self.region.partition()),
                bucket,
                account: self.account.clone(),
                source: source.into(),
            };
        }
        if ELSEWHERE.iter().any(|code| source.is(code)) {
            return BucketError::Elsewhere {
                bucket,
                region: self.region.clone(),
                source,
            };
        }
        BucketError::Request {
            action,
            bucket,
            source,
        }
    }
}

fn usual_url(bucket: &str, sdk: &SdkConfig, region: &Region) -> String {
    let fips = if sdk.use_fips().unwrap_or_default() {
        "-fips"
    } else {
        ""
    };
    let dual_stack = if sdk.use_dual_stack().unwrap_or_default() {
        ".dualstack"
    } else {
        ""
    };
    let domain = region.partition().domain();
    format!("https://{bucket}.s3{fips}{dual_stack}.{region}.{domain}")
}

/// The failure in an error response of S3.
fn refusal(answer: &PlainAnswer) -> Failed {
    let body = str::from_utf8(&answer.body).unwrap_or_default();
    let (code, message) = code_and_message(body).unwrap_or_default();
    let (code, message) = (code.filter(is_said), message.filter(is_said));
    let code = code.or_else(|| match answer.status {
        301 => Some("PermanentRedirect".into()),
        307 => Some("TemporaryRedirect".into()),
        403 => Some("AccessDenied".into()),
        _ => None,
    });
    let message = message.unwrap_or_else(|| format!("S3 answered with the status {}", answer.status));
    Failed::answered(answer.status, code, message)
}

/// A truncated body has empty elements.
fn is_said(text: &impl AsRef<str>) -> bool {
    !text.as_ref().is_empty()
}

/// The code and the message of an S3 error.
fn code_and_message(body: &str) -> Result<(Option<String>, Option<String>), XmlDecodeError> {
    let mut document = Document::new(body);
    let mut root = document.root_element()?;
    let (mut code, mut message) = (None, None);
    while let Some(mut tag) = root.next_tag() {
        match tag.start_el().local() {
            "Code" => code = Some(try_data(&mut tag)?.into_owned()),
            "Message" => message = Some(try_data(&mut tag)?.into_owned()),
            _ => {}
        }
    }
    Ok((code, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(region: &'static str, fips: bool, dual_stack: bool) -> String {
        let sdk = SdkConfig::builder()
            .region(aws_types::region::Region::from_static(region))
            .use_fips(fips)
            .use_dual_stack(dual_stack)
            .build();
        let region = region.parse().expect("a region");
        CodeBucket::new(&sdk, &region, "123456789012", &Meter::default()).url
    }

    #[test]
    fn the_host_is_that_of_the_partition() {
        for (region, host) in [
            ("eu-central-1", "s3.eu-central-1.amazonaws.com"),
            ("us-gov-west-1", "s3.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "s3.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(
                url(region, false, false),
                format!("https://discfg-code-123456789012-{region}.{host}")
            );
        }
        let of_other_hosts = url("us-east-1", true, true);
        assert!(
            of_other_hosts.ends_with(".s3-fips.dualstack.us-east-1.amazonaws.com"),
            "{of_other_hosts}"
        );
    }

    #[test]
    fn an_answer_of_something_else_is_told_by_its_status() {
        for body in [&b""[..], b"<html>busy</html>", b"{}", b"<Error><Code>", b"\xff"] {
            let failed = refusal(&PlainAnswer {
                status: 502,
                content_type: None,
                retry_after: None,
                body: body.to_vec(),
            });
            assert_eq!((failed.fault, failed.code), (Fault::Server, None));
            assert_eq!(failed.message, "S3 answered with the status 502");
        }
    }
}
