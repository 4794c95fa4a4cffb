use aws_types::SdkConfig;

/// Clients of the AWS services of a config's stack.
#[derive(Debug, Clone)]
pub struct Services {
    /// CloudFormation, for the stack.
    pub cfn: aws_sdk_cloudformation::Client,
    /// DynamoDB, for the table.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// IAM, for the roles and policies.
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
