//! What each command prints on the embedded engine, a session each: results, formats, failures.

mod files;
mod prepared;
mod reading;
mod running;
mod setting_up;
mod terminal;
mod tokens;
mod writing;
