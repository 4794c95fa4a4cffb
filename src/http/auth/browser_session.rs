//! The sessions of browsers: begun with a launch code that is valid once, or with a token, and known by a cookie.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aes_gcm::aead::Generate as _;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::caller::Caller;
use super::token::TokenDigest;
use super::token_reload::KnownTokens;
use crate::model::Access;

/// How long a launch code is valid.
const LAUNCH_TIME: Duration = Duration::from_mins(1);
/// How long a used launch code is remembered, so that a second use is noticed.
const REMEMBERED: Duration = Duration::from_hours(12);
/// How long a session lasts.
const SESSION_TIME: Duration = Duration::from_hours(12);
/// How often a session that somebody waits for is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The most sessions, and the most of one token; the oldest gives way.
const MAX_SESSIONS: usize = 1024;
const MAX_SESSIONS_OF_TOKEN: usize = 32;

/// 128 random bits as 32 hexadecimal digits.
fn random_word() -> String {
    hex::encode(<[u8; 16]>::generate())
}

#[derive(Debug)]
struct Launch {
    code: TokenDigest,
    until: Instant,
    is_used: bool,
}

#[derive(Debug, Clone, Copy)]
enum SessionOrigin {
    Launch(TokenDigest),
    Token(TokenDigest),
}

impl SessionOrigin {
    fn is_of_same_token(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Token(one), Self::Token(other)) => one.is(other),
            _ => false,
        }
    }
}

#[derive(Debug)]
struct KnownSession {
    cookie: TokenDigest,
    csrf: String,
    origin: SessionOrigin,
    until: Instant,
}

#[derive(Debug, Default)]
struct SessionTable {
    launches: Vec<Launch>,
    sessions: Vec<KnownSession>,
}

/// The sessions of a server's browsers.
#[derive(Debug)]
pub struct BrowserSessions {
    table: Mutex<SessionTable>,
    cookie: String,
    is_secure: bool,
    tokens: Option<Arc<KnownTokens>>,
    /// Notified of each session that ends.
    ended: watch::Sender<()>,
}

/// Why a launch code began no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaunchRefusal {
    /// It is unknown or expired.
    Invalid,
    /// It was used before. The session that it began has ended, since two parties know the code.
    Used,
}

/// A session that a request belongs to.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// Who it acts for.
    pub caller: Caller,
    /// The word that each of its writes must bear.
    pub csrf: String,
    cookie: TokenDigest,
}

impl BrowserSession {
    /// Whether a form bears the session's word.
    pub fn is_csrf(&self, word: &str) -> bool {
        TokenDigest::of(word).is(&TokenDigest::of(&self.csrf))
    }
}

impl BrowserSessions {
    /// Sessions of a server on that port. With tokens, a session is begun with one, and reaches as far.
    pub fn new(port: u16, is_secure: bool, tokens: Option<Arc<KnownTokens>>) -> Self {
        Self {
            table: Mutex::default(),
            // Cookies don't tell ports apart: each server needs a name of its own.
            cookie: if is_secure {
                format!("__Host-discfg-{port}")
            } else {
                format!("discfg-{port}")
            },
            is_secure,
            tokens,
            ended: watch::Sender::new(()),
        }
    }

    /// A new launch code: 32 hexadecimal digits, valid once and for a minute.
    pub fn new_launch_code(&self) -> String {
        let word = random_word();
        let now = Instant::now();
        let mut table = self.locked();
        table.launches.retain(|launch| launch.until > now);
        table.launches.push(Launch {
            code: TokenDigest::of(&word),
            until: now + LAUNCH_TIME,
            is_used: false,
        });
        word
    }

    /// Begins a session with a launch code, and returns its `Set-Cookie`.
    ///
    /// Fails where the code isn't valid. A second use ends the session that the first one began.
    pub fn launch(&self, code: &str) -> Result<HeaderValue, LaunchRefusal> {
        let (digest, now) = (TokenDigest::of(code), Instant::now());
        let mut table = self.locked();
        let known = table.launches.iter_mut().find(|launch| launch.code.is(&digest));
        let known = known
            .filter(|launch| launch.until > now)
            .ok_or(LaunchRefusal::Invalid)?;
        if known.is_used {
            let is_its = |session: &KnownSession| matches!(session.origin, SessionOrigin::Launch(code) if code.is(&digest));
            table.sessions.retain(|session| !is_its(session));
            self.ended.send_replace(());
            return Err(LaunchRefusal::Used);
        }
        known.is_used = true;
        known.until = now + REMEMBERED;
        Ok(self.begin(&mut table, SessionOrigin::Launch(digest)))
    }

    /// Begins a session with a token, and returns its `Set-Cookie`; none if the token isn't known.
    pub fn sign_in(&self, token: &str) -> Option<HeaderValue> {
        let digest = self.tokens.as_ref()?.now().find(token)?.sha256;
        Some(self.begin(&mut self.locked(), SessionOrigin::Token(digest)))
    }

    /// Whether a session is begun with a token.
    pub fn takes_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// Ends a session, and returns the `Set-Cookie` that removes its cookie.
    pub fn end(&self, session: &BrowserSession) -> HeaderValue {
        self.locked()
            .sessions
            .retain(|known| !known.cookie.is(&session.cookie));
        self.ended.send_replace(());
        self.set_cookie("", "; Max-Age=0")
    }

    /// The session that a request's cookie names, which may do at most that.
    pub(in crate::http) fn find(&self, headers: &HeaderMap, access: Access) -> Option<BrowserSession> {
        let cookies = headers.get_all(COOKIE).iter();
        let pairs = cookies.filter_map(|cookies| cookies.to_str().ok());
        let pairs = pairs.flat_map(|cookies| cookies.split(';'));
        let words = pairs.filter_map(|pair| pair.trim().split_once('='));
        words
            .filter(|(name, _)| *name == self.cookie)
            .find_map(|(_, word)| self.find_cookie(&TokenDigest::of(word), access))
    }

    fn find_cookie(&self, cookie: &TokenDigest, access: Access) -> Option<BrowserSession> {
        let now = Instant::now();
        let (csrf, origin) = {
            let table = self.locked();
            let known = table.sessions.iter().find(|known| known.cookie.is(cookie))?;
            if known.until <= now {
                return None;
            }
            (known.csrf.clone(), known.origin)
        };
        let caller = match origin {
            SessionOrigin::Launch(_) => Caller::anyone(),
            // What the token opens now: it may have been revoked.
            SessionOrigin::Token(digest) => self.tokens.as_ref()?.now().find_digest(&digest)?.caller(),
        };
        let caller = Caller {
            access: caller.access.min(access),
            ..caller
        };
        Some(BrowserSession {
            caller,
            csrf,
            cookie: *cookie,
        })
    }

    /// Waits until a session is over, or reaches less far or farther than when a request of it came.
    pub async fn wait_for_end(&self, session: &BrowserSession) {
        let mut ended = self.ended.subscribe();
        while self.is_unchanged(session) {
            // Tokens are revoked, and sessions expire, without a word.
            let _ = timeout(LOOK_EVERY, ended.changed()).await;
        }
    }

    fn is_unchanged(&self, session: &BrowserSession) -> bool {
        self.find_cookie(&session.cookie, session.caller.access)
            .is_some_and(|now| now.caller == session.caller)
    }

    fn begin(&self, table: &mut SessionTable, origin: SessionOrigin) -> HeaderValue {
        let (word, now) = (random_word(), Instant::now());
        table.sessions.retain(|session| session.until > now);
        let is_of_same = |session: &KnownSession| session.origin.is_of_same_token(&origin);
        if table
            .sessions
            .iter()
            .filter(|session| is_of_same(session))
            .count()
            >= MAX_SESSIONS_OF_TOKEN
            && let Some(oldest) = table.sessions.iter().position(is_of_same)
        {
            table.sessions.remove(oldest);
        }
        if table.sessions.len() >= MAX_SESSIONS {
            table.sessions.remove(0);
        }
        table.sessions.push(KnownSession {
            cookie: TokenDigest::of(&word),
            csrf: random_word(),
            origin,
            until: now + SESSION_TIME,
        });
        self.set_cookie(&word, "")
    }

    fn set_cookie(&self, word: &str, more: &str) -> HeaderValue {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text = format!(
            "{}={word}; HttpOnly; SameSite=Strict; Path=/{secure}{more}",
            self.cookie
        );
        // Hexadecimal digits and what is written here are valid in a header.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }

    fn locked(&self) -> MutexGuard<'_, SessionTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    fn sessions() -> BrowserSessions {
        BrowserSessions::new(4000, false, None)
    }

    fn sent_back(set: &HeaderValue) -> HeaderMap {
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, format!("other=1; {pair}").parse().unwrap());
        headers
    }

    #[tokio::test(start_paused = true)]
    async fn a_launch_code_begins_one_session_within_a_minute() {
        let sessions = sessions();
        let code = sessions.new_launch_code();
        assert_eq!(code.len(), 32);
        assert_eq!(sessions.launch("0"), Err(LaunchRefusal::Invalid));
        let cookie = sessions.launch(&code).unwrap();
        let text = cookie.to_str().unwrap();
        assert!(text.starts_with("discfg-4000="), "{text}");
        assert!(text.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{text}");
        assert!(!text.contains(&code));
        let headers = sent_back(&cookie);
        let found = sessions.find(&headers, Access::Read).unwrap();
        assert_eq!(found.caller.access, Access::Read, "no more than the server may");
        assert!(found.is_csrf(&found.csrf) && !found.is_csrf(&code));
        assert!(sessions.is_unchanged(&found));

        let late = sessions.new_launch_code();
        advance(LAUNCH_TIME).await;
        assert_eq!(sessions.launch(&late), Err(LaunchRefusal::Invalid));
        assert!(sessions.find(&headers, Access::Read).is_some());
        advance(SESSION_TIME).await;
        assert!(sessions.find(&headers, Access::Read).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_use_of_a_code_ends_the_session_of_the_first() {
        let sessions = sessions();
        let code = sessions.new_launch_code();
        let first = sent_back(&sessions.launch(&code).unwrap());
        let other = sent_back(&sessions.launch(&sessions.new_launch_code()).unwrap());
        advance(Duration::from_hours(1)).await;
        let held = sessions.find(&first, Access::Write).unwrap();
        assert_eq!(sessions.launch(&code), Err(LaunchRefusal::Used));
        assert!(sessions.find(&first, Access::Write).is_none());
        assert!(!sessions.is_unchanged(&held));
        assert!(sessions.find(&other, Access::Write).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_signs_out_is_out_and_old_sessions_give_way() {
        let sessions = BrowserSessions::new(4000, true, None);
        let first = sessions.launch(&sessions.new_launch_code()).unwrap();
        assert!(first.to_str().unwrap().starts_with("__Host-discfg-4000="));
        assert!(first.to_str().unwrap().ends_with("; Path=/; Secure"));
        let second = sent_back(&sessions.launch(&sessions.new_launch_code()).unwrap());
        let found = sessions.find(&second, Access::Write).unwrap();
        let removed = sessions.end(&found);
        assert!(removed.to_str().unwrap().ends_with("; Max-Age=0"));
        assert!(sessions.find(&second, Access::Write).is_none());
        assert!(sessions.find(&sent_back(&first), Access::Write).is_some());
        for _ in 0..MAX_SESSIONS {
            sessions.launch(&sessions.new_launch_code()).unwrap();
        }
        assert!(sessions.find(&sent_back(&first), Access::Write).is_none());
    }

    #[test]
    fn a_session_reaches_as_far_as_its_token_does_now() {
        use crate::http::auth::token::{GeneratedToken, TokenEntry};
        use crate::http::auth::token_file::TokenFile;

        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::at(folder.path().join("tokens"));
        let token = GeneratedToken::generate();
        file.add(TokenEntry {
            name: "ada".parse().unwrap(),
            sha256: token.digest(),
            access: Access::Write,
            sections: None,
            configs: None,
            decrypt: false,
        })
        .unwrap();
        let known = Arc::new(KnownTokens::read(file.clone()).unwrap());
        let sessions = BrowserSessions::new(4000, false, Some(Arc::clone(&known)));
        assert!(sessions.takes_tokens());
        assert!(sessions.sign_in("dcfg_wrong").is_none());
        let headers = sent_back(&sessions.sign_in(token.reveal()).unwrap());
        let found = sessions.find(&headers, Access::Write).unwrap();
        assert_eq!(found.caller.by.as_deref(), Some("token:ada"));
        assert!(!found.caller.decrypts);
        file.revoke(&"ada".parse().unwrap()).unwrap();
        known.reload_if_changed();
        assert!(!sessions.is_unchanged(&found));
        assert!(sessions.find(&headers, Access::Write).is_none());
    }
}
