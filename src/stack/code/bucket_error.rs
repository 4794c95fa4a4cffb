use crate::aws::Failed;
use crate::model::{ErrorKind, Region};

/// The action that looking for code takes.
pub(in crate::stack) const GET: &str = "s3:GetObject";

/// What went wrong with the bucket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BucketError {
    /// S3 refused. It says the same of a bucket of another account.
    #[error(
        "{} was denied: either your policies don't allow it on the bucket {bucket}{besides}, \
         or that bucket doesn't belong to the account {account}",
        source.denied(action),
        besides = besides(action)
    )]
    Denied {
        /// What was tried, such as `s3:GetObject`.
        action: &'static str,
        /// The bucket's name.
        bucket: String,
        /// The bucket's ARN.
        arn: String,
        /// The account that it must belong to.
        account: String,
        /// S3's own words.
        #[source]
        source: Box<Failed>,
    },
    /// A bucket of that name is in another region.
    #[error("the bucket {bucket} is there, but not in {region}")]
    Elsewhere {
        /// The bucket's name.
        bucket: String,
        /// Where it must be.
        region: Region,
        /// S3's own words.
        #[source]
        source: Failed,
    },
    /// Something else is there under the name of the code.
    #[error("the object {key} in the bucket {bucket} is not the function's code: {}", mismatch(found.as_deref()))]
    Foreign {
        /// The bucket's name.
        bucket: String,
        /// The key, which is the SHA-256 that it must have.
        key: String,
        /// The SHA-256 that S3 has of the object, in Base64. Code is never put there without one.
        found: Option<String>,
    },
    /// The bucket keeps no versions, so that what was verified can be replaced.
    #[error("the bucket {bucket} keeps no versions of the object {key}")]
    Unversioned {
        /// The bucket's name.
        bucket: String,
        /// The key.
        key: String,
    },
    /// A request failed.
    #[error("{action} failed on the bucket {bucket}")]
    Request {
        /// What was tried.
        action: &'static str,
        /// The bucket's name.
        bucket: String,
        /// How it failed.
        #[source]
        source: Failed,
    },
}

/// Who may not list a bucket isn't told that an object is not there: S3 denies that, too.
fn besides(action: &str) -> &'static str {
    if action == GET {
        " (s3:GetObject, and s3:ListBucket for code that isn't there yet)"
    } else {
        ""
    }
}

fn mismatch(found: Option<&str>) -> String {
    found.map_or_else(
        || "S3 has no SHA-256 of it".into(),
        |found| format!("its SHA-256 is {found} in Base64"),
    )
}

impl BucketError {
    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Denied { .. } => ErrorKind::Denied,
            Self::Elsewhere { .. } | Self::Foreign { .. } | Self::Unversioned { .. } => ErrorKind::Invalid,
            Self::Request { source, .. } => source.fault.kind(),
        }
    }
}
