use aws_types::SdkConfig;

/// Clients of the services that a config's stack has to do with.
#[derive(Debug, Clone)]
pub struct Services {
    /// What deploys the stack.
    pub cfn: aws_sdk_cloudformation::Client,
    /// Where the table is.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Where the roles and policies are.
    pub iam: aws_sdk_iam::Client,
}

impl Services {
    /// Clients with these settings.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            cfn: aws_sdk_cloudformation::Client::new(sdk),
            dynamodb: aws_sdk_dynamodb::Client::new(sdk),
            iam: aws_sdk_iam::Client::new(sdk),
        }
    }
}
