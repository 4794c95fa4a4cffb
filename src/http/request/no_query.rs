use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::query::Query;
use crate::http::error::Failure;

/// That a request has no query, for a route that takes none.
pub(in crate::http) struct NoQuery;

impl<S: Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Query::read(parts.uri.query())?.end().map(|()| Self)?)
    }
}
