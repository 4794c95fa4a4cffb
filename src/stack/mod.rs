//! The CloudFormation stack of a config: its template, and how it is deployed and looked at.
//!
//! Deploying is in steps, so that whoever asks can show and ask in between: [`plan`] looks at the stack and makes
//! a change set, [`deploy`] executes it and tells what happens, [`discard`] takes it back.

pub mod access;
mod blueprint;
mod change;
mod deploy;
mod error;
mod event;
mod lookup;
mod pace;
mod plan;
mod policy;
mod spec;
mod state;
mod template;

pub use blueprint::{Blueprint, ParameterChange};
pub use change::{Action, ResourceChange};
pub use deploy::{Progress, deploy};
pub use error::{FailedResource, Failure, StackError};
pub use event::{Outcome, Phase, StackEvent, Work};
pub use lookup::{Deployed, Outputs, settled, status};
pub use plan::{Leftover, Plan, Proposal, clear, discard, parameters_json, plan};
pub use policy::{PolicyDocument, PolicyError, Statement};
pub use spec::StackSpec;
pub use state::StackState;
pub use template::{LAYOUT, Output, Parameter, READ_ACTIONS, RESOURCES, TEMPLATE, WRITE_ACTIONS};
