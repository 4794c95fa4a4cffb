//! The results of planning: a change set to execute, or what is in the way.

use std::collections::BTreeMap;

use super::change::ResourceChange;
use super::leftover::Leftover;
use crate::stack::inspect::lookup::Deployed;
use crate::stack::inspect::table::FoundTable;
use crate::stack::policy::access_change::AccessChange;
use crate::stack::template::blueprint::ParameterChange;

/// The way to bring a stack to the state of a [`Blueprint`](crate::stack::Blueprint).
#[derive(Debug)]
pub enum Proposal {
    /// Nothing to do: it has that state.
    Unchanged(Box<Deployed>),
    /// The remains of a failed deployment must first be cleared with [`clear`](crate::stack::clear), after
    /// confirmation; then plan again.
    Clear(Leftover),
    /// A change set was created and can be executed.
    Ready(StackPlan),
}

/// A change set to execute with [`deploy`](fn@crate::stack::deploy) or delete with [`discard`](crate::stack::discard).
#[derive(Debug)]
pub struct StackPlan {
    /// The stack's name.
    pub stack: String,
    /// The stack's ARN. A new stack already exists, empty and in `REVIEW_IN_PROGRESS`.
    pub stack_arn: String,
    /// The change set's ARN. Requests about it also name the stack, by which policies allow them.
    pub change_set_arn: String,
    /// Whether the stack is new.
    pub creates: bool,
    /// The table that is imported into the new stack, and nothing else; then plan again for the rest.
    pub adopts: Option<FoundTable>,
    /// Where a table is imported: what becomes of the access settings of the stack that left it.
    pub earlier_access: Option<EarlierAccess>,
    /// The changes of resources.
    pub changes: Vec<ResourceChange>,
    /// The parameters that change.
    pub parameters: Vec<ParameterChange>,
    /// The stack's tags before and after, if they change.
    pub tags: Option<(BTreeMap<String, String>, BTreeMap<String, String>)>,
    /// The access that it broadens and narrows, filled by [`compare_access`](crate::stack::compare_access).
    pub access: Vec<AccessChange>,
    pub(in crate::stack) basis: Basis,
}

/// The access settings of the stack that left a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EarlierAccess {
    /// These parameters get its values again, those that aren't given and not the defaults.
    Restored(Vec<&'static str>),
    /// It can't be found: CloudFormation forgets a deleted stack after 90 days.
    Unknown,
}

/// The inputs of a plan, which its review compares.
#[derive(Debug, Default)]
pub(in crate::stack) struct Basis {
    pub(in crate::stack) template: &'static str,
    /// The stack's parameters; `None` if it is new.
    pub(in crate::stack) before: Option<BTreeMap<String, String>>,
    /// The new parameters, without those that keep the template's default.
    pub(in crate::stack) after: BTreeMap<String, String>,
}
