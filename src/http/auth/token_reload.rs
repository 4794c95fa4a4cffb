use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::token::TokenSet;
use super::token_file::{TokenFile, TokenFileError};

/// The tokens of a file as it is now.
#[derive(Debug)]
pub struct KnownTokens {
    file: TokenFile,
    tokens: RwLock<Arc<TokenSet>>,
    /// Counts how often they were read again.
    reading: AtomicU64,
    seen: Mutex<LastLook>,
}

/// What the last look at the file found.
#[derive(Debug)]
struct LastLook {
    stamp: Option<FileStamp>,
    /// When it was last said that the file can't be used; none where it can.
    warned: Option<Instant>,
}

/// How often it is said that the file can't be used.
const WARN_EVERY: Duration = Duration::from_mins(1);

/// What shows that a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    file: (u64, u64),
    modified: (i64, i64),
    changed: (i64, i64),
    size: u64,
}

impl KnownTokens {
    /// Reads the file, which must be there.
    pub fn read(file: TokenFile) -> Result<Self, TokenFileError> {
        let seen = LastLook {
            stamp: read_stamp(&file),
            warned: None,
        };
        let tokens = file.read()?;
        Ok(Self {
            file,
            tokens: RwLock::new(tokens.into()),
            reading: AtomicU64::new(0),
            seen: Mutex::new(seen),
        })
    }

    /// Reads the file again if it has changed. Where it is gone there are no tokens. Where it can't be read, or isn't
    /// as it should be, the tokens stay as they were; the log says so once a minute, and the server isn't ready.
    pub fn reload_if_changed(&self) {
        let now = read_stamp(&self.file);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = seen.warned.is_some_and(|warned| warned.elapsed() >= WARN_EVERY);
        if seen.stamp == now && !is_due {
            return;
        }
        seen.stamp = now;
        let read = self.file.read();
        match read {
            Ok(tokens) => self.replace(tokens),
            Err(TokenFileError::Read { ref source, .. }) if source.kind() == ErrorKind::NotFound => {
                tracing::warn!("token file not found; all tokens are rejected until it is back");
                self.replace(TokenSet::default());
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "cannot reload the token file; the previous tokens stay in use");
                seen.warned = Some(Instant::now());
                return;
            }
        }
        seen.warned = None;
    }

    fn replace(&self, tokens: TokenSet) {
        *self.tokens.write().unwrap_or_else(PoisonError::into_inner) = tokens.into();
        self.reading.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether the tokens are those of the file as it is now.
    pub(in crate::http) fn is_current(&self) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.warned.is_none()
    }

    pub(in crate::http) fn now(&self) -> Arc<TokenSet> {
        Arc::clone(&self.tokens.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How often they were read again: while it is the same, so are they.
    pub(in crate::http) fn reading(&self) -> u64 {
        self.reading.load(Ordering::Acquire)
    }
}

fn read_stamp(file: &TokenFile) -> Option<FileStamp> {
    let metadata = fs::metadata(file.path()).ok()?;
    Some(FileStamp {
        file: (metadata.dev(), metadata.ino()),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
        size: metadata.size(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::auth::token::{GeneratedToken, TokenEntry};
    use crate::model::Access;

    #[test]
    fn what_is_made_or_revoked_counts_at_the_next_look() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::at(folder.path().join("tokens"));
        let entry = |name: &str, token: &GeneratedToken| TokenEntry {
            name: name.parse().unwrap(),
            sha256: token.digest(),
            access: Access::Read,
            sections: None,
            configs: None,
            decrypt: false,
        };
        let (first, second) = (GeneratedToken::generate(), GeneratedToken::generate());
        file.add(entry("first", &first)).unwrap();
        let known = KnownTokens::read(file.clone()).unwrap();
        let opens = |token: &GeneratedToken| {
            known.reload_if_changed();
            known.now().find(token.reveal()).is_some()
        };
        assert!(opens(&first) && !opens(&second));
        assert_eq!(known.reading(), 0);
        file.add(entry("second", &second)).unwrap();
        assert!(opens(&first) && opens(&second));
        assert_eq!(known.reading(), 1);
        let good = fs::read(file.path()).unwrap();
        fs::write(file.path(), "[[token").unwrap();
        assert!(opens(&first) && opens(&second), "a broken file changes nothing");
        assert!(!known.is_current());
        assert_eq!(known.reading(), 1);
        fs::remove_file(file.path()).unwrap();
        assert!(
            !opens(&first) && !opens(&second),
            "a file that is gone holds no token"
        );
        assert!(known.is_current());
        assert_eq!(known.reading(), 2);
        file.add(entry("other", &GeneratedToken::generate())).unwrap();
        assert!(!opens(&first) && !opens(&second));
        fs::write(file.path(), good).unwrap();
        file.revoke(&"first".parse().unwrap()).unwrap();
        assert!(!opens(&first) && opens(&second));
    }
}
