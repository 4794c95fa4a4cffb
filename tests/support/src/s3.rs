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

/// An answer: its status, and the code of the error that it tells, if it is one.
pub type Line = (u16, &'static str);

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
        let line = {
            let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
            stage.asked.push(request);
            stage.coming.pop()
        };
        let (status, code) = line.unwrap_or((400, "NotInTheScript"));
        if (status, code) == CUT {
            return;
        }
        let body = if code.is_empty() {
            String::new()
        } else {
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                 <Message>It says: {code} &amp; more</Message><RequestId>r</RequestId></Error>"
            )
        };
        let answer = Message {
            start: format!("HTTP/1.1 {status} Played"),
            headers: vec![("Content-Type".into(), "application/xml".into())],
            body: body.into_bytes(),
        };
        if answer.write(&mut &*connection).is_err() {
            return;
        }
    }
}
