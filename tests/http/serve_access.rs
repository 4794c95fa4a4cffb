//! Who may ask a server: tokens, names, pages, TLS.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use rustls::StreamOwned;
use serde_json::Value;

use support::http1::Message;
use support::serving::{SERVED, Server, ask, new_token, problem, rest, served_place};
use support::tls::Authority;

#[test]
fn a_token_opens_what_it_was_made_for_and_nothing_else() {
    let place = served_place();
    place.args(["init", "other", "--local"]).run().code(0);
    let writer = new_token(&place, "tokens", "writer", &["--write", "db"]);
    let reader = new_token(&place, "tokens", "reader", &["--read-all"]);
    let bound = new_token(&place, "tokens", "bound", &["--write-all", "other"]);
    let server = Server::start(&place, &["--local", "--token-file", "tokens", SERVED, "other"]);
    let status = |token: &str, method: &str, path: &str| server.with_token(token, method, path, "v").status();

    assert_eq!(status(&writer, "PUT", "/v1/mycfg/db/keys/url"), 200);
    assert_eq!(status(&writer, "PUT", "/v1/mycfg/web/keys/url"), 403);
    assert_eq!(status(&writer, "GET", "/v1/mycfg/web/keys/url"), 403);
    assert_eq!(status(&reader, "GET", "/v1/mycfg/db/keys/url"), 200);
    assert_eq!(status(&reader, "PUT", "/v1/mycfg/db/keys/url"), 403);
    assert_eq!(status(&bound, "PUT", "/v1/other/a/keys/b"), 201);
    assert_eq!(status(&bound, "GET", "/v1/mycfg/db/keys/url"), 403);

    let read = server.with_token(&reader, "GET", "/v1/mycfg/db/keys/url", "");
    let read: Value = serde_json::from_slice(&read.body).expect("JSON");
    assert_eq!(read["node"]["by"], "token:writer");
    assert!(
        server.says("GET").contains(" token:"),
        "the log says whose it was"
    );

    let refused = |headers: &[(&str, &str)], path: &str| {
        let answer = server.ask("GET", path, headers, "");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"discfg\""));
        assert_eq!(problem(&answer), (401, "no-token".into()), "{headers:?}");
        String::from_utf8(answer.body).expect("text")
    };
    let key = "/v1/mycfg/db/keys/url";
    for path in [
        key,
        "/metrics",
        "/nowhere",
        "/v1/nosuch/@config/info",
        "/healthz/",
        "//healthz",
    ] {
        assert!(refused(&[], path).contains("Authorization: Bearer"));
    }
    let wrong = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {reader}"),
        reader.clone(),
        format!("Bearer {}", &reader[..reader.len() - 1]),
        format!("Bearer {reader}A"),
        format!("Bearer {}", reader.to_uppercase()),
        format!("Bearer {writer}, {reader}"),
    ];
    for wrong in &wrong {
        assert!(!refused(&[("Authorization", wrong)], key).contains(&reader[5..]));
    }
    let twice = format!("Bearer {reader}");
    refused(&[("Authorization", &twice), ("Authorization", &twice)], key);
    assert_eq!(
        server
            .ask("GET", key, &[("Authorization", &format!("bearer {reader}"))], "")
            .status(),
        200
    );
    for open in ["/healthz", "/readyz"] {
        assert_eq!(server.ask("GET", open, &[], "").status(), 200);
    }
    assert_eq!(status(&reader, "GET", "/metrics"), 200);
    server.signal("TERM");
    server
        .end()
        .code(0)
        .stderr_lacks(&reader[5..])
        .stderr_lacks(&writer[5..]);
}

#[test]
fn secrets_are_shown_to_tokens_that_may_have_them_decrypted() {
    let place = served_place();
    place
        .args(["set", "db/password", "--secret"])
        .stdin("sesame")
        .run()
        .code(0);
    let plain = new_token(&place, "tokens", "plain", &["--read-all"]);
    let trusted = new_token(&place, "tokens", "trusted", &["--read", "db", "--decrypt"]);
    let server = Server::start(&place, &["--token-file", "tokens"]);
    let path = "/v1/mycfg/db/keys/password?reveal=true";
    assert_eq!(problem(&server.with_token(&plain, "GET", path, "")).0, 403);
    let shown = server.with_token(&trusted, "GET", path, "");
    assert!(String::from_utf8_lossy(&shown.body).contains("sesame"));
    let masked = server.with_token(&trusted, "GET", "/v1/mycfg/db/keys/password", "");
    assert!(!String::from_utf8_lossy(&masked.body).contains("sesame"));
}

#[test]
fn tokens_are_made_listed_and_revoked_while_a_server_runs() {
    let place = served_place();
    let first = new_token(&place, "tokens", "first", &["--read", "db", "--read", "@root"]);
    assert!(first.starts_with("dcfg_") && first.len() == 48, "{first}");
    let file = place.dir().join("tokens");
    let mode = |path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert!(!fs::read_to_string(&file).expect("text").contains(&first[5..]));
    let server = Server::start(&place, &["--token-file", "tokens"]);
    let status = |token: &str| {
        server
            .with_token(token, "GET", "/v1/mycfg/db/keys/url", "")
            .status()
    };
    let becomes = |token: &str, wanted: u16| {
        let deadline = Instant::now() + Duration::from_mins(1);
        while status(token) != wanted {
            assert!(Instant::now() < deadline, "it never becomes {wanted}");
        }
    };
    assert_eq!(status(&first), 200);
    let second = new_token(&place, "tokens", "second", &["--write-all", "--decrypt", SERVED]);
    becomes(&second, 200);
    let mut stream = server.connect();
    let request = format!(
        "GET /v1/mycfg/db/changes HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nAuthorization: Bearer {first}\r\n\r\n",
        server.address
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).expect("it is taken");
    let mut begun = [0; 15];
    std::io::Read::read_exact(&mut stream, &mut begun).expect("it begins");

    let command = |args: &[&str]| place.args([&["serve", "token"], args].concat()).run();
    command(&["list", "--file", "tokens"]).code(0).stdout(
        "first reads /db, @root of all configs\nsecond reads and writes all sections of mycfg, including secrets\n",
    );
    command(&["revoke", "--file", "tokens", "--name", "first"])
        .code(0)
        .stdout("token first revoked\n");
    becomes(&first, 401);
    assert_eq!(status(&second), 200);
    // What happens from then on is not told to whom it was revoked.
    assert_eq!(
        server
            .with_token(&second, "PUT", "/v1/mycfg/db/keys/later", "unseen")
            .status(),
        201
    );
    assert!(!rest(&mut stream).contains("unseen"));

    let ready = || server.with_token(&second, "GET", "/readyz", "").status();
    assert_eq!(ready(), 200);
    let good = fs::read(&file).expect("it is there");
    fs::write(&file, "[[token").expect("it is written");
    server.says("the previous tokens stay in use");
    assert_eq!((status(&second), ready()), (200, 503));
    fs::remove_file(&file).expect("it goes");
    becomes(&second, 401);
    server.says("token file not found");
    fs::write(&file, good).expect("it is written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is closed");
    becomes(&second, 200);
    assert_eq!(ready(), 200);
}

#[test]
fn a_token_that_opens_less_than_before_ends_what_it_streams() {
    let place = served_place();
    let token = new_token(&place, "tokens", "wide", &["--read", "db", "--read", "web"]);
    let file = place.dir().join("tokens");
    let server = Server::start(&place, &["--token-file", "tokens"]);
    let mut stream = server.connect();
    let request = format!(
        "GET /v1/mycfg/db/changes HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nAuthorization: Bearer {token}\r\n\r\n",
        server.address
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).expect("it is taken");
    let mut begun = [0; 15];
    std::io::Read::read_exact(&mut stream, &mut begun).expect("it begins");
    let text = fs::read_to_string(&file).expect("text");
    let narrowed = text.replace("\"/db\", ", "");
    assert_ne!(text, narrowed);
    fs::write(&file, narrowed).expect("it is written");
    let status = || {
        server
            .with_token(&token, "GET", "/v1/mycfg/db/keys/url", "")
            .status()
    };
    let deadline = Instant::now() + Duration::from_mins(1);
    while status() != 403 {
        assert!(Instant::now() < deadline, "it never opens less");
    }
    place.args(["set", "db/later", "unseen"]).run().code(0);
    assert!(!rest(&mut stream).contains("unseen"));
}

#[test]
fn a_token_file_is_for_its_owner_and_a_token_has_one_name_and_one_access() {
    let place = served_place();
    new_token(&place, "tokens", "a", &["--read-all"]);
    let file = place.dir().join("tokens");
    let before = fs::read(&file).expect("it is there");
    let new = |args: &[&str], code| {
        let all = [&["serve", "token", "new", "--file", "tokens"], args].concat();
        place.args(all).run().code(code).stdout("")
    };
    new(&["--name", "a", "--write-all"], 4).stderr_has("token a already exists in tokens");
    new(&["--name", "b"], 2).stderr_has("--read-all");
    new(&["--name", "b", "--read", "x", "--write", "y"], 2).stderr_has("--write");
    new(&["--name", "b", "--read-all", "--write-all"], 2).stderr_has("--write-all");
    new(&["--name", "b c", "--read-all"], 2).stderr_has("1 to 64 characters");
    new(&["--name", "b", "--read", "x/y"], 2).stderr_has("x/y");
    new(&["--read-all"], 2).stderr_has("--name");
    new(&["--name", "b", "--read-all", "-f", "silent"], 2).stderr_has("would lose the token");
    assert_eq!(fs::read(&file).expect("it is there"), before);
    place
        .args(["serve", "token", "revoke", "--file", "tokens", "--name", "b"])
        .run()
        .code(3)
        .stderr_has("token b not found in tokens");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o602)).expect("it is ours");
    new(&["--name", "b", "--read-all"], 8).stderr_has("chmod go-w");
    place
        .args(["serve", "--listen", "127.0.0.1:0", "--token-file", "tokens"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("0602");
    let made = place
        .args([
            "serve", "token", "new", "--file", "others", "--name", "c", "--write", "db", "-f", "json", "-q",
        ])
        .run()
        .code(0)
        .stderr("")
        .json();
    assert_eq!((&made["name"], &made["access"]), (&"c".into(), &"write".into()));
    assert_eq!(made["sections"], serde_json::json!(["/db"]));
    assert_eq!(made["token"].as_str().map(str::len), Some(48));
}

#[test]
fn a_foreign_name_or_page_is_refused_and_a_given_name_is_not() {
    let place = served_place();
    let server = Server::start(&place, &["--host", "config.internal"]);
    let port = server.address.port();
    let called = |host: &str, origin: Option<&str>| {
        let origin = origin.map(|origin| ("Origin", origin));
        let headers: Vec<_> = origin.into_iter().collect();
        ask(
            server.connect(),
            host,
            "GET",
            "/v1/mycfg/db/keys/url",
            &headers,
            "",
        )
    };
    for host in [
        &format!("localhost:{port}"),
        &format!("[::1]:{port}"),
        "config.internal",
    ] {
        assert_eq!(called(host, None).status(), 200, "{host}");
    }
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        "localhost",
        "127.0.0.1:1",
        "",
    ] {
        assert_eq!(problem(&called(host, None)), (403, "denied".into()), "{host}");
    }
    let own = format!("localhost:{port}");
    assert_eq!(
        called(&own, Some(&format!("http://localhost:{port}"))).status(),
        200
    );
    for origin in [
        "http://evil.example",
        "null",
        &format!("https://localhost:{port}"),
    ] {
        assert_eq!(
            problem(&called(&own, Some(origin))),
            (403, "denied".into()),
            "{origin}"
        );
    }
    let written = ask(
        server.connect(),
        "evil.example",
        "PUT",
        "/v1/mycfg/db/keys/url",
        &[],
        "no",
    );
    assert_eq!(written.status(), 403);
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");
}

#[test]
fn other_addresses_are_served_over_tls_to_who_trusts_its_authority() {
    let place = served_place();
    let authority = Authority::new("discfg test");
    let (certificate, key) = authority.certify("config.internal");
    place.write("cert.pem", certificate);
    place.write("key.pem", key);
    place.write("other.pem", authority.certify("config.internal").1);
    let token = new_token(&place, "tokens", "a", &["--read-all"]);
    let tls = [
        "--tls-cert",
        "cert.pem",
        "--tls-key",
        "key.pem",
        "--token-file",
        "tokens",
    ];
    let server = Server::listening(&place, "0.0.0.0:0", &tls);
    assert!(server.url.starts_with("https://0.0.0.0:"), "{}", server.url);
    let get = |authority: &Authority, headers: &[(&str, &str)]| {
        let stream = StreamOwned::new(authority.client("config.internal"), server.connect());
        ask(
            stream,
            "config.internal",
            "GET",
            "/v1/mycfg/db/keys/url",
            headers,
            "",
        )
    };
    let bearer = format!("Bearer {token}");
    assert_eq!(get(&authority, &[("Authorization", &bearer)]).status(), 200);
    assert_eq!(problem(&get(&authority, &[])), (401, "no-token".into()));
    // What isn't TLS gets no answer, and no other client hears of it.
    assert!(
        !server
            .raw("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            .contains("HTTP/1.1")
    );
    let mut distrusting = Authority::new("another").client("config.internal");
    assert!(distrusting.complete_io(&mut server.connect()).is_err());
    assert_eq!(get(&authority, &[("Authorization", &bearer)]).status(), 200);
    server.signal("TERM");
    server.end().code(0);

    let unfit = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        "cert.pem",
        "--tls-key",
        "other.pem",
    ];
    place
        .args(unfit)
        .run()
        .code(8)
        .stderr_has("cert.pem with the key in other.pem");
}

#[test]
fn a_role_that_only_reads_bounds_a_token_that_writes() {
    let place = served_place();
    let token = new_token(&place, "tokens", "w", &["--write-all"]);
    let server = Server::start(&place, &["--as", "read", "--token-file", "tokens"]);
    let answer: Message = server.with_token(&token, "PUT", "/v1/mycfg/db/keys/url", "no");
    assert_eq!(answer.status(), 403);
}

#[test]
fn the_values_below_a_prefix_are_for_a_token_of_its_section_that_may_decrypt() {
    let place = served_place();
    place
        .args(["set", "db/password", "--secret"])
        .stdin("sesame")
        .run()
        .code(0);
    let plain = new_token(&place, "tokens", "plain", &["--read", "db"]);
    let trusted = new_token(&place, "tokens", "trusted", &["--read", "db", "--decrypt"]);
    let other = new_token(&place, "tokens", "other", &["--read", "web", "--decrypt"]);
    let server = Server::start(&place, &["--token-file", "tokens"]);
    let values = "/v1/mycfg/@config/values?prefix=db&reveal=true";
    let refused = |answer: &Message, wanted: (u16, &str)| {
        let (status, code) = problem(answer);
        assert_eq!((status, code.as_str()), wanted);
        assert!(!String::from_utf8_lossy(&answer.body).contains("sesame"));
    };
    refused(&server.ask("GET", values, &[], ""), (401, "no-token"));
    refused(&server.with_token(&other, "GET", values, ""), (403, "denied"));
    refused(&server.with_token(&plain, "GET", values, ""), (403, "denied"));
    let masked = "/v1/mycfg/@config/values?prefix=db";
    refused(&server.with_token(&plain, "GET", masked, ""), (403, "denied"));
    refused(&server.with_token(&trusted, "GET", masked, ""), (403, "denied"));
    let absent = "/v1/mycfg/@config/values?prefix=db%2Fnosuch&reveal=true";
    refused(&server.with_token(&trusted, "GET", absent, ""), (404, "no-key"));
    let shown = server.with_token(&trusted, "GET", values, "");
    let shown: Value = serde_json::from_slice(&shown.body).expect("JSON");
    assert_eq!(shown, serde_json::json!({"password": "sesame", "url": "hello"}));
    server.signal("TERM");
    server.end().code(0).stderr_lacks("sesame").stderr_lacks("reveal");
}
