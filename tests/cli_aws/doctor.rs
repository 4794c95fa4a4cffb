//! `doctor`: each thing that can be wrong is told by its own line, with what to do.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;

use serde_json::{Value, json};

use support::account::{Account, REGION};
use support::cli::Place;
use support::config::embedded;
use support::emulator::Emulator;

fn deployed(more: &[&str]) -> (Account, Place) {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let init = ["init", "payments", "--yes", "-q"];
    place.args(init.iter().chain(more)).run().code(0);
    (account, place)
}

/// The verdict on each check, by its name.
fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let checks = report["checks"].as_array().into_iter().flatten();
    checks
        .filter_map(|check| Some((check["name"].as_str()?, check["verdict"].as_str()?)))
        .collect()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

/// The emulator drops point-in-time recovery and time to live that a template gives: both are warned of.
#[test]
fn a_config_that_is_well_is_all_right_but_for_what_the_emulator_drops() {
    let (account, place) = deployed(&[]);
    let before = account.items("discfg-payments");
    let report = place
        .args(["doctor", "payments", "-f", "json"])
        .run()
        .code(0)
        .stderr("")
        .json();
    assert_eq!(
        verdicts(&report),
        [
            ("version", "ok"),
            ("config", "ok"),
            ("engine", "ok"),
            (".discfg", "ok"),
            ("cache", "ok"),
            ("region", "ok"),
            ("endpoint", "ok"),
            ("clock", "ok"),
            ("credentials", "ok"),
            ("stack", "ok"),
            ("read role", "ok"),
            ("layout", "ok"),
            ("write role", "ok"),
            ("table", "ok"),
            ("protection", "ok"),
            ("recovery", "warn"),
            ("expiry", "warn"),
        ]
    );
    assert_eq!(report["verdict"], "warn");
    assert_eq!(report["config"], "payments");
    place
        .args(["doctor", "payments"])
        .run()
        .code(0)
        .stdout_has("ok    region       eu-central-1, from the environment variable AWS_REGION\n")
        .stdout_has("user/admin, from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\n")
        .stdout_has("ok    stack        discfg-payments, CREATE_COMPLETE\n")
        .stdout_has("discfg-payments-eu-central-1-read: assumed, config readable\n")
        .stdout_has("ok    layout       layout 1, 30 days of history\n")
        .stdout_has("warn  recovery     point-in-time recovery is off\n")
        .stdout_has("fix: turn it on: `aws dynamodb update-continuous-backups --table-name discfg-payments ");
    place
        .args(["doctor", "payments", "-f", "raw"])
        .run()
        .code(0)
        .stdout("warn\n");
    assert_eq!(account.items("discfg-payments"), before);
}

#[test]
fn without_a_config_the_rest_is_checked() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.developer());
    place
        .args(["doctor"])
        .run()
        .code(0)
        .stdout_has("warn  config       none selected: checks that need one are skipped\n")
        .stdout_has("ok    credentials ");
}

#[test]
fn what_is_missing_before_anything_can_be_asked_fails_with_a_way_out() {
    let place = Place::new();
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stderr("")
        .stdout_has("fail  region       no AWS region set\n")
        .stdout_has("fix: set one with --region, AWS_REGION");
    let account = Emulator::shared().account();
    let place = place
        .env("AWS_REGION", REGION)
        .env("AWS_ENDPOINT_URL", account.url());
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stderr("")
        .stdout_has("fail  credentials  no usable AWS credentials found")
        .stdout_has("fix: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    let place = Place::at("http://127.0.0.1:9", &account.root());
    place
        .args(["doctor", "payments"])
        .run()
        .code(1)
        .stdout_has("fail  endpoint     sts:GetCallerIdentity failed")
        .stdout_has("fix: check the region, the network and AWS_ENDPOINT_URL");
    place.write(".discfg", "config = 'a'\nas = 'self'\n");
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stdout_has("fail  settings     ")
        .stdout_has("`discfg use --trust`");
}

#[test]
fn an_endpoint_that_never_answers_hangs_nothing() {
    // It is connected to, and nobody reads.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let account = Emulator::shared().account();
    Place::at(&url, &account.root())
        .args(["doctor", "payments"])
        .run()
        .code(1)
        .stderr("")
        .stdout_has("fail  endpoint     timed out after 10 s\n");
}

#[test]
fn a_clock_that_is_off_is_told_even_where_the_credentials_are_refused() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", server.local_addr().expect("an address"));
    thread::spawn(move || {
        for mut connection in server.incoming().flatten() {
            let mut request = [0; 8192];
            let _ = connection.read(&mut request);
            let body = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code>\
                        <Message>Signature expired</Message></Error></ErrorResponse>";
            let _ = write!(
                connection,
                "HTTP/1.1 403 Forbidden\r\nDate: Sat, 31 Jan 2026 08:00:00 GMT\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let account = Emulator::shared().account();
    Place::at(&url, &account.root())
        .args(["doctor"])
        .run()
        .code(1)
        .stdout_has("fail  clock        ")
        .stdout_has("ahead of AWS; AWS rejects signatures at more than 300 s\n")
        .stdout_has("fail  credentials  AWS rejected the credentials (SignatureDoesNotMatch)");
}

#[test]
fn a_config_that_is_not_there_fails_at_its_stack() {
    let (_account, place) = deployed(&[]);
    place
        .args(["doctor", "nosuch"])
        .run()
        .code(1)
        .stderr("")
        .stdout_has("fail  stack        no stack discfg-nosuch in eu-central-1\n")
        .stdout_has("fix: create it: `discfg init nosuch`\n");
}

#[test]
fn a_role_that_cant_be_assumed_is_told_with_the_statement_that_is_missing() {
    let (account, place) = deployed(&[]);
    let place = place.who(&account.user("stranger", &["dynamodb:GetItem"]));
    place
        .args(["doctor", "payments"])
        .run()
        .code(1)
        .stdout_has("warn  stack        access denied: cloudformation:DescribeStacks")
        .stdout_has("fail  read role    ")
        .stdout_has("user/stranger can't assume the role arn:aws:iam::")
        .stdout_has("sts:AssumeRole")
        .stdout_has("warn  write role   ")
        .stdout_has("warn  table        access denied: dynamodb:DescribeTable");
}

#[test]
fn a_reader_who_may_not_write_is_warned_and_no_more() {
    let (account, place) = deployed(&["--writer", "arn:aws:iam::123456789012:role/nobody"]);
    let place = place.who(&account.developer());
    let report = place
        .args(["doctor", "payments", "-f", "json"])
        .run()
        .code(0)
        .json();
    let verdicts = verdicts(&report);
    assert!(verdicts.contains(&("read role", "ok")), "{verdicts:?}");
    assert!(verdicts.contains(&("write role", "warn")), "{verdicts:?}");
}

#[test]
fn a_newer_layout_asks_for_a_newer_discfg() {
    let (account, place) = deployed(&[]);
    let item = json!({
        "pk": {"S": "@config"}, "sk": {"S": "@meta"}, "layout": {"N": "2"}, "history_days": {"N": "30"},
    });
    account
        .dynamodb(
            &account.root(),
            "PutItem",
            &json!({"TableName": "discfg-payments", "Item": item}),
        )
        .expect("root may");
    place
        .args(["doctor", "payments"])
        .run()
        .code(1)
        .stdout_has("fail  layout       ")
        .stdout_has("layout 2")
        .stdout_has("fix: update discfg\n");
}

#[test]
fn a_cache_that_others_read_is_told() {
    let (_account, place) = deployed(&[]);
    let cache = place.home().join("cache/discfg");
    chmod(&cache, 0o755);
    place
        .args(["doctor", "payments"])
        .run()
        .code(1)
        .stdout_has("fail  cache        ")
        .stdout_has(&format!("fix: chmod -R go= {}\n", cache.display()));
    chmod(&cache, 0o700);
    place
        .args(["doctor", "payments"])
        .run()
        .code(0)
        .stdout_has("ok    cache ");
}

#[test]
fn the_file_of_the_embedded_engine_is_checked() {
    let place = embedded();
    place.args(["set", "k", "v", "-q"]).run().code(0);
    place
        .args(["doctor"])
        .run()
        .code(0)
        .stderr("")
        .stdout_has("ok    engine       local, from ")
        .stdout_has("mycfg.db, accessible only to you\n")
        .stdout_has("ok    integrity    SQLite's integrity check passed\n");
    let file = place.home().join("data/discfg/mycfg.db");
    chmod(&file, 0o644);
    place
        .args(["doctor"])
        .run()
        .code(0)
        .stdout_has("warn  file         ")
        .stdout_has("fix: chmod 600 ");
    let key = file.with_extension("key");
    place
        .args(["set", "pw", "s3cret", "--secret", "-q"])
        .run()
        .code(0);
    place.args(["doctor"]).run().code(0).stdout_has(&format!(
        "ok    key          {}, accessible only to you\n",
        key.display()
    ));
    chmod(&key, 0o640);
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stdout_has("fail  key          ")
        .stdout_has("decrypts the secrets and is readable by other users\n")
        .stdout_has(&format!("fix: chmod 600 {}\n", key.display()));
    chmod(&key, 0o600);
    place
        .args(["doctor", "nosuch"])
        .run()
        .code(1)
        .stdout_has("fail  file         ")
        .stdout_has("fix: create it with `discfg init nosuch --local`\n");
    for beside in ["mycfg.db-wal", "mycfg.db-shm"] {
        // SQLite would bring the file back from these.
        drop(fs::remove_file(file.with_file_name(beside)));
    }
    fs::write(&file, "no database").expect("it is ours");
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stderr("")
        .stdout_has("fail  file         ");
}
