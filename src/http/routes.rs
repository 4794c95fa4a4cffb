//! The routes, each with what serves it and, apart from that, what the OpenAPI document says of it: writing the document
//! costs many times what a function does before its first request, and few ever ask for it.

use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use utoipa::Path as _;
use utoipa::openapi::{HttpMethod, OpenApi, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::{PathItemExt as _, paste, routes};

use super::api::Api;
use super::{
    changes, commit, datakeys, heads, health, history, info, keys, list, measured, openapi, snapshot,
};

/// A path with its operations, and others with the same ones.
struct Route {
    path: String,
    methods: MethodRouter<Api>,
    described: fn() -> UtoipaMethodRouter<Api>,
    /// What may stand in a path instead of `end`, each with the name that the operations have there.
    others: &'static [(&'static str, &'static str)],
    end: &'static str,
}

/// The route of handlers that have one path.
macro_rules! route {
    ($module:ident::$handler:ident $(, $modules:ident::$handlers:ident)*) => {
        paste! {
            Route {
                path: $module::[<__path_ $handler>]::path(),
                methods: on(&$module::[<__path_ $handler>]::methods(), &$module::$handler)
                    $(.merge(on(&$modules::[<__path_ $handlers>]::methods(), &$modules::$handlers)))*,
                described: || routes!($module::$handler $(, $modules::$handlers)*),
                others: &[],
                end: "",
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
    fn also(self, others: &'static [(&'static str, &'static str)], end: &'static str) -> Self {
        Self { others, end, ..self }
    }

    fn of_keys(self) -> Self {
        self.also(
            &[("@root/{key}", "of_root"), ("{key}", "of_one_segment")],
            "{section}/{*rest}",
        )
    }

    /// In a template of its own, since many a client would encode the `@` of a parameter.
    fn of_sections(self) -> Self {
        self.also(&[("@root", "of_root")], "{section}")
    }

    fn paths(&self) -> impl Iterator<Item = String> {
        let others = self.others.iter();
        let others = others.map(|(other, _)| self.path.replace(self.end, other));
        std::iter::once(self.path.clone()).chain(others)
    }

    fn described(&self) -> UtoipaMethodRouter<Api> {
        let (schemas, mut paths, methods) = (self.described)();
        let moved = |(path, item): (&String, &PathItem)| {
            let other =
                |(other, name): &(&str, &str)| (path.replace(self.end, other), openapi::moved(item, name));
            self.others.iter().map(other).collect::<Vec<_>>()
        };
        let moved: Vec<_> = paths.paths.iter().flat_map(moved).collect();
        paths.paths.extend(moved);
        (schemas, paths, methods)
    }
}

fn all() -> [Route; 18] {
    const BELOW: &str = "/{section}/{*below}";
    const WIDER: &[(&str, &str)] = &[("/{section}", "section"), ("/@root", "of_root")];
    const WIDEST: &[(&str, &str)] = &[("", "all"), ("/{section}", "section"), ("/@root", "of_root")];
    [
        route!(keys::get, keys::put, keys::delete).of_keys(),
        route!(keys::touch).of_keys(),
        route!(history::history).of_keys(),
        route!(list::list).also(WIDEST, BELOW),
        route!(snapshot::all),
        route!(snapshot::within).also(WIDER, BELOW),
        route!(commit::all),
        route!(commit::section).of_sections(),
        route!(changes::changes).of_sections(),
        route!(heads::all),
        route!(heads::section).of_sections(),
        route!(info::info),
        route!(datakeys::generate).of_sections(),
        route!(datakeys::unwrap).of_sections(),
        route!(health::healthz),
        route!(health::readyz),
        route!(measured::metrics),
        route!(openapi::document),
    ]
}

/// All routes.
pub(super) fn router() -> Router<Api> {
    let mut router = Router::new();
    for route in all() {
        for path in route.paths() {
            router = router.route(&path, route.methods.clone());
        }
    }
    router
}

/// What the handlers say of themselves.
pub(super) fn described() -> OpenApi {
    let mut router = OpenApiRouter::new();
    for route in all() {
        router = router.routes(route.described());
    }
    router.into_openapi()
}
