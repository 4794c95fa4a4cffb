//! What the documents let a deployer do, held against what AWS says that each resource type takes.
//!
//! The emulator lets CloudFormation do anything in the deployer's name; AWS asks the deployer's policies.

use std::collections::{BTreeMap, BTreeSet};

use discfg::stack::{CODE_TEMPLATE, GRANT_TEMPLATE, TEMPLATE};
use serde::Deserialize;
use serde_json::Value;

use support::markdown::blocks;

const DEPLOYER: &str = include_str!("../../docs/deployer.md");
const API: &str = include_str!("../../docs/api.md");
const HANDLERS: &str = include_str!("../policies/handlers.json");

/// The actions that CloudFormation's resource schemas name, and those that our templates do without.
#[derive(Deserialize)]
struct Schemas {
    /// By type and handler.
    handlers: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    not_needed: Vec<NotNeeded>,
}

#[derive(Deserialize)]
struct NotNeeded {
    r#type: String,
    actions: Vec<String>,
    why: String,
}

fn schemas() -> Schemas {
    serde_json::from_str(HANDLERS).expect("the schemas' permissions are as described")
}

/// The resource types that the templates have.
fn types() -> BTreeSet<String> {
    [TEMPLATE, GRANT_TEMPLATE, CODE_TEMPLATE]
        .into_iter()
        .flat_map(|template| {
            let resources = support::yaml::parsed(template)["Resources"].take();
            let resources = resources.as_object().expect("resources").clone();
            resources
                .into_iter()
                .map(|(_, resource)| resource["Type"].as_str().expect("a type").to_owned())
        })
        .collect()
}

/// The patterns of actions in the first policy of each document, in lower case: IAM takes both.
fn allowed() -> Vec<String> {
    let of_api = blocks(API, "What a deployer needs besides", "json");
    let of_deployer = blocks(DEPLOYER, "What a deployer needs", "json");
    let mut allowed = Vec::new();
    for block in [&of_deployer[0], &of_api[0]] {
        let policy: Value = serde_json::from_str(block).expect("a policy is JSON");
        for statement in policy["Statement"].as_array().expect("statements") {
            let actions = match &statement["Action"] {
                Value::Array(actions) => actions.clone(),
                one => vec![one.clone()],
            };
            allowed.extend(
                actions
                    .iter()
                    .map(|action| action.as_str().expect("an action").to_ascii_lowercase()),
            );
        }
    }
    allowed
}

/// Whether the pattern, in which `*` stands for any characters, is about the action.
fn covers(pattern: &str, action: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == action,
        Some((start, rest)) => action.strip_prefix(start).is_some_and(|left| {
            (0..=left.len()).any(|at| left.is_char_boundary(at) && covers(rest, &left[at..]))
        }),
    }
}

#[test]
fn the_policies_allow_what_each_resource_takes() {
    let Schemas { handlers, not_needed } = schemas();
    let allowed = allowed();
    let mut lacking = Vec::new();
    for name in types() {
        let handlers = handlers
            .get(&name)
            .unwrap_or_else(|| panic!("handlers.json knows nothing of {name}"));
        for (handler, actions) in handlers {
            for action in actions {
                let lower = action.to_ascii_lowercase();
                let excused = not_needed
                    .iter()
                    .any(|it| it.r#type == name && it.actions.contains(action));
                if !excused && !allowed.iter().any(|pattern| covers(pattern, &lower)) {
                    lacking.push(format!("{name} {handler}: {action}"));
                }
            }
        }
    }
    assert!(
        lacking.is_empty(),
        "neither allowed nor excused:\n{}",
        lacking.join("\n")
    );
}

/// A reason that no action bears any more hides the next one of that name.
#[test]
fn each_action_that_is_not_needed_is_named_by_its_type_and_not_allowed() {
    let Schemas { handlers, not_needed } = schemas();
    let allowed = allowed();
    for NotNeeded { r#type, actions, why } in not_needed {
        assert!(why.ends_with('.'), "{why}");
        let named: Vec<&String> = handlers[&r#type].values().flatten().collect();
        for action in actions {
            assert!(named.contains(&&action), "{type} does not name {action}");
            let lower = action.to_ascii_lowercase();
            assert!(
                !allowed.iter().any(|pattern| covers(pattern, &lower)),
                "{action} is allowed, so that it needs no reason"
            );
        }
    }
}
