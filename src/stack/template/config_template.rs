//! The template of a config's stack, and the names that are in it.

/// The template of a config's stack, `infra/discfg.yaml`. It is ASCII, because a stack is compared with it and
/// `GetTemplate` doesn't return other characters.
pub const TEMPLATE: &str = include_str!("../../../infra/discfg.yaml");

/// The layout of the template's table, as its output [`Output::DiscfgLayout`] says.
pub const LAYOUT: &str = "1";

/// The actions on the table that the read role allows.
pub const READ_ACTIONS: [&str; 4] = [
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Query",
];

/// The further actions on the table that the write role allows.
pub const WRITE_ACTIONS: [&str; 4] = [
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
];

/// The actions on the KMS key that the read role allows, only through DynamoDB, to read the table.
pub const KEY_READ_ACTIONS: [&str; 1] = ["kms:Decrypt"];

/// The actions on the KMS key that the write role allows through DynamoDB.
pub const KEY_WRITE_ACTIONS: [&str; 4] = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
];

/// The direct actions on the KMS key that the read role allows, only in the config's encryption context.
pub const SECRET_READ_ACTIONS: [&str; 1] = ["kms:Decrypt"];

/// The direct actions on the KMS key that the write role allows.
pub const SECRET_WRITE_ACTIONS: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// The actions on the table that the API's function role allows: those of both roles.
pub const FUNCTION_ACTIONS: [&str; 8] = [
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
];

/// The HTTP methods that the read role allows on the API.
pub const READ_METHODS: [&str; 1] = ["GET"];

/// The HTTP methods that the write role allows on the API. Each has a route.
pub const WRITE_METHODS: [&str; 4] = ["DELETE", "GET", "POST", "PUT"];

/// A parameter of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is described by `words`, and in the template")]
pub enum Parameter {
    Config,
    Readers,
    Writers,
    GitHubSubjects,
    FirstOidc,
    SecondOidc,
    ThirdOidc,
    AccountIds,
    OrgId,
    ExternalId,
    PermissionsBoundary,
    BillingMode,
    ReadCapacity,
    WriteCapacity,
    HistoryDays,
    MakeKmsKey,
    KmsKeyArn,
    MakeApi,
    CodeBucket,
    CodeKey,
    CodeVersion,
    CodeArchitecture,
    ApiWaits,
    ApiRate,
    ApiBurst,
}

impl Parameter {
    /// The parameters of OIDC issuers other than GitHub, in the form of [`OidcTrust`](crate::model::OidcTrust).
    pub(in crate::stack) const OIDC: [Self; 3] = [Self::FirstOidc, Self::SecondOidc, Self::ThirdOidc];

    /// All of them, in the order of the template.
    pub const ALL: [Self; 25] = [
        Self::Config,
        Self::Readers,
        Self::Writers,
        Self::GitHubSubjects,
        Self::FirstOidc,
        Self::SecondOidc,
        Self::ThirdOidc,
        Self::AccountIds,
        Self::OrgId,
        Self::ExternalId,
        Self::PermissionsBoundary,
        Self::BillingMode,
        Self::ReadCapacity,
        Self::WriteCapacity,
        Self::HistoryDays,
        Self::MakeKmsKey,
        Self::KmsKeyArn,
        Self::MakeApi,
        Self::CodeBucket,
        Self::CodeKey,
        Self::CodeVersion,
        Self::CodeArchitecture,
        Self::ApiWaits,
        Self::ApiRate,
        Self::ApiBurst,
    ];

    /// The name in the template.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "Config",
            Self::Readers => "Readers",
            Self::Writers => "Writers",
            Self::GitHubSubjects => "GitHubSubjects",
            Self::FirstOidc => "FirstOidc",
            Self::SecondOidc => "SecondOidc",
            Self::ThirdOidc => "ThirdOidc",
            Self::AccountIds => "AccountIds",
            Self::OrgId => "OrgId",
            Self::ExternalId => "ExternalId",
            Self::PermissionsBoundary => "PermissionsBoundary",
            Self::BillingMode => "BillingMode",
            Self::ReadCapacity => "ReadCapacity",
            Self::WriteCapacity => "WriteCapacity",
            Self::HistoryDays => "HistoryDays",
            Self::MakeKmsKey => "MakeKmsKey",
            Self::KmsKeyArn => "KmsKeyArn",
            Self::MakeApi => "MakeApi",
            Self::CodeBucket => "CodeBucket",
            Self::CodeKey => "CodeKey",
            Self::CodeVersion => "CodeVersion",
            Self::CodeArchitecture => "CodeArchitecture",
            Self::ApiWaits => "ApiWaits",
            Self::ApiRate => "ApiRate",
            Self::ApiBurst => "ApiBurst",
        }
    }

    /// The template's default of a parameter that bounds access; none for the others.
    pub(crate) fn default(self) -> Option<&'static str> {
        match self {
            Self::Readers | Self::Writers => Some("arn:*:*:*:*:*"),
            Self::GitHubSubjects
            | Self::FirstOidc
            | Self::SecondOidc
            | Self::ThirdOidc
            | Self::AccountIds
            | Self::OrgId
            | Self::ExternalId
            | Self::PermissionsBoundary => Some(""),
            _ => None,
        }
    }

    /// Its name for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Readers => "readers",
            Self::Writers => "writers",
            Self::GitHubSubjects => "GitHub jobs that can read",
            Self::FirstOidc | Self::SecondOidc | Self::ThirdOidc => "OIDC subjects that can read",
            Self::AccountIds => "other trusted accounts",
            Self::OrgId => "organization required of other accounts",
            Self::ExternalId => "external ID required of other accounts",
            Self::PermissionsBoundary => "permissions boundary",
            Self::BillingMode => "billing",
            Self::ReadCapacity => "provisioned read units per second",
            Self::WriteCapacity => "provisioned write units per second",
            Self::HistoryDays => "days of history",
            Self::MakeKmsKey => "create a KMS key",
            Self::KmsKeyArn => "existing KMS key",
            Self::MakeApi => "HTTP API",
            Self::CodeBucket => "bucket of the function's code",
            Self::CodeKey => "object key of the function's code",
            Self::CodeVersion => "object version of the function's code",
            Self::CodeArchitecture => "architecture of the function",
            Self::ApiWaits => "reserved function executions (0 disables waiting requests)",
            Self::ApiRate => "API rate limit (requests per second)",
            Self::ApiBurst => "API burst limit (requests)",
        }
    }

    /// Whether the value is a comma-separated list in any order.
    pub(in crate::stack) fn is_list(self) -> bool {
        match self {
            Self::Readers | Self::Writers | Self::GitHubSubjects | Self::AccountIds => true,
            Self::Config
            | Self::FirstOidc
            | Self::SecondOidc
            | Self::ThirdOidc
            | Self::OrgId
            | Self::ExternalId
            | Self::PermissionsBoundary
            | Self::BillingMode
            | Self::ReadCapacity
            | Self::WriteCapacity
            | Self::HistoryDays
            | Self::MakeKmsKey
            | Self::KmsKeyArn
            | Self::MakeApi
            | Self::CodeBucket
            | Self::CodeKey
            | Self::CodeVersion
            | Self::CodeArchitecture
            | Self::ApiWaits
            | Self::ApiRate
            | Self::ApiBurst => false,
        }
    }
}

/// An output of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is described in the template")]
pub enum Output {
    DiscfgLayout,
    TableName,
    TableArn,
    ReadRoleArn,
    WriteRoleArn,
    ReadPolicyArn,
    WritePolicyArn,
    KmsKeyArn,
    ApiEndpoint,
    ApiId,
}

impl Output {
    /// All of them, in the order of the template.
    pub const ALL: [Self; 10] = [
        Self::DiscfgLayout,
        Self::TableName,
        Self::TableArn,
        Self::ReadRoleArn,
        Self::WriteRoleArn,
        Self::ReadPolicyArn,
        Self::WritePolicyArn,
        Self::KmsKeyArn,
        Self::ApiEndpoint,
        Self::ApiId,
    ];

    /// The name in the template.
    pub fn name(self) -> &'static str {
        match self {
            Self::DiscfgLayout => "DiscfgLayout",
            Self::TableName => "TableName",
            Self::TableArn => "TableArn",
            Self::ReadRoleArn => "ReadRoleArn",
            Self::WriteRoleArn => "WriteRoleArn",
            Self::ReadPolicyArn => "ReadPolicyArn",
            Self::WritePolicyArn => "WritePolicyArn",
            Self::KmsKeyArn => "KmsKeyArn",
            Self::ApiEndpoint => "ApiEndpoint",
            Self::ApiId => "ApiId",
        }
    }
}

/// The logical id of the HTTP API.
pub(in crate::stack) const API: &str = "Api";

/// The logical id of the table, which an update may never replace.
pub(in crate::stack) const TABLE: &str = "Table";

/// The resources of the template, each with its name for people.
pub const RESOURCES: [(&str, &str); 19] = [
    ("Key", "KMS key"),
    ("KeyAlias", "KMS key alias"),
    ("ReadPolicy", "read policy"),
    ("WritePolicy", "write policy"),
    ("ReadRole", "read role"),
    ("WriteRole", "write role"),
    ("FunctionLogs", "function log group"),
    ("ApiLogs", "API access log group"),
    ("FunctionRole", "function role"),
    ("Function", "function"),
    (API, "HTTP API"),
    ("Invocation", "function permission"),
    ("Integration", "API integration"),
    ("GetRoute", "GET route"),
    ("PutRoute", "PUT route"),
    ("PostRoute", "POST route"),
    ("DeleteRoute", "DELETE route"),
    ("Stage", "API stage"),
    (TABLE, "table"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_template() {
        let (_, parameters) = TEMPLATE.split_once("\nParameters:\n").expect("parameters");
        for parameter in Parameter::ALL {
            let Some(default) = parameter.default() else {
                continue;
            };
            let (_, declared) = parameters
                .split_once(&format!("\n  {}:\n", parameter.name()))
                .expect("a parameter");
            let (_, after) = declared.split_once("    Default: ").expect("a default");
            assert_eq!(
                after.lines().next(),
                Some(format!("{default:?}").as_str()),
                "{parameter:?}"
            );
        }
    }
}
