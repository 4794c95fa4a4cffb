use std::fmt;

use clap::ValueEnum;
use rustix::process::Signal;

/// A signal that programs take for a request to read their settings again.
#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(super) enum ReloadSignal {
    #[value(alias = "SIGHUP")]
    Hup,
    #[value(alias = "SIGINT")]
    Int,
    #[value(alias = "SIGQUIT")]
    Quit,
    #[value(alias = "SIGTERM")]
    Term,
    #[value(alias = "SIGUSR1")]
    Usr1,
    #[value(alias = "SIGUSR2")]
    Usr2,
    #[value(alias = "SIGWINCH")]
    Winch,
}

impl From<ReloadSignal> for Signal {
    fn from(signal: ReloadSignal) -> Self {
        match signal {
            ReloadSignal::Hup => Self::HUP,
            ReloadSignal::Int => Self::INT,
            ReloadSignal::Quit => Self::QUIT,
            ReloadSignal::Term => Self::TERM,
            ReloadSignal::Usr1 => Self::USR1,
            ReloadSignal::Usr2 => Self::USR2,
            ReloadSignal::Winch => Self::WINCH,
        }
    }
}

impl fmt::Display for ReloadSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}
