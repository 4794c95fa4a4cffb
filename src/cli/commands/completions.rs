use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use crate::cli::complete::VARIABLE;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;

const EXAMPLES: &str = "\
Add one line to your shell's startup file:
  bash  ~/.bashrc                   source <(discfg completions bash)
  zsh   ~/.zshrc, after compinit    source <(discfg completions zsh)
  fish  ~/.config/fish/config.fish  discfg completions fish | source";

/// Print a shell completion script
///
/// Completes commands, flags, keys, prefixes and configs. Completions time out after 300 ms. Load the script whenever
/// the shell starts, because it belongs to the installed version.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::cli) struct CompletionsArgs {
    /// Shell
    shell: Shell,
}

pub(in crate::cli) fn run(args: &CompletionsArgs, terminal: &mut Terminal) -> Result<(), Failure> {
    let mut script = Vec::new();
    let written = match Shells::builtins().completer(&args.shell.to_string()) {
        Some(shell) => shell.write_registration(VARIABLE, "discfg", "discfg", "discfg", &mut script),
        None => return Err(Failure::usage(format!("no completion script for {}", args.shell))),
    };
    written.map_err(|error| Failure::internal("cannot generate the completion script", &error))?;
    terminal.write(&script)
}
