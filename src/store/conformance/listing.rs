//! Listings: their order, their prefixes, their folders, where they begin and end.

use std::collections::BTreeSet;
use std::time::Duration;

use super::support::{Config, ENOUGH, key, largest, prefix, set, text};
use crate::model::{Mutation, Prefix};
use crate::store::{Consistency, Listed, Scope};

/// Keys whose neighbours in byte order fool a comparison without the slash: `-` and `.` sort before `/`, digits
/// and letters after it.
const KEYS: &[&str] = &[
    "/a",
    "/a-b",
    "/a-b/c",
    "/a.b/c",
    "/a/b",
    "/a/b/c",
    "/a/b/c/d",
    "/a/b-c",
    "/a/b.c",
    "/a/b0",
    "/a/bc",
    "/a/bc/d",
    "/a0",
    "/a0/b",
    "/a:b/c",
    "/ab",
    "/ab/b",
    "/db",
    "/db-x",
    "/db-x/url",
    "/db/only/deep/down",
    "/db/url",
    "/db/url/x",
    "/db0/url",
    "/dbx",
    "/dbx/url",
    "/DB/url",
    "/Db",
    "/db_x/url",
    "/z/z/z/z",
];

const PREFIXES: &[&str] = &[
    "/", "/a", "/a/b", "/a/b/c", "/a-b", "/a.b", "/a0", "/ab", "/db", "/db-x", "/dbx", "/db/url", "/db/only",
    "/d", "/DB", "/Db", "/z", "/z/z/z", "/none", "/a/none",
];

async fn fill(config: &Config) {
    // Against the order, so that none comes from the order of writing.
    for some in KEYS.iter().rev().collect::<Vec<_>>().chunks(8) {
        config.commit(some.iter().map(|at| set(at, at)).collect()).await;
    }
}

/// What a listing must give, said in the plainest way.
fn model(scope: &Scope) -> Vec<String> {
    let names: BTreeSet<String> = KEYS
        .iter()
        .filter_map(|at| {
            let rest = at.strip_prefix(scope.prefix.with_slash())?;
            Some(match rest.split_once('/') {
                Some((folder, _)) if !scope.recursive => format!("{}{folder}/", scope.prefix.with_slash()),
                _ => (*at).to_owned(),
            })
        })
        .filter(|name| scope.after.as_ref().is_none_or(|after| name > after))
        .collect();
    names
        .into_iter()
        .take(scope.limit.unwrap_or(usize::MAX))
        .collect()
}

fn scopes() -> impl Iterator<Item = Scope> {
    PREFIXES
        .iter()
        .map(|text| prefix(text))
        .flat_map(|prefix: Prefix| [Scope::all(prefix.clone()), Scope::level(prefix)])
}

pub(super) async fn prefixes_are_not_fooled_by_siblings(config: &Config) {
    fill(config).await;
    for scope in scopes() {
        let listed = config.list(&scope).await;
        let names: Vec<_> = listed.iter().map(|item| item.name().to_owned()).collect();
        assert_eq!(names, model(&scope), "{scope:?}");
        for item in listed {
            match item {
                Listed::Entry(entry) => {
                    assert_eq!(
                        entry.value,
                        text(entry.key.as_str()),
                        "an entry comes with its own value"
                    );
                    assert_eq!(Some(*entry.clone()), config.get(entry.key.as_str()).await);
                }
                Listed::Folder(path) => assert!(path.ends_with('/') && !scope.recursive, "{path}"),
            }
        }
    }
}

pub(super) async fn listings_begin_after_a_name(config: &Config) {
    fill(config).await;
    let marks = [
        "/",
        "/a",
        "/a-b",
        "/a-b/",
        "/a/",
        "/a/b",
        "/a/b/",
        "/a/b/c",
        "/a/bb",
        "/a0",
        "/db",
        "/db/",
        "/db/o",
        "/db/only/",
        "/db/only/deep/down",
        "/db/url",
        "/db0",
        "/zz",
    ];
    for scope in scopes() {
        for after in marks {
            let scope = Scope {
                after: Some(after.to_owned()),
                ..scope.clone()
            };
            assert_eq!(config.names(&scope).await, model(&scope), "{scope:?}");
        }
    }
}

pub(super) async fn listings_end_at_a_limit(config: &Config) {
    fill(config).await;
    for scope in scopes() {
        for limit in [0, 1, 2, 5, 1000] {
            let scope = Scope {
                limit: Some(limit),
                ..scope.clone()
            };
            assert_eq!(config.names(&scope).await, model(&scope), "{scope:?}");
        }
        // Page by page, as `after` and `limit` are meant, nothing is missed and nothing told twice.
        let mut paged = Vec::new();
        let mut page = Scope {
            limit: Some(3),
            ..scope.clone()
        };
        loop {
            assert!(paged.len() < ENOUGH, "the pages don't end");
            let names = config.names(&page).await;
            let Some(last) = names.last() else { break };
            page.after = Some(last.clone());
            paged.extend(names);
        }
        assert_eq!(paged, model(&scope), "{scope:?}");
    }
}

pub(super) async fn a_large_listing_is_read_to_its_end(config: &Config) {
    // Over two of DynamoDB's pages of 1 MB, with the folder's keys on both sides of a page's end.
    let names: Vec<String> = (0..12).map(|i| format!("/big/{}/{i:02}", i / 4)).collect();
    for some in names.chunks(6) {
        let changes = some.iter().map(|at| Mutation::set(key(at), largest(b'x')));
        config.commit(changes.collect()).await;
    }
    config.set("/big/3/12", "last").await;
    let mut all = names;
    all.push("/big/3/12".to_owned());
    assert_eq!(config.names(&Scope::all(prefix("/big"))).await, all);
    assert_eq!(config.names(&Scope::all(prefix("/"))).await, all);
    let folders = ["/big/0/", "/big/1/", "/big/2/", "/big/3/"];
    assert_eq!(config.names(&Scope::level(prefix("/big"))).await, folders);
    assert_eq!(config.names(&Scope::level(prefix("/"))).await, ["/big/"]);
    let limited = Scope {
        limit: Some(7),
        ..Scope::all(prefix("/big"))
    };
    assert_eq!(config.names(&limited).await, all[..7]);
}

pub(super) async fn an_eventual_read_gets_there(config: &Config) {
    use futures::TryStreamExt as _;

    let written = config.set("/db/url", "1").await;
    let scope = Scope::all(prefix("/db"));
    for _ in 0..100 {
        let got = config.store.get(&written.key, Consistency::Eventual).await;
        let listed: Vec<Listed> = config
            .store
            .list(&scope, Consistency::Eventual)
            .try_collect()
            .await
            .expect("a listing");
        let same = listed == [Listed::Entry(Box::new(written.clone()))];
        if same && got.expect("a get").as_ref() == Some(&written) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("an eventual read doesn't see in 5 s what was written");
}
