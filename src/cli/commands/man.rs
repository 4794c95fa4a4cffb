use clap::Args;
use clap_mangen::Man;

use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::ErrorKind;

/// Print a manual page
///
/// To read it: discfg man | man -l -
#[derive(Debug, Args)]
pub(in crate::cli) struct ManArgs {
    /// Command whose page to print [default: the page of discfg]
    command: Option<String>,
}

/// Prints a page of the whole command line, `cli`.
pub(in crate::cli) fn run(
    args: &ManArgs,
    mut cli: clap::Command,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    cli.build();
    let command = match args.command.as_deref() {
        None | Some("discfg") => cli,
        Some(name) => {
            let found = cli.find_subcommand(name).cloned();
            let missing = || Failure::new(ErrorKind::NotFound, format!("unknown command {name:?}"));
            let found = found.ok_or_else(missing)?;
            let title = format!("discfg-{}", found.get_name());
            // Where help lists several positionals in place of one list of words, the page has the list.
            found.display_name(title).mut_args(|arg| {
                let is_hidden = arg.is_hide_set() && !arg.is_positional();
                arg.hide(is_hidden)
            })
        }
    };
    // The page has no description of what is only hidden in a short help.
    let command = command.mut_args(|arg| arg.hide_short_help(false));
    let mut page = Vec::new();
    Man::new(command)
        .render(&mut page)
        .map_err(|error| Failure::internal("cannot render the manual page", &error))?;
    terminal.write(&page)
}
