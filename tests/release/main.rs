//! What users install, and the files and recipes for the tools and services that build and run it.

mod action;
mod action_refused;
mod archive;
mod binstall;
mod install;
mod install_arguments;
mod install_at_once;
mod install_refused;
mod install_undone;
mod install_uninstall;
mod kubernetes;
mod links;
mod lints;
mod packaging;
mod releases;
mod runner;
mod terraform;
mod workflows;
