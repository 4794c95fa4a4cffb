//! What every error says to the user, kept as snapshots in `tests/snapshots/errors`.

pub(in crate::cli) mod arguments;
mod aws;
pub(in crate::cli) mod book;
mod client;
mod code;
mod formats;
mod kinds;
mod open;
mod ops;
mod parsers;
pub(in crate::cli) mod served;
mod source;
mod stack;
mod store;
mod target;
mod tokens;

use std::io;

use crate::aws::{Failed, Fault};
use book::{Variants, missing, variants};

variants!(Fault: Denied Credentials Throttled Unreachable Unanswered Server Refused Client Roots);

/// What is known to be one.
pub(in crate::cli) fn is<T: std::str::FromStr>(text: &str) -> T {
    let Ok(known) = text.parse() else {
        panic!("{text} is not what it was taken for");
    };
    known
}

/// What IAM says in an answer that denies `action`.
fn denied(action: &str, resource: &str) -> Failed {
    denied_to("arn:aws:iam::111122223333:user/ann", action, resource)
}

/// The same of someone else than the user `ann`.
pub(in crate::cli) fn denied_to(who: &str, action: &str, resource: &str) -> Failed {
    failed(
        Fault::Denied,
        Some("AccessDenied"),
        &format!(
            "User: {who} is not authorized to perform: {action} on resource: {resource} \
             because no identity-based policy allows the {action} action"
        ),
    )
}

pub(in crate::cli) fn failed(fault: Fault, code: Option<&str>, message: &str) -> Failed {
    Failed {
        fault,
        code: code.map(Into::into),
        message: message.into(),
    }
}

/// A failed request of each sort, with its name.
fn of_each_fault(action: &str, resource: &str) -> Vec<(&'static str, Failed)> {
    let all = [
        Fault::Denied,
        Fault::Credentials,
        Fault::Throttled,
        Fault::Unreachable,
        Fault::Unanswered,
        Fault::Server,
        Fault::Refused,
        Fault::Client,
        Fault::Roots,
    ];
    let seen = all.iter().map(Variants::variant).collect();
    assert_eq!(missing::<Fault>(&seen), [""; 0], "faults that are not told");
    all.map(|fault| of_fault(fault, action, resource)).into()
}

fn of_fault(fault: Fault, action: &str, resource: &str) -> (&'static str, Failed) {
    let of = |code, message| failed(fault, code, message);
    match fault {
        Fault::Denied => ("denied", denied(action, resource)),
        Fault::Credentials => (
            "credentials",
            of(
                Some("ExpiredToken"),
                "The security token included in the request is expired",
            ),
        ),
        Fault::Throttled => ("throttled", of(Some("Throttling"), "Rate exceeded")),
        Fault::Unreachable => (
            "unreachable",
            of(
                None,
                "dispatch failure: io error: client error (Connect): tcp connect error: Connection refused (os error 111)",
            ),
        ),
        Fault::Unanswered => (
            "unanswered",
            of(
                None,
                "request has timed out: operation attempt timeout (single attempt) occurred after 10s",
            ),
        ),
        Fault::Server => (
            "server",
            of(
                Some("InternalFailure"),
                "We encountered an internal error. Please try again.",
            ),
        ),
        Fault::Refused => (
            "refused",
            of(
                Some("ValidationError"),
                "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
            ),
        ),
        Fault::Client => (
            "client",
            of(
                None,
                "failed to construct request: the endpoint URL was invalid: relative URL without a base",
            ),
        ),
        Fault::Roots => (
            "roots",
            of(
                None,
                "cannot read SSL_CERT_FILE /dev/zero: /dev/zero is a device, not a regular file",
            ),
        ),
    }
}

/// What the operating system says of a file that isn't there.
fn no_file() -> io::Error {
    io::Error::from_raw_os_error(rustix::io::Errno::NOENT.raw_os_error())
}

/// What the operating system says of a file of someone else's.
fn not_allowed() -> io::Error {
    io::Error::from_raw_os_error(rustix::io::Errno::ACCESS.raw_os_error())
}
