//! `discfg serve` as a process, and clients of it that say byte for byte what they want.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use serde_json::Value;

use super::cli::{Outcome, PATIENCE, Place};
use super::http1::Message;
use super::running::Running;

/// The config that is served.
pub const SERVED: &str = "mycfg";

/// A place with a config of that name on the embedded engine, which holds `/db/url` = `hello`.
pub fn served_place() -> Place {
    let place = Place::new();
    place.args(["init", SERVED, "--local"]).run().code(0);
    place.args(["set", "db/url", "hello"]).run().code(0);
    place
}

/// A running server.
pub struct Server {
    running: Running,
    /// As it told it.
    pub url: String,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts `discfg serve` with these arguments beside `--listen` and `-f json`.
    #[track_caller]
    pub fn start(place: &Place, args: &[&str]) -> Self {
        Self::listening(place, "127.0.0.1:0", args)
    }

    /// The same at another address.
    #[track_caller]
    pub fn listening(place: &Place, listen: &str, args: &[&str]) -> Self {
        let all = [&["serve", "-f", "json", "--listen", listen][..], args].concat();
        let running = place.args(all).start();
        let told = running.json();
        assert_eq!(told["action"], "serve");
        let url = told["url"].as_str().expect("a URL").to_owned();
        let (_, address) = url.split_once("://").expect("a scheme");
        let address: SocketAddr = address.parse().expect("an address");
        assert_ne!(address.port(), 0);
        Self {
            running,
            url,
            address,
        }
    }

    /// A connection to it, whose reads don't wait for ever.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream
    }

    /// Sends exactly this, and then nothing more, and gives what comes back until the connection ends.
    pub fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        // It may have been cut before it was all sent, which the answer tells.
        let _ = stream.write_all(request.as_ref());
        let _ = stream.shutdown(Shutdown::Write);
        rest(&mut stream)
    }

    /// Sends exactly this and gives what comes back until the server ends the connection.
    pub fn until_it_closes(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_ref()).expect("it is taken");
        rest(&mut stream)
    }

    /// Asks for something on a connection of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Message {
        ask(
            self.connect(),
            &self.address.to_string(),
            method,
            path,
            headers,
            body,
        )
    }

    /// Asks with a token.
    pub fn with_token(&self, token: &str, method: &str, path: &str, body: &str) -> Message {
        self.ask(
            method,
            path,
            &[("Authorization", &format!("Bearer {token}"))],
            body,
        )
    }

    /// It still answers.
    #[track_caller]
    pub fn lives(&self) {
        assert_eq!(self.ask("GET", "/healthz", &[], "").status(), 200);
    }

    /// Waits for a line of its log that holds this.
    #[track_caller]
    pub fn says(&self, part: &str) -> String {
        self.running.says(part)
    }

    pub fn signal(&self, name: &str) {
        self.running.signal(name);
    }

    /// Waits for its end.
    #[track_caller]
    pub fn end(self) -> Outcome {
        self.running.end()
    }
}

/// Reads to the end of a connection, however it ends.
pub fn rest(stream: &mut impl Read) -> String {
    let (mut all, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(read) = stream.read(&mut piece) {
        if read == 0 {
            break;
        }
        all.extend_from_slice(&piece[..read]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Asks on this connection.
#[track_caller]
pub fn ask(
    mut stream: impl Read + Write,
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Message {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let request = Message {
        start: format!("{method} {path} HTTP/1.1"),
        headers: [("Host", host)].iter().chain(headers).map(own).collect(),
        body: body.into(),
    };
    request.write(&mut stream).expect("it is taken");
    Message::read_response(&mut BufReader::new(stream)).expect("an answer")
}

/// A problem's status and code.
#[track_caller]
pub fn problem(answer: &Message) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let problem: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(problem["status"], answer.status());
    (
        answer.status(),
        problem["code"].as_str().unwrap_or_default().to_owned(),
    )
}

/// Makes a token of that name.
pub fn new_token(place: &Place, file: &str, name: &str, opens: &[&str]) -> String {
    let all = [
        &["serve", "token", "new", "--file", file, "--name", name][..],
        opens,
    ]
    .concat();
    place.args(all).run().code(0).text().trim().to_owned()
}
