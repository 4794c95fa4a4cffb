use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::wire::result::VersionShape;

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(in crate::cli) fn run(session: &Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let shape = VersionShape {
        action: "version",
        version: VERSION,
    };
    let human = || format!("discfg {VERSION}\n");
    show(terminal, session.format(), &shape, human, || {
        format!("{VERSION}\n").into_bytes()
    })
}
