//! Configurations of AWS AppConfig, from a server that answers as its data plane is documented to.

use std::io::BufReader;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

use support::cli::Place;
use support::config::embedded;
use support::http1::Message;

/// Serves one configuration.
struct AppConfig {
    url: String,
    /// The first lines and bodies of the requests.
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl AppConfig {
    fn with(content_type: &'static str, content: &'static str) -> Self {
        Self::answering(move |start| {
            if start.starts_with("POST /configurationsessions ") {
                return (
                    201,
                    "application/json",
                    json!({"InitialConfigurationToken": "a/b+c="}).to_string(),
                );
            }
            (200, content_type, content.to_owned())
        })
    }

    fn answering(answer: impl Fn(&str) -> (u16, &'static str, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a client");
                let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
                while let Ok(Some(request)) = Message::read_request(&mut reader) {
                    let signed = request.header("authorization").unwrap_or_default();
                    assert!(signed.contains("/appconfig/aws4_request"), "{signed}");
                    let (status, content_type, body) = answer(&request.start);
                    let body_asked = String::from_utf8_lossy(&request.body).into_owned();
                    seen.lock().expect("no panic").push((request.start, body_asked));
                    let response = Message {
                        start: format!("HTTP/1.1 {status} X"),
                        headers: vec![("Content-Type".into(), content_type.into())],
                        body: body.into_bytes(),
                    };
                    if response.write(&mut stream).is_err() {
                        break;
                    }
                }
            }
        });
        Self { url, asked }
    }

    fn place(&self) -> Place {
        embedded()
            .env("AWS_ENDPOINT_URL_APPCONFIGDATA", &self.url)
            .env("AWS_ACCESS_KEY_ID", "AKID")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "eu-central-1")
    }
}

#[test]
fn a_configuration_is_read_by_its_content_type() {
    let server = AppConfig::with(
        "application/json; charset=utf-8",
        r#"{"flag": {"on": true}, "n": 1.10}"#,
    );
    let place = server.place();
    place
        .args(["import", "appconfig:my shop/prod/flags", "--prefix", "f"])
        .run()
        .code(0)
        .stdout_has("2 added");
    place.args(["get", "/f/n"]).run().code(0).stdout("1.10\n");
    let asked = server.asked.lock().expect("no panic").clone();
    assert_eq!(asked.len(), 2);
    let session: serde_json::Value = serde_json::from_str(&asked[0].1).expect("JSON");
    assert_eq!(session["ApplicationIdentifier"], "my shop");
    assert_eq!(session["EnvironmentIdentifier"], "prod");
    assert_eq!(session["ConfigurationProfileIdentifier"], "flags");
    assert_eq!(
        asked[1].0,
        "GET /configuration?configuration_token=a%2Fb%2Bc%3D HTTP/1.1"
    );

    let yaml = AppConfig::with("application/x-yaml", "db:\n  url: x\n");
    let import = ["import", "appconfig:a/b/c"];
    yaml.place().args(import).run().code(0).stdout_has("1 added");

    let text = AppConfig::with("text/plain", "URL=x\n");
    let place = text.place();
    place
        .args(import)
        .run()
        .code(8)
        .stderr_has("unsupported content type of appconfig:a/b/c: text/plain; expected JSON or YAML");
    place
        .args(import)
        .and(&["--from", "dotenv"])
        .run()
        .code(0)
        .stdout_has("1 added");
    let broken = AppConfig::with("application/json", "{\"a\": \n hunter2}");
    let broken = broken.place().args(import).run().code(8);
    broken
        .stderr_has("invalid data in appconfig:a/b/c")
        .stderr_has("line 2")
        .stderr_lacks("hunter2");
    let nothing = AppConfig::with("application/octet-stream", "");
    nothing
        .place()
        .args(import)
        .run()
        .code(3)
        .stderr_has("no keys found in appconfig:a/b/c");
}

#[test]
fn a_refusal_is_told_by_the_action() {
    let import = ["import", "appconfig:a/b/c"];
    let denied = AppConfig::answering(|_| {
        let message = "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: \
            appconfig:StartConfigurationSession on resource: arn:aws:appconfig:eu-central-1:111122223333:application/x";
        (403, "application/json", json!({"Message": message}).to_string())
    });
    denied
        .place()
        .args(import)
        .run()
        .code(5)
        .stderr_has(
            "access denied: appconfig:StartConfigurationSession for appconfig:a/b/c; nothing was imported",
        )
        .stderr_has("\"Resource\":\"arn:aws:appconfig:eu-central-1:111122223333:application/x\"");
    let missing = AppConfig::answering(|_| {
        let body = json!({"__type": "ResourceNotFoundException", "Message": "Could not find application a"});
        (404, "application/json", body.to_string())
    });
    missing
        .place()
        .args(import)
        .run()
        .code(3)
        .stderr_has("Could not find application a");
    let failing = AppConfig::answering(|_| (503, "text/html", "<html>".into()));
    failing.place().args(import).run().code(6);
    assert_eq!(failing.asked.lock().expect("no panic").len(), 4);
}
