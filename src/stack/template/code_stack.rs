//! The stack of the bucket for code: one in an account and region, for the functions of all configs there.

use super::blueprint::{Blueprint, CODE_MARK, Owner};
use crate::model::Region;

/// The template of the stack, as `infra/code.yaml` has it, in ASCII as [`TEMPLATE`](crate::stack::TEMPLATE) is.
pub const CODE_TEMPLATE: &str = include_str!("../../../infra/code.yaml");

/// The parameters of the template. None of them is ever given.
pub const CODE_PARAMETERS: [&str; 1] = [CODE_MARK];

/// The outputs of the template, in its order.
pub const CODE_OUTPUTS: [&str; 2] = [CODE_MARK, "BucketName"];

/// What the resources of the template are in plain words, in its order.
pub const CODE_RESOURCES: [(&str, &str); 2] = [
    ("Bucket", "the bucket that holds the code of functions"),
    ("BucketPolicy", "what the bucket refuses"),
];

/// What the stack is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeStack {
    /// The ARN of the role that CloudFormation deploys with, instead of the caller.
    pub cfn_role: Option<String>,
}

impl From<&CodeStack> for Blueprint {
    fn from(wanted: &CodeStack) -> Self {
        Self {
            owner: Owner::Code,
            template: CODE_TEMPLATE,
            parameters: Vec::new(),
            tags: None,
            cfn_role: wanted.cfn_role.clone(),
        }
    }
}

/// The bucket's name.
pub(in crate::stack) fn bucket_name(account: &str, region: &Region) -> String {
    format!("discfg-code-{account}-{region}")
}
