//! A watch that is told to look, and what is followed of the root section alone and of a whole config's heads.

use std::sync::Arc;
use std::time::Duration;

use discfg::model::{Mutation, Secrecy, Section, Ttl, TtlChoice, Value};
use discfg::ops::{Event, HeadNews, Watch, watch, watch_heads};
use discfg::store::{Store, Txn};
use futures::StreamExt as _;
use tokio::sync::Notify;
use tokio::time::timeout;

use support::stores::{on_every_store, set_all};

const PATIENCE: Duration = Duration::from_mins(1);
/// Nothing that comes within a test comes by itself.
const NEVER: Duration = Duration::from_hours(1);

on_every_store!(
    a_nudge_ends_the_pause_between_two_looks,
    the_root_section_is_watched_alone,
    heads_are_followed_one_nudge_a_look,
);

fn lazy(section: &str, nudge: &Arc<Notify>) -> Watch {
    let section: Section = section.parse().expect("a section");
    Watch {
        interval: NEVER,
        nudge: Some(Arc::clone(nudge)),
        ..Watch::of_section(&section)
    }
}

async fn commit(
    events: &mut (impl futures::Stream<Item = discfg::ops::OpsResult<Event>> + Unpin),
) -> Vec<String> {
    let next = async {
        loop {
            match events.next().await.expect("a watch goes on").expect("no error") {
                Event::Current => {}
                Event::Commit(lines) => return lines.iter().map(|line| line.key.to_string()).collect(),
                event => panic!("{event:?}"),
            }
        }
    };
    timeout(PATIENCE, next).await.expect("it is nudged")
}

async fn a_nudge_ends_the_pause_between_two_looks(store: Arc<dyn Store>) {
    let nudge = Arc::new(Notify::new());
    let mut events = watch(store.as_ref(), lazy("/db", &nudge));
    assert!(matches!(events.next().await, Some(Ok(Event::Current))));
    for round in 0..5 {
        // Before the watch waits, and while it does.
        set_all(store.as_ref(), &[("/db/a", &format!("{round}"))]).await;
        nudge.notify_one();
        assert_eq!(commit(&mut events).await, ["/db/a"]);
        let (told, ()) = tokio::join!(commit(&mut events), async {
            set_all(store.as_ref(), &[("/db/b", &format!("{round}"))]).await;
            nudge.notify_one();
        });
        assert_eq!(told, ["/db/b"]);
    }
}

async fn the_root_section_is_watched_alone(store: Arc<dyn Store>) {
    set_all(store.as_ref(), &[("/db/a", "1"), ("old", "1")]).await;
    let for_moments = |key: &str| {
        Txn::new(vec![Mutation::Set {
            key: key.parse().expect("a key"),
            value: Value::new("v", discfg::model::Encoding::Text).expect("a value"),
            secret: Secrecy::Keep,
            ttl: TtlChoice::For(Ttl::from_seconds(3).expect("three seconds")),
        }])
    };
    for key in ["soon", "/db/soon"] {
        store.commit(for_moments(key)).await.expect("a commit");
    }
    let mut events = watch(
        store.as_ref(),
        Watch {
            interval: Duration::from_millis(20),
            ..Watch::of_section(&Section::root())
        },
    );
    assert!(matches!(events.next().await, Some(Ok(Event::Current))));
    set_all(store.as_ref(), &[("/db/a", "2"), ("/app/a", "2")]).await;
    set_all(store.as_ref(), &[("new", "2"), ("/db/b", "2")]).await;
    let (mut committed, mut expired) = (Vec::new(), Vec::new());
    while committed.is_empty() || expired.is_empty() {
        let event = timeout(PATIENCE, events.next()).await.expect("there is news");
        match event.expect("a watch goes on").expect("no error") {
            Event::Commit(lines) => committed.extend(lines.iter().map(|line| line.key.to_string())),
            Event::Expire { key, .. } => expired.push(key.to_string()),
            Event::Current => {}
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(
        (&committed[..], &expired[..]),
        (&["/new".into()][..], &["/soon".into()][..])
    );
}

async fn heads_are_followed_one_nudge_a_look(store: Arc<dyn Store>) {
    set_all(store.as_ref(), &[("/db/a", "1"), ("a", "1")]).await;
    let nudge = Arc::new(Notify::new());
    let mut heads = watch_heads(store.as_ref(), NEVER, Arc::clone(&nudge));
    let mut moved = async || {
        let next = timeout(PATIENCE, heads.next()).await.expect("it is nudged");
        match next.expect("it goes on").expect("no error") {
            HeadNews::Moved(heads) => heads
                .iter()
                .map(|head| format!("{} {}", head.section, head.revision))
                .collect(),
            HeadNews::Still => Vec::new(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(moved().await, ["/db 1", "@root 1"]);
    nudge.notify_one();
    assert_eq!(moved().await, [""; 0]);
    set_all(store.as_ref(), &[("/new/a", "1"), ("a", "2")]).await;
    nudge.notify_one();
    assert_eq!(moved().await, ["/new 1", "@root 2"]);
}
