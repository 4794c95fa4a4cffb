use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{RefOr, Required, SchemaFormat};

use crate::http::request::wait_time;

/// A segment of a key as clients leave it that encode what a path may hold but needn't: without `:`.
const SEGMENT: &str = r"([A-Za-z0-9_-]|\.[A-Za-z0-9_-]|\.\.[A-Za-z0-9._-])[A-Za-z0-9._-]*";
const PREFIX_SEGMENT: &str = r"([A-Za-z0-9_:-]|\.[A-Za-z0-9_:-]|\.\.[A-Za-z0-9._:-])[A-Za-z0-9._:-]*";

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
        "rest" => (
            segment,
            "What follows the section in the key. More segments may follow.",
        ),
        "below" => (
            segment,
            "What follows the section in the prefix. More segments may follow.",
        ),
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
    Reveal: query("reveal", flag(), "Whether secrets are answered decrypted, where the caller may have them so; else they are masked.");
    /// `consistency`
    Consistent: query(
        "consistency",
        text().enum_values(Some([json!("strong"), json!("eventual")])),
        "Whether the answer may miss the latest commits (`eventual`), on DynamoDB at half the price. `strong` if \
         nothing is said.",
    );
    /// `revision`
    Past: query("revision", count(), "The value as it was at this revision of the key's section.");
    /// `limit`
    Limit: query(
        "limit",
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .minimum(Some(1_u64))
            .maximum(Some(1000_u64)),
        "The most that is answered; 100 if nothing is said. An answer may be shorter than that and not be all.",
    );
    /// `recursive` and `cursor`
    Listed: [
        query("recursive", flag(), "Whether all below is listed, not one level with folders."),
        query("cursor", text().pattern(Some("^[A-Za-z0-9_-]+$")), "Go on where a page of this listing ended: its `next`."),
    ].concat();
    /// `prefix`
    Prefixes: optional(
        ParameterIn::Query,
        "prefix",
        ArrayBuilder::new().items(text().pattern(Some(format!("^/?{PREFIX_SEGMENT}(/{PREFIX_SEGMENT}){{0,15}}/?$")))).build(),
        "Only what lies below this prefix; may be given more than once. Everything if it isn't given.",
    );
    /// `after`
    After: query("after", count(), "The revision after which to begin: 0, if nothing is said, is the beginning.");
    /// `after`, of a config
    AfterVersion: query("after", count(), "With wait: the version, the sum of the revisions, that is known already.");
    /// `wait`
    Wait: query(
        "wait",
        text().pattern(Some(wait_time::PATTERN)),
        "How long to wait for something that isn't there yet: up to 60s. Not at all if nothing is said.",
    );
    /// `Last-Event-ID`
    LastEventId: header(
        "Last-Event-ID",
        "^[0-9]{1,19}$",
        "Of a stream: the id of the event that was seen last. It goes before `after`.",
    );
    /// `before`
    Before: query("before", count(), "Only what is older than this revision.");
    /// `ttl`
    TimeToLive: query("ttl", text().pattern(Some("^([1-9][0-9]{0,3}[smh]?|([1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650)d)$")), "How long it lives from now: a whole number with s, m, h or d, from 1s to 3650d.");
    /// `keep-ttl`
    KeepTtl: query("keep-ttl", flag(), "Whether it keeps the time to live that it has. Not together with ttl.");
    /// `secret`
    Secret: query("secret", flag(), "Whether the value is a secret; as it was if nothing is said.");
    /// `If-Match`
    IfMatch: header("If-Match", r#"^(\*|"[0-9]{1,19}")$"#, "`\"7\"`: only if the key is at that revision. `*`: only if it is there.");
    /// `If-None-Match` for a write
    IfNoneMatch: header("If-None-Match", r"^\*$", "`*`: only if the key is not there.");
    /// `If-None-Match` for a read
    IfTag: header("If-None-Match", r#"^(\*|"[0-9]{1,19}")$"#, "`\"7\"`: 304 if the key is at that revision still.");
    /// `Idempotency-Key`
    CommitId: header(
        "Idempotency-Key",
        "^[A-Za-z0-9._:-]{1,64}$",
        "The commit's id. A commit that was made under it already, within the last 24 hours at least, is answered and \
         not made again.",
    );
}
