/// Why a file isn't what `use` writes. What it holds isn't repeated: a file of that name may be anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedFile {
    /// It is no text.
    #[error("it is not valid UTF-8")]
    Encoding,
    /// It is one word, and no config's name.
    #[error("it holds neither a config name nor lines NAME = \"VALUE\"")]
    Name,
    /// A line, counted from 1, says nothing that is known.
    #[error("line {0} is not NAME = VALUE with a known name and a valid value")]
    Line(usize),
}
