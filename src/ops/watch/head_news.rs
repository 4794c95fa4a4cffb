use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::select;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::retry_patience::RetryPatience;
use super::section::BAD_FOR;
use crate::model::{BadSection, Head, Jitter};
use crate::ops::readable_heads;
use crate::store::{Cursor, Deadline, Heads, Result, Store, StoreError, UnreadableSections};

/// An event of following a config's heads.
#[derive(Debug)]
#[non_exhaustive]
pub enum HeadNews {
    /// The heads that have moved: at first all of them.
    Moved(Vec<Head>),
    /// The heads of these sections can't be read. The others are followed on, and these are tried once a minute.
    Bad(Vec<BadSection>),
    /// A look showed no other head than the last.
    Still,
    /// The store fails for the moment. The next look comes after a pause.
    Retry(StoreError),
}

/// Tells where the sections of a config stand, and each that moves from then on. `nudge` makes it look at once, as that
/// of a [`Watch`](super::Watch) does.
///
/// The stream ends with the first error, later with the first that trying again can't mend.
pub fn watch_heads(
    store: &dyn Store,
    interval: Duration,
    nudge: Arc<Notify>,
) -> BoxStream<'_, Result<HeadNews>> {
    stream! {
        let (heads, bad) = match readable_heads(store, &Heads::All).await {
            Ok(found) => found,
            Err(error) => {
                yield Err(error);
                return;
            }
        };
        let mut cursor = Cursor { whole: true, ..Cursor::default() };
        let mut tried = Instant::now();
        cursor.except.extend(bad.iter().map(|bad| bad.section.clone()));
        let mut patience = RetryPatience::default();
        yield Ok(HeadNews::Moved(take(&mut cursor, heads)));
        if !bad.is_empty() {
            yield Ok(HeadNews::Bad(bad));
        }
        loop {
            if !cursor.except.is_empty() && tried.elapsed() >= BAD_FOR {
                for section in std::mem::take(&mut cursor.except) {
                    cursor.seen.remove(&section);
                }
            }
            let within = Jitter::Tenth.draw(interval);
            let looked = select! {
                looked = store.wait(&cursor, Deadline { within, interval: within }) => looked,
                () = nudge.notified() => store.heads(cursor.heads()).await,
            };
            match looked {
                Ok(heads) => {
                    patience.renew();
                    let moved = take(&mut cursor, heads);
                    yield Ok(if moved.is_empty() { HeadNews::Still } else { HeadNews::Moved(moved) });
                }
                Err(error) => {
                    let mut left_out = UnreadableSections::default();
                    let Err(error) = left_out.take(error) else {
                        tried = Instant::now();
                        cursor.except.extend_from_slice(left_out.sections());
                        yield Ok(HeadNews::Bad(left_out.into_bad()));
                        continue;
                    };
                    let Some(pause) = patience.with(&error) else {
                        yield Err(error);
                        return;
                    };
                    yield Ok(HeadNews::Retry(error));
                    sleep(pause).await;
                }
            }
        }
    }
    .boxed()
}

/// The heads that are news, which the cursor takes in.
fn take(cursor: &mut Cursor, mut heads: Vec<Head>) -> Vec<Head> {
    heads.retain(|head| {
        let seen = cursor.seen.get(&head.section);
        seen.is_none_or(|seen| head.revision > *seen)
    });
    let moved = heads.iter().map(|head| (head.section.clone(), head.revision));
    cursor.seen.extend(moved);
    heads
}
