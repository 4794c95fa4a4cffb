use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::Signal;
use signal_hook::flag::register_conditional_shutdown;

use super::args::Command;

/// Lets signals end a command that is the first process of a container: the kernel gives that one no signal whose action is
/// the default one (`pid_namespaces(7)`), so that a `docker stop` would take until the kill.
///
/// Commands with actions of their own for them are left out.
pub(super) fn end_on_signals(command: &Command) {
    if std::process::id() != 1 {
        return;
    }
    let (ends_on_interrupt, ends_on_others) = match command {
        Command::Serve(_) | Command::Exec(_) | Command::Edit(_) => (false, false),
        #[cfg(feature = "console")]
        Command::Ui(_) => (false, false),
        Command::Watch(args) => (false, !args.runs_a_command()),
        // An interrupt of a deployment leaves it to CloudFormation, and says so.
        Command::Init(_) | Command::Grant(_) | Command::Revoke(_) | Command::Destroy(_) => (false, true),
        _ => (true, true),
    };
    for (signal, ends) in [
        (Signal::INT, ends_on_interrupt),
        (Signal::HUP, ends_on_others),
        (Signal::TERM, ends_on_others),
    ] {
        if ends {
            let number = signal.as_raw();
            // Without it the process is as it was before: it can be killed.
            let _ = register_conditional_shutdown(number, 128 + number, Arc::new(AtomicBool::new(true)));
        }
    }
}
