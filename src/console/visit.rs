//! Who asks for a page, and of what.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;

use super::error::ConsoleError;
use super::fields::FormFields;
use super::page_version::PageVersion;
use super::site::{ConsoleConfig, SharedConsole};
use crate::http::{BrowserSession, Caller, is_same_origin};
use crate::model::{Access, BadSection, ConfigName, Head, Key, Section};
use crate::ops::readable_heads;
use crate::store::{Heads, Store, Txn};

/// A request for a page, in a session.
pub(super) struct Visit {
    pub(super) console: SharedConsole,
    pub(super) session: BrowserSession,
    pub(super) query: FormFields,
}

impl Visit {
    pub(super) fn caller(&self) -> &Caller {
        &self.session.caller
    }

    /// A config that the visitor may see.
    pub(super) fn config(&self, name: &str) -> Result<(&ConsoleConfig, &Arc<dyn Store>), ConsoleError> {
        let unknown = || ConsoleError::no_config(name);
        let name: ConfigName = name.parse().map_err(|_| unknown())?;
        let is_allowed = self.caller().covers_config(&name);
        let config = self.console.config(&name).filter(|_| is_allowed);
        config.zip(self.console.api.store(&name)).ok_or_else(unknown)
    }

    /// The configs that the visitor may see.
    pub(super) fn configs(&self) -> impl Iterator<Item = &ConsoleConfig> {
        let configs = self.console.configs.iter();
        configs.filter(|config| self.caller().covers_config(&config.name))
    }

    /// Where the sections stand that the visitor may see.
    pub(super) async fn heads(
        &self,
        store: &dyn Store,
    ) -> Result<(Vec<Head>, Vec<BadSection>), ConsoleError> {
        let of = match &self.caller().sections {
            Some(sections) => Heads::Of(sections.iter().cloned().collect()),
            None => Heads::All,
        };
        self.take(readable_heads(store, &of).await)
    }

    /// What an operation gives, or its failure as it may be shown.
    pub(super) fn take<T, E: Into<crate::ops::OpsError>>(
        &self,
        outcome: Result<T, E>,
    ) -> Result<T, ConsoleError> {
        outcome.map_err(|error| ConsoleError::of_ops(error, self.console.is_personal))
    }
}

impl FromRequestParts<SharedConsole> for Visit {
    type Rejection = ConsoleError;

    async fn from_request_parts(parts: &mut Parts, console: &SharedConsole) -> Result<Self, ConsoleError> {
        let session = parts.extensions.get().cloned();
        let session = session.ok_or_else(|| ConsoleError::signed_out(console.sessions.takes_tokens()))?;
        Ok(Self {
            console: Arc::clone(console),
            session,
            query: FormFields::parse(parts.uri.query().unwrap_or_default().as_bytes()),
        })
    }
}

/// A request for a page of a config.
pub(super) struct ConfigVisit {
    pub(super) visit: Visit,
    pub(super) config: ConsoleConfig,
    pub(super) store: Arc<dyn Store>,
    key: Option<String>,
}

impl ConfigVisit {
    /// The key that the path names, which the visitor may see.
    pub(super) fn key(&self) -> Result<Key, ConsoleError> {
        self.checked_key(self.key.as_deref().unwrap_or_default())
    }

    /// A key of that name, which the visitor may see.
    pub(super) fn checked_key(&self, name: &str) -> Result<Key, ConsoleError> {
        let key: Key = name
            .parse()
            .map_err(|error: crate::model::KeyError| ConsoleError::invalid(error.to_string()))?;
        self.check_section(&key.section())?;
        Ok(key)
    }

    pub(super) fn check_section(&self, section: &Section) -> Result<(), ConsoleError> {
        if self.visit.caller().covers(section) {
            return Ok(());
        }
        Err(ConsoleError::denied(format!(
            "You can't access section {section}."
        )))
    }

    pub(super) fn can_write(&self) -> bool {
        self.visit.caller().access == Access::Write
    }

    pub(super) fn check_writes(&self) -> Result<(), ConsoleError> {
        if self.can_write() {
            return Ok(());
        }
        Err(ConsoleError::denied("You can only read."))
    }

    /// What a page shows of the config, as far as the visitor may see it.
    pub(super) async fn version(&self) -> Result<String, ConsoleError> {
        let (heads, _) = self.visit.heads(&*self.store).await?;
        Ok(PageVersion::of(&self.config.name, &heads))
    }

    /// Commits for the visitor.
    pub(super) async fn commit(&self, txn: Txn) -> crate::store::Result<crate::store::Committed> {
        let by = self.visit.caller().by.clone();
        self.visit
            .console
            .api
            .commit(&self.config.name, Txn { by, ..txn })
            .await
    }

    /// The address of one of the config's pages, which may be followed by a key.
    pub(super) fn href(&self, page: &str, key: Option<&Key>) -> String {
        href(&self.config.name, page, key)
    }
}

/// The address of a page of a config. No character of a config's name or a key needs to be encoded.
pub(super) fn href(config: &ConfigName, page: &str, key: Option<&Key>) -> String {
    let page = if page.is_empty() {
        String::new()
    } else {
        format!("/{page}")
    };
    format!("/c/{config}{page}{}", key.map_or("", Key::as_str))
}

impl FromRequestParts<SharedConsole> for ConfigVisit {
    type Rejection = ConsoleError;

    async fn from_request_parts(parts: &mut Parts, console: &SharedConsole) -> Result<Self, ConsoleError> {
        let visit = Visit::from_request_parts(parts, console).await?;
        let params = RawPathParams::from_request_parts(parts, console).await;
        let params = params.map_err(|_| ConsoleError::no_page())?;
        let mut params: BTreeMap<&str, &str> = params.iter().collect();
        let name = params.remove("config").unwrap_or_default();
        let (config, store) = visit.config(name)?;
        Ok(Self {
            config: config.clone(),
            store: Arc::clone(store),
            key: params.remove("key").map(String::from),
            visit,
        })
    }
}

/// The session that a request belongs to, if it belongs to one.
pub(super) struct EarlierSession(pub(super) Option<BrowserSession>);

impl<S: Sync> FromRequestParts<S> for EarlierSession {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.extensions.get().cloned()))
    }
}

/// A form that a page of this console sent.
pub(super) struct Form(pub(super) FormFields);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ConsoleError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ConsoleError> {
        if !is_same_origin(request.headers()) {
            return Err(ConsoleError::denied(
                "A form is only accepted from a page of this console. Your browser must send Sec-Fetch-Site, which it does over \
                 https and on localhost.",
            ));
        }
        let media_type = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let media_type = media_type
            .and_then(|text| text.split(';').next())
            .unwrap_or_default();
        if media_type.trim() != "application/x-www-form-urlencoded" {
            return Err(ConsoleError::invalid("Expected a form."));
        }
        // The server bounds bodies.
        let body = to_bytes(request.into_body(), usize::MAX).await;
        let body = body.map_err(|_| ConsoleError::invalid("The form ended early."))?;
        Ok(Self(FormFields::parse(&body)))
    }
}

/// A form in a session, which bears the session's word.
pub(super) struct SessionForm(pub(super) FormFields);

impl FromRequest<SharedConsole> for SessionForm {
    type Rejection = ConsoleError;

    async fn from_request(request: Request, console: &SharedConsole) -> Result<Self, ConsoleError> {
        let session: Option<BrowserSession> = request.extensions().get().cloned();
        let Form(fields) = Form::from_request(request, console).await?;
        let signed_out = || ConsoleError::signed_out(console.sessions.takes_tokens()).keeping(&fields);
        let session = session.ok_or_else(signed_out)?;
        if !fields.text("csrf").is_some_and(|word| session.is_csrf(word)) {
            return Err(ConsoleError::denied(
                "The form belongs to another session. Load the page again, then repeat what you did.",
            )
            .keeping(&fields));
        }
        Ok(Self(fields))
    }
}

/// A form about a config. Where it can't be taken, what was typed comes back.
pub(super) struct ConfigForm {
    pub(super) visit: ConfigVisit,
    pub(super) fields: FormFields,
}

impl FromRequest<SharedConsole> for ConfigForm {
    type Rejection = ConsoleError;

    async fn from_request(request: Request, console: &SharedConsole) -> Result<Self, ConsoleError> {
        let (mut parts, body) = request.into_parts();
        let visit = ConfigVisit::from_request_parts(&mut parts, console).await;
        let form = SessionForm::from_request(Request::from_parts(parts, body), console).await;
        // Without a session both fail, and the form's failure has what was typed.
        let SessionForm(fields) = form?;
        let visit = visit.map_err(|error| error.keeping(&fields))?;
        Ok(Self { visit, fields })
    }
}
