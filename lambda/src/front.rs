//! From an event of API Gateway to a request of the router, and back.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use axum::response::{IntoResponse as _, Json};
use discfg::http::Caller;
use discfg::model::ErrorKind;
use discfg::wire::{ByteLimit, Problem, ProblemCode, ProblemLimit};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Error, LambdaEvent, Request, RequestExt as _};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tower::ServiceExt as _;

/// The most bytes of an answer as Lambda is given it, with room for its head. Lambda takes 6 MB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_ANSWER: usize = 6_000_000;
/// What no URI may hold.
const IN_NO_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
const IN_NO_PATH: &AsciiSet = &IN_NO_QUERY.add(b'?');

/// The event with its path and query as a URI can hold them. API Gateway decodes a path once, so there may be anything
/// in it, and what can't be a URI would end the function.
pub(crate) fn as_uri(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        let encode = |text: &mut Option<String>, set| {
            if let Some(text) = text {
                *text = utf8_percent_encode(text, set).to_string();
            }
        };
        encode(&mut request.raw_path, IN_NO_PATH);
        encode(&mut request.raw_query_string, IN_NO_QUERY);
    }
    event
}

/// Answers a request on behalf of whom IAM has let in to the API of this id; to any, where the stack names none.
pub(crate) async fn answer(
    router: Router,
    api: Option<&str>,
    mut request: Request,
) -> Result<Response<Body>, Error> {
    *request.uri_mut() = uri(&request)?;
    if let Some(caller) = caller(&request, api) {
        request.extensions_mut().insert(caller);
    }
    let (mut parts, body) = router.oneshot(request.map(into_body)).await?.into_parts();
    leave_out_head(&mut parts.headers);
    let bytes = to_bytes(body, usize::MAX).await?;
    let size = size(&bytes);
    if size > MAX_ANSWER {
        return Ok(too_large(size));
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// API Gateway has no route for HEAD, so the methods that a route takes don't include it here.
fn leave_out_head(headers: &mut HeaderMap) {
    let Some(allowed) = headers.get(ALLOW).and_then(|methods| methods.to_str().ok()) else {
        return;
    };
    let methods: Vec<&str> = allowed
        .split(',')
        .map(str::trim)
        .filter(|method| *method != "HEAD")
        .collect();
    if let Ok(methods) = HeaderValue::from_str(&methods.join(",")) {
        headers.insert(ALLOW, methods);
    }
}

/// The path and query as they came. `lambda_http` makes a URL of them, in which `..` has gone up already: IAM would
/// have decided about another path than the one that is served.
fn uri(request: &Request) -> Result<Uri, Error> {
    let path = request.raw_http_path();
    let target = match request.uri().query() {
        Some(query) => format!("{path}?{query}").parse::<PathAndQuery>()?,
        None => path.parse()?,
    };
    Ok(target.into())
}

/// Who calls, as IAM knows them. IAM has decided about the method and the path; secrets it knows nothing of.
///
/// That an event has the shape and the id of the config's API guards against accidents, such as another API before the
/// function. It is no protection: a caller that may invoke the function writes the event, and names anyone in it.
fn caller(request: &Request, api: Option<&str>) -> Option<Caller> {
    let RequestContext::ApiGatewayV2(context) = request.request_context_ref()? else {
        return None;
    };
    if api.is_some() && context.apiid.as_deref() != api {
        return None;
    }
    let arn = context.authorizer.as_ref()?.iam.as_ref()?.user_arn.clone()?;
    Some(Caller {
        by: Some(arn),
        decrypts: false,
        ..Caller::anyone()
    })
}

fn into_body(body: lambda_http::Body) -> Body {
    match body {
        lambda_http::Body::Text(text) => Body::from(text),
        lambda_http::Body::Binary(bytes) => Body::from(bytes),
        _ => Body::empty(),
    }
}

/// What a body takes in the answer to Lambda: a text in a JSON string, all else as base64.
fn size(body: &[u8]) -> usize {
    if std::str::from_utf8(body).is_ok() {
        let written = |byte: &u8| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            // As `\u0000`.
            0..=0x1f => 6,
            _ => 1,
        };
        body.iter().map(written).sum()
    } else {
        body.len().div_ceil(3) * 4
    }
}

fn too_large(size: usize) -> Response<Body> {
    let status = StatusCode::PAYLOAD_TOO_LARGE;
    let detail = format!(
        "response too large: {size} bytes exceed the {MAX_ANSWER}-byte limit of AWS Lambda; request fewer keys, or list by pages"
    );
    let mut problem = Problem::new(
        status.as_u16(),
        "Payload Too Large",
        ErrorKind::Invalid,
        ProblemCode::Limit,
        detail,
    );
    problem.limit = Some(ProblemLimit::Bytes(ByteLimit {
        size,
        max: MAX_ANSWER,
    }));
    (
        status,
        [(CONTENT_TYPE, "application/problem+json")],
        Json(problem),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;

    #[test]
    fn a_body_is_as_large_as_lambda_is_given_it() {
        assert_eq!(size(b""), 0);
        assert_eq!(size(b"{\"a\":\"\\n\"}"), 10 + 5);
        assert_eq!(size("\u{e4}".as_bytes()), 2);
        for text in ["\0\u{1}\u{1f}", "\u{8}\u{c}\n\r\t\"\\/\u{7f}", "plain"] {
            let written = serde_json::to_string(text).expect("a text");
            assert_eq!(size(text.as_bytes()), written.len() - 2, "{written}");
        }
        assert_eq!(size(b"\xff"), 4);
        assert_eq!(size(b"\xff\xff\xff\xff"), 8);
    }

    #[test]
    fn a_route_takes_no_head_behind_api_gateway() {
        for (allowed, told) in [
            ("GET,HEAD,PUT", "GET,PUT"),
            ("GET, HEAD", "GET"),
            ("POST", "POST"),
        ] {
            let mut headers = HeaderMap::from_iter([(ALLOW, HeaderValue::from_static(allowed))]);
            leave_out_head(&mut headers);
            assert_eq!(headers[ALLOW], told);
        }
    }

    #[tokio::test]
    async fn what_lambda_would_not_take_is_told_as_such() {
        for (bytes, status) in [(MAX_ANSWER, 200), (MAX_ANSWER + 1, 413)] {
            let router = Router::new().route("/", get(async move || "a".repeat(bytes)));
            let mut event = lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequest::default();
            event.raw_path = Some("/".into());
            let request = LambdaRequest::ApiGatewayV2(event).into();
            let answered = answer(router, None, request).await.expect("an answer");
            assert_eq!(answered.status(), status, "{bytes}");
        }
    }
}
