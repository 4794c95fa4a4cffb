//! What the platform team reads, on the emulator: a session each command. See `tests/texts`.

mod access;
mod grants;
mod sessions;
