//! Change sets: how they are planned, what they change, and how they are discarded.

pub(super) mod adoption;
pub(super) mod change;
mod change_set;
pub(super) mod code_stack;
pub(super) mod discard;
pub(super) mod leftover;
pub(super) mod plan;
pub(super) mod planning;
pub(super) mod review;
pub(super) mod validation;
