//! What commands do in the role of a grant.

use serde_json::json;

use support::grants::{TABLE, developer, granted, line};

#[test]
fn the_list_is_put_right_where_the_stack_came_without_it() {
    let (account, _proxy, place) = granted(&["--read", "db"]);
    account
        .dynamodb(
            &account.root(),
            "DeleteItem",
            &json!({"TableName": TABLE, "Key": {"pk": {"S": "@config"}, "sk": {"S": "@grant#team"}}}),
        )
        .expect("root may delete");
    place
        .args(["ls"])
        .run()
        .code(3)
        .stdout("")
        .stderr_has("cannot determine which sections grant team covers")
        .stderr_has("record them with `discfg grant payments team`");
    place.args(["get", "db/url"]).run().code(0).stdout("one\n");
    let place = place.who(&account.user("ops", &["*"])).without_env("DISCFG_AS");
    place
        .args(["grant", "team"])
        .run()
        .code(0)
        .stdout_has("unchanged");
    assert!(line(&account, "team").is_some());
}

#[test]
fn doctor_tries_the_grants_role_and_no_other() {
    let (_account, proxy, place) = granted(&["--read", "db"]);
    let checked = place.args(["doctor", "-f", "json"]).run().code(0).json();
    let checks = checked["checks"].as_array().expect("a list");
    let of = |name: &str| checks.iter().find(|check| check["name"] == name);
    let role = of("grant role").expect("it is checked");
    assert_eq!(role["verdict"], "ok");
    let message = role["message"].as_str().expect("text");
    assert!(
        message.contains("discfg-payments--team-eu-central-1: assumed, config readable"),
        "{message}"
    );
    assert!(
        of("read role").is_none() && of("write role").is_none(),
        "{checks:?}"
    );
    proxy.on("BatchGetItem").deny();
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stdout_has("fail  grant role ");
}

#[test]
fn without_a_prefix_a_grants_sections_are_meant() {
    let (_account, proxy, place) = granted(&["--read", "db", "--read", "@root"]);
    place.args(["ls"]).run().code(0).stdout("/db/\n/mode\n");
    place.args(["ls", "-r"]).run().code(0).stdout("/db/url\n/mode\n");
    place
        .args(["export"])
        .run()
        .code(0)
        .stdout_has(r#""/db/url""#)
        .stdout_has(r#""/mode""#);
    let info = place.args(["info", "-f", "json"]).run().code(0).json();
    let sections: Vec<_> = info["sections"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|s| s["name"].clone())
        .collect();
    assert_eq!(sections, ["/db", "@root"]);
    place
        .args(["exec", "--", "sh", "-c", "echo $DB_URL $MODE[$WEB_PORT]"])
        .run()
        .code(0)
        .stdout("one one[]\n");
    place
        .args([
            "watch",
            "--after",
            "db=0",
            "--after",
            "@root=0",
            "--once",
            "--timeout",
            "20s",
        ])
        .run()
        .code(0)
        .stdout_has("/db/url")
        .stderr_has("watching the sections of grant team of config payments");
    let complete = |word: &str| {
        let call = place.args(["--", "discfg", "ls", word]);
        call.env("COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", "2")
            .run()
            .code(0)
            .text()
    };
    // A shell isn't kept waiting: what takes long completes nothing.
    let completed = (0..50).map(|_| complete("/")).find(|words| !words.is_empty());
    let completed = completed.expect("it is in time once");
    assert!(
        completed.contains("/db") && !completed.contains("/web"),
        "{completed}"
    );

    let asked: Vec<String> = proxy.requests().iter().map(|r| r.json().to_string()).collect();
    assert!(
        !asked.iter().any(|request| request.contains(r#""/web""#)),
        "a section that isn't the grant's was asked for"
    );
    assert!(
        !asked.iter().any(|request| request.contains(r#""pk = :pk""#)),
        "the section list was read"
    );
    proxy.forget();
    place.args(["export", "--prefix", "db"]).run().code(0);
    assert!(
        !proxy
            .requests()
            .iter()
            .any(|r| r.json().to_string().contains("@grant#")),
        "with a prefix nothing more is asked for"
    );
}

#[test]
fn a_root_section_that_is_not_granted_is_not_listed() {
    let (_account, _proxy, place) = granted(&["--read", "db"]);
    place.args(["ls"]).run().code(0).stdout("/db/\n");
    place.args(["ls", "-r"]).run().code(0).stdout("/db/url\n");
}

#[test]
fn every_data_command_works_within_the_sections() {
    let (account, _proxy, place) = granted(&["--write", "db", "--write", "fresh"]);
    place.args(["set", "db/url", "two"]).run().code(0);
    place
        .args(["set", "fresh/first", "1", "--ttl", "1h"])
        .run()
        .code(0);
    place.args(["touch", "fresh/first", "--ttl", "2h"]).run().code(0);
    place.args(["get", "db/url"]).run().code(0).stdout("two\n");
    place
        .args(["history", "db/url"])
        .run()
        .code(0)
        .stdout_has("r2      v2  set");
    place.args(["rollback", "db/url", "--to", "1"]).run().code(0);
    place
        .args(["get", "db/url", "--revision", "2"])
        .run()
        .code(0)
        .stdout("two\n");
    place.write("new.json", r#"{"/db/pool": "9", "/db/url": "three"}"#);
    place.args(["apply", "-d", "new.json", "--yes"]).run().code(0);
    place
        .args(["diff", "/db", "/db@1"])
        .run()
        .code(1)
        .stdout_has("pool");
    place.args(["copy", "/db", "/fresh", "--yes"]).run().code(0);
    place.args(["delete", "fresh/pool"]).run().code(0);
    place
        .args(["ls", "-r"])
        .run()
        .code(0)
        .stdout("/db/pool\n/db/url\n/fresh/first\n/fresh/url\n");
    let items = account.items(TABLE);
    let by = items.iter().find(|item| item["sk"]["S"] == "/db/pool");
    assert_eq!(
        by.map(|item| item["by"]["S"].clone()),
        Some(json!(developer(&account)))
    );
}

#[test]
fn a_scoped_writer_never_writes_the_configs_own_partition() {
    let (account, proxy, place) = granted(&["--write", "db"]);
    // A section of its own that was never registered, as where the list was lost.
    for (pk, sk) in [("@config", "/db"), ("/db", "@head")] {
        let key = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        account
            .dynamodb(
                &account.root(),
                "DeleteItem",
                &json!({"TableName": TABLE, "Key": key}),
            )
            .expect("root may delete");
    }
    place.args(["set", "db/other", "two"]).run().code(0);
    let writes: Vec<String> = proxy
        .requests()
        .iter()
        .filter(|request| request.operation == "TransactWriteItems")
        .map(|request| request.json().to_string())
        .collect();
    assert_eq!(writes.len(), 1);
    assert!(!writes[0].contains("@config"), "{}", writes[0]);
}

#[test]
fn what_a_grant_does_not_cover_is_said_in_its_own_words() {
    let (account, proxy, place) = granted(&["--read", "db"]);
    let before = account.items(TABLE);
    let denied = |operation: &str, args: &[&str]| {
        proxy.on(operation).times(1).deny();
        place.args(args).run().code(5).stdout("")
    };
    denied("GetItem", &["get", "/web/port"])
        .stderr_has("error: the role in use can read /db, but not /web")
        .stderr_has(&format!(
            "discfg-payments--team-eu-central-1, assumed by {})",
            developer(&account)
        ))
        .stderr_has("`discfg grant payments team --read /db --read /web`");
    denied("Query", &["ls", "web"]).stderr_has("the role in use can read /db, but not /web");
    denied("BatchGetItem", &["export", "--prefix", "web"])
        .stderr_has("the role in use can read /db, but not /web");
    denied("Query", &["history", "mode"]).stderr_has("the role in use can read /db, but not @root");
    denied("BatchGetItem", &["watch", "web"]).stderr_has("the role in use can read /db, but not /web");
    denied("BatchGetItem", &["set", "web/port", "two"])
        .stderr_has("the role in use can read /db, but not /web");
    denied("TransactWriteItems", &["set", "db/url", "two"])
        .stderr_has("error: the role in use can read /db, but not write")
        .stderr_has("`discfg grant payments team --write /db`");
    denied("UpdateItem", &["touch", "db/url", "--ttl", "1h"]).stderr_has("but not write");
    denied("GetItem", &["get", "db/url"])
        .stderr_has("access denied: dynamodb:GetItem on /db/url")
        .stderr_has("recreate it: run `discfg revoke payments team`");
    proxy.on("BatchGetItem").times(1).deny();
    place
        .args(["exec", "--prefix", "web", "--", "true"])
        .run()
        .code(125)
        .stderr_has("the role in use can read /db, but not /web");
    // Where what the grant covers can't be looked up either, the denial is told as it came.
    proxy.on("GetItem").times(2).deny();
    place
        .args(["get", "web/port"])
        .run()
        .code(5)
        .stderr_has("access denied: dynamodb:GetItem on /web/port");
    assert_eq!(account.items(TABLE), before);
}
