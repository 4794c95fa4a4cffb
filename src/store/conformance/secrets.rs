//! Secrets: sealed where they are stored, and opened by nobody but who asks for their values.

use std::collections::BTreeSet;

use super::support::{Config, key, set, text};
use crate::model::{Entry, Envelope, Guard, Mutation, Op, Secrecy, TtlChoice, Value, ValueKind};
use crate::store::{StoreError, StoreExt as _, Txn};

fn put(at: &str, to: &str, secret: Secrecy) -> Mutation {
    Mutation::Set {
        key: key(at),
        value: text(to),
        secret,
        ttl: TtlChoice::Never,
    }
}

async fn write(config: &Config, changes: Vec<Mutation>) {
    let txn = Txn::new(changes);
    config.store.write(txn).await.expect("a commit without guards");
}

async fn revealed(config: &Config, at: &str) -> Value {
    let entry = config.entry(at).await;
    assert!(entry.secret, "{at} is no secret");
    let revealed = config.store.reveal(vec![entry]).await.expect("it opens");
    revealed[0].value.clone()
}

fn holds(value: &Value, part: &str) -> bool {
    value
        .bytes()
        .windows(part.len())
        .any(|found| found == part.as_bytes())
}

pub(super) async fn a_secret_is_stored_sealed(config: &Config) {
    write(
        config,
        vec![put("/db/pw", "hunter2", Secrecy::Secret), set("/db/url", "1")],
    )
    .await;
    let entry = config.entry("/db/pw").await;
    assert!(entry.secret && !config.entry("/db/url").await.secret);
    assert_eq!(Envelope::kind_of(&entry.value), ValueKind::Text);
    assert_eq!(revealed(config, "/db/pw").await, text("hunter2"));
    let [line, _] = &config.changes("/db", 0).await[..] else {
        panic!("expected two lines");
    };
    let Op::Set { value, secret, .. } = &line.op else {
        panic!("expected a write");
    };
    assert!(*secret && *value == entry.value);
    for stored in [
        entry.value,
        config.snapshot(&["/"]).await.entries[0].value.clone(),
    ] {
        assert!(!holds(&stored, "hunter2"));
    }
}

pub(super) async fn a_secret_stays_one_until_it_is_plain(config: &Config) {
    write(config, vec![put("/pw", "one", Secrecy::Secret)]).await;
    write(config, vec![put("/pw", "two", Secrecy::Keep)]).await;
    assert_eq!(revealed(config, "/pw").await, text("two"));
    config.store.set(&key("/pw"), text("three")).await.expect("a set");
    assert_eq!(revealed(config, "/pw").await, text("three"));
    write(config, vec![put("/pw", "four", Secrecy::Plain)]).await;
    write(config, vec![put("/pw", "five", Secrecy::Keep)]).await;
    let entry = config.entry("/pw").await;
    assert!(!entry.secret && entry.value == text("five") && entry.version == 5);
    let marks: Vec<bool> = config
        .history("/pw", None)
        .await
        .iter()
        .map(|line| matches!(line.op, Op::Set { secret: true, .. }))
        .collect();
    assert_eq!(marks, [false, false, true, true, true]);
}

pub(super) async fn nothing_plain_is_written_over_a_secret(config: &Config) {
    write(config, vec![put("/db/pw", "hunter2", Secrecy::Secret)]).await;
    let before = config.everything().await;
    let envelope = config.entry("/db/pw").await.value;
    let changes = |secret| vec![set("/db/a", "1"), put("/db/pw", "hunter3", secret)];
    for (secret, unsealed) in [
        (Secrecy::Keep, "/db/pw"),
        (Secrecy::Secret, "/db/pw"),
        (Secrecy::Sealed, "/db/pw"),
    ] {
        match config.store.commit(Txn::new(changes(secret))).await {
            Err(StoreError::Unsealed(keys)) => assert_eq!(keys, [key(unsealed)]),
            other => panic!("{secret:?}: {other:?}"),
        }
        config.is_still(&before).await;
    }
    // What was sealed for this key may be written as it is.
    let again = Mutation::Set {
        key: key("/db/pw"),
        value: envelope,
        secret: Secrecy::Sealed,
        ttl: TtlChoice::Never,
    };
    config.commit(vec![again]).await;
    assert_eq!(revealed(config, "/db/pw").await, text("hunter2"));
}

pub(super) async fn no_guard_tells_the_value_of_a_secret(config: &Config) {
    write(config, vec![put("/pw", "hunter2", Secrecy::Secret)]).await;
    let before = config.everything().await;
    for guess in ["hunter2", "hunter3"] {
        let txn = Txn::new(vec![set("/other", "1")]).guarded([Guard::Value(key("/pw"), text(guess))]);
        match config.store.commit(txn).await {
            Err(StoreError::GuardOnSecret(on)) => assert_eq!(on, key("/pw")),
            other => panic!("{guess}: {other:?}"),
        }
    }
    config.is_still(&before).await;
}

pub(super) async fn a_secret_opens_only_where_it_belongs(config: &Config) {
    write(config, vec![put("/db/pw", "hunter2", Secrecy::Secret)]).await;
    let entry = config.entry("/db/pw").await;
    let moved = Entry {
        key: key("/db/other"),
        ..entry.clone()
    };
    let plain = Entry {
        value: text("hunter2"),
        ..entry.clone()
    };
    let mut bytes = entry.value.bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    let changed = Value::from_stored(ValueKind::Bytes, bytes).expect("any bytes are");
    let changed = Entry {
        value: changed,
        ..entry
    };
    for unsound in [moved, plain, changed] {
        let error = config
            .store
            .reveal(vec![unsound])
            .await
            .expect_err("it is unsound");
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

pub(super) async fn secrets_of_one_commit_share_a_data_key(config: &Config) {
    let wrapped = |entries: &[Entry]| -> BTreeSet<Vec<u8>> {
        entries
            .iter()
            .filter_map(|entry| Some(Envelope::read(&entry.value)?.wrapped.to_vec()))
            .collect()
    };
    let names: Vec<String> = (0..48).map(|i| format!("/s/{i:02}")).collect();
    let all = |secret| {
        names
            .iter()
            .map(|name| put(name, name, secret))
            .collect::<Vec<_>>()
    };
    write(config, all(Secrecy::Secret)).await;
    let first = config.snapshot(&["/"]).await.entries;
    assert_eq!((first.len(), wrapped(&first).len()), (48, 1));
    write(config, all(Secrecy::Keep)).await;
    let second = config.snapshot(&["/"]).await.entries;
    assert_eq!(wrapped(&second).len(), 1);
    assert!(wrapped(&first).is_disjoint(&wrapped(&second)));
    let revealed = config.store.reveal(second).await.expect("they open");
    assert!(
        revealed
            .iter()
            .zip(&names)
            .all(|(entry, name)| entry.value == text(name))
    );
}
