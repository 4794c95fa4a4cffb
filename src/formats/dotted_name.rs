use std::collections::HashMap;

use super::{DataFormat, FormatError, Layout};
use crate::model::{Key, Value};

/// A key's path below the prefix, with `.` for `/`.
pub(super) fn dotted_name(key: &Key, layout: &Layout) -> Result<String, FormatError> {
    Ok(layout.relative_name(key)?.replace('/', "."))
}

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
            let name = dotted_name(key, layout)?;
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
