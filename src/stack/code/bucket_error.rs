use crate::aws::Failed;
use crate::model::{ErrorKind, Region};

/// The action that looks for code.
pub(in crate::stack) const GET: &str = "s3:GetObject";

/// An error of the code bucket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// S3 denied access. It responds the same way if the bucket belongs to another account.
    #[error(
        "access denied: {} on the bucket {bucket}, expected in account {account}",
        source.denied(action)
    )]
    Denied {
        /// The action, such as `s3:GetObject`.
        action: &'static str,
        /// The bucket's name.
        bucket: String,
        /// The bucket's ARN.
        arn: String,
        /// The account that must own it.
        account: String,
        /// S3's response.
        #[source]
        source: Box<Failed>,
    },
    /// The bucket is in another region.
    #[error("the bucket {bucket} is not in {region}")]
    Elsewhere {
        /// The bucket's name.
        bucket: String,
        /// The required region.
        region: Region,
        /// S3's response.
        #[source]
        source: Failed,
    },
    /// Another object is stored under the key of the code.
    #[error("the object {key} in the bucket {bucket} is not the function's code: {}", mismatch(found.as_deref()))]
    Foreign {
        /// The bucket's name.
        bucket: String,
        /// The key, which names the expected SHA-256.
        key: String,
        /// The SHA-256 that S3 stores for the object, in Base64. discfg always uploads code with one.
        found: Option<String>,
    },
    /// The bucket doesn't version the object, so that verified code could be replaced.
    #[error("the object {key} in the bucket {bucket} has no version: bucket versioning is off")]
    Unversioned {
        /// The bucket's name.
        bucket: String,
        /// The key.
        key: String,
    },
    /// A request failed.
    #[error("{action} failed on the bucket {bucket}")]
    Request {
        /// The action.
        action: &'static str,
        /// The bucket's name.
        bucket: String,
        /// The failure.
        #[source]
        source: Failed,
    },
}

fn mismatch(found: Option<&str>) -> String {
    found.map_or_else(
        || "S3 stores no SHA-256 for it".into(),
        |found| format!("its SHA-256 is {found} (Base64)"),
    )
}

impl BucketError {
    /// The error's kind.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Denied { .. } => ErrorKind::Denied,
            Self::Elsewhere { .. } | Self::Foreign { .. } | Self::Unversioned { .. } => ErrorKind::Invalid,
            Self::Request { source, .. } => source.fault.kind(),
        }
    }
}
