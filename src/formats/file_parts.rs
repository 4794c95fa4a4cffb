use std::collections::HashMap;

use super::dotted_name::dotted_name;
use super::{DataFormat, EnvName, EnvNameError, FormatError, Layout, write};
use crate::model::{Key, Value};

/// Writes a file a part at a time, so that not all of its values need be held at once: only its names are.
pub struct FileParts<'l> {
    format: DataFormat,
    layout: &'l Layout,
    named: HashMap<String, Key>,
    begun: bool,
}

impl<'l> FileParts<'l> {
    /// A file in parts; none for a format, or a layout, that needs all of it at once.
    pub fn new(format: DataFormat, layout: &'l Layout) -> Option<Self> {
        let in_parts = match format {
            DataFormat::Json => !layout.nested,
            DataFormat::Csv
            | DataFormat::Dotenv
            | DataFormat::DockerEnv
            | DataFormat::Tfvars
            | DataFormat::Properties
            | DataFormat::Shell
            | DataFormat::Fish
            | DataFormat::GithubEnv => true,
            DataFormat::Yaml | DataFormat::K8sSecret | DataFormat::K8sConfigmap => false,
        };
        in_parts.then(|| Self {
            format,
            layout,
            named: HashMap::new(),
            begun: false,
        })
    }

    /// The next part: these keys and values, which come after those before in the order of keys. Fails as
    /// [`write`](super::write) does.
    pub fn next(&mut self, items: &[(Key, Value)]) -> Result<Vec<u8>, FormatError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        self.take_names(items)?;
        let whole = write(self.format, items, self.layout)?;
        let first = !std::mem::replace(&mut self.begun, true);
        Ok(match self.format {
            // Each part is an object of its own: between two, `}` and `{` become a comma.
            DataFormat::Json => {
                let members = whole.strip_prefix(b"{\n").unwrap_or(&whole);
                let members = members.strip_suffix(b"\n}\n").unwrap_or(members);
                [if first { &b"{\n"[..] } else { b",\n" }, members].concat()
            }
            DataFormat::Csv if !first => match whole.iter().position(|byte| *byte == b'\n') {
                Some(header) => whole[header + 1..].to_vec(),
                None => whole,
            },
            _ => whole,
        })
    }

    /// What comes after the last part.
    pub fn end(self) -> Result<Vec<u8>, FormatError> {
        match self.format {
            _ if !self.begun => write(self.format, &[], self.layout),
            DataFormat::Json => Ok(b"\n}\n".to_vec()),
            _ => Ok(Vec::new()),
        }
    }

    /// Within one part `write` finds two keys of one name; across parts only this, which has seen them all, does.
    fn take_names(&mut self, items: &[(Key, Value)]) -> Result<(), FormatError> {
        for (key, _) in items {
            let (format, second) = (self.format, key.clone());
            match format {
                DataFormat::Json | DataFormat::Csv => {}
                DataFormat::Properties => {
                    let name = dotted_name(key, self.layout)?;
                    if let Some(first) = self.named.insert(name.clone(), key.clone()) {
                        return Err(FormatError::Collision {
                            format,
                            name,
                            first,
                            second,
                        });
                    }
                }
                _ => {
                    let name = EnvName::of(key, &self.layout.prefix)?;
                    if let Some(first) = self.named.insert(name.to_string(), key.clone()) {
                        return Err(EnvNameError::Collision { name, first, second }.into());
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Encoding, Prefix};

    const IN_PARTS: [DataFormat; 9] = [
        DataFormat::Json,
        DataFormat::Csv,
        DataFormat::Dotenv,
        DataFormat::DockerEnv,
        DataFormat::Tfvars,
        DataFormat::Properties,
        DataFormat::Shell,
        DataFormat::Fish,
        DataFormat::GithubEnv,
    ];

    fn layout() -> Layout {
        Layout {
            prefix: Prefix::all(),
            relative: false,
            nested: false,
            flat: false,
            name: "mycfg".into(),
        }
    }

    fn items(names: &[String]) -> Vec<(Key, Value)> {
        names
            .iter()
            .map(|name| {
                let value = Value::new(format!("value of {name}"), Encoding::Detect).expect("a value");
                (name.parse().expect("a key"), value)
            })
            .collect()
    }

    #[test]
    fn parts_are_together_what_is_written_at_once() {
        let layout = layout();
        for count in [0, 1, 2, 7, 10] {
            let items = items(&(0..count).map(|n| format!("/db/k{n}")).collect::<Vec<_>>());
            for format in IN_PARTS {
                let mut parts = FileParts::new(format, &layout).expect("it comes in parts");
                let mut out = Vec::new();
                for part in items.chunks(3) {
                    out.extend(parts.next(part).expect("it can be written"));
                }
                out.extend(parts.end().expect("it ends"));
                let whole = write(format, &items, &layout).expect("it can be written");
                assert_eq!(
                    String::from_utf8_lossy(&out),
                    String::from_utf8_lossy(&whole),
                    "{format} of {count}"
                );
            }
        }
    }

    #[test]
    fn two_keys_of_one_name_are_found_across_parts() {
        let layout = layout();
        for (format, names) in [
            (DataFormat::Shell, ["/db/a-b", "/db/a.b"]),
            (DataFormat::Properties, ["/db.a", "/db/a"]),
        ] {
            let items = items(&names.map(str::to_owned));
            let mut parts = FileParts::new(format, &layout).expect("it comes in parts");
            parts.next(&items[..1]).expect("one key");
            let error = parts.next(&items[1..]).expect_err("the same name again");
            let said = error.to_string();
            assert!(names.iter().all(|name| said.contains(name)), "{said}");
        }
    }
}
