use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::api::{Api, Refusal, pause};
use super::call::{Call, REQUEST};
use crate::aws::PlainHttpError;
use crate::model::{Change, Entry, Guard, Key, Ttl};
use crate::store::{AppliedChange, Committed, Result, StoreError, Txn};
use crate::wire;

/// How often a host that can't be found is looked for, where no request has gone out.
const LOOKS: u32 = 3;
/// What a request is given at least, however little of the bound is left.
const LEAST: Duration = Duration::from_secs(2);

/// What a refusal of a commit means.
enum Meaning {
    /// It is not made, and won't be: the API has looked for its id.
    Final,
    /// This request doesn't make it, and another won't.
    Hopeless,
    /// It is not made, and another try may make it.
    NotMade,
    /// It may be made.
    Doubt,
}

impl Api {
    pub(super) async fn make(&self, txn: Txn) -> Result<Committed> {
        let call = match &txn.sections()[..] {
            [section] => Call::of_section("POST", "/commit", section),
            _ => Call::of_config("POST", "/commit"),
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
            changes: txn.changes.iter().map(wire::ChangeSpec::new).collect(),
        };
        let mut call = call.stored().json(&request)?;
        call.headers.push(("idempotency-key", txn.id.to_string()));
        let answer = self.insist(call.clone(), &txn).await?;
        self.committed(&call, answer)
    }

    /// Sends a commit until it is answered, or until its time is over.
    async fn insist(&self, mut call: Call, txn: &Txn) -> Result<wire::CommitAnswer<wire::StoredChange>> {
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
            let meaning = meaning(&refusal);
            in_doubt |= matches!(meaning, Meaning::Doubt);
            let hopeless = matches!(meaning, Meaning::Hopeless)
                || matches!(&refusal, Refusal::Silence(PlainHttpError::NotSent(_)))
                    && !in_doubt
                    && tries >= LOOKS;
            let pause = pause(tries, wanted);
            let is_over = began.elapsed() + pause >= bound;
            if matches!(meaning, Meaning::Final) || hopeless || is_over {
                let error = self.failed(&call, refusal);
                // What was refused for good isn't made: the API looks for its id first.
                return Err(if in_doubt && !matches!(meaning, Meaning::Final) {
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

    fn committed(&self, call: &Call, answer: wire::CommitAnswer<wire::StoredChange>) -> Result<Committed> {
        let told = |error: wire::ShapeError| self.misshapen(call, &error);
        let applied = |line: wire::StoredChange| {
            let change = Change::try_from(line).map_err(told)?;
            Ok(AppliedChange {
                entry: change.entry(),
                previous: change.replaced(),
                change,
            })
        };
        Ok(Committed {
            commit: answer
                .commit
                .parse()
                .map_err(|error| self.misshapen(call, &error))?,
            at: answer.at.parse().map_err(|error| self.misshapen(call, &error))?,
            heads: self.heads_from(call, answer.sections)?,
            changes: answer.changes.into_iter().map(applied).collect::<Result<_>>()?,
        })
    }

    pub(super) async fn renew(&self, key: &Key, ttl: Option<Ttl>) -> Result<Entry> {
        let mut call = Call::of_key("POST", "/touch", key).stored();
        if let Some(ttl) = ttl {
            call = call.query("ttl", &ttl);
        }
        let answer: wire::StoredEnvelope = self.asked(&call).await?;
        self.entry_of(&call, answer.node)
    }
}

fn meaning(refusal: &Refusal) -> Meaning {
    match refusal {
        Refusal::Silence(PlainHttpError::NotSent(_)) => Meaning::NotMade,
        Refusal::Silence(PlainHttpError::NotTrusted(_) | PlainHttpError::NoRoots(_))
        | Refusal::Unsigned(_) => Meaning::Hopeless,
        Refusal::Silence(_) => Meaning::Doubt,
        Refusal::Problem(problem) => match problem.status {
            503 => Meaning::NotMade,
            504 => Meaning::Doubt,
            _ => Meaning::Final,
        },
        Refusal::Strange(answer) => match answer.status {
            429 => Meaning::NotMade,
            // Something between here and there, which needn't know what became of the request.
            500.. => Meaning::Doubt,
            _ => Meaning::Hopeless,
        },
    }
}
