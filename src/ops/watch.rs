//! Following a config as it changes.

mod definition;
mod event;
mod expiries;
mod follower;
mod head_news;
mod retry_patience;
mod section;

use async_stream::stream;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::time::sleep;

pub use self::definition::{Start, Watch};
pub use self::event::Event;
use self::follower::WatchFollower;
pub use self::head_news::{HeadNews, watch_heads};
use self::retry_patience::RetryPatience;
pub use self::section::section_now;
use super::OpsResult;
use crate::store::Store;

/// Follows what happens below a prefix: commits, deletes among them, each once and in order, and expiries.
///
/// The stream ends with the first error: at the beginning any, later one that trying again can't mend (denied, no
/// config). What may pass (unreachable, throttled) is an [`Event::Retry`]. In addition to the errors of the store there are
/// - [`OpsError::Ahead`](super::OpsError::Ahead) where a revision to begin after hasn't been,
/// - [`OpsError::Unwatched`](super::OpsError::Unwatched) where its section isn't in the prefix.
pub fn watch(store: &dyn Store, watch: Watch) -> BoxStream<'_, OpsResult<Event>> {
    stream! {
        let mut follower = match WatchFollower::begin(store, watch).await {
            Ok(follower) => follower,
            Err(error) => {
                yield Err(error);
                return;
            }
        };
        let mut patience = RetryPatience::default();
        loop {
            match follower.next().await {
                Ok(event) => {
                    patience.renew();
                    yield Ok(event);
                }
                Err(error) => {
                    let Some(pause) = patience.with(&error) else {
                        yield Err(error.into());
                        return;
                    };
                    yield Ok(Event::Retry { error, pause });
                    sleep(pause).await;
                }
            }
        }
    }
    .boxed()
}
