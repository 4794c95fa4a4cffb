//! A table for a terminal: a row of titles, aligned columns, the last of which is wrapped.

use console::measure_text_width as width;

use super::color::Tone;
use super::wrap::wrapped;

/// The spaces between two columns.
const GAP: usize = 2;
/// The fewest columns that the last cell is wrapped in.
const NARROWEST_CELL: usize = 30;

/// Rows under titles. Columns of which every cell is empty are left out.
pub(in crate::cli) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<(Tone, String)>>,
}

struct Column {
    title: &'static str,
    is_number: bool,
}

impl Table {
    /// A table with these titles; one that begins with `#` is that of a column of numbers, which stand at its right.
    pub(in crate::cli) fn new(titles: &[&'static str]) -> Self {
        let column = |title: &&'static str| Column {
            title: title.strip_prefix('#').unwrap_or(title),
            is_number: title.starts_with('#'),
        };
        Self {
            columns: titles.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row with a cell for each column.
    pub(in crate::cli) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.toned_row(cells.into_iter().map(|cell| (Tone::Plain, cell)));
    }

    /// Adds a row whose cells have tones.
    pub(in crate::cli) fn toned_row(&mut self, cells: impl IntoIterator<Item = (Tone, String)>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Returns the table's lines for a terminal of that many columns; nothing where it has no rows.
    pub(in crate::cli) fn lines(&self, columns: usize) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let titles = self
            .columns
            .iter()
            .map(|column| (Tone::Title, column.title.to_owned()));
        let titles: Vec<(Tone, String)> = titles.collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|at| {
                let cells = self.rows.iter().filter_map(|row| row.get(at));
                let widest = cells.map(|(_, cell)| width(cell)).max().unwrap_or_default();
                let title = self.columns.get(at).map_or(0, |column| width(column.title));
                if widest == 0 { 0 } else { widest.max(title) }
            })
            .collect();
        let mut text = String::new();
        for row in [&titles].into_iter().chain(&self.rows) {
            text.push_str(&self.line(row, &widths, columns));
            text.push('\n');
        }
        text
    }

    fn line(&self, row: &[(Tone, String)], widths: &[usize], columns: usize) -> String {
        let shown = |at: usize| widths.get(at).copied().unwrap_or_default() > 0;
        let last = (0..row.len()).rev().find(|at| shown(*at));
        let mut line = String::new();
        let mut taken = 0;
        for (at, (tone, cell)) in row.iter().enumerate().filter(|(at, _)| shown(*at)) {
            let (Some(column), Some(&wide)) = (self.columns.get(at), widths.get(at)) else {
                break;
            };
            let space = wide.saturating_sub(width(cell));
            let (before, after) = if column.is_number { (space, 0) } else { (0, space) };
            line.push_str(&" ".repeat(before));
            if Some(at) == last {
                // What it is wrapped to begins under its own start; where there is little room, the terminal breaks it.
                let room = taken + NARROWEST_CELL <= columns;
                let indented = format!("{}{cell}", " ".repeat(taken));
                let cell = if room {
                    wrapped(&indented, columns, taken)
                } else {
                    indented
                };
                line.push_str(&tone.paint(cell.trim_start()));
                break;
            }
            line.push_str(&tone.paint(cell));
            line.push_str(&" ".repeat(after + GAP));
            taken += wide + GAP;
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_the_last_is_wrapped() {
        let mut table = Table::new(&["#REVISION", "BY", "NOTE"]);
        table.row([
            "7".into(),
            "ada".into(),
            "the first one that was ever here, and more".into(),
        ]);
        table.row(["11".into(), "grace".into(), String::new()]);
        assert_eq!(
            table.lines(47),
            "REVISION  BY     NOTE\n       7  ada    the first one that was ever\n                 here, and more\n      11  grace\n"
        );
    }

    #[test]
    fn a_column_without_content_is_left_out() {
        let mut table = Table::new(&["KEY", "TTL"]);
        table.row(["/db/url".into(), String::new()]);
        assert_eq!(table.lines(80), "KEY\n/db/url\n");
        assert_eq!(Table::new(&["KEY"]).lines(80), "");
    }
}
