//! What is said of a store that fails, each of its errors.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use discfg::http::ApiSettings;
use discfg::model::{
    Access, Change, CommitId, Entry, ErrorKind, GrantScope, Head, Key, Prefix, PurgedValue, Revision,
    Section, StoreStatus, Ttl, Uncovered,
};
use discfg::store::{
    Cause, Committed, Consistency, Cursor, DataKeys, Deadline, Heads, Limit, Listed, Purged, Result, Scope,
    Snapshot, Store, StoreError, Txn,
};
use futures::stream::{self, BoxStream, StreamExt as _};
use support::api::Served;
use support::stores::{Impaired, embedded_store};
use tokio::sync::Semaphore;

use super::answers::Answers;

/// A store that has one answer.
struct Failing {
    with: StoreError,
    inner: Arc<dyn Store>,
}

impl Failing {
    fn fails<T: Send + 'static>(&self) -> BoxStream<'static, Result<T>> {
        let error = self.with.clone();
        stream::once(async move { Err(error) }).boxed()
    }
}

#[async_trait]
impl Store for Failing {
    async fn get(&self, _: &Key, _: Consistency) -> Result<Option<Entry>> {
        Err(self.with.clone())
    }

    fn list(&self, _: &Scope, _: Consistency) -> BoxStream<'_, Result<Listed>> {
        self.fails()
    }

    async fn snapshot_except(&self, _: &[Prefix], _: &[Section]) -> Result<Snapshot> {
        Err(self.with.clone())
    }

    async fn heads(&self, _: Heads) -> Result<Vec<Head>> {
        Err(self.with.clone())
    }

    async fn wait(&self, _: &Cursor, _: Deadline) -> Result<Vec<Head>> {
        Err(self.with.clone())
    }

    fn changes(&self, _: &Section, _: Revision) -> BoxStream<'_, Result<Change>> {
        self.fails()
    }

    fn history(&self, _: &Key, _: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        self.fails()
    }

    fn section_history(&self, _: &Section, _: Option<Revision>) -> BoxStream<'_, Result<Change>> {
        self.fails()
    }

    async fn commit(&self, _: Txn) -> Result<Committed> {
        Err(self.with.clone())
    }

    async fn touch(&self, _: &Key, _: Option<Ttl>) -> Result<Entry> {
        Err(self.with.clone())
    }

    async fn purge(&self, _: &Key) -> Result<Purged> {
        Err(self.with.clone())
    }

    async fn status(&self) -> Result<StoreStatus> {
        Err(self.with.clone())
    }

    fn data_keys(&self) -> &dyn DataKeys {
        self.inner.data_keys()
    }
}

fn key(name: &str) -> Key {
    name.parse().expect("a key")
}

fn id() -> CommitId {
    "mine".parse().expect("an id")
}

/// What a service says, which is not for callers.
fn cause() -> Cause {
    Cause::from(io::Error::other("arn:aws:iam::123456789012:role/secret"))
}

/// Each error that a store has, as an engine tells it.
fn errors() -> Vec<StoreError> {
    let path = "/var/lib/discfg/mycfg.db";
    let db: Section = "/db".parse().expect("a section");
    vec![
        StoreError::NoConfig {
            config: "mycfg".into(),
            place: Some(path.into()),
        },
        StoreError::NotFound(key("/db/url")),
        StoreError::NoTtl(key("/db/url")),
        StoreError::Compacted {
            section: db,
            wanted: Revision::new(2),
            oldest: Revision::new(7),
        },
        StoreError::Purged(PurgedValue {
            key: key("/db/a"),
            revision: Revision::new(7),
        }),
        StoreError::PurgeTooSoon {
            key: key("/db/a"),
            wait: 90,
        },
        StoreError::Limit(Limit::Bytes { size: 5_000_000 }),
        StoreError::Twice(key("/db/url")),
        StoreError::IdReused(id()),
        StoreError::Unsealed(vec![key("/db/pw"), key("/db/token")]),
        StoreError::GuardOnSecret(key("/db/pw")),
        StoreError::SecretTooLarge {
            key: key("/db/pw"),
            size: 189_950,
            max: 189_905,
        },
        StoreError::NoSecretsKey {
            config: "mycfg".into(),
            detail: "alias/discfg-mycfg not found".into(),
        },
        StoreError::NoKeyFile("/var/lib/discfg/mycfg.key".into()),
        StoreError::Denied {
            action: "dynamodb:GetItem".into(),
            subject: Some("/db/url".into()),
            source: Some(cause()),
        },
        uncovered(),
        StoreError::Unlisted("team".parse().expect("a grant")),
        StoreError::ReadOnly,
        StoreError::Credentials {
            problem: "no usable AWS credentials found".into(),
            source: Some(cause()),
        },
        StoreError::Busy("conflicting commits to the same sections for 15 s; nothing was written".into()),
        StoreError::Throttled {
            service: "DynamoDB".into(),
            source: Some(cause()),
        },
        StoreError::Unavailable {
            problem: "cannot reach DynamoDB at 10.0.0.1".into(),
            source: Some(cause()),
        },
        StoreError::OutcomeUnknown {
            commit: id(),
            source: Some(cause()),
        },
        StoreError::Layout { found: 9, known: 1 },
        StoreError::Corrupt {
            section: None,
            what: "the item /db/url has no value".into(),
            source: Some(cause()),
        },
        StoreError::Corrupt {
            section: Some("/db".parse().expect("a section")),
            what: "invalid attribute `kind` in the item with pk /db and sk /db/url".into(),
            source: None,
        },
        StoreError::Api {
            api: "https://config.example.com".into(),
            problem: "it answers 500".into(),
            kind: ErrorKind::Unavailable,
        },
        StoreError::File {
            path: path.into(),
            source: Cause::from(io::Error::other("disk full")),
        },
        StoreError::Other {
            what: "reading the table".into(),
            source: Some(cause()),
        },
    ]
}

fn uncovered() -> StoreError {
    let sections = |name: &str| [name.parse::<Section>().expect("a section")].into();
    StoreError::Uncovered {
        action: "dynamodb:Query".into(),
        grant: "team".parse().expect("a grant"),
        uncovered: Box::new(Uncovered {
            scope: GrantScope::new(Access::Read, sections("/web")).expect("a scope"),
            sections: sections("/db"),
        }),
        source: Some(cause()),
    }
}

#[tokio::test]
async fn errors_of_stores() {
    let (_folder, inner) = embedded_store(None);
    let mut answers = Answers::default();
    answers.about(
        "Each error of a store, and how a request that meets it is answered; what a service said is not told",
    );
    for with in errors() {
        let told = format!("{with:?}");
        let name: String = told.chars().take_while(char::is_ascii_alphanumeric).collect();
        answers.about(&format!("{name}: {with}"));
        let failing: Arc<dyn Store> = Arc::new(Failing {
            with,
            inner: Arc::clone(&inner),
        });
        answers.ask_over(&failing, "@config/heads").await;
    }
    answers.keep("errors-of-stores");
}

#[tokio::test]
async fn stores_that_are_down_slow_or_broken() {
    let mut answers = Answers::default();
    answers.about("What holds the data can't be reached");
    let (_folder, store) = embedded_store(None);
    let down = Impaired::of(Arc::clone(&store)).fault(|| true);
    let down = Served::of(Arc::new(down), ApiSettings::default());
    for path in ["/readyz", "/healthz", "@config/heads", "@config/snapshot"] {
        answers.get(&down, path).await;
    }
    answers.about("It takes too long, for a read and for a commit");
    let gate = Arc::new(Semaphore::new(0));
    let slow = Impaired::of(Arc::clone(&store)).gate(Arc::clone(&gate));
    let settings = ApiSettings {
        request_time: Duration::from_millis(300),
        ..ApiSettings::default()
    };
    let slow = Served::of(Arc::new(slow), settings);
    answers.get(&slow, "db/keys/url").await;
    let id = [("idempotency-key", "mine")];
    answers.ask(&slow, "PUT", "db/keys/url", &id, "1").await;
    gate.add_permits(1000);
    answers.about("A handler breaks");
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    let breaks = Impaired::of(store).fault(move || {
        assert!(!is_broken.load(Ordering::SeqCst), "this test breaks it");
        false
    });
    let breaks = Served::of(Arc::new(breaks), ApiSettings::default());
    answers.get(&breaks, "db/keys/url").await;
    answers.keep("unavailable");
}
