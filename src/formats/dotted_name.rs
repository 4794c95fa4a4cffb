use std::collections::HashMap;

use super::{DataFormat, FormatError, Layout};
use crate::model::{Key, Value};

/// Names each key by its path below the prefix, with `.` for `/`: none twice.
pub(super) fn dotted_names(
    format: DataFormat,
    items: &[(Key, Value)],
    layout: &Layout,
) -> Result<Vec<String>, FormatError> {
    let mut taken: HashMap<String, &Key> = HashMap::new();
    items
        .iter()
        .map(|(key, _)| {
            let name = layout.relative_name(key)?.replace('/', ".");
            match taken.insert(name.clone(), key) {
                Some(first) if first != key => Err(FormatError::Collision {
                    format,
                    name,
                    first: first.clone(),
                    second: key.clone(),
                }),
                _ => Ok(name),
            }
        })
        .collect()
}

/// The path that a name is: `.` parts segments.
pub(super) fn path_of(name: &str) -> String {
    name.replace('.', "/")
}
