//! A config's HTTP API: the function's code as a zip file, and requests to the API that owe nothing to the code under test.

use std::fs;
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use rawzip::ZipArchiveWriter;
use serde_json::Value;

use super::account::{Account, signature, xml_text};
use super::cli::Place;
use super::http1::Message;

const PATIENCE: Duration = Duration::from_mins(1);

/// The function as the workspace builds it.
pub fn function() -> &'static [u8] {
    static FUNCTION: OnceLock<Vec<u8>> = OnceLock::new();
    FUNCTION.get_or_init(|| built("bootstrap", "cargo build --package discfg-lambda"))
}

/// A program that serves in the function's place, where it matters that it is deployed and not what it answers.
pub fn stub() -> &'static [u8] {
    static STUB: OnceLock<Vec<u8>> = OnceLock::new();
    STUB.get_or_init(|| {
        built(
            "examples/stub_function",
            "cargo build --package discfg-test-support --examples",
        )
    })
}

/// A program that `cargo test --workspace` builds beside the tests.
fn built(name: &str, how: &str) -> Vec<u8> {
    let test = std::env::current_exe().expect("this test is a file");
    let debug = test
        .ancestors()
        .nth(2)
        .expect("it lies in deps of a profile's folder");
    let program = debug.join(name);
    fs::read(&program).unwrap_or_else(|error| {
        panic!(
            "{}: {error}: `cargo test --workspace` builds it, and so does `{how}`",
            program.display()
        )
    })
}

/// Writes a zip file with that program as `bootstrap`. Another note makes it another file.
pub fn zip(place: &Place, name: &str, program: &[u8], note: &str) -> PathBuf {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (name, content, mode) in [("bootstrap", program, 0o755), ("note", note.as_bytes(), 0o644)] {
        let file = archive.new_file(name).unix_permissions(mode);
        let (mut entry, config) = file.start().expect("a new entry");
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content).expect("memory");
        let (_, descriptor) = writer.finish().expect("a whole entry");
        entry.finish(descriptor).expect("memory");
    }
    place.write(name, archive.finish().expect("memory"))
}

/// Deploys a config with an API whose function is that program, as an administrator, and gives the API's id.
pub fn deployed(admin: &Place, program: &[u8]) -> String {
    let code = zip(admin, "front.zip", program, "first");
    let code = format!("--code={}", code.display());
    let made = admin
        .args(["init", "payments", "--yes", "-f", "json", "--api", &code])
        .run();
    let made = made.code(0).json();
    assert_eq!(made["result"], "created", "{made}");
    made["outputs"]["ApiId"]
        .as_str()
        .expect("the API has an id")
        .to_owned()
}

/// What an API answers.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Account {
    /// The credentials of that role, assumed by `who`.
    pub fn assume(&self, who: &Credentials, role: &str) -> Credentials {
        self.assume_with(who, role, &[])
    }

    /// The same, with more parameters of the request.
    pub fn assume_with(&self, who: &Credentials, role: &str, more: &[(&str, &str)]) -> Credentials {
        let mut parameters = vec![("RoleArn", role), ("RoleSessionName", "tester")];
        parameters.extend(more);
        let xml = self
            .query(who, "sts", "2011-06-15", "AssumeRole", &parameters)
            .unwrap_or_else(|refusal| panic!("{role}: {refusal:?}"));
        let text = |element| xml_text(&xml, element).to_owned();
        let token = Some(text("SessionToken"));
        Credentials::new(text("AccessKeyId"), text("SecretAccessKey"), token, None, "test")
    }

    /// Where the API of that id is in the emulator: it answers there as at its own host.
    pub fn api_url(&self, id: &str) -> String {
        format!("{}/_aws/execute-api/{id}/$default", self.url())
    }

    /// Calls the API of that id, with `who`'s signature if anyone is given. `call` is a method and a path, `body` a text.
    pub fn call(&self, id: &str, who: Option<&Credentials>, call: &str, body: &str) -> Answer {
        self.call_with(id, who, call, ("text/plain", body))
    }

    /// The same with a body of JSON.
    pub fn call_json(&self, id: &str, who: &Credentials, call: &str, body: &Value) -> Answer {
        self.call_with(id, Some(who), call, ("application/json", &body.to_string()))
    }

    fn call_with(&self, id: &str, who: Option<&Credentials>, call: &str, body: (&str, &str)) -> Answer {
        let (method, path) = call.split_once(' ').expect("a method and a path");
        let url = format!("{}{path}", self.api_url(id));
        let (content_type, body) = body;
        let headers = if body.is_empty() {
            Vec::new()
        } else {
            vec![("Content-Type".to_owned(), content_type.to_owned())]
        };
        let signed = who.map(|who| (who, "execute-api"));
        sent(signed, method, &url, headers, body)
    }

    /// Does a call of Lambda's own API as root.
    pub fn lambda(&self, method: &str, path: &str) -> Answer {
        let url = format!("{}{path}", self.url());
        sent(Some((&self.root(), "lambda")), method, &url, Vec::new(), "")
    }
}

fn sent(
    signed: Option<(&Credentials, &str)>,
    method: &str,
    url: &str,
    mut headers: Vec<(String, String)>,
    body: &str,
) -> Answer {
    let (host, target) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .expect("a host and a path");
    headers.insert(0, ("Host".to_owned(), host.to_owned()));
    if let Some((who, service)) = signed {
        headers.extend(signature(who, service, method, url, &headers, body.as_bytes()));
    }
    let request = Message {
        start: format!("{method} /{target} HTTP/1.1"),
        headers,
        body: body.as_bytes().to_vec(),
    };
    let mut stream = TcpStream::connect(host).expect("the emulator listens");
    let timeout = stream.set_read_timeout(Some(PATIENCE));
    timeout.expect("a timeout above zero");
    request.write(&mut stream).expect("the emulator reads");
    let answer = Message::read_response(&mut BufReader::new(stream)).expect("the emulator answers");
    Answer {
        status: answer.status(),
        body: String::from_utf8_lossy(&answer.body).into_owned(),
    }
}
