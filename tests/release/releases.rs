//! A file server with releases, which can fail in the ways of file servers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use sha2::{Digest as _, Sha256};

use support::http1::Message;

use super::archive::{Archive, TARGETS, program, top};

/// What the server has under a path.
#[derive(Clone)]
pub(crate) enum Answer {
    File(Vec<u8>),
    Status(u16),
    /// To this URL.
    Redirect(String),
    /// The half of a file, and then the connection ends.
    Half(Vec<u8>),
    /// The half of a file, and then nothing until the test lets the connection end.
    Stalled(Vec<u8>),
}

struct Stage {
    answers: BTreeMap<String, Answer>,
    requests: Vec<String>,
}

/// The server.
pub(crate) struct Releases {
    url: String,
    stage: Arc<Mutex<Stage>>,
    stalled: Receiver<Sender<()>>,
}

impl Releases {
    /// Serves these versions, oldest first, for all platforms.
    pub(crate) fn of(versions: &[&str]) -> Self {
        let releases = Self::empty();
        for version in versions {
            releases.publish(version, &program(version));
        }
        releases
    }

    pub(crate) fn empty() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let stage = Arc::new(Mutex::new(Stage {
            answers: BTreeMap::new(),
            requests: Vec::new(),
        }));
        let served = Arc::clone(&stage);
        let (tell, stalled) = channel();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (stage, tell) = (Arc::clone(&served), tell.clone());
                thread::spawn(move || serve(&connection, &stage, &tell));
            }
        });
        Self { url, stage, stalled }
    }

    /// What `DISCFG_RELEASES_URL` is set to.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Adds a version with that program for all platforms, as the latest.
    pub(crate) fn publish(&self, version: &str, program: &str) {
        let archives = TARGETS.map(|target| (target, Archive::of(version, target, program).gz()));
        let mut sums = String::new();
        for (target, archive) in &archives {
            let name = top(version, target) + ".tar.gz";
            let _ = writeln!(sums, "{}  {name}", sum_of(archive));
            self.put(
                &format!("/download/v{version}/{name}"),
                Answer::File(archive.clone()),
            );
        }
        for other in [format!("discfg_{version}-1_amd64.deb"), "install.sh".to_owned()] {
            let _ = writeln!(sums, "{}  {other}", sum_of(b""));
        }
        self.put(
            &format!("/download/v{version}/SHA256SUMS"),
            Answer::File(sums.clone().into_bytes()),
        );
        self.put("/latest/download/SHA256SUMS", Answer::File(sums.into_bytes()));
    }

    /// Replaces the archive of a version for a platform, and the checksums by one of it.
    pub(crate) fn replace(&self, version: &str, target: &str, archive: Vec<u8>) {
        let name = top(version, target) + ".tar.gz";
        let sums = format!("{}  {name}\n", sum_of(&archive));
        self.put(
            &format!("/download/v{version}/SHA256SUMS"),
            Answer::File(sums.into_bytes()),
        );
        self.put(&format!("/download/v{version}/{name}"), Answer::File(archive));
    }

    pub(crate) fn put(&self, path: &str, answer: Answer) {
        lock(&self.stage).answers.insert(path.to_owned(), answer);
    }

    /// What is under a path.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        match lock(&self.stage).answers.get(path) {
            Some(Answer::File(bytes)) => bytes.clone(),
            _ => panic!("{path} is not a file of the releases"),
        }
    }

    /// The paths of the requests since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.stage).requests)
    }

    /// Waits until a download has stalled. It ends when the result is dropped.
    pub(crate) fn stalled(&self) -> Sender<()> {
        self.stalled.recv().expect("the server runs as long as the test")
    }
}

pub(crate) fn sum_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn lock(stage: &Mutex<Stage>) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(connection: &TcpStream, stage: &Mutex<Stage>, tell: &Sender<Sender<()>>) {
    let mut from = BufReader::new(connection);
    while let Ok(Some(request)) = Message::read_request(&mut from) {
        let path = request.start.split(' ').nth(1).unwrap_or_default().to_owned();
        let answer = {
            let mut stage = lock(stage);
            stage.requests.push(path.clone());
            stage.answers.get(&path).cloned().unwrap_or(Answer::Status(404))
        };
        let mut headers = Vec::new();
        let (status, body) = match answer {
            Answer::File(body) => (200, body),
            Answer::Status(status) => (status, b"<html>no file</html>".to_vec()),
            Answer::Redirect(url) => {
                headers.push(("Location".to_owned(), url));
                (302, Vec::new())
            }
            Answer::Half(body) => return send_half(connection, &body),
            Answer::Stalled(body) => {
                send_half(connection, &body);
                let (release, released) = channel();
                let _ = tell.send(release);
                let _ = released.recv();
                return;
            }
        };
        let answer = Message {
            start: format!("HTTP/1.1 {status} Played"),
            headers,
            body,
        };
        if answer.write(&mut &*connection).is_err() {
            return;
        }
    }
}

fn send_half(mut connection: &TcpStream, body: &[u8]) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let _ = connection.write_all(head.as_bytes());
    let _ = connection.write_all(&body[..body.len() / 2]);
}
