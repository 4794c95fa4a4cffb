//! The frame of every page, and the headers that keep it to itself.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::assets;

const HTML: &str = "text/html; charset=utf-8";
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types discfg";

/// The headers of every answer, unless it has another one of that name.
const HEADERS: [(HeaderName, &str); 8] = [
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("content-security-policy"), POLICY),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
    (HeaderName::from_static("referrer-policy"), "no-referrer"),
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
];

/// A page without navigation, for who is in no session.
pub(super) fn bare(status: StatusCode, title: &str, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{title} · discfg")))
            body.bare {
                header.bar { span.brand { "discfg" } }
                main #main tabindex="-1" { (content) }
            }
        }
    };
    respond(status, page)
}

pub(super) fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) }
            link rel="stylesheet" href=(assets::href("console.css"));
            link rel="icon" href=(assets::href("icon.svg")) type="image/svg+xml";
            script type="module" src=(assets::href("console.js")) {}
        }
    }
}

/// The answer with a page.
pub(super) fn respond(status: StatusCode, page: Markup) -> Response {
    let html = [(CONTENT_TYPE, HTML)];
    (status, html, page.into_string()).into_response()
}

/// Gives an answer the headers that keep it to itself.
pub(super) async fn keep_to_itself(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
