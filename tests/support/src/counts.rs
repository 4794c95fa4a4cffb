//! The table of counts that tests hold: `tests/counts.toml`.
//!
//! A count that got better fails as one that got worse does, so that the table never says less than is so.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::iter;
use std::path::Path;

use toml::Table;

use super::emulator::TESTS;

/// The table's name, as messages give it.
pub const FILE: &str = "tests/counts.toml";

/// Every group of the table, each held by one test, or by the benchmarks where it is about the release binary.
pub const GROUPS: &[&str] = &[
    "counted-with",
    "crates",
    "dynamodb.self",
    "dynamodb.purges",
    "dynamodb.secrets",
    "dynamodb.import",
    "dynamodb.roles",
    "syncs",
    "instructions.dev",
    "release",
    "release.instructions",
];

/// How far instructions may be from the table, in percent: they differ by the length of paths and of the environment.
const INSTRUCTIONS_PERCENT: u64 = 2;

/// The table, as text that was read.
pub struct Counts {
    table: Table,
}

/// What a command asked of AWS.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The operations, in order.
    pub requests: Vec<String>,
    /// Read units, of which there are halves.
    pub read: f64,
    /// Write units.
    pub write: f64,
}

impl Counts {
    /// The table that is checked in.
    pub fn checked_in() -> Self {
        let path = Path::new(TESTS).join("counts.toml");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{FILE}: {error}"));
        Self::parse(&text)
    }

    /// A table of a test's own.
    pub fn parse(text: &str) -> Self {
        let table = text.parse().unwrap_or_else(|error| panic!("{FILE}: {error}"));
        Self { table }
    }

    /// The text that a row holds.
    pub fn text(&self, group: &str, row: &str) -> &str {
        let text = self.rows(group).and_then(|rows| rows.get(row)?.as_str());
        text.unwrap_or_else(|| panic!("{FILE}: [{group}] has no text {row:?}"))
    }

    /// The names of the groups that hold rows.
    pub fn groups(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        groups_of(&self.table, "", &mut found);
        found
    }

    /// Counts the rows of a group, each once, and says all that differs from the table.
    pub fn compare(&self, group: &str, count: impl FnOnce(&mut Group<'_>)) -> Result<(), String> {
        let empty = Table::new();
        let mut counted = Group {
            name: group,
            rows: self.rows(group).unwrap_or(&empty),
            seen: BTreeSet::new(),
            wrong: Vec::new(),
        };
        count(&mut counted);
        let Group {
            rows,
            seen,
            mut wrong,
            ..
        } = counted;
        let unseen = rows
            .iter()
            .filter(|(name, row)| !is_group(row) && !seen.contains(name.as_str()));
        wrong.extend(unseen.map(|(name, _)| format!("{FILE}: [{group}] {name:?}: nothing counts this row")));
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n"))
        }
    }

    fn rows(&self, group: &str) -> Option<&Table> {
        group
            .split('.')
            .try_fold(&self.table, |table, name| table.get(name)?.as_table())
    }
}

/// Counts the rows of a group of the checked-in table, each once, and fails where one differs.
#[track_caller]
pub fn hold(group: &str, count: impl FnOnce(&mut Group<'_>)) {
    assert!(GROUPS.contains(&group), "{group} is not among the groups");
    if let Err(wrong) = Counts::checked_in().compare(group, count) {
        panic!("\n{wrong}\n");
    }
}

/// A group whose rows are being counted.
pub struct Group<'t> {
    name: &'t str,
    rows: &'t Table,
    seen: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Group<'_> {
    /// A row that holds a number, exactly.
    pub fn number(&mut self, row: &str, found: u64) {
        let Some(held) = self.held(row, &grouped(found)) else {
            return;
        };
        match held.as_integer().and_then(|held| u64::try_from(held).ok()) {
            Some(held) => self.say(row, &grouped(held), &grouped(found), Some(found.cmp(&held))),
            None => self.say(row, &held.to_string(), &grouped(found), None),
        }
    }

    /// A row that holds a number of instructions, which may differ a little.
    pub fn instructions(&mut self, row: &str, found: u64) {
        let Some(held) = self.held(row, &grouped(found)) else {
            return;
        };
        match held.as_integer().and_then(|held| u64::try_from(held).ok()) {
            Some(held) if found.abs_diff(held) * 100 <= held * INSTRUCTIONS_PERCENT => {}
            Some(held) => {
                let around = format!("{} within {INSTRUCTIONS_PERCENT} %", grouped(held));
                self.say(row, &around, &grouped(found), Some(found.cmp(&held)));
            }
            None => self.say(row, &held.to_string(), &grouped(found), None),
        }
    }

    /// A row that holds what a command asks of AWS, exactly.
    pub fn asked(&mut self, row: &str, found: &Asked) {
        let Some(held) = self.held(row, &found.to_string()) else {
            return;
        };
        match Asked::read(&held) {
            Some(held) => self.say(row, &held.to_string(), &found.to_string(), found.beside(&held)),
            None => self.say(row, &held.to_string(), &found.to_string(), None),
        }
    }

    fn held(&mut self, row: &str, found: &str) -> Option<toml::Value> {
        assert!(self.seen.insert(row.to_owned()), "{row:?} is counted twice");
        let held = self.rows.get(row).cloned();
        if held.is_none() {
            let name = self.name;
            self.wrong.push(format!(
                "{FILE}: [{name}] {row:?}: expected nothing, found {found}; add the row {row:?} = {found}"
            ));
        }
        held
    }

    fn say(&mut self, row: &str, held: &str, found: &str, order: Option<Ordering>) {
        let advice = match order {
            Some(Ordering::Equal) => return,
            Some(Ordering::Less) => format!("better than the table: write {found} into {FILE}"),
            Some(Ordering::Greater) => {
                "worse than the table: a change that is worth it updates the row and says why in its commit"
                    .to_owned()
            }
            None => format!("other than the table: if that is meant, write {found} into {FILE}"),
        };
        let name = self.name;
        self.wrong.push(format!(
            "{FILE}: [{name}] {row:?}: expected {held}, found {found}; {advice}"
        ));
    }
}

impl Asked {
    fn read(row: &toml::Value) -> Option<Self> {
        let row = row.as_table()?;
        let mut requests = Vec::new();
        for operations in row.get("requests")?.as_array()? {
            let operations = operations.as_str()?;
            let (times, name) = match operations.split_once(' ') {
                Some((times, name)) => (times.parse().ok()?, name),
                None => (1, operations),
            };
            requests.extend(iter::repeat_n(name.to_owned(), times));
        }
        Some(Self {
            requests,
            read: units(row.get("read")?)?,
            write: units(row.get("write")?)?,
        })
    }

    /// Less where nothing is more and something less; none where one is more and another less, or the order differs.
    fn beside(&self, held: &Self) -> Option<Ordering> {
        let of_requests = match self.requests.len().cmp(&held.requests.len()) {
            Ordering::Equal if self.requests != held.requests => return None,
            order => order,
        };
        [self.read.total_cmp(&held.read), self.write.total_cmp(&held.write)]
            .into_iter()
            .try_fold(of_requests, |all, order| match (all, order) {
                (Ordering::Equal, order) | (order, Ordering::Equal) => Some(order),
                (all, order) => (all == order).then_some(all),
            })
    }
}

/// As the table has it, where operations that follow each other are one: "10 `GetItem`".
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests: Vec<String> = self
            .requests
            .chunk_by(|one, next| one == next)
            .map(|same| match same {
                [one] => one.clone(),
                _ => format!("{} {}", same.len(), same[0]),
            })
            .collect();
        let Self { read, write, .. } = self;
        write!(f, "{{ requests = {requests:?}, read = {read}, write = {write} }}")
    }
}

fn units(value: &toml::Value) -> Option<f64> {
    let whole = value.as_integer().and_then(|whole| u32::try_from(whole).ok());
    value.as_float().or(whole.map(f64::from))
}

/// A number as the table has it: `6_119_808`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

fn groups_of(table: &Table, name: &str, found: &mut BTreeSet<String>) {
    for (below, value) in table {
        match value.as_table() {
            Some(table) if is_group(value) => {
                let below = if name.is_empty() {
                    below.clone()
                } else {
                    format!("{name}.{below}")
                };
                groups_of(table, &below, found);
            }
            _ => {
                found.insert(name.to_owned());
            }
        }
    }
}

/// Whether a value holds rows, rather than being one.
fn is_group(value: &toml::Value) -> bool {
    value
        .as_table()
        .is_some_and(|table| !table.contains_key("requests"))
}
