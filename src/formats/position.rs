use std::fmt;

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The place of the byte at `offset`.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Where something stands, counted out only where it is shown.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'t> {
    /// So many bytes into a text.
    Byte(&'t str, usize),
    Known(Position),
}

impl At<'_> {
    pub(super) fn position(self) -> Position {
        match self {
            Self::Byte(text, offset) => Position::of(text, offset),
            Self::Known(position) => position,
        }
    }
}

impl From<Position> for At<'_> {
    fn from(position: Position) -> Self {
        Self::Known(position)
    }
}
