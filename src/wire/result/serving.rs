use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{Access, ConfigName, Section, TokenName};

#[derive(Serialize)]
pub(crate) struct Serving {
    pub(crate) action: &'static str,
    pub(crate) url: String,
    pub(crate) configs: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct NewTokenResult<'t> {
    pub(crate) action: &'static str,
    #[serde(flatten)]
    pub(crate) token: TokenShape<'t>,
    /// The one time that it is shown.
    #[serde(rename = "token")]
    pub(crate) word: &'t str,
}

#[derive(Serialize)]
pub(crate) struct RevokedTokenResult<'t> {
    pub(crate) action: &'static str,
    pub(crate) name: &'t TokenName,
}

#[derive(Serialize)]
pub(crate) struct TokenListResult<'t> {
    pub(crate) action: &'static str,
    pub(crate) tokens: Vec<TokenShape<'t>>,
}

/// What a token opens. `sections` and `configs` are missing where it is all of them.
#[derive(Serialize)]
pub(crate) struct TokenShape<'t> {
    pub(crate) name: &'t TokenName,
    pub(crate) access: Access,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sections: Option<&'t BTreeSet<Section>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) configs: Option<&'t BTreeSet<ConfigName>>,
    pub(crate) decrypt: bool,
}
