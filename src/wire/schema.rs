//! How the shapes are described where what serde says of them isn't all.

use serde_json::json;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::commit::{ChangeSpec, GuardSpec};
use super::node::{AnyNode, EntryNode};

/// A key: segments of letters, digits, `.`, `_`, `:` and `-`, none of them `.` or `..`, at most 16.
const KEY: &str = "^/?(SEGMENT)(/(SEGMENT)){0,15}$";
const SECTION: &str = "^(@root|/?(SEGMENT))$";
const SEGMENT: &str = r"[A-Za-z0-9_:-][A-Za-z0-9._:-]*|\.[A-Za-z0-9_:-][A-Za-z0-9._:-]*|\.\.[A-Za-z0-9._:-]+";
/// Base64 with its padding, the last character of which holds no bits to spare.
const BASE64: &str = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";
const MAX_TTL_SECONDS: u64 = 315_360_000;

fn of_type(of_type: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(of_type))
}

fn matching(pattern: &str) -> ObjectBuilder {
    of_type(Type::String).pattern(Some(pattern.replace("SEGMENT", SEGMENT)))
}

/// A key as text.
pub(super) fn key() -> ObjectBuilder {
    matching(KEY)
}

/// Bytes as text.
pub(super) fn base64() -> ObjectBuilder {
    matching(BASE64)
}

fn one_of(words: &[&str]) -> ObjectBuilder {
    of_type(Type::String).enum_values(Some(words.iter().map(|word| json!(word))))
}

fn any() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue)
}

fn revision() -> ObjectBuilder {
    of_type(Type::Integer)
        .format(Some(SchemaFormat::Custom("uint64".into())))
        .minimum(Some(0_u64))
        .maximum(Some(u64::MAX))
}

/// An object of exactly these properties, all of which must be there.
fn exactly(properties: impl IntoIterator<Item = (&'static str, ObjectBuilder)>) -> ObjectBuilder {
    let empty = of_type(Type::Object).additional_properties(Some(AdditionalProperties::FreeForm(false)));
    properties.into_iter().fold(empty, |object, (name, schema)| {
        object.property(name, schema.build()).required(name)
    })
}

/// A value, and the kind that says how it is written, if it says it.
fn values() -> [Vec<(&'static str, ObjectBuilder)>; 4] {
    let text = of_type(Type::String);
    [
        vec![("value", any())],
        vec![("value", any()), ("kind", one_of(&["json"]))],
        vec![("value", text), ("kind", one_of(&["text"]))],
        vec![("value", base64()), ("kind", one_of(&["bytes"]))],
    ]
}

impl PartialSchema for GuardSpec {
    fn schema() -> RefOr<Schema> {
        let guard = |words: &[&str]| ("guard", one_of(words));
        let key = || ("key", key());
        let there = exactly([guard(&["absent", "present"]), key()]);
        let at = exactly([guard(&["revision"]), key(), ("revision", revision())]);
        let section = exactly([
            guard(&["section"]),
            ("section", matching(SECTION)),
            ("revision", revision()),
        ]);
        let all = OneOfBuilder::new()
            .description(Some("A condition that must hold."))
            .item(there.description(Some("The key does not exist, or exists.")))
            .item(at.description(Some("The key was last changed at that revision of its section.")))
            .item(section.description(Some("The section is at that revision.")));
        let values = values().into_iter().map(|value| {
            exactly([guard(&["value"]), key()].into_iter().chain(value))
                .description(Some("The key has this value. Not allowed for a secret."))
        });
        values.fold(all, OneOfBuilder::item).into()
    }
}

impl ToSchema for GuardSpec {}

impl PartialSchema for ChangeSpec {
    fn schema() -> RefOr<Schema> {
        let key = || ("key", key());
        let secret = || {
            of_type(Type::Boolean).description(Some(
                "Whether the value is a secret. By default, this does not change.",
            ))
        };
        let set = |value: Vec<_>| {
            let set = exactly([("op", one_of(&["set"])), key()].into_iter().chain(value));
            set.property("secret", secret().build())
        };
        let ttl = of_type(Type::Integer)
            .minimum(Some(1_u64))
            .maximum(Some(MAX_TTL_SECONDS))
            .description(Some("The time to live in seconds."))
            .build();
        let keep = |keep: bool| of_type(Type::Boolean).enum_values(Some([json!(keep)])).build();
        let lives = values().into_iter().map(|value| {
            let lives = set(value)
                .property("ttl", ttl.clone())
                .property("keepTtl", keep(false));
            lives.description(Some("Write the key."))
        });
        let expires = of_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .build();
        let ends = values().into_iter().map(|value| {
            let ends = set(value)
                .property("ttl", ttl.clone())
                .property("expires", expires.clone())
                .property("keepTtl", keep(false))
                .required("ttl")
                .required("expires");
            ends.description(Some(
                "Write the key, which expires at that time, or after its time to live if that is sooner.",
            ))
        });
        let keeps = values().into_iter().map(|value| {
            let keeps = set(value).property("keepTtl", keep(true)).required("keepTtl");
            keeps.description(Some("Write the key and keep its time to live."))
        });
        let delete = exactly([("op", one_of(&["delete"])), key()]);
        // They exclude each other, but linters don't see it of those that a property's value tells apart.
        let all = AnyOfBuilder::new()
            .description(Some(
                "A change of one key. Without `kind`, a string is text and any other JSON is `json`; with `bytes`, the string \
                 is base64.",
            ))
            .item(delete.description(Some("Delete the key.")));
        lives
            .chain(ends)
            .chain(keeps)
            .fold(all, AnyOfBuilder::item)
            .into()
    }
}

impl ToSchema for ChangeSpec {}

/// The same schema, of whose properties none must be there.
pub(super) fn loose(schema: RefOr<Schema>, description: &str) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            object.required.clear();
            object.description = Some(description.into());
            RefOr::T(Schema::Object(object))
        }
        other => other,
    }
}

impl PartialSchema for AnyNode {
    fn schema() -> RefOr<Schema> {
        let description = "An entry, `{}` if there is none, or only key and revision if it was deleted.";
        loose(EntryNode::schema(), description)
    }
}

impl ToSchema for AnyNode {
    fn name() -> std::borrow::Cow<'static, str> {
        "Node".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        <EntryNode as ToSchema>::schemas(schemas);
    }
}
