use crate::cli::failure::Failure;
use crate::cli::output::show;
use crate::cli::session::Session;
use crate::cli::terminal::Terminal;
use crate::model::ConfigName;
use crate::wire::result::DestroyResult;

pub(super) fn end(shape: &DestroyResult, session: &Session, terminal: &mut Terminal) -> Result<(), Failure> {
    let human = || {
        let what = if shape.result == "planned" {
            "would be destroyed"
        } else {
            "destroyed"
        };
        format!("{}: {what}\n", shape.config)
    };
    show(terminal, session.format(), shape, human, || {
        format!("{}\n", shape.result).into_bytes()
    })
}

/// Asks for the config's name, since the deletion can't be undone.
pub(super) async fn ask(config: &ConfigName, terminal: &mut Terminal) -> Result<(), Failure> {
    let question = format!("To destroy the config, type its name ({config}):");
    let answer = terminal.ask_for(&question, config.as_str(), "--yes").await?;
    answer.or_cancel("the answer is not the name of the config; nothing was deleted")
}
