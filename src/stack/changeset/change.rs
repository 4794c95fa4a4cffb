use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_cloudformation::types::{
    self, ChangeAction, PolicyAction, Replacement, RequiresRecreation, ResourceAttribute,
};

use crate::stack::template::config_template::TABLE;
use crate::stack::template::resource_words;

/// A change of one resource by a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceChange {
    /// The resource's logical id in the template.
    pub logical_id: String,
    /// Its name for people.
    pub words: String,
    /// Its type, such as `AWS::IAM::Role`.
    pub resource_type: String,
    /// The action.
    pub action: Action,
    /// The properties that change, such as `AssumeRolePolicyDocument`; empty if it is created or deleted.
    pub properties: Vec<String>,
}

/// An action on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is created.
    Make,
    /// It is updated in place.
    Change,
    /// It is, or may be, replaced.
    Replace,
    /// It is deleted.
    Remove,
    /// It exists and is imported into the stack.
    Adopt,
    /// An action that this version doesn't know.
    Other,
}

impl Action {
    /// The verb for people, in the imperative.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Make => "create",
            Self::Change => "update",
            Self::Replace => "replace",
            Self::Remove => "delete",
            Self::Adopt => "import",
            Self::Other => "change",
        }
    }
}

/// The name of the action in JSON.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Make => "make",
            Self::Change => "change",
            Self::Replace => "replace",
            Self::Remove => "remove",
            Self::Adopt => "adopt",
            Self::Other => "touch",
        })
    }
}

impl ResourceChange {
    pub(in crate::stack) fn new(change: &types::ResourceChange) -> Self {
        let logical_id = change.logical_resource_id().unwrap_or_default().to_owned();
        let resource_type = change.resource_type().unwrap_or_default().to_owned();
        Self {
            words: resource_words::describe(&logical_id, &resource_type),
            action: action(change),
            properties: properties(change),
            logical_id,
            resource_type,
        }
    }

    /// Whether this would, or might, remove or replace the table.
    pub(in crate::stack) fn loses_table(&self, change: &types::ResourceChange) -> Option<TableLoss> {
        if self.logical_id != TABLE {
            return None;
        }
        match self.action {
            Action::Remove => Some(TableLoss::Removed),
            Action::Replace => Some(TableLoss::Replaced(culprit(change))),
            Action::Make | Action::Change | Action::Adopt | Action::Other => None,
        }
    }
}

/// How the stack would lose its table.
#[derive(Debug)]
pub(in crate::stack) enum TableLoss {
    Removed,
    /// With the property that requires it.
    Replaced(String),
}

/// The property that requires a replacement: preferably one that always does, else one that may.
fn culprit(change: &types::ResourceChange) -> String {
    let recreates = |wanted: RequiresRecreation| {
        change
            .details()
            .iter()
            .find(|detail| {
                detail
                    .target()
                    .is_some_and(|target| target.requires_recreation() == Some(&wanted))
            })
            .map(|detail| {
                let name = detail
                    .target()
                    .and_then(|target| target.name())
                    .unwrap_or("a property");
                match detail.causing_entity() {
                    Some(cause) => format!("{name} (caused by {cause})"),
                    None => name.to_owned(),
                }
            })
    };
    recreates(RequiresRecreation::Always)
        .or_else(|| recreates(RequiresRecreation::Conditionally))
        .unwrap_or_else(|| "a property that CloudFormation doesn't name".into())
}

fn action(change: &types::ResourceChange) -> Action {
    // A dynamic change may be of any kind.
    let replaced = matches!(
        change.replacement(),
        Some(Replacement::True | Replacement::Conditional)
    ) || matches!(
        change.policy_action(),
        Some(
            PolicyAction::ReplaceAndDelete
                | PolicyAction::ReplaceAndRetain
                | PolicyAction::ReplaceAndSnapshot
        )
    ) || (change.action() == Some(&ChangeAction::Dynamic) && change.replacement().is_none());
    match change.action() {
        Some(ChangeAction::Add) => Action::Make,
        Some(ChangeAction::Modify | ChangeAction::Dynamic) if replaced => Action::Replace,
        Some(ChangeAction::Modify | ChangeAction::Dynamic) => Action::Change,
        Some(ChangeAction::Remove) => Action::Remove,
        Some(ChangeAction::Import) => Action::Adopt,
        _ => Action::Other,
    }
}

fn properties(change: &types::ResourceChange) -> Vec<String> {
    let names: BTreeSet<String> = change
        .details()
        .iter()
        .filter_map(types::ResourceChangeDetail::target)
        .filter_map(|target| match target.attribute()? {
            ResourceAttribute::Properties => target.name().map(str::to_owned),
            attribute => Some(attribute.as_str().to_owned()),
        })
        .collect();
    names.into_iter().collect()
}
