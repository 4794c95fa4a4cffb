//! The templates, what stacks are deployed from them, and what they cost.

pub(super) mod blueprint;
pub(super) mod code_stack;
pub(super) mod config_template;
pub(super) mod grant;
pub(super) mod price;
pub(super) mod resource_words;
pub(super) mod size;
pub(super) mod spec;
