//! What the server answers to a request that is wrong by itself, or that it can't serve: problems as JSON.

use std::fmt::Write as _;

use super::*;

pub(in crate::http) fn keep(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/errors"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn answers<E: Into<ApiError>>(
    variant: impl Fn(&E) -> &'static str,
    errors: impl IntoIterator<Item = E>,
) -> String {
    let mut text = String::new();
    for error in errors {
        let space = if text.is_empty() { "" } else { "\n" };
        let variant = variant(&error);
        let ApiError(problem) = error.into();
        let json = serde_json::to_string_pretty(&problem).expect("JSON");
        let _ = writeln!(text, "{space}## {variant}\n{json}");
    }
    text
}

#[test]
fn of_a_request() {
    let variant = |refusal: &InvalidRequest| match refusal {
        InvalidRequest::Path(_) => "Path",
        InvalidRequest::Query(_) => "Query",
        InvalidRequest::Header(_) => "Header",
        InvalidRequest::Body(_) => "Body",
        InvalidRequest::MediaType(_) => "MediaType",
        InvalidRequest::ContentEncoding(_) => "ContentEncoding",
        InvalidRequest::TooLarge { .. } => "TooLarge",
        InvalidRequest::ValueTooLarge { .. } => "ValueTooLarge",
    };
    let refusals = [
        InvalidRequest::Path("invalid key \"/db//url\": empty segment (`//`)".into()),
        InvalidRequest::Query("query parameter `wait` is given more than once".into()),
        InvalidRequest::Header("the header If-Match is given more than once".into()),
        InvalidRequest::Body("invalid JSON in the request body at line 1, column 1: unexpected end".into()),
        InvalidRequest::MediaType("the body must be JSON: send content-type: application/json".into()),
        InvalidRequest::ContentEncoding("gzip".into()),
        InvalidRequest::TooLarge {
            size: 4_194_305,
            max: 4_194_304,
        },
        InvalidRequest::ValueTooLarge {
            detail: "changes[0]: the value of /db/url: value too large: 190,001 bytes; the limit is 190,000"
                .into(),
            size: 190_001,
        },
    ];
    keep("refusal", &answers(variant, refusals));
}

#[test]
fn of_a_stream() {
    let variant = |not: &StreamError| match not {
        StreamError::Refused(LiveRefusal::Busy { .. }) => "Turned: Busy",
        StreamError::Refused(LiveRefusal::Stopping) => "Turned: Stopping",
        StreamError::Store(_) => "Store",
    };
    let refused = [
        StreamError::Refused(LiveRefusal::Busy { limit: 1024 }),
        StreamError::Refused(LiveRefusal::Stopping),
        StreamError::Store(StoreError::NoConfig {
            config: "payments".into(),
            place: None,
        }),
    ];
    keep("not_opened", &answers(variant, refused));
}
