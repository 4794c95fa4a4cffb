use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;

pub(in crate::cli) fn run(terminal: &mut Terminal) -> Result<(), Failure> {
    terminal.line(concat!("discfg ", env!("CARGO_PKG_VERSION")))
}
