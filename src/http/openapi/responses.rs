use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};

/// The error responses of every read.
pub(in crate::http) enum Reads {}

impl IntoResponses for Reads {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (400, "The path, the query, a header or the body is invalid."),
            (401, "The token is missing or unknown."),
            (403, "The caller or the server is not allowed to do this."),
            (404, "Not found."),
            (500, "Internal error."),
            (
                503,
                "The backend is unavailable or throttling, the server is busy, or the request timed out: retry after Retry-After.",
            ),
        ])
    }
}

/// The error responses of every route outside a config.
pub(in crate::http) enum Fixed {}

impl IntoResponses for Fixed {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (400, "The path, the query or a header is invalid."),
            (403, "The Host is unknown, or the Origin is not the server's."),
            (500, "Internal error."),
        ])
    }
}

/// The error responses of every request that can have a body.
pub(in crate::http) enum Bodies {}

impl IntoResponses for Bodies {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[(
            415,
            "The body is encoded, or has a media type or charset that the route does not take.",
        )])
    }
}

/// The error responses of every commit.
pub(in crate::http) enum Commits {}

impl IntoResponses for Commits {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut all = Reads::responses();
        all.extend(Bodies::responses());
        all.extend(problems(&[
            (412, "A condition does not hold. Nothing was written."),
            (413, "The body or the value is too large. Nothing was written."),
            (
                422,
                "The commit is too large, or changes a key twice. Nothing was written.",
            ),
            (
                504,
                "Outcome unknown. To find out, send the request again with the same Idempotency-Key.",
            ),
            (507, "The server has no space left. Nothing was written."),
        ]));
        all
    }
}

fn problems(all: &[(u16, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let of = |description: &str| {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", problem.build());
        RefOr::T(response.build())
    };
    let all = all.iter();
    all.map(|(status, description)| (status.to_string(), of(description)))
        .collect()
}
