use std::collections::BTreeMap;

use serde::Serialize;

use super::price::PriceShape;

/// A stack, as results show it.
#[derive(Serialize)]
pub(crate) struct DeployedStackShape {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
}

/// What has to be cleared away, as results show it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClearShape {
    /// What is done with the stack: `delete` or `rollback`.
    pub(crate) remedy: &'static str,
    /// The empty table that goes with it.
    pub(crate) deletes_table: Option<String>,
    /// The table that stays.
    pub(crate) keeps_table: Option<String>,
    /// What was in the way of its deletion.
    pub(crate) stuck: Vec<String>,
}

/// What is done to a resource, as results show it.
#[derive(Serialize)]
pub(crate) struct ChangeShape {
    pub(crate) resource: String,
    pub(crate) what: String,
    pub(crate) action: String,
    pub(crate) properties: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct ParameterShape {
    pub(crate) name: &'static str,
    pub(crate) before: Option<String>,
    pub(crate) after: String,
}

#[derive(Serialize)]
pub(crate) struct AccessShape {
    pub(crate) effect: String,
    pub(crate) resource: String,
    pub(crate) what: String,
    pub(crate) text: String,
}

/// What a deployment changes.
#[derive(Serialize)]
pub(crate) struct DeploymentShape {
    pub(crate) stack: DeployedStackShape,
    pub(crate) changes: Vec<ChangeShape>,
    pub(crate) parameters: Vec<ParameterShape>,
    pub(crate) access: Vec<AccessShape>,
    /// What has to be cleared away first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clears: Option<ClearShape>,
}

/// What `init` has done, or would do.
#[derive(Serialize)]
pub(crate) struct InitResult {
    pub(crate) action: &'static str,
    pub(crate) config: String,
    pub(crate) result: &'static str,
    #[serde(flatten)]
    pub(crate) deployment: DeploymentShape,
    pub(crate) outputs: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<PriceShape>,
    #[serde(rename = "durationMs")]
    pub(crate) duration_ms: u128,
}

#[derive(Serialize)]
pub(crate) struct LocalInitResult {
    pub(crate) action: &'static str,
    pub(crate) config: String,
    pub(crate) result: &'static str,
    pub(crate) file: String,
}

/// A grant, as results show it.
#[derive(Serialize)]
pub(crate) struct GrantShape {
    pub(crate) name: String,
    pub(crate) access: String,
    pub(crate) sections: Vec<String>,
    pub(crate) principals: Vec<String>,
    pub(crate) github: Vec<String>,
    pub(crate) oidc: Vec<String>,
    pub(crate) role: Option<String>,
    pub(crate) policy: Option<String>,
    /// The id of the HTTP API that the role may call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct GrantResult {
    pub(crate) action: &'static str,
    pub(crate) config: String,
    pub(crate) result: &'static str,
    /// Nothing where it was only looked at.
    pub(crate) grant: Option<GrantShape>,
    pub(crate) statements: Vec<AssumeStatement>,
    #[serde(flatten)]
    pub(crate) deployment: DeploymentShape,
    #[serde(rename = "durationMs")]
    pub(crate) duration_ms: u128,
}

/// What a principal's own policies must hold.
#[derive(Serialize)]
pub(crate) struct AssumeStatement {
    pub(crate) principal: String,
    pub(crate) statement: serde_json::Value,
}

#[derive(Serialize)]
pub(crate) struct GrantsResult {
    pub(crate) action: &'static str,
    pub(crate) config: String,
    pub(crate) grants: Vec<ListedGrant>,
}

#[derive(Serialize)]
pub(crate) struct ListedGrant {
    #[serde(flatten)]
    pub(crate) grant: GrantShape,
    pub(crate) status: String,
}

#[derive(Serialize)]
pub(crate) struct RevokeResult {
    pub(crate) action: &'static str,
    pub(crate) config: String,
    pub(crate) grant: String,
    pub(crate) result: &'static str,
    /// The stack that is gone, if there was one.
    pub(crate) stack: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DestroyResult {
    pub(crate) action: &'static str,
    pub(crate) config: String,
    /// `destroyed`, or `planned` with --dry-run.
    pub(crate) result: &'static str,
    /// The stack that was deleted, if there was one.
    pub(crate) stack: Option<String>,
    /// The grants that were deleted.
    pub(crate) grants: Vec<String>,
    /// The table, or the file, if there was one.
    pub(crate) data: Option<DestroyedData>,
    #[serde(rename = "durationMs")]
    pub(crate) duration_ms: u128,
}

#[derive(Debug, Serialize)]
pub(crate) struct DestroyedData {
    pub(crate) name: String,
    /// Whether it is there no more.
    pub(crate) deleted: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct ConfigsResult {
    pub(crate) action: &'static str,
    pub(crate) engine: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    pub(crate) configs: Vec<ConfigShape>,
    /// What could not be seen, and why.
    pub(crate) unknown: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ConfigShape {
    pub(crate) config: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stack: Option<String>,
    /// The stack's state; nothing where there is none, or where it isn't known.
    pub(crate) status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<String>,
    /// What else there is to know, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<u64>,
}
