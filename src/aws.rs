//! Everything that is about AWS and not about configs: settings, endpoints, TLS roots, who the caller is,
//! assumed roles and their cache.

mod answer_date;
mod cache;
mod caller;
mod certificate;
mod failure;
mod http;
mod meter;
mod plain_http;
mod role;
mod roots;
mod settings;
mod sigv4;

pub(crate) use answer_date::AnswerDate;
#[cfg(feature = "cli")]
pub(crate) use cache::folder as cache_folder;
pub use caller::Caller;
pub(crate) use certificate::CertificateFault;
pub use failure::{AwsError, Failed, Fault};
pub use meter::{Meter, Spent};
pub(crate) use plain_http::{PlainAnswer, PlainHttp, PlainHttpError, PlainRequest};
pub use role::{AssumedRole, RoleArn};
pub(crate) use roots::RootsFault;
pub use settings::{Aws, AwsSettings, Profile};
#[cfg(feature = "stack")]
pub(crate) use settings::{CONNECT_TIMEOUT, endpoint_of};
pub(crate) use sigv4::{Signer, SigningError};
