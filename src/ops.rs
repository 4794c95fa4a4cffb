//! What takes more than one call of a store, or a policy.

mod compare;
mod error;
mod overview;
mod past;
mod plan;
mod read;
mod readable;
mod wanted;
mod watch;

pub use compare::{Difference, compare};
pub use error::{OpsError, Result};
pub use overview::Overview;
pub use past::{entry_at, state_at};
pub use plan::{Outcome, Plan};
pub use readable::{Shown, readable_heads, readable_list, readable_snapshot};
pub use wanted::{Change, Wanted};
pub use watch::{Event, Standing, Start, Watch, section_now, watch, watch_heads};
