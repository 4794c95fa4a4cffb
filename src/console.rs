//! The console: pages for browsers, rendered from what the operations return. Nothing is decided in the browser.

mod access_source;
mod assets;
mod diff;
mod error;
mod fields;
mod layout;
mod page_version;
mod pages;
mod peer;
mod routes;
mod shell;
mod site;
mod text;
mod value;
mod visit;

pub(crate) use self::access_source::AccessSource;
pub(crate) use self::site::{Console, ConsoleConfig};
