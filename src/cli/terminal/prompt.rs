//! Questions to the person at the terminal.

use std::io::{self, BufRead as _, IsTerminal as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::Terminal;
use super::stderr::write_stderr;
use crate::aws::MfaPrompt;
use crate::cli::failure::Failure;
use crate::model::{ErrorKind, printable};

/// An answer to a question whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Consent {
    Yes,
    No,
    /// Ctrl-C was pressed.
    Interrupted,
}

impl Consent {
    fn of(line: Option<&str>, is_yes: impl Fn(&str) -> bool) -> Self {
        match line {
            Some(line) if is_yes(line) => Self::Yes,
            Some(_) => Self::No,
            None => Self::Interrupted,
        }
    }

    /// An error unless the answer is yes. `so` is what follows from it.
    pub(in crate::cli) fn or_cancel(self, so: &str) -> Result<(), Failure> {
        let kind = match self {
            Self::Yes => return Ok(()),
            Self::No => ErrorKind::No,
            Self::Interrupted => ErrorKind::Interrupted,
        };
        Err(Failure::new(kind, format!("cancelled: {so}")))
    }
}

impl Terminal {
    /// Asks a yes-or-no question on the terminal. Without a terminal that is an error which names `flag`.
    pub(in crate::cli) fn confirm(&mut self, question: &str, flag: &str) -> Result<Consent, Failure> {
        self.put(question, "[y/N] ", flag)?;
        Ok(Consent::of(Some(&line()?), is_yes))
    }

    /// Asks as [`Self::confirm`] does, except that Ctrl-C is an answer, for callers that then have something to clear away.
    pub(in crate::cli) async fn ask(&mut self, question: &str, flag: &str) -> Result<Consent, Failure> {
        self.put(question, "[y/N] ", flag)?;
        Ok(Consent::of(line_or_ctrl_c().await?.as_deref(), is_yes))
    }

    /// Asks a question to which Enter alone, too, is a yes. None where there is no terminal.
    pub(in crate::cli) async fn ask_on_terminal(
        &mut self,
        question: &str,
    ) -> Result<Option<Consent>, Failure> {
        if !is_terminal() {
            return Ok(None);
        }
        self.flush()?;
        write_stderr(format_args!("{question} [Y/n] "));
        let is_yes = |line: &str| line == "\n" || is_yes(line);
        Ok(Some(Consent::of(line_or_ctrl_c().await?.as_deref(), is_yes)))
    }

    /// Asks for a word, for what a yes is too quickly given to. No if another is typed. Without a
    /// terminal that is an error which names `flag`.
    pub(in crate::cli) async fn ask_for(
        &mut self,
        question: &str,
        word: &str,
        flag: &str,
    ) -> Result<Consent, Failure> {
        self.put(question, "> ", flag)?;
        let line = line_or_ctrl_c().await?;
        Ok(Consent::of(line.as_deref(), |line| line.trim() == word))
    }

    /// Asks for a line that isn't shown while it is typed. None where there is no terminal to type on.
    pub(in crate::cli) async fn ask_unseen(&mut self, question: &str) -> Result<Option<String>, Failure> {
        if !is_terminal() {
            return Ok(None);
        }
        self.flush()?;
        // Before the question: whoever types at once, or pastes, isn't shown either.
        let unseen = HiddenInput::begin().map_err(|error| unread(&error))?;
        write_stderr(format_args!("{question}"));
        let (sender, receiver) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            sender.send(io::stdin().lock().read_line(&mut line).map(|_| line))
        });
        // Ctrl-C, too, leaves a terminal behind that shows what is typed.
        let line = tokio::select! {
            line = receiver => line.unwrap_or_else(|_| Ok(String::new())).map(Some).map_err(|error| unread(&error)),
            _ = tokio::signal::ctrl_c() => Ok(None),
        };
        drop(unseen);
        write_stderr(format_args!("\n"));
        let line = line?;
        let whole = line.as_ref().and_then(|line| line.strip_suffix('\n'));
        let whole = whole.map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned());
        // The end of input is an answer, as elsewhere.
        Consent::of(line.as_deref(), |_| whole.is_some()).or_cancel("no value was given")?;
        Ok(whole)
    }

    fn put(&mut self, question: &str, mark: &str, flag: &str) -> Result<(), Failure> {
        if !is_terminal() {
            let refused = format!("refusing to continue without confirmation (no terminal): use {flag}");
            let mut failure = Failure::usage(refused);
            failure.causes.push(format!("not answered: {question}"));
            return Err(failure);
        }
        self.flush()?;
        write_stderr(format_args!("{question} {mark}"));
        Ok(())
    }
}

/// Asks on the terminal for the code of an MFA device, which is valid for seconds and may be seen.
pub(in crate::cli) fn mfa_prompt() -> MfaPrompt {
    MfaPrompt(|device| {
        if !is_terminal() {
            return Err(io::Error::other("no terminal to ask for it"));
        }
        write_stderr(format_args!("Code of the MFA device {}: ", printable(device)));
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        if line.is_empty() {
            write_stderr(format_args!("\n"));
            return Err(io::Error::other("none was given"));
        }
        Ok(line)
    })
}

/// A terminal that doesn't show what is typed, until this is dropped.
struct HiddenInput(Termios);

impl HiddenInput {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &unseen)?;
        Ok(Self(before))
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        // Where the terminal is gone there is nothing to put back.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

fn unread(error: &io::Error) -> Failure {
    Failure::caused(ErrorKind::Interrupted, "cannot read the answer", error)
}

fn line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| unread(&error))?;
    if line.is_empty() {
        // The end of input is no line.
        write_stderr(format_args!("\n"));
    }
    Ok(line)
}

/// A line, or nothing where Ctrl-C came first.
async fn line_or_ctrl_c() -> Result<Option<String>, Failure> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // A thread of its own rather than one of the runtime's, which would be waited for at the end.
    std::thread::spawn(move || sender.send(line()));
    tokio::select! {
        line = receiver => line.ok().transpose(),
        _ = tokio::signal::ctrl_c() => {
            write_stderr(format_args!("\n"));
            Ok(None)
        }
    }
}

/// Whether a question would be seen, and can be answered.
fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
