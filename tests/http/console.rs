//! The console as a browser without JavaScript meets it: who gets in, what each page sends, and what a form may do.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use support::cli::{PATIENCE, Place};
use support::console::{ConsoleProcess, OF_PAGE, Visitor, encoded};
use support::serving::{SERVED, new_token, served_place};

const PAGES: [&str; 13] = [
    "/",
    "/grid",
    "/c/mycfg",
    "/c/mycfg?view=flat",
    "/c/mycfg/key/db/url",
    "/c/mycfg/edit/db/url",
    "/c/mycfg/new",
    "/c/mycfg/delete/db/url",
    "/c/mycfg/rollback/db/url?to=1",
    "/c/mycfg/timeline",
    "/c/mycfg/compare?section=/db&from=0&to=1",
    "/c/mycfg/access",
    "/c/nosuch",
];

fn console() -> (Place, ConsoleProcess, Visitor) {
    let place = served_place();
    let process = ConsoleProcess::start(&place, &[]);
    let visitor = process.launch();
    (place, process, visitor)
}

#[test]
fn a_launch_link_opens_one_session_once() {
    let place = served_place();
    let process = ConsoleProcess::start(&place, &["-v"]);
    let link = process.entrance.clone();
    let code = link.trim_start_matches("/launch/");
    assert_eq!(
        (code.len(), code.chars().all(|c| c.is_ascii_hexdigit())),
        (32, true),
        "{link}"
    );
    for _ in 0..2 {
        let page = process.ask("GET", &link, &[], "");
        assert_eq!(
            page.status(),
            200,
            "what opens links in advance doesn't use the code up"
        );
        assert_eq!(page.header("set-cookie"), None);
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
    // What another page sends is refused before the code is looked at.
    for site in ["cross-site", "same-site", "none"] {
        let headers = [("Sec-Fetch-Site", site), OF_PAGE[1]];
        assert_eq!(process.ask("POST", &link, &headers, "").status(), 403, "{site}");
    }
    assert_eq!(process.ask("POST", &link, &OF_PAGE[1..], "").status(), 403);
    let foreign = [OF_PAGE[0], OF_PAGE[1], ("Origin", "http://evil.example")];
    assert_eq!(process.ask("POST", &link, &foreign, "").status(), 403);

    // A page without a referrer sends no origin either.
    let hidden = [OF_PAGE[0], OF_PAGE[1], ("Origin", "null")];
    let begun = process.ask("POST", &link, &hidden, "");
    assert_eq!((begun.status(), begun.header("location")), (303, Some("/")));
    let cookie = begun.header("set-cookie").expect("a session");
    let port = process.address.port();
    assert!(cookie.starts_with(&format!("discfg-{port}=")), "{cookie}");
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().expect("a cookie");
    let look = || process.ask("GET", "/c/mycfg", &[("Cookie", cookie)], "").status();
    assert_eq!(look(), 200);

    assert_eq!(process.ask("POST", &link, &OF_PAGE, "").status(), 403);
    assert_eq!(
        look(),
        401,
        "the link is known to somebody else: its session is over"
    );
    let warning = process.running.says("used twice");
    assert!(!warning.contains(code), "{warning}");
    process.running.signal("TERM");
    process.running.end().code(0).stderr_lacks(code);
}

#[test]
fn a_console_has_two_names_and_no_other() {
    let place = served_place();
    let running = place.args(["ui", "--no-open", "-f", "json"]).start();
    let ready = running.json();
    let url = ready["url"].as_str().expect("a link");
    let (host, _) = url.trim_start_matches("http://").split_once('/').expect("a path");
    let (name, port) = host.split_once(':').expect("a port");
    let label = name.strip_suffix(".localhost").expect("a name of its own");
    assert_eq!(
        (label.len(), label.chars().all(|c| c.is_ascii_hexdigit())),
        (16, true),
        "{name}"
    );
    let process = ConsoleProcess {
        address: format!("127.0.0.1:{port}").parse().expect("an address"),
        entrance: String::new(),
        running,
    };
    let status = |host: &str| process.ask_as(host, "GET", "/signin", &[], "").status();
    for known in [host.to_owned(), format!("127.0.0.1:{port}")] {
        assert_eq!(status(&known), 401, "{known}");
    }
    for other in [
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        format!("0123456789abcdef.localhost:{port}"),
        format!("x.{name}:{port}"),
        name.to_owned(),
        format!("evil.example:{port}"),
    ] {
        assert_eq!(status(&other), 403, "{other}");
    }
}

#[test]
fn without_a_session_nothing_is_shown() {
    let place = served_place();
    let process = ConsoleProcess::start(&place, &[]);
    let wrong = format!(
        "discfg-{}=0123456789abcdef0123456789abcdef",
        process.address.port()
    );
    for cookie in ["", wrong.as_str()] {
        for path in PAGES.into_iter().chain(["/live?config=mycfg"]) {
            let answer = process.ask("GET", path, &[("Cookie", cookie)], "");
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            assert_eq!(answer.status(), 401, "{path}: {text}");
            assert!(
                text.contains("Signed out") && !text.contains("hello"),
                "{path}: {text}"
            );
        }
        for path in [
            "/c/mycfg/edit/db/url",
            "/c/mycfg/reveal/db/url",
            "/c/mycfg/find",
            "/signout",
        ] {
            assert_eq!(
                process
                    .ask("POST", path, &OF_PAGE, "step=save&value=x&base=1")
                    .status(),
                401,
                "{path}"
            );
        }
    }
    // There is no API beside the pages.
    for path in [
        "/v1/mycfg/db/keys/url",
        "/v1/mycfg/@config/info",
        "/metrics",
        "/openapi.json",
    ] {
        let answer = process.ask("GET", path, &[], "");
        assert_eq!(answer.status(), 404, "{path}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("hello"));
    }
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");
}

#[test]
fn every_page_keeps_to_itself() {
    let (_place, _process, visitor) = console();
    for path in PAGES {
        let page = visitor.get(path);
        let policy = page.header("content-security-policy").expect(path);
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe") && !policy.contains("http"),
            "{path}: {policy}"
        );
        for (name, value) in [
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("content-type", "text/html; charset=utf-8"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path}: {name}");
        }
        page.lacks("style=\"")
            .lacks("<style")
            .lacks("onclick")
            .lacks("javascript:");
        let others = page.text.matches("http://").count() + page.text.matches("https://").count();
        assert_eq!(others, 0, "{path}: another origin in {}", page.text);
    }
    for asset in ["console.css", "console.js", "icon.svg"] {
        let answer = visitor.get(&format!("/assets/{asset}"));
        answer.is(200);
        assert!(answer.text.len() < 100_000, "{asset}");
    }
    visitor.get("/assets/nosuch").is(404);
}

#[test]
fn a_form_counts_only_from_a_page_of_the_session() {
    let (place, process, visitor) = console();
    let path = "/c/mycfg/edit/db/url";
    let fields = [("step", "save"), ("base", "1"), ("value", "written")];
    let csrf = visitor.csrf();
    let form = |csrf: &str| encoded(&[&[("csrf", csrf)], &fields[..]].concat());
    let send = |headers: &[(&str, &str)], body: &str| visitor.send("POST", path, headers, body).status;
    assert_eq!(send(&OF_PAGE, &encoded(&fields)), 403, "without the word");
    assert_eq!(
        send(&OF_PAGE, &form("0123456789abcdef0123456789abcdef")),
        403,
        "with another"
    );
    assert_eq!(send(&OF_PAGE[1..], &form(&csrf)), 403, "without Sec-Fetch-Site");
    let cross = [("Sec-Fetch-Site", "cross-site"), OF_PAGE[1]];
    assert_eq!(send(&cross, &form(&csrf)), 403);
    let text = [OF_PAGE[0], ("Content-Type", "text/plain")];
    assert_eq!(send(&text, &form(&csrf)), 422);
    // A form of another session of the same console.
    process.running.signal("CONT");
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");
    let saved = visitor.post(path, &fields);
    saved.is(303);
    assert_eq!(saved.header("location"), Some("/c/mycfg/key/db/url?saved=2"));
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("written");
}

#[test]
fn a_change_is_reviewed_and_saved_over_what_was_seen() {
    let (place, _process, visitor) = console();
    let path = "/c/mycfg/edit/db/url";
    visitor.page(path).has("hello").has("name=\"base\" value=\"1\"");
    let mine = |step, base| {
        visitor.post(
            path,
            &[
                ("step", step),
                ("base", base),
                ("value", "mine\r\nand more"),
                ("kind", "text"),
                ("message", "why"),
            ],
        )
    };
    mine("review", "1")
        .is(200)
        .has("Review change")
        .has("<del>hello</del>")
        .has("why");
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");

    place.args(["set", "db/url", "theirs"]).run().code(0);
    for step in ["review", "save"] {
        let conflict = mine(step, "1");
        conflict
            .is(409)
            .has("Conflict")
            .has("theirs")
            .has("hello")
            .has("mine\nand more");
        for heading in ["Mine", "Now", "Base"] {
            conflict.has(&format!(">{heading}</h2>"));
        }
    }
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("theirs");
    mine("again", "1")
        .is(200)
        .has("name=\"base\" value=\"2\"")
        .has("mine\nand more");
    mine("save", "2").is(303);
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("mine\nand more");
    let page = visitor.page("/c/mycfg/key/db/url");
    page.has("why").has("Revision 3").has("Roll back to 1");

    // Deleted meanwhile, it is a conflict, too; then it can be created again.
    place.args(["delete", "db/url"]).run().code(0);
    mine("save", "3").is(409).has("Deleted");
    mine("again", "3").is(200).has("value=\"absent\"");
    mine("save", "absent").is(303);
}

#[test]
fn what_is_invalid_is_said_and_nothing_typed_is_lost() {
    let (place, _process, visitor) = console();
    let path = "/c/mycfg/edit/db/url";
    let send = |fields: &[(&str, &str)]| {
        visitor.post(path, &[&[("step", "review"), ("base", "1")], fields].concat())
    };
    send(&[("value", "{\"a\": nope}"), ("kind", "json")])
        .is(422)
        .has("role=\"alert\"")
        .has("line 1, column")
        .has("{&quot;a&quot;: nope}");
    send(&[("value", "typed"), ("ttl", "for"), ("ttl_for", "soon")])
        .is(422)
        .has("Time to live")
        .has("typed");
    send(&[("value", "typed"), ("message", "a\u{202e}b")])
        .is(422)
        .has("Message")
        .has("typed");
    let large = "x".repeat(190_001);
    send(&[("value", &large)]).is(422).has("190,001").has(&large);
    send(&[("value", &large[1..])]).is(200).has("Review change");
    let new = |key: &str| {
        visitor.post(
            "/c/mycfg/new",
            &[
                ("step", "review"),
                ("base", "absent"),
                ("key", key),
                ("value", "typed"),
            ],
        )
    };
    new("/a//b").is(422).has("empty segment").has("typed");
    new("<script>")
        .is(422)
        .has("&lt;script&gt;")
        .lacks("<script>alert");
    new("db/url").is(422).has("already exists").has("typed");
    new("db/new").is(200).has("Review change");
    visitor
        .post(path, &[("step", "review"), ("value", "x"), ("base", "nonsense")])
        .is(422);
    visitor.post(path, &[("value", "x")]).is(422);
    visitor.get("/c/mycfg/edit/a//b").is(422);
    visitor.get("/c/mycfg/key/nosuch").is(404);
    visitor.get("/c/mycfg/rollback/db/url?to=99").is(404);
    visitor.get("/c/mycfg/nosuch").is(404);

    fs::write(place.dir().join("bytes"), [0xff, 0, 1]).expect("a file");
    place.args(["set", "db/bytes", "-d", "bytes"]).run().code(0);
    visitor
        .page("/c/mycfg/key/db/bytes")
        .has("bytes, 3 B")
        .has("ff 00 01");
    visitor
        .get("/c/mycfg/edit/db/bytes")
        .is(422)
        .has("discfg edit mycfg /db/bytes");
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");
}

#[test]
fn what_was_typed_comes_back_where_the_session_is_over() {
    let (place, _process, visitor) = console();
    let csrf = visitor.csrf();
    visitor.post("/signout", &[]).is(200);
    let fields = [
        ("csrf", csrf.as_str()),
        ("step", "review"),
        ("base", "1"),
        ("value", "typed <b>"),
    ];
    for path in ["/c/mycfg/edit/db/url", "/c/mycfg/new"] {
        let answer = visitor.send("POST", path, &OF_PAGE, &encoded(&fields));
        answer
            .is(401)
            .has("Signed out")
            .has("typed &lt;b&gt;")
            .has("discfg ui")
            .lacks("/signin");
        // Another page can't have it shown.
        visitor
            .send("POST", path, &OF_PAGE[1..], &encoded(&fields))
            .is(403)
            .lacks("typed &lt;b&gt;");
    }
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");
}

#[test]
fn a_secret_is_shown_by_one_post_and_logged_by_its_key() {
    let place = served_place();
    place
        .args(["set", "db/password", "--secret"])
        .stdin("hunter2")
        .run()
        .code(0);
    let process = ConsoleProcess::start(&place, &[]);
    let visitor = process.launch();
    let paths = [
        "/c/mycfg?view=flat",
        "/c/mycfg/key/db/password",
        "/c/mycfg/edit/db/password",
        "/c/mycfg/delete/db/password",
        "/c/mycfg/timeline",
        "/grid?side=mycfg",
    ];
    for path in paths {
        visitor.page(path).lacks("hunter2");
    }
    visitor.page("/c/mycfg?view=flat").has("secret");
    visitor
        .get("/c/mycfg/reveal/db/password")
        .is(405)
        .lacks("hunter2");
    let shown = visitor.post("/c/mycfg/reveal/db/password", &[]);
    shown.is(200).has("hunter2").has("id=\"secret-value\"");
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    let found = visitor.post("/c/mycfg/find", &[("q", "hunter2")]);
    found
        .is(200)
        .lacks("data-key")
        .has("without the values of secrets");

    let path = "/c/mycfg/edit/db/password";
    visitor
        .post(path, &[("step", "review"), ("base", "2"), ("value", "")])
        .is(422);
    let review = visitor.post(
        path,
        &[("step", "review"), ("base", "2"), ("value", "correct horse")],
    );
    review.is(200).has("13 B");
    // Only in the form that saves it.
    assert_eq!(review.text.matches("correct horse").count(), 1, "{}", review.text);
    visitor
        .post(
            path,
            &[("step", "save"), ("base", "2"), ("value", "correct horse")],
        )
        .is(303);
    place
        .args(["get", "db/password", "-f", "raw"])
        .run()
        .code(0)
        .stdout("correct horse");
    let said = process.running.says("revealed a secret");
    assert!(said.contains("/db/password"), "{said}");
    process.running.signal("TERM");
    let end = process.running.end().code(0);
    end.stderr_lacks("hunter2").stderr_lacks("correct horse");
}

#[test]
fn a_key_is_deleted_and_brought_back_after_a_look() {
    let (place, _process, visitor) = console();
    place
        .args(["set", "db/url", "second", "-m", "a change"])
        .run()
        .code(0);
    visitor
        .page("/c/mycfg/rollback/db/url?to=1")
        .has("second")
        .has("hello");
    let back = |base| {
        visitor.post(
            "/c/mycfg/rollback/db/url",
            &[("to", "1"), ("base", base), ("message", "undo")],
        )
    };
    back("1").is(409).has("Nothing was saved");
    back("2").is(303);
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");
    visitor.page("/c/mycfg/key/db/url").has("undo").has("a change");
    visitor.page("/c/mycfg/delete/db/url").has("hello");
    visitor.post("/c/mycfg/delete/db/url", &[("base", "2")]).is(409);
    visitor.post("/c/mycfg/delete/db/url", &[("base", "3")]).is(303);
    place.args(["get", "db/url"]).run().code(3);
    visitor
        .page("/c/mycfg/key/db/url")
        .has("does not exist any more")
        .has("Roll back to 3");
    visitor
        .post("/c/mycfg/rollback/db/url", &[("to", "3"), ("base", "absent")])
        .is(303);
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");
}

#[test]
fn what_somebody_wrote_is_data_on_every_page() {
    let place = served_place();
    let nasty = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}gnp";
    place.args(["set", "db/url", nasty]).run().code(0);
    place
        .args(["set", "db/url", nasty, "-m", "<b>bold</b> & \"quoted\""])
        .run()
        .code(0);
    place
        .args(["set", "db/json", "{\"<i>\": \"</pre><script>\"}"])
        .run()
        .code(0);
    place.args(["set", "db/long", &"<".repeat(100_000)]).run().code(0);
    let process = ConsoleProcess::start(&place, &[]);
    let visitor = process.launch();
    for path in [
        "/c/mycfg?view=flat",
        "/c/mycfg/key/db/url",
        "/c/mycfg/key/db/json",
        "/c/mycfg/key/db/long",
        "/c/mycfg/edit/db/url",
        "/c/mycfg/delete/db/url",
        "/c/mycfg/rollback/db/url?to=1",
        "/c/mycfg/timeline",
        "/c/mycfg/compare?section=/db&from=1&to=3",
        "/grid?side=mycfg",
        "/c/mycfg?q=%3Cscript%3E",
        "/c/mycfg/timeline?by=%3Cscript%3E",
    ] {
        let page = visitor.page(path);
        page.lacks("<script>alert")
            .lacks("<img")
            .lacks("<b>bold")
            .lacks("<i>")
            .lacks("</pre><script");
        assert_eq!(page.text.matches("<script").count(), 1, "{path}: only the module");
        let title = page.text.split("</title>").next().unwrap_or_default();
        assert!(!title.contains("alert"), "{path}: {title}");
        if !path.contains("edit") {
            page.lacks("\u{202e}");
        }
    }
    let found = visitor.post("/c/mycfg/find", &[("q", "<SCRIPT>alert")]);
    found.is(200).has("data-key=\"/db/url\"").lacks("<script>alert");
}

#[test]
fn a_session_reaches_as_far_as_its_token() {
    let place = served_place();
    place.args(["set", "app/name", "shop"]).run().code(0);
    place
        .args(["set", "db/password", "--secret"])
        .stdin("hunter2")
        .run()
        .code(0);
    place
        .args(["serve", "--ui", "--listen", "127.0.0.1:0"])
        .run()
        .code(2)
        .stderr_has("--token-file");
    let reader = new_token(&place, "tokens", "reader", &["--read", "db"]);
    let writer = new_token(&place, "tokens", "writer", &["--write-all", "--decrypt"]);
    let other = new_token(&place, "tokens", "other", &["--read-all", "elsewhere"]);
    let process = ConsoleProcess::serving(&place, &[SERVED]);
    let look = process.ask("GET", "/", &[], "");
    assert_eq!(look.status(), 401);
    assert_eq!(process.ask("GET", "/signin", &[], "").status(), 200);
    for wrong in ["", "token=", "token=dcfg_wrong"] {
        let answer = process.ask("POST", "/signin", &OF_PAGE, wrong);
        assert_eq!(
            (answer.status(), answer.header("set-cookie")),
            (401, None),
            "{wrong}"
        );
    }
    assert_eq!(
        process
            .ask("POST", "/signin", &OF_PAGE[1..], &format!("token={writer}"))
            .status(),
        403
    );
    assert_eq!(process.ask("POST", "/launch/0123", &OF_PAGE, "").status(), 403);

    let visitor = process.sign_in(&reader);
    visitor.page("/").has("/db").lacks("/app");
    visitor
        .page("/c/mycfg?view=flat")
        .has("/db/url")
        .lacks("/app/name")
        .lacks("New key");
    visitor
        .page("/c/mycfg/timeline")
        .has("/db/url")
        .lacks("/app/name");
    visitor.page("/c/mycfg/access").has("no access control");
    for path in [
        "/c/mycfg/key/app/name",
        "/c/mycfg/compare?section=/app&from=0&to=1",
    ] {
        visitor.get(path).is(403).lacks("shop");
    }
    for path in [
        "/c/mycfg/edit/db/url",
        "/c/mycfg/new",
        "/c/mycfg/delete/db/url",
        "/c/mycfg/rollback/db/url?to=1",
    ] {
        visitor.get(path).is(403);
    }
    let change = [("step", "save"), ("base", "1"), ("value", "x"), ("key", "db/x")];
    for path in ["/c/mycfg/edit/db/url", "/c/mycfg/new", "/c/mycfg/delete/db/url"] {
        visitor.post(path, &change).is(403);
    }
    visitor
        .post("/c/mycfg/reveal/db/password", &[])
        .is(403)
        .lacks("hunter2");
    process.sign_in(&other).get("/c/mycfg").is(404);

    let writer = process.sign_in(&writer);
    writer.post("/c/mycfg/edit/app/name", &change).is(303);
    writer
        .post("/c/mycfg/reveal/db/password", &[])
        .is(200)
        .has("hunter2");
    writer.page("/c/mycfg/key/app/name").has("token:writer");
    // The API takes tokens, and no session.
    let headers = [
        ("Cookie", writer.cookie.as_str()),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    assert_eq!(
        process
            .ask("GET", "/v1/mycfg/app/keys/name", &headers, "")
            .status(),
        401
    );
    assert_eq!(process.ask("GET", "/healthz", &[], "").status(), 200);

    place
        .args(["serve", "token", "revoke", "--file", "tokens", "--name", "reader"])
        .run()
        .code(0);
    let begun = std::time::Instant::now();
    while visitor.get("/c/mycfg").status != 401 {
        assert!(
            begun.elapsed() < PATIENCE,
            "a revoked token still opens the console"
        );
    }
    writer.post("/signout", &[]).is(200);
    writer.get("/c/mycfg").is(401);
}

#[test]
fn who_may_only_read_is_offered_no_change() {
    let place = served_place();
    let process = ConsoleProcess::start(&place, &["--as", "read"]);
    let visitor = process.launch();
    visitor
        .page("/c/mycfg/key/db/url")
        .lacks(">Edit<")
        .lacks(">Delete<")
        .lacks("Roll back");
    visitor.get("/c/mycfg/edit/db/url").is(403);
    visitor
        .post(
            "/c/mycfg/edit/db/url",
            &[("step", "save"), ("base", "1"), ("value", "x")],
        )
        .is(403);
    place
        .args(["get", "db/url", "-f", "raw"])
        .run()
        .code(0)
        .stdout("hello");
}

#[test]
fn large_configs_come_in_pages() {
    let place = Place::new();
    place.args(["init", SERVED, "--local"]).run().code(0);
    let keys = |section: usize, keys: usize| {
        (0..keys).fold(String::new(), |all, key| {
            all + &format!("/s{section:04}/k{key:04}: value {key}\n")
        })
    };
    let all: String = (0..1000).map(|section| keys(section, 10)).collect();
    fs::write(place.dir().join("keys.yaml"), all).expect("a file");
    place.args(["import", "keys.yaml", "--batch"]).run().code(0);
    let process = ConsoleProcess::start(&place, &[]);
    let visitor = process.launch();
    let first = visitor.page("/c/mycfg?view=flat");
    assert!(first.text.len() < 60_000, "{} bytes", first.text.len());
    first
        .has("/s0000/k0000")
        .has("/s0009/k0009")
        .lacks("/s0010/k0000")
        .has("rel=\"next\"");
    visitor
        .page("/c/mycfg?view=flat&after=/s0009/k0009")
        .has("/s0010/k0000")
        .lacks("/s0009/k0009<");
    visitor
        .page("/c/mycfg?q=S0999")
        .has("/s0999/k0009")
        .lacks("rel=\"next\"");
    visitor.page("/c/mycfg").has("s0000/").lacks("s0100/");
    let configs = visitor.page("/");
    configs.has("10,000").has("988 more");
    assert!(configs.text.len() < 20_000, "{} bytes", configs.text.len());
}

#[test]
fn a_change_is_sent_at_once_and_the_stream_ends_with_the_session() {
    let (place, process, visitor) = console();
    let mut stream = TcpStream::connect(process.address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let host = process.address;
    let page = visitor.page("/c/mycfg").text;
    let (_, version) = page.split_once("data-version=\"").expect("a version");
    let version = version.split('"').next().expect("its end");
    write!(
        stream,
        "GET /live?config=mycfg&after=another HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\nLast-Event-ID: {version}\r\nConnection: close\r\nCookie: {}\r\n\r\n",
        visitor.cookie
    )
    .expect("it is taken");
    let mut lines = BufReader::new(stream).lines();
    let mut until = |part: &str| {
        lines
            .by_ref()
            .map_while(Result::ok)
            .find(|line| line.contains(part))
    };
    until("text/event-stream").expect("a stream");
    place.args(["set", "app/name", "shop"]).run().code(0);
    let event = until("data:").expect("an event");
    assert!(
        event.contains("\"version\":\"") && event.contains("\"mycfg\":[\"/app\"]"),
        "{event}"
    );
    visitor.post("/signout", &[]).is(200);
    assert_eq!(
        until("never"),
        None,
        "the stream goes on after the end of its session"
    );
}

#[test]
fn a_config_that_goes_away_leaves_a_page_that_says_so() {
    let place = served_place();
    place.args(["init", "other", "--local"]).run().code(0);
    place.args(["set", "-c", "other", "a", "1"]).run().code(0);
    let process = ConsoleProcess::start(&place, &["--local", SERVED, "other"]);
    let visitor = process.launch();
    visitor.page("/").has("other");
    place
        .args(["destroy", "other", "--local", "--delete-data", "--yes"])
        .run()
        .code(0);
    let gone = visitor.get("/c/other");
    assert!(gone.status >= 400, "{}", gone.text);
    gone.has("role=\"alert\"");
    let change = [("step", "save"), ("base", "1"), ("value", "lost")];
    visitor
        .post("/c/other/edit/a", &change)
        .is(404)
        .has("deleted or replaced");
    visitor.page("/").has("mycfg").has("other");
    visitor.page("/c/mycfg/key/db/url").has("hello");
}

#[test]
fn a_console_that_nobody_looks_at_can_end_itself() {
    let place = served_place();
    let process = ConsoleProcess::start(&place, &["--exit-when-idle", "1s"]);
    process.launch().page("/");
    process.running.end().code(0).stderr_has("no page was visible");
    place.args(["ui", "--no-open", "nosuch"]).run().code(3);
    place
        .args(["ui", "--no-open", SERVED, SERVED])
        .run()
        .code(2)
        .stderr_has("given twice");
    place.args(["ui", "--exit-when-idle", "soon"]).run().code(2);
}

#[test]
fn what_is_typed_for_a_secret_stays_one_whatever_becomes_of_the_key() {
    let place = served_place();
    place
        .args(["set", "db/password", "--secret"])
        .stdin("hunter2")
        .run()
        .code(0);
    let process = ConsoleProcess::start(&place, &[]);
    let visitor = process.launch();
    let path = "/c/mycfg/edit/db/password";
    visitor
        .page(path)
        .has("name=\"was_secret\"")
        .lacks("Encrypt as a secret");
    place.args(["delete", "db/password"]).run().code(0);
    let typed = |step, base| {
        visitor.post(
            path,
            &[
                ("step", step),
                ("base", base),
                ("was_secret", "on"),
                ("value", "TOPSECRET"),
            ],
        )
    };
    // Only in the field that carries it on.
    let conflict = typed("review", "2");
    conflict.is(409);
    assert_eq!(conflict.text.matches("TOPSECRET").count(), 1, "{}", conflict.text);
    typed("again", "2")
        .is(200)
        .has("name=\"was_secret\"")
        .has("value=\"absent\"");
    let review = typed("review", "absent");
    review.is(200).has("9 B");
    assert_eq!(review.text.matches("TOPSECRET").count(), 1, "{}", review.text);
    typed("save", "absent").is(303);
    place
        .args(["ls", "db", "--values"])
        .run()
        .code(0)
        .stdout_has("(secret)");
    // Created again, too, by whichever form.
    let new = [
        ("step", "review"),
        ("base", "absent"),
        ("key", "db/password"),
        ("value", "TOPSECRET"),
    ];
    place.args(["delete", "db/password"]).run().code(0);
    visitor.page(path).has("name=\"was_secret\"");
    visitor
        .post("/c/mycfg/new", &new)
        .is(200)
        .has("It is encrypted")
        .has("name=\"was_secret\"");
}

#[test]
fn a_new_key_that_others_created_meanwhile_is_edited_on() {
    let (place, _process, visitor) = console();
    let new = |step, base| {
        let fields = [
            ("step", step),
            ("base", base),
            ("key", "db/new"),
            ("value", "mine"),
        ];
        visitor.post("/c/mycfg/new", &fields)
    };
    new("review", "absent").is(200);
    place.args(["set", "db/new", "theirs"]).run().code(0);
    new("save", "absent").is(409).has("theirs");
    new("again", "absent")
        .is(200)
        .has("action=\"/c/mycfg/edit/db/new\"")
        .has("name=\"base\" value=\"2\"");
    let fields = [("step", "save"), ("base", "2"), ("value", "mine")];
    visitor.post("/c/mycfg/edit/db/new", &fields).is(303);
    place
        .args(["get", "db/new", "-f", "raw"])
        .run()
        .code(0)
        .stdout("mine");
}

#[test]
fn a_time_to_live_is_kept_where_it_ended_meanwhile() {
    let (place, _process, visitor) = console();
    place
        .args(["set", "db/lease", "held", "--ttl", "1h"])
        .run()
        .code(0);
    visitor
        .page("/c/mycfg/edit/db/lease")
        .has("name=\"ttl_was\" value=\"1h\"")
        .has("Keep 1h");
    place.args(["delete", "db/lease"]).run().code(0);
    let fields = [
        ("base", "absent"),
        ("value", "again"),
        ("ttl", "keep"),
        ("ttl_was", "1h"),
    ];
    visitor
        .post(
            "/c/mycfg/edit/db/lease",
            &[&[("step", "save")], &fields[..]].concat(),
        )
        .is(303);
    let entry = place.args(["get", "db/lease", "-f", "json"]).run().code(0).json();
    assert_eq!(entry["node"]["ttl"], 3600);
}

#[test]
fn what_is_searched_for_gets_into_no_address() {
    let (_place, _process, visitor) = console();
    let csrf = visitor.csrf();
    let found = visitor.post("/c/mycfg/find", &[("q", "hello"), ("in", "/db/"), ("other", "x")]);
    found.is(200).has("data-key=\"/db/url\"");
    for link in found
        .text
        .split("href=\"")
        .skip(1)
        .chain(found.text.split("action=\"").skip(1))
    {
        let address = link.split('"').next().unwrap_or_default();
        assert!(
            !address.contains("hello") && !address.contains(&csrf) && !address.contains("other"),
            "{address}"
        );
    }
    assert_eq!(
        found.text.matches("value=\"hello\"").count(),
        1,
        "only in the field for values"
    );
}

#[test]
fn one_change_in_many_lines_is_shown() {
    let (place, _process, visitor) = console();
    let lines = (0..5000).fold(String::new(), |all, line| all + &format!("line {line}\n"));
    fs::write(place.dir().join("lines"), &lines).expect("a file");
    place.args(["set", "db/lines", "-d", "lines"]).run().code(0);
    let changed = lines.replace("line 2500\n", "EVIL\n");
    let fields = [
        ("step", "review"),
        ("base", "2"),
        ("kind", "text"),
        ("value", changed.as_str()),
    ];
    let review = visitor.post("/c/mycfg/edit/db/lines", &fields);
    review
        .is(200)
        .has("<del>line 2500</del>")
        .has("<ins>EVIL</ins>")
        .lacks("not shown");
    let other = lines.replace("line ", "row ");
    let fields = [
        ("step", "review"),
        ("base", "2"),
        ("kind", "text"),
        ("value", other.as_str()),
    ];
    visitor
        .post("/c/mycfg/edit/db/lines", &fields)
        .is(200)
        .has("Too many lines")
        .has("more lines are not shown");
    // Many large changes are no large page.
    for round in 0..5 {
        fs::write(place.dir().join("lines"), format!("{round}\n{other}")).expect("a file");
        place.args(["set", "db/lines", "-d", "lines"]).run().code(0);
    }
    let page = visitor.page("/c/mycfg/key/db/lines");
    page.has("Show difference");
    assert!(page.text.len() < 300_000, "{} bytes", page.text.len());
    visitor.page("/c/mycfg/key/db/lines?show=3").has("<details open");
}

#[test]
fn strangers_take_little_and_get_nowhere() {
    let place = served_place();
    let token = new_token(&place, "tokens", "ada", &["--read-all"]);
    let process = ConsoleProcess::serving(&place, &[SERVED]);
    // A body that would be held for all clients.
    let large = format!("token={}", "x".repeat(100_000));
    assert_eq!(process.ask("POST", "/signin", &OF_PAGE, &large).status(), 413);
    for code in ["..%2f..%2fsignout", "0123", "%3Cscript%3E"] {
        let page = process.ask("GET", &format!("/launch/{code}"), &[], "");
        let text = String::from_utf8_lossy(&page.body).into_owned();
        assert!(page.status() >= 400 && !text.contains("<form"), "{code}: {text}");
    }
    // The answer to a wrong method keeps to itself, too.
    let wrong = process.ask("PUT", "/signin", &OF_PAGE, "");
    assert_eq!(wrong.status(), 405);
    assert!(wrong.header("content-security-policy").is_some());

    // Whoever signs in again leaves the session that the browser had.
    let first = process.sign_in(&token);
    let headers = [OF_PAGE[0], OF_PAGE[1], ("Cookie", first.cookie.as_str())];
    assert_eq!(
        process
            .ask("POST", "/signin", &headers, &format!("token={token}"))
            .status(),
        303
    );
    first.get("/").is(401);
    // A wrong token leaves it.
    let second = process.sign_in(&token);
    let headers = [OF_PAGE[0], OF_PAGE[1], ("Cookie", second.cookie.as_str())];
    assert_eq!(
        process
            .ask("POST", "/signin", &headers, "token=dcfg_wrong")
            .status(),
        401
    );
    second.get("/").is(200);
}
