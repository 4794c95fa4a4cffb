//! The OpenAPI document: it says all that the API answers, and nothing else. That each answer has a status and a
//! content type of the document holds every test of the API, in `support::api`.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use support::api::{Served, document};

const METHODS: [&str; 6] = ["get", "put", "post", "delete", "patch", "options"];

/// Each template with its methods.
fn operations(document: &Json) -> Vec<(String, BTreeSet<String>)> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().map(|(path, item)| {
        let methods = item.as_object().expect("operations").keys().cloned();
        (path.clone(), methods.collect())
    });
    operations.collect()
}

/// A path of the template.
fn example(template: &str) -> String {
    ["section", "rest", "below", "key"]
        .iter()
        .fold(template.replace("{config}", "mycfg"), |path, name| {
            path.replace(&format!("{{{name}}}"), "x")
        })
}

#[tokio::test]
async fn every_operation_is_served_and_no_other_method() {
    let (served, document) = (Served::new(), document());
    let operations = operations(&document);
    assert!(operations.len() > 30, "{operations:?}");
    for (template, methods) in operations {
        let path = example(&template);
        for method in METHODS {
            let answer = served.ask_anywhere(&method.to_uppercase(), &path, &[], "").await;
            if methods.contains(method) {
                let code = serde_json::from_str(&answer.text()).map(|body: Json| body["code"].clone());
                let refused = code.is_ok_and(|code| code == "no-route" || code == "path");
                assert!(!refused, "{method} {path}");
                continue;
            }
            answer.problem(405, "no-method");
            let allowed = answer.header("allow").expect("what is allowed").split(',');
            let allowed: BTreeSet<String> = allowed
                .map(str::to_lowercase)
                .filter(|method| method != "head")
                .collect();
            assert_eq!(allowed, methods, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_in_no_template_is_no_route() {
    let served = Served::new();
    for path in [
        "/",
        "/v1",
        "/v1/mycfg",
        "/v1/mycfg/db",
        "/v1/mycfg/db/keys",
        "/v1/mycfg/db/url",
        "/v1/mycfg/list",
        "/v1/mycfg/info",
        "/v1/mycfg/keys/db/url",
        "/v1/mycfg/heads/db",
        "/v1/mycfg/db/changes/x",
        "/v1/mycfg/db/heads/x",
        "/v1/mycfg/db/commit/x",
        "/v1/mycfg/@config/info/x",
        "/v1/mycfg/@datakeys",
        "/v1/mycfg/@datakeys/generate",
        "/v1/mycfg/datakeys/generate/db",
        "/v2/mycfg/@config/list",
        "/healthz/x",
    ] {
        served
            .ask_anywhere("GET", path, &[], "")
            .await
            .problem(404, "no-route");
    }
}

#[tokio::test]
async fn the_document_is_sound() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "discfg");
    let mut ids = BTreeSet::new();
    for (template, methods) in operations(&document) {
        for method in methods {
            let operation = &document["paths"][&template][&method];
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["summary"].is_string(), "{id}");
            // What stands before all routes answers these: another's `Host`, and no place among the requests, which
            // whether the server lives needn't have.
            let taken = if template == "/healthz" {
                &["403"][..]
            } else {
                &["403", "503"]
            };
            for status in taken {
                assert!(operation["responses"][status].is_object(), "{id}: {status}");
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path: BTreeSet<&str> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            let named: BTreeSet<&str> = template.split(['{', '}']).skip(1).step_by(2).collect();
            assert_eq!(in_path, named, "{template}");
            for parameter in &parameters {
                // Of a query there is no `null`.
                assert!(!parameter["schema"].to_string().contains("null"), "{parameter}");
                assert!(parameter["description"].is_string(), "{parameter}");
            }
        }
    }
    let mut rest = vec![&*document];
    while let Some(next) = rest.pop() {
        if let Some(reference) = next["$ref"].as_str() {
            let pointer = reference.strip_prefix('#').expect("a reference within");
            assert!(document.pointer(pointer).is_some(), "{reference} is not there");
        }
        match next {
            Json::Object(fields) => rest.extend(fields.values()),
            Json::Array(items) => rest.extend(items),
            _ => {}
        }
    }
}
