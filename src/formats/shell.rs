//! Lines that a POSIX shell sources.

use super::text::utf8;
use super::variable_lines::{VariableLines, write_variables};
use super::{DataFormat, FormatError, Layout};
use crate::model::{Key, Value};

const FORMAT: DataFormat = DataFormat::Shell;
/// The variables that bash, zsh or dash keep for themselves: a value is lost, is taken for an expression, or does something,
/// such as `USERNAME`, by which zsh becomes another user (bash manual, "Shell Variables"; zshparam).
const OWN: &str = "_ ARGC ARGV0 BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_CMDS BASH_COMMAND BASH_LINENO \
    BASH_SOURCE BASH_SUBSHELL BASH_VERSINFO COLUMNS DIRSTACK EGID EPOCHREALTIME EPOCHSECONDS ERRNO EUID FUNCNAME FUNCNEST GID \
    GROUPS HISTCHARS HISTCMD HISTFILESIZE HISTSIZE KEYBOARD_HACK KEYTIMEOUT LINENO LINES LISTMAX MAILCHECK OLDPWD OPTARG \
    OPTERR OPTIND PIPESTATUS PPID PROMPT PROMPT2 PROMPT3 PROMPT4 PS3 PWD RANDOM RPROMPT RPROMPT2 RPS1 RPS2 SAVEHIST SECONDS \
    SHELLOPTS SHLVL SPROMPT SRANDOM TMOUT TRY_BLOCK_ERROR TRY_BLOCK_INTERRUPT TTYIDLE UID USERNAME WATCH ZSH_EVAL_CONTEXT \
    ZSH_SUBSHELL";

pub(super) fn write(items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    write_variables(FORMAT, OWN, items, layout, |name, text, _, out| {
        out.push_str("export ");
        out.push_str(name.as_str());
        out.push_str("='");
        // Nothing is special between single quotes, and so nothing can be escaped there.
        out.push_str(&text.replace('\'', "'\\''"));
        out.push_str("'\n");
        Ok(())
    })
}

/// Reads what [`write`] writes, also without `export`: a shell's own grammar is for a shell to read.
pub(super) fn read(bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    let mut variables = VariableLines::new(FORMAT, utf8(FORMAT, bytes)?);
    while !variables.is_done() {
        if variables.skip_silence() {
            continue;
        }
        variables.skip_blanks();
        if variables.rest().starts_with("export ") {
            variables.skip("export ".len());
            variables.skip_blanks();
        }
        let (name, at) = variables.name()?;
        variables.expect("=", "expected `=` right after the name")?;
        let mut value = String::new();
        loop {
            if variables.rest().starts_with("\\'") {
                variables.skip(2);
                value.push('\'');
            } else if let Some(rest) = variables.rest().strip_prefix('\'') {
                let Some(end) = rest.find('\'') else {
                    return Err(variables.fault("unclosed quote"));
                };
                value.push_str(&rest[..end]);
                variables.skip(1 + end + 1);
            } else {
                break;
            }
        }
        if !variables.line().is_empty() {
            return Err(variables.fault("expected a value in single quotes, such as 'it'\\''s'"));
        }
        variables.skip_line();
        variables.add(layout, name, value, at)?;
    }
    Ok(variables.into_items())
}
