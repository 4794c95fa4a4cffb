//! The routes, each with what serves it and, apart from that, what the OpenAPI document says of it: writing the
//! document costs many times what a function does before its first request, and few ever ask for it.

use std::sync::LazyLock;

use axum::extract::Request;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use axum::{Json, Router};
use utoipa::Path as _;
use utoipa::openapi::{HttpMethod, OpenApi, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::{PathItemExt as _, paste, routes};

use super::api::Api;
use super::error::ApiError;
use super::openapi::Fixed;
use super::request::context::NoQuery;
use super::routes::{
    changes, commit, datakeys, heads, health, history, info, keys, list, metrics, purge, snapshot, values,
};
use super::{middleware, openapi};
use crate::wire::Problem;

impl Api {
    /// Its routes. What serves them puts a [`Caller`](super::Caller) into each request's extensions.
    pub fn router(&self) -> Router {
        let mut router = Router::new();
        for route in all() {
            for path in route.paths() {
                router = router.route(&path, route.methods.clone());
            }
        }
        router
            .fallback(async |request: Request| ApiError::no_route(request.uri()))
            .layer(from_fn_with_state(self.clone(), middleware::admit_request))
            .layer(from_fn_with_state(self.clone(), middleware::measure_response))
            .with_state(self.clone())
    }
}

/// A path with its operations, and others with the same ones.
struct Route {
    path: String,
    methods: MethodRouter<Api>,
    describe: fn() -> UtoipaMethodRouter<Api>,
    /// The other paths below the config, each with the name that the operations have there.
    others: &'static [(&'static str, &'static str)],
}

/// The route of handlers that have one path.
macro_rules! route {
    ($module:ident::$handler:ident $(, $modules:ident::$handlers:ident)*) => {
        paste! {
            Route {
                path: $module::[<__path_ $handler>]::path(),
                methods: on(&$module::[<__path_ $handler>]::methods(), &$module::$handler)
                    $(.merge(on(&$modules::[<__path_ $handlers>]::methods(), &$modules::$handlers)))*,
                describe: || routes!($module::$handler $(, $modules::$handlers)*),
                others: &[],
            }
        }
    };
}

fn on<H: Handler<T, Api>, T: 'static>(methods: &[HttpMethod], handler: &H) -> MethodRouter<Api> {
    let methods = methods.iter();
    methods.fold(MethodRouter::new(), |router, method| {
        router.on(method.to_method_filter(), handler.clone())
    })
}

impl Route {
    /// Also at these paths. The root section has templates of its own, since many a client would encode the `@` of a
    /// parameter.
    fn also(self, others: &'static [(&'static str, &'static str)]) -> Self {
        Self { others, ..self }
    }

    fn others(&self) -> impl Iterator<Item = (String, &'static str)> {
        let others = self.others.iter();
        others.map(|(path, name)| (format!("/v1/{{config}}/{path}"), *name))
    }

    fn paths(&self) -> impl Iterator<Item = String> {
        std::iter::once(self.path.clone()).chain(self.others().map(|(path, _)| path))
    }

    fn describe(&self) -> UtoipaMethodRouter<Api> {
        let (schemas, mut paths, methods) = (self.describe)();
        let moved = |item: &PathItem| {
            let others = self.others();
            let others = others.map(|(path, name)| (path, openapi::rename_operations(item, name)));
            others.collect::<Vec<_>>()
        };
        let moved: Vec<_> = paths.paths.values().flat_map(moved).collect();
        paths.paths.extend(moved);
        (schemas, paths, methods)
    }
}

fn all() -> [Route; 20] {
    [
        route!(keys::get, keys::put, keys::delete).also(&[("@root/keys/{key}", "of_root")]),
        route!(keys::touch).also(&[("@root/touch/{key}", "of_root")]),
        route!(purge::purge).also(&[("@root/purge/{key}", "of_root")]),
        route!(history::history).also(&[
            ("@root/history/{key}", "of_root"),
            ("{section}/history", "section"),
            ("@root/history", "section_of_root"),
        ]),
        route!(list::list).also(&[
            ("@config/list", "all"),
            ("{section}/list", "section"),
            ("@root/list", "of_root"),
        ]),
        route!(snapshot::all),
        route!(snapshot::within).also(&[("{section}/snapshot", "section"), ("@root/snapshot", "of_root")]),
        route!(values::values),
        route!(commit::all),
        route!(commit::section).also(&[("@root/commit", "of_root")]),
        route!(changes::changes).also(&[("@root/changes", "of_root")]),
        route!(heads::all),
        route!(heads::section).also(&[("@root/heads", "of_root")]),
        route!(info::info),
        route!(datakeys::generate).also(&[("@datakeys/generate/@root", "of_root")]),
        route!(datakeys::unwrap).also(&[("@datakeys/unwrap/@root", "of_root")]),
        route!(health::healthz),
        route!(health::readyz),
        route!(metrics::metrics),
        route!(self::document),
    ]
}

/// The API as OpenAPI 3.1
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    responses(
        (status = 200, description = "This document.", body = serde_json::Value),
        Fixed,
        (status = 503, description = "Too many concurrent requests: retry after Retry-After.", body = Problem, content_type = "application/problem+json")
    )
)]
async fn document(_: NoQuery) -> Response {
    static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(|| openapi::finish(describe()));
    Json(&*DOCUMENT).into_response()
}

/// What the handlers say of themselves.
fn describe() -> OpenApi {
    let mut router = OpenApiRouter::new();
    for route in all() {
        router = router.routes(route.describe());
    }
    router.into_openapi()
}
