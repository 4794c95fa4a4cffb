use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_stream::stream;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::select;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::Patience;
use crate::model::Head;
use crate::store::{Cursor, Deadline, Heads, Result, Store, StoreError};

/// What following a config's heads tells.
#[derive(Debug)]
pub enum Standing {
    /// The heads that have moved: at first all of them.
    Moved(Vec<Head>),
    /// A look showed no other head than the last.
    Still,
    /// The store can't be asked for the moment. It is asked again after a pause.
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
) -> BoxStream<'_, Result<Standing>> {
    stream! {
        let heads = match store.heads(Heads::All).await {
            Ok(heads) => heads,
            Err(error) => {
                yield Err(error);
                return;
            }
        };
        let mut cursor = Cursor { seen: BTreeMap::new(), whole: true };
        let mut patience = Patience::default();
        yield Ok(Standing::Moved(take(&mut cursor, heads)));
        loop {
            let within = interval.mul_f64(0.9 + 0.2 * fastrand::f64());
            let looked = select! {
                looked = store.wait(&cursor, Deadline { within, interval: within }) => looked,
                () = nudge.notified() => store.heads(Heads::All).await,
            };
            match looked {
                Ok(heads) => {
                    patience.renew();
                    let moved = take(&mut cursor, heads);
                    yield Ok(if moved.is_empty() { Standing::Still } else { Standing::Moved(moved) });
                }
                Err(error) => {
                    let Some(pause) = patience.with(&error) else {
                        yield Err(error);
                        return;
                    };
                    yield Ok(Standing::Retry(error));
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
