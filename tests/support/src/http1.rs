//! As much of HTTP/1.1 as the proxy and the signed requests need: whole messages, read and written blocking.

use std::fmt::Write as _;
use std::io::{self, BufRead, Read as _, Write};

/// A request or a response with its body in memory.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The request line or the status line.
    pub start: String,
    /// Names as they were sent.
    pub headers: Vec<(String, String)>,
    /// The body, freed of any chunking.
    pub body: Vec<u8>,
}

impl Message {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The status of a response.
    pub fn status(&self) -> u16 {
        let code = self.start.split(' ').nth(1).and_then(|code| code.parse().ok());
        code.unwrap_or_else(|| panic!("not a status line: {}", self.start))
    }

    /// Reads the next request; `None` where the other side has closed.
    pub fn read_request(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(mut message) = Self::read_head(from)? else {
            return Ok(None);
        };
        message.read_framed_body(from)?;
        Ok(Some(message))
    }

    /// Reads the response to that request: to a HEAD it has no body, whatever its headers say.
    pub fn read_response_to(request: &Self, from: &mut impl BufRead) -> io::Result<Self> {
        if request.start.starts_with("HEAD ") {
            return Self::read_head(from)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into());
        }
        Self::read_response(from)
    }

    /// Reads a response.
    pub fn read_response(from: &mut impl BufRead) -> io::Result<Self> {
        let mut message = Self::read_head(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if !message.read_framed_body(from)? && !matches!(message.status(), 204 | 304) {
            from.read_to_end(&mut message.body)?;
        }
        Ok(message)
    }

    /// Writes the message, framed by the length of its body.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut head = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            if !is_framing(name) {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        let _ = write!(head, "Content-Length: {}\r\n\r\n", self.body.len());
        // In one piece: a head without its body in a packet of its own meets delayed acknowledgements.
        to.write_all(&[head.as_bytes(), &self.body].concat())?;
        to.flush()
    }

    fn read_head(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut message = Self::default();
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end();
            if line.is_empty() {
                return Ok(Some(message));
            }
            if message.start.is_empty() {
                line.clone_into(&mut message.start);
            } else {
                let (name, value) = line.split_once(':').ok_or(io::ErrorKind::InvalidData)?;
                message.headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
    }

    /// Whether the headers said where the body ends; if so it has been read.
    fn read_framed_body(&mut self, from: &mut impl BufRead) -> io::Result<bool> {
        if self.header("Transfer-Encoding").is_some() {
            loop {
                let mut size = String::new();
                from.read_line(&mut size)?;
                let size = usize::from_str_radix(size.trim(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
                let mut chunk = vec![0; size + 2];
                from.read_exact(&mut chunk)?;
                if size == 0 {
                    return Ok(true);
                }
                self.body.extend_from_slice(&chunk[..size]);
            }
        }
        let Some(length) = self.header("Content-Length") else {
            return Ok(false);
        };
        let length = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        from.take(length).read_to_end(&mut self.body)?;
        if u64::try_from(self.body.len()).is_ok_and(|read| read < length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(true)
    }
}

fn is_framing(header: &str) -> bool {
    ["content-length", "transfer-encoding"]
        .iter()
        .any(|name| header.eq_ignore_ascii_case(name))
}
