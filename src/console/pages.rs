//! One file a page.

pub(super) mod access;
pub(super) mod compare;
pub(super) mod configs;
pub(super) mod delete;
pub(super) mod edit;
pub(super) mod find;
pub(super) mod grid;
pub(super) mod key;
pub(super) mod keys;
pub(super) mod live;
pub(super) mod rollback;
pub(super) mod sign_in;
pub(super) mod timeline;
