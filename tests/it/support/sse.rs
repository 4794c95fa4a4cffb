//! A client of server-sent events, as the standard (WHATWG HTML, 9.2) has it: what it resumes after is the id that came
//! last, with an event or without.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures::StreamExt as _;
use serde_json::Value;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub(crate) name: String,
    pub(crate) data: Value,
}

pub(crate) struct Events {
    body: BodyDataStream,
    text: String,
    /// What it would send as `Last-Event-ID`.
    pub(crate) last_id: Option<String>,
}

impl Events {
    pub(crate) fn of(body: Body) -> Self {
        Self {
            body: body.into_data_stream(),
            text: String::new(),
            last_id: None,
        }
    }

    /// The next event, for which this waits; none at the stream's end.
    pub(crate) async fn next(&mut self) -> Option<Sent> {
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
    pub(crate) async fn begun(mut self) -> Self {
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
