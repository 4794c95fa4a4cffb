//! The command line against a config behind API Gateway: as whom requests are signed, and that every data command goes
//! through it.

use support::cli::Outcome;
use support::config::CONFIG;
use support::gateway::{Fronted, Seen, fronted, fronted_with, role};
use support::kms::without_conditions;

fn run(front: &Fronted, args: &[&str]) -> Outcome {
    front.place.args(args).run()
}

fn done(front: &Fronted, args: &[&str]) -> Outcome {
    run(front, args).code(0)
}

/// Who asked for what.
fn told(seen: &[Seen]) -> Vec<String> {
    let told = |seen: &Seen| {
        format!(
            "{} {} {}",
            seen.who,
            seen.method,
            seen.path.trim_start_matches("/v1/mycfg/")
        )
    };
    seen.iter().map(told).collect()
}

#[test]
fn reading_is_signed_by_the_read_role_and_writing_by_the_write_role() {
    let front = fronted();
    let (reads, writes) = (role("read"), role("write"));
    done(&front, &["set", "db/url", "x"]).stderr("");
    done(&front, &["get", "db/url"]).stdout("x\n").stderr("");
    let seen = front.gateway.seen();
    assert_eq!(
        told(&seen),
        [
            format!("{writes} POST db/commit"),
            format!("{reads} GET db/keys/url"),
        ]
    );
    for each in &seen {
        assert_eq!(each.place, "eu-central-1/execute-api");
    }
    // Warm, reading is one request.
    done(&front, &["get", "db/url", "--stats"])
        .stdout("x\n")
        .stderr_has("stats: 1 requests (/keys 1); read and write units are unknown for an HTTP API");
    let node = done(&front, &["get", "db/url", "-f", "json"]).json();
    let by = node["node"]["by"].as_str().unwrap_or_default();
    assert!(
        by.contains(&format!(":assumed-role/{writes}/discfg-developer")),
        "{by}"
    );
    // Cold, a role is assumed, and nothing else is asked.
    std::fs::remove_dir_all(front.place.home().join("cache")).expect("a cache");
    done(&front, &["get", "db/url", "--stats"])
        .stdout("x\n")
        .stderr_has("stats: 3 requests (/keys 1, AssumeRole 1, GetCallerIdentity 1)");
}

#[test]
fn every_data_command_goes_through_it() {
    let front = fronted();
    let file = front
        .place
        .write("all.json", r#"{"/db/a:b":"1","/db/c":"2","/web/x":"3"}"#);
    let file = file.to_string_lossy();
    done(&front, &["import", "-d", &file, "-q"]);
    done(&front, &["set", "mode", "dev", "--ttl", "1h"]);
    done(&front, &["touch", "mode"]);
    done(&front, &["set", "db/c", "two"]);
    done(&front, &["rollback", "db/c", "--to", "1"]);
    done(&front, &["get", "db/c"]).stdout("2\n");
    done(&front, &["get", "mode"]).stdout("dev\n");
    done(&front, &["ls"]).stdout("/db/\n/mode\n/web/\n");
    done(&front, &["ls", "db", "-r"]).stdout("/db/a:b\n/db/c\n");
    done(&front, &["history", "db/c"]).stderr("");
    done(&front, &["info"]).stderr("");
    run(&front, &["diff", "/db@1", "/db@2"]).code(1).stdout("~ c\n");
    done(&front, &["export"])
        .stdout_has(r#""/db/a:b""#)
        .stdout_has(r#""/web/x""#);
    done(
        &front,
        &[
            "exec",
            "--pristine",
            "--prefix",
            "db",
            "--prefix",
            "web",
            "--",
            "env",
        ],
    )
    .stdout_has("C=2\n");
    done(&front, &["watch", "--after", "db=0", "--once", "-f", "json"]).stdout_has(r#""key":"/db/a:b""#);
    done(&front, &["apply", "-d", &file, "--dry-run"]);
    done(&front, &["copy", "/db", "/copied", "--yes", "-q"]);
    done(&front, &["get", "copied/c"]).stdout("2\n");
    done(&front, &["delete", "copied", "-r", "--yes", "-q"]);
    done(&front, &["delete", "mode"]);
    run(&front, &["get", "mode"]).code(3).stdout("");
    let (reads, writes) = (role("read"), role("write"));
    for seen in front.gateway.seen() {
        assert!(
            seen.who == writes || seen.who == reads && seen.method == "GET",
            "{seen:?}"
        );
    }
}

#[test]
fn as_chooses_who_signs() {
    let front = fronted();
    done(&front, &["set", "db/url", "x", "-q"]);
    front.gateway.seen();
    done(&front, &["get", "db/url", "--as", "write"]).stdout("x\n");
    let operator = front.account.user("operator", &["sts:AssumeRole"]);
    front.gateway.knows(&operator);
    let own = front
        .place
        .args(["set", "db/url", "y", "--as", "self"])
        .env("AWS_ACCESS_KEY_ID", operator.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", operator.secret_access_key());
    own.run().code(0).stderr("");
    assert_eq!(
        told(&front.gateway.seen()),
        [
            format!("{} GET db/keys/url", role("write")),
            "operator POST db/commit".into(),
        ]
    );
}

#[test]
fn a_grants_role_signs_for_its_sections() {
    let front = fronted();
    done(&front, &["set", "web/x", "1", "-q"]);
    done(&front, &["set", "db/url", "x", "-q"]);
    let admin = front.account.user("ops", &["*"]);
    let developer = format!("arn:aws:iam::{}:user/developer", front.account.id());
    let grant = [
        "grant",
        "team",
        "--write",
        "db",
        "--principal",
        &developer,
        "--engine",
        "dynamodb",
        "--yes",
    ];
    front
        .place
        .args(grant)
        .env("AWS_ACCESS_KEY_ID", admin.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", admin.secret_access_key())
        .run()
        .code(0);
    front.gateway.seen();
    let as_team = |args: &[&str]| run(&front, &[args, &["--as", "team"]].concat());
    as_team(&["set", "db/url", "y"]).code(0).stderr("");
    as_team(&["get", "db/url"]).code(0).stdout("y\n");
    as_team(&["ls", "db"]).code(0).stdout("/db/url\n");
    let seen = front.gateway.seen();
    assert!(
        seen.iter()
            .all(|seen| seen.who == "discfg-mycfg--team-eu-central-1"),
        "{seen:?}"
    );
    as_team(&["get", "web/x"])
        .code(5)
        .stdout("")
        .stderr_has("access denied: GET /v1/mycfg/web/keys/x")
        .stderr_has("API Gateway responded: Forbidden")
        .stderr_has("discfg-mycfg--team-eu-central-1, assumed by ")
        .stderr_has("`discfg grants mycfg --engine dynamodb`");
    as_team(&["ls"])
        .code(5)
        .stdout("")
        .stderr_has("access denied: GET /v1/mycfg/@config/list")
        .stderr_has("use a key or prefix in the grant's sections");
    as_team(&["doctor"])
        .code(0)
        .stdout_has("the grant's role was assumed, and is let through to its sections alone");
}

#[test]
fn secrets_are_encrypted_by_the_configs_key_and_never_by_the_api() {
    let front = fronted_with(&["--kms"]);
    let key = front.account.kms(
        "DescribeKey",
        &serde_json::json!({"KeyId": format!("alias/discfg-{CONFIG}")}),
    );
    let key = key["KeyMetadata"]["Arn"].as_str().expect("a key").to_owned();
    without_conditions(&front.account, CONFIG, &key);
    done(&front, &["set", "db/pw", "hunter2", "--secret"]).stderr("");
    done(&front, &["get", "db/pw"]).stdout("hunter2\n").stderr("");
    done(&front, &["set", "db/pw", "hunter3"]).stderr("");
    done(&front, &["get", "db/pw", "--stats"])
        .stdout("hunter3\n")
        .stderr_has("stats: 2 requests (/keys 1, Decrypt 1)");
    done(&front, &["exec", "--pristine", "--", "env"]).stdout_has("DB_PW=hunter3\n");
    done(&front, &["ls", "-r", "--values"]).stdout("/db/pw\t(secret)\n");
    let items = format!("{:?}", front.account.items("discfg-mycfg"));
    assert!(items.contains("/db/pw") && !items.contains("hunter"), "{items}");
    assert!(
        front
            .server
            .asked()
            .iter()
            .all(|asked| !asked.contains("datakeys"))
    );
    // The write role alone may encrypt, and IAM tells it.
    run(&front, &["set", "db/pw", "hunter4", "--secret", "--as", "read"])
        .code(5)
        .stdout("")
        .stderr_has("access denied: kms:GenerateDataKey on /db/pw")
        .stderr_lacks("hunter4");
}

#[test]
fn a_watch_polls_where_the_function_lets_no_request_wait() {
    let front = fronted();
    done(&front, &["set", "db/url", "x", "-q"]);
    let watched = front
        .place
        .args(["watch", "db", "--once", "--interval", "50ms", "-f", "json"])
        .start();
    watched.says("watching /db of config mycfg");
    done(&front, &["set", "db/url", "y", "-q"]);
    let change = watched.json();
    assert_eq!(change["value"], "y");
    watched.end().code(0);
    let asked = front.server.asked();
    let waits: Vec<_> = asked.iter().filter(|asked| asked.contains("wait=")).collect();
    assert!(waits.len() <= 1, "{waits:?}");
}
