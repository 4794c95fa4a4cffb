//! The function of a config's API: whether it runs the stack's code, and how many executions can be reserved for it. It
//! sends its own HTTP requests, as the code bucket does.

use std::time::Duration;

use aws_types::SdkConfig;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use super::lookup::Deployed;
use crate::aws::{CONNECT_TIMEOUT, Failed, Meter, PlainAnswer, PlainHttp, PlainRequest, Signer, endpoint_of};
use crate::model::Region;
use crate::stack::error::StackError;
use crate::stack::template::config_template::Parameter;

/// The time limit of a request.
const WITHIN: Duration = Duration::from_secs(15);
/// The largest response: its variables have 4 KB at most (Lambda quotas).
const LARGEST: usize = 256 * 1024;

/// The code of a function, compared with its stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunningCode {
    /// It runs the stack's code.
    Verified {
        /// The SHA-256 of its zip file, in Base64.
        sha256: String,
    },
    /// It runs other code: it was updated outside CloudFormation.
    Foreign {
        /// The SHA-256 of its zip file, in Base64.
        sha256: String,
        /// The SHA-256 in the stack's `CodeKey`, in Base64.
        expected: String,
    },
    /// The stack's `CodeKey` is not a SHA-256, so the code can't be verified.
    Unnamed {
        /// The SHA-256 of its zip file, in Base64.
        sha256: String,
    },
    /// The function doesn't exist.
    Missing,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    code_sha256: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct AccountSettings {
    account_limit: AccountLimit,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct AccountLimit {
    unreserved_concurrent_executions: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LambdaError {
    #[serde(alias = "Message")]
    message: String,
}

/// Compares the code of the function with the stack, if the stack has an API. One request, counted by `requests`; needs
/// `lambda:GetFunctionConfiguration`.
pub async fn running_code(
    sdk: &SdkConfig,
    region: &Region,
    stack: &Deployed,
    requests: &Meter,
) -> Result<Option<RunningCode>, StackError> {
    let parameter = |parameter: Parameter| stack.parameters.get(parameter.name()).map(String::as_str);
    if parameter(Parameter::MakeApi) != Some("true") {
        return Ok(None);
    }
    // The function has the stack's name.
    let path = format!("2015-03-31/functions/{}/configuration", stack.name);
    let body = match get(sdk, region, requests, "GetFunctionConfiguration", &path).await {
        Ok(body) => body,
        Err(refused) if refused.is("ResourceNotFoundException") => return Ok(Some(RunningCode::Missing)),
        Err(source) => {
            return Err(StackError::Request {
                action: "lambda:GetFunctionConfiguration",
                source,
            });
        }
    };
    let configuration: Configuration = serde_json::from_slice(&body).map_err(|_| StackError::Incomplete {
        stack: stack.name.clone(),
        what: "CodeSha256",
    })?;
    let sha256 = configuration.code_sha256;
    Ok(Some(match parameter(Parameter::CodeKey).and_then(named) {
        None => RunningCode::Unnamed { sha256 },
        Some(expected) if expected == sha256 => RunningCode::Verified { sha256 },
        Some(expected) => RunningCode::Foreign { sha256, expected },
    }))
}

/// The unreserved executions of the account in the region. One request, counted by `requests`; needs
/// `lambda:GetAccountSettings`. `None` if Lambda doesn't return it.
pub async fn unreserved_executions(
    sdk: &SdkConfig,
    region: &Region,
    requests: &Meter,
) -> Result<Option<u32>, StackError> {
    let body = get(
        sdk,
        region,
        requests,
        "GetAccountSettings",
        "2016-08-19/account-settings",
    )
    .await;
    let body = body.map_err(|source| StackError::Request {
        action: "lambda:GetAccountSettings",
        source,
    })?;
    let settings: AccountSettings = serde_json::from_slice(&body).unwrap_or_default();
    Ok(settings.account_limit.unreserved_concurrent_executions)
}

/// Sends a GET request to Lambda and returns the body of the response.
async fn get(
    sdk: &SdkConfig,
    region: &Region,
    requests: &Meter,
    operation: &'static str,
    path: &str,
) -> Result<Vec<u8>, Failed> {
    let mut request = PlainRequest {
        operation,
        method: "GET",
        url: format!("{}/{path}", endpoint(sdk, region)),
        headers: vec![("user-agent", concat!("discfg/", env!("CARGO_PKG_VERSION")).into())],
        body: None,
        within: WITHIN,
        most: LARGEST,
    };
    let signed = Signer::of(sdk, "lambda", region.clone()).sign(&mut request).await;
    signed.map_err(|error| Failed::unsigned(&error))?;
    let http = PlainHttp::new(CONNECT_TIMEOUT, false, requests.clone());
    let answer = http.send_for_headers(request).await;
    let (answer, headers) = answer.map_err(|error| Failed::unanswered(&error))?;
    if answer.status == 200 {
        Ok(answer.body)
    } else {
        Err(refusal(&answer, headers.get("x-amzn-errortype")))
    }
}

fn endpoint(sdk: &SdkConfig, region: &Region) -> String {
    if let Some(endpoint) = endpoint_of(sdk, "Lambda") {
        return endpoint.trim_end_matches('/').to_owned();
    }
    let fips = if sdk.use_fips().unwrap_or_default() {
        "-fips"
    } else {
        ""
    };
    format!("https://lambda{fips}.{region}.{}", region.partition().domain())
}

/// The SHA-256 in the object key of a function's code, in Base64.
fn named(key: &str) -> Option<String> {
    let mut digest = [0; 32];
    hex::decode_to_slice(key.strip_suffix(".zip")?, &mut digest).ok()?;
    Some(BASE64_STANDARD.encode(digest))
}

/// The failure in an error response of Lambda. A header has the code, followed by a colon and a URL.
fn refusal(answer: &PlainAnswer, error_type: Option<&str>) -> Failed {
    let refusal: LambdaError = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = error_type.map(|name| name.split(':').next().unwrap_or(name).to_owned());
    let message = match refusal.message.as_str() {
        "" => format!("Lambda answered with the status {}", answer.status),
        message => message.to_owned(),
    };
    Failed::answered(answer.status, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_a_sha_256_names_the_code() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.zip";
        let base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(named(empty).as_deref(), Some(base64));
        for other in [
            "front.zip",
            "",
            &empty[1..],
            &empty[..64],
            &empty.replace('e', "g"),
            &empty.replace("e3", "\u{e9}"),
            &empty.replace("e3", "+3"),
        ] {
            assert_eq!(named(other), None, "{other}");
        }
    }

    #[test]
    fn the_header_names_the_code() {
        let refused = |error_type, body: &str| {
            let answer = PlainAnswer {
                status: 404,
                content_type: None,
                retry_after: None,
                body: body.into(),
            };
            let failed = refusal(&answer, error_type);
            (failed.code, failed.message)
        };
        let body = r#"{"Type":"User","Message":"Function not found: discfg-payments"}"#;
        assert_eq!(
            refused(Some("ResourceNotFoundException:http://example.com/"), body),
            (
                Some("ResourceNotFoundException".into()),
                "Function not found: discfg-payments".into()
            )
        );
        assert_eq!(
            refused(None, "busy"),
            (None, "Lambda answered with the status 404".into())
        );
    }

    #[test]
    fn the_host_is_that_of_the_partition() {
        for (region, fips, host) in [
            ("eu-central-1", false, "lambda.eu-central-1.amazonaws.com"),
            ("us-east-1", true, "lambda-fips.us-east-1.amazonaws.com"),
            ("cn-north-1", false, "lambda.cn-north-1.amazonaws.com.cn"),
        ] {
            let sdk = SdkConfig::builder().use_fips(fips).build();
            let region = region.parse().expect("a region");
            assert_eq!(endpoint(&sdk, &region), format!("https://{host}"));
        }
    }
}
