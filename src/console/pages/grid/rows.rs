//! Which cells of a row differ.

use crate::model::Entry;

/// What a column has under the name of a row.
#[derive(Debug)]
pub(super) enum GridCell {
    Entry(Box<Entry>),
    Missing,
    /// It can't be read.
    Unknown,
}

/// How a cell compares to the first column that has the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellMark {
    Same,
    Differs,
    /// Secrets would have to be decrypted.
    NotCompared,
    Missing,
    Unknown,
}

/// The cells of a name, each with its mark.
#[derive(Debug)]
pub(super) struct GridRow {
    pub(super) name: String,
    pub(super) cells: Vec<(GridCell, CellMark)>,
}

impl GridRow {
    pub(super) fn new(name: String, cells: Vec<GridCell>) -> Self {
        let marks = marks(&cells);
        Self {
            name,
            cells: cells.into_iter().zip(marks).collect(),
        }
    }

    pub(super) fn has(&self, mark: CellMark) -> bool {
        self.cells.iter().any(|(_, of_cell)| *of_cell == mark)
    }

    pub(super) fn is_different(&self) -> bool {
        self.has(CellMark::Differs) || self.has(CellMark::Missing)
    }
}

fn marks(cells: &[GridCell]) -> Vec<CellMark> {
    let first = cells.iter().find_map(|cell| match cell {
        GridCell::Entry(entry) => Some(&**entry),
        GridCell::Missing | GridCell::Unknown => None,
    });
    let mark = |cell: &GridCell| match cell {
        GridCell::Missing => CellMark::Missing,
        GridCell::Unknown => CellMark::Unknown,
        GridCell::Entry(entry) => first.map_or(CellMark::Same, |first| compared(first, entry)),
    };
    cells.iter().map(mark).collect()
}

fn compared(first: &Entry, other: &Entry) -> CellMark {
    if first.value == other.value && first.secret == other.secret {
        CellMark::Same
    } else if first.secret || other.secret {
        CellMark::NotCompared
    } else {
        CellMark::Differs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Encoding, Revision, Timestamp, Value};

    fn entry(value: &str, secret: bool) -> GridCell {
        GridCell::Entry(Box::new(Entry {
            key: "/db/url".parse().unwrap(),
            value: Value::new(value, Encoding::Detect).unwrap(),
            version: 1,
            revision: Revision::new(1),
            created: Timestamp::from_epoch(0),
            modified: Timestamp::from_epoch(0),
            by: "anna".into(),
            secret,
            ttl: None,
            expires: None,
        }))
    }

    fn row(cells: Vec<GridCell>) -> (Vec<CellMark>, bool) {
        let row = GridRow::new("url".into(), cells);
        let is_different = row.is_different();
        (
            row.cells.into_iter().map(|(_, mark)| mark).collect(),
            is_different,
        )
    }

    #[test]
    fn cells_are_compared_to_the_first_that_is_there() {
        use CellMark::{Differs, Missing, Same, Unknown};
        let plain = |value| entry(value, false);
        assert_eq!(row(vec![plain("a"), plain("a")]), (vec![Same, Same], false));
        assert_eq!(
            row(vec![plain("a"), plain("b"), plain("a")]),
            (vec![Same, Differs, Same], true)
        );
        assert_eq!(
            row(vec![GridCell::Missing, plain("a"), plain("b")]),
            (vec![Missing, Same, Differs], true)
        );
        assert_eq!(
            row(vec![GridCell::Unknown, plain("a")]),
            (vec![Unknown, Same], false)
        );
        assert_eq!(
            row(vec![plain("1"), plain("[1]")]),
            (vec![Same, Differs], true),
            "of another kind"
        );
    }

    #[test]
    fn secrets_are_not_compared_but_missed() {
        use CellMark::{Missing, NotCompared, Same};
        let secret = |value| entry(value, true);
        assert_eq!(
            row(vec![secret("x"), secret("y")]),
            (vec![Same, NotCompared], false)
        );
        assert_eq!(
            row(vec![entry("x", false), secret("x")]),
            (vec![Same, NotCompared], false)
        );
        assert_eq!(
            row(vec![secret("x"), secret("x")]),
            (vec![Same, Same], false),
            "stored alike"
        );
        assert_eq!(
            row(vec![secret("x"), GridCell::Missing]),
            (vec![Same, Missing], true)
        );
    }
}
