//! Types whose fields serde buffers, and keys that are prefixes too.

use std::collections::BTreeMap;
use std::sync::Arc;

use discfg::Client;
use discfg::client::ClientError;
use discfg::store::Store;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use support::stores::{embedded_store, set_all};

async fn holding(keys: &[(&str, &str)]) -> (TempDir, Client) {
    let (folder, store): (_, Arc<dyn Store>) = embedded_store(None);
    set_all(store.as_ref(), keys).await;
    (folder, Client::with_store(store))
}

async fn read<T: DeserializeOwned>(client: &Client, prefix: &str) -> Result<T, ClientError> {
    client.snapshot(prefix).await?.deserialize()
}

async fn refusal<T: DeserializeOwned>(client: &Client, prefix: &str) -> String {
    read::<T>(client, prefix)
        .await
        .err()
        .map(|error| error.to_string())
        .expect("it doesn't fit")
}

#[derive(Debug, Deserialize, PartialEq)]
struct Service {
    name: String,
    #[serde(flatten)]
    common: Common,
    #[serde(flatten)]
    tls: Option<Tls>,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Plain {
    name: String,
    #[serde(flatten)]
    common: Common,
    #[serde(flatten)]
    tls: Option<Tls>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Common {
    port: u16,
    ratio: f32,
    debug: bool,
    offset: Option<i64>,
    version: String,
    limits: BTreeMap<String, u32>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Tls {
    tls: bool,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Backend {
    Redis { port: u16, password: String },
    Memory,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Size {
    Count(u32),
    Named(String),
}

#[derive(Debug, Deserialize, PartialEq)]
struct Only {
    size: Numeric,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Numeric {
    Whole(u32),
    Switch(bool),
}

const SERVICE: &[(&str, &str)] = &[
    ("/s/name", "1"),
    ("/s/port", " 80\n"),
    ("/s/ratio", "0.5"),
    ("/s/debug", "true"),
    ("/s/offset", "-3"),
    ("/s/version", "80"),
    ("/s/limits/a", "80"),
    ("/s/limits/b", "2"),
];

#[tokio::test]
async fn what_serde_buffers_is_read_as_what_is_wanted() {
    let (_folder, client) = holding(SERVICE).await;
    let wanted = Common {
        port: 80,
        ratio: 0.5,
        debug: true,
        offset: Some(-3),
        version: "80".into(),
        limits: BTreeMap::from([("a".into(), 80), ("b".into(), 2)]),
    };
    let read_before: Plain = read(&client, "/s").await.expect("it fits");
    assert_eq!((read_before.name.as_str(), &read_before.tls), ("1", &None));
    assert_eq!(read_before.common, wanted);
    client.set("/s/tls", "true").await.expect("a write");
    let with_tls: Plain = read(&client, "/s").await.expect("it fits");
    assert_eq!(with_tls.tls, Some(Tls { tls: true }), "no option swallows it");

    let (_folder, client) = holding(&[
        ("/b/kind", "redis"),
        ("/b/port", "6379"),
        ("/b/password", "6379"),
        ("/m/kind", "memory"),
    ])
    .await;
    let redis = Backend::Redis {
        port: 6379,
        password: "6379".into(),
    };
    assert_eq!(read::<Backend>(&client, "/b").await.expect("it fits"), redis);
    assert_eq!(
        read::<Backend>(&client, "/m").await.expect("it fits"),
        Backend::Memory
    );
    let backends: BTreeMap<String, Backend> = read(&client, "/").await.expect("it fits");
    assert_eq!(backends["b"], redis);

    let (_folder, client) = holding(&[("/n", "12"), ("/t", "large"), ("/only/size", "false")]).await;
    let size = async |key| client.get::<Size>(key).await.expect("it fits");
    assert_eq!(size("/n").await, Some(Size::Count(12)));
    assert_eq!(size("/t").await, Some(Size::Named("large".into())));
    let only: Only = read(&client, "/only").await.expect("it fits");
    assert_eq!(only.size, Numeric::Switch(false));
}

#[tokio::test]
async fn a_misfit_of_what_serde_buffers_names_the_key() {
    for (key, value, problem) in [
        ("/s/port", "many", "cannot read /s/port: it is text, not u16"),
        (
            "/s/port",
            "80000",
            "cannot read /s/port: it is a number that is not u16",
        ),
        (
            "/s/limits/b",
            "no",
            "cannot read /s/limits/b: it is text, not u32",
        ),
        (
            "/s/limits/b",
            "{\"x\":[7.5]}",
            "cannot read /s/limits or /s/limits/b: it is keys or an object, not u32",
        ),
        (
            "/s/version",
            "[7]",
            "cannot read /s/version: it is a list, not a string",
        ),
    ] {
        let (_folder, client) = holding(SERVICE).await;
        client.set(key, value).await.expect("a write");
        assert_eq!(refusal::<Service>(&client, "/s").await, problem);
    }
    let (_folder, client) = holding(&[("/only/size", "large")]).await;
    assert_eq!(
        refusal::<Only>(&client, "/only").await,
        "cannot read /only/size: data did not match any variant of untagged enum Numeric"
    );
}

#[derive(Debug, Deserialize)]
struct Nested<T> {
    limits: T,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "nothing is read: nothing fits")]
struct Limits {
    x: Option<u8>,
    y: Option<u8>,
}

/// Neither the key's value nor what is below it is dropped in silence.
#[tokio::test]
async fn a_key_with_keys_below_is_neither_struct_nor_map_nor_list() {
    for value in ["{\"x\":1}", "[1]", "note"] {
        let (_folder, client) = holding(&[("/l/limits", value), ("/l/limits/y/z", "2")]).await;
        let problem = "cannot read /l/limits: it has both a value and the key /l/limits/y/z below it; a struct, a map or a \
                       list can only be read from one of them";
        assert_eq!(refusal::<Nested<Limits>>(&client, "/l").await, problem);
        assert_eq!(
            refusal::<Nested<BTreeMap<String, u8>>>(&client, "/l").await,
            problem
        );
        assert_eq!(refusal::<Nested<Vec<u8>>>(&client, "/l").await, problem);
        assert_eq!(refusal::<Nested<Option<Limits>>>(&client, "/l").await, problem);
        assert_eq!(refusal::<Nested<(u8,)>>(&client, "/l").await, problem);
        if value == "note" {
            let nested: Nested<String> = read(&client, "/l").await.expect("text takes the value");
            assert_eq!(nested.limits, "note");
        }
    }
}
