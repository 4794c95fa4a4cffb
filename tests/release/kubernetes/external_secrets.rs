//! The webhook provider of the External Secrets Operator, played on the stores of the example: its templates, its requests
//! over TLS, what it makes of the answers. (providers/v1/webhook/pkg/webhook/webhook.go of release 2.9.0)

use std::collections::BTreeMap;

use rustls::StreamOwned;
use serde_json::{Value, json};
use support::cli::Place;
use support::http1::Message;
use support::serving::{Server, ask, new_token};
use support::tls::Authority;
use url::form_urlencoded::byte_serialize;

use super::manifests::{containers, documents, find};

const FILE: &str = "external-secrets.yaml";
/// The host in the stores' URLs, with its port.
const SERVICE: &str = "discfg.config.svc:8899";

/// The server of the example and what the operator has.
struct Cluster {
    _place: Place,
    server: Server,
    authority: Authority,
    /// As `serve token new` prints it, with the line's end.
    token: String,
}

fn cluster(opens: &[&str]) -> Cluster {
    let place = Place::new();
    place.args(["init", "payments", "--local"]).run().code(0);
    for (key, value) in [
        ("db/url", "postgres://db"),
        ("db/pool/max", "1.10"),
        ("web/port", "80"),
    ] {
        place.args(["set", key, value]).run().code(0);
    }
    place
        .args(["set", "db/password", "--secret"])
        .stdin("hunter2")
        .run()
        .code(0);
    let authority = Authority::new("discfg test");
    let (host, _) = SERVICE.split_once(':').expect("a port");
    let (certificate, key) = authority.certify(host);
    place.write("tls.crt", certificate);
    place.write("tls.key", key);
    let token = new_token(&place, "tokens.toml", "external-secrets", opens);
    let deployment = find("server.yaml", "Deployment", "discfg");
    let [container] = &containers(&deployment)[..] else {
        panic!("{deployment}");
    };
    let arguments: Vec<String> = container
        .arguments()
        .into_iter()
        .skip(1)
        .filter(|argument| argument != "--listen=0.0.0.0:8899")
        .map(|argument| {
            argument
                .replace("/etc/discfg/tls/", "")
                .replace("/etc/discfg/tokens/", "")
        })
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::listening(&place, "0.0.0.0:0", &arguments);
    Cluster {
        _place: place,
        server,
        authority,
        token: format!("{token}\n"),
    }
}

/// A template of Go as the stores use it: values, `trim`, and `replace`.
fn render(template: &str, values: &BTreeMap<&str, String>) -> String {
    let mut pieces = template.split("{{");
    let mut rendered = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (action, rest) = piece.split_once("}}").expect("the end of an action");
        let mut steps = action.split('|').map(str::trim);
        let name = steps.next().expect("a value");
        let value = values
            .get(name)
            .unwrap_or_else(|| panic!("no {name} is given: {template}"));
        let value = steps.fold(value.clone(), |value, step| {
            match step.split(' ').collect::<Vec<_>>()[..] {
                ["trim"] => value.trim().to_owned(),
                ["replace", from, to] => value.replace(from.trim_matches('"'), to.trim_matches('"')),
                _ => panic!("{step} is played by no one"),
            }
        });
        rendered.push_str(&value);
        rendered.push_str(rest);
    }
    rendered
}

/// A store of the example.
fn store(kind: &str, name: &str) -> Value {
    find(FILE, kind, name)["spec"]["provider"]["webhook"].clone()
}

impl Cluster {
    /// `GetWebhookData`.
    fn request(&self, store: &Value, reference: &Value) -> Message {
        let given = |field: &str| reference[field].as_str().unwrap_or_default();
        let auth = store["secrets"][0]["name"].as_str().expect("a name");
        let token = format!(".{auth}.token");
        let values = |escapes: bool| {
            let of = |field: &str| {
                if escapes {
                    byte_serialize(given(field).as_bytes()).collect()
                } else {
                    given(field).to_owned()
                }
            };
            BTreeMap::from([
                (".remoteRef.key", of("key")),
                (".remoteRef.property", of("property")),
                (token.as_str(), self.token.clone()),
            ])
        };
        let url = render(store["url"].as_str().expect("a URL"), &values(true));
        let path = url
            .strip_prefix(&format!("https://{SERVICE}"))
            .expect("the Service's URL");
        let mut headers = vec![
            ("User-Agent".to_owned(), "Go-http-client/1.1".to_owned()),
            ("Accept-Encoding".to_owned(), "gzip".to_owned()),
        ];
        for (name, template) in store["headers"].as_object().expect("headers") {
            let value = render(template.as_str().expect("a template"), &values(false));
            assert!(!value.contains('\n'), "Go sends no such header: {value:?}");
            headers.push((name.clone(), value));
        }
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let (host, _) = SERVICE.split_once(':').expect("a port");
        let stream = StreamOwned::new(self.authority.client(host), self.server.connect());
        ask(stream, SERVICE, "GET", path, &headers, "")
    }

    /// `GetSecretMap`, and the checks of the operator on the names.
    fn secret_map(&self, store: &Value, reference: &Value) -> Result<BTreeMap<String, Vec<u8>>, u16> {
        let answer = self.request(store, reference);
        if answer.status() != 200 {
            return Err(answer.status());
        }
        let parsed: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(store["result"]["jsonPath"], "$", "the whole answer");
        let members = parsed.as_object().expect("an object");
        let of = |(name, value): (&String, &Value)| {
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)),
                "{name}"
            );
            (name.clone(), value.as_str().expect("a text").as_bytes().to_vec())
        };
        Ok(members.iter().map(of).collect())
    }

    /// `GetSecret`: without a path into JSON, the answer is the value.
    fn secret(&self, store: &Value, reference: &Value) -> Result<Vec<u8>, u16> {
        let answer = self.request(store, reference);
        assert!(store["result"]["jsonPath"].is_null(), "{store}");
        match answer.status() {
            200 => Ok(answer.body),
            status => Err(status),
        }
    }

    /// The data of the Secret that an `ExternalSecret` of the example makes.
    fn synchronize(&self, name: &str) -> Result<BTreeMap<String, Vec<u8>>, u16> {
        let spec = find(FILE, "ExternalSecret", name)["spec"].clone();
        let kept = &spec["secretStoreRef"];
        let store = store(
            kept["kind"].as_str().expect("a kind"),
            kept["name"].as_str().expect("a name"),
        );
        let mut data = BTreeMap::new();
        for from in spec["dataFrom"].as_array().into_iter().flatten() {
            data.extend(self.secret_map(&store, &from["extract"])?);
        }
        for one in spec["data"].as_array().into_iter().flatten() {
            let key = one["secretKey"].as_str().expect("a name").to_owned();
            data.insert(key, self.secret(&store, &one["remoteRef"])?);
        }
        Ok(data)
    }
}

fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

#[test]
fn the_secrets_of_the_example_have_the_values() {
    let cluster = cluster(&["--read", "db", "--decrypt", "payments"]);
    assert_eq!(
        cluster.synchronize("db"),
        Ok(data(&[
            ("password", "hunter2"),
            ("pool.max", "1.10"),
            ("url", "postgres://db")
        ]))
    );
    assert_eq!(
        cluster.synchronize("pool"),
        Ok(data(&[("DATABASE_URL", "postgres://db"), ("POOL_MAX", "1.10")]))
    );
    let prefix = store("ClusterSecretStore", "discfg-prefix");
    assert_eq!(
        cluster.secret_map(&prefix, &json!({"key": "/db/pool"})),
        Ok(data(&[("max", "1.10")]))
    );
    // 404 means to the operator that the secret was deleted; any other status is an error, which deletes nothing.
    assert_eq!(
        cluster.secret_map(&prefix, &json!({"key": "db/nosuch"})),
        Err(404)
    );
    assert_eq!(cluster.secret_map(&prefix, &json!({"key": "web"})), Err(403));
    assert_eq!(cluster.secret_map(&prefix, &json!({"key": "db//pool"})), Err(400));
    let key = store("SecretStore", "discfg-key");
    let of = |section, rest| cluster.secret(&key, &json!({"key": section, "property": rest}));
    assert_eq!(of("db", "nosuch"), Err(404));
    assert_eq!(of("web", "port"), Err(403));
    assert_eq!(of("db", "password"), Ok(b"hunter2".to_vec()));
    cluster.server.signal("TERM");
    cluster.server.says("stopping");
}

#[test]
fn a_token_that_can_not_decrypt_gets_no_value() {
    let cluster = cluster(&["--read", "db", "payments"]);
    assert_eq!(cluster.synchronize("db"), Err(403));
    assert_eq!(cluster.synchronize("pool"), Err(403));
}

#[test]
fn the_probes_need_no_token() {
    let cluster = cluster(&["--read", "db", "payments"]);
    let deployment = find("server.yaml", "Deployment", "discfg");
    let [container] = &containers(&deployment)[..] else {
        panic!("{deployment}");
    };
    for probe in ["readinessProbe", "livenessProbe"] {
        let get = &container.0[probe]["httpGet"];
        assert_eq!(get["scheme"], "HTTPS");
        let path = get["path"].as_str().expect("a path");
        let stream = StreamOwned::new(
            cluster.authority.client("discfg.config.svc"),
            cluster.server.connect(),
        );
        // The kubelet asks the pod's address.
        let answer = ask(
            stream,
            "10.0.0.7:8899",
            "GET",
            path,
            &[("User-Agent", "kube-probe/1.33")],
            "",
        );
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[test]
fn stores_and_secrets_name_each_other() {
    let all = documents(FILE);
    let of = |kind: &'static str| all.iter().filter(move |document| document["kind"] == kind);
    for store in of("SecretStore").chain(of("ClusterSecretStore")) {
        let webhook = &store["spec"]["provider"]["webhook"];
        let is_of_cluster = store["kind"] == "ClusterSecretStore";
        let named = [&webhook["secrets"][0]["secretRef"], &webhook["caProvider"]];
        assert!(
            named
                .iter()
                .all(|named| named["namespace"].is_string() == is_of_cluster),
            "{store}"
        );
        // The label without which the provider reads no Secret, and the commands that make what the store names.
        for made in ["external-secrets.io/type=webhook", "discfg-token", "discfg-ca"] {
            assert!(super::PAGE.contains(made), "{made}");
        }
    }
    for secret in of("ExternalSecret") {
        let wanted = &secret["spec"]["secretStoreRef"];
        let is_it = |store: &Value| {
            store["kind"] == wanted["kind"]
                && store["metadata"]["name"] == wanted["name"]
                && store["metadata"]["namespace"] == secret["metadata"]["namespace"]
        };
        assert!(all.iter().any(is_it), "{secret}");
    }
    let service = find("server.yaml", "Service", "discfg");
    let host = format!(
        "{}.{}.svc:{}",
        service["metadata"]["name"].as_str().expect("a name"),
        service["metadata"]["namespace"].as_str().expect("a namespace"),
        service["spec"]["ports"][0]["port"]
    );
    assert_eq!(host, SERVICE);
}
