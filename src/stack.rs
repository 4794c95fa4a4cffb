//! The CloudFormation stack of a config: its template, deployment and inspection.
//!
//! Deployment has steps, so that a caller can review in between: [`plan`] inspects the stack and creates a change set,
//! [`deploy`](fn@deploy) executes it and reports its progress, [`discard`] deletes it.

pub mod access;
mod changeset;
mod code;
mod deploy;
mod error;
mod failed_resource;
mod inspect;
mod policy;
mod services;
mod template;

pub use self::changeset::change::{Action, ResourceChange};
pub use self::changeset::code_stack::plan_code;
pub use self::changeset::discard::discard;
pub use self::changeset::leftover::{Leftover, Remedy, clear};
pub use self::changeset::plan::{EarlierAccess, Proposal, StackPlan};
pub use self::changeset::planning::{plan, plan_config};
pub use self::changeset::review::compare_access;
pub use self::code::architecture::Architecture;
pub use self::code::bucket::{CodeBucket, StoredCode};
pub use self::code::bucket_error::BucketError;
pub use self::code::program::UnfitProgram;
pub use self::deploy::destroy::{Attached, attached_to, delete};
pub use self::deploy::event::{ResourceOutcome, ResourcePhase, ResourceWork, StackEvent};
pub use self::deploy::table_deletion::delete_table;
pub use self::inspect::drift::{DriftedResource, PropertyDrift, drift};
pub use self::inspect::function::{RunningCode, running_code, unreserved_executions};
pub use self::inspect::grant::{Grant, api_reads, grant_status};
pub use self::inspect::last_failure::{PastFailure, last_failure};
pub use self::inspect::listing::{grant_stacks, stacks};
pub use self::inspect::lookup::{Deployed, Outputs, settled, status};
pub use self::inspect::oidc::oidc_audiences;
pub use self::inspect::role_facts::{RoleFacts, role};
pub use self::inspect::state::StackState;
pub use self::inspect::table::FoundTable;
pub use self::inspect::table_facts::{TableFacts, point_in_time_recovery, table, time_to_live};
pub use self::inspect::trust_list::TrustList;
pub use self::policy::access_change::{AccessChange, Effect};
pub use self::template::blueprint::{Blueprint, Owner, ParameterChange};
pub use self::template::code_stack::{
    CODE_OUTPUTS, CODE_PARAMETERS, CODE_RESOURCES, CODE_TEMPLATE, CodeStack,
};
pub use self::template::config_template::{
    FUNCTION_ACTIONS, KEY_READ_ACTIONS, KEY_WRITE_ACTIONS, LAYOUT, Output, Parameter, READ_ACTIONS,
    READ_METHODS, RESOURCES, SECRET_READ_ACTIONS, SECRET_WRITE_ACTIONS, TEMPLATE, WRITE_ACTIONS,
    WRITE_METHODS,
};
pub use self::template::grant::{
    GRANT_OUTPUTS, GRANT_PARAMETERS, GRANT_RESOURCES, GRANT_TEMPLATE, GrantSpec, NewOidcProvider,
    POLICY_FRAME,
};
pub use self::template::price::{
    KEY_MONTH, PRICES_IN, PRICES_OF, Price, READ_UNIT, RECOVERABLE_GB, STORED_GB, WRITE_UNIT,
};
pub use self::template::spec::{ApiSpec, CodeObject, StackSpec, TableKey};
pub use code::{CodeError, FunctionCode};
pub use deploy::{Progress, deploy};
pub use error::{Objections, StackError};
pub use failed_resource::{DeploymentFailure, FailedResource, KeptResource};
pub use policy::{PolicyDocument, PolicyError, Statement};
pub use services::Services;
