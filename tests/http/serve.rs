//! `discfg serve`: what it serves, what it refuses to begin with, its log, and how it stops.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpListener;

use serde_json::Value;

use support::cli::Place;
use support::http1::Message;
use support::serving::{SERVED, Server, rest, served_place};

#[test]
fn what_is_written_by_commands_is_read_over_http_and_the_other_way_round() {
    let place = served_place();
    let server = Server::start(&place, &[]);
    assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
    let read = server.ask("GET", "/v1/mycfg/db/keys/url", &[("Accept", "text/plain")], "");
    assert_eq!((read.status(), read.body.as_slice()), (200, &b"hello"[..]));
    let written = server.ask("PUT", "/v1/mycfg/db/keys/url", &[], "again");
    assert_eq!(written.status(), 200);
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("again");
    server.signal("TERM");
    server.end().code(0).stdout("");
}

#[test]
fn several_configs_are_served_under_their_names() {
    let place = served_place();
    place.args(["init", "other", "--local"]).run().code(0);
    let server = Server::start(&place, &["--local", SERVED, "other"]);
    for config in [SERVED, "other"] {
        let info = server.ask("GET", &format!("/v1/{config}/@config/info"), &[], "");
        assert_eq!(info.status(), 200);
    }
    assert_eq!(server.ask("GET", "/v1/third/@config/info", &[], "").status(), 404);
    let serving = server.says("serving");
    assert!(
        serving.contains("mycfg, other") && serving.contains("no token"),
        "{serving}"
    );
}

#[test]
fn who_may_only_read_serves_only_reading() {
    let place = served_place();
    let server = Server::start(&place, &["--as", "read"]);
    assert_eq!(server.ask("GET", "/v1/mycfg/db/keys/url", &[], "").status(), 200);
    assert_eq!(
        server.ask("PUT", "/v1/mycfg/db/keys/url", &[], "no").status(),
        403
    );
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");
}

#[test]
fn what_others_reach_takes_tls_and_tokens() {
    let place = served_place();
    let refused = |args: &[&str]| place.args([&["serve"], args].concat()).run().code(2).stdout("");
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8899", "[::ffff:192.0.2.1]:1"] {
        refused(&["--listen", address])
            .stderr_has(address)
            .stderr_has("requires --tls-cert, --tls-key and --token-file");
    }
    refused(&["--listen", "0.0.0.0:0", "--token-file", "tokens"])
        .stderr_has("requires --tls-cert and --tls-key")
        .stderr_lacks("and --token-file");
    refused(&[
        "--listen",
        "0.0.0.0:0",
        "--tls-cert",
        "c.pem",
        "--tls-key",
        "k.pem",
    ])
    .stderr_has("requires --token-file")
    .stderr_lacks("requires --tls-cert");
    refused(&["--tls-cert", "c.pem"]).stderr_has("--tls-key");
}

#[test]
fn what_cant_be_served_ends_at_once_and_says_why() {
    let place = served_place();
    let refused = |args: &[&str], code| {
        let all = [&["serve", "--listen", "127.0.0.1:0"], args].concat();
        place.args(all).run().code(code).stdout("")
    };
    refused(&["nosuch"], 3).stderr_has("nosuch");
    refused(&["No!"], 2).stderr_has("No!");
    refused(&[SERVED, SERVED], 2).stderr_has("config mycfg is given twice");
    refused(&["--engine", "https://config.example/"], 2)
        .stderr_has("cannot serve https://config.example: it is a discfg API itself")
        .stderr_has("--local");
    refused(&["--token-file", "none"], 3)
        .stderr_has("none")
        .stderr_has("serve token new");
    place.write("empty.pem", "");
    place.write(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    );
    let tls = |certificate, key| ["--tls-cert", certificate, "--tls-key", key];
    refused(&tls("none.pem", "empty.pem"), 3).stderr_has("none.pem");
    refused(&tls("empty.pem", "empty.pem"), 8).stderr_has("no certificate in PEM format in");
    refused(&tls("broken.pem", "empty.pem"), 8).stderr_has("broken.pem is not valid PEM");
    refused(&["--host", "a@b"], 2).stderr_has("--host");
    for pattern in ["*", "*.config.internal", "https://*:8443"] {
        refused(&["--host", pattern], 2).stderr_has("repeat --host");
    }
    for (flag, value) in [
        ("--max-connections", "0"),
        ("--max-requests", "many"),
        ("--max-streams", "0"),
        ("--max-header-bytes", "100"),
        ("--max-headers", "1001"),
        ("--max-body", "1"),
        ("--request-timeout", "soon"),
        ("--idle-timeout", "0s"),
        ("--log", "loud"),
    ] {
        refused(&[flag, value], 2).stderr_has(flag);
    }
    let listen = |address: &str| place.args(["serve", "--listen", address]).run().stdout("");
    listen("localhost").code(2).stderr_has("ADDRESS:PORT");
    let held = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = held.local_addr().expect("it is bound").to_string();
    listen(&address)
        .code(6)
        .stderr_has(&address)
        .stderr_has("stop the server that uses this address");
    Place::new().args(["serve"]).run().code(2).stdout("");
}

#[test]
fn the_log_tells_each_request_and_no_value() {
    let place = served_place();
    let server = Server::start(&place, &["--log", "json"]);
    server.ask(
        "PUT",
        "/v1/mycfg/db/keys/password?ttl=30s",
        &[("X-Mine", "sesame-header")],
        "sesame-body",
    );
    server.ask(
        "GET",
        "/v1/mycfg/db/keys/password?revision=1&x=sesame-query",
        &[],
        "",
    );
    let line: Value = serde_json::from_str(&server.says("PUT")).expect("JSON");
    assert_eq!(line["path"], "/v1/mycfg/db/keys/password");
    assert_eq!((&line["method"], &line["status"]), (&"PUT".into(), &201.into()));
    assert_eq!(line["caller"], Value::Null);
    assert!(
        line["ms"].as_f64() > Some(0.0) && line["bytes"].as_u64() > Some(0),
        "{line}"
    );
    assert!(
        line["peer"]
            .as_str()
            .is_some_and(|peer| peer.starts_with("127.0.0.1:"))
    );
    let line: Value = serde_json::from_str(&server.says("GET")).expect("JSON");
    assert_eq!(
        (&line["path"], &line["status"]),
        (&"/v1/mycfg/db/keys/password".into(), &400.into())
    );
    assert!(!line.to_string().contains("sesame"), "{line}");
    server.signal("INT");
    server.end().code(0).stderr_lacks("sesame");

    let server = Server::start(&place, &["--log", "off"]);
    server.lives();
    server.signal("TERM");
    server
        .end()
        .code(0)
        .stderr_lacks("healthz")
        .stderr_has("stopping");
}

#[test]
fn a_request_that_has_begun_is_answered_before_the_end() {
    let place = served_place();
    let server = Server::start(&place, &[]);
    let mut idle = server.connect();
    let mut begun = server.connect();
    let head = format!(
        "PUT /v1/mycfg/db/keys/url HTTP/1.1\r\nHost: {}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
        server.address
    );
    begun.write_all(head.as_bytes()).expect("it is taken");
    // The server asks for the body once a handler waits for it.
    let mut go_on = [0; 25];
    begun.read_exact(&mut go_on).expect("it goes on");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal("TERM");
    server.says("stopping");
    // A connection on which nothing was asked ends without a word.
    assert_eq!(rest(&mut idle), "");
    begun.write_all(b"last").expect("it is taken");
    let answer = Message::read_response(&mut BufReader::new(&begun)).expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(rest(&mut begun), "");
    server.end().code(0);
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("last");
}

#[test]
fn who_waits_or_streams_is_told_when_it_ends() {
    let place = served_place();
    let server = Server::start(&place, &[]);
    let send = |head: &str| {
        let mut stream = server.connect();
        let request = format!("{head}\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address);
        stream.write_all(request.as_bytes()).expect("it is taken");
        stream
    };
    let mut streaming = send("GET /v1/mycfg/db/changes HTTP/1.1\r\nAccept: text/event-stream");
    let mut begun = [0; 15];
    streaming.read_exact(&mut begun).expect("it begins");
    assert_eq!(&begun, b"HTTP/1.1 200 OK");
    let mut waiting = send("GET /v1/mycfg/db/heads?after=1&wait=25s HTTP/1.1");
    // Whoever is asked after it has been told of it.
    server.lives();
    server.signal("TERM");
    let told = rest(&mut streaming);
    assert!(told.ends_with("\n\n") || told.ends_with("0\r\n\r\n"), "{told}");
    assert!(told.contains("event: "), "{told}");
    let answered = rest(&mut waiting);
    assert!(
        answered.starts_with("HTTP/1.1 200") || answered.is_empty(),
        "{answered}"
    );
    server.end().code(0);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let place = served_place();
    let server = Server::start(&place, &["--request-timeout", "1h"]);
    let mut begun = server.connect();
    let head = format!(
        "PUT /v1/mycfg/db/keys/url HTTP/1.1\r\nHost: {}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
        server.address
    );
    begun.write_all(head.as_bytes()).expect("it is taken");
    begun.read_exact(&mut [0; 25]).expect("it goes on");
    server.signal("INT");
    server.says("stopping");
    server.signal("INT");
    server.end().code(130).stdout("");
}
