use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};

/// What every read may answer besides.
pub(in crate::http) enum Reads {}

impl IntoResponses for Reads {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (
                400,
                "The path, the query, a header or the body is not as it must be.",
            ),
            (401, "No token came with it, or one that the server doesn't know."),
            (403, "The caller may not do this, or the server itself may not."),
            (404, "It is not there."),
            (500, "The server failed."),
            (
                503,
                "What holds the data can't be reached, or it took too long: try again after Retry-After.",
            ),
        ])
    }
}

/// What every route outside a config may answer besides.
pub(in crate::http) enum Fixed {}

impl IntoResponses for Fixed {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (400, "The path, the query or a header is not as it must be."),
            (403, "The Host isn't the server's, or the Origin is another's."),
            (500, "The server failed."),
        ])
    }
}

/// What every commit may answer besides.
pub(in crate::http) enum Commits {}

impl IntoResponses for Commits {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut all = Reads::responses();
        all.extend(problems(&[
            (412, "A condition doesn't hold; nothing was written."),
            (
                413,
                "The body or the value is over its limit; nothing was written.",
            ),
            (
                422,
                "It can't be committed: over a limit of commits, or a key twice; nothing was written.",
            ),
            (
                504,
                "Whether it happened is not known; sending it again with the same Idempotency-Key tells.",
            ),
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
