//! Sections that can't be read.

use clap::Args;

use super::failure::Failure;
use super::terminal::Terminal;
use crate::model::{BadSection, ErrorKind, Section};

/// The flag that leaves sections out.
#[derive(Debug, Args)]
pub(super) struct ExceptArgs {
    /// Leave this section out; repeatable
    ///
    /// Useful for a section that can't be read.
    #[arg(long = "except", value_name = "SECTION")]
    pub(super) sections: Vec<Section>,
}

/// Names the sections of which the result shows nothing, and says so by the exit code.
pub(super) fn report(bad: &[BadSection], terminal: &Terminal) -> Result<(), Failure> {
    let Some((last, others)) = bad.split_last() else {
        return Ok(());
    };
    for BadSection { section, problem } in others {
        terminal.note(&format!("warning: cannot read section {section}: {problem}"));
    }
    Err(Failure::new(
        ErrorKind::Internal,
        format!("cannot read section {}: {}", last.section, last.problem),
    ))
}
