use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::context::EngineName;
use crate::model::{Access, ConfigName, Role};
use crate::ops::readable_heads;
use crate::store::{Heads, Store};

/// The configs that are served, each opened and asked once, and the most that may be done with them.
pub(in crate::cli::commands) struct ServedConfigs {
    pub(in crate::cli::commands) stores: Vec<(ConfigName, Arc<dyn Store>)>,
    pub(in crate::cli::commands) access: Access,
}

impl ServedConfigs {
    /// Opens these configs, or the current one.
    pub(in crate::cli::commands) async fn open(
        named: Vec<ConfigName>,
        session: &mut Session,
    ) -> Result<Self, Failure> {
        let target = session.target()?;
        let access = match target.role.as_ref().map(|role| &role.value) {
            Some(Role::Config(access)) => *access,
            Some(Role::Grant(_) | Role::Caller) | None => Access::Write,
        };
        let named = if named.is_empty() {
            vec![target.config()?.clone()]
        } else {
            named
        };
        let mut seen = BTreeSet::new();
        if let Some(twice) = named.iter().find(|name| !seen.insert((*name).clone())) {
            return Err(Failure::usage(format!("config {twice} is given twice")));
        }
        let mut stores = Vec::new();
        for name in named {
            let mut own = session.of_config(name.clone()).await?;
            let store = own.store(access, "/").await?;
            let asked = readable_heads(store, &Heads::All).await;
            asked.map_err(|error| own.explain(error, Access::Read))?;
            stores.push((name, own.into_store()?));
        }
        Ok(Self { stores, access })
    }

    pub(in crate::cli::commands) fn names(&self) -> Vec<String> {
        self.stores.iter().map(|(name, _)| name.to_string()).collect()
    }
}

/// Refuses to serve what is an API itself.
pub(super) fn check_engine(session: &mut Session) -> Result<(), Failure> {
    match &session.target()?.engine.value {
        EngineName::Http(url) => Err(Failure::usage(format!(
            "cannot serve {url}: it is a discfg API itself"
        ))
        .hint("choose the engine that stores the data: --engine dynamodb or --local")),
        EngineName::DynamoDb | EngineName::Local => Ok(()),
    }
}
