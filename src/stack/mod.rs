//! The CloudFormation stack of a config: its template, and how it is deployed and looked at.
//!
//! Deploying is in steps, so that whoever asks can show and ask in between: [`plan`] looks at the stack and makes
//! a change set, [`deploy`] executes it and tells what happens, [`discard`] takes it back.

mod adoption;
mod blueprint;
mod change;
mod deploy;
mod discard;
mod error;
mod event;
mod leftover;
mod lookup;
mod pace;
mod plan;
mod policy;
mod resource;
mod services;
mod spec;
mod state;
mod table;
mod template;
mod validation;

pub use blueprint::{Blueprint, ParameterChange};
pub use change::{Action, ResourceChange};
pub use deploy::{Progress, deploy};
pub use discard::discard;
pub use error::{FailedResource, Failure, Objections, StackError};
pub use event::{Outcome, Phase, StackEvent, Work};
pub use leftover::{Leftover, Remedy, clear};
pub use lookup::{Deployed, Outputs, settled, status};
pub use plan::{Plan, Proposal, parameters_json, plan, plan_config};
pub use policy::{PolicyDocument, PolicyError, Statement};
pub use services::Services;
pub use spec::StackSpec;
pub use state::StackState;
pub use table::FoundTable;
pub use template::{LAYOUT, Output, Parameter, READ_ACTIONS, RESOURCES, TEMPLATE, WRITE_ACTIONS};
