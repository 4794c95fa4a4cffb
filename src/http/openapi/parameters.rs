use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{RefOr, Required, SchemaFormat};

use crate::http::request::wait_time;
use crate::model::Message;

/// A segment of a key as clients leave it that encode what a path may hold but needn't: without `:`.
const SEGMENT: &str = r"([A-Za-z0-9_-]|\.[A-Za-z0-9_-]|\.\.[A-Za-z0-9._-])[A-Za-z0-9._-]*";
const PREFIX_SEGMENT: &str = r"([A-Za-z0-9_:-]|\.[A-Za-z0-9_:-]|\.\.[A-Za-z0-9._:-])[A-Za-z0-9._:-]*";

/// `*`, or a list of entity tags (RFC 9110, 8.8.3), whose elements may be empty.
const TAGS: &str =
    r#"^(\*|(,[ \t]*)*(W/)?"[!#-~\u0080-\u00ff]*"([ \t]*,([ \t]*(W/)?"[!#-~\u0080-\u00ff]*")?)*)$"#;

/// A parameter in a path, by its name.
pub(super) fn in_path(name: &str) -> Option<Parameter> {
    let segment = format!("^{SEGMENT}$");
    let (pattern, description) = match name {
        "config" => (
            "^[a-z]([a-z0-9]|-[a-z0-9])*$".to_owned(),
            "The config: at most 36 characters.",
        ),
        "section" => (segment, "The section: the first segment of the keys in it."),
        "key" => (segment, "A key of the root section: one segment."),
        "rest" => (segment, "The key's segments after the section, one or more."),
        "below" => (segment, "The prefix's segments after the section, one or more."),
        _ => return None,
    };
    let mut schema = text().pattern(Some(pattern));
    if name == "config" {
        schema = schema.max_length(Some(36));
    }
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema.build()));
    Some(parameter.build())
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String))
}

fn count() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Integer))
        .format(Some(SchemaFormat::Custom("uint64".into())))
        .minimum(Some(0_u64))
        .maximum(Some(u64::MAX))
}

fn flag() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::Boolean))
}

fn optional(
    place: ParameterIn,
    name: &str,
    schema: impl Into<RefOr<Schema>>,
    description: &str,
) -> Vec<Parameter> {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema));
    vec![parameter.build()]
}

/// Gives each parameter a type by which the handlers name it.
macro_rules! parameters {
    ($($(#[$doc:meta])* $name:ident: $parameter:expr;)*) => {
        $(
            $(#[$doc])*
            pub(in crate::http) enum $name {}

            impl IntoParams for $name {
                fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                    $parameter
                }
            }
        )*
    };
}

fn query(name: &str, schema: ObjectBuilder, description: &str) -> Vec<Parameter> {
    optional(ParameterIn::Query, name, schema.build(), description)
}

fn header(name: &str, pattern: &str, description: &str) -> Vec<Parameter> {
    optional(
        ParameterIn::Header,
        name,
        text().pattern(Some(pattern)).build(),
        description,
    )
}

parameters! {
    /// `reveal`
    Reveal: query("reveal", flag(), "Return secrets decrypted, if the caller is allowed to decrypt them. By default they are masked.");
    /// `consistency`
    Consistent: query(
        "consistency",
        text().enum_values(Some([json!("strong"), json!("eventual")])),
        "`eventual` allows a response that misses the latest commits, on DynamoDB at half the price. Default: `strong`.",
    );
    /// `revision`
    Past: query("revision", count(), "Return the value at this revision of the key's section.");
    /// `limit`
    Limit: query(
        "limit",
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .minimum(Some(1_u64))
            .maximum(Some(1000_u64)),
        "The maximum number of items in a response, by default 100. A response can have fewer items and still not be the last.",
    );
    /// `recursive` and `cursor`
    Listed: [
        query("recursive", flag(), "List everything below the prefix instead of one level with folders."),
        query("cursor", text().pattern(Some("^[A-Za-z0-9_-]+$")), "Continue after a page of this listing: its `next`."),
    ].concat();
    /// `prefix`
    Prefixes: optional(
        ParameterIn::Query,
        "prefix",
        ArrayBuilder::new().items(text().pattern(Some(format!("^/?{PREFIX_SEGMENT}(/{PREFIX_SEGMENT}){{0,15}}/?$")))).build(),
        "Only keys below this prefix. Can be repeated. By default, all keys.",
    );
    /// `prefix`, given once
    OnePrefix: query(
        "prefix",
        text().pattern(Some(format!("^/?{PREFIX_SEGMENT}(/{PREFIX_SEGMENT}){{0,15}}/?$"))),
        "Only keys below this prefix, with names relative to it. By default, all keys.",
    );
    /// `base64`
    Base64: query("base64", flag(), "Return each value in base64, so that it can be bytes.");
    /// `after`
    After: query("after", count(), "Start after this revision. Default: 0, the beginning of the log.");
    /// `after`, of a config
    AfterVersion: query("after", count(), "With `wait`: the version (the sum of the revisions) that the client already has.");
    /// `wait`
    Wait: query(
        "wait",
        text().pattern(Some(wait_time::PATTERN)),
        "How long to wait for a change, at most 60s. By default, the request does not wait.",
    );
    /// `Last-Event-ID`
    LastEventId: header(
        "Last-Event-ID",
        "^[0-9]{1,19}$",
        "For a stream: the ID of the last event received. Overrides `after`.",
    );
    /// `before`
    Before: query("before", count(), "Only lines older than this revision.");
    /// `ttl`
    TimeToLive: query("ttl", text().pattern(Some("^([1-9][0-9]{0,3}[smh]?|([1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650)d)$")), "The time to live from now: a whole number with s, m, h or d, from 1s to 3650d.");
    /// `keep-ttl`
    KeepTtl: query("keep-ttl", flag(), "Keep the current time to live. Can't be combined with `ttl`.");
    /// `message`
    CommitMessage: query("message", text().pattern(Some(Message::PATTERN)).max_length(Some(1024)), "What the change is for, shown in the history: at most 1,024 bytes.");
    /// `secret`
    Secret: query("secret", flag(), "Whether the value is a secret. By default, this does not change.");
    /// `If-Match`
    IfMatch: header(
        "If-Match",
        TAGS,
        "`\"7\"`: only if the key is at that revision, or at one of several, separated by commas. `*`: only if the key exists.",
    );
    /// `If-None-Match` for a write
    IfNoneMatch: header(
        "If-None-Match",
        TAGS,
        "`*`: only if the key does not exist. `\"7\"`: only if it is not at that revision, or at any of several.",
    );
    /// `If-None-Match` for a read
    IfTag: header(
        "If-None-Match",
        TAGS,
        "`\"7\"`: 304 if the key is still at that revision, or at one of several, separated by commas.",
    );
    /// `Idempotency-Key`
    CommitId: header(
        "Idempotency-Key",
        "^[A-Za-z0-9._:-]{1,64}$",
        "The commit's ID. A commit with the same ID is applied once: for at least 24 hours, a repeated request returns \
         the first result.",
    );
}
