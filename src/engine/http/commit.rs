use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::api_client::{ApiClient, pause};
use super::call::{ApiCall, REQUEST};
use super::call_failure::CallFailure;
use crate::aws::PlainHttpError;
use crate::model::{Change, Entry, Guard, Key, Ttl};
use crate::store::{AppliedChange, Committed, Purged, Result, StoreError, Txn};
use crate::wire;

/// How often a host that can't be found is looked for, where no request has gone out.
const LOOKS: u32 = 3;
/// What a request is given at least, however little of the bound is left.
const LEAST: Duration = Duration::from_secs(2);

/// What a failed call means for its commit.
enum FailureMeaning {
    /// It has not happened, and won't: the API has looked for its id.
    Final,
    /// This request doesn't carry it out, and another won't.
    Hopeless,
    /// It has not happened, and another try may carry it out.
    NotMade,
    /// It may have happened.
    Doubt,
}

impl ApiClient {
    pub(super) async fn commit(&self, txn: Txn) -> Result<Committed> {
        let call = match &txn.sections()[..] {
            [section] => ApiCall::of_section("POST", "/commit", section),
            _ => ApiCall::of_config("POST", "/commit"),
        };
        let mut guards: Vec<&Guard> = Vec::new();
        for guard in &txn.guards {
            // The API takes a condition that is there twice for a mistake.
            if !guards.contains(&guard) {
                guards.push(guard);
            }
        }
        let request = wire::CommitRequest {
            guards: guards.into_iter().map(wire::GuardSpec::new).collect(),
            changes: txn
                .changes
                .iter()
                .map(|change| wire::ChangeSpec::new(change, txn.moved.get(change.key())))
                .collect(),
            message: txn.message.clone(),
        };
        let mut call = call.stored().json(&request)?;
        call.headers.push(("idempotency-key", txn.id.to_string()));
        let answer = self.send_commit(call.clone(), &txn).await?;
        self.committed(&call, answer)
    }

    /// Sends a commit until it is answered, or until its time is over.
    async fn send_commit(
        &self,
        mut call: ApiCall,
        txn: &Txn,
    ) -> Result<wire::CommitAnswer<wire::StoredChange>> {
        let (began, bound) = (Instant::now(), self.options().patience);
        let mut tries = 0;
        let mut in_doubt = false;
        loop {
            tries += 1;
            let left = bound.saturating_sub(began.elapsed());
            call.within = left.clamp(LEAST, REQUEST);
            let (refusal, wanted) = match self.send(&call).await {
                Ok(answer) => return self.read(&call, &answer),
                Err(refused) => refused,
            };
            let meaning = classify_failure(&refusal);
            in_doubt |= matches!(meaning, FailureMeaning::Doubt);
            let hopeless = matches!(meaning, FailureMeaning::Hopeless)
                || matches!(&refusal, CallFailure::Silence(PlainHttpError::NotSent(_)))
                    && !in_doubt
                    && tries >= LOOKS;
            let pause = pause(tries, wanted);
            let is_over = began.elapsed() + pause >= bound;
            if matches!(meaning, FailureMeaning::Final) || hopeless || is_over {
                let error = self.explain_failure(&call, refusal);
                // What was refused for good has not happened: the API looks for its id first.
                return Err(if in_doubt && !matches!(meaning, FailureMeaning::Final) {
                    StoreError::OutcomeUnknown {
                        commit: txn.id.clone(),
                        source: Some(error.into()),
                    }
                } else {
                    error
                });
            }
            tracing::debug!(commit = %txn.id, tries, "sending the commit again");
            sleep(pause).await;
        }
    }

    fn committed(&self, call: &ApiCall, answer: wire::CommitAnswer<wire::StoredChange>) -> Result<Committed> {
        let told = |error: wire::ShapeError| self.explain_content(call, &error);
        let applied = |line: wire::StoredChange| {
            let change = Change::try_from(line).map_err(told)?;
            Ok(AppliedChange {
                entry: change.entry()?,
                previous: change.replaced()?,
                change,
            })
        };
        Ok(Committed {
            commit: answer
                .commit
                .parse()
                .map_err(|error| self.explain_content(call, &error))?,
            at: answer
                .at
                .parse()
                .map_err(|error| self.explain_content(call, &error))?,
            heads: self.heads_from(call, answer.sections)?,
            changes: answer.changes.into_iter().map(applied).collect::<Result<_>>()?,
        })
    }

    pub(super) async fn touch(&self, key: &Key, ttl: Option<Ttl>) -> Result<Entry> {
        let mut call = ApiCall::of_key("POST", "/touch", key).stored();
        if let Some(ttl) = ttl {
            call = call.query("ttl", &ttl);
        }
        let answer: wire::StoredKeyAnswer = self.fetch(&call).await?;
        self.entry_of(&call, answer.node)
    }

    pub(super) async fn purge(&self, key: &Key) -> Result<Purged> {
        let answer: wire::PurgeAnswer = self.fetch(&ApiCall::of_key("POST", "/purge", key)).await?;
        Ok(Purged {
            lines: answer.lines,
            kept: answer.kept,
        })
    }
}

fn classify_failure(refusal: &CallFailure) -> FailureMeaning {
    match refusal {
        CallFailure::Silence(PlainHttpError::NotSent(_)) => FailureMeaning::NotMade,
        CallFailure::Silence(PlainHttpError::NotTrusted(_) | PlainHttpError::NoRoots(_))
        | CallFailure::Unsigned(_) => FailureMeaning::Hopeless,
        CallFailure::Silence(_) => FailureMeaning::Doubt,
        CallFailure::Problem(problem) => match problem.status {
            503 => FailureMeaning::NotMade,
            504 => FailureMeaning::Doubt,
            _ => FailureMeaning::Final,
        },
        CallFailure::Strange(answer) => match answer.status {
            429 => FailureMeaning::NotMade,
            // Something between here and there, which needn't know what became of the request.
            500.. => FailureMeaning::Doubt,
            _ => FailureMeaning::Hopeless,
        },
    }
}
