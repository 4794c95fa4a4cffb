use super::{DataFormat, FormatError};
use crate::model::{Key, Value};

/// A file as text, without the mark that some editors begin it with.
pub(super) fn utf8(format: DataFormat, bytes: &[u8]) -> Result<&str, FormatError> {
    let text = std::str::from_utf8(bytes).map_err(|error| FormatError::Utf8 {
        format,
        position: error.valid_up_to(),
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// A value as text, for a format that holds nothing else.
pub(super) fn text_of<'v>(format: DataFormat, key: &Key, value: &'v Value) -> Result<&'v str, FormatError> {
    value.as_text().ok_or_else(|| FormatError::Unfit {
        format,
        key: key.clone(),
        reason: "it is bytes; use yaml or k8s-secret",
    })
}
