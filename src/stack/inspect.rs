//! The state of stacks, tables, roles and functions as AWS reports it.

pub(super) mod drift;
pub(super) mod function;
pub(super) mod grant;
pub(super) mod last_failure;
pub(super) mod listing;
pub(super) mod lookup;
pub(super) mod oidc;
pub(super) mod resource;
pub(super) mod role_facts;
pub(super) mod state;
pub(super) mod table;
pub(super) mod table_facts;
pub(super) mod trust_list;
