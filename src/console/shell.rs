//! The frame of every page, and the headers that keep it to itself.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::assets;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types discfg";

/// The headers of every page.
const HEADERS: [(HeaderName, &str); 9] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
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
    let mut response = (status, page.into_string()).into_response();
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
}
