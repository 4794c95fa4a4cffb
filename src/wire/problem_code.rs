use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{Deserializer, IntoDeserializer as _};
use serde::{Deserialize, Serialize};

/// What exactly a problem is, where a program may want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemCode {
    /// The path isn't canonical, or names nothing that could be.
    Path,
    /// A query parameter is unknown, given twice, or of the wrong form.
    Query,
    /// A header is missing, given twice, contradicts another, or is of the wrong form.
    Header,
    /// The body isn't what the route takes.
    Body,
    /// Something is over a limit.
    Limit,
    /// The key is not there.
    NoKey,
    /// The key has no time to live.
    NoTtl,
    /// A guard doesn't hold.
    GuardFailed,
    /// The log no longer goes back that far.
    Compacted,
    /// A commit changes a key twice.
    Twice,
    /// The commit's id was another commit's.
    IdReused,
    /// A secret is not encrypted.
    Unsealed,
    /// The value of a secret is compared.
    GuardOnSecret,
    /// A secret is over its limit when it is encrypted.
    SecretTooLarge,
    /// The config has no key for secrets.
    NoSecretsKey,
    /// The config is not there, or not served.
    NoConfig,
    /// The data is newer than the server.
    Layout,
    /// What is stored can't be read.
    Corrupt,
    /// Others change the same at the same time.
    Contended,
    /// The server may only read the config.
    ReadOnly,
    /// The section has not come to that revision.
    NoRevision,
    /// The caller, or the server itself, may not do this.
    Denied,
    /// What holds the data asks for patience.
    Throttled,
    /// What holds the data can't be reached, or it took too long.
    Unavailable,
    /// The server failed.
    Internal,
    /// A commit was begun, and whether it happened is not known.
    OutcomeUnknown,
    /// There is no such route.
    NoRoute,
    /// The route doesn't take the method.
    NoMethod,
    /// The server has as many requests, streams or bytes as it takes.
    Busy,
    /// The token file can't be used.
    Tokens,
    /// No token came with the request, or one that the server doesn't know.
    NoToken,
}

/// Reads a code. One that only a newer server knows is as none: what sort of failure it is says the kind.
pub(super) fn read_known<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ProblemCode>, D::Error> {
    let word: Option<String> = Option::deserialize(deserializer)?;
    Ok(word.and_then(|word| {
        let word: StrDeserializer<'_, WordError> = word.as_str().into_deserializer();
        ProblemCode::deserialize(word).ok()
    }))
}
