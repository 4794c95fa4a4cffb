//! The token for an API: kept, sent to its host and to no other, and named where it isn't enough.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use discfg::http::Caller;
use discfg::model::Access;

use support::api_server::{ApiServer, TOKEN, reader};
use support::cli::Place;
use support::config::{CONFIG, behind_api};
use support::stores::embedded_store;
use support::tls::Authority;

fn writer() -> Caller {
    Caller {
        by: Some("token:deploy".into()),
        access: Access::Write,
        sections: Some(["/db".parse().expect("a section")].into()),
        ..Caller::anyone()
    }
}

#[test]
fn use_keeps_a_token_for_its_host_and_for_its_owner_alone() {
    // The place has not chosen the API.
    let (behind, place) = (behind_api(), Place::new());
    behind.server.takes(TOKEN, writer());
    let (url, host) = (behind.server.url(), behind.server.host());
    let kept = place.home().join("config/discfg/tokens");
    let file = place.write("token", format!("{TOKEN}\n"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
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
        .stdout_has(&format!("{}: token stored for {host}\n", kept.display()))
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
    place
        .args(["get", "db/url", "-vvvv"])
        .run()
        .code(0)
        .stdout("x\n")
        .stderr_lacks(TOKEN);
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
            "{} requires a token, and none is configured for it",
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
    // The place has not chosen the API.
    let (behind, place) = (behind_api(), Place::new());
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
    refused(&with(url), "two words", 8, "- does not contain a valid token");
    refused(&with(url), "", 8, "- does not contain a valid token");
    refused(&with("local"), TOKEN, 2, "--token-file requires a discfg API");
    refused(
        &["use", CONFIG, "--token-file", "-"],
        TOKEN,
        2,
        "--engine https://HOST/",
    );
    refused(&with("http://cfg.example"), TOKEN, 5, "unencrypted");
    refused(
        &["use", CONFIG, "--engine", url, "--token-file", "nosuch"],
        "",
        8,
        "cannot read nosuch",
    );
    refused(
        &["use", CONFIG, "--engine", url, "--as", "write"],
        "",
        2,
        "identifies callers by their token",
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
        .stderr_has("DISCFG_TOKEN is only for cfg.example")
        .stderr_lacks(TOKEN);
    get("wrong")
        .code(5)
        .stdout("")
        .stderr_has(&format!(
            "{host} rejected the token from the environment variable DISCFG_TOKEN"
        ))
        .stderr_lacks("wrong");
    get("not a token")
        .code(2)
        .stdout("")
        .stderr_has("invalid DISCFG_TOKEN: expected HOST=TOKEN")
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
        .stderr_has("has no host, so it is sent only to the host in DISCFG_ENGINE")
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
        .stderr_has("access denied: POST /v1/mycfg/db/commit")
        .stderr_has(&format!(
            "the request used the token for {host} from the environment variable DISCFG_TOKEN"
        ))
        .stderr_has("create a token with more access on the server with `discfg serve token new`")
        .stderr_lacks("hunter2")
        .stderr_lacks("reads-");
    set("app/a", "writes-db")
        .code(5)
        .stdout("")
        .stderr_has("access denied: POST /v1/mycfg/app/commit");
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
        .stderr_has("access denied: POST /v1/mycfg/@datakeys/unwrap/db")
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
        .stderr_has(&format!("others can read {} (mode 0644)", file.display()))
        .stderr_has(&format!("hint: run `chmod go= {}`", file.display()))
        .stderr_lacks(TOKEN);
    place.args(["which"]).run().code(0).stdout_has("cannot read ");
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stdout_has("fail  token")
        .stdout_has("cannot read ");
}

#[test]
fn a_token_goes_over_tls_to_a_server_that_is_trusted() {
    let (authority, other) = (Authority::new("Here"), Authority::new("There"));
    let (_folder, store) = embedded_store(None);
    let server = ApiServer::over_tls(store, &authority);
    server.takes(TOKEN, writer());
    let place = Place::new()
        .env("DISCFG_ENGINE", server.url())
        .env("DISCFG_CONFIG", CONFIG)
        .env("DISCFG_TOKEN", TOKEN);
    let trusted = place.write("here.pem", authority.pem());
    let strange = place.write("there.pem", other.pem());
    place
        .args(["set", "db/a", "1"])
        .env("AWS_CA_BUNDLE", &strange)
        .run()
        .code(6)
        .stdout("")
        .stderr_has(&format!("{} is not trusted", server.url()))
        .stderr_has("not signed by a CA that this machine trusts")
        .stderr_has("hint: set AWS_CA_BUNDLE")
        .stderr_lacks("network")
        .stderr_lacks(TOKEN);
    assert_eq!(
        server.asked(),
        [""; 0],
        "nothing is sent before the server is trusted"
    );
    let place = place.env("AWS_CA_BUNDLE", trusted);
    place.args(["set", "db/a", "1"]).run().code(0).stderr("");
    place.args(["get", "db/a"]).run().code(0).stdout("1\n").stderr("");
}
