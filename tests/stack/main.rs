//! Provisioning against a scripted CloudFormation, and the templates by themselves.

mod scripted_cloudformation;
mod template;
mod template_api;
mod template_code;
mod template_grant;
