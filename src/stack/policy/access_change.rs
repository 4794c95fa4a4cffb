use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use super::containment::{beyond, gaps};
use super::invocation;
use super::resolve::Resource;
use super::statement_words::{difference, sentence};
use super::{PolicyDocument, Statement};
use crate::stack::template::resource_words;

/// A change of permissions by a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessChange {
    /// The direction of the change.
    pub effect: Effect,
    /// The logical id of the resource whose policy changes.
    pub logical_id: String,
    /// The name of that resource for people.
    pub words: String,
    /// The change, in words that follow the name of the resource.
    pub text: String,
}

/// The direction in which a deployment changes access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Something becomes allowed.
    Broadens,
    /// It can't be determined, and must be confirmed as a broadening is.
    Unclear,
    /// Something is no longer allowed.
    Narrows,
}

impl Effect {
    /// Whether access may become broader.
    pub fn may_broaden(self) -> bool {
        match self {
            Self::Broadens | Self::Unclear => true,
            Self::Narrows => false,
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Broadens => "broadens",
            Self::Unclear => "unclear",
            Self::Narrows => "narrows",
        })
    }
}

pub(in crate::stack) type Resources = BTreeMap<String, Resource>;

/// Compares what two sets of resources allow, in the template's order, with broadening first. What can't be compared
/// counts as broadening.
pub(in crate::stack) fn compare(before: &Resources, after: &Resources) -> Vec<AccessChange> {
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changes: Vec<AccessChange> = ids
        .into_iter()
        .flat_map(|id| {
            let mut found = Comparison {
                known: before,
                lines: Vec::new(),
            };
            found.compare(before.get(id), after.get(id));
            let kind = after
                .get(id)
                .or(before.get(id))
                .map_or("", |resource| resource.kind.as_str());
            let words = resource_words::describe(id, kind);
            found.lines.into_iter().map(move |(effect, text)| AccessChange {
                effect,
                logical_id: id.clone(),
                words: words.clone(),
                text,
            })
        })
        .collect();
    changes.sort_by_key(|change| {
        (
            change.effect,
            resource_words::template_position(&change.logical_id),
        )
    });
    changes
}

/// The properties that hold a policy document, by resource type; `/` separates the steps of a path.
fn documents(kind: &str) -> &'static [&'static str] {
    match kind {
        "AWS::IAM::Role" => &["AssumeRolePolicyDocument", "Policies"],
        "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy" => &["PolicyDocument"],
        "AWS::KMS::Key" => &["KeyPolicy"],
        "AWS::DynamoDB::Table" => &["ResourcePolicy"],
        _ => &[],
    }
}

/// The properties that attach a policy to a principal, with the words for that.
fn ties(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "AWS::IAM::Role" => &[("ManagedPolicyArns", "includes")],
        "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy" => &[
            ("Roles", "attached to the role"),
            ("Users", "attached to the user"),
            ("Groups", "attached to the group"),
        ],
        _ => &[],
    }
}

/// Whether a resource affects access in a way that isn't compared here.
fn is_opaque(kind: &str) -> bool {
    let compared = !documents(kind).is_empty();
    kind.starts_with("AWS::IAM::") && !compared
}

struct Comparison<'r> {
    /// The resources before the deployment.
    known: &'r Resources,
    lines: Vec<(Effect, String)>,
}

impl Comparison<'_> {
    fn add(&mut self, effect: Effect, text: impl Into<String>) {
        self.lines.push((effect, text.into()));
    }

    fn compare(&mut self, before: Option<&Resource>, after: Option<&Resource>) {
        let kinds = [before, after].map(|resource| resource.map_or("", |resource| resource.kind.as_str()));
        if kinds.iter().any(|kind| is_opaque(kind)) {
            match (before, after) {
                (Some(_), None) => self.add(Effect::Narrows, "is deleted, with its permissions"),
                (before, after) if before == after => {}
                // A provider that replaces another leaves that one in the account.
                (_, Some(made)) if made.kind == "AWS::IAM::OIDCProvider" => {
                    self.add(Effect::Broadens, "roles of this account can trust its tokens");
                }
                _ => self.add(Effect::Unclear, "cannot determine what it allows"),
            }
            return;
        }
        let all = |of: fn(&str) -> &'static [&'static str]| {
            kinds
                .iter()
                .flat_map(|kind| of(kind))
                .copied()
                .collect::<BTreeSet<_>>()
        };
        for property in all(documents) {
            self.compare_documents(property, before, after);
        }
        self.compare_invocations(before, after);
        let tied: BTreeSet<_> = kinds.iter().flat_map(|kind| ties(kind)).collect();
        for (property, says) in tied {
            self.compare_ties(property, says, before, after);
        }
        if kinds.contains(&"AWS::IAM::Role") {
            self.compare_boundaries(before, after);
        }
    }

    fn compare_documents(&mut self, property: &str, before: Option<&Resource>, after: Option<&Resource>) {
        let after = match statements(property, after) {
            Ok(after) => after,
            // An unreadable document that doesn't change is no change.
            Err(_) if is_same(property, before, after) => return,
            Err(problem) => {
                return self.add(
                    Effect::Unclear,
                    format!("cannot evaluate its {property}: {problem}"),
                );
            }
        };
        match statements(property, before) {
            Ok(before) => self.compare_statements(&before, &after),
            Err(problem) => {
                self.add(
                    Effect::Unclear,
                    format!("cannot evaluate its previous {property}: {problem}"),
                );
                self.compare_statements(&[], &after);
            }
        }
    }

    fn compare_invocations(&mut self, before: Option<&Resource>, after: Option<&Resource>) {
        let [was, is] = [before, after].map(|resource| {
            let statement = resource.and_then(invocation::statement);
            statement.transpose().map(Option::flatten)
        });
        match (was, is) {
            (_, Err(_)) if before == after => {}
            (_, Err(problem)) => self.add(
                Effect::Unclear,
                format!("cannot determine who can invoke it: {problem}"),
            ),
            (was, Ok(is)) => {
                let was = was.unwrap_or_default();
                self.compare_statements(was.as_slice(), is.as_slice());
            }
        }
    }

    fn compare_statements(&mut self, before: &[Statement], after: &[Statement]) {
        for (one, other, added) in [(after, before, true), (before, after, false)] {
            for statement in beyond(one, other) {
                // Denying less allows more.
                let more = statement.allows == added;
                let effect = if more { Effect::Broadens } else { Effect::Narrows };
                let twin = other.iter().find(|other| is_twin(statement, other));
                let found = twin.map(|twin| gaps(statement, twin)).unwrap_or_default();
                let denied = if statement.allows { "" } else { "denied: " };
                for gap in &found {
                    self.add(effect, format!("{denied}{}", difference(gap, added)));
                }
                if found.is_empty() {
                    let gone = if added { "" } else { "removed: " };
                    self.add(effect, format!("{gone}{}", sentence(statement)));
                }
            }
        }
    }

    fn compare_ties(
        &mut self,
        property: &str,
        says: &str,
        before: Option<&Resource>,
        after: Option<&Resource>,
    ) {
        if is_same(property, before, after) {
            return;
        }
        match (texts(property, before), texts(property, after)) {
            (Ok(had), Ok(has)) => {
                let known = self.known;
                for added in has.difference(&had).filter(|name| !is_new(name, known)) {
                    self.add(Effect::Broadens, format!("now {says} {}", readable(added)));
                }
                for gone in had.difference(&has) {
                    self.add(Effect::Narrows, format!("no longer {says} {}", readable(gone)));
                }
            }
            _ => self.add(Effect::Unclear, format!("cannot evaluate its {property}")),
        }
    }

    fn compare_boundaries(&mut self, before: Option<&Resource>, after: Option<&Resource>) {
        const PROPERTY: &str = "PermissionsBoundary";
        // Only a role that exists before and after can change its boundary.
        let (Some(before), Some(after)) = (before, after) else {
            return;
        };
        if is_same(PROPERTY, Some(before), Some(after)) {
            return;
        }
        let [was, is] = [before, after].map(|role| {
            let boundary = texts(PROPERTY, Some(role)).ok();
            boundary.map(|names| names.into_iter().next())
        });
        match (was, is) {
            (Some(Some(was)), Some(None)) => {
                self.add(
                    Effect::Broadens,
                    format!("no longer limited by the permissions boundary {was}"),
                );
            }
            (Some(None), Some(Some(is))) => self.add(
                Effect::Narrows,
                format!("now limited by the permissions boundary {is}"),
            ),
            (Some(Some(was)), Some(Some(is))) => {
                self.add(
                    Effect::Unclear,
                    format!("now limited by the permissions boundary {is} instead of {was}"),
                );
            }
            _ => self.add(Effect::Unclear, "cannot evaluate its permissions boundary"),
        }
    }
}

/// Whether one statement replaces the other. The Sids of OIDC statements only number them.
fn is_twin(statement: &Statement, other: &Statement) -> bool {
    let issuers = |of: &Statement| of.principals.get("Federated").cloned();
    statement.sid.is_some()
        && other.sid == statement.sid
        && other.allows == statement.allows
        && issuers(other) == issuers(statement)
}

/// The logical id of a placeholder.
fn placeholder(name: &str) -> Option<&str> {
    let path = name.strip_prefix("${")?.strip_suffix('}')?;
    path.split('.').next()
}

/// Whether this refers to a resource that is created now, whose own lines show what it allows.
fn is_new(name: &str, known: &Resources) -> bool {
    placeholder(name).is_some_and(|id| !known.contains_key(id))
}

fn readable(name: &str) -> String {
    placeholder(name).map_or_else(|| name.to_owned(), |id| resource_words::describe(id, id))
}

fn is_same(property: &str, before: Option<&Resource>, after: Option<&Resource>) -> bool {
    let of = |resource: Option<&Resource>| {
        resource.and_then(|resource| resource.properties.get(property).cloned())
    };
    match (of(before), of(after)) {
        (Some(Ok(before)), Some(Ok(after))) => before == after,
        (None, None) => true,
        _ => false,
    }
}

/// The statements of a property that holds a policy document, or a list of named ones.
fn statements(property: &str, resource: Option<&Resource>) -> Result<Vec<Statement>, String> {
    let value = match resource.and_then(|resource| resource.properties.get(property)) {
        None => return Ok(Vec::new()),
        Some(Err(unclear)) => return Err(unclear.to_string()),
        Some(Ok(value)) => value,
    };
    // With an OIDC issuer beyond GitHub the trust is a text.
    let parsed: Value;
    let value = match value {
        Value::String(text) => {
            parsed = serde_json::from_str(text).map_err(|error| format!("it is no JSON ({error})"))?;
            &parsed
        }
        value => value,
    };
    let documents: Vec<&Value> = match value {
        Value::Array(named) => named.iter().map(|named| &named["PolicyDocument"]).collect(),
        Value::Object(object) => vec![object.get("PolicyDocument").unwrap_or(value)],
        _ => vec![value],
    };
    let mut statements = Vec::new();
    for document in documents {
        let document = PolicyDocument::from_json(document).map_err(|error| error.to_string())?;
        statements.extend(document.statements);
    }
    Ok(statements)
}

/// The texts of a property that is one or a list of them.
fn texts(property: &str, resource: Option<&Resource>) -> Result<BTreeSet<String>, String> {
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| property.to_owned())
    };
    match resource.and_then(|resource| resource.properties.get(property)) {
        None => Ok(BTreeSet::new()),
        Some(Err(unclear)) => Err(unclear.to_string()),
        Some(Ok(Value::Array(items))) => items.iter().map(text).collect(),
        Some(Ok(value)) => Ok(BTreeSet::from([text(value)?])),
    }
}

#[cfg(test)]
mod tests;
