//! The built binary on the emulator of AWS: provisioning, roles, and what they let in.
//!
//! schemathesis is here, where its minutes pass beside those of others, and by its name it begins among the first.

mod acceptance;
mod access;
mod api_schemathesis;
mod configs;
mod deployer;
mod destroy;
mod destroy_adopted;
mod destroy_endings;
mod doctor;
mod find;
mod gitops;
mod grant_denials;
mod granted;
mod grants;
mod grants_refused;
mod http_signed;
mod http_signed_refused;
mod identity;
mod import;
mod import_app_config;
mod init;
mod init_interrupted;
mod init_kms;
mod init_proof;
mod init_refused;
mod init_review;
mod oidc;
mod readme;
mod secret_access;
mod status;
