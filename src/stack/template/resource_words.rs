//! The resources of all templates in plain words.

use super::code_stack::CODE_RESOURCES;
use super::config_template::RESOURCES;
use super::grant::GRANT_RESOURCES;

/// The resources of every template, with what they are in plain words.
fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    RESOURCES.into_iter().chain(GRANT_RESOURCES).chain(CODE_RESOURCES)
}

/// Where a resource stands in its template, by which changes are shown. One that no template has comes last.
pub(in crate::stack) fn template_position(logical_id: &str) -> usize {
    let mut known = known();
    known.position(|(id, _)| id == logical_id).unwrap_or(usize::MAX)
}

/// What a resource is in plain words. One that no template has, such as one that an update removes, is called by its
/// type.
pub(in crate::stack) fn describe(logical_id: &str, resource_type: &str) -> String {
    let mut known = known();
    known
        .find(|(id, _)| *id == logical_id)
        .map_or_else(|| resource_type.to_owned(), |(_, words)| words.to_owned())
}
