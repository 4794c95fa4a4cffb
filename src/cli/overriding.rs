//! Variables that go before a `.discfg` that was just written.

use std::env;

use crate::context::EngineName;
use crate::model::ConfigName;

/// A note if variables say that commands use something else than this config and engine.
pub(super) fn overriding_variables(config: &ConfigName, engine: &EngineName) -> Option<String> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let other_config = set("DISCFG_CONFIG").filter(|other| other != config.as_str());
    let other_engine = set("DISCFG_ENGINE").filter(|other| other.parse().ok().as_ref() != Some(engine));
    let parts: Vec<String> = [
        other_config.map(|other| format!("{other}, from DISCFG_CONFIG")),
        other_engine.map(|other| format!("the engine {other}, from DISCFG_ENGINE")),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!("note: commands still use {}", parts.join(" and ")))
}
