use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::answer::{media_type, problem};
use super::call::ApiCall;
use super::call_failure::CallFailure;
use super::call_site::CallSite;
use super::options::HttpOptions;
use super::{failure, gateway};
use crate::aws::{PlainAnswer, PlainHttp, PlainRequest, Signer};
use crate::model::{Backoff, Jitter};
use crate::store::{Result, StoreError};
use crate::wire::Problem;

/// How long a host may take to be connected to.
const CONNECT: Duration = Duration::from_secs(5);
/// The largest answer, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;
/// How often a read is tried.
const TRIES: u32 = 3;
/// A read that has taken so long isn't tried again.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before the second try.
const PAUSE: Duration = Duration::from_millis(50);
const BACKOFF: Backoff = Backoff::new(PAUSE, Duration::from_millis(1600));

/// A client of an API.
#[derive(Clone)]
pub(super) struct ApiClient(Arc<ApiConnection>);

struct ApiConnection {
    options: HttpOptions,
    /// What signs requests, where the API takes them signed.
    signer: Option<Signer>,
    http: PlainHttp,
    /// Whether the API was found to let no request wait, as a function behind a gateway does.
    no_waits: AtomicBool,
}

impl fmt::Debug for ApiClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.options.fmt(f)
    }
}

impl ApiClient {
    pub(super) fn new(options: HttpOptions, signer: Option<Signer>) -> Self {
        // What is sent to this machine is to stay on it.
        let http = PlainHttp::new(CONNECT, options.url.is_loopback(), options.requests.clone());
        Self(Arc::new(ApiConnection {
            options,
            signer,
            http,
            no_waits: AtomicBool::new(false),
        }))
    }

    pub(super) fn options(&self) -> &HttpOptions {
        &self.0.options
    }

    fn site<'c>(&'c self, call: &'c ApiCall) -> CallSite<'c> {
        CallSite {
            options: self.options(),
            is_signed: self.0.signer.is_some(),
            call,
        }
    }

    pub(super) fn can_wait(&self) -> bool {
        !self.0.no_waits.load(Ordering::Relaxed)
    }

    pub(super) fn note_no_waits(&self) {
        self.0.no_waits.store(true, Ordering::Relaxed);
    }

    /// Sends a request once, and once more with new credentials where those of an assumed role may not be known any more.
    pub(super) async fn send(
        &self,
        call: &ApiCall,
    ) -> std::result::Result<PlainAnswer, (CallFailure, Option<u64>)> {
        let unanswered = |refusal| (refusal, None);
        let mut answer = self.send_once(call).await.map_err(unanswered)?;
        if let Some(signer) = &self.0.signer
            && gateway::is_forbidden(&answer)
            && signer.renew().await
        {
            answer = self.send_once(call).await.map_err(unanswered)?;
        }
        if matches!(answer.status, 200 | 201) {
            return Ok(answer);
        }
        let pause = answer.retry_after;
        let refusal = match problem(&answer) {
            Some(problem) => CallFailure::Problem(Box::new(problem)),
            None => CallFailure::Strange(answer),
        };
        Err((refusal, pause))
    }

    /// Sends a request once, and returns whatever is answered.
    async fn send_once(&self, call: &ApiCall) -> std::result::Result<PlainAnswer, CallFailure> {
        let mut request = self.request(call);
        if let Some(signer) = &self.0.signer {
            // Each time: a signature is valid for five minutes.
            signer.sign(&mut request).await.map_err(CallFailure::Unsigned)?;
        }
        self.0.http.send(request).await.map_err(CallFailure::Silence)
    }

    fn request(&self, call: &ApiCall) -> PlainRequest {
        let options = self.options();
        let query = call.query.iter().map(|(name, value)| format!("{name}={value}"));
        let query = query.collect::<Vec<_>>().join("&");
        let before = if query.is_empty() { "" } else { "?" };
        let (url, config, path) = (&options.url, &options.config, &call.path);
        let mut headers = call.headers.clone();
        headers.push(("accept", "application/json".into()));
        headers.push(("user-agent", concat!("discfg/", env!("CARGO_PKG_VERSION")).into()));
        if let Some(token) = &options.token {
            headers.push(("authorization", format!("Bearer {}", token.value.reveal())));
        }
        PlainRequest {
            operation: call.route,
            method: call.method,
            url: format!("{url}/v1/{config}/{path}{before}{query}"),
            headers,
            body: call.body.clone(),
            within: call.within,
            most: LARGEST,
        }
    }

    /// Sends a request that changes nothing, or may be sent twice, until it is answered or hopeless.
    pub(super) async fn try_fetch<T: DeserializeOwned>(
        &self,
        call: &ApiCall,
    ) -> std::result::Result<T, ReadFailure> {
        let began = Instant::now();
        let mut tries = 0;
        loop {
            tries += 1;
            match self.send(call).await {
                Ok(answer) => return self.read(call, &answer).map_err(ReadFailure::Store),
                Err((refusal, wanted))
                    if refusal.may_pass() && tries < TRIES && began.elapsed() < PATIENCE =>
                {
                    tracing::debug!(route = call.route, tries, "trying again");
                    sleep(pause(tries, wanted)).await;
                }
                Err((CallFailure::Problem(problem), _)) => return Err(ReadFailure::Problem(problem)),
                Err((refusal, _)) => return Err(ReadFailure::Store(self.explain_failure(call, refusal))),
            }
        }
    }

    /// Sends a request as [`try_fetch`](Self::try_fetch) does. Every refusal is an error.
    pub(super) async fn fetch<T: DeserializeOwned>(&self, call: &ApiCall) -> Result<T> {
        self.try_fetch(call)
            .await
            .map_err(|refused| self.explain_read_failure(call, refused))
    }

    pub(super) fn explain_read_failure(&self, call: &ApiCall, refused: ReadFailure) -> StoreError {
        match refused {
            ReadFailure::Store(error) => error,
            ReadFailure::Problem(problem) => self.explain_failure(call, CallFailure::Problem(problem)),
        }
    }

    /// Reads what a good answer holds.
    pub(super) fn read<T: DeserializeOwned>(&self, call: &ApiCall, answer: &PlainAnswer) -> Result<T> {
        if media_type(answer) != Some("application/json") {
            return Err(failure::of_strange_answer(self.site(call), answer));
        }
        // What serde says of it may hold values.
        serde_json::from_slice(&answer.body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            failure::of_content(self.site(call), &place)
        })
    }

    pub(super) fn explain_failure(&self, call: &ApiCall, failure: CallFailure) -> StoreError {
        failure::of_call(self.site(call), failure)
    }

    /// Returns the error of an answer that has a good form, but no good content.
    pub(super) fn explain_content(&self, call: &ApiCall, what: &dyn fmt::Display) -> StoreError {
        failure::of_content(self.site(call), &what.to_string())
    }
}

/// Why there is no answer to a read.
pub(super) enum ReadFailure {
    Problem(Box<Problem>),
    Store(StoreError),
}

/// The pause before another try, jittered, and not shorter than the API wishes, within reason.
pub(super) fn pause(tries: u32, wanted: Option<u64>) -> Duration {
    let own = BACKOFF.pause(tries.saturating_sub(1));
    let wanted = Duration::from_secs(wanted.unwrap_or_default().min(2));
    Jitter::Quarter.draw(own.max(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_sent_as_a_signature_has_it() {
        let url = "https://abc.execute-api.eu-central-1.amazonaws.com/prod".parse();
        let options = HttpOptions::new(url.expect("a URL"), "mycfg".parse().expect("a name"));
        let call = ApiCall::of_config("GET", "/snapshot")
            .query("prefix", "/db")
            .query("prefix", "/a:b/c~d")
            .query("cursor", "a b+c=d&e%")
            .stored();
        assert_eq!(
            ApiClient::new(options, None).request(&call).url,
            "https://abc.execute-api.eu-central-1.amazonaws.com/prod/v1/mycfg/@config/snapshot\
             ?prefix=%2Fdb&prefix=%2Fa%3Ab%2Fc~d&cursor=a%20b%2Bc%3Dd%26e%25&stored=true"
        );
    }

    #[test]
    fn pauses_grow_and_heed_what_is_wished_within_reason() {
        for tries in 1..40 {
            let own = pause(tries, None);
            let grown = PAUSE * (1 << (tries.min(6) - 1));
            assert!(
                own >= grown.mul_f64(0.75) && own <= grown.mul_f64(1.25),
                "{tries}: {own:?}"
            );
            assert!(pause(tries, Some(1)) >= Duration::from_millis(750));
            assert!(pause(tries, Some(3600)) <= Duration::from_millis(2500));
        }
    }
}
