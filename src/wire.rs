//! The JSON shapes of discfg: for `-f json`, for HTTP bodies and for the HTTP engine.

mod api_answer;
mod change_line;
mod command_answer;
mod commit;
mod node;
mod problem;
mod problem_code;
#[cfg(feature = "cli")]
pub(crate) mod result;
#[cfg(feature = "http")]
mod schema;
mod section;
mod stored;

pub use api_answer::{
    ChangesAnswer, CommitAnswer, HeadsAnswer, KeyHistoryAnswer, KeySubject, ListPage, LogLine, PlainKey,
    PurgeAnswer, SnapshotResponse, StateAnswer, StoredKeyAnswer, WrappedKey,
};
pub use change_line::ChangeLine;
pub use command_answer::{
    DeniedPart, DiffAnswer, ExecAnswer, FindAnswer, FoundNode, HistoryAnswer, InfoAnswer, KeyAnswer,
    KeysAnswer, ListAnswer, PlanAnswer, PlannedChange, PlannedVariable, RenamedKey, SectionInfo,
    SectionRevision, ShownValue,
};
pub use commit::{ChangeName, ChangeSpec, CommitRequest, GuardName, GuardSpec, ValueNotation};
pub use node::{AnyNode, EntryNode};
pub use problem::{ActionLimit, ByteLimit, Problem, ProblemLayout, ProblemLimit};
pub use problem_code::ProblemCode;
pub use section::SectionHead;
pub use stored::{ShapeError, StoredChange, StoredNode};
