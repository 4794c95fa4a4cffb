use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{get, post};

use super::assets;
use super::error::ConsoleError;
use super::pages::{
    access, compare, configs, delete, edit, find, grid, key, keys, live, rollback, sign_in, timeline,
};
use super::shell;
use super::site::Console;
use crate::http::BrowserPages;

impl Console {
    /// Its pages, for a server.
    pub(crate) fn into_pages(self) -> BrowserPages {
        let sessions = Arc::clone(&self.sessions);
        let without_api = self.is_personal;
        let router = Router::new()
            .route("/", get(configs::show))
            .route("/c/{config}", get(keys::show))
            .route("/c/{config}/find", post(find::show))
            .route("/c/{config}/key/{*key}", get(key::show))
            .route("/c/{config}/reveal/{*key}", post(key::reveal))
            .route("/c/{config}/new", get(edit::show_new).post(edit::submit_new))
            .route("/c/{config}/edit/{*key}", get(edit::show).post(edit::submit))
            .route(
                "/c/{config}/delete/{*key}",
                get(delete::show).post(delete::submit),
            )
            .route(
                "/c/{config}/rollback/{*key}",
                get(rollback::show).post(rollback::submit),
            )
            .route("/c/{config}/access", get(access::show))
            .route("/c/{config}/timeline", get(timeline::show))
            .route("/c/{config}/compare", get(compare::show))
            .route("/grid", get(grid::show))
            .route("/live", get(live::stream))
            .route("/launch/{code}", get(sign_in::show_launch).post(sign_in::launch))
            .route("/signin", get(sign_in::show).post(sign_in::sign_in))
            .route("/signout", post(sign_in::sign_out))
            .route("/assets/{name}", get(assets::serve))
            .fallback(async || ConsoleError::no_page())
            .method_not_allowed_fallback(async || ConsoleError::no_method())
            // The server bounds bodies.
            .layer(DefaultBodyLimit::disable())
            .layer(map_response(shell::keep_to_itself))
            .with_state(Arc::new(self));
        BrowserPages {
            router,
            sessions,
            without_api,
        }
    }
}
