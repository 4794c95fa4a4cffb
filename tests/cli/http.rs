//! The command line against a config behind an API: what it asks, and what it says of answers that are none.

use std::net::TcpListener;

use support::api_server::{Impaired, TOKEN, reader};
use support::cli::Place;
use support::config::{CONFIG, behind_api};

#[test]
fn no_role_is_chosen_before_an_api() {
    let behind = behind_api();
    for args in [
        &["get", "a", "--as", "read"][..],
        &["set", "a", "1", "--as", "write"],
        &["ls", "--as", "self"],
    ] {
        behind
            .place
            .args(args)
            .run()
            .code(2)
            .stdout("")
            .stderr_has("identifies callers by their token")
            .stderr_has("omit `--as`");
    }
    behind
        .place
        .args(["get", "a"])
        .env("DISCFG_AS", "read")
        .run()
        .code(2)
        .stderr_has("run `discfg which`");
    assert_eq!(behind.server.asked(), [""; 0]);
}

#[test]
fn provisioning_does_not_go_through_an_api() {
    let behind = behind_api();
    for args in [
        &["init", CONFIG][..],
        &["status"],
        &["configs"],
        &["grant", CONFIG, "ci", "--read", "db"],
        &["revoke", CONFIG, "ci"],
        &["grants"],
        &[
            "access",
            CONFIG,
            "read",
            "a",
            "--principal",
            "arn:aws:iam::123456789012:role/x",
        ],
        &["destroy", CONFIG, "--yes"],
    ] {
        behind
            .place
            .args(args)
            .run()
            .code(2)
            .stdout("")
            .stderr_has(behind.server.url());
    }
    assert_eq!(behind.server.asked(), [""; 0]);
}

#[test]
fn what_is_no_api_is_told_without_what_it_says() {
    let behind = behind_api();
    let get = || {
        behind
            .place
            .args(["get", "a"])
            .run()
            .stdout("")
            .stderr_lacks("hunter2")
    };
    let answer = |status, content_type: &'static str, body: &'static str| {
        behind.server.impair(move |_, _| {
            Some(Impaired::Answer {
                status,
                content_type,
                body: body.into(),
            })
        });
    };
    answer(404, "text/html", "<html>hunter2</html>");
    get()
        .code(8)
        .stderr_has("was answered with status 404 (text/html) by something other than a discfg API");
    answer(200, "text/html; charset=utf-8", "<form>hunter2</form>");
    get().code(8).stderr_has("status 200 (text/html; charset=utf-8)");
    answer(302, "text/plain", "hunter2");
    get().code(8).stderr_has("status 302");
    answer(
        200,
        "application/json",
        r#"{"node":{"value":"hunter2","revision":"hunter2"}}"#,
    );
    get()
        .code(70)
        .stderr_has("GET /v1/mycfg/@root/keys/a: line 1, column");
    answer(200, "application/json", r#"{"node":"hunter2"#);
    get()
        .code(70)
        .stderr_has("GET /v1/mycfg/@root/keys/a: line 1, column");
    answer(502, "text/html", "hunter2");
    get()
        .code(6)
        .stderr_has("status 502 (text/html")
        .stderr_has("check that `discfg serve` runs at");
    answer(
        404,
        "application/problem+json",
        r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"no","kind":"not-found","code":"no-route"}"#,
    );
    get()
        .code(8)
        .stderr_has("not a discfg API, or one of another version");
}

#[test]
fn a_server_that_is_not_there_is_told_soon() {
    let place = Place::new()
        .env("DISCFG_ENGINE", "http://127.0.0.1:1")
        .env("DISCFG_CONFIG", CONFIG);
    for args in [
        &["get", "a"][..],
        &["set", "a", "1"],
        &["ls"],
        &["export"],
        &["touch", "a"],
    ] {
        place
            .args(args)
            .run()
            .code(6)
            .stdout("")
            .stderr_has("cannot reach http://127.0.0.1:1")
            .stderr_has("check that `discfg serve` runs at 127.0.0.1:1");
    }
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stdout_has("fail  api")
        .stdout_has("cannot reach");
}

#[test]
fn a_url_that_can_not_be_one_is_refused() {
    let place = Place::new().env("DISCFG_CONFIG", CONFIG);
    for (url, said) in [
        (
            "https://me:hunter2@cfg.example/",
            "a user or password is not allowed",
        ),
        ("https://cfg.example/?a=b", "`?` and `#` are not allowed"),
        ("https://cfg.example:99999", "invalid port number"),
        ("http://", "empty host"),
    ] {
        place
            .args(["get", "a"])
            .env("DISCFG_ENGINE", url)
            .run()
            .code(2)
            .stdout("")
            .stderr_has(said)
            .stderr_lacks("hunter2");
        place
            .args(["get", "a", "--engine", url])
            .run()
            .code(2)
            .stdout("")
            .stderr_has(said);
    }
    place
        .args(["get", "a"])
        .env("DISCFG_ENGINE", "http://cfg.example")
        .env("DISCFG_TOKEN", TOKEN)
        .run()
        .code(5)
        .stdout("")
        .stderr_has("refusing to send the token for cfg.example unencrypted")
        .stderr_has("https://");
}

#[test]
fn a_config_that_is_not_served_is_told() {
    let behind = behind_api();
    behind
        .place
        .args(["get", "a", "-c", "other"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has(&format!("config \"other\" not found ({})", behind.server.url()))
        .stderr_has("serve it on the server with `discfg serve other`");
}

#[test]
fn doctor_asks_the_api() {
    let behind = behind_api();
    behind
        .place
        .args(["doctor"])
        .run()
        .code(0)
        .stdout_has(&format!(
            "ok    token        none is sent to {}",
            behind.server.host()
        ))
        .stdout_has(&format!("ok    api          {} answers", behind.server.url()));
    behind.server.takes(TOKEN, reader());
    behind
        .place
        .args(["doctor"])
        .run()
        .code(1)
        .stdout_has("fail  api")
        .stdout_has("requires a token")
        .stdout_has("fix: create a token on the server with `discfg serve token new`");
    behind
        .place
        .args(["doctor"])
        .env("DISCFG_TOKEN", TOKEN)
        .run()
        .code(0)
        .stdout_has("ok    token        for ");
}

#[test]
fn doctor_asks_a_server_without_a_config_whether_it_is_ready() {
    let behind = behind_api();
    let url = behind.server.url();
    let place = Place::new();
    let asked = |url: &str| place.args(["doctor", "--engine", url]).run();
    asked(url)
        .code(0)
        .stdout_has(&format!("ok    api          {url} is ready"));
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    asked(&nobody)
        .code(1)
        .stdout_has(&format!(
            "fail  api          cannot reach {nobody}: connection failed"
        ))
        .stdout_has("fix: check that `discfg serve` runs there");
}

#[test]
fn what_is_sent_to_this_machine_stays_on_it() {
    let behind = behind_api();
    behind
        .place
        .args(["get", "a", "--default", "none"])
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("ALL_PROXY", "http://127.0.0.1:1")
        .run()
        .code(0)
        .stdout("none\n");
}

#[test]
fn each_command_sends_no_more_than_it_must() {
    let behind = behind_api();
    let (place, server) = (&behind.place, &behind.server);
    let asked = |args: &[&str]| {
        place.args(args).run().code(0);
        server.asked()
    };
    assert_eq!(
        asked(&["set", "db/url", "x"]),
        ["POST /v1/mycfg/db/commit?stored=true"]
    );
    assert_eq!(
        asked(&["get", "db/url"]),
        ["GET /v1/mycfg/db/keys/url?stored=true"]
    );
    assert_eq!(
        asked(&["set", "top", "x", "--ttl", "1h"]),
        ["POST /v1/mycfg/@root/commit?stored=true"]
    );
    assert_eq!(
        asked(&["get", "top", "--eventual"]),
        ["GET /v1/mycfg/@root/keys/top?stored=true&consistency=eventual"]
    );
    assert_eq!(
        asked(&["touch", "top"]),
        ["POST /v1/mycfg/@root/touch/top?stored=true"]
    );
    assert_eq!(asked(&["ls", "db"]).len(), 1);
    assert_eq!(asked(&["ls"]).len(), 1);
    assert_eq!(
        asked(&["export", "--prefix", "db"]),
        ["GET /v1/mycfg/db/snapshot?stored=true"]
    );
    assert_eq!(asked(&["exec", "--", "true"]).len(), 1);
    assert_eq!(asked(&["history", "db/url"]).len(), 1);
    assert_eq!(asked(&["delete", "db/url"]).len(), 1);
    place
        .args(["get", "top", "--stats"])
        .run()
        .code(0)
        .stderr_has("stats: 1 requests (/keys 1); read and write units are unknown for an HTTP API");
}
