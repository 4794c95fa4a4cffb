use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, sleep};

use super::api_client::ApiClient;
use super::call::ApiCall;
use super::call_failure::CallFailure;
use super::read::{SIDE_BY_SIDE, check_readable};
use crate::model::{Head, Revision, Section};
use crate::store::{Cursor, Deadline, Result};
use crate::wire;

/// The longest that one request waits: what lies between cuts a connection that is silent for a minute.
const LONGEST: Duration = Duration::from_secs(25);
/// The shortest that a request may wait.
const SHORTEST: Duration = Duration::from_millis(10);
/// What a request that waits is given beyond that.
const BEYOND: Duration = Duration::from_secs(10);

/// What a request waits for, and the revision or version that it waits to be passed.
enum WaitTarget<'c> {
    /// A section, and the revision that was seen of it.
    One(&'c Section, u64),
    /// The config, and the sum of the revisions.
    All(u64),
}

impl ApiClient {
    pub(super) async fn wait_for_news(&self, cursor: &Cursor, deadline: Deadline) -> Result<Vec<Head>> {
        let end = Instant::now() + deadline.within;
        let left = || end.saturating_duration_since(Instant::now());
        let mut below = None;
        loop {
            let began = Instant::now();
            let span = left().min(LONGEST);
            let (heads, waited) = self.heads_since(cursor, span, &mut below).await?;
            let moved = news(heads, cursor);
            if !moved.is_empty() || left().is_zero() {
                return Ok(moved);
            }
            // Where it waited in vain, or for others' news, it looks no more often than a poll would.
            let pause = if waited {
                deadline.interval.saturating_sub(began.elapsed())
            } else {
                deadline.interval
            };
            if left() <= pause {
                sleep(left()).await;
                return Ok(Vec::new());
            }
            sleep(pause).await;
        }
    }

    /// Where the cursor's sections stand: at once where they have moved, else after the span at the latest, if the API
    /// lets requests wait. Says whether it does. `below` is what the config's version was found to be where it is less
    /// than the cursor has seen.
    async fn heads_since(
        &self,
        cursor: &Cursor,
        span: Duration,
        below: &mut Option<u64>,
    ) -> Result<(Vec<Head>, bool)> {
        let sections: Vec<(&Section, u64)> = cursor
            .seen
            .iter()
            .filter(|(section, _)| !cursor.except.contains(section))
            .map(|(section, seen)| (section, seen.get()))
            .collect();
        match &sections[..] {
            [] if !cursor.whole => Ok((Vec::new(), false)),
            [(section, seen)] if !cursor.whole => {
                let ((heads, _), waited) = self
                    .wait(&WaitTarget::One(section, *seen), span, &cursor.except)
                    .await?;
                Ok((heads, waited))
            }
            several if !cursor.whole && several.len() <= SIDE_BY_SIDE => {
                let all = || self.heads_of(cursor.heads());
                let heads = all().await?;
                if span < SHORTEST || !news(heads.clone(), cursor).is_empty() {
                    return Ok((heads, false));
                }
                let targets: Vec<WaitTarget<'_>> = several
                    .iter()
                    .map(|(section, seen)| WaitTarget::One(section, *seen))
                    .collect();
                let mut waits: FuturesUnordered<_> = targets
                    .iter()
                    .map(|target| self.wait(target, span, &cursor.except))
                    .collect();
                let mut waited = true;
                while let Some(ended) = waits.next().await {
                    let ((heads, _), did) = ended?;
                    waited &= did;
                    if !news(heads, cursor).is_empty() {
                        // All that have moved are returned, not only the first that did.
                        return Ok((all().await?, true));
                    }
                }
                Ok((heads, waited))
            }
            _ => {
                let seen = sections.iter().map(|(_, seen)| seen).sum();
                let after = below.unwrap_or(seen);
                let ((heads, version), waited) =
                    self.wait(&WaitTarget::All(after), span, &cursor.except).await?;
                if version < seen {
                    *below = Some(version);
                }
                Ok((heads, waited))
            }
        }
    }

    async fn wait(
        &self,
        target: &WaitTarget<'_>,
        span: Duration,
        except: &[Section],
    ) -> Result<((Vec<Head>, u64), bool)> {
        let (plain, after) = match target {
            WaitTarget::One(section, seen) => (ApiCall::of_section("GET", "/heads", section), *seen),
            WaitTarget::All(seen) => (ApiCall::of_config("GET", "/heads"), *seen),
        };
        if span >= SHORTEST && self.can_wait() {
            let mut call = plain
                .clone()
                .query("after", &after)
                .query("wait", &format!("{}ms", span.as_millis()));
            call.within = span + BEYOND;
            match self.send(&call).await {
                Ok(answer) => {
                    let answer: wire::HeadsAnswer = self.read(&call, &answer)?;
                    return Ok((self.read_heads(&call, answer, except)?, true));
                }
                Err((CallFailure::Problem(problem), _)) if problem.code == Some(wire::ProblemCode::Query) => {
                    self.note_no_waits();
                }
                // It lets no more wait, or what lies between cut it off: a plain look finds what there is.
                Err((refusal, _)) if refusal.may_pass() => {}
                Err((refusal, _)) => return Err(self.explain_failure(&call, refusal)),
            }
        }
        let answer: wire::HeadsAnswer = self.fetch(&plain).await?;
        Ok((self.read_heads(&plain, answer, except)?, false))
    }

    /// Where sections stand, with the version that the API gives them.
    fn read_heads(
        &self,
        call: &ApiCall,
        answer: wire::HeadsAnswer,
        except: &[Section],
    ) -> Result<(Vec<Head>, u64)> {
        check_readable(answer.bad, except)?;
        Ok((self.heads_from(call, answer.sections)?, answer.version))
    }
}

/// What has moved beyond the cursor.
fn news(mut heads: Vec<Head>, cursor: &Cursor) -> Vec<Head> {
    heads.retain(|head| match cursor.seen.get(&head.section) {
        _ if cursor.except.contains(&head.section) => false,
        Some(seen) => head.revision > *seen,
        None => cursor.whole && head.revision > Revision::ZERO,
    });
    heads
}
