//! What a request says.

#[path = "../../../src/http/request/cursor.rs"]
pub(super) mod cursor;
#[path = "../../../src/http/request/header.rs"]
pub(super) mod header;
#[path = "../../../src/http/request/path.rs"]
pub(super) mod path;
#[path = "../../../src/http/request/precondition.rs"]
pub(super) mod precondition;
#[path = "../../../src/http/request/query.rs"]
pub(super) mod query;
