//! Failures of AWS and of opening a config, with hints.

use super::Failure;
use super::hints::{CREDENTIALS, ENDPOINT};
use crate::aws::AwsError;
use crate::engine::OpenError;
use crate::model::ErrorKind;

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Self {
        let failure = Self::of(error.kind(), &error);
        match &error {
            AwsError::NoRegion => {
                failure.hint("set one with --region, AWS_REGION or `discfg use CONFIG --region REGION`")
            }
            AwsError::Credentials { .. } => failure.hint(CREDENTIALS),
            AwsError::NoProfile { .. } => failure.hint("list the profiles with `aws configure list-profiles`"),
            AwsError::LoginSession(profile) => failure.hint(format!(
                "export its credentials: eval \"$(aws configure export-credentials --profile {profile} --format env)\""
            )),
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
                "omit `--as`, or run `discfg which` to see whether DISCFG_AS or a .discfg sets it",
            ).hint("if the API requires signed requests, run `discfg use` with --sign, or set DISCFG_SIGN=true"),
            OpenError::InTheClear(_) => Self::of(error.kind(), &error)
                .hint("use an https:// URL; start `discfg serve` with --tls-cert and --tls-key"),
            other => Self::of(other.kind(), &other),
        }
    }
}
