//! One file a command.

pub(super) mod access;
pub(super) mod apply;
pub(super) mod completions;
pub(super) mod copy;
pub(super) mod delete;
pub(super) mod diff;
pub(super) mod exec;
pub(super) mod export;
pub(super) mod get;
mod guards;
pub(super) mod history;
pub(super) mod import;
pub(super) mod info;
pub(super) mod init;
pub(super) mod ls;
pub(super) mod man;
pub(super) mod rollback;
pub(super) mod set;
pub(super) mod template;
pub(super) mod touch;
pub(super) mod r#use;
pub(super) mod version;
pub(super) mod watch;
pub(super) mod which;
