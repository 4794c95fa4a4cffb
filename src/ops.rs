//! What takes more than one call of a store, or a policy.

mod compare;
mod desired;
mod error;
mod history;
mod overview;
mod past_state;
mod plan;
mod problem_code;
mod purge;
mod read;
mod readable_parts;
mod search;
mod section_part;
mod watch;

pub use compare::{ValueDifference, compare};
pub use desired::{DesiredValue, KeyChange};
pub use error::{OpsError, OpsResult};
pub use history::{HistoryFilter, HistoryItem, commit_lines, config_history};
pub use overview::Overview;
pub use past_state::{entry_at, state_at};
pub use plan::{Plan, PlanOutcome};
pub use problem_code::{problem_code_of_kind, problem_code_of_store};
pub use purge::planned_purge;
pub use readable_parts::{ReadableItem, readable_heads, readable_list, readable_snapshot};
pub use search::{Matcher, SearchItem, SearchMatch, SearchedValues, search};
pub use section_part::{find_section_part, section_part_snapshot};
pub use watch::{Event, HeadNews, Start, Watch, section_now, watch, watch_heads};
