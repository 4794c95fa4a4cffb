//! What the function answers: its health, and to all else that there is no such route.

use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .fallback(no_route)
        .method_not_allowed_fallback(no_route)
}

async fn healthz() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// A problem in the shape of RFC 9457.
async fn no_route(method: Method, uri: Uri) -> Response {
    let status = StatusCode::NOT_FOUND;
    let problem = json!({
        "type": "about:blank",
        "title": "Not Found",
        "status": status.as_u16(),
        "detail": format!("there is no route {method} {}", uri.path()),
    });
    let kind = [(CONTENT_TYPE, "application/problem+json")];
    (status, kind, Json(problem)).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use serde_json::Value;
    use tower::ServiceExt as _;

    use super::*;

    async fn answer(method: &str, path: &str) -> (StatusCode, String, Value) {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        let answer = router().oneshot(request.unwrap()).await.unwrap();
        let kind = answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, kind, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn health_is_told_as_json() {
        let (status, kind, body) = answer("GET", "/healthz").await;
        assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/json"));
        assert_eq!(body, json!({"status": "ok"}));
    }

    #[tokio::test]
    async fn all_else_is_a_problem() {
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/healthz/"),
            ("POST", "/healthz"),
            ("PUT", "/keys/a%20b"),
        ] {
            let (status, kind, body) = answer(method, path).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
            assert_eq!(kind, "application/problem+json", "{method} {path}");
            assert_eq!(body["status"], 404);
            assert_eq!(body["detail"], format!("there is no route {method} {path}"));
        }
    }
}
