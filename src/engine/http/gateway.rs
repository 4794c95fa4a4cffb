//! What API Gateway answers by itself, where it doesn't ask the API behind it:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>.

use serde::Deserialize;

use super::answer::media_type;
use super::call_failure::ApiStatement;
use super::call_site::CallSite;
use crate::aws::PlainAnswer;
use crate::model::{ErrorKind, is_unprintable};
use crate::store::StoreError;

/// The most characters of a message that are repeated.
const LONGEST: usize = 300;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GatewayMessage {
    #[serde(alias = "Message")]
    message: String,
    /// Services of AWS name what sort of failure it is, too.
    #[serde(rename = "__type")]
    _sort: Option<String>,
}

/// Returns the error that an answer means, if it is one of API Gateway's.
pub(super) fn explain_refusal(site: CallSite<'_>, answer: &PlainAnswer) -> Option<StoreError> {
    let words = read_message(answer)?;
    let options = site.options;
    let url = options.url.to_string();
    if !site.is_signed {
        // Another server may answer so, too, and what that says needn't be for everyone.
        return (answer.status == 403).then(|| StoreError::Api {
            api: url,
            problem: format!(
                "access denied: {} (the request was not signed)",
                site.request_line()
            ),
            kind: ErrorKind::Denied,
        });
    }
    let said = ApiStatement(format!("API Gateway responded: {words}"));
    Some(match answer.status {
        403 if words.contains("security token") => StoreError::Credentials {
            problem: format!("{} rejected the credentials", options.url.host()),
            source: Some(said.into()),
        },
        403 if words.to_ascii_lowercase().contains("signature") => StoreError::Api {
            api: url,
            problem: format!("API Gateway rejected the signature: {words}"),
            kind: ErrorKind::Denied,
        },
        // A REST API says of a route that it doesn't have that the token is missing.
        404 | 403 if matches!(words.as_str(), "Not Found" | "Missing Authentication Token") => {
            StoreError::Api {
                api: url,
                problem: format!(
                    "no route {}: the path of the engine's URL is incomplete, or is that of another config's API",
                    site.request_line()
                ),
                kind: ErrorKind::Invalid,
            }
        }
        403 => StoreError::Denied {
            action: site.request_line(),
            subject: None,
            source: Some(said.into()),
        },
        429 => StoreError::Throttled {
            service: url,
            source: Some(said.into()),
        },
        500.. => StoreError::Unavailable {
            problem: format!("{url} is unavailable"),
            source: Some(said.into()),
        },
        status => StoreError::Api {
            api: url,
            problem: format!(
                "API Gateway rejected {} with status {status}: {words}",
                site.request_line()
            ),
            kind: ErrorKind::Invalid,
        },
    })
}

/// Whether API Gateway refuses the caller, and doesn't say whether for want of a permission or because it doesn't know
/// the credentials (an HTTP API answers both alike).
pub(super) fn is_forbidden(answer: &PlainAnswer) -> bool {
    answer.status == 403 && read_message(answer).is_some_and(|words| words == "Forbidden")
}

fn read_message(answer: &PlainAnswer) -> Option<String> {
    let is_json = matches!(
        media_type(answer)?,
        "application/json" | "application/x-amz-json-1.0" | "application/x-amz-json-1.1"
    );
    let words: GatewayMessage = serde_json::from_slice(&answer.body)
        .ok()
        .filter(|_| is_json && answer.status >= 400)?;
    let text = words.message.chars().filter(|c| !is_unprintable(*c));
    Some(text.take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::http::call::ApiCall;
    use crate::engine::http::options::HttpOptions;

    fn refusal_of(is_signed: bool, call: &ApiCall, answer: &PlainAnswer) -> Option<StoreError> {
        let url = "https://abc.execute-api.eu-central-1.amazonaws.com".parse();
        let options = HttpOptions::new(url.expect("a URL"), "mycfg".parse().expect("a name"));
        let site = CallSite {
            options: &options,
            is_signed,
            call,
        };
        explain_refusal(site, answer)
    }

    fn answer(status: u16, body: &str) -> PlainAnswer {
        PlainAnswer {
            status,
            content_type: Some("application/json".into()),
            retry_after: None,
            body: body.into(),
        }
    }

    #[test]
    fn each_answer_is_told_as_what_it_means() {
        let call = ApiCall::of_key("GET", "/keys", &"/db/url".parse().expect("a key"));
        for (status, body, kind, words) in [
            (
                403,
                r#"{"message":"Forbidden"}"#,
                ErrorKind::Denied,
                "access denied: GET /v1/mycfg/db/keys/url",
            ),
            (
                403,
                r#"{"Message":"User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: execute-api:Invoke"}"#,
                ErrorKind::Denied,
                "access denied: GET /v1/mycfg/db/keys/url",
            ),
            (
                403,
                r#"{"__type":"AccessDeniedException","message":"User: x is not authorized to perform: execute-api:Invoke"}"#,
                ErrorKind::Denied,
                "access denied: GET /v1/mycfg/db/keys/url",
            ),
            (
                403,
                r#"{"message":"The security token included in the request is expired"}"#,
                ErrorKind::Denied,
                "abc.execute-api.eu-central-1.amazonaws.com rejected the credentials",
            ),
            (
                403,
                r#"{"message":"Signature expired: 20261127T080000Z is now earlier than 20261127T081000Z"}"#,
                ErrorKind::Denied,
                "rejected the signature: Signature expired: 20261127T080000Z",
            ),
            (
                403,
                r#"{"message":"Missing Authentication Token"}"#,
                ErrorKind::Invalid,
                "no route GET /v1/mycfg/db/keys/url",
            ),
            (
                404,
                r#"{"message":"Not Found"}"#,
                ErrorKind::Invalid,
                "no route GET /v1/mycfg/db/keys/url",
            ),
            (
                413,
                r#"{"message":"Request Entity Too Large"}"#,
                ErrorKind::Invalid,
                "rejected GET /v1/mycfg/db/keys/url with status 413: Request Entity Too Large",
            ),
            (
                429,
                r#"{"message":"Too Many Requests"}"#,
                ErrorKind::Throttled,
                "is throttling requests",
            ),
            (
                500,
                r#"{"message":"Internal Server Error"}"#,
                ErrorKind::Unavailable,
                "is unavailable",
            ),
            (
                503,
                r#"{"message":"Service Unavailable"}"#,
                ErrorKind::Unavailable,
                "is unavailable",
            ),
        ] {
            let error = refusal_of(true, &call, &answer(status, body)).expect(body);
            assert_eq!(error.kind(), kind, "{body}");
            assert!(error.to_string().contains(words), "{body}: {error}");
        }
    }

    #[test]
    fn another_servers_words_are_not_repeated() {
        let call = ApiCall::of_key("GET", "/keys", &"/db/url".parse().expect("a key"));
        let forbidden = answer(403, r#"{"message":"hunter2"}"#);
        let error = refusal_of(false, &call, &forbidden).expect("it may be API Gateway");
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(
            error.to_string().contains("the request was not signed"),
            "{error}"
        );
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(refusal_of(false, &call, &answer(404, r#"{"message":"Not Found"}"#)).is_none());
        for body in [r#"{"message":"a","more":1}"#, r#"{"error":"a"}"#, "[]", ""] {
            assert!(refusal_of(true, &call, &answer(403, body)).is_none(), "{body}");
        }
    }
}
