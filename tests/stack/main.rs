//! Provisioning against a scripted CloudFormation, and the templates by themselves.
//!
//! A test that needs the emulator is in a module whose name holds `on_dynamodb` or `on_aws`; the fast tier leaves it out.

mod deployer_policy;
mod scripted_cloudformation;
mod template;
mod template_api;
mod template_code;
mod template_grant;
