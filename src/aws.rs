//! Everything that is about AWS and not about configs: settings, endpoints, TLS roots, who the caller is,
//! assumed roles and their cache.

mod answer_date;
mod assume_actions;
mod cache;
mod caller;
mod certificate;
mod credential_settings;
mod denial_message;
mod error;
mod failure;
mod http;
mod meter;
mod mfa_prompt;
mod plain_http;
#[cfg(feature = "profiles")]
mod profile_credentials;
mod program_start;
mod role;
mod roots;
mod sdk_settings;
mod sendable_credentials;
mod settings;
mod shared_files;
mod signer;
mod signing_error;

pub(crate) use answer_date::AnswerDate;
pub use assume_actions::{ASSUME_ACTIONS, assume_statement};
#[cfg(feature = "cli")]
pub(crate) use cache::folder as cache_folder;
pub use caller::CallerIdentity;
pub(crate) use certificate::CertificateFault;
pub(crate) use denial_message::DenialMessage;
#[cfg(feature = "cli")]
pub(crate) use denial_message::DeniedBy;
pub use error::AwsError;
pub use failure::{Failed, Fault};
pub use meter::{Meter, Spent};
pub use mfa_prompt::MfaPrompt;
pub(crate) use plain_http::{PlainAnswer, PlainHttp, PlainHttpError, PlainRequest};
pub use program_start::ProgramStart;
pub use role::{AssumedRole, RoleArn};
pub(crate) use roots::RootsFault;
pub use settings::{Aws, AwsSettings, Profile};
#[cfg(feature = "stack")]
pub(crate) use settings::{CONNECT_TIMEOUT, endpoint_of};
pub(crate) use signer::Signer;
pub(crate) use signing_error::SigningError;
