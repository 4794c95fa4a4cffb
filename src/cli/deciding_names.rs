//! Names of variables that decide what runs. Whoever may write a key doesn't thereby decide that.

use std::fmt::Display;

use super::failure::Failure;
use crate::formats::EnvName;
use crate::model::ErrorKind;

/// Names by which a loader, a shell, an interpreter or a tool that runs others is made to run something else than what
/// was called.
const NAMES: &[&str] = &[
    "PATH",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    // Shells.
    "BASH_ENV",
    "BASHOPTS",
    "ENV",
    "IFS",
    "PROMPT_COMMAND",
    "PS4",
    "SHELLOPTS",
    "ZDOTDIR",
    // Interpreters.
    "CLASSPATH",
    "DOTNET_STARTUP_HOOKS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "LUA_INIT",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PERL5DB",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PYTHONBREAKPOINT",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "RUBYLIB",
    "RUBYOPT",
    // Tools that run what a variable names.
    "EDITOR",
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_PROXY_COMMAND",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_TEMPLATE_DIR",
    "LESSCLOSE",
    "LESSOPEN",
    "MAKEFLAGS",
    "MANPAGER",
    "PAGER",
    "RUSTC_WRAPPER",
    "SSH_ASKPASS",
    "VISUAL",
    // The runner of a GitHub job takes commands from what steps print, by which they set any variable.
    "ACTIONS_ALLOW_UNSECURE_COMMANDS",
];
const BEGINNINGS: &[&str] = &["LD_", "DYLD_", "GIT_CONFIG"];

/// Whether a variable of this name decides what runs.
pub(super) fn decides_what_runs(name: &EnvName) -> bool {
    let name = name.as_str();
    NAMES.contains(&name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// Fails where there are such variables, each of which came of a key.
pub(super) fn refuse(
    variables: impl IntoIterator<Item = (impl Display, impl Display)>,
    hint: &str,
) -> Result<(), Failure> {
    let named = variables
        .into_iter()
        .map(|(name, key)| format!("{name} (from key {key})"));
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        return Ok(());
    }
    let message = format!(
        "refusing variables that change what programs run: {}",
        named.join(", ")
    );
    Err(Failure::new(ErrorKind::Invalid, message).hint(hint))
}
