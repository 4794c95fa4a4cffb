//! The template of a config's stack, and the names that are in it.

/// The template of a config's stack, as `infra/discfg.yaml` has it. It is ASCII, because `GetTemplate` doesn't
/// give other characters back, and a stack is compared with it.
pub const TEMPLATE: &str = include_str!("../../../infra/discfg.yaml");

/// The layout of the table that the template makes, as its output [`Output::DiscfgLayout`] says.
pub const LAYOUT: &str = "1";

/// What the read role may do on the table.
pub const READ_ACTIONS: [&str; 4] = [
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Query",
];

/// What the write role may do on the table besides.
pub const WRITE_ACTIONS: [&str; 4] = [
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
];

/// What the read role may do with the KMS key, by way of DynamoDB alone, so that the table can be read.
pub const KEY_READ_ACTIONS: [&str; 1] = ["kms:Decrypt"];

/// What the write role may do with the KMS key by way of DynamoDB.
pub const KEY_WRITE_ACTIONS: [&str; 4] = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
];

/// What the read role may do with the KMS key itself, in the config's encryption context alone.
pub const SECRET_READ_ACTIONS: [&str; 1] = ["kms:Decrypt"];

/// What the write role may do with the KMS key itself.
pub const SECRET_WRITE_ACTIONS: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// What the function behind the API may do on the table: all that both roles may.
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

/// The methods that the read role may call the API with.
pub const READ_METHODS: [&str; 1] = ["GET"];

/// The methods that the write role may call the API with, each of which has a route.
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
    /// What the OIDC issuers beyond GitHub are, in the form of [`OidcTrust`](crate::model::OidcTrust).
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

    /// What it is in plain words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Config => "the config",
            Self::Readers => "who may read",
            Self::Writers => "who may write",
            Self::GitHubSubjects => "GitHub jobs that may read",
            Self::FirstOidc | Self::SecondOidc | Self::ThirdOidc => "OIDC subjects that may read",
            Self::AccountIds => "other accounts that are trusted",
            Self::OrgId => "the organization that other accounts' callers must belong to",
            Self::ExternalId => "the external id that other accounts' callers must give",
            Self::PermissionsBoundary => "the permissions boundary of the roles",
            Self::BillingMode => "billing",
            Self::ReadCapacity => "read units a second, if provisioned",
            Self::WriteCapacity => "write units a second, if provisioned",
            Self::HistoryDays => "days of history",
            Self::MakeKmsKey => "a KMS key of its own",
            Self::KmsKeyArn => "the KMS key that was given",
            Self::MakeApi => "an HTTP API",
            Self::CodeBucket => "the bucket of the API's code",
            Self::CodeKey => "the API's code",
            Self::CodeVersion => "the version of the API's code",
            Self::CodeArchitecture => "the processor that the API's code is for",
            Self::ApiWaits => "executions reserved for the API, whose requests may wait then",
            Self::ApiRate => "requests a second to the API",
            Self::ApiBurst => "requests at once to the API",
        }
    }

    /// Whether the value is a list with commas between, in which order means nothing.
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

/// What the resources of the template are in plain words.
pub const RESOURCES: [(&str, &str); 19] = [
    ("Key", "the KMS key that encrypts the table and the secrets"),
    ("KeyAlias", "the name of the KMS key"),
    ("ReadPolicy", "what the read role may do"),
    ("WritePolicy", "what the write role may do"),
    ("ReadRole", "the role that reads"),
    ("WriteRole", "the role that writes"),
    ("FunctionLogs", "the log of the API's function"),
    ("ApiLogs", "the log of the API's requests"),
    ("FunctionRole", "the role of the API's function"),
    ("Function", "the function behind the API"),
    (API, "the HTTP API"),
    ("Invocation", "who may invoke the function"),
    ("Integration", "what ties the API to the function"),
    ("GetRoute", "the API's reads"),
    ("PutRoute", "the API's sets"),
    ("PostRoute", "the API's commits"),
    ("DeleteRoute", "the API's deletes"),
    ("Stage", "what the API lets through and logs"),
    (TABLE, "the table that holds the config"),
];
