use clap::Args;
use clap_mangen::Man;

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::ErrorKind;

/// Print the manual page
///
/// discfg man | man -l -
#[derive(Debug, Args)]
pub(in crate::cli) struct ManArgs {
    /// The page of one command
    command: Option<String>,
}

/// Prints a page of the whole command line, `cli`.
pub(in crate::cli) fn run(
    args: &ManArgs,
    mut cli: clap::Command,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    cli.build();
    let command = match &args.command {
        None => cli,
        Some(name) => {
            let found = cli.find_subcommand(name).cloned();
            let missing = || Failure::new(ErrorKind::NotFound, format!("unknown command {name:?}"));
            let found = found.ok_or_else(missing)?;
            let title = format!("discfg-{}", found.get_name());
            found.display_name(title)
        }
    };
    let mut page = Vec::new();
    Man::new(command)
        .render(&mut page)
        .map_err(|error| Failure::internal("can't render the manual page", &error))?;
    terminal.write(&page)
}
