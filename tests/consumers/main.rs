//! What discfg writes and answers, put to programs that consume it: shells, Python, schemathesis.

mod formats;
mod schemathesis;
