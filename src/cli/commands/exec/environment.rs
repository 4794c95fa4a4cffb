//! Which variables a command is given.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use super::names::NamedKey;
use crate::cli::deciding_names::{is_refused, refuse};
use crate::cli::failure::{Failure, Stop};
use crate::formats::{EnvName, EnvNameError};
use crate::model::{Entry, ErrorKind, Key, Prefix, Section, Timestamp};
use crate::store::{Store, StoreError, StoreExt as _};
use crate::wire::{ExecAnswer, PlannedVariable};

/// What a variable holds that `--strict` has filled.
const PLACEHOLDER: &str = "discfg";

/// What is wanted of a config.
pub(super) struct EnvironmentSpec {
    /// At least one; the later wins.
    pub(super) prefixes: Vec<Prefix>,
    /// Keys that are named one by one.
    pub(super) named: Vec<NamedKey>,
    /// Names that are not refused.
    pub(super) allowed: Vec<EnvName>,
    pub(super) with_ttl: bool,
    /// The sections that are left out.
    pub(super) except: Vec<Section>,
    /// Only variables that are there and hold the placeholder.
    pub(super) strict: bool,
    /// Only variables that are not there.
    pub(super) no_clobber: bool,
}

/// The variables, by name.
#[derive(PartialEq, Eq)]
pub(super) struct Environment(BTreeMap<EnvName, Variable>);

#[derive(PartialEq, Eq)]
struct Variable {
    key: Key,
    value: Vec<u8>,
}

impl Environment {
    fn of(entries: impl IntoIterator<Item = (EnvName, Entry)>) -> Result<Self, Failure> {
        let variable = |(name, Entry { key, value, .. }): (EnvName, Entry)| {
            if value.bytes().contains(&0) {
                let problem = "its value contains a NUL byte";
                let message = format!("key {key} can't become the variable {name}: {problem}");
                return Err(Failure::new(ErrorKind::Invalid, message));
            }
            let value = value.bytes().to_vec();
            Ok((name, Variable { key, value }))
        };
        entries
            .into_iter()
            .map(variable)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Names and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0
            .iter()
            .map(|(name, variable)| (OsStr::new(name.as_str()), OsStr::from_bytes(&variable.value)))
    }

    /// The key of the largest variable, with its size in bytes.
    pub(super) fn largest(&self) -> Option<(&Key, usize)> {
        let sizes = self
            .0
            .values()
            .map(|variable| (&variable.key, variable.value.len()));
        sizes.max_by_key(|(_, size)| *size)
    }

    /// The names that are in one of the two alone, or have another value.
    pub(super) fn differing<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a EnvName> {
        let value = |of: &Self, name| of.0.get(name).map(|variable: &Variable| variable.value.clone());
        let names = self.0.keys().chain(other.0.keys());
        names
            .filter(|name| value(self, name) != value(other, name))
            .collect()
    }
}

impl EnvironmentSpec {
    /// The prefixes to read: those given, and where a key that is named lies below none of them, all beside it.
    pub(super) fn to_read(&self) -> Vec<Prefix> {
        let mut read = self.prefixes.clone();
        for NamedKey { key, .. } in &self.named {
            if !read.iter().any(|prefix| prefix.holds(key)) {
                let end = key.as_str().rfind('/').unwrap_or_default();
                read.push(key.as_str()[..end].parse().unwrap_or_else(|_| Prefix::all()));
            }
        }
        read
    }

    /// The entries of these, ordered by key, that become variables of a process whose environment is `around`.
    pub(super) fn choose(
        &self,
        entries: &[Entry],
        around: &BTreeMap<OsString, OsString>,
    ) -> Result<Chosen, Failure> {
        let waiting: BTreeSet<&OsStr> = around
            .iter()
            .filter(|(_, value)| self.strict && *value == PLACEHOLDER)
            .map(|(name, _)| name.as_os_str())
            .collect();
        let takes = |name: &EnvName| {
            let name = OsStr::new(name.as_str());
            (!self.strict || waiting.contains(name)) && !(self.no_clobber && around.contains_key(name))
        };
        let mut chosen: BTreeMap<EnvName, &Entry> = BTreeMap::new();
        let mut take = |name: EnvName, entry| {
            let instead = chosen.insert(name.clone(), entry);
            let instead = instead.map(|earlier| format!(" instead of {}", earlier.key));
            tracing::debug!("{name} comes from {}{}", entry.key, instead.unwrap_or_default());
        };
        for prefix in &self.prefixes {
            let below = entries.iter().filter(|entry| {
                prefix.holds(&entry.key)
                    && (self.with_ttl || entry.expires.is_none())
                    && !self.named.iter().any(|named| named.key == entry.key)
                    // What has no name is told below, unless nothing waits for it.
                    && EnvName::of(&entry.key, prefix).map_or(!self.strict, |name| takes(&name))
            });
            let below: Vec<&Entry> = below.collect();
            let names = EnvName::name_all(below.iter().map(|entry| &entry.key), prefix);
            for (name, entry) in names.map_err(|error| unnamed(&error))?.into_iter().zip(below) {
                take(name, entry);
            }
        }
        let mut given = BTreeSet::new();
        for NamedKey { name, key } in &self.named {
            if !given.insert(name) {
                return Err(Failure::usage(format!("--env is given twice for {name}")));
            }
            let found = entries.iter().find(|entry| entry.key == *key);
            let entry = found.ok_or_else(|| Failure::from(StoreError::NotFound(key.clone())))?;
            if takes(name) {
                take(name.clone(), entry);
            }
        }
        self.check(&chosen)?;
        let unfilled = waiting
            .iter()
            .filter(|name| !chosen.keys().any(|chosen| **name == chosen.as_str()));
        let unfilled: Vec<String> = unfilled.map(|name| name.display().to_string()).collect();
        if !unfilled.is_empty() {
            return Err(Failure::new(
                ErrorKind::NotFound,
                format!("no key for {}", unfilled.join(", ")),
            )
            .hint(format!(
                "--strict requires a key for every variable whose value is `{PLACEHOLDER}`: add the key, or map one with --env NAME=KEY"
            )));
        }
        let chosen = chosen.into_iter().map(|(name, entry)| (name, entry.clone()));
        Ok(Chosen(chosen.collect()))
    }

    /// How many of the entries below the prefixes are not chosen because they have a time to live.
    pub(super) fn left_out(&self, entries: &[Entry]) -> usize {
        let is_left_out = |entry: &&Entry| {
            !self.with_ttl
                && entry.expires.is_some()
                && self.prefixes.iter().any(|prefix| prefix.holds(&entry.key))
                && !self.named.iter().any(|named| named.key == entry.key)
        };
        entries.iter().filter(is_left_out).count()
    }

    /// When the first of the entries that may be chosen expires.
    pub(super) fn expires(&self, entries: &[Entry]) -> Option<Timestamp> {
        let counts = |entry: &&Entry| {
            self.with_ttl && self.prefixes.iter().any(|prefix| prefix.holds(&entry.key))
                || self.named.iter().any(|named| named.key == entry.key)
        };
        entries
            .iter()
            .filter(counts)
            .filter_map(|entry| entry.expires)
            .min()
    }

    fn check(&self, chosen: &BTreeMap<EnvName, &Entry>) -> Result<(), Failure> {
        let refused = chosen.iter().filter(|(name, _)| is_refused(name, &self.allowed));
        refuse(
            refused.map(|(name, entry)| (name, &entry.key)),
            "allow a variable with --allow-env NAME, or rename it with --env OTHER=KEY",
        )
    }
}

/// The entries that variables come of, with secrets as they are stored.
pub(super) struct Chosen(BTreeMap<EnvName, Entry>);

impl Chosen {
    /// The variables as a dry run shows them.
    pub(super) fn planned(&self) -> ExecAnswer {
        let planned = |(name, entry): (&EnvName, &Entry)| PlannedVariable {
            name: name.to_string(),
            key: entry.key.to_string(),
            secret: entry.secret,
            bytes: (!entry.secret).then(|| entry.value.len()),
        };
        ExecAnswer {
            action: "exec",
            result: "planned",
            variables: self.0.iter().map(planned).collect(),
        }
    }

    /// The variables. Of secrets only those that are chosen are decrypted.
    pub(super) async fn reveal(self, store: &dyn Store) -> Result<Environment, Stop> {
        let (names, entries): (Vec<EnvName>, Vec<Entry>) = self.0.into_iter().unzip();
        let entries = store.reveal(entries).await?;
        Ok(Environment::of(names.into_iter().zip(entries))?)
    }
}

fn unnamed(error: &EnvNameError) -> Failure {
    Failure::new(ErrorKind::Invalid, error.to_string()).hint("rename one with --env NAME=KEY")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Encoding, Revision, Value};

    fn entry(key: &str, value: impl Into<Vec<u8>>) -> Entry {
        Entry {
            key: key.parse().expect("a key"),
            value: Value::new(value, Encoding::Detect).expect("a value"),
            version: 1,
            revision: Revision::new(1),
            created: Timestamp::from_epoch(0),
            modified: Timestamp::from_epoch(0),
            by: "me".into(),
            secret: false,
            ttl: None,
            expires: None,
        }
    }

    fn wanted(prefixes: &[&str], named: &[&str]) -> EnvironmentSpec {
        EnvironmentSpec {
            except: Vec::new(),
            prefixes: prefixes.iter().map(|p| p.parse().expect("a prefix")).collect(),
            named: named
                .iter()
                .map(|n| n.parse().expect("a name and a key"))
                .collect(),
            allowed: Vec::new(),
            with_ttl: false,
            strict: false,
            no_clobber: false,
        }
    }

    fn around(of: &[(&str, &str)]) -> BTreeMap<OsString, OsString> {
        of.iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    fn given(
        wanted: &EnvironmentSpec,
        entries: &[Entry],
        around: &BTreeMap<OsString, OsString>,
    ) -> Result<Environment, Failure> {
        wanted
            .choose(entries, around)
            .and_then(|chosen| Environment::of(chosen.0))
    }

    fn chosen(wanted: &EnvironmentSpec, entries: &[Entry], around: &BTreeMap<OsString, OsString>) -> String {
        let variables = match given(wanted, entries, around) {
            Ok(variables) => variables,
            Err(failure) => return failure.message,
        };
        let each = variables
            .iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()));
        each.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn of_prefixes_the_later_wins_and_a_given_name_before_all() {
        let entries = [
            entry("/a/x", "1"),
            entry("/a/y", "2"),
            entry("/b/x", "3"),
            entry("/k", "4"),
        ];
        let none = around(&[]);
        assert_eq!(chosen(&wanted(&["/a", "/b"], &[]), &entries, &none), "X=3 Y=2");
        assert_eq!(chosen(&wanted(&["/b", "/a"], &[]), &entries, &none), "X=1 Y=2");
        assert_eq!(
            chosen(&wanted(&["/a", "/b"], &["X=/k"]), &entries, &none),
            "X=4 Y=2"
        );
        // A key that is named is not named by its path, too.
        assert_eq!(chosen(&wanted(&["/a"], &["Z=/a/y"]), &entries, &none), "X=1 Z=2");
        assert_eq!(
            chosen(&wanted(&["/"], &[]), &entries, &none),
            "A_X=1 A_Y=2 B_X=3 K=4"
        );
    }

    #[test]
    fn what_is_named_is_read_beside_the_prefixes() {
        let read = |prefixes: &[&str], named: &[&str]| {
            let read = wanted(prefixes, named).to_read();
            read.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(read(&["/a"], &["X=/a/b/c"]), ["/a"]);
        assert_eq!(read(&["/a"], &["X=/b/c/d", "Y=/b/c/e"]), ["/a", "/b/c"]);
        assert_eq!(read(&["/a"], &["X=/a"]), ["/a", "/"]);
    }

    #[test]
    fn strict_fills_what_waits_and_nothing_else() {
        let strict = |named: &[&str]| EnvironmentSpec {
            strict: true,
            ..wanted(&["/"], named)
        };
        let entries = [
            entry("/1st", "0"),
            entry("/a", "1"),
            entry("/b", "2"),
            entry("/path", "3"),
        ];
        let env = around(&[("A", "discfg"), ("B", "discfg "), ("PATH", "/bin")]);
        assert_eq!(chosen(&strict(&[]), &entries, &env), "A=1");
        assert_eq!(chosen(&strict(&["A=/b", "C=/a"]), &entries, &env), "A=2");
        let env = around(&[("A", "discfg"), ("C", "discfg"), ("c-d", "discfg")]);
        assert_eq!(chosen(&strict(&[]), &entries, &env), "no key for C, c-d");
        assert_eq!(chosen(&strict(&["C=/b"]), &entries, &env), "no key for c-d");
    }

    #[test]
    fn what_is_set_stays_with_no_clobber() {
        let kept = EnvironmentSpec {
            no_clobber: true,
            ..wanted(&["/"], &[])
        };
        let entries = [entry("/a", "1"), entry("/b", "2"), entry("/path", "3")];
        let env = around(&[("A", ""), ("PATH", "/bin")]);
        assert_eq!(chosen(&kept, &entries, &env), "B=2");
    }

    #[test]
    fn names_that_change_what_is_run_are_refused() {
        let entries = ["/bash/env", "/ld/preload", "/path"].map(|key| entry(key, "x"));
        let mut all = wanted(&["/"], &[]);
        let refused = "refusing variables that change what programs run: ";
        assert_eq!(
            chosen(&all, &entries, &around(&[])),
            format!(
                "{refused}BASH_ENV (from key /bash/env), LD_PRELOAD (from key /ld/preload), PATH (from key /path)"
            )
        );
        all.allowed = ["PATH", "LD_PRELOAD"]
            .map(|name| name.parse().expect("a name"))
            .into();
        assert_eq!(
            chosen(&all, &entries, &around(&[])),
            format!("{refused}BASH_ENV (from key /bash/env)")
        );
        let named = wanted(&["/x"], &["DYLD_LIBRARY_PATH=/path"]);
        assert!(chosen(&named, &entries, &around(&[])).starts_with(refused));
    }

    #[test]
    fn what_no_variable_holds_is_told_with_its_key() {
        let entries = [entry("/a/nul", "x\0y"), entry("/b/1st", "1")];
        let none = around(&[]);
        let text = chosen(&wanted(&["/a"], &[]), &entries, &none);
        assert!(
            text.contains("/a/nul") && text.contains("NUL") && !text.contains('x'),
            "{text}"
        );
        assert!(chosen(&wanted(&["/b"], &[]), &entries, &none).contains("/b/1st"));
        assert_eq!(
            chosen(&wanted(&["/b"], &["FIRST=/b/1st"]), &entries, &none),
            "FIRST=1"
        );
    }

    #[test]
    fn what_expires_is_left_out_unless_asked_for() {
        let brief = Entry {
            expires: Some(Timestamp::from_epoch(9)),
            ..entry("/b", "2")
        };
        let entries = [entry("/a", "1"), brief];
        let none = around(&[]);
        let plain = wanted(&["/"], &[]);
        assert_eq!(chosen(&plain, &entries, &none), "A=1");
        assert_eq!(plain.expires(&entries), None);
        for asking in [
            EnvironmentSpec {
                with_ttl: true,
                ..wanted(&["/"], &[])
            },
            wanted(&["/"], &["B=/b"]),
        ] {
            assert_eq!(chosen(&asking, &entries, &none), "A=1 B=2");
            assert_eq!(asking.expires(&entries), Some(Timestamp::from_epoch(9)));
        }
    }

    #[test]
    fn variables_differ_by_name_or_value_alone() {
        let of = |entries: &[Entry]| match given(&wanted(&["/"], &[]), entries, &around(&[])) {
            Ok(variables) => variables,
            Err(failure) => panic!("{failure:?}"),
        };
        let old = of(&[entry("/a", "1"), entry("/b", "2"), entry("/c", "3")]);
        let new = of(&[entry("/a", "1"), entry("/b", "x"), entry("/d", "3")]);
        let names: Vec<&str> = old.differing(&new).into_iter().map(EnvName::as_str).collect();
        assert_eq!(names, ["B", "C", "D"]);
        assert!(old.differing(&old).is_empty());
    }
}
