use std::process::Command;

/// Builds the command that starts the program of that name, which ends with this process.
#[derive(Clone, Copy, Debug)]
pub struct ProgramStart(pub fn(&str) -> Command);
