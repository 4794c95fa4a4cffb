use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::price::PriceShape;

#[derive(Debug, Serialize)]
pub(super) struct Status {
    pub(super) action: &'static str,
    pub(super) config: String,
    pub(super) engine: &'static str,
    pub(super) region: String,
    pub(super) stack: Option<StackShape>,
    pub(super) outputs: BTreeMap<String, String>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) roles: Vec<RoleShape>,
    pub(super) grants: Option<Vec<GrantStatusShape>>,
    pub(super) table: Option<TableShape>,
    /// The code of the API's function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<CodeShape>,
    #[serde(rename = "lastFailure")]
    pub(super) last_failure: Option<FailureShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) drift: Option<Vec<DriftShape>>,
    pub(super) price: Option<PriceShape>,
    #[serde(skip)]
    pub(super) price_words: Option<String>,
    /// What could not be seen, and why.
    pub(super) unknown: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct StackShape {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) created: String,
    pub(super) since: String,
    #[serde(rename = "terminationProtection")]
    pub(super) protected: bool,
    /// Whether it is only the table so far, left by an earlier stack.
    pub(super) adopting: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct RoleShape {
    pub(super) purpose: String,
    pub(super) name: String,
    /// Nothing where the role isn't there.
    pub(super) arn: Option<String>,
    #[serde(rename = "lastUsed")]
    pub(super) last_used: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct GrantStatusShape {
    pub(super) name: String,
    /// `read` or `write`; nothing where the stack doesn't say, as one that is being reviewed.
    pub(super) access: Option<String>,
    pub(super) sections: Vec<String>,
    pub(super) principals: Vec<String>,
    pub(super) github: Vec<String>,
    pub(super) oidc: Vec<String>,
    pub(super) stack: String,
    pub(super) status: String,
}

#[derive(Debug, Serialize)]
pub(super) struct TableShape {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) status: String,
    pub(super) items: u64,
    pub(super) bytes: u64,
    pub(super) billing: String,
    #[serde(rename = "pointInTimeRecovery")]
    pub(super) recovery: Option<bool>,
    #[serde(rename = "timeToLive")]
    pub(super) time_to_live: Option<String>,
    #[serde(rename = "deletionProtection")]
    pub(super) protected: bool,
    pub(super) key: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct CodeShape {
    /// What the function runs, in Base64.
    pub(super) sha256: String,
    /// What the stack says that it runs; nothing where the stack doesn't name its code by its SHA-256.
    pub(super) expected: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct FailureShape {
    pub(super) at: String,
    pub(super) work: String,
    pub(super) operation: Option<String>,
    pub(super) resource: String,
    pub(super) what: String,
    pub(super) reason: String,
    #[serde(rename = "isOver")]
    pub(super) is_over: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct DriftShape {
    pub(super) resource: String,
    pub(super) what: String,
    pub(super) gone: bool,
    pub(super) differences: Vec<DifferenceShape>,
}

#[derive(Debug, Serialize)]
pub(super) struct DifferenceShape {
    pub(super) property: String,
    pub(super) expected: Option<String>,
    pub(super) actual: Option<String>,
}
