use super::layout::{ParsedItems, parse_key};
use super::position::At;
use super::text::{text_of, utf8};
use super::{DataFormat, FormatError, Layout};
use crate::model::{Encoding, Key, Value};

const FORMAT: DataFormat = DataFormat::Csv;
const HEADER: [&str; 2] = ["key", "value"];

/// RFC 4180, except that lines end as they do on Unix.
pub(super) fn write(items: &[(Key, Value)], layout: &Layout) -> Result<Vec<u8>, FormatError> {
    let mut out = String::from("key,value\n");
    for (key, value) in items {
        // No key holds what must be quoted.
        out.push_str(layout.flat_name(key)?);
        out.push(',');
        let text = text_of(FORMAT, key, value)?;
        // Many readers trim what isn't quoted.
        let trimmed = text.trim() == text;
        if trimmed && !text.contains(['"', ',', '\r', '\n']) {
            out.push_str(text);
        } else {
            out.push('"');
            out.push_str(&text.replace('"', "\"\""));
            out.push('"');
        }
        out.push('\n');
    }
    Ok(out.into_bytes())
}

/// Reads rows of a key and a value, below a header that says so. As `set` does, an object or array is taken for
/// json, all else for text: csv knows no kinds.
pub(super) fn read(bytes: &[u8], layout: &Layout) -> Result<Vec<(Key, Value)>, FormatError> {
    let text = utf8(FORMAT, bytes)?;
    let mut rows = Rows { text, offset: 0 };
    match rows.next_row()? {
        Some((_, header)) if header == HEADER => {}
        header => {
            let at = header.map_or(At::Byte(text, 0), |(at, _)| at);
            return Err(FormatError::syntax(
                FORMAT,
                "expected the header line `key,value`",
                at,
            ));
        }
    }
    let mut found = ParsedItems::new();
    while let Some((at, fields)) = rows.next_row()? {
        let [name, value] = <[String; 2]>::try_from(fields).map_err(|fields| {
            let count = fields.len();
            FormatError::syntax(FORMAT, format!("expected 2 fields in the row, found {count}"), at)
        })?;
        if name.starts_with('/') {
            found.add_key(parse_key(&name, &name, at)?, value, Encoding::Detect, at)?;
        } else {
            found.add(&layout.prefix, &name, value, Encoding::Detect, at)?;
        }
    }
    Ok(found.into_items())
}

struct Rows<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Rows<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.offset..]
    }

    fn fault(&self, problem: &'static str) -> FormatError {
        FormatError::syntax(FORMAT, problem, At::Byte(self.text, self.offset))
    }

    fn next_row(&mut self) -> Result<Option<(At<'t>, Vec<String>)>, FormatError> {
        // An empty line is no row.
        while self.line_end() {}
        if self.rest().is_empty() {
            return Ok(None);
        }
        let at = At::Byte(self.text, self.offset);
        let mut fields = vec![self.field()?];
        loop {
            if self.rest().starts_with(',') {
                self.offset += 1;
                fields.push(self.field()?);
            } else if self.rest().is_empty() || self.line_end() {
                return Ok(Some((at, fields)));
            } else {
                return Err(self.fault("expected a comma or the end of the line"));
            }
        }
    }

    fn line_end(&mut self) -> bool {
        let rest = self.rest();
        let length = ["\r\n", "\n"]
            .iter()
            .find(|end| rest.starts_with(**end))
            .map_or(0, |end| end.len());
        self.offset += length;
        length > 0
    }

    fn field(&mut self) -> Result<String, FormatError> {
        let rest = self.rest();
        let Some(quoted) = rest.strip_prefix('"') else {
            let end = rest.find([',', '"', '\r', '\n']).unwrap_or(rest.len());
            self.offset += end;
            return match rest.as_bytes().get(end) {
                Some(b'"') => Err(self.fault("a field that contains a quote must be quoted")),
                Some(b'\r') if !self.rest().starts_with("\r\n") => {
                    Err(self.fault("a field that contains a carriage return must be quoted"))
                }
                _ => Ok(rest[..end].to_owned()),
            };
        };
        let mut field = String::new();
        let mut left = quoted;
        loop {
            let Some((part, after)) = left.split_once('"') else {
                return Err(self.fault("unclosed quote"));
            };
            field.push_str(part);
            left = after;
            match left.strip_prefix('"') {
                Some(after) => {
                    field.push('"');
                    left = after;
                }
                None => break,
            }
        }
        self.offset = self.text.len() - left.len();
        Ok(field)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{as_text, items, layout, relative, shown};
    use super::*;
    use proptest::prelude::*;

    fn back(csv: &str) -> Vec<String> {
        shown(&read(csv.as_bytes(), &layout("/db")).expect(csv))
    }

    fn refused(csv: &str) -> String {
        let error = read(csv.as_bytes(), &layout("/")).expect_err(csv);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        error.to_string()
    }

    #[test]
    fn what_must_be_is_quoted() {
        let given = items(&[
            ("/db/a", "text a,\"b\"\r\nc"),
            ("/db/b", "text "),
            ("/db/c", "text  x"),
            ("/db/d", "json 1.10"),
        ]);
        let written = write(&given, &layout("/")).expect("it can be written");
        let text = "key,value\n/db/a,\"a,\"\"b\"\"\r\nc\"\n/db/b,\n/db/c,\" x\"\n/db/d,1.10\n";
        assert_eq!(String::from_utf8_lossy(&written), text);
        assert_eq!(read(&written, &layout("/")), Ok(as_text(&given)));
        let written = write(&given, &relative("/db")).expect("it can be written");
        assert_eq!(String::from_utf8_lossy(&written), text.replace("/db/", ""));
        assert_eq!(read(&written, &layout("/db")), Ok(as_text(&given)));
    }

    #[test]
    fn what_is_read() {
        assert_eq!(
            back("\u{feff}key,value\r\n\r\na/b,\"{\"\"x\"\": 1}\"\r\n/c, y "),
            ["/db/a/b json {\"x\": 1}", "/c text  y "]
        );
        assert_eq!(back("\"key\",\"value\""), Vec::<String>::new());
    }

    #[test]
    fn what_is_refused_says_where() {
        let invalid = |at: &str, problem: &str| format!("invalid CSV at {at}: {problem}");
        assert_eq!(
            refused(""),
            invalid("line 1, column 1", "expected the header line `key,value`")
        );
        assert_eq!(
            refused("\na,hunter2"),
            invalid("line 2, column 1", "expected the header line `key,value`")
        );
        assert_eq!(
            refused("key,value\na,\"hunter2\n\n"),
            invalid("line 2, column 3", "unclosed quote")
        );
        assert_eq!(
            refused("key,value\na,\"x\"y"),
            invalid("line 2, column 6", "expected a comma or the end of the line")
        );
        assert_eq!(
            refused("key,value\na,x\"y"),
            invalid("line 2, column 4", "a field that contains a quote must be quoted")
        );
        assert_eq!(
            refused("key,value\na,x\ry"),
            invalid(
                "line 2, column 4",
                "a field that contains a carriage return must be quoted"
            )
        );
        assert_eq!(
            refused("key,value\na,b,c"),
            invalid("line 2, column 1", "expected 2 fields in the row, found 3")
        );
        assert_eq!(
            refused("key,value\na,hunter2\n/a,2"),
            "duplicate key /a: at line 2, column 1 and at line 3, column 1"
        );
        assert_eq!(
            refused("key,value\na b,1"),
            "cannot use \"a b\" as a key at line 2, column 1"
        );
    }

    proptest! {
        #[test]
        fn text_comes_back(text in any::<String>(), odd in "[ \\t\\r\\n\",;'a]{0,12}") {
            let values = [("/a", &text), ("/b", &odd)];
            let given = values.map(|(key, value)| items(&[(key, &format!("text {value}"))])).concat();
            let written = write(&given, &layout("/")).expect("it can be written");
            let read = read(&written, &layout("/")).expect("it can be read");
            prop_assert_eq!(
                read.iter().map(|(key, value)| (key, value.bytes())).collect::<Vec<_>>(),
                given.iter().map(|(key, value)| (key, value.bytes())).collect::<Vec<_>>()
            );
        }
    }
}
