//! The built binary, run as a user would: what needs no AWS account.
//!
//! A test that needs the emulator is in a module whose name holds `on_dynamodb` or `on_aws`; the fast tier leaves it out.

mod ancestor;
mod apply;
mod aws_settings;
mod bad_input;
mod bad_surroundings;
mod complete;
mod control_characters;
mod edit;
mod edit_editor;
mod edit_prefix;
mod exec;
mod exec_endings;
mod exec_restart;
mod exec_terminal;
mod export;
mod export_hostile;
mod fields;
mod find;
#[cfg(target_os = "linux")]
mod first_process;
mod formats;
mod guards;
mod hostile_files;
mod hostile_items;
mod hostile_text;
mod http;
mod http_alike;
mod http_tokens;
mod import;
mod json_failures;
mod listing;
mod local;
mod local_file;
mod moves;
mod out_file;
mod past;
mod plain;
mod purge;
mod secret_moves;
mod secrets;
mod several_keys;
mod sides;
mod stdout;
mod tls_roots;
mod touch;
mod trust;
mod watch;
mod watch_resume;
#[cfg(target_os = "linux")]
mod wrong_clock_on_dynamodb;
mod wrong_guesses;
