//! What the tests stand on, tested itself.

mod cli;
mod emulator;
mod proxy;
