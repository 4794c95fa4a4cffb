//! Code for a function, and an S3 that gives the answers of a script and keeps what it was asked: the emulator doesn't
//! know whose a bucket is.

use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use discfg::stack::FunctionCode;
use rawzip::ZipArchiveWriter;

use super::http1::Message;

/// A zip file with the beginning of a program for `x86_64`, which differs by `tail`.
pub fn zipped(tail: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut program = vec![0; 64];
    program[..6].copy_from_slice(b"\x7fELF\x02\x01");
    program[16] = 3;
    program[18] = 0x3e;
    program.extend_from_slice(tail.as_bytes());
    let mut archive = ZipArchiveWriter::new(Vec::new());
    let file = archive.new_file("bootstrap").unix_permissions(0o755);
    let (mut entry, config) = file.start().expect("a new entry");
    let mut writer = config.wrap(&mut entry);
    writer.write_all(&program).expect("memory");
    let (_, descriptor) = writer.finish().expect("a whole entry");
    entry.finish(descriptor).expect("memory");
    archive.finish().expect("memory")
}

/// The same, as code.
pub fn code(tail: &str) -> FunctionCode {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("code.zip");
    std::fs::write(&path, zipped(tail)).expect("a file");
    FunctionCode::read(&path).expect("it can be run")
}

/// An answer: its status, and the code of the error that it tells, if it is one. A success tells of the code `a`, of
/// version `v1`.
pub type Line = (u16, &'static str);

/// Other content is under the name of the code.
pub const POISONED: Line = (200, "Poisoned");

/// What is there came without a SHA-256.
pub const UNSUMMED: Line = (200, "Unsummed");

/// What is there came in parts, and has a SHA-256 of theirs.
pub const COMPOSITE: Line = (200, "Composite");

/// The bucket never had versions.
pub const UNVERSIONED: Line = (200, "Unversioned");

/// What is there came while the bucket kept no versions.
pub const SUSPENDED: Line = (200, "Suspended");

/// The connection ends without an answer.
pub const CUT: Line = (0, "");

#[derive(Default)]
struct Stage {
    coming: Vec<Line>,
    asked: Vec<Message>,
}

/// The server.
pub struct ScriptedS3 {
    url: String,
    stage: Arc<Mutex<Stage>>,
}

impl ScriptedS3 {
    /// Gives these answers, one after the other.
    pub fn play(lines: &[Line]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stage = Arc::new(Mutex::new(Stage {
            coming: lines.iter().rev().copied().collect(),
            asked: Vec::new(),
        }));
        let served = Arc::clone(&stage);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let stage = Arc::clone(&served);
                thread::spawn(move || serve(&connection, &stage));
            }
        });
        Self { url, stage }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The requests, when all answers were given.
    pub fn finish(&self) -> Vec<Message> {
        let stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(stage.coming.is_empty(), "never asked for: {:?}", stage.coming);
        stage.asked.clone()
    }
}

fn serve(connection: &TcpStream, stage: &Mutex<Stage>) {
    let mut from = BufReader::new(connection);
    while let Ok(Some(request)) = Message::read_request(&mut from) {
        let is_head;
        let line = {
            let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
            is_head = request.start.starts_with("HEAD ");
            stage.asked.push(request);
            stage.coming.pop()
        };
        let (status, code) = line.unwrap_or((400, "NotInTheScript"));
        if (status, code) == CUT {
            return;
        }
        let is_success = (200..300).contains(&status);
        let body = if code.is_empty() || is_success || is_head {
            String::new()
        } else {
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                 <Message>It says: {code} &amp; more</Message><RequestId>r</RequestId></Error>"
            )
        };
        let mut headers = vec![("Content-Type".to_owned(), "application/xml".to_owned())];
        if is_success {
            headers.extend(facts((status, code)));
        }
        let answer = Message {
            start: format!("HTTP/1.1 {status} Played"),
            headers,
            body: body.into_bytes(),
        };
        if answer.write(&mut &*connection).is_err() {
            return;
        }
    }
}

/// What the headers of a success say of the object.
fn facts(line: Line) -> Vec<(String, String)> {
    let checksum = |tail: &str| aws_smithy_types::base64::encode(code(tail).sha256());
    let checksum = match line {
        UNSUMMED => None,
        POISONED => Some(checksum("poison")),
        COMPOSITE => Some(checksum("a") + "-1"),
        _ => Some(checksum("a")),
    };
    let version = match line {
        UNVERSIONED => None,
        SUSPENDED => Some("null".to_owned()),
        _ => Some("v1".to_owned()),
    };
    let facts = [("x-amz-checksum-sha256", checksum), ("x-amz-version-id", version)];
    let told = |(name, value): (&str, Option<String>)| Some((name.to_owned(), value?));
    facts.into_iter().filter_map(told).collect()
}
