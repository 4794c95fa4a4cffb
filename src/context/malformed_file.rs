/// Why a file isn't what `use` writes. What it holds isn't repeated: a file of that name may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedFile {
    /// It is no text.
    #[error("it is not valid UTF-8")]
    Encoding,
    /// It is one word, and no config's name.
    #[error("it contains neither a config name nor lines of the form NAME = \"VALUE\"")]
    Name,
    /// A line, counted from 1, says nothing that is known.
    #[error("line {0}: expected NAME = VALUE with a known name and a valid value")]
    Line(usize),
}
