use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::is_unprintable;

/// What a commit is for, in words: at most 1,024 bytes of text, with line feeds and tabs but no other control characters.
///
/// ```
/// use discfg::model::Message;
/// let message: Message = " Raise the pool for the sale\n".parse().unwrap();
/// assert_eq!(message.as_str(), "Raise the pool for the sale");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Message(String);

/// Why a text is no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It has nothing but white space.
    #[error("empty message")]
    Empty,
    /// It is longer than [`Message::MAX_BYTES`].
    #[error("message too long: {0} bytes; the limit is {max}", max = Message::MAX_BYTES)]
    TooLong(usize),
    /// It contains a character that a terminal doesn't show.
    #[error("invalid message: {0:?} is not allowed")]
    Character(char),
}

impl Message {
    /// The longest message, in bytes.
    pub const MAX_BYTES: usize = 1024;
    /// The form of a message as a regular expression of ECMA-262, but for its length.
    #[cfg(feature = "http")]
    pub(crate) const PATTERN: &'static str = "^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]*\
        [^\\s\\u0000-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]\
        [^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]*$";

    /// The text, without white space around it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Message {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > Self::MAX_BYTES {
            return Err(MessageError::TooLong(text.len()));
        }
        let is_refused = |c: &char| !matches!(c, '\n' | '\t') && is_unprintable(*c);
        if let Some(character) = text.chars().find(is_refused) {
            return Err(MessageError::Character(character));
        }
        match text.trim() {
            "" => Err(MessageError::Empty),
            text => Ok(Self(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Message {
    type Error = MessageError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Message> for String {
    fn from(message: Message) -> Self {
        message.0
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_refused() {
        let error = |text: &str| text.parse::<Message>().expect_err(text);
        assert_eq!(error(" \n"), MessageError::Empty);
        assert_eq!(error(&"é".repeat(513)), MessageError::TooLong(1026));
        assert_eq!(error("a\u{1b}[31m"), MessageError::Character('\u{1b}'));
        assert_eq!(error("a\u{202e}b"), MessageError::Character('\u{202e}'));
        let longest = "é".repeat(512);
        assert_eq!(longest.parse::<Message>().expect("it fits").as_str(), longest);
        assert!("two\nlines\tof it".parse::<Message>().is_ok());
    }
}
