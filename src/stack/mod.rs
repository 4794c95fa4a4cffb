//! The CloudFormation stack of a config: its template, and how it is deployed and looked at.
//!
//! Deploying is in steps, so that whoever asks can show and ask in between: [`plan`] looks at the stack and makes
//! a change set, [`deploy`] executes it and tells what happens, [`discard`] takes it back.

pub mod access;
mod access_change;
mod adoption;
mod blueprint;
mod bucket_error;
mod change;
mod code;
mod code_bucket;
mod code_stack;
mod containment;
mod deploy;
mod destroy;
mod discard;
mod drift;
mod error;
mod event;
mod event_feed;
mod function;
mod grant;
mod invocation;
mod last_failure;
mod leftover;
mod listing;
mod lookup;
mod oidc;
mod pace;
mod plan;
mod policy;
mod price;
mod program;
mod resolve;
mod resource;
mod review;
mod role_facts;
mod services;
mod size;
mod spec;
mod state;
mod statement_words;
mod table;
mod table_deletion;
mod table_facts;
mod template;
mod validation;

pub use access_change::{AccessChange, Effect};
pub use blueprint::{Blueprint, Owner, ParameterChange};
pub use bucket_error::BucketError;
pub use change::{Action, ResourceChange};
pub use code::{Architecture, CodeError, FunctionCode};
pub use code_bucket::{CodeBucket, Shelf};
pub use code_stack::{CODE_OUTPUTS, CODE_PARAMETERS, CODE_RESOURCES, CODE_TEMPLATE, CodeStack, plan_code};
pub use deploy::{Progress, deploy};
pub use destroy::{Attached, attached_to, delete};
pub use discard::discard;
pub use drift::{Difference, Drifted, drift};
pub use error::{FailedResource, Failure, KeptResource, Objections, StackError};
pub use event::{Outcome, Phase, StackEvent, Work};
pub use function::{RunningCode, running_code, unreserved_executions};
pub use grant::{
    GRANT_OUTPUTS, GRANT_PARAMETERS, GRANT_RESOURCES, GRANT_TEMPLATE, Grant, GrantSpec, NewOidcProvider,
    POLICY_FRAME, api_reads, grant_status,
};
pub use last_failure::{PastFailure, last_failure};
pub use leftover::{Leftover, Remedy, clear};
pub use listing::{grant_stacks, stacks};
pub use lookup::{Deployed, Outputs, settled, status};
pub use oidc::oidc_audiences;
pub use plan::{Plan, Proposal, plan, plan_config};
pub use policy::{PolicyDocument, PolicyError, Statement};
pub use price::{KEY_MONTH, PRICES_IN, PRICES_OF, Price, READ_UNIT, RECOVERABLE_GB, STORED_GB, WRITE_UNIT};
pub use program::Unfit;
pub use review::compare_access;
pub use role_facts::{RoleFacts, role};
pub use services::Services;
pub use spec::{ApiSpec, CodeObject, StackSpec, TableKey};
pub use state::StackState;
pub use table::FoundTable;
pub use table_deletion::delete_table;
pub use table_facts::{TableFacts, point_in_time_recovery, table, time_to_live};
pub use template::{
    FUNCTION_ACTIONS, KEY_READ_ACTIONS, KEY_WRITE_ACTIONS, LAYOUT, Output, Parameter, READ_ACTIONS,
    READ_METHODS, RESOURCES, SECRET_READ_ACTIONS, SECRET_WRITE_ACTIONS, TEMPLATE, WRITE_ACTIONS,
    WRITE_METHODS,
};
