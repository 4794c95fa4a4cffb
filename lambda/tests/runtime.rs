//! The function as Lambda runs it: a process that asks the Lambda runtime API for events and answers them there.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// What the two sides of the runtime API pass on: events to the function, its answers back with the event's id.
struct RuntimeApi {
    events: Mutex<mpsc::Receiver<(String, Value)>>,
    answers: mpsc::Sender<(String, Value)>,
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    match api.events.lock().await.recv().await {
        Some((id, event)) => {
            let headers = [
                ("lambda-runtime-aws-request-id", id.as_str()),
                ("lambda-runtime-deadline-ms", "4102444800000"),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:eu-central-1:123456789012:function:f",
                ),
            ];
            (headers, Json(event)).into_response()
        }
        None => StatusCode::GONE.into_response(),
    }
}

async fn answered(State(api): State<Arc<RuntimeApi>>, Path(id): Path<String>, answer: Bytes) -> StatusCode {
    // The runtime names no content type.
    let Ok(answer) = serde_json::from_slice(&answer) else {
        return StatusCode::BAD_REQUEST;
    };
    // Where the test is over there is no one to tell.
    let _ = api.answers.send((id, answer)).await;
    StatusCode::ACCEPTED
}

/// A table that holds `/db/url` and takes whatever is written. It keeps what it was asked.
#[derive(Clone, Default)]
struct Table(Arc<std::sync::Mutex<Vec<(String, Value)>>>);

impl Table {
    fn asked(&self) -> Vec<(String, Value)> {
        self.0.lock().expect("nobody panicked").clone()
    }
}

async fn table(State(table): State<Table>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().expect("a text");
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let asked = serde_json::from_slice(&body).expect("JSON");
    let answer = match operation.as_str() {
        "GetItem" => json!({"Item": {
            "pk": {"S": "/db"}, "sk": {"S": "/db/url"}, "value": {"S": "hello"}, "kind": {"S": "text"},
            "version": {"N": "1"}, "rev": {"N": "1"}, "created": {"S": "2026-11-01T12:00:00Z"},
            "modified": {"S": "2026-11-01T12:00:00Z"}, "by": {"S": "arn:aws:iam::123456789012:user/jo"},
        }}),
        "BatchGetItem" => json!({"Responses": {}, "UnprocessedKeys": {}}),
        _ => json!({}),
    };
    table.0.lock().expect("nobody panicked").push((operation, asked));
    Json(answer).into_response()
}

struct Function {
    events: mpsc::Sender<(String, Value)>,
    answers: mpsc::Receiver<(String, Value)>,
    table: Table,
    _process: Child,
}

impl Function {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(variables: &[(&str, &str)]) -> Self {
        let (events, receiver) = mpsc::channel(1);
        let (sender, answers) = mpsc::channel(1);
        let api = Arc::new(RuntimeApi {
            events: Mutex::new(receiver),
            answers: sender,
        });
        let invocation = "/2018-06-01/runtime/invocation";
        let router = Router::new()
            .route(&format!("{invocation}/next"), get(next))
            .route(&format!("{invocation}/{{id}}/response"), post(answered))
            .with_state(api);
        let address = served(router).await;
        let table = Table::default();
        let endpoint = served(
            Router::new()
                .route("/", post(self::table))
                .with_state(table.clone()),
        )
        .await;
        let process = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "f")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env(
                "AWS_SECRET_ACCESS_KEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            )
            .env("AWS_ENDPOINT_URL", format!("http://{endpoint}"))
            .env("DISCFG_CONFIG", "mycfg")
            .envs(variables.iter().copied())
            .kill_on_drop(true)
            .spawn()
            .expect("the function is built");
        Self {
            events,
            answers,
            table,
            _process: process,
        }
    }

    /// What the function answers to an event.
    async fn answer(&mut self, event: Value) -> Value {
        let id = "id";
        self.events
            .send((id.to_owned(), event))
            .await
            .expect("the API runs");
        let answer = timeout(PATIENCE, self.answers.recv()).await;
        let (answered, answer) = answer.expect("it answers in time").expect("the API runs");
        assert_eq!(answered, id);
        answer
    }

    /// The same, as status and the code of the problem that it must be.
    async fn problem(&mut self, event: Value) -> (u64, String) {
        let answer = self.answer(event).await;
        assert_eq!(
            answer["headers"]["content-type"], "application/problem+json",
            "{answer}"
        );
        let problem = body(&answer);
        assert_eq!(problem["status"], answer["statusCode"]);
        let status = answer["statusCode"].as_u64().expect("a status");
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    }
}

async fn served(router: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

const WRITER: &str = "arn:aws:sts::123456789012:assumed-role/discfg-mycfg-eu-central-1-write/jo";

/// A request in the payload format 2.0 of an HTTP API, which IAM has let in.
fn event(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "*/*", "host": "api.example.com"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "authorizer": {"iam": {
                "accessKey": "ASIAIOSFODNN7EXAMPLE",
                "accountId": "123456789012",
                "callerId": "AROAEXAMPLE:jo",
                "cognitoIdentity": null,
                "principalOrgId": "o-example",
                "userArn": WRITER,
                "userId": "AROAEXAMPLE:jo",
            }},
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test",
            },
            "requestId": "request",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2030:00:00:00 +0000",
            "timeEpoch": 1_893_456_000_000_i64,
        },
        "isBase64Encoded": false,
    })
}

fn with(mut event: Value, path: &str, value: impl Into<Value>) -> Value {
    *event.pointer_mut(path).expect("it is there") = value.into();
    event
}

fn put(path: &str, body: &str) -> Value {
    let mut event = event("PUT", path);
    event["body"] = body.into();
    event
}

fn body(answer: &Value) -> Value {
    let text = answer["body"].as_str().expect("a body of text");
    serde_json::from_str(text).expect("a body of JSON")
}

#[tokio::test]
async fn one_process_answers_one_event_after_the_other() {
    let mut function = Function::start().await;
    let health = function.answer(event("GET", "/healthz")).await;
    assert_eq!(health["statusCode"], 200, "{health}");
    assert_eq!(health["isBase64Encoded"], false);
    assert_eq!(health["headers"]["content-type"], "application/json");
    assert_eq!(body(&health), json!({"status": "ok"}));

    let no_route = function.problem(event("DELETE", "/nosuch")).await;
    assert_eq!(no_route, (404, "no-route".into()));

    let read = function.answer(event("GET", "/v1/mycfg/db/keys/url")).await;
    assert_eq!(read["statusCode"], 200, "{read}");
    assert_eq!(read["headers"]["etag"], "\"1\"");
    assert_eq!(body(&read)["node"]["value"], "hello");

    let mut of_text = event("GET", "/v1/mycfg/db/keys/url");
    of_text["headers"]["accept"] = "text/plain".into();
    let text = function.answer(of_text).await;
    assert_eq!(
        (&text["body"], &text["isBase64Encoded"]),
        (&json!("hello"), &json!(false))
    );
}

#[tokio::test]
async fn the_writer_is_whom_iam_let_in() {
    let mut function = Function::start().await;
    let written = function.answer(put("/v1/mycfg/db/keys/url", "hello")).await;
    assert_eq!(written["statusCode"], 201, "{written}");
    assert_eq!(body(&written)["node"]["by"], WRITER);
    let base64 = with(put("/v1/mycfg/db/keys/bytes", "//4="), "/isBase64Encoded", true);
    let written = function.answer(base64).await;
    assert_eq!(body(&written)["node"]["value"], "//4=", "{written}");
    let sent = function.table.asked();
    let commits: Vec<_> = sent
        .iter()
        .filter(|(name, _)| name == "TransactWriteItems")
        .collect();
    assert_eq!(commits.len(), 2);
    for (_, commit) in commits {
        assert!(commit.to_string().contains(WRITER), "{commit}");
    }
}

#[tokio::test]
async fn nothing_is_served_but_what_iam_was_asked_about() {
    let mut function = Function::start().await;
    // As they come once API Gateway has decoded them.
    for path in [
        "/v1/mycfg/db/keys/../web/url",
        "/v1/mycfg/db/keys/..",
        "/v1/mycfg/db/keys/./url",
        "/v1/mycfg/db/keys/..\\web",
        "/v1/mycfg/db/keys//url",
        "/v1/mycfg//db/keys/url",
        "//v1/mycfg/db/keys/url",
        "/v1/mycfg/db/keys/url/",
        "/v1/mycfg/db/list/",
        "/v1/mycfg/@root/keys/db%2Furl",
        "/v1/mycfg/@root/keys/db%252Furl",
        "/v1/mycfg/db/keys/a b",
        "/v1/mycfg/db/keys/a?reveal=true",
        "/v1/mycfg/db/keys/a#b",
        "/v1/mycfg/db/keys/\u{0}",
        "/v1/mycfg/db/keys/\n",
        "/v1/mycfg/db/keys/\u{e4}",
        "/v1/mycfg/db/keys/{a}",
        "/v1/mycfg/@root/keys/db/url",
        "/v1/%6dycfg/db/keys/url",
        "/v1/mycfg/%64b/keys/url",
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let refused = function.problem(event(method, path)).await;
            assert_eq!(refused, (400, "path".into()), "{method} {path:?}");
        }
    }
    let of_others = function.problem(event("GET", "/v1/others/db/keys/url")).await;
    assert_eq!(of_others, (404, "no-config".into()));
    let mut elsewhere = event("POST", "/v1/mycfg/db/commit");
    elsewhere["headers"]["content-type"] = "application/json".into();
    elsewhere["body"] = r#"{"changes":[{"op":"set","key":"/web/url","value":"x"}]}"#.into();
    assert_eq!(function.problem(elsewhere).await, (400, "body".into()));
    let odd_query = with(
        event("GET", "/v1/mycfg/db/keys/url"),
        "/rawQueryString",
        "revision=\"1 {}",
    );
    assert_eq!(function.problem(odd_query).await, (400, "query".into()));
    assert_eq!(function.table.asked(), []);
}

#[tokio::test]
async fn whom_iam_did_not_let_in_is_denied() {
    let mut function = Function::start().await;
    let nobody = with(
        event("GET", "/v1/mycfg/db/keys/url"),
        "/requestContext/authorizer",
        Value::Null,
    );
    assert_eq!(function.problem(nobody).await, (403, "denied".into()));
    let revealed = with(
        event("GET", "/v1/mycfg/db/keys/url"),
        "/rawQueryString",
        "reveal=true",
    );
    assert_eq!(function.problem(revealed).await, (403, "denied".into()));
    assert_eq!(function.table.asked(), []);
}

#[tokio::test]
async fn what_another_api_passes_on_is_denied() {
    let mut function = Function::start_with(&[("DISCFG_API", "api")]).await;
    let path = "/v1/mycfg/db/keys/url";
    let own = function.answer(event("GET", path)).await;
    assert_eq!(own["statusCode"], 200, "{own}");
    for id in [json!("other"), json!(""), Value::Null] {
        let foreign = with(event("GET", path), "/requestContext/apiId", id);
        assert_eq!(function.problem(foreign).await, (403, "denied".into()));
    }
}

#[tokio::test]
async fn nobody_waits_or_streams() {
    let mut function = Function::start().await;
    let waiting = with(
        event("GET", "/v1/mycfg/db/changes"),
        "/rawQueryString",
        "wait=25s",
    );
    assert_eq!(function.problem(waiting).await, (400, "query".into()));
    let mut streaming = event("GET", "/v1/mycfg/db/changes");
    streaming["headers"]["accept"] = "text/event-stream".into();
    assert_eq!(function.problem(streaming).await.0, 406);
    assert_eq!(function.table.asked(), []);
}

#[tokio::test]
async fn whoever_has_executions_reserved_may_wait_but_not_stream() {
    let mut function = Function::start_with(&[("DISCFG_WAITS", "5")]).await;
    let path = "/v1/mycfg/db/changes";
    let waiting = with(event("GET", path), "/rawQueryString", "after=1&wait=10ms");
    let answer = function.answer(waiting).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    assert_eq!(body(&answer)["changes"], json!([]));
    let mut streaming = event("GET", path);
    streaming["headers"]["accept"] = "text/event-stream".into();
    assert_eq!(function.problem(streaming).await.0, 406);
}
