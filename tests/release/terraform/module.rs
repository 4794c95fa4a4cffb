use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Block, Body};
use serde_json::{Value, json};

/// A module of Terraform, as it is written.
pub(super) struct Module {
    folder: PathBuf,
    files: BTreeMap<&'static str, Body>,
}

/// One of its variables.
pub(super) struct Variable {
    pub(super) kind: String,
    pub(super) default: Option<Value>,
    pub(super) conditions: Vec<String>,
}

impl Module {
    pub(super) fn read(folder: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = ["main", "outputs", "subjects", "variables", "versions"].map(|name| {
            let path = folder.join(format!("{name}.tf"));
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (name, parse(&text))
        });
        Self {
            folder,
            files: files.into(),
        }
    }

    pub(super) fn variables(&self) -> BTreeMap<String, Variable> {
        let blocks = self.files["variables"].get_blocks("variable");
        blocks
            .map(|block| (label(block, 0), Variable::of(block)))
            .collect()
    }

    /// The outputs, each with its value's source.
    pub(super) fn outputs(&self) -> BTreeMap<String, String> {
        let blocks = self.files["outputs"].get_blocks("output");
        let of = |block: &Block| {
            assert!(!source(block, "description").is_empty());
            (label(block, 0), source(block, "value"))
        };
        blocks.map(of).collect()
    }

    /// Its one resource.
    pub(super) fn resource(&self) -> &Block {
        let [block] = self.files["main"].blocks().collect::<Vec<_>>()[..] else {
            panic!("main.tf has more than a resource");
        };
        assert_eq!(
            (block.ident.as_str(), label(block, 0).as_str()),
            ("resource", "aws_cloudformation_stack")
        );
        block
    }

    /// The patterns among the local values, by name.
    pub(super) fn patterns(&self) -> BTreeMap<String, String> {
        let [locals] = self.files["subjects"].blocks().collect::<Vec<_>>()[..] else {
            panic!("subjects.tf has more than local values");
        };
        let texts = locals.body.attributes().filter_map(|attribute| {
            let text = attribute.value.as_str()?.to_owned();
            Some((attribute.key.as_str().to_owned(), text))
        });
        texts.collect()
    }

    /// What its resource requires before it is planned.
    pub(super) fn preconditions(&self) -> Vec<String> {
        let lifecycle = self.resource().body.get_blocks("lifecycle");
        let required = lifecycle.flat_map(|block| block.body.get_blocks("precondition"));
        required.map(|block| source(block, "condition")).collect()
    }

    /// The stack's parameters, each with its value's source.
    pub(super) fn parameters(&self) -> BTreeMap<String, String> {
        let attribute = self
            .resource()
            .body
            .get_attribute("parameters")
            .expect("parameters");
        let parameters = attribute.value.as_object().expect("an object").iter();
        let of = |(key, value): (&ObjectKey, &hcl_edit::expr::ObjectValue)| {
            let key = key.as_ident().expect("a name").as_str().to_owned();
            (key, value.expr().to_string().trim().to_owned())
        };
        parameters.map(of).collect()
    }

    /// What the template's path means from the module's folder.
    pub(super) fn template(&self) -> PathBuf {
        let given = source(self.resource(), "template_body");
        let path = given
            .strip_prefix("file(\"${path.module}/")
            .and_then(|path| path.strip_suffix("\")"));
        let path = path.unwrap_or_else(|| panic!("{given} does not exist in the module"));
        self.folder.join(path).canonicalize().expect("the template")
    }
}

impl Variable {
    fn of(block: &Block) -> Self {
        assert!(!source(block, "description").is_empty());
        let default = block
            .body
            .get_attribute("default")
            .map(|attribute| json_of(&attribute.value));
        let conditions = block.body.get_blocks("validation").map(|validation| {
            assert!(!source(validation, "error_message").is_empty());
            source(validation, "condition")
        });
        Self {
            kind: source(block, "type"),
            conditions: conditions.collect(),
            default,
        }
    }
}

pub(super) fn parse(text: &str) -> Body {
    hcl_edit::parser::parse_body(text).unwrap_or_else(|error| panic!("{error}"))
}

/// An attribute as it is written.
pub(super) fn source(block: &Block, name: &str) -> String {
    let attribute = block.body.get_attribute(name);
    let attribute = attribute.unwrap_or_else(|| panic!("{} has no {name}", block.ident.as_str()));
    attribute.value.to_string().trim().to_owned()
}

pub(super) fn label(block: &Block, position: usize) -> String {
    block.labels[position].as_str().to_owned()
}

fn json_of(expression: &Expression) -> Value {
    match expression {
        Expression::Null(_) => Value::Null,
        Expression::Bool(value) => json!(value.value()),
        Expression::Number(value) => json!(value.value().as_u64().expect("a whole number")),
        Expression::String(text) => json!(text.value()),
        Expression::Array(items) => items.iter().map(json_of).collect(),
        Expression::Object(members) if members.is_empty() => json!({}),
        other => panic!("unexpected default {other:?}"),
    }
}
