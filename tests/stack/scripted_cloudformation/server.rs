//! A CloudFormation that plays a script to the real SDK: each request must be the one that comes next in it. It answers
//! as DynamoDB and IAM, too, since a stack's recovery asks them in between.

use std::io::BufReader;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::config::retry::RetryConfig;
use aws_sdk_cloudformation::config::timeout::TimeoutConfig;
use aws_sdk_cloudformation::config::{
    AsyncSleep, BehaviorVersion, Credentials, IdentityCache, Region, SharedAsyncSleep, Sleep,
    StalledStreamProtectionConfig,
};
use aws_types::SdkConfig;
use discfg::stack::Services;
use serde_json::Value;

use support::http1::Message;

/// What one request is to be, and its answer.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    action: &'static str,
    status: u16,
    body: String,
}

/// A request that has an answer.
pub(crate) fn answer(action: &'static str, result: &str) -> Scene {
    Scene {
        action,
        status: 200,
        body: format!(
            "<{action}Response xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">\
             <{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>"
        ),
    }
}

/// A request that is refused.
pub(crate) fn refusal(action: &'static str, status: u16, code: &str, message: &str) -> Scene {
    Scene {
        action,
        status,
        body: format!(
            "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">\
             <Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>r</RequestId></ErrorResponse>"
        ),
    }
}

/// A request to DynamoDB that has an answer.
pub(crate) fn table_answer(action: &'static str, answer: &Value) -> Scene {
    Scene {
        action,
        status: 200,
        body: answer.to_string(),
    }
}

/// A request to DynamoDB that is refused.
pub(crate) fn table_refusal(action: &'static str, code: &str, message: &str) -> Scene {
    let body = serde_json::json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
        "message": message,
    });
    Scene {
        action,
        status: 400,
        body: body.to_string(),
    }
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    form: Vec<(String, String)>,
    /// What it asks of DynamoDB, if it does.
    pub(crate) json: Value,
    action: String,
}

impl Asked {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.form
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn action(&self) -> &str {
        &self.action
    }

    /// What this request makes of a parameter of the template.
    pub(crate) fn template_parameter(&self, name: &str) -> Wanted<'_> {
        let named = self
            .form
            .iter()
            .find(|(key, value)| key.ends_with(".ParameterKey") && value == name);
        let Some((key, _)) = named else {
            return Wanted::Nothing;
        };
        match self.get(&key.replace("ParameterKey", "ParameterValue")) {
            Some(value) => Wanted::Value(value),
            None => Wanted::AsBefore,
        }
    }
}

/// What a request says of a parameter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    Nothing,
    AsBefore,
    Value(&'a str),
}

#[derive(Debug, Default)]
struct Stage {
    coming: Vec<Scene>,
    asked: Vec<Asked>,
    surprises: Vec<String>,
    naps: Vec<Duration>,
    token: String,
}

/// The server, and the client that talks to it.
pub(crate) struct Scripted {
    pub(crate) client: Client,
    pub(crate) services: Services,
    /// Where it listens, for a client of another process.
    pub(crate) url: String,
    stage: Arc<Mutex<Stage>>,
}

impl Scripted {
    /// Serves these scenes. `@TOKEN@` in an answer stands for the token of the last execution.
    pub(crate) fn play(scenes: Vec<Scene>) -> Self {
        let mut coming = scenes;
        coming.reverse();
        let stage = Arc::new(Mutex::new(Stage {
            coming,
            ..Stage::default()
        }));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let served = Arc::clone(&stage);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let stage = Arc::clone(&served);
                thread::spawn(move || serve(&connection, &stage));
            }
        });
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-central-1"))
            .endpoint_url(&url)
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "key", "secret", None, None, "test",
            )))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            // The clock is the test's: naps take no time, so nothing else may be timed by it.
            .identity_cache(IdentityCache::no_cache())
            .sleep_impl(SharedAsyncSleep::new(Naps(Arc::clone(&stage))))
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(RetryConfig::disabled())
            .build();
        let services = Services::new(&config);
        Self {
            client: services.cfn.clone(),
            services,
            url,
            stage,
        }
    }

    /// The requests, when the script has been played to its end and nothing else was asked.
    pub(crate) fn finish(&self) -> Vec<Asked> {
        let stage = lock(&self.stage);
        assert!(
            stage.surprises.is_empty(),
            "not in the script: {:#?}",
            stage.surprises
        );
        assert!(stage.coming.is_empty(), "never asked for: {:#?}", stage.coming);
        stage.asked.clone()
    }

    /// How long was waited between polls.
    pub(crate) fn naps(&self) -> Vec<Duration> {
        lock(&self.stage).naps.clone()
    }
}

fn lock(stage: &Mutex<Stage>) -> MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(connection: &std::net::TcpStream, stage: &Mutex<Stage>) {
    let mut from = BufReader::new(connection);
    while let Ok(Some(request)) = Message::read_request(&mut from) {
        let response = respond(&request, &mut lock(stage));
        if response.write(&mut &*connection).is_err() {
            return;
        }
    }
}

fn respond(request: &Message, stage: &mut Stage) -> Message {
    let asked = asked(request);
    if asked.action() == "ExecuteChangeSet" {
        asked
            .get("ClientRequestToken")
            .unwrap_or_default()
            .clone_into(&mut stage.token);
    }
    let scene = match stage.coming.pop() {
        Some(scene) if scene.action == asked.action() => scene,
        other => {
            let expected = other.map_or("nothing", |scene| scene.action);
            stage
                .surprises
                .push(format!("{} came, {expected} was to come", asked.action()));
            refusal("Any", 400, "NotInTheScript", asked.action())
        }
    };
    stage.asked.push(asked);
    Message {
        start: format!("HTTP/1.1 {} Played", scene.status),
        headers: vec![("Content-Type".into(), content_type(&scene).into())],
        body: scene.body.replace("@TOKEN@", &stage.token).into_bytes(),
    }
}

fn content_type(scene: &Scene) -> &'static str {
    if scene.body.starts_with('{') {
        "application/x-amz-json-1.0"
    } else {
        "text/xml"
    }
}

fn asked(request: &Message) -> Asked {
    let target = request
        .header("X-Amz-Target")
        .and_then(|target| target.split_once('.'));
    if let Some((_, action)) = target {
        return Asked {
            form: Vec::new(),
            json: serde_json::from_slice(&request.body).expect("DynamoDB is asked in JSON"),
            action: action.to_owned(),
        };
    }
    let form = form(&String::from_utf8_lossy(&request.body));
    let action = form.iter().find(|(key, _)| key == "Action");
    Asked {
        action: action.map(|(_, value)| value.clone()).unwrap_or_default(),
        json: Value::Null,
        form,
    }
}

fn form(body: &str) -> Vec<(String, String)> {
    body.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (hex, after) = rest.split_at(2);
                let hex = std::str::from_utf8(hex).expect("hexadecimal digits");
                bytes.push(u8::from_str_radix(hex, 16).expect("hexadecimal digits"));
                rest = after;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

#[derive(Debug)]
struct Naps(Arc<Mutex<Stage>>);

impl AsyncSleep for Naps {
    fn sleep(&self, duration: Duration) -> Sleep {
        lock(&self.0).naps.push(duration);
        Sleep::new(std::future::ready(()))
    }
}
