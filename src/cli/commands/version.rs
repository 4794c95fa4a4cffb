use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize)]
struct Shape {
    action: &'static str,
    version: &'static str,
}

pub(in crate::cli) fn run(session: &Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let shape = Shape {
        action: "version",
        version: VERSION,
    };
    let human = || format!("discfg {VERSION}\n");
    show(terminal, session.format(), &shape, human, || {
        format!("{VERSION}\n").into_bytes()
    })
}
