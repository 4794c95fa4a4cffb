//! What is refused to callers.

use std::collections::BTreeSet;

use discfg::http::Caller;
use discfg::model::Access;
use support::api::Served;

use super::answers::Answers;

#[tokio::test]
async fn callers() {
    let served = Served::new();
    served.set("db/url", "1").await;
    served.ask("PUT", "db/keys/pw?secret=true", &[], "hunter2").await;
    let mut answers = Answers::default();
    answers.about("Nobody");
    let nobody = served.for_caller(None);
    answers.get(&nobody, "db/keys/url").await;
    answers.get(&nobody, "/metrics").await;

    answers.about("Who may use another config alone");
    let of_others = served.for_caller(Some(Caller {
        configs: Some(BTreeSet::from(["orders".parse().expect("a config")])),
        ..Caller::anyone()
    }));
    answers.get(&of_others, "db/keys/url").await;
    answers.get(&of_others, "/metrics").await;

    answers.about("Who may use another section alone");
    let of_web = served.for_caller(Some(Caller {
        sections: Some(BTreeSet::from(["/web".parse().expect("a section")])),
        ..Caller::anyone()
    }));
    let set = r#"{"changes":[{"op":"set","key":"/db/url","value":1}]}"#;
    for (method, path, body) in [
        ("GET", "db/keys/url", ""),
        ("PUT", "db/keys/url", "2"),
        ("POST", "@config/commit", set),
        ("GET", "db/heads", ""),
        ("GET", "@config/snapshot?prefix=/db", ""),
        ("GET", "@config/values?prefix=/db", ""),
        ("POST", "@datakeys/generate/db", r#"{"key":"/db/url"}"#),
    ] {
        answers.ask(&of_web, method, path, &[], body).await;
    }

    answers.about("Who may only read, and no secrets");
    let reader = served.for_caller(Some(Caller {
        access: Access::Read,
        decrypts: false,
        ..Caller::anyone()
    }));
    for (method, path, body) in [
        ("PUT", "db/keys/url", "2"),
        ("DELETE", "db/keys/url", ""),
        ("POST", "db/touch/url?ttl=1m", ""),
        ("POST", "@config/commit", set),
        ("GET", "db/keys/pw?reveal=true", ""),
        ("GET", "@config/values?prefix=/db", ""),
        ("GET", "@config/values?prefix=/db&reveal=true", ""),
        (
            "POST",
            "@datakeys/unwrap/db",
            r#"{"key":"/db/pw","wrapped":"AAAA"}"#,
        ),
    ] {
        answers.ask(&reader, method, path, &[], body).await;
    }
    answers.keep("callers");
}
