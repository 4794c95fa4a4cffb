//! What the formats of lines share: one variable after another.

use super::layout::{ParsedItems, key_below};
use super::position::At;
use super::text::text_of;
use super::{DataFormat, EnvName, FormatError, Layout};
use crate::model::{Encoding, Key, Value, ValueKind};

/// Writes each key as `exec` names it, by the rule of a format for one name and its text. Names among the words of
/// `reserved` are those that the reader of the file keeps for itself.
pub(super) fn write_variables(
    format: DataFormat,
    reserved: &str,
    items: &[(Key, Value)],
    layout: &Layout,
    rule: impl Fn(&EnvName, &str, ValueKind, &mut String) -> Result<(), &'static str>,
) -> Result<Vec<u8>, FormatError> {
    let names = EnvName::name_all(items.iter().map(|(key, _)| key), &layout.prefix)?;
    let mut out = String::new();
    for (name, (key, value)) in names.iter().zip(items) {
        let text = text_of(format, key, value)?;
        let unfit = |reason| FormatError::Unfit {
            format,
            key: key.clone(),
            reason,
        };
        if reserved
            .split_ascii_whitespace()
            .any(|word| word == name.as_str())
        {
            return Err(FormatError::Reserved {
                format,
                key: key.clone(),
                name: name.clone(),
            });
        }
        if text.contains('\0') {
            return Err(unfit("a variable can't contain the character NUL"));
        }
        rule(name, text, value.kind(), &mut out).map_err(unfit)?;
    }
    Ok(out.into_bytes())
}

/// Goes through a text that holds one variable after another.
pub(super) struct VariableLines<'t> {
    format: DataFormat,
    text: &'t str,
    offset: usize,
    found: ParsedItems<'t>,
}

impl<'t> VariableLines<'t> {
    pub(super) fn new(format: DataFormat, text: &'t str) -> Self {
        Self {
            format,
            text,
            offset: 0,
            found: ParsedItems::new(),
        }
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.offset..]
    }

    pub(super) fn is_done(&self) -> bool {
        self.offset == self.text.len()
    }

    /// Goes past so many bytes of the rest.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.offset += bytes;
    }

    pub(super) fn at(&self) -> At<'t> {
        At::Byte(self.text, self.offset)
    }

    pub(super) fn fault(&self, problem: &'static str) -> FormatError {
        FormatError::syntax(self.format, problem, self.at())
    }

    /// The line that begins here, without its end.
    pub(super) fn line(&self) -> &'t str {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or(rest);
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// Goes past the line that begins here.
    pub(super) fn skip_line(&mut self) {
        let rest = self.rest();
        self.skip(rest.find('\n').map_or(rest.len(), |newline| newline + 1));
    }

    /// Whether the line that begins here says nothing: then it is gone past.
    pub(super) fn skip_silence(&mut self) -> bool {
        let line = self.line().trim();
        let silent = line.is_empty() || line.starts_with('#');
        if silent {
            self.skip_line();
        }
        silent
    }

    /// Goes past spaces and tabs.
    pub(super) fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.skip(rest.len() - rest.trim_start_matches([' ', '\t']).len());
    }

    /// Goes past the name that begins here.
    pub(super) fn name(&mut self) -> Result<(&'t str, At<'t>), FormatError> {
        let (rest, at) = (self.rest(), self.at());
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c)));
        let name = &rest[..end.unwrap_or(rest.len())];
        if name.is_empty() {
            return Err(self.fault("expected a name"));
        }
        self.skip(name.len());
        Ok((name, at))
    }

    /// Goes past what must stand here.
    pub(super) fn expect(&mut self, text: &str, problem: &'static str) -> Result<(), FormatError> {
        if !self.rest().starts_with(text) {
            return Err(self.fault(problem));
        }
        self.skip(text.len());
        Ok(())
    }

    /// Takes a variable: its name is a key below the layout's prefix. As `set` does, an object or array is taken
    /// for json, all else for text.
    pub(super) fn add(
        &mut self,
        layout: &Layout,
        name: &str,
        value: String,
        at: At<'t>,
    ) -> Result<(), FormatError> {
        let key = key_below(&layout.prefix, name, at)?;
        self.found.add_key(key, value, Encoding::Detect, at)
    }

    pub(super) fn into_items(self) -> Vec<(Key, Value)> {
        self.found.into_items()
    }
}
