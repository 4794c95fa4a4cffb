//! What people read, kept as it is: help, what commands print, what the API answers. A change of a text is a change of a
//! file in `tests/snapshots`, where it is to be read once more from end to end.

mod help;
mod http;
mod output;
mod phrases;
