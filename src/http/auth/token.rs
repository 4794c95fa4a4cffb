//! Tokens: random words by which a server knows who calls. It keeps their SHA-256 alone. A slow hash would guard
//! nothing more: it makes guessing dear, and 256 random bits can't be guessed at any price.

use std::collections::BTreeSet;
use std::fmt;

use aes_gcm::aead::Generate as _;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::caller::Caller;
use crate::model::{Access, ConfigName, Section, TokenName};

/// A token as it is sent: `dcfg_` and 256 random bits as 43 characters of base64url.
pub struct GeneratedToken(Zeroizing<String>);

impl GeneratedToken {
    /// A new one.
    pub fn generate() -> Self {
        let bits = Zeroizing::new(<[u8; 32]>::generate());
        let word = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(bits.as_slice()));
        Self(Zeroizing::new(format!("dcfg_{}", *word)))
    }

    /// The word itself, for its holder. It can't be had again.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What a server keeps of it.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(self.reveal())
    }
}

impl fmt::Debug for GeneratedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The SHA-256 of a token; as text 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// That of a word.
    pub(in crate::http) fn of(word: &str) -> Self {
        Self(Sha256::digest(word).into())
    }

    /// Whether it is the same, in constant time.
    pub(in crate::http) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl TryFrom<String> for TokenDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const EXPECTED: &str = "expected the SHA-256 of a token: 64 digits of 0-9 and a-f";
        let mut digest = [0; 32];
        hex::decode_to_slice(text, &mut digest).map_err(|_| EXPECTED)?;
        Ok(Self(digest))
    }
}

impl From<TokenDigest> for String {
    fn from(digest: TokenDigest) -> Self {
        hex::encode(digest.0)
    }
}

/// A token that a server takes, and what it opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenEntry {
    /// What it is called. Its writes bear `token:NAME`.
    pub name: TokenName,
    /// What is kept of it.
    pub sha256: TokenDigest,
    /// Whether it may write.
    pub access: Access,
    /// The sections that it may use; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sections: Option<BTreeSet<Section>>,
    /// The configs that it may use; none for all that are served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configs: Option<BTreeSet<ConfigName>>,
    /// Whether it may have secrets decrypted.
    #[serde(default)]
    pub decrypt: bool,
}

impl TokenEntry {
    /// Who calls with it.
    pub fn caller(&self) -> Caller {
        Caller {
            by: Some(format!("token:{}", self.name)),
            access: self.access,
            configs: self.configs.clone(),
            sections: self.sections.clone(),
            decrypts: self.decrypt,
        }
    }
}

/// The tokens that a server takes.
#[derive(Debug, Clone, Default)]
pub struct TokenSet(Vec<TokenEntry>);

impl TokenSet {
    /// These tokens.
    pub fn new(entries: Vec<TokenEntry>) -> Self {
        Self(entries)
    }

    /// All of them, in the order of their creation.
    pub fn entries(&self) -> &[TokenEntry] {
        &self.0
    }

    /// The one that this word is. All are compared, each in constant time, so that the time it takes shows nothing.
    pub fn find(&self, word: &str) -> Option<&TokenEntry> {
        self.find_digest(&TokenDigest::of(word))
    }

    /// The one whose digest this is.
    pub(in crate::http) fn find_digest(&self, digest: &TokenDigest) -> Option<&TokenEntry> {
        let mut found = None;
        for entry in &self.0 {
            if entry.sha256.is(digest) {
                found = Some(entry);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, token: &GeneratedToken) -> TokenEntry {
        TokenEntry {
            name: name.parse().unwrap(),
            sha256: token.digest(),
            access: Access::Read,
            sections: None,
            configs: None,
            decrypt: false,
        }
    }

    #[test]
    fn a_token_is_found_by_its_whole_word_alone() {
        let (first, second, other) = (
            GeneratedToken::generate(),
            GeneratedToken::generate(),
            GeneratedToken::generate(),
        );
        let tokens = TokenSet::new(vec![entry("first", &first), entry("second", &second)]);
        let found = |word: &str| tokens.find(word).map(|entry| entry.name.to_string());
        assert_eq!(found(first.reveal()).as_deref(), Some("first"));
        assert_eq!(found(second.reveal()).as_deref(), Some("second"));
        let word = first.reveal();
        let wrong = [
            other.reveal(),
            "",
            "dcfg_",
            &word[1..],
            &word[..word.len() - 1],
            &word.to_uppercase(),
            &format!("{word} "),
            &String::from(first.digest()),
        ];
        for wrong in wrong {
            assert_eq!(found(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_is_256_random_bits_that_no_debug_shows() {
        let token = GeneratedToken::generate();
        assert_eq!(token.reveal().len(), "dcfg_".len() + 43);
        assert!(token.reveal().starts_with("dcfg_"));
        assert_ne!(token.reveal(), GeneratedToken::generate().reveal());
        assert!(!format!("{token:?}").contains(&token.reveal()[5..]));
    }

    #[test]
    fn a_digest_is_the_sha256_of_the_word_and_reads_as_written() {
        let text = String::from(TokenDigest::of("abc"));
        assert_eq!(
            text,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let read = TokenDigest::try_from(text.to_uppercase()).unwrap();
        assert_eq!(String::from(read), text);
        for wrong in [
            "",
            "ba78",
            &text[1..],
            &format!("{text}0"),
            &text.replace('b', "g"),
            &"ä".repeat(32),
        ] {
            assert!(TokenDigest::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
