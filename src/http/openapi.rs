//! The OpenAPI document, of what the handlers say of themselves and of what is the same for many of them.

mod parameters;
mod responses;
mod value_bytes;

pub(super) use parameters::{
    After, AfterVersion, Base64, Before, CommitId, CommitMessage, Consistent, IfMatch, IfNoneMatch, IfTag,
    KeepTtl, LastEventId, Limit, Listed, OnePrefix, Past, Prefixes, Reveal, Secret, TimeToLive, Wait,
};
pub(super) use responses::{Bodies, Commits, Fixed, Reads};
pub(super) use value_bytes::ValueBytes;

use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Info, License, OpenApi, RefOr, Schema, Server};

use crate::wire::{LogLine, Problem};

const DESCRIPTION: &str = "\
Shared application configuration. Paths start with the section, so that a policy can limit a caller to a section by \
path and method. Routes across sections are below `@config`, and data keys are below `@datakeys`. Paths must not be \
percent-encoded: send `:` and `@` as they are. A key has at most 512 bytes and 16 segments; where a path ends with \
`{rest}` or `{below}`, several segments can follow.\n\n\
Every route that returns or accepts entries also accepts `stored=true` for lossless values: each is a string with its \
kind, bytes are in base64, and secrets stay encrypted. It is meant for clients that use the API as a store, such as \
discfg's `http` engine.";

/// What answers without a token, whatever the server requires.
const OPEN: [&str; 3] = ["/healthz", "/readyz", "/openapi.json"];

/// The document, once its paths and operations are collected.
pub(super) fn finish(mut document: OpenApi) -> OpenApi {
    let mut info = Info::new("discfg", env!("CARGO_PKG_VERSION"));
    info.description = Some(DESCRIPTION.into());
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".into());
    info.license = Some(license);
    document.info = info;
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        // What a template can't say: that more segments may follow.
        let path = path.replace("{*", "{");
        for operation in operations(&mut item) {
            if OPEN.contains(&path.as_str()) {
                operation.security = Some(Vec::new());
            }
            let named = path
                .split(['{', '}'])
                .skip(1)
                .step_by(2)
                .filter_map(parameters::in_path);
            let rest = operation.parameters.take().unwrap_or_default();
            let all: Vec<RefOr<Parameter>> = named.map(RefOr::T).chain(rest).collect();
            operation.parameters = (!all.is_empty()).then_some(all);
        }
        document.paths.paths.insert(path, item);
    }
    let mut token = Http::new(HttpAuthScheme::Bearer);
    token.description = Some("A token from the server's token file, if the server requires one.".into());
    // Whether one is needed is the server's choice.
    let no_token = SecurityRequirement::default();
    let with_token = SecurityRequirement::new("token", [""; 0]);
    document.security = Some(vec![with_token, no_token]);
    document.servers = Some(vec![Server::new("/")]);
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("token", SecurityScheme::Http(token));
    // They are only named elsewhere, which collects nothing.
    components
        .schemas
        .extend([schema_of::<Problem>(), schema_of::<LogLine>()]);
    document
}

fn schema_of<T: ToSchema>() -> (String, RefOr<Schema>) {
    (T::name().into(), T::schema())
}

/// The same operations at other paths, too: those in which something else stands for `end`. Each is known by its own
/// name there.
pub(super) fn rename_operations(item: &PathItem, name: &str) -> PathItem {
    let mut item = item.clone();
    for operation in operations(&mut item) {
        let id = operation.operation_id.take().unwrap_or_default();
        operation.operation_id = Some(format!("{id}_{name}"));
    }
    item
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        ..
    } = item;
    [get, put, post, delete].into_iter().flatten()
}
