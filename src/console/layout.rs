//! What surrounds the pages of a session.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

use super::shell::{head, respond};
use super::text::{data, now};
use super::visit::{ConfigVisit, Visit};
use crate::model::ConfigName;

/// The pages of a config that its navigation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tab {
    Keys,
    Timeline,
    Access,
}

/// A page, whole but for what surrounds it.
pub(super) struct Page<'v> {
    visit: &'v Visit,
    title: String,
    config: Option<(&'v ConfigName, Tab)>,
    live: Option<(String, String)>,
    is_wide: bool,
    status: StatusCode,
}

impl<'v> Page<'v> {
    /// A page of no config.
    pub(super) fn new(visit: &'v Visit, title: impl Into<String>) -> Self {
        Self {
            visit,
            title: title.into(),
            config: None,
            live: None,
            is_wide: false,
            status: StatusCode::OK,
        }
    }

    /// A page of a config.
    pub(super) fn of_config(visit: &'v ConfigVisit, tab: Tab, title: impl Into<String>) -> Self {
        Self {
            config: Some((&visit.config.name, tab)),
            ..Self::new(&visit.visit, title)
        }
    }

    /// The page stays up to date: it shows these configs at that version.
    pub(super) fn live<'c>(self, configs: impl IntoIterator<Item = &'c ConfigName>, version: String) -> Self {
        let configs = configs.into_iter().map(|name| format!("config={name}"));
        let address = format!("/live?{}", configs.collect::<Vec<_>>().join("&"));
        Self {
            live: Some((address, version)),
            ..self
        }
    }

    /// The page takes the whole width of its window.
    pub(super) fn wide(self) -> Self {
        Self {
            is_wide: true,
            ..self
        }
    }

    pub(super) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The answer, with that content.
    pub(super) fn render(self, content: &Markup) -> Response {
        let title = match self.config {
            Some((config, _)) => format!("{} · {config} · discfg", self.title),
            None => format!("{} · discfg", self.title),
        };
        let live = self.live.as_ref();
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                (head(&title))
                body data-now=(now().epoch()) data-presence=[live.is_none().then_some("/live")] data-live=[live.map(|(address, _)| address)]
                    data-version=[live.map(|(_, version)| version)] {
                    a.skip href="#main" { "Skip to content" }
                    (self.bar())
                    main #main class=[self.is_wide.then_some("wide")] tabindex="-1" { (content) }
                    footer.foot {
                        span #live .live data-state="off" hidden[live.is_none()] { "not live" }
                        button #shortcuts type="button" hidden { "Keyboard shortcuts" }
                    }
                    p #status .visually-hidden role="status" {}
                    p #over .notice.warn hidden {}
                    (help())
                }
            }
        };
        respond(self.status, page)
    }

    fn bar(&self) -> Markup {
        let current = |is: bool| is.then_some("page");
        let link = |config: &ConfigName, tab: Tab, page: &str, name: &str, now: Tab| {
            html! {
                a href=(super::visit::href(config, page, None)) aria-current=[current(tab == now)] { (name) }
            }
        };
        html! {
            header.bar {
                a.brand href="/" { "discfg" }
                nav aria-label="Console" {
                    a href="/" aria-current=[current(self.config.is_none() && self.title == "Configs")] { "Configs" }
                    a href="/grid" aria-current=[current(self.config.is_none() && self.title == "Grid")] { "Grid" }
                }
                @if let Some((config, now)) = self.config {
                    nav aria-label="Config" {
                        strong.config { (config) }
                        (link(config, Tab::Keys, "", "Keys", now))
                        (link(config, Tab::Timeline, "timeline", "Timeline", now))
                        (link(config, Tab::Access, "access", "Access", now))
                    }
                }
                @if let Some(by) = &self.visit.caller().by { span.who { (data(by)) } }
                form method="post" action="/signout" {
                    (csrf(self.visit))
                    button { "Sign out" }
                }
            }
        }
    }
}

/// The field for what a change is for.
pub(super) fn message_field(message: &str) -> Markup {
    html! {
        label for="message" { "Message" }
        input #message name="message" value=(message) maxlength="1024" placeholder="Why (optional)" autocomplete="off";
    }
}

/// The session's word, which each form bears.
pub(super) fn csrf(visit: &Visit) -> Markup {
    html! { input type="hidden" name="csrf" value=(visit.session.csrf); }
}

fn help() -> Markup {
    let keys = [
        ("/", "Filter"),
        ("j, k", "Next and previous row"),
        ("Enter", "Open the row"),
        ("e", "Edit the key"),
        ("g", "Keys"),
        ("t", "Timeline"),
        ("?", "This list"),
        ("Ctrl+Enter", "Review the change"),
    ];
    html! {
        dialog #help aria-labelledby="help-title" {
            h2 #help-title { "Keyboard shortcuts" }
            dl.facts { @for (key, what) in keys { div { dt { kbd { (key) } } dd { (what) } } } }
            p { label { input #keys-on type="checkbox" checked; " Single-key shortcuts" } }
            form method="dialog" { button autofocus { "Close" } }
        }
    }
}
