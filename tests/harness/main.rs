//! What the tests stand on, tested itself.

mod cli;
mod counts;
mod emulator;
mod proxy;
