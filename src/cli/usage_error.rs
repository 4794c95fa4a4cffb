use clap::error::ContextValue;

use super::one_line::one_line;

/// Returns the error with each argument that it repeats on one line: a line of its own would be read as discfg's words,
/// or as a command by a runner of CI jobs.
pub(super) fn with_arguments_on_one_line(mut error: clap::Error) -> clap::Error {
    let is_split = |text: &str| text.contains('\n');
    let changed = error.context().filter_map(|(kind, value)| {
        let value = match value {
            ContextValue::String(text) if is_split(text) => ContextValue::String(one_line(text).into_owned()),
            ContextValue::Strings(texts) if texts.iter().any(|text| is_split(text)) => {
                ContextValue::Strings(texts.iter().map(|text| one_line(text).into_owned()).collect())
            }
            // Suggestions, whose quotes are around what was given.
            ContextValue::StyledStrs(texts) if texts.iter().any(|text| is_split(&text.to_string())) => {
                let texts = texts
                    .iter()
                    .map(|text| one_line(&text.to_string()).into_owned().into());
                ContextValue::StyledStrs(texts.collect())
            }
            _ => return None,
        };
        Some((kind, value))
    });
    for (kind, value) in changed.collect::<Vec<_>>() {
        error.insert(kind, value);
    }
    error
}
