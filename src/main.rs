//! The command line of discfg.

use std::process::ExitCode;

fn main() -> ExitCode {
    discfg::cli::run(std::env::args_os())
}
