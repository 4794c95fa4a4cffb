//! What the command line says where API Gateway lets a request not through, and what is never sent.

use std::fs;

use support::api_server::Impaired;
use support::cli::{Outcome, Place};
use support::config::{CONFIG, behind_api};
use support::gateway::{Fronted, Refusal, fronted, role};

fn run(front: &Fronted, args: &[&str]) -> Outcome {
    front.place.args(args).run()
}

/// The files that hold roles' credentials.
fn kept_roles(place: &Place) -> usize {
    let files = fs::read_dir(place.home().join("cache/discfg"))
        .into_iter()
        .flatten();
    let names = files.flatten().map(|file| file.file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with("role-"))
        .count()
}

#[test]
fn a_denial_names_method_path_and_role() {
    let front = fronted();
    run(&front, &["set", "db/url", "hunter2", "--as", "read"])
        .code(5)
        .stdout("")
        .stderr_has("access denied: POST /v1/mycfg/db/commit")
        .stderr_has(&format!(
            "role/discfg/{}, assumed by arn:aws:iam::{}:user/developer)",
            role("read"),
            front.account.id()
        ))
        .stderr_has("API Gateway responded: Forbidden")
        .stderr_has("omit `--as read` to act in the write role")
        .stderr_lacks("hunter2");
    // What is denied by design leaves the credentials as they are.
    assert_eq!(kept_roles(&front.place), 1);
    run(&front, &["get", "db/url", "--as", "self"])
        .code(5)
        .stdout("")
        .stderr_has("access denied: GET /v1/mycfg/db/keys/url")
        .stderr_has("(signed with your own credentials)")
        .stderr_has(r#""Action":"execute-api:Invoke""#)
        .stderr_has(r#""Resource":"arn:aws:execute-api:eu-central-1:*:*/*/GET/v1/mycfg/db/keys/url""#);
}

/// A role that is to be let through may have been created again, which API Gateway doesn't tell apart.
#[test]
fn a_role_that_is_refused_is_assumed_again_once() {
    let front = fronted();
    run(&front, &["set", "db/url", "x"]).code(0);
    front.gateway.seen();
    front.gateway.refuse(1, &Refusal::new(403, "Forbidden"));
    run(&front, &["get", "db/url"]).code(0).stdout("x\n").stderr("");
    let seen = front.gateway.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    front.gateway.refuse(2, &Refusal::new(403, "Forbidden"));
    run(&front, &["get", "db/url"])
        .code(5)
        .stdout("")
        .stderr_has("deploy the API with `discfg init mycfg --api`")
        .stderr_has(&format!(
            "API Gateway also rejected new ones for {}",
            role("read")
        ));
    assert_eq!(front.gateway.seen().len(), 2, "once in a process");
    run(&front, &["get", "db/url"]).code(0);
}

#[test]
fn credentials_that_are_not_taken_are_dropped() {
    let front = fronted();
    run(&front, &["set", "db/url", "x"]).code(0);
    run(&front, &["get", "db/url"]).code(0);
    assert_eq!(kept_roles(&front.place), 2);
    let expired = "The security token included in the request is expired";
    front.gateway.refuse(1, &Refusal::new(403, expired));
    run(&front, &["get", "db/url"])
        .code(5)
        .stdout("")
        .stderr_has("rejected the credentials")
        .stderr_has(expired)
        .stderr_has(&format!(
            "rerun the command: the cached credentials of the role {} were rejected and deleted",
            role("read")
        ));
    assert_eq!(kept_roles(&front.place), 1);
    run(&front, &["get", "db/url"]).code(0).stdout("x\n");
    let late = "Signature expired: 20261127T080000Z is now earlier than 20261127T081000Z";
    front.gateway.refuse(1, &Refusal::new(403, late));
    run(&front, &["get", "db/url"])
        .code(5)
        .stdout("")
        .stderr_has(late)
        .stderr_has("check this machine's clock with `discfg doctor`");
    assert_eq!(kept_roles(&front.place), 2);
}

#[test]
fn what_passes_is_tried_again_and_signed_anew() {
    let front = fronted();
    run(&front, &["set", "db/url", "x"]).code(0);
    front.gateway.seen();
    let busy = Refusal {
        retry_after: Some(2),
        ..Refusal::new(429, "Too Many Requests")
    };
    front.gateway.refuse(1, &busy);
    run(&front, &["get", "db/url"]).code(0).stdout("x\n").stderr("");
    let seen = front.gateway.seen();
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_ne!(seen[0].date, seen[1].date, "each try is signed when it is sent");
    front.gateway.refuse(9, &Refusal::new(429, "Too Many Requests"));
    run(&front, &["get", "db/url"])
        .code(6)
        .stdout("")
        .stderr_has("is throttling requests")
        .stderr_has("API Gateway responded: Too Many Requests");
    front.gateway.refuse(9, &Refusal::new(503, "Service Unavailable"));
    run(&front, &["get", "db/url"])
        .code(6)
        .stdout("")
        .stderr_has("API Gateway responded: Service Unavailable")
        .stderr_lacks("discfg serve");
    front.gateway.refuse(1, &Refusal::new(404, "Not Found"));
    run(&front, &["get", "db/url"])
        .code(8)
        .stdout("")
        .stderr_has("no route GET /v1/mycfg/db/keys/url");
    front.gateway.refuse(1, &Refusal::new(503, "Service Unavailable"));
    run(&front, &["set", "db/url", "y"]).code(0).stderr("");
}

#[test]
fn a_refusal_that_looked_for_no_commit_leaves_it_in_doubt() {
    let front = fronted();
    run(&front, &["set", "db/url", "x"]).code(0);
    // The first try is made, and its answer is lost.
    front
        .server
        .impair(|number, _| (number == 0).then_some(Impaired::CutAfter));
    let expired = Refusal::new(403, "The security token included in the request is expired");
    front.gateway.refuse_after(1, &expired);
    run(&front, &["set", "db/url", "y"])
        .code(6)
        .stdout("")
        .stderr_has("The security token included in the request is expired");
    run(&front, &["get", "db/url"]).code(0).stdout("y\n");
}

#[test]
fn nothing_that_is_signed_travels_in_the_clear() {
    let place = Place::new()
        .env("DISCFG_CONFIG", CONFIG)
        .env("AWS_REGION", "eu-central-1");
    for url in [
        "http://abc123.execute-api.eu-central-1.amazonaws.com",
        "http://cfg.example",
    ] {
        let host = url.trim_start_matches("http://");
        place
            .args(["get", "a", "--engine", url])
            .env("DISCFG_SIGN", "true")
            .run()
            .code(5)
            .stdout("")
            .stderr_has(&format!("refusing to send signed requests to {host} unencrypted"))
            .stderr_has("use an https:// URL");
        place
            .args(["use", CONFIG, "--engine", url, "--sign"])
            .run()
            .code(5)
            .stdout("")
            .stderr_has("unencrypted");
    }
    assert!(!place.dir().join(".discfg").exists());
}

#[test]
fn a_host_of_api_gateway_tells_the_region_and_that_requests_are_signed() {
    let front = fronted();
    let engine = "https://abc123.execute-api.eu-west-1.amazonaws.com";
    let place = front
        .place
        .env("DISCFG_ENGINE", engine)
        .without_env("DISCFG_SIGN");
    let settings = place.args(["which", "-f", "json"]).run().code(0).json();
    let setting = |name: &str| {
        let settings = settings["settings"].as_array().expect("a list");
        let found = settings.iter().find(|setting| setting["name"] == name);
        found.map(|setting| format!("{}, {}", setting["value"], setting["from"]))
    };
    let host = r#""the host of the API""#;
    assert_eq!(
        setting("signed"),
        Some(format!(r#""with AWS credentials", {host}"#))
    );
    assert_eq!(setting("region"), Some(format!(r#""eu-west-1", {host}"#)));
    assert_eq!(
        setting("as"),
        Some(r#"null, "not set: the config's read or write role, as the command needs""#.into())
    );
    assert_eq!(setting("token"), None);
    place
        .args(["get", "a"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("role/discfg/discfg-mycfg-eu-west-1-read, or the role does not exist")
        .stderr_has("(needed for execute-api:Invoke on /a)");
    // Whoever has an API there that takes tokens says so.
    place
        .args(["which"])
        .env("DISCFG_SIGN", "false")
        .run()
        .code(0)
        .stdout_has("not set: decided by the token");
    place
        .args(["which"])
        .env("DISCFG_SIGN", "perhaps")
        .run()
        .code(2)
        .stdout("")
        .stderr_has("invalid DISCFG_SIGN: expected true or false");
    let token = ["use", CONFIG, "--engine", engine, "--token-file", "-"];
    place
        .args(token)
        .stdin("abc")
        .run()
        .code(2)
        .stdout("")
        .stderr_has("are signed with AWS credentials")
        .stderr_has("use --sign=false to authenticate with the token instead");
    assert!(!place.dir().join(".discfg").exists());
    let unsigned = [&token[..], &["--sign=false"]].concat();
    place
        .args(unsigned)
        .stdin("abc")
        .run()
        .code(0)
        .stdout_has("not signed)\n")
        .stdout_has("token stored for abc123.execute-api.eu-west-1.amazonaws.com");
}

#[test]
fn a_token_is_not_sent_beside_a_signature() {
    let front = fronted();
    let host = front.server.host().to_owned();
    let with_token = |args: &[&str]| {
        let call = front.place.args(args);
        call.env("DISCFG_TOKEN", format!("{host}=hunter2")).run()
    };
    // It would stand in the place of the signature.
    with_token(&["set", "db/url", "x"]).code(0).stderr("");
    with_token(&["which"])
        .code(0)
        .stdout_has(&format!("token    -                        not sent to {host}"));
    with_token(&["set", "db/url", "x", "--as", "read"])
        .code(5)
        .stderr_has(&format!(
            "the token for {host} from the environment variable DISCFG_TOKEN was not sent"
        ))
        .stderr_lacks("hunter2");
}

#[test]
fn use_writes_that_requests_are_signed() {
    let front = fronted();
    let url = front.server.url().to_owned();
    let place = front
        .place
        .without_env("DISCFG_SIGN")
        .without_env("DISCFG_ENGINE")
        .without_env("DISCFG_CONFIG");
    let file = || fs::read_to_string(place.dir().join(".discfg")).expect("a file");
    place
        .args(["use", CONFIG, "--engine", &url, "--sign", "--as", "write"])
        .run()
        .code(0)
        .stdout_has("signed, as write)\n")
        .stderr("");
    assert_eq!(
        file(),
        format!("config = \"mycfg\"\nengine = \"{url}\"\nsign = true\nas = \"write\"\n")
    );
    place.args(["set", "db/url", "x"]).run().code(0);
    place.args(["get", "db/url"]).run().code(0).stdout("x\n");
    assert!(front.gateway.seen().iter().all(|seen| seen.who == role("write")));
    place
        .args(["doctor"])
        .run()
        .code(0)
        .stdout_has("ok    credentials  arn:aws:iam::")
        .stdout_has("is sent signed requests, from ");
    // What the file says is of the engine that it names.
    place
        .args(["which"])
        .env("DISCFG_ENGINE", "https://cfg.example")
        .run()
        .code(0)
        .stdout_has("none stored for cfg.example");
    place.args(["use", CONFIG]).run().code(0).stdout_has("signed");
    place
        .args(["use", CONFIG, "--engine", "https://cfg.example"])
        .run()
        .code(0);
    assert_eq!(file(), "config = \"mycfg\"\nengine = \"https://cfg.example\"\n");
    place
        .args(["use", CONFIG, "--local", "--sign"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("--sign requires a discfg API as the engine");
}

#[test]
fn what_asks_for_a_signature_is_told_as_that() {
    let behind = behind_api();
    behind.server.impair(|_, _| {
        Some(Impaired::Answer {
            status: 403,
            content_type: "application/json",
            body: br#"{"message":"Forbidden"}"#.to_vec(),
        })
    });
    behind
        .place
        .args(["get", "a"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("access denied: GET /v1/mycfg/@root/keys/a (the request was not signed)")
        .stderr_has(&format!(
            "`discfg use mycfg --engine {} --sign`",
            behind.server.url()
        ));
}
