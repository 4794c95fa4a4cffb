//! What users install, and the files for the services that build and run it.

mod action;
mod action_refused;
mod archive;
mod binstall;
mod install;
mod install_arguments;
mod install_refused;
mod install_undone;
mod lints;
mod releases;
mod runner;
mod workflows;
