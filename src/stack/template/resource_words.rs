//! The names for people of the resources of all templates.

use super::code_stack::CODE_RESOURCES;
use super::config_template::RESOURCES;
use super::grant::GRANT_RESOURCES;

/// The resources of every template, with their names for people.
fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    RESOURCES.into_iter().chain(GRANT_RESOURCES).chain(CODE_RESOURCES)
}

/// The position of a resource in its template, by which changes are sorted. Unknown resources come last.
pub(in crate::stack) fn template_position(logical_id: &str) -> usize {
    let mut known = known();
    known.position(|(id, _)| id == logical_id).unwrap_or(usize::MAX)
}

/// The name of a resource for people. One that no template has, such as one that an update removes, is named by its
/// type.
pub(in crate::stack) fn describe(logical_id: &str, resource_type: &str) -> String {
    let mut known = known();
    known
        .find(|(id, _)| *id == logical_id)
        .map_or_else(|| resource_type.to_owned(), |(_, words)| words.to_owned())
}
