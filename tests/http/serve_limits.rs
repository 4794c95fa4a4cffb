//! What no client can take more of than its share, and what it can't break.

use std::io::{BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use support::http1::Message;
use support::serving::{Server, ask, problem, rest, served_place};

#[test]
fn beyond_its_connections_a_server_says_so_at_once() {
    let place = served_place();
    let server = Server::start(&place, &["--max-connections", "3"]);
    let held: Vec<TcpStream> = (0..3).map(|_| server.connect()).collect();
    let host = server.address.to_string();
    let get = |stream: &TcpStream| ask(stream, &host, "GET", "/healthz", &[], "").status();
    assert!(held.iter().all(|held| get(held) == 200));
    // It is turned away before it asks for anything.
    let mut turned_away = server.connect();
    let answer = rest(&mut turned_away);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(
        answer.contains("retry-after: 1\r\n") && answer.contains("\"code\":\"busy\""),
        "{answer}"
    );
    assert!(held.iter().all(|held| get(held) == 200));
    drop(held);
    let deadline = Instant::now() + Duration::from_mins(1);
    while server.ask("GET", "/healthz", &[], "").status() != 200 {
        assert!(Instant::now() < deadline, "no connection becomes free");
    }
}

/// Begins a request that a handler waits for the body of.
fn begin(server: &Server) -> TcpStream {
    let mut begun = server.connect();
    let head = format!(
        "PUT /v1/mycfg/db/keys/url HTTP/1.1\r\nHost: {}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n",
        server.address
    );
    begun.write_all(head.as_bytes()).expect("it is taken");
    begun.read_exact(&mut [0; 25]).expect("it goes on");
    begun
}

/// A request whose body has come whole, so that it takes a place.
fn write(server: &Server) -> TcpStream {
    let mut begun = begin(server);
    begun.write_all(b"last").expect("it is taken");
    begun
}

/// Asks until the server is busy with these writes. One that a question was before is sent again.
fn until_busy(server: &Server, path: &str, writing: &mut [TcpStream]) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        for written in &mut *writing {
            written.set_nonblocking(true).expect("it is open");
            let is_answered = written.peek(&mut [0]).is_ok();
            written.set_nonblocking(false).expect("it is open");
            if is_answered {
                *written = write(server);
            }
        }
        let answer = server.ask("GET", path, &[], "");
        if answer.status() == 503 {
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert_eq!(problem(&answer), (503, "busy".into()));
            return;
        }
        assert!(Instant::now() < deadline, "it never becomes busy");
    }
}

#[test]
fn beyond_its_requests_a_server_says_so_but_who_waits_counts_apart() {
    let place = served_place();
    let server = Server::start(&place, &["--max-requests", "2", "--max-streams", "1"]);
    // Who writes waits for whoever else writes.
    let file = place.home().join("data/discfg/mycfg.db");
    let other = rusqlite::Connection::open(file).expect("SQLite opens it");
    other
        .execute_batch("BEGIN IMMEDIATE")
        .expect("nobody else writes");
    let mut writing: Vec<TcpStream> = (0..2).map(|_| write(&server)).collect();
    until_busy(&server, "/v1/mycfg/db/keys/url", &mut writing);
    server.lives();
    let mut streaming = server.connect();
    let stream = format!(
        "GET /v1/mycfg/db/changes HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n",
        server.address
    );
    streaming.write_all(stream.as_bytes()).expect("it is taken");
    let mut status = [0; 15];
    streaming.read_exact(&mut status).expect("it begins");
    assert_eq!(&status, b"HTTP/1.1 200 OK");
    let turned_away = server.ask("GET", "/v1/mycfg/db/heads?after=1&wait=20s", &[], "");
    assert_eq!(problem(&turned_away), (503, "busy".into()));

    other.execute_batch("ROLLBACK").expect("it is over");
    for written in &writing {
        let answer = Message::read_response(&mut BufReader::new(written)).expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    let free = server.ask("GET", "/v1/mycfg/db/keys/url", &[], "");
    assert_eq!(free.status(), 200);
}

#[test]
fn who_sends_a_body_slowly_or_takes_no_answer_has_no_place_among_the_requests() {
    let place = served_place();
    for key in ["a", "b", "c", "d", "e"] {
        let set = place.args(["set", &format!("large/{key}"), "-d", "-"]);
        set.stdin("v".repeat(180_000)).run().code(0);
    }
    let server = Server::start(&place, &["--max-requests", "4", "--max-buffered", "1048576"]);
    let get = |path: &str| server.ask("GET", path, &[], "").status();
    let mut slow: Vec<TcpStream> = (0..8).map(|_| begin(&server)).collect();
    for sending in &mut slow {
        sending.write_all(b"las").expect("it is taken");
    }
    assert_eq!(get("/v1/mycfg/db/keys/url"), 200);

    // More than what lies between takes, asked for at once.
    let host = server.address;
    let large = format!("GET /v1/mycfg/large/snapshot HTTP/1.1\r\nHost: {host}\r\n\r\n").repeat(30);
    let unread: Vec<TcpStream> = (0..3)
        .map(|_| {
            let mut asking = server.connect();
            asking.write_all(large.as_bytes()).expect("it is taken");
            asking
        })
        .collect();
    until_busy(&server, "/v1/mycfg/large/snapshot", &mut []);
    for _ in 0..20 {
        assert_eq!(get("/v1/mycfg/db/keys/url"), 200);
    }
    // What was done is told, however little room there is.
    let put = server.ask("PUT", "/v1/mycfg/large/keys/a", &[], &"w".repeat(30_000));
    assert_eq!(put.status(), 200);
    assert!(put.body.len() > 180_000, "what was there before is in it");

    drop(unread);
    let deadline = Instant::now() + Duration::from_mins(1);
    while get("/v1/mycfg/large/snapshot") != 200 {
        assert!(Instant::now() < deadline, "no room becomes free");
    }
    for sending in &mut slow {
        sending.write_all(b"t").expect("it is taken");
        let answer = Message::read_response(&mut BufReader::new(&*sending)).expect("an answer");
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(
        server
            .ask("GET", "/v1/mycfg/db/keys/url", &[("Accept", "text/plain")], "")
            .body,
        b"last"
    );
}

#[test]
fn heads_and_bodies_have_their_sizes() {
    let place = served_place();
    let server = Server::start(
        &place,
        &[
            "--max-headers",
            "20",
            "--max-header-bytes",
            "2048",
            "--max-body",
            "2048",
        ],
    );
    let many: Vec<(String, String)> = (0..20).map(|at| (format!("X-{at}"), "v".into())).collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(server.ask("GET", "/healthz", &many[..15], "").status(), 200);
    assert_eq!(server.ask("GET", "/healthz", &many, "").status(), 431);
    assert_eq!(
        server
            .ask("GET", "/healthz", &[("X", &"v".repeat(1500))], "")
            .status(),
        200
    );
    assert_eq!(
        server
            .ask("GET", "/healthz", &[("X", &"v".repeat(2048))], "")
            .status(),
        431
    );
    let long = server
        .ask("GET", &format!("/v1/mycfg/db/keys/{}", "k".repeat(4000)), &[], "")
        .status();
    assert!(matches!(long, 414 | 431), "{long}");
    let put = |size| server.ask("PUT", "/v1/mycfg/db/keys/url", &[], &"v".repeat(size));
    assert_eq!(put(2048).status(), 200);
    assert_eq!(problem(&put(2049)), (413, "limit".into()));
    server.lives();
}

#[test]
fn who_is_slow_is_cut_and_nobody_waits_for_it() {
    let place = served_place();
    place
        .args(["set", "db/large", "-d", "-"])
        .stdin("v".repeat(180_000))
        .run()
        .code(0);
    let limits = [
        ("--header-timeout", "300ms"),
        ("--idle-timeout", "400ms"),
        ("--stall-timeout", "300ms"),
        ("--request-timeout", "500ms"),
    ];
    let limits: Vec<&str> = limits.iter().flat_map(|(flag, time)| [*flag, *time]).collect();
    let server = Server::start(&place, &limits);
    let host = server.address.to_string();
    let begin = Instant::now();
    // Nothing at all.
    let mut silent = server.connect();
    // A head that drips in.
    let mut dripping = server.connect();
    let drips = std::thread::spawn(move || {
        for byte in b"GET /healthz HTTP/1.1\r\nX-Slow: "
            .iter()
            .chain(std::iter::repeat(&b'x'))
        {
            if dripping.write_all(&[*byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        rest(&mut dripping)
    });
    // A body that never comes.
    let mut unfinished = server.connect();
    let head = format!("PUT /v1/mycfg/db/keys/url HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\nhal");
    unfinished.write_all(head.as_bytes()).expect("it is taken");
    // An answer that is asked for over and over and never taken.
    let mut full = server.connect();
    let get = format!("GET /v1/mycfg/db/keys/large HTTP/1.1\r\nHost: {host}\r\n\r\n");
    while full.write_all(get.as_bytes()).is_ok() {
        assert!(
            begin.elapsed() < Duration::from_mins(1),
            "who takes nothing isn't cut"
        );
    }
    // One answer, and then nothing more.
    let mut idle = server.connect();
    assert_eq!(ask(&idle, &host, "GET", "/healthz", &[], "").status(), 200);

    server.lives();
    assert_eq!(rest(&mut silent), "");
    assert_eq!(rest(&mut idle), "");
    assert_eq!(drips.join().expect("it ends"), "");
    let answer = rest(&mut unfinished);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    server.lives();
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");
}

#[test]
fn what_is_no_request_or_two_in_one_ends_its_own_connection_alone() {
    let place = served_place();
    let server = Server::start(&place, &[]);
    let host = server.address;
    let own = format!("Host: {host}\r\n");
    let refused = [
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\n{own}{own}\r\n"),
        format!("GET / HTTP/1.1\r\n{own}Host: evil.example\r\n\r\n"),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET /healthz HTTP/1.1\r\n{own}Bad Name: x\r\n\r\n"),
        format!("GET /healthz HTTP/1.1\r\n{own}X: a\0b\r\n\r\n"),
        format!("PUT /v1/mycfg/a/keys/b HTTP/1.1\r\n{own}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        format!("PUT /v1/mycfg/a/keys/b HTTP/1.1\r\n{own}Content-Length: -1\r\n\r\n"),
        format!("PUT /v1/mycfg/a/keys/b HTTP/1.1\r\n{own}Content-Length: 1e1\r\n\r\n"),
        format!("PUT /v1/mycfg/a/keys/b HTTP/1.1\r\n{own}Transfer-Encoding: gzip\r\n\r\n"),
        format!("PUT /v1/mycfg/a/keys/b HTTP/1.1\r\n{own}Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ];
    for request in &refused {
        let answer = server.raw(request);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{request:?}: {answer}"
        );
        server.lives();
    }
    // With both lengths the chunks count, and the connection ends: nothing of it can be taken for a second request.
    let both = format!(
        "PUT /v1/mycfg/a/keys/b HTTP/1.1\r\n{own}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
         2\r\nok\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n{own}\r\n"
    );
    let answer = server.until_it_closes(both);
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    // What comes after a good request is refused by itself.
    let answer = server.until_it_closes(format!("GET /healthz HTTP/1.1\r\n{own}\r\nrubbish\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 400 ").count(), 1, "{answer}");
    // Several good ones are answered in their order.
    let get = |path: &str, end: &str| format!("GET {path} HTTP/1.1\r\n{own}{end}\r\n");
    let answers = server.until_it_closes(
        get("/healthz", "") + &get("/nowhere", "") + &get("/healthz", "Connection: close\r\n"),
    );
    let statuses: Vec<&str> = answers
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| &answer[..3])
        .collect();
    assert_eq!(statuses, ["200", "404", "200"]);
    server.lives();
}
