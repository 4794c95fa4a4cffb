use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use crate::cli::complete::VARIABLE;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;

/// Print a completion script for a shell
///
/// The script asks discfg what a word could become: commands and flags, and the keys, prefixes and configs that are
/// there, where they come within 300 ms. It belongs to this version of discfg, so let the shell read it anew whenever
/// it starts: `source <(discfg completions bash)` in ~/.bashrc, the same with zsh in ~/.zshrc, and `discfg completions
/// fish | source` in fish's config.
#[derive(Debug, Args)]
pub(in crate::cli) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(in crate::cli) fn run(args: &CompletionsArgs, terminal: &mut Terminal) -> Result<(), Failure> {
    let mut script = Vec::new();
    let written = match Shells::builtins().completer(&args.shell.to_string()) {
        Some(shell) => shell.write_registration(VARIABLE, "discfg", "discfg", "discfg", &mut script),
        None => return Err(Failure::usage(format!("no completion script for {}", args.shell))),
    };
    written.map_err(|error| Failure::internal("can't generate the completion script", &error))?;
    terminal.write(&script)
}
