//! The exit codes and hints of all failures.

pub(super) mod api;
pub(super) mod code;
pub(super) mod denial;
mod hints;
mod open;
pub(super) mod signed;
mod source;
pub(super) mod stack;
#[cfg(test)]
pub(super) mod texts;

use std::error::Error;

use self::hints::{BUSY, CREDENTIALS, ENDPOINT, SPACE, THROTTLED, certificate_hints};
use super::one_line::one_line;
use crate::aws::{CertificateFault, Failed, Fault};
use crate::context::TargetError;
use crate::files;
use crate::formats::{FormatError, TemplateError};
use crate::http::{TlsError, TokenFileError};
use crate::model::{ErrorKind, PurgedValue, ValueError};
use crate::ops::{OpsError, problem_code_of_kind, problem_code_of_store};
use crate::stack::access::AccessError;
use crate::store::StoreError;
use crate::wire::ProblemCode;
use crate::wire::result::{ErrorResult, ErrorShape};

/// Why a command failed, for people.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) causes: Vec<String>,
    pub(super) hints: Vec<String>,
    /// The API's code of the error, where it is one of a store.
    pub(super) problem: Option<ProblemCode>,
    /// The exit code where it isn't the kind's.
    code: Option<u8>,
}

/// `exec` failed before the child ran.
const BEFORE_THE_CHILD: u8 = 125;
/// The exit code of shells for a command that can't be run.
const CANT_RUN: u8 = 126;
/// The exit code of shells for a command that was not found.
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

    /// The command line is invalid.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// A failure that the user can't fix.
    pub(super) fn internal(message: &str, cause: &(dyn Error + 'static)) -> Self {
        Self::caused(ErrorKind::Internal, message, cause)
    }

    /// A failure with a cause.
    pub(super) fn caused(kind: ErrorKind, message: impl Into<String>, cause: &(dyn Error + 'static)) -> Self {
        let mut failure = Self::new(kind, message);
        failure.add_causes(Some(cause));
        failure.hints.extend(files::mend(cause));
        failure.or_out_of_space(Some(cause))
    }

    /// The same, or that of a full disk if this is behind the failure to write a file.
    fn or_out_of_space(mut self, mut cause: Option<&(dyn Error + 'static)>) -> Self {
        while let Some(error) = cause {
            if self.kind == ErrorKind::Invalid && error.downcast_ref().is_some_and(files::is_out_of_space) {
                self.kind = ErrorKind::StorageFull;
                return self.hint(SPACE);
            }
            cause = error.source();
        }
        self
    }

    /// The same with another hint.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the messages of an error and its causes, each once.
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
        failure.or_out_of_space(Some(error))
    }

    pub(super) fn of_request(self, action: &str, failed: &Failed) -> Self {
        match failed.fault {
            Fault::Denied => self.hint(denial::advice(action, &failed.message)),
            Fault::Credentials => self.hint(CREDENTIALS),
            Fault::Unreachable => self.hint(ENDPOINT),
            _ => self,
        }
    }

    /// A failure of the store, with the policy statement that would allow the denied action, for a caller without a
    /// role of discfg.
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

    /// The answer is no, which the result has already printed.
    pub(super) fn no() -> Self {
        Self::new(ErrorKind::No, String::new())
    }

    /// A child exited with this code, which becomes the exit code of this process. The child has printed its own
    /// errors.
    pub(super) fn of_child(code: u8) -> Self {
        Self {
            code: Some(code),
            ..Self::no()
        }
    }

    /// The same as a failure of `exec`, whose exit code differs from those of the child.
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
            ErrorKind::Invalid | ErrorKind::StorageFull => 8,
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
                "create it with `discfg init {config}`, or run `discfg which` to see where discfg looked"
            )),
            StoreError::ReadOnly => failure.hint("omit `--as`, or use `--as write`"),
            StoreError::Credentials { .. } => failure.hint(CREDENTIALS),
            StoreError::Busy(_) => failure.hint(BUSY),
            StoreError::Throttled { .. } => failure.hint(THROTTLED),
            StoreError::Unavailable { source: None, .. } => failure.hint("rerun the command"),
            StoreError::Unavailable { .. } => match CertificateFault::of(&error) {
                Some(fault) => certificate_hints(&fault).into_iter().fold(failure, Self::hint),
                None => failure.hint(ENDPOINT),
            },
            StoreError::Unregistered(section) => failure.hint(format!(
                "change {section} in a separate commit, or register it with `discfg grant CONFIG NAME --write {section}`"
            )),
            StoreError::Corrupt {
                section: Some(section),
                ..
            } => failure.hint(format!(
                "remove the item from the table or the file, or skip the section with --except {section} (export, exec, diff, copy)"
            )),
            StoreError::NeedsNewer { section, .. } => failure.hint(format!(
                "update discfg, or skip the section with --except {section} (export, exec, diff, copy)"
            )),
            StoreError::Full { .. } => failure.hint(SPACE),
            StoreError::GuardOnSecret(_) => failure.hint("use --if-revision, which also works for secrets"),
            StoreError::NoTtl(key) => {
                failure.hint(format!("set a time to live with `discfg touch {key} --ttl 30s`"))
            }
            StoreError::Purged(PurgedValue { key, .. }) => failure.hint(format!(
                "`discfg history {key} --values` shows which values are left"
            )),
            StoreError::PurgeTooSoon { wait, .. } => failure.hint(format!("nothing was purged; retry in {wait} s")),
            StoreError::OutcomeUnknown { .. } => {
                failure.hint("check whether the commit is in `discfg history -f json`; if it is not, rerun the command")
            }
            StoreError::Layout { .. } => failure.hint("update discfg"),
            StoreError::NoKeyFile(_) => failure.hint(
                "restore the file; without it, delete the secrets with `discfg delete` or overwrite them with `discfg set --plain`",
            ),
            StoreError::NoSecretsKey { config, .. } => failure.hint(format!(
                "create one with `discfg init {config} --kms`, or use an existing one with `discfg init {config} --kms-key ARN`"
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
                Self::of(error.kind(), &error).hint("use --batch to split it into several commits")
            }
            OpsError::Spans(_) => Self::of(error.kind(), &error)
                .hint("use a prefix within one section, such as /db, or @root for the keys at the root"),
            OpsError::Digest { .. } => Self::of(error.kind(), &error)
                .hint("run `discfg info --prefix PREFIX` to see the current digest"),
            other => Self::of(other.kind(), &other),
        };
        Self { problem, ..failure }
    }
}

/// Why a command stopped: an error of the store, which is explained with the identity in use, or another failure.
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

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match &error {
            TargetError::NoConfig => {
                failure.hint("select one with -c NAME, `discfg use NAME` or DISCFG_CONFIG")
            }
            TargetError::Untrusted { .. } => {
                failure.hint("read the file; if you trust its content, run `discfg use --trust`")
            }
            TargetError::Foreign { .. } => {
                failure.hint("or keep its owner, and trust its content with `discfg use --trust`")
            }
            TargetError::Malformed { .. } => failure.hint(
                "write it as TOML with the names `config`, `engine`, `sign`, `region`, `profile` and `as`, or write only a config name",
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
                "create it with `discfg serve token new --file {} --name NAME --read-all`",
                path.display()
            )),
            (TokenFileError::Taken { .. }, _) => failure.hint("revoke it first, or choose another name"),
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
        let failure = Self::of(error.kind(), &error);
        match error {
            FormatError::Reserved { .. } => failure
                .hint("rename the key, or export another --prefix, so that the variable has another name")
                .hint("or use -f dotenv, or `discfg exec`, which passes it to a program without a shell"),
            FormatError::ObjectAsKeys { nested: true, .. } => failure.hint("leave out --nested"),
            FormatError::ObjectAsKeys { nested: false, .. } => failure
                .hint("write whole keys, without --prefix")
                .hint("or write with --flat, and read the file back with --flat"),
            _ => failure,
        }
    }
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        Self::of(error.kind(), &error)
    }
}
