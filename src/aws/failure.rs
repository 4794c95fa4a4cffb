use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::date_time::{DateTime, Format};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{CertificateFault, DenialMessage, RootsFault};
#[cfg(feature = "stack")]
use super::{PlainHttpError, SigningError};
use crate::model::{Clock as _, ErrorKind, SystemClock};

/// How a request to an AWS service failed, for every service alike.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failed {
    /// Which sort.
    pub fault: Fault,
    /// The service's error code, where it answered with one.
    pub code: Option<String>,
    /// The service's own words, or what hindered the request, with its causes.
    pub message: String,
}

/// The sort of a failed request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The identity may not do this.
    Denied,
    /// There are no credentials, or they are expired, or not known.
    Credentials,
    /// The service throttles.
    Throttled,
    /// The request never left: the service can't be reached.
    Unreachable,
    /// It was sent, perhaps, and no answer came.
    Unanswered,
    /// The service answered that it failed.
    Server,
    /// Any other answer: the service refused the request.
    Refused,
    /// The SDK wouldn't send it.
    Client,
    /// It wasn't sent: the roots of trust that a variable names can't be used.
    Roots,
}

impl Fault {
    /// What sort of failure this is to the user.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::Denied | Self::Credentials => ErrorKind::Denied,
            Self::Throttled => ErrorKind::Throttled,
            Self::Unreachable | Self::Unanswered | Self::Server => ErrorKind::Unavailable,
            Self::Refused | Self::Client => ErrorKind::Internal,
            Self::Roots => ErrorKind::Invalid,
        }
    }
}

impl Failed {
    /// Reads the SDK's error.
    pub fn new<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let code = error.code().map(str::to_owned);
        let untrusted = CertificateFault::of(error);
        let roots = RootsFault::of(error);
        let fault = match error {
            SdkError::ConstructionFailure(_) if find::<CredentialsError>(error).is_some() => {
                Fault::Credentials
            }
            SdkError::ConstructionFailure(_) => Fault::Client,
            SdkError::DispatchFailure(failure) if find::<CredentialsError>(error).is_some() => {
                if failure.is_timeout() || is_source_unreachable(error) {
                    Fault::Unreachable
                } else {
                    Fault::Credentials
                }
            }
            SdkError::DispatchFailure(_) if roots.is_some() => Fault::Roots,
            // Nothing was sent to it.
            SdkError::DispatchFailure(_) if untrusted.is_some() || is_refused(error) => Fault::Unreachable,
            SdkError::DispatchFailure(failure) if failure.is_user() => Fault::Client,
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {
                Fault::Unanswered
            }
            _ => answered(
                code.as_deref(),
                error.raw_response().map(|response| response.status().as_u16()),
            ),
        };
        let message = match (error.message(), untrusted) {
            (Some(message), _) => message.to_owned(),
            (None, Some(fault)) => format!("the server is not trusted: {fault}"),
            (None, None) => match (roots, find::<CredentialsError>(error)) {
                (Some(fault), _) => fault.to_string(),
                // What the request adds is that it was not sent.
                (None, Some(error)) => words(error),
                (None, None) => words(error),
            },
        };
        let date = error
            .raw_response()
            .and_then(|response| response.headers().get("date"));
        let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        let message =
            match date.and_then(|date| clock_problem(&message, date.secs(), SystemClock.now().epoch())) {
                Some(problem) => format!("{problem}: {message}"),
                None => message,
            };
        Self { fault, code, message }
    }

    /// The failure of an answer to a request that no SDK sent.
    #[cfg(feature = "stack")]
    pub(crate) fn answered(status: u16, code: Option<String>, message: String) -> Self {
        Self {
            fault: answered(code.as_deref(), Some(status)),
            code,
            message,
        }
    }

    /// The failure of such a request that has no answer.
    #[cfg(feature = "stack")]
    pub(crate) fn unanswered(error: &PlainHttpError) -> Self {
        let fault = match error {
            PlainHttpError::NotSent(_) | PlainHttpError::NotTrusted(_) => Fault::Unreachable,
            PlainHttpError::NoRoots(_) => Fault::Roots,
            PlainHttpError::Cut(_) | PlainHttpError::TimedOut(_) => Fault::Unanswered,
            PlainHttpError::TooLarge(_) => Fault::Refused,
        };
        Self {
            fault,
            code: None,
            message: words(error),
        }
    }

    /// The failure of such a request that couldn't be signed.
    #[cfg(feature = "stack")]
    pub(crate) fn unsigned(error: &SigningError) -> Self {
        let fault = match error {
            SigningError::Credentials(_) => Fault::Credentials,
            SigningError::Form(_) => Fault::Client,
        };
        Self {
            fault,
            code: None,
            message: words(error),
        }
    }

    /// What is wrong with the credentials, where that is the fault.
    pub(crate) fn credentials_problem(&self) -> String {
        match self.code.as_deref() {
            Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired") => "credentials expired".into(),
            Some(code) => format!("AWS rejected the credentials ({code})"),
            None => "no usable AWS credentials found".into(),
        }
    }

    /// The action that was denied: the one that the service names, else the one that was tried. A request may take
    /// others besides the one that it is named for, such as `cloudformation:ListStacks`.
    pub(crate) fn denied<'a>(&'a self, tried: &'a str) -> &'a str {
        DenialMessage::of(&self.message).action.unwrap_or(tried)
    }

    /// Whether the service answered with this error code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

/// By how much this machine's clock is wrong, where the service refused a signature for its time. Both times are
/// seconds since 1970.
fn clock_problem(message: &str, service: i64, here: i64) -> Option<String> {
    let is_about_time = [
        "Signature expired",
        "Signature not yet current",
        "RequestTimeTooSkewed",
    ]
    .iter()
    .any(|words| message.contains(words));
    let (seconds, is) = match here - service {
        ahead if ahead > 0 => (ahead, "ahead of"),
        behind => (-behind, "behind"),
    };
    (is_about_time && seconds > 1).then(|| {
        format!(
            "this machine's clock is {} min {} s {is} AWS",
            seconds / 60,
            seconds % 60
        )
    })
}

fn answered(code: Option<&str>, status: Option<u16>) -> Fault {
    // The codes of the query and the JSON protocols (AWS General Reference, "Common errors").
    match code.unwrap_or_default() {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "NotAuthorized" => Fault::Denied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "RequestExpired"
        | "RequestTimeTooSkewed" => Fault::Credentials,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestLimitExceeded"
        | "ProvisionedThroughputExceededException"
        | "TooManyRequestsException"
        | "SlowDown"
        | "RequestThrottled"
        | "RequestThrottledException" => Fault::Throttled,
        _ => match status {
            Some(429) => Fault::Throttled,
            Some(500..) => Fault::Server,
            _ => Fault::Refused,
        },
    }
}

/// Whether what the credentials come from gave no answer.
fn is_source_unreachable(error: &(dyn Error + 'static)) -> bool {
    let source = find::<CredentialsError>(error).and_then(Error::source);
    let connector = source.and_then(find::<ConnectorError>);
    connector.is_some_and(|error| error.is_io() || error.is_timeout())
}

fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

fn is_refused(error: &(dyn Error + 'static)) -> bool {
    use std::io::ErrorKind;
    let refused = find::<std::io::Error>(error).is_some_and(|error| {
        matches!(
            error.kind(),
            ErrorKind::ConnectionRefused | ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable
        )
    });
    // A name that can't be resolved has no error kind of its own.
    refused || words(error).contains("dns error")
}

/// What an error says, with its causes, each once.
fn words(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = without_request(&error.to_string());
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        cause = error.source();
    }
    parts.join(": ")
}

/// The text without the request that the SDK puts into some errors, which holds values.
fn without_request(text: &str) -> String {
    match text.split_once("Request {") {
        Some((before, _)) => before
            .trim_end_matches('`')
            .trim_end_matches(" to request ")
            .to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_is_repeated() {
        let text = "failed to apply endpoint `x` to request `Request { body: \"secret\" }`: no scheme";
        assert_eq!(without_request(text), "failed to apply endpoint `x`");
        assert_eq!(without_request("timed out"), "timed out");
    }

    #[test]
    fn a_signature_that_is_refused_for_its_time_tells_by_how_much_the_clock_is_wrong() {
        let expired = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z";
        let problem = |here| clock_problem(expired, 100_000, here);
        let behind = "this machine's clock is 15 min 3 s behind AWS";
        assert_eq!(problem(100_000 - 903).as_deref(), Some(behind));
        let ahead = "this machine's clock is 6 min 0 s ahead of AWS";
        assert_eq!(problem(100_360).as_deref(), Some(ahead));
        assert_eq!(problem(100_000), None, "the clock is right");
        assert_eq!(clock_problem("The security token is invalid", 100_000, 0), None);
    }
}
