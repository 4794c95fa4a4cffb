//! The one table of exit codes and hints.

pub(super) mod api;
pub(super) mod code;
pub(super) mod denial;
pub(super) mod signed;
pub(super) mod stack;
#[cfg(test)]
pub(super) mod texts;

use std::error::Error;

use super::one_line::one_line;
use crate::aws::{AwsError, CertificateFault, Failed, Fault};
use crate::context::TargetError;
use crate::engine::OpenError;
use crate::files;
use crate::formats::{FormatError, TemplateError};
use crate::http::{TlsError, TokenFileError};
use crate::model::{ErrorKind, ValueError};
use crate::ops::{OpsError, problem_code_of_kind, problem_code_of_store};
use crate::stack::access::AccessError;
use crate::store::StoreError;
use crate::wire::ProblemCode;
use crate::wire::result::{ErrorResult, ErrorShape};

/// Why a command failed, in words for people.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) causes: Vec<String>,
    pub(super) hints: Vec<String>,
    /// The API's code of the error, where it is one of a store.
    problem: Option<ProblemCode>,
    /// The exit code where it isn't the kind's.
    code: Option<u8>,
}

/// `exec` failed before the child ran.
const BEFORE_THE_CHILD: u8 = 125;
/// The child can't be run, as shells say it.
const CANT_RUN: u8 = 126;
/// The child can't be found, as shells say it.
const NO_COMMAND: u8 = 127;

impl Failure {
    /// A failure without a cause.
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            problem: problem_code_of_kind(kind),
            code: None,
        }
    }

    /// The call itself is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Nothing of the user's can mend it.
    pub(super) fn internal(message: &str, cause: &(dyn Error + 'static)) -> Self {
        Self::caused(ErrorKind::Internal, message, cause)
    }

    /// A failure with a cause.
    pub(super) fn caused(kind: ErrorKind, message: impl Into<String>, cause: &(dyn Error + 'static)) -> Self {
        let mut failure = Self::new(kind, message);
        failure.add_causes(Some(cause));
        failure.hints.extend(files::mend(cause));
        failure
    }

    /// The same with another hint.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what an error says and what caused it, each thing once.
    fn add_causes(&mut self, mut cause: Option<&(dyn Error + 'static)>) {
        while let Some(error) = cause {
            let text = error.to_string();
            if !text.is_empty()
                && !self.message.contains(&text)
                && !self.causes.iter().any(|c| c.contains(&text))
            {
                self.causes.push(text);
            }
            cause = error.source();
        }
    }

    pub(super) fn of(kind: ErrorKind, error: &(dyn Error + 'static)) -> Self {
        let mut failure = Self::new(kind, error.to_string());
        failure.add_causes(error.source());
        failure.hints.extend(files::mend(error));
        failure
    }

    pub(super) fn of_request(self, action: &str, failed: &Failed) -> Self {
        match failed.fault {
            Fault::Denied => self.hint(denial::advice(action, &failed.message)),
            Fault::Credentials => self.hint(CREDENTIALS),
            Fault::Unreachable => self.hint(ENDPOINT),
            _ => self,
        }
    }

    /// The same, with the statement that would allow what the store was asked for, for who works on it without a role
    /// of discfg's.
    pub(super) fn of_direct_write(error: StoreError) -> Self {
        let advice = match &error {
            StoreError::Denied { action, source, .. } => {
                let said = source.as_ref().map(ToString::to_string).unwrap_or_default();
                Some(denial::advice(action, &said))
            }
            _ => None,
        };
        let failure = Self::from(error);
        match advice {
            Some(advice) => failure.hint(advice),
            None => failure,
        }
    }

    /// The answer is no, which the result has said already.
    pub(super) fn no() -> Self {
        Self::new(ErrorKind::No, String::new())
    }

    /// A child ended with this code, which is the process's, too. It has said itself what there was to say.
    pub(super) fn of_child(code: u8) -> Self {
        Self {
            code: Some(code),
            ..Self::no()
        }
    }

    /// The same as a failure of `exec`, which keeps apart its own and the child's.
    pub(super) fn before_the_child(self) -> Self {
        let code = self.code.or(Some(BEFORE_THE_CHILD));
        Self { code, ..self }
    }

    /// The child can't be run.
    pub(super) fn cant_run(message: impl Into<String>) -> Self {
        Self {
            code: Some(CANT_RUN),
            ..Self::new(ErrorKind::Invalid, message)
        }
    }

    /// The child can't be found.
    pub(super) fn no_command(message: impl Into<String>) -> Self {
        Self {
            code: Some(NO_COMMAND),
            ..Self::new(ErrorKind::NotFound, message)
        }
    }

    /// The cause on one line; none where nothing is known of it.
    pub(super) fn cause(&self) -> Option<String> {
        let causes: Vec<_> = self.causes.iter().map(|cause| one_line(cause)).collect();
        (!causes.is_empty()).then(|| causes.join("; "))
    }

    /// The failure for programs; none where the result has said it.
    pub(super) fn document(&self) -> Option<ErrorResult> {
        (!self.message.is_empty()).then(|| ErrorResult {
            error: ErrorShape {
                kind: self.kind.as_str(),
                exit: self.exit_code(),
                code: self.problem,
                message: one_line(&self.message).into_owned(),
                cause: self.cause(),
                hints: self
                    .hints
                    .iter()
                    .map(|hint| one_line(hint).into_owned())
                    .collect(),
            },
        })
    }

    /// The process's exit code.
    pub(super) fn exit_code(&self) -> u8 {
        if let Some(code) = self.code {
            return code;
        }
        match self.kind {
            ErrorKind::No => 1,
            ErrorKind::Usage => 2,
            ErrorKind::NotFound | ErrorKind::Compacted => 3,
            ErrorKind::Conflict => 4,
            ErrorKind::Denied => 5,
            ErrorKind::Unavailable | ErrorKind::Throttled | ErrorKind::OutcomeUnknown => 6,
            ErrorKind::Stack => 7,
            ErrorKind::Invalid => 8,
            ErrorKind::Internal => 70,
            ErrorKind::Timeout => 124,
            ErrorKind::Interrupted => 130,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let mut failure = Self::of(error.kind(), &error);
        failure.problem = problem_code_of_store(&error);
        match &error {
            StoreError::NoConfig { config, .. } => failure.hint(format!(
                "`discfg init {config}` makes it; `discfg which` shows where it was looked for"
            )),
            StoreError::ReadOnly => failure.hint("`--as write` writes, and so does leaving out `--as`"),
            StoreError::Credentials { .. } => failure.hint(CREDENTIALS),
            StoreError::Busy(_) => failure.hint(BUSY),
            StoreError::Throttled { .. } => failure.hint(THROTTLED),
            StoreError::Unavailable { .. } => match CertificateFault::of(&error) {
                Some(fault) => certificate_hints(&fault).into_iter().fold(failure, Self::hint),
                None => failure.hint(ENDPOINT),
            },
            StoreError::Unregistered(section) => failure
                .hint(format!("change {section} in a commit of its own; `discfg grant CONFIG NAME --write {section}` registers it")),
            StoreError::Corrupt {
                section: Some(section),
                ..
            } => failure.hint(format!(
                "remove that item from the table or the file; export, exec, diff and copy leave the section out with --except {section}"
            )),
            StoreError::NeedsNewer { section, .. } => failure.hint(format!(
                "update discfg; export, exec, diff and copy leave the section out with --except {section}"
            )),
            StoreError::GuardOnSecret(_) => failure.hint("--if-revision holds for a secret, too"),
            StoreError::NoKeyFile(_) => failure.hint(
                "put it back; a secret that is lost goes with `discfg delete`, or with `discfg set --plain` to another value",
            ),
            StoreError::NoSecretsKey { config, .. } => failure.hint(format!(
                "`discfg init {config} --kms` makes one, and `--kms-key ARN` takes one that you have"
            )),
            _ => failure,
        }
    }
}

impl From<OpsError> for Failure {
    fn from(error: OpsError) -> Self {
        let problem = error.problem_code();
        let failure = match error {
            OpsError::Store(error) => return error.into(),
            OpsError::Limit(_) => {
                Self::of(error.kind(), &error).hint("--batch makes several commits of it, one after another")
            }
            OpsError::Spans(_) => {
                Self::of(error.kind(), &error).hint("give a prefix within one section, such as /db")
            }
            OpsError::Digest { .. } => Self::of(error.kind(), &error)
                .hint("someone has changed it since; `discfg info --prefix` shows the digest now"),
            other => Self::of(other.kind(), &other),
        };
        Self { problem, ..failure }
    }
}

/// What ends a command half way: the store, whose errors are explained by who asked, or anything else.
pub(super) enum Stop {
    Ops(OpsError),
    Failure(Failure),
}

impl<E: Into<OpsError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Ops(error.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// What mends a certificate that is not accepted.
pub(super) fn certificate_hints(fault: &CertificateFault) -> Vec<&'static str> {
    match fault {
        CertificateFault::UnknownIssuer => {
            vec!["AWS_CA_BUNDLE names a file with the authority that signed the server's certificate, as PEM"]
        }
        CertificateFault::OtherName { .. } => {
            vec!["name the server as its certificate does, or give it a certificate for this name"]
        }
        CertificateFault::Expired(_) => {
            vec!["renew the server's certificate; if it is valid, set this machine's clock"]
        }
        CertificateFault::NotYetValid(_) => {
            vec!["set this machine's clock, or the server's certificate anew"]
        }
        CertificateFault::Authority => vec![
            "a certificate that signs itself must say that it is no authority's (openssl: -addext \
             basicConstraints=critical,CA:FALSE)",
        ],
        CertificateFault::Other(_) => vec!["give the server another certificate"],
    }
}

const CREDENTIALS: &str = "give credentials as the AWS SDKs take them: AWS_ACCESS_KEY_ID and \
    AWS_SECRET_ACCESS_KEY, a profile with -p, `aws sso login`, or a role of the machine";
const BUSY: &str =
    "try again; commits of one process take turns, so one that makes several changes loses less";
const THROTTLED: &str = "try again in a few seconds; a table on demand grows with its load";
const ENDPOINT: &str = "check the region, the network and AWS_ENDPOINT_URL, then try again";

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match &error {
            AwsError::NoRegion => failure
                .hint("give one with --region, with AWS_REGION, or by `discfg use CONFIG --region REGION`"),
            AwsError::Credentials { .. } => failure.hint(CREDENTIALS),
            AwsError::Failed { source, .. } if source.fault.kind() == ErrorKind::Unavailable => {
                failure.hint(ENDPOINT)
            }
            _ => failure,
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) => error.into(),
            OpenError::Aws(error) => error.into(),
            OpenError::Target(error) => error.into(),
            OpenError::NoRoles(..) => Self::of(error.kind(), &error).hint(
                "leave out --as; where DISCFG_AS or a .discfg says it, `discfg which` shows which of them",
            ).hint("before an API that takes signed requests a role is chosen: `discfg use` takes --sign, and DISCFG_SIGN=true says the same"),
            OpenError::InTheClear(_) => Self::of(error.kind(), &error)
                .hint("give the API's URL with https://; `discfg serve` takes --tls-cert and --tls-key"),
            other => Self::of(other.kind(), &other),
        }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match &error {
            TargetError::NoConfig => {
                failure.hint("choose one with -c NAME, with `discfg use NAME`, or with DISCFG_CONFIG")
            }
            TargetError::Untrusted { .. } => {
                failure.hint("read the file; if it says what you want, `discfg use --trust` remembers it")
            }
            TargetError::Foreign { .. } => {
                failure.hint("or read the file; if it says what you want, `discfg use --trust` remembers it")
            }
            TargetError::Malformed { .. } => failure.hint(
                "a .discfg is TOML with config, engine, sign, region, profile, as; or a bare config name",
            ),
            _ => failure,
        }
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        if let AccessError::Stack(error) = error {
            return error.into();
        }
        let failure = Self::of(error.kind(), &error);
        match &error {
            AccessError::Request { action, on, source } => match source.fault {
                Fault::Denied => failure.hint(denial::advice_on(action, Some(on), &source.message)),
                Fault::Credentials => failure.hint(CREDENTIALS),
                Fault::Unreachable => failure.hint(ENDPOINT),
                _ => failure,
            },
            _ => failure,
        }
    }
}

impl From<TlsError> for Failure {
    fn from(error: TlsError) -> Self {
        Self::of(error.kind(), &error)
    }
}

impl From<TokenFileError> for Failure {
    fn from(error: TokenFileError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match (&error, error.kind()) {
            (TokenFileError::Read { path, .. }, ErrorKind::NotFound) => failure.hint(format!(
                "`discfg serve token new --file {} --name NAME --read-all` makes it",
                path.display()
            )),
            (TokenFileError::Taken { .. }, _) => {
                failure.hint("revoke it first, or give the new one another name")
            }
            _ => failure,
        }
    }
}

impl From<ValueError> for Failure {
    fn from(error: ValueError) -> Self {
        Self::of(ErrorKind::Invalid, &error)
    }
}

impl From<FormatError> for Failure {
    fn from(error: FormatError) -> Self {
        Self::of(error.kind(), &error)
    }
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        Self::of(error.kind(), &error)
    }
}
