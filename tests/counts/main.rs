//! What everyday commands cost, counted and held to `tests/counts.toml`.

mod asking;
mod dynamodb;
mod dynamodb_roles;
mod instructions;
mod syncs;
mod tool;
