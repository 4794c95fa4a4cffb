use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{Deserializer, IntoDeserializer as _};
use serde::{Deserialize, Serialize};

/// The exact failure of a problem, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemCode {
    /// The path is not canonical, or invalid.
    Path,
    /// A query parameter is unknown, repeated or invalid.
    Query,
    /// A header is missing, repeated, invalid, or contradicts another.
    Header,
    /// The body is invalid.
    Body,
    /// The route does not take a body of that media type or charset.
    MediaType,
    /// The body is encoded, such as with gzip.
    ContentEncoding,
    /// A limit is exceeded.
    Limit,
    /// A key or a value does not fit the format of the response.
    Unfit,
    /// The key was not found.
    NoKey,
    /// The key has no time to live.
    NoTtl,
    /// A guard does not hold.
    GuardFailed,
    /// The revision was compacted.
    Compacted,
    /// The value was purged.
    Purged,
    /// The key changed too recently for its old values to be purged; `wait` says for how long.
    PurgeTooSoon,
    /// A commit changes a key twice.
    Twice,
    /// The commit's ID was already used for another commit.
    IdReused,
    /// A secret is not encrypted.
    Unsealed,
    /// A guard compares the value of a secret.
    GuardOnSecret,
    /// A secret is too large when it is encrypted.
    SecretTooLarge,
    /// The config has no encryption key for secrets.
    NoSecretsKey,
    /// The config was not found, or is not served.
    NoConfig,
    /// The data has a layout that the server does not support.
    Layout,
    /// The stored data is corrupt.
    Corrupt,
    /// Concurrent commits conflicted.
    Contended,
    /// The server serves the config read-only.
    ReadOnly,
    /// The section does not have that revision yet.
    NoRevision,
    /// The caller or the server is not allowed to do this.
    Denied,
    /// The backend is throttling requests.
    Throttled,
    /// The backend is unavailable, or the request timed out.
    Unavailable,
    /// The server has no room to store more. Nothing was written.
    StorageFull,
    /// An internal error.
    Internal,
    /// A commit was sent, and its outcome is unknown.
    OutcomeUnknown,
    /// The route does not exist.
    NoRoute,
    /// The route does not allow the method.
    NoMethod,
    /// Too many requests, streams or buffered bytes.
    Busy,
    /// The token file can't be read.
    Tokens,
    /// The token is missing or unknown.
    NoToken,
}

/// Reads a code. A code of a newer server is read as none, since the kind tells the sort of failure.
pub(super) fn read_known<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ProblemCode>, D::Error> {
    let word: Option<String> = Option::deserialize(deserializer)?;
    Ok(word.and_then(|word| {
        let word: StrDeserializer<'_, WordError> = word.as_str().into_deserializer();
        ProblemCode::deserialize(word).ok()
    }))
}
