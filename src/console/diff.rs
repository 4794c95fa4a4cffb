//! Two values side by side.

use diffy::{DiffOptions, Line, Patch};
use maud::{Markup, html};

use super::text::{cut, with_marks};
use super::value;
use crate::model::{Grouped, LoggedValue};

/// The most lines of both sides, from the first to the last difference, that are compared line by line: the time that it takes
/// grows with their product.
const MAX_LINES: usize = 1500;
/// About how many bytes of lines a difference shows.
const MAX_BYTES: usize = 60_000;
/// About how many bytes a row has beside its lines.
const ROW_BYTES: usize = 90;
/// How many unchanged lines are shown around what changed.
const CONTEXT: usize = 3;
/// How many characters are shown around what differs within a long line.
const AROUND: usize = 60;
/// The most characters of a line, or of what differs in it, that are shown.
const LONGEST: usize = 2000;

/// One side: a value of the log or of an entry, and whether it is a secret. None where there is nothing.
pub(super) type DiffSide<'v> = Option<(&'v LoggedValue, bool)>;

/// About how many bytes the differences on a page may have: a page of many large ones would be slow.
const PAGE_BYTES: usize = 60_000;
/// About how many bytes a difference has beside the values.
const FRAME_BYTES: usize = 300;

/// What is left of a page for differences.
pub(super) struct DiffBudget(usize);

impl DiffBudget {
    pub(super) fn new() -> Self {
        Self(PAGE_BYTES)
    }

    /// Whether the difference of values of that many bytes still has its place on the page, which it then takes.
    pub(super) fn takes(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes.saturating_add(FRAME_BYTES));
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// A row of the table, by the lines of both sides.
#[derive(Debug, PartialEq, Eq)]
enum Row<'t> {
    Same(&'t str),
    Changed(Option<&'t str>, Option<&'t str>),
    /// Lines were left out.
    Gap,
}

/// Both sides in a table, under these headings.
pub(super) fn side_by_side(headings: (&str, &str), old: DiffSide<'_>, new: DiffSide<'_>) -> Markup {
    let texts = (shown(old), shown(new));
    let (Some(before), Some(after)) = texts else {
        let class = match (old, new) {
            (None, _) => "add",
            (_, None) => "del",
            _ => "mod",
        };
        return html! {
            table.diff {
                (head(headings))
                tbody { tr class=(class) {
                    td.old { (value::logged(old)) }
                    td.new { (value::logged(new)) @if hidden_change(old, new) { " (differs)" } }
                } }
            }
        };
    };
    html! {
        table.diff {
            (head(headings))
            tbody {
                @if before != after { (body(&before, &after)) }
                @else {
                    tr.same { td colspan="2" { (unseen_difference(old, new)) } }
                    @if let (Some(old), Some(new)) = (written(old), written(new)) && old != new { (body(old, new)) }
                }
            }
        }
    }
}

/// What differs between sides that look the same.
fn unseen_difference(old: DiffSide<'_>, new: DiffSide<'_>) -> &'static str {
    match (
        old.and_then(|(old, _)| old.value()),
        new.and_then(|(new, _)| new.value()),
    ) {
        (Some(old), Some(new)) if old.bytes() != new.bytes() => "The same content, written differently",
        (Some(old), Some(new)) if old.kind() != new.kind() => "Only the kind differs",
        (None, Some(_)) => "An empty value",
        _ => "No difference",
    }
}

fn head((old, new): (&str, &str)) -> Markup {
    html! { thead { tr { th scope="col" { (old) } th scope="col" { (new) } } } }
}

/// The text of a side that is shown; none for what isn't.
fn shown(side: DiffSide<'_>) -> Option<String> {
    match side {
        None => Some(String::new()),
        Some((LoggedValue::Value(value), false)) => {
            let text = value.as_text()?;
            Some(value::shown_text(value, text).into_owned())
        }
        Some(_) => None,
    }
}

/// The text of a value as it is written.
fn written(side: DiffSide<'_>) -> Option<&str> {
    side.and_then(|(value, _)| value.value()?.as_text())
}

/// Whether what isn't shown is known to differ: bytes do where they aren't the same. A secret is encrypted differently each time.
fn hidden_change(old: DiffSide<'_>, new: DiffSide<'_>) -> bool {
    match (old, new) {
        (Some((LoggedValue::Value(old), false)), Some((LoggedValue::Value(new), false))) => old != new,
        _ => false,
    }
}

fn body(before: &str, after: &str) -> Markup {
    let (before, after) = changed_part(before, after);
    let count = before.lines().count() + after.lines().count();
    if count > MAX_LINES {
        let (mut old, mut new) = (before.split_inclusive('\n'), after.split_inclusive('\n'));
        let pairs = std::iter::from_fn(|| match (old.next(), new.next()) {
            (None, None) => None,
            (old, new) => Some(Row::Changed(old, new)),
        });
        return html! {
            tr.gap { td colspan="2" { "Too many lines to compare (" (Grouped(count)) " of at most " (Grouped(MAX_LINES)) "): shown one after the other" } }
            (bounded(pairs))
        };
    }
    let mut options = DiffOptions::new();
    options.set_context_len(CONTEXT);
    let patch = options.create_patch(before, after);
    bounded(rows(&patch).into_iter())
}

/// The rows up to where they would be too much for a page, and how many there are after that.
fn bounded<'t>(rows: impl Iterator<Item = Row<'t>>) -> Markup {
    let (mut bytes, mut left_out) = (0, 0_usize);
    let mut shown = Vec::new();
    for row in rows {
        if bytes > MAX_BYTES {
            left_out += 1;
        } else {
            bytes += row.bytes() + ROW_BYTES;
            shown.push(row_markup(&row));
        }
    }
    html! {
        @for row in &shown { (row) }
        @if left_out > 0 {
            tr.gap { td colspan="2" { (Grouped(left_out)) " more lines are not shown. Compare them with " code { "discfg history" } " or " code { "discfg diff" } "." } }
        }
    }
}

/// Both texts from some lines before the first difference to some lines after the last.
fn changed_part<'t>(before: &'t str, after: &'t str) -> (&'t str, &'t str) {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let begin = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = (old[begin..].iter().rev()).zip(new[begin..].iter().rev());
    let end = rest.take_while(|(old, new)| old == new).count();
    let part = |text: &'t str, lines: &[&str]| {
        let bytes = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
        let from = bytes(&lines[..begin.saturating_sub(CONTEXT)]);
        let after = (lines.len() - end + CONTEXT).min(lines.len());
        &text[from..bytes(&lines[..after])]
    };
    (part(before, &old), part(after, &new))
}

fn rows<'p>(patch: &'p Patch<'_, str>) -> Vec<Row<'p>> {
    let mut rows = Vec::new();
    for (at, hunk) in patch.hunks().iter().enumerate() {
        rows.extend((at > 0).then_some(Row::Gap));
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for line in hunk.lines() {
            match line {
                Line::Delete(line) => old.push(*line),
                Line::Insert(line) => new.push(*line),
                Line::Context(line) => {
                    pair(&mut old, &mut new, &mut rows);
                    rows.push(Row::Same(line));
                }
            }
        }
        pair(&mut old, &mut new, &mut rows);
    }
    rows
}

fn trimmed(line: &str) -> &str {
    line.strip_suffix('\n').unwrap_or(line)
}

fn pair<'t>(old: &mut Vec<&'t str>, new: &mut Vec<&'t str>, rows: &mut Vec<Row<'t>>) {
    let count = old.len().max(new.len());
    let at = |lines: &[&'t str], at: usize| lines.get(at).copied();
    rows.extend((0..count).map(|row| Row::Changed(at(old, row), at(new, row))));
    old.clear();
    new.clear();
}

impl Row<'_> {
    /// About how many bytes of it are shown.
    fn bytes(&self) -> usize {
        let line = |line: Option<&str>| line.map_or(0, |line| line.len().min(LONGEST));
        match self {
            Self::Same(same) => 2 * line(Some(same)),
            Self::Changed(old, new) => line(*old) + line(*new),
            Self::Gap => 0,
        }
    }
}

fn row_markup(row: &Row<'_>) -> Markup {
    match *row {
        Row::Gap => html! { tr.gap { td colspan="2" { "⋯" } } },
        Row::Same(line) => {
            html! { tr.same { td.old { (whole_line(line)) } td.new { (whole_line(line)) } } }
        }
        Row::Changed(Some(old), Some(new)) if trimmed(old) == trimmed(new) => html! {
            tr.mod {
                td.old { (whole_line(old)) (line_end(old)) }
                td.new { (whole_line(new)) (line_end(new)) }
            }
        },
        Row::Changed(Some(old), Some(new)) => {
            let (before, old, new, after) = difference(trimmed(old), trimmed(new));
            html! {
                tr.mod {
                    td.old { (lead(before)) @if !old.is_empty() { del { (whole_line(old)) } } (trail(after)) }
                    td.new { (lead(before)) @if !new.is_empty() { ins { (whole_line(new)) } } (trail(after)) }
                }
            }
        }
        Row::Changed(Some(old), None) => html! { tr.del { td.old { del { (whole_line(old)) } } td.new {} } },
        Row::Changed(None, Some(new)) => html! { tr.add { td.old {} td.new { ins { (whole_line(new)) } } } },
        Row::Changed(None, None) => html! {},
    }
}

/// Whether a line has an end, where that is all that differs.
fn line_end(line: &str) -> Markup {
    let text = if line.ends_with('\n') {
        "line end"
    } else {
        "no line end"
    };
    html! { " " span.esc { (text) } }
}

/// What both lines begin with, what differs in each, and what both end with.
fn difference<'t>(old: &'t str, new: &'t str) -> (&'t str, &'t str, &'t str, &'t str) {
    let begin = old
        .chars()
        .zip(new.chars())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum();
    let (before, old) = old.split_at(begin);
    let new = &new[begin..];
    let end: usize = old
        .chars()
        .rev()
        .zip(new.chars().rev())
        .take_while(|(a, b)| a == b)
        .map(|(c, _)| c.len_utf8())
        .sum();
    let (old, after) = old.split_at(old.len() - end);
    (before, old, &new[..new.len() - end], after)
}

fn lead(text: &str) -> Markup {
    let characters = text.chars().count();
    match text.char_indices().nth(characters.saturating_sub(AROUND)) {
        Some((from, _)) if from > 0 => html! { span.more { "…" } (with_marks(&text[from..], false)) },
        _ => with_marks(text, false),
    }
}

fn trail(text: &str) -> Markup {
    let (begin, is_cut) = cut(text, AROUND);
    html! { (with_marks(begin, false)) @if is_cut { span.more { "…" } } }
}

fn whole_line(text: &str) -> Markup {
    let text = trimmed(text);
    let (begin, is_cut) = cut(text, LONGEST);
    html! {
        (with_marks(begin, false))
        @if is_cut { span.more { "… " (Grouped(text.len())) " B" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Encoding, Value};

    fn sides(old: &str, new: &str) -> String {
        let value = |text: &str| LoggedValue::Value(Value::new(text, Encoding::Detect).unwrap());
        let (old, new) = (value(old), value(new));
        side_by_side(("Before", "After"), Some((&old, false)), Some((&new, false))).into_string()
    }

    #[test]
    fn lines_are_paired_and_what_differs_in_them_is_marked() {
        let table = sides("a\nhost: one\nz", "a\nhost: two\nz\nend");
        assert!(
            table.contains("<tr class=\"same\"><td class=\"old\">a</td><td class=\"new\">a</td></tr>"),
            "{table}"
        );
        assert!(
            table.contains("host: <del>one</del>") && table.contains("host: <ins>two</ins>"),
            "{table}"
        );
        assert!(sides("same", "same").contains("No difference"));
        let ends = sides("a", "a\n");
        assert!(
            ends.contains(">line end<") && ends.contains(">no line end<"),
            "{ends}"
        );
        assert!(sides("{\"a\":1}", "{ \"a\": 1}").contains("The same content, written differently"));
    }

    #[test]
    fn long_lines_are_cut_around_what_differs() {
        let long = "x".repeat(90_000);
        let table = sides(&format!("{long}a{long}"), &format!("{long}b{long}"));
        assert!(table.contains("<del>a</del>") && table.contains("<ins>b</ins>"));
        assert!(table.len() < 2000, "{} bytes", table.len());
    }

    #[test]
    fn what_would_take_too_long_is_not_compared_line_by_line() {
        let lines = |first: usize| {
            let lines = (0..40_000).map(|line| line * 2 + first);
            lines.fold(String::new(), |all, line| all + &format!("{line}\n"))
        };
        let (old, new) = (&lines(0)[..180_000], &lines(1)[..180_000]);
        let table = sides(old, new);
        assert!(table.contains("Too many lines to compare") && table.contains("<del>0</del>"));
        assert!(
            table.contains("more lines are not shown") && table.len() < 300_000,
            "{}",
            table.len()
        );
        // One change in many lines is found.
        let one = old.replacen("\n40000\n", "\nEVIL\n", 1);
        let table = sides(old, &one);
        assert!(table.contains("<ins>EVIL</ins>") && table.len() < 2000, "{table}");
    }

    #[test]
    fn a_secret_is_not_shown_and_not_compared() {
        let sealed = |bytes: &[u8]| LoggedValue::Value(Value::new(bytes, Encoding::Detect).unwrap());
        let (old, new) = (sealed(b"dcs-one"), sealed(b"dcs-two"));
        let table = side_by_side(("Before", "After"), Some((&old, true)), Some((&new, true))).into_string();
        assert!(!table.contains("dcs") && !table.contains("differs"), "{table}");
        let one = side_by_side(("Before", "After"), None, Some((&new, false))).into_string();
        assert!(one.contains("<ins>dcs-two</ins>"), "{one}");
    }
}
