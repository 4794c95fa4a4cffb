//! A snapshot for each error, with a section for each of its variants.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::iter::successors;

use super::super::Failure;
use crate::cli::terminal::failure_lines;

/// An error whose variants have names.
pub(in crate::cli) trait Variants {
    /// All of them.
    const ALL: &'static [&'static str];

    /// The name of this one.
    fn variant(&self) -> &'static str;
}

/// Names the variants of an error without a wildcard: one that is new doesn't compile until it is here, and
/// [`Book::errors`] then misses it until it is told.
macro_rules! variants {
    ($error:ty: $($variant:ident)+) => {
        impl Variants for $error {
            const ALL: &'static [&'static str] = &[$(stringify!($variant)),+];

            fn variant(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant),)+
                }
            }
        }
    };
    ($error:ident) => {
        impl Variants for $error {
            const ALL: &'static [&'static str] = &[stringify!($error)];

            fn variant(&self) -> &'static str {
                stringify!($error)
            }
        }
    };
}
pub(in crate::cli) use variants;

/// What is printed, under titles.
#[derive(Default)]
pub(in crate::cli) struct Book {
    text: String,
}

impl Book {
    /// Keeps what the terminal prints of errors of one sort, each with what sets it apart from another of its variant.
    pub(in crate::cli) fn errors<E: Variants>(
        name: &str,
        explain: impl Fn(E) -> Failure,
        errors: impl IntoIterator<Item = (&'static str, E)>,
    ) {
        let mut book = Self::default();
        let mut seen = BTreeSet::new();
        for (note, error) in errors {
            let variant = error.variant();
            seen.insert(variant);
            book.failure(&title(variant, note), &explain(error));
        }
        assert_eq!(missing::<E>(&seen), [""; 0], "variants that are not told");
        book.keep(name);
    }

    /// Keeps the words of errors that no command prints by themselves, with those of their causes.
    pub(in crate::cli) fn words<E: Variants + Error>(
        name: &str,
        errors: impl IntoIterator<Item = (&'static str, E)>,
    ) {
        let mut book = Self::default();
        let mut seen = BTreeSet::new();
        for (note, error) in errors {
            seen.insert(error.variant());
            let causes = successors(error.source(), |cause| (*cause).source());
            let causes = causes.map(|cause| format!("  because: {cause}"));
            let lines: Vec<String> = [error.to_string()].into_iter().chain(causes).collect();
            book.section(&title(error.variant(), note), &lines.join("\n"));
        }
        assert_eq!(missing::<E>(&seen), [""; 0], "variants that are not told");
        book.keep(name);
    }

    /// Tells a failure as the terminal prints it.
    pub(in crate::cli) fn failure(&mut self, title: &str, failure: &Failure) {
        let lines: Vec<String> = failure_lines(failure, &"error:", false)
            .into_iter()
            .map(|(line, _)| line)
            .collect();
        self.printed(title, failure.exit_code().into(), &lines.join("\n"));
    }

    /// Tells what is printed, and what the process ends with.
    pub(in crate::cli) fn printed(&mut self, title: &str, exit_code: i32, text: &str) {
        self.section(title, &format!("exit {exit_code}\n{text}"));
    }

    fn section(&mut self, title: &str, text: &str) {
        let space = if self.text.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.text, "{space}## {title}\n{}", text.trim_end());
    }

    /// Compares with what was printed before.
    pub(in crate::cli) fn keep(self, name: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/errors"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, self.text));
    }
}

pub(in crate::cli) fn title(variant: &str, note: &str) -> String {
    if note.is_empty() {
        variant.to_owned()
    } else {
        format!("{variant}: {note}")
    }
}

/// The variants that are not among these.
pub(in crate::cli) fn missing<E: Variants>(seen: &BTreeSet<&str>) -> Vec<&'static str> {
    let is_missing = |variant: &&str| !seen.contains(variant);
    E::ALL.iter().copied().filter(is_missing).collect()
}
