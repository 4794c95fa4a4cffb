//! A call of the binary that goes on while a test acts.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;

use super::cli::{Outcome, PATIENCE, wait};

/// A running call. Where a test fails half way it is killed.
pub struct Running {
    called: String,
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Running {
    pub(crate) fn new(mut command: Command) -> Self {
        let called = format!("{:?}", command.get_args().collect::<Vec<_>>());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary is built");
        Self {
            called,
            stdout: lines(child.stdout.take()),
            stderr: lines(child.stderr.take()),
            child,
        }
    }

    /// The process's number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line on standard output.
    #[track_caller]
    pub fn line(&self) -> String {
        self.stdout.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let told: Vec<_> = self.stderr.try_iter().collect();
            panic!("{}: no line comes; stderr: {told:#?}", self.called)
        })
    }

    /// Waits for the next line on standard output, which is JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{}: {error}: {line}", self.called))
    }

    /// Waits for a line on standard error that holds this.
    #[track_caller]
    pub fn says(&self, part: &str) -> String {
        let mut said = Vec::new();
        loop {
            let Ok(line) = self.stderr.recv_timeout(PATIENCE) else {
                panic!("{}: {part:?} isn't said; stderr: {said:#?}", self.called)
            };
            if line.contains(part) {
                return line;
            }
            said.push(line);
        }
    }

    /// Sends it a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill is there").success(), "{name} can't be sent");
    }

    /// Stops reading its standard output, as `head` does when it has what it wants.
    pub fn stop_reading(mut self) -> Self {
        self.stdout = channel().1;
        self
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it was started here").is_some()
    }

    /// Waits for its end: what it wrote that wasn't waited for, and its exit code.
    #[track_caller]
    pub fn end(mut self) -> Outcome {
        let status = wait(&mut self.child);
        let rest =
            |lines: &Receiver<String>| lines.iter().fold(String::new(), |all, line| all + &line + "\n");
        let (stdout, stderr) = (rest(&self.stdout), rest(&self.stderr));
        let Some(status) = status else {
            panic!(
                "{} didn't end\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
                self.called
            );
        };
        Outcome::new(
            std::mem::take(&mut self.called),
            status,
            stdout.into_bytes(),
            stderr,
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The reader ends, and closes the pipe, when nobody takes its lines any more.
fn lines(pipe: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let pipe = pipe.expect("it is piped");
    let (tell, told) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    told
}
