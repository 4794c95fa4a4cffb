use crate::aws::{Failed, Fault};
use crate::model::ErrorKind;
use crate::store::StoreError;

/// The store's error for a failed request to a service for an action on `subject`.
pub(super) fn request_failed(
    service: &str,
    action: String,
    subject: Option<&str>,
    failed: Failed,
) -> StoreError {
    match failed.fault {
        Fault::Denied => StoreError::Denied {
            action: failed.denied(&action).to_owned(),
            subject: subject.map(Into::into),
            source: Some(failed.into()),
        },
        Fault::Credentials => StoreError::Credentials {
            problem: failed.credentials_problem(),
            source: Some(failed.into()),
        },
        Fault::Throttled => StoreError::Throttled {
            service: service.into(),
            source: Some(failed.into()),
        },
        Fault::Unreachable => StoreError::Unavailable {
            problem: format!("cannot reach {service}"),
            source: Some(failed.into()),
        },
        Fault::Unanswered => StoreError::Unavailable {
            problem: format!("no response to {action}"),
            source: Some(failed.into()),
        },
        Fault::Server => StoreError::Unavailable {
            problem: format!("{service} failed to process {action}"),
            source: Some(failed.into()),
        },
        Fault::Refused if failed.is("TransactionConflictException") => StoreError::Busy(format!(
            "{action} conflicted with another commit; nothing was written"
        )),
        Fault::Roots => StoreError::Api {
            api: service.into(),
            problem: failed.message,
            kind: ErrorKind::Invalid,
        },
        Fault::Refused | Fault::Client => StoreError::Other {
            what: action,
            source: Some(failed.into()),
        },
    }
}
