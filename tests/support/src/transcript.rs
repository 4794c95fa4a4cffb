//! What a person sees of commands, as a text to be kept: the call, stdout, stderr, exit code.

use std::fmt::Write as _;

use super::cli::{Outcome, Place};
use super::volatile;

/// Columns of the terminal that texts are set for.
pub const COLUMNS: &str = "80";

/// A session in a place.
///
/// ```text
/// $ discfg get mykey
/// what is on stdout
/// --- stderr
/// what is on stderr, where there is anything
/// --- exit 3, where it isn't 0
/// ```
pub struct Transcript<'p> {
    place: &'p Place,
    text: String,
}

impl<'p> Transcript<'p> {
    pub fn of(place: &'p Place) -> Self {
        Self {
            place,
            text: String::new(),
        }
    }

    /// Runs a script: a line that begins with `#` is kept as it is, each other one is a call of the shell.
    #[track_caller]
    pub fn script(&mut self, script: &str) -> &mut Self {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if line.starts_with('#') {
                self.about(line);
            } else {
                self.run(line);
            }
        }
        self
    }

    /// A line of one's own, which says what follows.
    pub fn about(&mut self, line: &str) -> &mut Self {
        self.line(line);
        self.text.push('\n');
        self
    }

    /// What was read of a command while it ran.
    pub fn said(&mut self, lines: &[String]) -> &mut Self {
        for line in lines {
            self.line(line);
        }
        self.text.push('\n');
        self
    }

    /// A call of the shell.
    #[track_caller]
    pub fn run(&mut self, line: &str) -> &mut Self {
        self.run_with(line, "")
    }

    /// The same with this on standard input.
    #[track_caller]
    pub fn run_with(&mut self, line: &str, stdin: &str) -> &mut Self {
        let outcome = self.place.shell(line).env("COLUMNS", COLUMNS).stdin(stdin).run();
        self.outcome(line, &outcome)
    }

    /// What came of a call that was made elsewhere.
    pub fn outcome(&mut self, line: &str, outcome: &Outcome) -> &mut Self {
        self.line(&format!("$ {line}"));
        self.block(&outcome.text());
        if !outcome.errors().is_empty() {
            self.line("--- stderr");
            self.block(outcome.errors());
        }
        match outcome.exit_code() {
            Some(0) => {}
            Some(code) => self.line(&format!("--- exit {code}")),
            None => self.line("--- ended by a signal"),
        }
        self.text.push('\n');
        self
    }

    /// A call on a terminal, which shows both streams as one. Each answer is typed when its question is seen, of which
    /// a few words are given that nothing before it holds.
    #[track_caller]
    pub fn on_terminal(&mut self, line: &str, answers: &[(&str, &str)]) -> &mut Self {
        // A pipe that this shell holds open itself has no end, of which the terminal would have to tell.
        let mut script = String::from("mkfifo typed && exec 3<>typed || exit 99\n: >seen\n");
        let call = format!("stty cols {COLUMNS} rows 50; {line}");
        let _ = writeln!(
            script,
            "{{ {} <&3 >>seen; echo $? >ended; }} &",
            on_a_terminal(&call)
        );
        for (question, answer) in answers {
            let _ = writeln!(
                script,
                "for try in $(seq 1000); do grep -qF {} seen && break; test -e ended && break; sleep 0.02; done\n\
                 printf '%s\\n' {} >&3",
                quoted(question),
                quoted(answer)
            );
        }
        script += "wait; cat seen; code=$(cat ended); rm typed seen ended; exit $code";
        let outcome = self
            .place
            .shell(&script)
            .env("COLUMNS", COLUMNS)
            .env("TERM", "xterm")
            .run();
        assert!(
            !outcome.errors().contains("not found"),
            "a terminal is made by `script`, of util-linux or bsdutils: {}",
            outcome.errors()
        );
        for (question, _) in answers {
            assert!(
                outcome.text().contains(question),
                "{line} never asks {question:?}: {}",
                outcome.text()
            );
        }
        self.outcome(line, &outcome)
    }

    /// Adds lines, each to its end.
    fn block(&mut self, text: &str) {
        self.text.push_str(&told(self.place, text));
        if !text.is_empty() && !text.ends_with('\n') {
            self.text.push_str("\n--- no newline at the end\n");
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(&told(self.place, line));
        self.text.push('\n');
    }

    /// Holds the session to the file of that name.
    #[track_caller]
    pub fn keep(&self, folder: &str, name: &str) {
        volatile::keep(folder, name, &self.text);
    }
}

/// A script that runs a call on a terminal without input, and exits as the call does.
pub fn on_terminal(call: &str, columns: &str) -> String {
    let call = on_a_terminal(&format!("stty cols {columns} rows 50; {call}"));
    // A pipe that this shell holds open itself has no end, of which the terminal would have to tell.
    format!("mkfifo typed && exec 3<>typed && rm typed || exit 99\n{call} <&3")
}

/// The program that runs a call on a terminal, as the system at hand has it.
fn on_a_terminal(call: &str) -> String {
    let call = quoted(call);
    if cfg!(target_os = "linux") {
        format!("script -qec {call} /dev/null")
    } else {
        format!("script -q /dev/null sh -c {call}")
    }
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The text with the place's folders named, the ends of lines as files have them, and what steers a terminal made
/// visible.
fn told(place: &Place, text: &str) -> String {
    let mut text: String = text.replace("\r\n", "\n").chars().map(seen).collect();
    for (folder, name) in [(place.dir(), "[PLACE]"), (place.home(), "[HOME]")] {
        // Some systems know their temporary folder by two names, of which the one may hold the other.
        for folder in [folder.canonicalize().ok(), Some(folder)].into_iter().flatten() {
            text = text.replace(&*folder.to_string_lossy(), name);
        }
    }
    text
}

/// A sign for each control character but the two that lay text out.
fn seen(character: char) -> char {
    match u32::from(character) {
        0x09 | 0x0a => character,
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or(character),
        _ => character,
    }
}
