//! What a server answers before the API is asked: who may come in, and what no client may take more of.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use support::serving::{Server, new_token, rest, served_place};

use super::answers::Answers;

const KEY: &str = "/v1/mycfg/db/keys/url";

/// Asks a server, and keeps what it answers.
fn ask(
    answers: &mut Answers,
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) {
    answers.request(method, path, headers, body);
    answers.message(&server.ask(method, path, headers, body));
}

#[test]
fn tokens() {
    let place = served_place();
    let reader = new_token(&place, "tokens", "reader", &["--read", "web"]);
    let server = Server::start(&place, &["--token-file", "tokens"]);
    let mut answers = Answers::default();
    let bearer = format!("Bearer {reader}");
    let wrong = format!("Bearer {}", reader.to_uppercase());
    answers.about("No token, and none that is known");
    ask(&mut answers, &server, "GET", KEY, &[], "");
    ask(
        &mut answers,
        &server,
        "GET",
        KEY,
        &[("authorization", "Basic dXNlcjpwYXNz")],
        "",
    );
    let unknown = server.ask("GET", KEY, &[("authorization", &wrong)], "");
    answers.request("GET", KEY, &[("authorization", "Bearer (another)")], "");
    answers.message(&unknown);
    let twice = [("authorization", &*bearer), ("authorization", &*bearer)];
    ask(&mut answers, &server, "GET", KEY, &twice, "");
    answers.about("A token that doesn't open it");
    let known = [("authorization", &*bearer)];
    ask(&mut answers, &server, "GET", KEY, &known, "");
    ask(
        &mut answers,
        &server,
        "PUT",
        "/v1/mycfg/web/keys/url",
        &known,
        "x",
    );
    ask(&mut answers, &server, "GET", "/metrics", &known, "");
    answers.keep("tokens");
}

#[test]
fn hosts_and_sizes() {
    let place = served_place();
    let limits = [
        "--max-headers",
        "20",
        "--max-header-bytes",
        "2048",
        "--max-body",
        "2048",
    ];
    let server = Server::start(&place, &limits);
    let mut answers = Answers::default();
    let raw = |answers: &mut Answers, told: &[(&str, &str)], request: &str| {
        answers.request("GET", KEY, told, "");
        answers.raw(&server.until_it_closes(request));
    };
    answers.about("Names that aren't the server's");
    raw(
        &mut answers,
        &[("host", "config.example.com")],
        &format!("GET {KEY} HTTP/1.1\r\nHost: config.example.com\r\nConnection: close\r\n\r\n"),
    );
    raw(
        &mut answers,
        &[],
        &format!("GET {KEY} HTTP/1.1\r\nConnection: close\r\n\r\n"),
    );
    ask(
        &mut answers,
        &server,
        "GET",
        KEY,
        &[("origin", "https://page.example.com")],
        "",
    );
    answers.about("What is too large");
    let many: Vec<String> = (0..20).map(|at| format!("x-{at}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "v")).collect();
    answers.request("GET", KEY, &[("x-0", "v"), ("…", "v"), ("x-19", "v")], "");
    answers.message(&server.ask("GET", KEY, &many, ""));
    ask(&mut answers, &server, "GET", KEY, &[("x", &"v".repeat(2048))], "");
    ask(&mut answers, &server, "PUT", KEY, &[], &"v".repeat(2049));
    answers.about("What is no HTTP, and a body that ends too early");
    answers.request("nonsense", "", &[], "");
    answers.raw(&server.raw("nonsense\r\n\r\n"));
    let cut = format!(
        "PUT {KEY} HTTP/1.1\r\nHost: {}\r\nContent-Length: 10\r\n\r\nhalf",
        server.address
    );
    answers.request("PUT", KEY, &[("content-length", "10")], "half");
    answers.raw(&server.raw(cut));
    answers.keep("servers");
}

/// Asks until the server is busy with a write that waits. Where a question comes before the write, it is the write that is
/// refused, so another one is sent each time.
fn until_busy(answers: &mut Answers, server: &Server, method: &str, path: &str, body: &str) {
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut writing = Vec::new();
    loop {
        writing.push(begin(server, "last"));
        let answer = server.ask(method, path, &[], body);
        if String::from_utf8_lossy(&answer.body).contains("\"busy\"") {
            answers.request(method, path, &[], body);
            answers.message(&answer);
            return;
        }
        assert!(Instant::now() < deadline, "it never becomes busy");
    }
}

#[test]
fn busy_servers() {
    let mut answers = Answers::default();
    let place = served_place();

    answers.about("As many connections as may be");
    let server = Server::start(&place, &["--max-connections", "1"]);
    let held = server.connect();
    let first = support::serving::ask(&held, &server.address.to_string(), "GET", "/healthz", &[], "");
    assert_eq!(first.status(), 200);
    answers.raw(&rest(&mut server.connect()));
    drop(held);

    answers.about("As many requests that wait");
    let server = Server::start(&place, &["--max-streams", "1", "--max-requests", "1"]);
    let mut streaming = server.connect();
    let stream = format!(
        "GET /v1/mycfg/db/changes HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
        server.address
    );
    streaming.write_all(stream.as_bytes()).expect("it is taken");
    streaming.read_exact(&mut [0; 15]).expect("it begins");
    ask(
        &mut answers,
        &server,
        "GET",
        "/v1/mycfg/db/heads?after=1&wait=20s",
        &[],
        "",
    );

    answers.about("As many requests as are worked on");
    let file = place.home().join("data/discfg/mycfg.db");
    let other = rusqlite::Connection::open(file).expect("SQLite opens it");
    other
        .execute_batch("BEGIN IMMEDIATE")
        .expect("nobody else writes");
    until_busy(&mut answers, &server, "GET", KEY, "");
    other.execute_batch("ROLLBACK").expect("it is over");
    answers.keep("busy");
}

/// Sends a request whose answer is not waited for.
fn begin(server: &Server, body: &str) -> TcpStream {
    let mut begun = server.connect();
    let request = format!(
        "PUT {KEY} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{body}",
        server.address,
        body.len()
    );
    begun.write_all(request.as_bytes()).expect("it is taken");
    begun
}
