//! A change set that waits to be executed, and what else can come of planning.

use std::collections::BTreeMap;

use super::change::ResourceChange;
use super::leftover::Leftover;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::inspect::table::FoundTable;
use crate::stack::policy::access_change::AccessChange;
use crate::stack::template::blueprint::ParameterChange;

/// What can be done to make a stack as a [`Blueprint`](crate::stack::Blueprint) says.
#[derive(Debug)]
pub enum Proposal {
    /// Nothing: it is so already.
    Unchanged(Box<Deployed>),
    /// Something is in the way and has to be cleared first with [`clear`](crate::stack::clear), after asking; then plan again.
    Clear(Leftover),
    /// A change set is made and waits for its execution.
    Ready(StackPlan),
}

/// A change set that waits to be executed with [`deploy`](fn@crate::stack::deploy), or removed with [`discard`](crate::stack::discard).
#[derive(Debug)]
pub struct StackPlan {
    /// The stack's name.
    pub stack: String,
    /// The stack's ARN. A new stack has one already, empty and in `REVIEW_IN_PROGRESS`.
    pub stack_arn: String,
    /// The change set's ARN. Requests about it name the stack as well: policies allow them by the stack.
    pub change_set_arn: String,
    /// Whether the stack is new.
    pub creates: bool,
    /// The table that is taken into the new stack, and nothing else: then plan again, for the rest.
    pub adopts: Option<FoundTable>,
    /// What happens to each resource.
    pub changes: Vec<ResourceChange>,
    /// The parameters that change.
    pub parameters: Vec<ParameterChange>,
    /// The stack's tags before and after, if they change.
    pub tags: Option<(BTreeMap<String, String>, BTreeMap<String, String>)>,
    /// What access it broadens and narrows, once [`compare_access`](crate::stack::compare_access) has looked.
    pub access: Vec<AccessChange>,
    pub(in crate::stack) basis: Basis,
}

/// What a plan was made from: what its review compares.
#[derive(Debug, Default)]
pub(in crate::stack) struct Basis {
    pub(in crate::stack) template: &'static str,
    /// The parameters that the stack has; nothing if it is new.
    pub(in crate::stack) before: Option<BTreeMap<String, String>>,
    /// The parameters that it gets, without those that are left to the template.
    pub(in crate::stack) after: BTreeMap<String, String>,
}
