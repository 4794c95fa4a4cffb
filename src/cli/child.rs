//! Programs that discfg runs and stays beside: none of them outlives it.

mod foreground;
mod group;
mod signals;
mod tie;

pub(super) use foreground::Foreground;
pub(super) use group::Group;
pub(super) use signals::ForwardedSignals;
pub(super) use tie::{become_program, cannot_run, program_start, tied};
