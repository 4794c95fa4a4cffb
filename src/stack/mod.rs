//! The CloudFormation stack of a config: its template, and how it is deployed and looked at.
//!
//! Deploying is in steps, so that whoever asks can show and ask in between: [`plan`] looks at the stack and makes
//! a change set, [`deploy`] executes it and tells what happens, [`discard`] takes it back.

pub mod access;
mod access_change;
mod blueprint;
mod change;
mod containment;
mod deploy;
mod error;
mod event;
mod lookup;
mod pace;
mod plan;
mod policy;
mod price;
mod resolve;
mod review;
mod role_trust;
mod size;
mod spec;
mod state;
mod statement_words;
mod template;

pub use access_change::{AccessChange, Effect};
pub use blueprint::{Blueprint, ParameterChange};
pub use change::{Action, ResourceChange};
pub use deploy::{Progress, deploy};
pub use error::{FailedResource, Failure, StackError};
pub use event::{Outcome, Phase, StackEvent, Work};
pub use lookup::{Deployed, Outputs, settled, status};
pub use plan::{Leftover, Plan, Proposal, clear, discard, plan};
pub use policy::{PolicyDocument, PolicyError, Statement};
pub use price::{PRICES_IN, PRICES_OF, Price, READ_UNIT, RECOVERABLE_GB, STORED_GB, WRITE_UNIT};
pub use review::compare_access;
pub use role_trust::role_trust;
pub use spec::StackSpec;
pub use state::StackState;
pub use template::{LAYOUT, Output, Parameter, READ_ACTIONS, RESOURCES, TEMPLATE, WRITE_ACTIONS};
