use maud::{Markup, html};

use crate::console::error::explain;
use crate::console::text::data;
use crate::stack::access::AccessError;

/// Why there is no answer.
pub(super) fn problem(error: &AccessError) -> Markup {
    html! { p.notice.bad role="alert" { "Cannot evaluate access: " (data(&explain(error))) } }
}
