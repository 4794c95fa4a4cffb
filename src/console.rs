//! The console: pages for browsers, rendered from what the operations return. Nothing is decided in the browser.

mod assets;
mod diff;
mod error;
mod fields;
mod layout;
mod pages;
mod site;
mod text;
mod value;
mod visit;

pub(crate) use self::site::{Console, ConsoleConfig};
