//! The bucket for code in S3: looking for code there, and putting it there. By requests of its own, since the client of
//! the SDK would be larger than all that it is used for.
//!
//! Whoever may write to the bucket may have put anything under the name of the code. So code is taken by the SHA-256 that
//! S3 computed of it when it came, and by its version, which nobody can replace.
//!
//! Each request names the account that the bucket must belong to, and S3 refuses it of any other
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

/// How long a look may take.
const LOOK: Duration = Duration::from_secs(15);
/// How long an upload may take: of 50 MB over a slow line.
const UPLOAD: Duration = Duration::from_mins(5);
/// The largest answer: an error in XML, or one byte of the code.
const LARGEST: usize = 64 * 1024;
/// How often a request is sent that may be served when it is sent again.
const TRIES: u32 = 4;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_millis(1600));

/// The bucket for code of an account and region.
#[derive(Debug)]
pub struct CodeBucket {
    name: String,
    account: String,
    region: Region,
    /// Where its objects are, without a slash at the end.
    url: String,
    http: PlainHttp,
    signer: Signer,
}

/// What is in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredCode {
    /// The code, whose SHA-256 is as it must be.
    There {
        /// The version of the object, as S3 names it.
        version: String,
    },
    /// Not the code.
    Missing,
    /// There is no bucket; [`plan_code`](crate::stack::plan_code) and [`deploy`](fn@crate::stack::deploy) make it.
    NoBucket,
}

fn checksum(code: &FunctionCode) -> String {
    BASE64_STANDARD.encode(code.sha256())
}

/// Where S3 is told the SHA-256 of an object, and tells it, in Base64.
const CHECKSUM: &str = "x-amz-checksum-sha256";
const PUT: &str = "s3:PutObject";

impl CodeBucket {
    /// The bucket of this account and region, which needn't be there. Its requests are counted by `requests`.
    pub fn new(sdk: &SdkConfig, region: &Region, account: &str, requests: &Meter) -> Self {
        let name = bucket_name(account, region);
        let url = match endpoint_of(sdk, "S3") {
            // An endpoint of one's own is no domain that has subdomains.
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

    /// Looks for the code, and verifies it by the SHA-256 that S3 has of it. One request where it is there, which asks for
    /// nothing of its content; another where S3 refuses, since it says why only in a body, which the answer to a HEAD
    /// has not. Needs `s3:GetObject`, and `s3:ListBucket`, without which S3 denies what isn't there.
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
            // It came in between.
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

    /// Puts the code into the bucket, which is there, and gives the object's version. What is there of that name already
    /// is verified. Needs `s3:PutObject`.
    pub async fn upload(&self, code: &FunctionCode) -> Result<String, BucketError> {
        let mut request = self.request("PutObject", "PUT", code, UPLOAD);
        request.headers.extend([
            ("content-type", "application/zip".into()),
            ("if-none-match", "*".into()),
            (CHECKSUM, checksum(code)),
        ]);
        request.body = Some(code.bytes().to_vec());
        // A bucket that was made just now isn't known everywhere at once.
        let refused = match self.send(&request, |code| code == "NoSuchBucket").await {
            // S3 has compared the content with the SHA-256 that the request gave.
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

    /// The version of the object that an answer tells of, if it is the code.
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
            // What came while versioning was off or suspended, and is replaced in place while it is.
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

    /// Sends a request until it is answered or hopeless, and gives the headers of the answer. `passes` says of which other error codes another try may be
    /// served.
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

    /// An answer, or how there is none and whether another try may have one.
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

/// What S3 says in an answer that is none.
fn refusal(answer: &PlainAnswer) -> Failed {
    let body = str::from_utf8(&answer.body).unwrap_or_default();
    let (code, message) = told(body).unwrap_or_default();
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

/// A body that was cut has elements without a text.
fn is_said(text: &impl AsRef<str>) -> bool {
    !text.as_ref().is_empty()
}

/// The code and the message of an error of S3.
fn told(body: &str) -> Result<(Option<String>, Option<String>), XmlDecodeError> {
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
