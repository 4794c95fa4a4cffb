//! The OpenAPI document, of what the handlers say of themselves and of what is the same for many of them.

mod parameters;
mod responses;

pub(super) use parameters::{
    After, AfterVersion, Before, CommitId, Consistent, IfMatch, IfNoneMatch, IfTag, KeepTtl, LastEventId,
    Limit, Listed, Past, Prefixes, Reveal, Secret, TimeToLive, Wait,
};
pub(super) use responses::{Commits, Fixed, Reads};

use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, Info, License, OpenApi, RefOr, Schema};

use crate::wire::{LogLine, Problem};

const DESCRIPTION: &str = "\
Shared application configuration. A path names the section first, so that one path a method bounds a caller to a \
section; what spans sections is below `@config`, and data keys are apart, below `@datakeys`. A path is taken as it is written: no character of it may be percent-encoded, and a `:` or `@` that a client \
would encode must go out as it is. A key is at most 512 bytes long and 16 segments deep; where a path below ends with \
`{rest}` or `{below}`, as many more segments may follow it.\n\n\
Every route that answers or takes values also takes `stored=true`, with which values come without loss: each is a \
string with its kind beside it, bytes in base64, and secrets are as they are encrypted. That is for clients that \
stand in for the store, such as discfg's own engine `http`.";

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
    // Whether one is needed is the server's choice, so no operation says that it takes one.
    token.description = Some("A token of the server's token file, where it asks for one.".into());
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
