use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::model::{Key, Prefix, Section};
use crate::store::{Consistency, Result, StoreError};

/// How long a request may take.
pub(super) const REQUEST: Duration = Duration::from_secs(30);

/// What is encoded in a query: all that a signature would encode, so that what is signed is what is sent.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request.
#[derive(Clone)]
pub(super) struct ApiCall {
    pub(super) method: &'static str,
    /// As what it is counted: its route.
    pub(super) route: &'static str,
    /// What of its path comes after the config.
    pub(super) path: String,
    /// Percent-encoded.
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) within: Duration,
}

impl ApiCall {
    /// The call of a route of all sections.
    pub(super) fn of_config(method: &'static str, route: &'static str) -> Self {
        Self::new(method, route, format!("@config{route}"))
    }

    /// The call of a route of a section.
    pub(super) fn of_section(method: &'static str, route: &'static str, section: &Section) -> Self {
        Self::new(method, route, format!("{}{route}", section.segment()))
    }

    /// The call of a route of a key.
    pub(super) fn of_key(method: &'static str, route: &'static str, key: &Key) -> Self {
        let section = key.section();
        // In the root section a key is one segment, else its first one is the section.
        let rest = key
            .as_str()
            .strip_prefix(section.as_str())
            .unwrap_or(key.as_str());
        Self::new(method, route, format!("{}{route}{rest}", section.segment()))
    }

    /// The call of a route of what lies below a prefix.
    pub(super) fn of_prefix(method: &'static str, route: &'static str, prefix: &Prefix) -> Self {
        let Some(section) = prefix.section() else {
            return Self::of_config(method, route);
        };
        let below = prefix.to_string();
        let below = below.strip_prefix(section.as_str()).unwrap_or_default();
        Self::new(method, route, format!("{}{route}{below}", section.segment()))
    }

    /// The call of a route of a section's data keys.
    pub(super) fn of_data_keys(route: &'static str, section: &Section) -> Self {
        Self::new(
            "POST",
            route,
            format!("@{}/{}", route.trim_start_matches('/'), section.segment()),
        )
    }

    fn new(method: &'static str, route: &'static str, path: String) -> Self {
        Self {
            method,
            route,
            path,
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            within: REQUEST,
        }
    }

    pub(super) fn query<T: ToString + ?Sized>(mut self, name: &'static str, value: &T) -> Self {
        let value = utf8_percent_encode(&value.to_string(), IN_QUERY).to_string();
        self.query.push((name, value));
        self
    }

    pub(super) fn stored(self) -> Self {
        self.query("stored", "true")
    }

    /// The call of a read that is to be as fresh as that.
    pub(super) fn fresh(self, read: Consistency) -> Self {
        match read {
            Consistency::Strong => self,
            Consistency::Eventual => self.query("consistency", "eventual"),
        }
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| StoreError::Other {
            what: "encoding the request".into(),
            source: Some(error.into()),
        })?;
        self.headers.push(("content-type", "application/json".into()));
        self.body = Some(body);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_the_section_first() {
        for (key, path) in [
            ("/db/url", "db/keys/url"),
            ("/db", "@root/keys/db"),
            ("/db/db/url", "db/keys/db/url"),
            ("/a.b/c:d/e", "a.b/keys/c:d/e"),
        ] {
            let key = key.parse().expect(key);
            assert_eq!(ApiCall::of_key("GET", "/keys", &key).path, path);
        }
        for (prefix, path) in [
            ("/", "@config/list"),
            ("/db", "db/list"),
            ("/db/pool", "db/list/pool"),
            ("/db/db/x/", "db/list/db/x"),
        ] {
            let prefix = prefix.parse().expect(prefix);
            assert_eq!(ApiCall::of_prefix("GET", "/list", &prefix).path, path);
        }
        let db = "db".parse().expect("a section");
        assert_eq!(ApiCall::of_section("GET", "/heads", &db).path, "db/heads");
        assert_eq!(
            ApiCall::of_section("GET", "/heads", &Section::root()).path,
            "@root/heads"
        );
        assert_eq!(
            ApiCall::of_data_keys("/datakeys/unwrap", &db).path,
            "@datakeys/unwrap/db"
        );
    }
}
