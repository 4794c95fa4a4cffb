//! A proxy between the SDK and the emulator that does to a request what a test tells it to.

use std::io::{BufReader, Result, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::answer::Answer;
use super::emulator::Emulator;
use super::http1::Message;

/// How long a held request waits to be released before its test is given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A listening proxy. It keeps the Host header, so that signatures hold.
pub struct Proxy {
    address: SocketAddr,
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    is_down: AtomicBool,
    listening: Mutex<Option<thread::JoinHandle<()>>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    requests: Vec<Request>,
}

/// A request that came to the proxy, whatever became of it.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GetItem`, `AssumeRole`, …
    pub operation: String,
    /// As it was sent.
    pub message: Message,
    /// What the emulator answered, if it was asked.
    pub answer: Option<Message>,
}

impl Request {
    /// The body of a JSON request.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.message.body).unwrap_or_default()
    }

    /// The body of the emulator's JSON answer.
    pub fn answer_json(&self) -> Value {
        self.answer
            .as_ref()
            .and_then(|answer| serde_json::from_slice(&answer.body).ok())
            .unwrap_or_default()
    }
}

struct Rule {
    operation: String,
    skip: usize,
    left: usize,
    action: Action,
}

/// Given the request and the emulator's answer, both JSON, changes the answer.
type Alteration = dyn Fn(&Value, &mut Value) + Send + Sync;

/// Given the body of a request, the status and the body of an answer, if it has one.
type Part = dyn Fn(&str) -> Option<(u16, String)> + Send + Sync;

#[derive(Clone)]
enum Action {
    Answer(Answer),
    Play(Arc<Part>),
    CutBefore,
    CutAfter,
    CutWithin,
    Delay(Duration),
    Alter(Arc<Alteration>),
    Hold {
        arrived: mpsc::Sender<()>,
        release: Arc<Mutex<mpsc::Receiver<()>>>,
    },
}

impl Proxy {
    /// A proxy before the emulator of this run.
    pub fn before(emulator: &Emulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            upstream: emulator.address(),
            is_down: AtomicBool::new(false),
            listening: Mutex::default(),
            state: Mutex::default(),
        });
        shared.listen(listener);
        Self {
            address,
            url: format!("http://{address}"),
            shared,
        }
    }

    /// Listens no more: connections are refused, and those that are open end at their next request.
    pub fn go_down(&self) {
        self.shared.is_down.store(true, Ordering::SeqCst);
        // It looks when somebody comes.
        drop(TcpStream::connect(self.address));
        let listening = self.shared.listening.lock().expect("nobody panicked").take();
        listening.expect("it listened").join().expect("it ends");
    }

    /// Listens again where it did.
    pub fn come_back(&self) {
        self.shared.is_down.store(false, Ordering::SeqCst);
        self.shared
            .listen(TcpListener::bind(self.address).expect("its port is still free"));
    }

    /// What `AWS_ENDPOINT_URL` is set to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Begins a rule for an operation, by the service's name for it; `*` is every operation.
    ///
    /// Of several rules that fit, the one that was given first acts until its `times` are used up.
    pub fn on(&self, operation: &str) -> NewRule<'_> {
        NewRule {
            proxy: self,
            operation: operation.to_owned(),
            skip: 0,
            times: usize::MAX,
        }
    }

    /// How often an operation was asked for, answered or not.
    pub fn count(&self, operation: &str) -> usize {
        self.shared
            .state()
            .requests
            .iter()
            .filter(|request| request.operation == operation)
            .count()
    }

    /// All that came, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// The names of all operations that came, in order.
    pub fn operations(&self) -> Vec<String> {
        self.requests()
            .into_iter()
            .map(|request| request.operation)
            .collect()
    }

    /// Forgets the requests so far, so that counting begins at this point of a test.
    pub fn forget(&self) {
        self.shared.state().requests.clear();
    }

    /// Drops all rules.
    pub fn calm(&self) {
        self.shared.state().rules.clear();
    }
}

/// A rule in the making; the last word of the sentence says what is done.
#[must_use]
pub struct NewRule<'a> {
    proxy: &'a Proxy,
    operation: String,
    skip: usize,
    times: usize,
}

impl NewRule<'_> {
    /// Acts this often, then no more. Without it the rule holds until `calm`.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Lets this many through first.
    pub fn skip(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    /// Answers without asking the emulator.
    pub fn answer(self, status: u16, body: &str) {
        self.act(Action::Answer(Answer::Fixed {
            status,
            body: body.to_owned(),
        }));
    }

    /// Answers as the test says of the request's body, and passes on what it says nothing of.
    pub fn play(self, part: impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static) {
        self.act(Action::Play(Arc::new(part)));
    }

    /// Answers with an error in the protocol that the request came in.
    pub fn error(self, status: u16, code: &'static str, message: &'static str) {
        self.act(Action::Answer(Answer::Error {
            status,
            code,
            message,
        }));
    }

    /// The table is asked too much.
    pub fn throttle(self) {
        self.error(
            400,
            "ProvisionedThroughputExceededException",
            "The level of throughput was exceeded.",
        );
    }

    /// The service is in trouble.
    pub fn server_error(self) {
        self.error(500, "InternalServerError", "The request processing has failed.");
    }

    /// IAM says no.
    pub fn deny(self) {
        self.error(
            400,
            "AccessDeniedException",
            "User is not authorized to perform this action.",
        );
    }

    /// Another transaction is at the same items: every action of this one is given that reason.
    pub fn conflict(self) {
        self.act(Action::Answer(Answer::Conflict));
    }

    /// Closes the connection before the emulator hears of the request.
    pub fn cut_before(self) {
        self.act(Action::CutBefore);
    }

    /// Closes the connection when the emulator has acted: the answer is lost.
    pub fn cut_after(self) {
        self.act(Action::CutAfter);
    }

    /// Closes the connection within the answer: half of it comes.
    pub fn cut_within(self) {
        self.act(Action::CutWithin);
    }

    /// Passes the request on after a while.
    pub fn delay(self, by: Duration) {
        self.act(Action::Delay(by));
    }

    /// Passes the request on, and gives the JSON answer as `change` makes it.
    pub fn alter(self, change: impl Fn(&Value, &mut Value) + Send + Sync + 'static) {
        self.act(Action::Alter(Arc::new(change)));
    }

    /// Holds each request until the gate lets it pass, so that a test can act in between.
    pub fn hold(self) -> Gate {
        let (arrived, arrivals) = mpsc::channel();
        let (releases, release) = mpsc::channel();
        self.act(Action::Hold {
            arrived,
            release: Arc::new(Mutex::new(release)),
        });
        Gate { arrivals, releases }
    }

    fn act(self, action: Action) {
        let rule = Rule {
            operation: self.operation,
            skip: self.skip,
            left: self.times,
            action,
        };
        self.proxy.shared.state().rules.push(rule);
    }
}

/// Where held requests wait.
pub struct Gate {
    arrivals: mpsc::Receiver<()>,
    releases: mpsc::Sender<()>,
}

impl Gate {
    /// Blocks until a request is waiting. An async test needs a second thread for the client.
    pub fn arrived(&self) {
        self.arrivals
            .recv_timeout(PATIENCE)
            .expect("a request comes to the gate");
    }

    /// Lets one request pass.
    pub fn release(&self) {
        // Where the client has given up meanwhile there is no one to let pass.
        let _ = self.releases.send(());
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(self: &Arc<Self>, listener: TcpListener) {
        let shared = Arc::clone(self);
        let listening = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.is_down.load(Ordering::SeqCst) {
                    break;
                }
                let shared = Arc::clone(&shared);
                // A client that hangs up, or an emulator that does, ends the connection and nothing else.
                thread::spawn(move || shared.serve(stream));
            }
        });
        *self.listening.lock().expect("nobody panicked") = Some(listening);
    }

    fn serve(&self, mut client: TcpStream) -> Result<()> {
        client.set_nodelay(true)?;
        let mut reader = BufReader::new(client.try_clone()?);
        while let Some(request) = Message::read_request(&mut reader)? {
            if self.is_down.load(Ordering::SeqCst) {
                return Ok(());
            }
            let (index, action) = self.state().record(&request);
            let answer = match action {
                Some(Action::CutBefore) => return Ok(()),
                Some(Action::Answer(answer)) => answer.to(&request),
                Some(Action::Play(part)) => match part(&String::from_utf8_lossy(&request.body)) {
                    Some((status, body)) => Answer::Fixed { status, body }.to(&request),
                    None => self.forward(index, &request)?,
                },
                Some(Action::Delay(by)) => {
                    thread::sleep(by);
                    self.forward(index, &request)?
                }
                Some(Action::Alter(change)) => {
                    let mut answer = self.forward(index, &request)?;
                    let mut body = serde_json::from_slice(&answer.body)?;
                    change(&serde_json::from_slice(&request.body)?, &mut body);
                    answer.body = body.to_string().into_bytes();
                    answer
                        .headers
                        .retain(|(name, _)| !name.eq_ignore_ascii_case("x-amz-crc32"));
                    answer
                }
                Some(Action::Hold { arrived, release }) => {
                    let _ = arrived.send(());
                    let _ = release
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv_timeout(PATIENCE);
                    self.forward(index, &request)?
                }
                Some(Action::CutAfter) => {
                    self.forward(index, &request)?;
                    return Ok(());
                }
                Some(Action::CutWithin) => {
                    let mut answer = Vec::new();
                    self.forward(index, &request)?.write(&mut answer)?;
                    return client.write_all(&answer[..answer.len() / 2]);
                }
                None => self.forward(index, &request)?,
            };
            answer.write(&mut client)?;
        }
        Ok(())
    }

    fn forward(&self, index: usize, request: &Message) -> Result<Message> {
        let mut upstream = TcpStream::connect(&self.upstream)?;
        request.write(&mut upstream)?;
        let answer = Message::read_response_to(request, &mut BufReader::new(upstream))?;
        // A test may have forgotten the requests while this one was under way.
        if let Some(request) = self.state().requests.get_mut(index) {
            request.answer = Some(answer.clone());
        }
        Ok(answer)
    }
}

impl State {
    fn record(&mut self, message: &Message) -> (usize, Option<Action>) {
        let operation = operation_of(message);
        let action = self.rules.iter_mut().find_map(|rule| rule.meet(&operation));
        self.requests.push(Request {
            operation,
            message: message.clone(),
            answer: None,
        });
        (self.requests.len() - 1, action)
    }
}

impl Rule {
    fn meet(&mut self, operation: &str) -> Option<Action> {
        if (self.operation != operation && self.operation != "*") || self.left == 0 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.left -= 1;
        Some(self.action.clone())
    }
}

fn operation_of(request: &Message) -> String {
    if let Some((_, operation)) = request
        .header("X-Amz-Target")
        .and_then(|target| target.rsplit_once('.'))
    {
        return operation.to_owned();
    }
    let form = String::from_utf8_lossy(&request.body);
    let action = form.split('&').find_map(|field| field.strip_prefix("Action="));
    action.unwrap_or(&request.start).to_owned()
}
