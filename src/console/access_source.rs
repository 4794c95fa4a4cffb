use aws_sdk_cloudformation::Client as CloudFormation;
use aws_sdk_iam::Client as Iam;

/// Where the console finds out who can access a config.
pub(crate) enum AccessSource {
    /// CloudFormation and IAM, asked with the credentials of the person who started the console.
    Aws { cfn: CloudFormation, iam: Iam },
    /// The embedded engine has no access control.
    Local,
    /// Nowhere, for this reason.
    Unavailable(&'static str),
}
