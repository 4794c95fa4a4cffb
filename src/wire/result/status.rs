use std::collections::BTreeMap;

use serde::Serialize;

use super::price::PriceShape;

#[derive(Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) action: &'static str,
    pub(crate) config: String,
    pub(crate) engine: &'static str,
    pub(crate) region: String,
    pub(crate) stack: Option<StackShape>,
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) roles: Vec<RoleShape>,
    pub(crate) grants: Option<Vec<GrantStatusShape>>,
    pub(crate) table: Option<TableShape>,
    /// The code of the API's function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<CodeShape>,
    #[serde(rename = "lastFailure")]
    pub(crate) last_failure: Option<FailureShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drift: Option<Vec<DriftShape>>,
    pub(crate) price: Option<PriceShape>,
    #[serde(skip)]
    pub(crate) price_words: Option<String>,
    /// What could not be seen, and why.
    pub(crate) unknown: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct StackShape {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) created: String,
    pub(crate) since: String,
    #[serde(rename = "terminationProtection")]
    pub(crate) protected: bool,
    /// Whether it is only the table so far, left by an earlier stack.
    pub(crate) adopting: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct RoleShape {
    pub(crate) purpose: String,
    pub(crate) name: String,
    /// Nothing where the role isn't there.
    pub(crate) arn: Option<String>,
    #[serde(rename = "lastUsed")]
    pub(crate) last_used: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct GrantStatusShape {
    pub(crate) name: String,
    /// `read` or `write`; nothing where the stack doesn't say, as one that is being reviewed.
    pub(crate) access: Option<String>,
    pub(crate) sections: Vec<String>,
    pub(crate) principals: Vec<String>,
    pub(crate) github: Vec<String>,
    pub(crate) oidc: Vec<String>,
    pub(crate) stack: String,
    pub(crate) status: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct TableShape {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) status: String,
    pub(crate) items: u64,
    pub(crate) bytes: u64,
    pub(crate) billing: String,
    #[serde(rename = "pointInTimeRecovery")]
    pub(crate) recovery: Option<bool>,
    #[serde(rename = "timeToLive")]
    pub(crate) time_to_live: Option<String>,
    #[serde(rename = "deletionProtection")]
    pub(crate) protected: bool,
    pub(crate) key: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CodeShape {
    /// What the function runs, in Base64.
    pub(crate) sha256: String,
    /// What the stack says that it runs; nothing where the stack doesn't name its code by its SHA-256.
    pub(crate) expected: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct FailureShape {
    pub(crate) at: String,
    pub(crate) work: String,
    pub(crate) operation: Option<String>,
    pub(crate) resource: String,
    pub(crate) what: String,
    pub(crate) reason: String,
    #[serde(rename = "isOver")]
    pub(crate) is_over: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct DriftShape {
    pub(crate) resource: String,
    pub(crate) what: String,
    pub(crate) gone: bool,
    pub(crate) differences: Vec<DifferenceShape>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DifferenceShape {
    pub(crate) property: String,
    pub(crate) expected: Option<String>,
    pub(crate) actual: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct LocalStatus {
    pub(crate) action: &'static str,
    pub(crate) config: String,
    pub(crate) engine: &'static str,
    pub(crate) stack: Option<()>,
    pub(crate) file: String,
    pub(crate) bytes: u64,
    pub(crate) state: String,
    /// The sections with their revisions.
    pub(crate) sections: BTreeMap<String, u64>,
}
