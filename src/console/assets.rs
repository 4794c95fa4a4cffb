//! The style sheet, the module and the icon.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("assets/console.css");
const MODULE: &str = include_str!("assets/console.js");
const ICON: &str = include_str!("assets/icon.svg");

/// What is in the assets' addresses, so that browsers keep them for as long as they are the same.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::new()
        .chain_update(STYLE)
        .chain_update(MODULE)
        .chain_update(ICON)
        .finalize();
    hex::encode(&digest[..6])
});

/// The address of an asset.
pub(super) fn href(name: &str) -> String {
    format!("/assets/{name}?v={}", *VERSION)
}

pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let (content, media_type) = match name.as_str() {
        "console.css" => (STYLE, "text/css; charset=utf-8"),
        "console.js" => (MODULE, "text/javascript; charset=utf-8"),
        "icon.svg" => (ICON, "image/svg+xml"),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let headers = [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, content).into_response()
}
