//! Answers that the proxy gives by itself.

use std::time::SystemTime;

use aws_smithy_types::date_time::{DateTime, Format};
use serde_json::{Value, json};

use super::http1::Message;

/// What is said in the place of the emulator.
#[derive(Clone)]
pub(crate) enum Answer {
    Fixed {
        status: u16,
        body: String,
    },
    Error {
        status: u16,
        code: &'static str,
        message: &'static str,
    },
    Conflict,
}

impl Answer {
    /// The answer, in the protocol of the request.
    pub(crate) fn to(&self, request: &Message) -> Message {
        let as_json = request.header("X-Amz-Target").is_some();
        let (status, body) = match self {
            Self::Fixed { status, body } => (*status, body.clone()),
            Self::Error {
                status,
                code,
                message,
            } if as_json => (
                *status,
                json!({"__type": format!("com.amazonaws#{code}"), "message": message}).to_string(),
            ),
            Self::Error {
                status,
                code,
                message,
            } => {
                let error = format!("<Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>");
                (
                    *status,
                    format!("<ErrorResponse><Error>{error}</Error></ErrorResponse>"),
                )
            }
            Self::Conflict => (400, conflict_over(request).to_string()),
        };
        let kind = if as_json {
            "application/x-amz-json-1.0"
        } else {
            "text/xml"
        };
        let date = DateTime::from(SystemTime::now())
            .fmt(Format::HttpDate)
            .unwrap_or_default();
        let headers = [
            ("Content-Type", kind),
            ("Date", &date),
            ("x-amzn-RequestId", "from-the-proxy"),
        ];
        Message {
            start: format!("HTTP/1.1 {status} Told"),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            body: body.into_bytes(),
        }
    }
}

fn conflict_over(request: &Message) -> Value {
    let input: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let actions = input["TransactItems"].as_array().map_or(1, Vec::len);
    let reason = json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"});
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
        "CancellationReasons": vec![reason; actions],
    })
}
