//! The stack of the code bucket: one per account and region, for the functions of all its configs.

use super::blueprint::{Blueprint, CODE_MARK, Owner};
use crate::model::Region;

/// The template of the stack, `infra/code.yaml`, in ASCII as [`TEMPLATE`](crate::stack::TEMPLATE) is.
pub const CODE_TEMPLATE: &str = include_str!("../../../infra/code.yaml");

/// The parameters of the template, which keep their defaults.
pub const CODE_PARAMETERS: [&str; 1] = [CODE_MARK];

/// The outputs of the template, in its order.
pub const CODE_OUTPUTS: [&str; 2] = [CODE_MARK, "BucketName"];

/// The resources of the template, in its order, each with its name for people.
pub const CODE_RESOURCES: [(&str, &str); 2] =
    [("Bucket", "code bucket"), ("BucketPolicy", "code bucket policy")];

/// The desired state of the stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeStack {
    /// The ARN of the role that CloudFormation assumes for the deployment.
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
