//! Files that discfg trusts, by one rule.
//!
//! A file that discfg finds by itself is in a [`Folder`]: no symbolic link is followed to it, it and the folders above
//! belong to the user or to root, nobody else can write them, and a private one nobody else can read. A file that the
//! user named is read by [`read_named`]: links are followed, since container platforms mount files that way, and that
//! others can read a private one is a warning.
//!
//! Both open the file once, without waiting, judge what they opened and read a bounded number of bytes of it. Errors are
//! [`io::Error`]s; [`mend`] tells how to mend one. None repeats what a file holds.

mod fault;
mod folder;
#[cfg_attr(
    not(feature = "dynamodb"),
    expect(dead_code, reason = "the embedded engine alone reads its files as a database")
)]
mod read;
mod replace;
mod rule;

#[cfg(all(test, unix))]
mod tests;

#[cfg(any(feature = "cli", feature = "local"))]
pub(crate) use fault::is_out_of_space;
pub(crate) use fault::{FileFault, mend};
pub(crate) use folder::Folder;
#[cfg(feature = "cli")]
pub(crate) use read::append_named;
#[cfg(feature = "dynamodb")]
pub(crate) use read::check_named;
#[cfg(feature = "cli")]
pub(crate) use read::is_handed_over;
#[cfg(any(feature = "dynamodb", feature = "http"))]
pub(crate) use read::read_named;
#[cfg(feature = "http")]
pub(crate) use read::{open_named, read_opened};
pub(crate) use replace::{Durability, replace};
#[cfg(feature = "http")]
pub(crate) use replace::{create_empty, replace_named};
pub(crate) use rule::Privacy;
