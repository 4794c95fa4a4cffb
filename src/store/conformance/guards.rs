//! Guards of all kinds, and what a conflict carries.

use super::support::{Config, bytes, delete, key, section, set, text};
use crate::model::{Encoding, Guard, Revision, Value};
use crate::store::{Conflict, Txn};

async fn allowed(config: &Config, txn: Txn) {
    config
        .store
        .commit(txn)
        .await
        .expect("the guards of this commit hold");
}

pub(super) async fn a_key_guarded_as_absent(config: &Config) {
    let absent = || Guard::Absent(key("/db/url"));
    allowed(config, Txn::new(vec![set("/db/url", "1")]).guarded([absent()])).await;
    config.set("/db/other", "x").await;
    let conflict = config
        .refused(Txn::new(vec![set("/db/url", "2")]).guarded([absent()]))
        .await;
    let current = config.get("/db/url").await;
    assert_eq!(
        current.as_ref().map(|entry| entry.revision),
        Some(Revision::new(1))
    );
    assert_eq!(
        conflict,
        Conflict {
            guard: absent(),
            current,
            revision: Revision::new(2),
        }
    );
    config.delete("/db/url").await;
    allowed(config, Txn::new(vec![set("/db/url", "3")]).guarded([absent()])).await;
}

pub(super) async fn a_key_guarded_as_present(config: &Config) {
    let present = || Guard::Present(key("/db/url"));
    let conflict = config
        .refused(Txn::new(vec![set("/db/url", "1")]).guarded([present()]))
        .await;
    assert_eq!(
        conflict,
        Conflict {
            guard: present(),
            current: None,
            revision: Revision::ZERO,
        }
    );
    config.set("/db/url", "1").await;
    allowed(config, Txn::new(vec![set("/db/url", "2")]).guarded([present()])).await;
    allowed(config, Txn::new(vec![delete("/db/url")]).guarded([present()])).await;
    let conflict = config
        .refused(Txn::new(vec![delete("/db/url")]).guarded([present()]))
        .await;
    assert_eq!((conflict.current, conflict.revision), (None, Revision::new(3)));
}

pub(super) async fn a_key_guarded_at_a_revision(config: &Config) {
    let at = |revision| Guard::Revision(key("/db/url"), Revision::new(revision));
    let conflict = config
        .refused(Txn::new(vec![set("/db/url", "1")]).guarded([at(1)]))
        .await;
    assert_eq!((conflict.current, conflict.revision), (None, Revision::ZERO));

    config.set("/db/url", "1").await;
    config.set("/db/other", "x").await;
    // The section has moved on; the key has not.
    let conflict = config
        .refused(Txn::new(vec![set("/db/url", "2")]).guarded([at(2)]))
        .await;
    let current = config.get("/db/url").await;
    assert_eq!(
        conflict,
        Conflict {
            guard: at(2),
            current,
            revision: Revision::new(2),
        }
    );
    allowed(config, Txn::new(vec![set("/db/url", "2")]).guarded([at(1)])).await;
    let conflict = config
        .refused(Txn::new(vec![set("/db/url", "3")]).guarded([at(1)]))
        .await;
    assert_eq!(
        conflict
            .current
            .map(|entry| (entry.value, entry.version, entry.revision)),
        Some((text("2"), 2, Revision::new(3)))
    );
    allowed(config, Txn::new(vec![delete("/db/url")]).guarded([at(3)])).await;
    let conflict = config
        .refused(Txn::new(vec![set("/db/url", "4")]).guarded([at(3)]))
        .await;
    assert_eq!((conflict.current, conflict.revision), (None, Revision::new(4)));
}

pub(super) async fn a_key_guarded_by_its_value(config: &Config) {
    let is = |value: &Value| Guard::Value(key("/db/url"), value.clone());
    let (plain, json) = (text("[1]"), bytes("[1]"));
    assert_ne!(plain.kind(), json.kind());
    let empty = text("");
    let conflict = config
        .refused(Txn::new(vec![set("/db/url", "x")]).guarded([is(&empty)]))
        .await;
    assert_eq!(
        conflict.current, None,
        "an absent key has no value, not an empty one"
    );

    config.set("/db/url", "[1]").await;
    allowed(
        config,
        Txn::new(vec![set("/db/url", "[1]")]).guarded([is(&plain)]),
    )
    .await;
    // Bytes are compared, whatever they are taken for.
    allowed(config, Txn::new(vec![set("/db/url", "[2]")]).guarded([is(&json)])).await;
    for other in ["[2", "[2] ", "[1]", ""] {
        let conflict = config
            .refused(Txn::new(vec![set("/db/url", "3")]).guarded([is(&text(other))]))
            .await;
        assert_eq!(conflict.guard, is(&text(other)));
        assert_eq!(conflict.current, config.get("/db/url").await);
        assert_eq!(conflict.revision, Revision::new(3));
    }
    let raw = Value::new(vec![0xff, 0, 1], Encoding::Detect).expect("a value");
    config
        .commit(vec![crate::model::Mutation::set(key("/db/url"), raw.clone())])
        .await;
    allowed(config, Txn::new(vec![set("/db/url", "")]).guarded([is(&raw)])).await;
    allowed(config, Txn::new(vec![set("/db/url", "x")]).guarded([is(&empty)])).await;
}

pub(super) async fn a_section_guarded_at_a_revision(config: &Config) {
    let at = |revision| Guard::Section(section("/db"), Revision::new(revision));
    allowed(config, Txn::new(vec![set("/db/url", "1")]).guarded([at(0)])).await;
    for wrong in [0, 2] {
        let conflict = config
            .refused(Txn::new(vec![set("/db/url", "2")]).guarded([at(wrong)]))
            .await;
        assert_eq!(
            conflict,
            Conflict {
                guard: at(wrong),
                current: None,
                revision: Revision::new(1),
            }
        );
    }
    // A key of another section, though it bears the section's name.
    config.set("/db", "x").await;
    allowed(config, Txn::new(vec![set("/db/other", "2")]).guarded([at(1)])).await;
    assert_eq!(config.revision("/db").await, 2);
}

pub(super) async fn guards_reach_keys_and_sections_that_are_not_written(config: &Config) {
    config.set("/db/url", "1").await;
    config.set("/app/name", "n").await;
    config.set("/db/url", "2").await;
    let holding = [
        Guard::Revision(key("/db/url"), Revision::new(2)),
        Guard::Section(section("/app"), Revision::new(1)),
        Guard::Absent(key("/db/none")),
        Guard::Absent(key("/none/at/all")),
        Guard::Section(section("/none"), Revision::ZERO),
        Guard::Value(key("/app/name"), text("n")),
    ];
    let broken = [
        Guard::Revision(key("/db/url"), Revision::new(1)),
        Guard::Section(section("/app"), Revision::new(2)),
        Guard::Absent(key("/app/name")),
        Guard::Present(key("/none/at/all")),
        Guard::Section(section("/none"), Revision::new(1)),
        Guard::Value(key("/db/url"), text("1")),
    ];
    for guard in broken {
        let mut guards = holding.to_vec();
        guards.insert(3, guard.clone());
        let txn = Txn::new(vec![set("/web/port", "80"), set("/app/name", "m")]).guarded(guards);
        let conflict = config.refused(txn).await;
        assert_eq!(conflict.guard, guard);
        let current = match guard.key() {
            Some(key) => config.get(key.as_str()).await,
            None => None,
        };
        assert_eq!(conflict.current, current, "{guard:?}");
        assert_eq!(
            conflict.revision.get(),
            config.revision(guard.section().as_str()).await,
            "{guard:?}"
        );
    }
    allowed(
        config,
        Txn::new(vec![set("/web/port", "80"), set("/app/name", "m")]).guarded(holding),
    )
    .await;
    assert_eq!(config.entry("/web/port").await.value, text("80"));
    assert_eq!(config.entry("/app/name").await.value, text("m"));
    assert_eq!(config.revision("/db").await, 2, "a guard moves no head");
    assert_eq!(config.head("/none").await, None, "a guard makes no section");
}

pub(super) async fn guards_alone_write_nothing(config: &Config) {
    config.set("/db/url", "1").await;
    let before = config.everything().await;
    let done = config
        .store
        .commit(Txn::new(vec![]).guarded([Guard::Present(key("/db/url")), Guard::Absent(key("/x"))]))
        .await
        .expect("the guards hold");
    assert_eq!((done.heads, done.changes), (vec![], vec![]));
    config.is_still(&before).await;
    let conflict = config
        .refused(Txn::new(vec![]).guarded([Guard::Absent(key("/db/url"))]))
        .await;
    assert_eq!(conflict.current, config.get("/db/url").await);
    let done = config
        .store
        .commit(Txn::new(vec![]))
        .await
        .expect("nothing to do");
    assert_eq!((done.heads, done.changes), (vec![], vec![]));
}
