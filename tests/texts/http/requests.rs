//! What is wrong with a request by itself, and with what it asks of the config.

use discfg::http::ApiSettings;
use support::api::Served;

use super::answers::Answers;

#[tokio::test]
async fn routes_and_paths() {
    let served = Served::new();
    let mut answers = Answers::default();
    answers.about("Routes that there are not, and methods that a route doesn't take");
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/v1/mycfg"),
        ("GET", "/v1/mycfg/nosuch"),
        ("POST", "db/keys/url"),
        ("DELETE", "@config/list"),
        ("GET", "@config/commit"),
        ("GET", "/v1/absent/@root/keys/mode"),
    ] {
        answers.ask(&served, method, path, &[], "").await;
    }
    answers.about("Paths that mean nothing");
    let long = format!("@root/keys/{}", "k".repeat(600));
    let deep = format!("@root/keys/{}", ["d"; 17].join("/"));
    for path in [
        "@root/keys/db%2Furl",
        "db/keys//url",
        "db/keys/url/",
        "db/keys/../url",
        "@root/keys/db/url",
        "@config/keys/x",
        "@meta/heads",
        "@root/keys/db;x/url",
        "/v1/MyCfg/@root/keys/mode",
        &long,
        &deep,
    ] {
        answers.get(&served, path).await;
    }
    answers.keep("paths");
}

#[tokio::test]
async fn queries() {
    let served = Served::new();
    served.set("db/url", "1").await;
    let mut answers = Answers::default();
    answers.about("Unknown, twice, of the wrong form");
    for path in [
        "@root/keys/k?revison=1",
        "@config/info?x=1",
        "/healthz?x=1",
        "@root/keys/k?revision=1&revision=2",
        "@root/keys/k?revision=x",
        "@root/keys/k?consistency=weak",
        "@root/keys/k?reveal",
        "@root/keys/k?stored=true&reveal=true",
        "@root/keys/k?%ff=1",
        "@config/list?limit=0",
        "@config/list?after=x",
        "@config/list?cursor=x",
        "@config/list?cursor=x&after=/db",
        "@config/snapshot?prefix=a//b",
        "@root/history/k?limit=9999999",
        "db/changes?after=",
        "@config/heads?wait=soon",
        "@config/heads?wait=2h",
        "@config/heads?after=1&after=2",
    ] {
        answers.get(&served, path).await;
    }
    answers.about("Where no request may wait");
    let at_once = Served::with(ApiSettings {
        waits: false,
        ..ApiSettings::default()
    });
    answers.get(&at_once, "@config/heads?after=1&wait=1s").await;
    answers.about("Of writes");
    for (method, path) in [
        ("PUT", "@root/keys/k?ttl=0s"),
        ("PUT", "@root/keys/k?ttl=1m&keep-ttl=true"),
        ("PUT", "@root/keys/k?keepTtl=true&ttl=1m"),
        ("PUT", "@root/keys/k?secret=maybe"),
        ("PUT", "@root/keys/k?secret=true&plain=true"),
        ("DELETE", "@root/keys/k?ttl=1m"),
        ("POST", "@root/touch/k?ttl=soon"),
        ("POST", "@config/commit?stored=true&reveal=true"),
        ("POST", "@config/commit?repeated=true"),
    ] {
        answers.ask(&served, method, path, &[], "1").await;
    }
    answers.keep("queries");
}

#[tokio::test]
async fn values_to_copy() {
    let served = Served::new();
    for key in ["colon/a:b", "same/a/b", "same/a.b"] {
        served.set(key, "1").await;
    }
    for key in 1..=7 {
        let path = format!("bytes/keys/{key}");
        served.ask("PUT", &path, &[], vec![0xff]).await.json(201);
    }
    served.ask("PUT", "ttl/keys/a?ttl=1h", &[], "1").await.json(201);
    let mut answers = Answers::default();
    answers.about("Prefixes without keys, and keys that have no name or no text");
    for path in [
        "@config/values?prefix=",
        "@config/values?prefix=absent",
        "@config/values?prefix=ttl",
        "@config/values?prefix=colon",
        "@config/values?prefix=same",
        "@config/values?prefix=bytes",
    ] {
        answers.get(&served, path).await;
    }
    answers.keep("values_to_copy");
}

#[tokio::test]
async fn headers() {
    let served = Served::new();
    served.set("db/url", "1").await;
    let mut answers = Answers::default();
    let twice = [("if-match", "*"), ("if-match", "\"1\"")];
    let both = [("content-length", "1"), ("transfer-encoding", "chunked")];
    let headers: [&[(&str, &str)]; 9] = [
        &twice,
        &both,
        &[("if-match", "1")],
        &[("if-match", "W/\"1\"")],
        &[("if-none-match", "\"1\"")],
        &[("if-match", "*"), ("if-none-match", "*")],
        &[("idempotency-key", "a b")],
        &[("content-type", "text/plain; charset=latin1")],
        &[("content-type", "application/json")],
    ];
    for headers in headers {
        answers.ask(&served, "PUT", "db/keys/url", headers, "{").await;
    }
    let stream = ("accept", "text/event-stream");
    answers
        .ask(
            &served,
            "GET",
            "db/changes",
            &[stream, ("last-event-id", "x")],
            "",
        )
        .await;
    answers.keep("headers");
}

#[tokio::test]
async fn bodies() {
    let served = Served::with(ApiSettings {
        body_bytes: 250_000,
        ..ApiSettings::default()
    });
    let set = |more: &str| format!(r#"{{"changes":[{{"op":"set","key":"/db/url"{more}}}]}}"#);
    let value = format!(",\"value\":\"{}\"", "x".repeat(190_001));
    let mut answers = Answers::default();
    answers.about("No commit");
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"changes":[],"x":1}"#,
        r#"{"changes":{}}"#,
        r#"{"changes":[{"op":"put","key":"/db/url"}]}"#,
        &set(""),
        &set(r#","value":1,"valeu":1"#),
        &set(r#","value":1,"ttl":0"#),
        &set(r#","value":1,"sealed":true"#),
        r#"{"changes":[{"op":"set","key":"/a//b","value":1}]}"#,
        r#"{"changes":[{"op":"delete","key":"/db/url","value":1}]}"#,
        r#"{"guards":[{"guard":"absent"}],"changes":[]}"#,
        r#"{"guards":[{"guard":"absent","key":"/k"},{"guard":"absent","key":"/k"}],"changes":[]}"#,
        r#"{"changes":[]} x"#,
        &set(&value),
        &format!("{{\"changes\":[{}]}}", "x".repeat(250_001)),
    ] {
        answers.ask(&served, "POST", "@config/commit", &[], body).await;
    }
    answers.about("Another section than the path's");
    answers
        .ask(&served, "POST", "web/commit", &[], &set(",\"value\":1"))
        .await;
    answers.about("No value");
    answers
        .ask(&served, "PUT", "db/keys/url", &[], &"x".repeat(190_001))
        .await;
    answers.about("No data key, before there is a secret and after");
    let junk = r#"{"key":"/db/url","wrapped":"AAAA"}"#;
    answers
        .ask(&served, "POST", "@datakeys/unwrap/db", &[], junk)
        .await;
    served.ask("PUT", "db/keys/pw?secret=true", &[], "hunter2").await;
    for (path, body) in [
        ("@datakeys/generate/db", "{}"),
        ("@datakeys/generate/web", r#"{"key":"/db/url"}"#),
        ("@datakeys/unwrap/db", r#"{"key":"/db/url","wrapped":"?"}"#),
        ("@datakeys/unwrap/db", junk),
    ] {
        answers.ask(&served, "POST", path, &[], body).await;
    }
    answers.keep("bodies");
}

#[tokio::test]
async fn conditions_and_state() {
    let served = Served::with(ApiSettings {
        streams: 0,
        ..ApiSettings::default()
    });
    served.set("db/url", "1").await;
    served.set("db/url", "2").await;
    served.ask("PUT", "db/keys/pw?secret=true", &[], "hunter2").await;
    let mut answers = Answers::default();
    answers.about("Not there");
    for path in [
        "db/keys/nosuch",
        "db/keys/url?revision=99",
        "db/keys/pw?revision=1",
    ] {
        answers.get(&served, path).await;
    }
    answers.ask(&served, "DELETE", "db/keys/nosuch", &[], "").await;
    answers.ask(&served, "POST", "db/touch/nosuch", &[], "").await;
    answers.about("Headers that don't hold");
    for (method, header) in [
        ("GET", ("if-match", "\"1\"")),
        ("PUT", ("if-match", "\"1\"")),
        ("PUT", ("if-none-match", "*")),
        ("DELETE", ("if-match", "\"1\"")),
    ] {
        let body = if method == "PUT" { "3" } else { "" };
        answers.ask(&served, method, "db/keys/url", &[header], body).await;
    }
    answers
        .ask(&served, "PUT", "db/keys/pw", &[("if-none-match", "*")], "x")
        .await;
    answers.about("Guards that don't hold");
    for guard in [
        r#"{"guard":"absent","key":"/db/url"}"#,
        r#"{"guard":"present","key":"/db/nosuch"}"#,
        r#"{"guard":"revision","key":"/db/url","revision":1}"#,
        r#"{"guard":"value","key":"/db/url","value":"1"}"#,
        r#"{"guard":"section","section":"/db","revision":1}"#,
        r#"{"guard":"value","key":"/db/pw","value":"hunter2"}"#,
    ] {
        let body = format!(r#"{{"guards":[{guard}],"changes":[{{"op":"delete","key":"/db/url"}}]}}"#);
        answers.ask(&served, "POST", "@config/commit", &[], &body).await;
    }
    answers.about("Commits that can't be");
    let twice = r#"{"changes":[{"op":"delete","key":"/db/url"},{"op":"delete","key":"/db/url"}]}"#;
    answers.ask(&served, "POST", "@config/commit", &[], twice).await;
    let many: Vec<_> = (0..120)
        .map(|n| format!(r#"{{"op":"set","key":"/many/k{n}","value":1}}"#))
        .collect();
    let many = format!(r#"{{"changes":[{}]}}"#, many.join(","));
    answers.ask(&served, "POST", "@config/commit", &[], &many).await;
    let large = "x".repeat(189_950);
    answers
        .ask(&served, "PUT", "db/keys/pw?secret=true", &[], &large)
        .await;
    let id = [("idempotency-key", "mine")];
    served.ask("PUT", "db/keys/url", &id, "3").await;
    answers.ask(&served, "PUT", "db/keys/other", &id, "3").await;
    let unsealed = r#"{"changes":[{"op":"set","key":"/db/pw","kind":"text","value":"x"}]}"#;
    answers
        .ask(&served, "POST", "@config/commit?stored=true", &[], unsealed)
        .await;
    answers.about("No time to live, a secret as it is, no stream here, what is ahead");
    answers.ask(&served, "POST", "db/touch/url", &[], "").await;
    for accept in ["text/plain", "application/octet-stream"] {
        answers
            .ask(&served, "GET", "db/keys/pw", &[("accept", accept)], "")
            .await;
    }
    let stream = ("accept", "text/event-stream");
    answers.ask(&served, "GET", "db/changes", &[stream], "").await;
    let streams = Served::new();
    streams.set("db/url", "1").await;
    for path in ["db/changes?after=99", "db/changes?limit=1"] {
        answers.ask(&streams, "GET", path, &[stream], "").await;
    }
    let seen = [stream, ("last-event-id", "99")];
    answers.ask(&streams, "GET", "db/changes", &seen, "").await;
    answers.keep("conditions");
}
