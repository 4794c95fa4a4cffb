//! Whether output is colored, and the colors of what is shown.

use std::env;
use std::io::{self, IsTerminal as _};

use clap::ColorChoice;
use console::Style;

/// What the environment says of colors.
struct ColorVariables {
    no_color: bool,
    /// `CLICOLOR_FORCE`
    force: bool,
    /// `CLICOLOR=0`, or a terminal that has none.
    off: bool,
}

impl ColorVariables {
    fn read() -> Self {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_zero = |name| env::var_os(name).is_some_and(|value| value == "0");
        Self {
            no_color: is_set("NO_COLOR"),
            force: is_set("CLICOLOR_FORCE") && !is_zero("CLICOLOR_FORCE"),
            off: is_zero("CLICOLOR") || is_dumb(),
        }
    }

    /// The flag decides, else the variables as <https://no-color.org> and <https://bixense.com/clicolors> have them,
    /// else whether the stream is a terminal.
    fn allow(&self, choice: ColorChoice, is_terminal: bool) -> bool {
        match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.no_color => false,
            ColorChoice::Auto if self.force => true,
            ColorChoice::Auto => is_terminal && !self.off,
        }
    }
}

/// Whether the terminal only shows text, so that nothing can be colored or drawn again in place.
pub(super) fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Decides for both streams whether what is written there is colored.
pub(in crate::cli) fn set_colors(choice: ColorChoice) {
    let variables = ColorVariables::read();
    console::set_colors_enabled(variables.allow(choice, io::stdout().is_terminal()));
    console::set_colors_enabled_stderr(variables.allow(choice, io::stderr().is_terminal()));
}

/// How a piece of text is meant, which decides its color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Tone {
    /// As the rest.
    Plain,
    /// Added, or in order.
    Good,
    /// Changed, in progress, or worth a look.
    Notable,
    /// Removed, or failed.
    Bad,
    /// The titles of a table.
    Title,
}

impl Tone {
    fn style(self) -> Style {
        let style = Style::new();
        match self {
            Self::Plain => style,
            Self::Good => style.green(),
            Self::Notable => style.yellow(),
            Self::Bad => style.red(),
            Self::Title => style.bold(),
        }
    }

    /// Colors a piece of stdout.
    pub(in crate::cli) fn paint(self, text: &str) -> String {
        self.style().apply_to(text).to_string()
    }

    /// Colors a piece of stderr.
    pub(super) fn paint_stderr(self, text: &str) -> String {
        self.style().for_stderr().apply_to(text).to_string()
    }

    /// The tone of a stack's status, such as `UPDATE_COMPLETE`.
    pub(in crate::cli) fn of_stack_status(status: &str) -> Self {
        match status {
            failed if failed.contains("FAILED") || failed.contains("ROLLBACK") => Self::Bad,
            running if running.contains("IN_PROGRESS") => Self::Notable,
            complete if complete.ends_with("COMPLETE") => Self::Good,
            _ => Self::Plain,
        }
    }

    /// The tone of a change of that sign.
    pub(in crate::cli) fn of_sign(sign: char) -> Self {
        match sign {
            '+' => Self::Good,
            '-' => Self::Bad,
            '~' => Self::Notable,
            _ => Self::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_that_was_rolled_back_is_in_no_good_state() {
        let tones = [
            "CREATE_COMPLETE",
            "UPDATE_IN_PROGRESS",
            "ROLLBACK_COMPLETE",
            "DELETE_FAILED",
            "",
        ];
        let tones = tones.map(Tone::of_stack_status);
        assert_eq!(
            tones,
            [Tone::Good, Tone::Notable, Tone::Bad, Tone::Bad, Tone::Plain]
        );
    }

    #[test]
    fn the_flag_wins_then_no_color_then_force_then_the_terminal() {
        let variables = |no_color, force, off| ColorVariables { no_color, force, off };
        let auto = |variables: ColorVariables, is_terminal| variables.allow(ColorChoice::Auto, is_terminal);
        assert!(variables(true, false, true).allow(ColorChoice::Always, false));
        assert!(!variables(false, true, false).allow(ColorChoice::Never, true));
        assert!(!auto(variables(true, true, false), true));
        assert!(auto(variables(false, true, true), false));
        assert!(!auto(variables(false, false, true), true));
        assert!(auto(variables(false, false, false), true));
        assert!(!auto(variables(false, false, false), false));
    }
}
