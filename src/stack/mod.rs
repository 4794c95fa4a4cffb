//! The CloudFormation stack of a config: its template, and how it is deployed and looked at.
//!
//! Deploying is in steps, so that whoever asks can show and ask in between: [`plan`] looks at the stack and makes
//! a change set, [`deploy`] executes it and tells what happens, [`discard`] takes it back.

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
pub use spec::{StackSpec, TableKey};
pub use state::StackState;
pub use template::{
    KEY_READ_ACTIONS, KEY_WRITE_ACTIONS, LAYOUT, Output, Parameter, READ_ACTIONS, RESOURCES,
    SECRET_READ_ACTIONS, SECRET_WRITE_ACTIONS, TEMPLATE, WRITE_ACTIONS,
};
