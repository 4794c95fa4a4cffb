//! The function as Lambda runs it: a process that asks the Lambda runtime API for events and answers them there.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
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

struct Function {
    events: mpsc::Sender<(String, Value)>,
    answers: mpsc::Receiver<(String, Value)>,
    _process: Child,
}

impl Function {
    async fn start() -> Self {
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async { axum::serve(listener, router).await });
        let process = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "f")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .kill_on_drop(true)
            .spawn()
            .expect("the function is built");
        Self {
            events,
            answers,
            _process: process,
        }
    }

    /// What the function answers to a request, in the form that API Gateway takes.
    async fn answer(&mut self, id: &str, method: &str, path: &str) -> Value {
        let event = event(method, path);
        self.events
            .send((id.to_owned(), event))
            .await
            .expect("the API runs");
        let answer = timeout(PATIENCE, self.answers.recv()).await;
        let (answered, answer) = answer.expect("it answers in time").expect("the API runs");
        assert_eq!(answered, id);
        answer
    }
}

/// A request in the payload format 2.0 of an HTTP API.
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

fn body(answer: &Value) -> Value {
    let text = answer["body"].as_str().expect("a body of text");
    serde_json::from_str(text).expect("a body of JSON")
}

#[tokio::test]
async fn one_process_answers_one_event_after_the_other() {
    let mut function = Function::start().await;
    let health = function.answer("first", "GET", "/healthz").await;
    assert_eq!(health["statusCode"], 200, "{health}");
    assert_eq!(health["isBase64Encoded"], false);
    assert_eq!(health["headers"]["content-type"], "application/json");
    assert_eq!(body(&health), json!({"status": "ok"}));

    let problem = function.answer("second", "DELETE", "/nosuch").await;
    assert_eq!(problem["statusCode"], 404, "{problem}");
    assert_eq!(problem["headers"]["content-type"], "application/problem+json");
    assert_eq!(body(&problem)["detail"], "there is no route DELETE /nosuch");
}
