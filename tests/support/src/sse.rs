//! A client of server-sent events, as the standard (WHATWG HTML, 9.2) has it: what it resumes after is the id that came
//! last, with an event or without.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures::StreamExt as _;
use futures::stream::unfold;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    pub name: String,
    pub data: Value,
}

pub struct Events {
    body: BodyDataStream,
    text: String,
    /// What it would send as `Last-Event-ID`.
    pub last_id: Option<String>,
}

impl Events {
    pub fn of(body: Body) -> Self {
        Self {
            body: body.into_data_stream(),
            text: String::new(),
            last_id: None,
        }
    }

    /// The stream of a server that is a process of its own, from its beginning or after an id.
    pub async fn from(server: SocketAddr, path: &str, last_id: Option<&str>) -> Self {
        let last_id = last_id.map(|id| format!("Last-Event-ID: {id}\r\n"));
        // In HTTP/1.0 a body has no chunks, and ends with its connection.
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: {server}\r\nAccept: text/event-stream\r\n{}\r\n",
            last_id.unwrap_or_default()
        );
        let mut stream = TcpStream::connect(server).await.expect("it listens");
        stream.write_all(request.as_bytes()).await.expect("it is taken");
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = timeout(PATIENCE, stream.read_line(&mut head)).await;
            assert!(read.expect("a head").expect("a head") > 0, "{head}");
        }
        assert_eq!(head.split(' ').nth(1), Some("200"), "{head}");
        let pieces = unfold(stream, async |mut stream| {
            let mut piece = Vec::new();
            let read = stream.read_buf(&mut piece).await;
            let piece = read.map(|_| piece);
            (!piece.as_ref().is_ok_and(Vec::is_empty)).then_some((piece, stream))
        });
        Self::of(Body::from_stream(pieces)).begun().await
    }

    /// The next event, for which this waits; none at the stream's end.
    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(sent) = self.take(&block) {
                    return Some(sent);
                }
            }
            let chunk = timeout(PATIENCE, self.body.next());
            let Some(chunk) = chunk.await.expect("something comes") else {
                assert_eq!(self.text, "", "the stream ended within an event");
                return None;
            };
            let chunk = chunk.expect("the stream doesn't break");
            self.text
                .push_str(std::str::from_utf8(&chunk).expect("whole characters"));
        }
    }

    /// Reads up to where a client can resume, which is at the beginning of every stream.
    pub async fn begun(mut self) -> Self {
        while self.last_id.is_none() {
            let chunk = timeout(PATIENCE, self.body.next()).await.expect("it begins");
            let chunk = chunk.expect("it goes on").expect("the stream doesn't break");
            self.text
                .push_str(std::str::from_utf8(&chunk).expect("whole characters"));
            let (block, rest) = self.text.split_once("\n\n").expect("a whole block");
            let (block, rest) = (block.to_owned(), rest.to_owned());
            self.text = rest;
            assert_eq!(self.take(&block), None, "the beginning is no event");
        }
        self
    }

    fn take(&mut self, block: &str) -> Option<Sent> {
        let (mut name, mut data) = ("message".to_owned(), None);
        for line in block.lines() {
            match line.split_once(": ").unwrap_or((line, "")) {
                ("event", text) => text.clone_into(&mut name),
                ("id", text) => self.last_id = Some(text.to_owned()),
                ("data", text) => data = Some(text.to_owned()),
                (":", _) => {}
                other => panic!("{other:?} is no field"),
            }
        }
        let data = serde_json::from_str(&data?).expect("JSON");
        Some(Sent { name, data })
    }
}
