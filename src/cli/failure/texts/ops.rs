use super::super::Failure;
use super::book::{Book, Variants, variants};
use super::is;
use super::store::too_many_actions;
use crate::model::{Revision, Section};
use crate::ops::OpsError;
use crate::store::StoreError;

variants!(OpsError: Store Future Ahead Unwatched Spans Outside Digest Limit Unsettled);

#[test]
fn of_an_operation() {
    let errors = [
        ("", OpsError::Store(StoreError::NotFound(is("/db/url")))),
        (
            "",
            OpsError::Future {
                section: is("/db"),
                wanted: Revision::new(12),
                head: Revision::new(9),
            },
        ),
        (
            "",
            OpsError::Ahead {
                section: is("/db"),
                after: Revision::new(12),
                head: Revision::new(9),
            },
        ),
        (
            "",
            OpsError::Unwatched {
                section: is("/web"),
                prefix: is("/db"),
            },
        ),
        ("", OpsError::Spans(is("/"))),
        (
            "",
            OpsError::Outside {
                key: is("/web/port"),
                part: is::<Section>("/db").into(),
            },
        ),
        (
            "",
            OpsError::Digest {
                wanted: format!("sha256:{}", "4f2a".repeat(16)),
                found: format!("sha256:{}", "9c01".repeat(16)),
            },
        ),
        ("", OpsError::Limit(too_many_actions())),
        (
            "",
            OpsError::Unsettled {
                section: is("/db"),
                head: Revision::new(9),
            },
        ),
    ];
    Book::errors("ops_error", Failure::from, errors);
}
