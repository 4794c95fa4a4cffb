//! `discfg serve` over a table that asks for patience, is slow, can't be reached or says no: each request ends in its
//! time, nothing of what lies behind the server is told, and all is well when the fault is over.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::account::Account;
use support::cli::Place;
use support::grants::{TABLE, deployed};
use support::http1::Message;
use support::proxy::Proxy;
use support::serving::{Server, ask};
use support::sse::Events;

const URL: &str = "/v1/payments/db/keys/url";
const CHANGES: &str = "/v1/payments/db/changes";
/// How much longer than its limit a request may take on a machine that does much else.
const LEEWAY: Duration = Duration::from_secs(8);
const PATIENCE: Duration = Duration::from_mins(1);

/// A server before a table, what can be done to what lies between, and a way around that.
struct Between {
    account: Account,
    proxy: Proxy,
    server: Server,
    limit: Duration,
    around: Place,
    _place: Place,
}

impl Between {
    /// A server whose requests may take so many seconds.
    fn with_limit(seconds: u64) -> Self {
        let (account, proxy, place) = deployed();
        let limit = format!("{seconds}s");
        let server = Server::start(&place, &["--request-timeout", &limit, "--interval", "200ms"]);
        let around = Place::at(&account.url(), &account.root())
            .env("DISCFG_CONFIG", "payments")
            .env("DISCFG_AS", "self");
        Self {
            account,
            proxy,
            server,
            limit: Duration::from_secs(seconds),
            around,
            _place: place,
        }
    }

    /// Asks, and is answered within the limit.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, id: Option<&str>, body: &str) -> Message {
        let headers: Vec<_> = id.iter().map(|id| ("Idempotency-Key", *id)).collect();
        let begun = Instant::now();
        let answer = self.server.ask(method, path, &headers, body);
        let took = begun.elapsed();
        assert!(took < self.limit + LEEWAY, "{method} {path} took {took:?}");
        answer
    }

    fn get(&self) -> Message {
        self.ask("GET", URL, None, "")
    }

    fn put(&self, key: &str, id: Option<&str>, value: &str) -> Message {
        self.ask("PUT", &format!("/v1/payments/db/keys/{key}"), id, value)
    }

    /// It is that problem, and tells nothing of what lies behind the server.
    #[track_caller]
    fn fails(&self, answer: &Message, status: u16, kind: &str) -> Value {
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let problem: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            (answer.status(), &problem["kind"]),
            (status, &json!(kind)),
            "{problem}"
        );
        let retry = (status == 503).then_some("1");
        assert_eq!(answer.header("retry-after"), retry, "{problem}");
        let behind = [
            self.account.id(),
            TABLE,
            self.proxy.url(),
            "arn:",
            "127.0.0.1",
            "aws",
            "dynamodb",
            "exception",
            "throughput",
            "authorized",
            "expired",
            "connect",
            "GetItem",
            "TransactWriteItems",
        ];
        for word in behind {
            let told = text.to_lowercase().contains(&word.to_lowercase());
            assert!(!told, "{word:?} is told: {text}");
        }
        problem
    }

    /// It lives, and says that it isn't ready.
    #[track_caller]
    fn isnt_ready(&self) {
        self.server.lives();
        let ready = self.ask("GET", "/readyz", None, "");
        assert_eq!(ready.status(), 503);
        let problem: Value = serde_json::from_slice(&ready.body).expect("JSON");
        self.fails(&ready, 503, problem["kind"].as_str().expect("a kind"));
    }

    /// The fault is over: it reads and writes, at once and without having been started again.
    #[track_caller]
    fn is_well(&self) {
        let deadline = Instant::now() + PATIENCE;
        while self.ask("GET", "/readyz", None, "").status() != 200 {
            assert!(Instant::now() < deadline, "it doesn't become ready");
        }
        self.server.lives();
        assert_eq!(self.get().status(), 200);
        assert!(self.put("after", None, "all is well").status() < 300);
    }

    /// Writes past the server and the fault.
    fn set_around(&self, value: &str) {
        self.around.args(["set", "db/url", value, "-q"]).run().code(0);
    }

    /// The log's lines of a key of the section `db`, as another client sees them.
    fn lines(&self, key: &str) -> usize {
        let items = self.account.items(TABLE);
        let key = format!("/db/{key}");
        items
            .iter()
            .filter(|item| item["key"]["S"] == key.as_str())
            .count()
    }

    async fn stream(&self, last_id: Option<&str>) -> Events {
        Events::from(self.server.address, CHANGES, last_id).await
    }

    /// Reads up to a revision, taken up again wherever the server ends the stream: each once, and in order.
    async fn follows(&self, events: &mut Events, up_to: u64) {
        let mut seen: u64 = events
            .last_id
            .as_ref()
            .and_then(|id| id.parse().ok())
            .expect("an id");
        while seen < up_to {
            match events.next().await {
                Some(sent) if sent.name == "set" => {
                    assert_eq!(sent.data["revision"], seen + 1, "{sent:?}");
                    seen += 1;
                    assert_eq!(events.last_id, Some(seen.to_string()));
                }
                Some(sent) => {
                    assert_eq!(
                        (sent.name.as_str(), &sent.data["reason"]),
                        ("end", &json!("unavailable")),
                        "{sent:?}"
                    );
                    assert_eq!(events.next().await, None);
                    let id = events.last_id.clone();
                    *events = self.stream(id.as_deref()).await;
                }
                None => panic!("it ended without a last event"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn throttled_it_says_so_and_gives_commits_up_in_time() {
    let between = Between::with_limit(8);
    let mut events = between.stream(None).await;
    between.proxy.on("*").throttle();
    between.fails(&between.get(), 503, "throttled");
    between.fails(&between.put("never", None, "v"), 503, "throttled");
    between.isnt_ready();
    between.set_around("meanwhile");
    between.set_around("and again");
    between.proxy.calm();
    between.follows(&mut events, 3).await;

    // What is read is enough to decide it, and it can't be made: nothing of it comes afterwards.
    between.proxy.on("TransactWriteItems").throttle();
    let host = between.server.address.to_string();
    // Some wait for their turn meanwhile, and are not made to wait longer than the one before them.
    let others: Vec<_> = (0..3)
        .map(|n| {
            let (stream, host) = (between.server.connect(), host.clone());
            let path = format!("/v1/payments/db/keys/never-{n}");
            thread::spawn(move || ask(stream, &host, "PUT", &path, &[], "v"))
        })
        .collect();
    between.fails(&between.put("never", Some("never"), "v"), 503, "throttled");
    for other in others {
        between.fails(&other.join().expect("an answer"), 503, "throttled");
    }
    let tried = between.proxy.count("TransactWriteItems");
    assert!(tried > 3, "{tried}");
    between.proxy.calm();
    assert_eq!(
        between
            .ask("GET", "/v1/payments/db/keys/never", None, "")
            .status(),
        404
    );
    between.is_well();
    assert_eq!(
        (between.lines("never"), between.proxy.count("TransactWriteItems")),
        (0, tried + 1)
    );
    between.follows(&mut events, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_it_ends_reads_in_time_and_a_commit_has_one_result() {
    let between = Between::with_limit(2);
    let mut events = between.stream(None).await;
    between.proxy.on("*").delay(Duration::from_secs(10));
    let begun = Instant::now();
    let problem = between.fails(&between.get(), 503, "timeout");
    assert!(begun.elapsed() >= between.limit, "{problem}");
    between.isnt_ready();
    between.set_around("meanwhile");
    between.proxy.calm();
    between.follows(&mut events, 2).await;

    let gate = between.proxy.on("TransactWriteItems").times(1).hold();
    let begun = Instant::now();
    let unknown = between.fails(&between.put("slow", Some("mine"), "v"), 504, "outcome-unknown");
    assert!(begun.elapsed() >= between.limit, "{unknown}");
    assert_eq!(unknown["commit"], "mine");
    between.server.lives();
    gate.release();
    let deadline = Instant::now() + PATIENCE;
    let mut again = between.put("slow", Some("mine"), "v");
    while again.status() == 504 {
        assert!(Instant::now() < deadline, "it never ends");
        again = between.put("slow", Some("mine"), "v");
    }
    assert!(again.status() < 300, "{again:?}");
    let made: Value = serde_json::from_slice(&again.body).expect("JSON");
    assert_eq!(
        (&made["node"]["revision"], between.lines("slow")),
        (&json!(3), 1),
        "{made}"
    );
    between.is_well();
    between.follows(&mut events, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_off_it_says_so_and_takes_up_again_what_was_lost() {
    let between = Between::with_limit(6);
    let mut events = between.stream(None).await;
    between.proxy.go_down();
    between.fails(&between.get(), 503, "unavailable");
    between.fails(&between.put("never", None, "v"), 503, "unavailable");
    between.isnt_ready();
    between.set_around("meanwhile");
    between.proxy.come_back();
    between.is_well();
    between.follows(&mut events, 3).await;

    between.proxy.on("*").cut_within();
    between.fails(&between.get(), 503, "unavailable");
    between.isnt_ready();
    between.proxy.calm();
    between.is_well();

    // It is made, and nobody hears of it.
    between.proxy.on("TransactWriteItems").cut_after();
    between.fails(&between.put("lost", Some("mine"), "v"), 504, "outcome-unknown");
    between.proxy.calm();
    let again = between.put("lost", Some("mine"), "v");
    assert!(again.status() < 300, "{again:?}");
    assert_eq!(between.lines("lost"), 1);
    between.follows(&mut events, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn denied_it_says_that_it_may_not_and_a_stream_is_taken_up_again() {
    let between = Between::with_limit(6);
    let mut events = between.stream(None).await;
    between.proxy.on("*").deny();
    between.fails(&between.get(), 403, "denied");
    between.fails(&between.put("never", None, "v"), 403, "denied");
    between.isnt_ready();
    let end = events.next().await.expect("a last event");
    assert_eq!(
        (end.name.as_str(), &end.data["reason"]),
        ("end", &json!("unavailable"))
    );
    assert_eq!(events.next().await, None);
    between.set_around("meanwhile");
    between.proxy.calm();
    between.is_well();
    let mut events = between.stream(events.last_id.as_deref()).await;
    between.follows(&mut events, 3).await;

    // No caller can mend the server's own credentials.
    between.proxy.on("*").error(
        400,
        "ExpiredTokenException",
        "The security token included in the request is expired",
    );
    between.fails(&between.get(), 503, "unavailable");
    between.fails(&between.put("never", None, "v"), 503, "unavailable");
    between.isnt_ready();
    between.proxy.calm();
    between.is_well();
    between.follows(&mut events, 4).await;
}
