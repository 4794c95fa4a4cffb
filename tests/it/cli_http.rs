//! The command line against a config behind an API: whose token goes where, and what is said when it isn't enough.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use discfg::http::Caller;
use discfg::model::Access;

use crate::support::api_server::{ApiServer, Impaired};
use crate::support::cli::Place;
use crate::support::config::{Behind, CONFIG, behind_api};
use crate::support::stores::embedded_store;

const TOKEN: &str = "dcfg_4n7w0rd";

fn reader() -> Caller {
    Caller {
        by: Some("token:ci".into()),
        access: Access::Read,
        decrypts: false,
        ..Caller::anyone()
    }
}

fn writer() -> Caller {
    Caller {
        by: Some("token:deploy".into()),
        sections: Some(["/db".parse().expect("a section")].into()),
        ..Caller::anyone()
    }
}

/// A config behind an API, and a place that has not chosen it.
fn unchosen() -> (Behind, Place) {
    let behind = behind_api();
    (behind, Place::new())
}

#[test]
fn use_keeps_a_token_for_its_host_and_for_its_owner_alone() {
    let (behind, place) = unchosen();
    behind.server.takes(TOKEN, writer());
    let (url, host) = (behind.server.url(), behind.server.host());
    let kept = place.home().join("config/discfg/tokens");
    let file = place.write("token", format!("{TOKEN}\n"));
    let slashed = format!("{url}/");
    let used = ["use", CONFIG, "--engine", &slashed, "--token-file"];
    place
        .args(
            used.iter()
                .map(|arg| (*arg).to_owned())
                .chain([file.display().to_string()]),
        )
        .run()
        .code(0)
        .stdout_has(&format!("mycfg (engine {url})\n"))
        .stdout_has(&format!("{}: the token for {host}\n", kept.display()))
        .stderr("");
    assert_eq!(
        fs::read_to_string(&kept).expect("kept"),
        format!("{host} {TOKEN}\n")
    );
    let mode = fs::metadata(&kept).expect("kept").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    place.args(["set", "db/url", "x"]).run().code(0).stderr("");
    place
        .args(["get", "db/url"])
        .run()
        .code(0)
        .stdout("x\n")
        .stderr("");
    place
        .args(["which"])
        .run()
        .code(0)
        .stdout_has(&format!("token    for {host}"))
        .stdout_has(&kept.display().to_string())
        .stderr_lacks(TOKEN);
    let which = place.args(["which", "-f", "json"]).run().code(0).text();
    assert!(!which.contains(TOKEN), "{which}");
    // Another host is told nothing of it, and stdin is as good as a file.
    let (_folder, store) = embedded_store(None);
    let other = ApiServer::over(store);
    other.takes("another", reader());
    place.args(["use", CONFIG, "--engine", other.url()]).run().code(0);
    place
        .args(["get", "db/url"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has(&format!(
            "{} asks for a token, and there is none for it",
            other.host()
        ))
        .stderr_has("discfg serve token new")
        .stderr_has(&format!("discfg use mycfg --engine {} --token-file", other.url()));
    place
        .args(["use", CONFIG, "--token-file", "-"])
        .stdin("another")
        .run()
        .code(0);
    place.args(["get", "db/url"]).run().code(3).stdout("");
    let lines = fs::read_to_string(&kept).expect("kept");
    assert_eq!(lines, format!("{host} {TOKEN}\n{} another\n", other.host()));
}

#[test]
fn a_token_that_can_not_be_kept_changes_nothing() {
    let (behind, place) = unchosen();
    let url = behind.server.url();
    let refused = |args: &[&str], stdin: &str, code: i32, said: &str| {
        let outcome = place
            .args(args)
            .stdin(stdin)
            .run()
            .code(code)
            .stdout("")
            .stderr_has(said);
        assert!(!place.dir().join(".discfg").exists(), "{args:?}");
        assert!(!place.home().join("config").exists(), "{args:?}");
        outcome
    };
    let with = |engine| ["use", CONFIG, "--engine", engine, "--token-file", "-"];
    refused(&with(url), "two words", 8, "- holds no token");
    refused(&with(url), "", 8, "- holds no token");
    refused(
        &with("local"),
        TOKEN,
        2,
        "--token-file keeps a token for a discfg API",
    );
    refused(
        &["use", CONFIG, "--token-file", "-"],
        TOKEN,
        2,
        "--engine https://HOST/",
    );
    refused(&with("http://cfg.example"), TOKEN, 5, "sent in the clear");
    refused(
        &["use", CONFIG, "--engine", url, "--token-file", "nosuch"],
        "",
        8,
        "can't read nosuch",
    );
    refused(
        &["use", CONFIG, "--engine", url, "--as", "write"],
        "",
        2,
        "decides by the token",
    );
    refused(&["use", "--token-file", "-"], TOKEN, 2, "CONFIG");
}

#[test]
fn the_environments_token_goes_to_the_host_that_it_names() {
    let behind = behind_api();
    behind.server.takes(TOKEN, reader());
    let (place, host) = (&behind.place, behind.server.host());
    let get = |token: &str| {
        place
            .args(["get", "a", "--default", "none"])
            .env("DISCFG_TOKEN", token)
            .run()
    };
    get(&format!("{host}={TOKEN}"))
        .code(0)
        .stdout("none\n")
        .stderr("");
    // DISCFG_ENGINE names the very host, so a token alone is bound to it.
    get(TOKEN).code(0).stdout("none\n").stderr("");
    get(&format!("cfg.example={TOKEN}"))
        .code(5)
        .stdout("")
        .stderr_has("DISCFG_TOKEN is for cfg.example and is sent nowhere else")
        .stderr_lacks(TOKEN);
    get("wrong")
        .code(5)
        .stdout("")
        .stderr_has(&format!(
            "{host} doesn't take the token of the environment variable DISCFG_TOKEN"
        ))
        .stderr_lacks("wrong");
    get("not a token")
        .code(2)
        .stdout("")
        .stderr_has("DISCFG_TOKEN can't be used: expected HOST=TOKEN")
        .stderr_lacks("not a token");
    // A .discfg names the host: a token alone isn't for it.
    let elsewhere = Place::new();
    elsewhere
        .args(["use", CONFIG, "--engine", behind.server.url()])
        .run()
        .code(0);
    elsewhere
        .args(["get", "a"])
        .env("DISCFG_TOKEN", TOKEN)
        .run()
        .code(5)
        .stderr_has("holds a token alone, which is sent only where DISCFG_ENGINE names its host")
        .stderr_has(&format!("DISCFG_TOKEN={host}=TOKEN"))
        .stderr_lacks(TOKEN);
}

#[test]
fn a_denial_names_the_token_and_what_mends_it() {
    let behind = behind_api();
    behind.server.takes("reads", reader());
    behind.server.takes("writes-db", writer());
    let place = &behind.place;
    let host = behind.server.host();
    let set = |key: &str, token: &str| {
        place
            .args(["set", key, "hunter2"])
            .env("DISCFG_TOKEN", token)
            .run()
    };
    set("db/a", "reads")
        .code(5)
        .stdout("")
        .stderr_has("POST /v1/mycfg/commit/db was denied")
        .stderr_has(&format!(
            "the token for {host} from the environment variable DISCFG_TOKEN was sent"
        ))
        .stderr_has("`discfg serve token new`, where the server runs, makes a token that may do more")
        .stderr_lacks("hunter2")
        .stderr_lacks("reads-");
    set("app/a", "writes-db")
        .code(5)
        .stdout("")
        .stderr_has("POST /v1/mycfg/commit/app was denied");
    set("db/a", "writes-db").code(0).stderr("");
    let node = place
        .args(["get", "db/a", "-f", "json"])
        .env("DISCFG_TOKEN", "writes-db")
        .run()
        .code(0)
        .json();
    assert_eq!(node["node"]["by"], "token:deploy");
    // Who may not decrypt is told so, and sees it masked else.
    let secret = ["set", "db/pw", "hunter2", "--secret"];
    place.args(secret).env("DISCFG_TOKEN", "writes-db").run().code(0);
    place
        .args(["get", "db/pw"])
        .env("DISCFG_TOKEN", "reads")
        .run()
        .code(5)
        .stdout("")
        .stderr_has("POST /v1/mycfg/datakeys/unwrap/db was denied")
        .stderr_lacks("hunter2");
    place
        .args(["get", "db/pw"])
        .env("DISCFG_TOKEN", "writes-db")
        .run()
        .code(0)
        .stdout("hunter2\n");
}

#[test]
fn a_file_of_tokens_that_others_may_read_is_refused() {
    let behind = behind_api();
    let place = &behind.place;
    fs::create_dir_all(place.home().join("config/discfg")).expect("a folder");
    let file = place.home().join("config/discfg/tokens");
    fs::write(&file, format!("{} {TOKEN}\n", behind.server.host())).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    place
        .args(["get", "a"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("holds tokens, and others may read or write it: `chmod 600`")
        .stderr_lacks(TOKEN);
    place
        .args(["which"])
        .run()
        .code(0)
        .stdout_has("others may read or write it");
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stdout_has("fail  token")
        .stdout_has("others may read or write it");
}

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
            .stderr_has("decides by the token who is calling, so nobody can choose to act as")
            .stderr_has("leave out --as");
    }
    behind
        .place
        .args(["get", "a"])
        .env("DISCFG_AS", "read")
        .run()
        .code(2)
        .stderr_has("`discfg which` shows which of them");
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
        .stderr_has("status 404, text/html, which is no answer of a discfg API");
    answer(200, "text/html; charset=utf-8", "<form>hunter2</form>");
    get().code(8).stderr_has("status 200, text/html; charset=utf-8");
    answer(302, "text/plain", "hunter2");
    get().code(8).stderr_has("status 302");
    answer(
        200,
        "application/json",
        r#"{"node":{"value":"hunter2","revision":"hunter2"}}"#,
    );
    get()
        .code(8)
        .stderr_has("GET /keys with what this discfg can't read (line 1, column");
    answer(200, "application/json", r#"{"node":"hunter2"#);
    get().code(8).stderr_has("can't read (line 1, column");
    answer(502, "text/html", "hunter2");
    get()
        .code(6)
        .stderr_has("status 502, text/html")
        .stderr_has("check that `discfg serve` runs at");
    answer(
        404,
        "application/problem+json",
        r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"no","kind":"not-found","code":"no-route"}"#,
    );
    get()
        .code(8)
        .stderr_has("it is no discfg API, or one of another version");
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
            .stderr_has("http://127.0.0.1:1 can't be reached")
            .stderr_has("check that `discfg serve` runs at 127.0.0.1:1");
    }
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stdout_has("fail  api")
        .stdout_has("can't be reached");
}

#[test]
fn a_url_that_can_not_be_one_is_refused() {
    let place = Place::new().env("DISCFG_CONFIG", CONFIG);
    for (url, said) in [
        ("https://me:hunter2@cfg.example/", "holds no user and no password"),
        ("https://cfg.example/?a=b", "ends with its path"),
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
        .stderr_has("the token for cfg.example would be sent in the clear")
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
        .stderr_has(&format!(
            "the config other is not there ({})",
            behind.server.url()
        ))
        .stderr_has("`discfg serve other` serves it");
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
        .stdout_has("asks for a token")
        .stdout_has("fix: `discfg serve token new`");
    behind
        .place
        .args(["doctor"])
        .env("DISCFG_TOKEN", TOKEN)
        .run()
        .code(0)
        .stdout_has("ok    token        for ");
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
        ["POST /v1/mycfg/commit/db?stored=true&repeated=false"]
    );
    assert_eq!(
        asked(&["get", "db/url"]),
        ["GET /v1/mycfg/keys/db/url?stored=true"]
    );
    assert_eq!(
        asked(&["set", "top", "x", "--ttl", "1h"]),
        ["POST /v1/mycfg/commit/@root?stored=true&repeated=false"]
    );
    assert_eq!(
        asked(&["get", "top", "--eventual"]),
        ["GET /v1/mycfg/keys/@root/top?stored=true&consistency=eventual"]
    );
    assert_eq!(
        asked(&["touch", "top"]),
        ["POST /v1/mycfg/touch/@root/top?stored=true"]
    );
    assert_eq!(asked(&["ls", "db"]).len(), 1);
    assert_eq!(asked(&["ls"]).len(), 1);
    assert_eq!(
        asked(&["export", "--prefix", "db"]),
        ["GET /v1/mycfg/snapshot/db?stored=true"]
    );
    assert_eq!(asked(&["exec", "--", "true"]).len(), 1);
    assert_eq!(asked(&["history", "db/url"]).len(), 1);
    assert_eq!(asked(&["delete", "db/url"]).len(), 1);
    place
        .args(["get", "top", "--stats"])
        .run()
        .code(0)
        .stderr_has("stats: 1 requests (/keys 1); 0 read units, 0 write units");
}
