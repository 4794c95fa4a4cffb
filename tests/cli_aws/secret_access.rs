//! Who may read secrets, what it costs, and what is told where it can't be done.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use support::cli::{Outcome, Place};
use support::config::{ALIAS, CONFIG, TABLE, behind_proxy, embedded, on_table};
use support::emulator::Emulator;

fn run(place: &Place, args: &[&str]) -> Outcome {
    place.args(args).run()
}

fn done(place: &Place, args: &[&str]) -> Outcome {
    run(place, args).code(0)
}

/// Makes `n` secrets in one commit: a file over secrets that are there.
fn secrets(place: &Place, n: usize) {
    let each = |value: &str| -> serde_json::Map<String, serde_json::Value> {
        (0..n).map(|i| (format!("/s/k{i:02}"), json!(value))).collect()
    };
    for (name, _) in each("") {
        done(place, &["set", &name, "before", "--secret", "-q"]);
    }
    let file = place.write("all.json", json!(each("hunter2")).to_string());
    done(place, &["import", "-d", &file.to_string_lossy(), "-q"]);
}

#[test]
fn without_a_key_a_secret_is_refused_with_what_makes_one() {
    let account = Emulator::shared().account();
    account.create_table(TABLE);
    let place = Place::at(&account.url(), &account.root())
        .env("DISCFG_CONFIG", CONFIG)
        .env("DISCFG_AS", "self");
    run(&place, &["set", "pw", "hunter2", "--secret"])
        .code(3)
        .stdout("")
        .stderr_has("config \"mycfg\" has no encryption key for secrets (alias/discfg-mycfg not found)")
        .stderr_has("create one with `discfg init mycfg --kms`")
        .stderr_lacks("hunter");
    let items = account.items(TABLE);
    assert!(
        items.iter().all(|item| item["sk"]["S"] == "@sections"),
        "{items:?}"
    );
}

/// The emulator doesn't know KMS's own condition keys, so the table's roles stand in for readers without the key.
#[test]
fn a_reader_of_the_table_without_the_key_sees_nothing() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", CONFIG);
    done(&place, &["init", CONFIG, "--yes", "-q"]);
    account.create_key(ALIAS);
    done(&place, &["set", "db/pw", "hunter2", "--secret", "--as", "self"]);
    done(&place, &["set", "db/pw", "hunter3", "--as", "self"]);
    done(&place, &["set", "db/url", "u"]);
    let items = format!("{:?}", account.items(TABLE));
    assert!(items.contains("/db/pw") && !items.contains("hunter"), "{items}");

    let place = place.who(&account.developer());
    for args in [
        &["get", "db/pw"][..],
        &["export"],
        &["diff", "/db@1", "/db"],
        &["get", "db/pw", "--revision", "1"],
    ] {
        run(&place, args)
            .code(5)
            .stdout("")
            .stderr_has("access denied: kms:Decrypt on /db/pw")
            .stderr_has("role/discfg/discfg-mycfg-eu-central-1-read, assumed by")
            .stderr_lacks("hunter");
    }
    run(&place, &["exec", "--", "env"])
        .code(125)
        .stdout("")
        .stderr_has("access denied: kms:Decrypt on /db/pw");
    run(&place, &["set", "db/pw", "hunter4"])
        .code(5)
        .stdout("")
        .stderr_has("access denied: kms:GenerateDataKey on /db/pw")
        .stderr_has("discfg-mycfg-eu-central-1-write, assumed by")
        .stderr_lacks("hunter");
    done(&place, &["ls", "-r", "--values"]).stdout("/db/pw\t(secret)\n/db/url\tu\n");
    done(&place, &["history", "db/pw"]).stderr("");
    done(&place, &["get", "db/url"]).stdout("u\n");
    // What isn't chosen isn't decrypted.
    done(
        &place,
        &["exec", "--pristine", "--env", "U=/db/url", "-q", "--", "env"],
    )
    .stdout("U=u\n");
    done(&place, &["set", "db/pw", "known to all", "--plain"]);
    done(&place, &["get", "db/pw"]).stdout("known to all\n");
}

#[test]
fn only_a_secret_costs_more() {
    let (_account, proxy, place) = behind_proxy();
    let asked = |args: &[&str]| {
        proxy.forget();
        done(&place, args);
        proxy.operations()
    };
    // As itself the writer is looked up once, and then kept.
    done(&place, &["set", "k", "v"]);
    assert_eq!(asked(&["set", "k", "v"]), ["BatchGetItem", "TransactWriteItems"]);
    assert_eq!(asked(&["get", "k"]), ["GetItem"]);
    assert_eq!(
        asked(&["set", "pw", "hunter2", "--secret"]),
        ["GenerateDataKey", "BatchGetItem", "TransactWriteItems"]
    );
    assert_eq!(
        asked(&["set", "pw", "hunter3"]),
        [
            "BatchGetItem",
            "GenerateDataKey",
            "BatchGetItem",
            "TransactWriteItems"
        ]
    );
    assert_eq!(asked(&["get", "pw"]), ["GetItem", "Decrypt"]);
    assert_eq!(asked(&["ls"]).iter().filter(|name| *name == "Decrypt").count(), 0);
    for request in proxy.requests() {
        let body = String::from_utf8_lossy(&request.message.body).into_owned();
        assert!(!body.contains("hunter"), "{body}");
    }
}

#[test]
fn secrets_of_one_commit_are_opened_with_one_request() {
    let (_account, proxy, place) = behind_proxy();
    secrets(&place, 40);
    assert_eq!(proxy.count("GenerateDataKey"), 41);
    proxy.forget();
    let shown = done(&place, &["exec", "--pristine", "--", "env"]).text();
    assert_eq!(shown.matches("=hunter2\n").count(), 40, "{shown}");
    assert_eq!(proxy.count("Decrypt"), 1);
    proxy.forget();
    let shown = done(&place, &["export"]).text();
    assert_eq!(shown.matches("\"hunter2\"").count(), 40);
    assert_eq!(proxy.count("Decrypt"), 1);
}

#[test]
fn what_keeps_kms_from_answering_is_told_as_that() {
    let (account, proxy, place) = behind_proxy();
    done(&place, &["set", "pw", "hunter2", "--secret"]);
    proxy
        .on("Decrypt")
        .error(400, "DisabledException", "it is disabled");
    run(&place, &["get", "pw"])
        .code(5)
        .stdout("")
        .stderr_has("access denied: kms:Decrypt with a key that is disabled on /pw");
    proxy.calm();
    proxy.on("Decrypt").throttle();
    run(&place, &["get", "pw"])
        .code(6)
        .stdout("")
        .stderr_has("KMS is throttling requests");
    proxy.calm();
    proxy.on("GenerateDataKey").times(1).server_error();
    done(&place, &["set", "pw", "hunter3"]);
    done(&place, &["get", "pw"]).stdout("hunter3\n");

    // Someone who may write the table writes there what they like.
    let mut item = account
        .items(TABLE)
        .into_iter()
        .find(|item| item["sk"]["S"] == "/pw");
    let item = item.as_mut().expect("it is there");
    let mut moved = item.clone();
    moved["sk"]["S"] = json!("/other");
    for (key, put, said) in [
        (
            "other",
            moved.clone(),
            "cannot decrypt secret /other of config \"mycfg\"",
        ),
        (
            "pw",
            with_value(item, "AAAA"),
            "cannot decrypt secret /pw of config \"mycfg\"",
        ),
    ] {
        let input = json!({"TableName": TABLE, "Item": put});
        account
            .dynamodb(&account.root(), "PutItem", &input)
            .expect("root may write");
        run(&place, &["get", key])
            .code(70)
            .stdout("")
            .stderr_has(said)
            .stderr_lacks("hunter");
    }
}

fn with_value(item: &serde_json::Value, base64: &str) -> serde_json::Value {
    let mut item = item.clone();
    item["value"] = json!({"B": base64});
    item
}

#[test]
fn the_key_file_is_its_owners_and_nothing_is_read_without_it() {
    let place = embedded();
    let data = place.home().join("data/discfg");
    let key = data.join("mycfg.key");
    done(&place, &["set", "k", "v"]);
    assert!(!key.exists());
    done(&place, &["set", "pw", "hunter2", "--secret"]);
    let mode = |path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
    assert_eq!(
        (mode(&key), fs::metadata(&key).expect("a file").len()),
        (0o600, 32)
    );
    for file in fs::read_dir(&data).expect("a folder").flatten() {
        let bytes = fs::read(file.path()).expect("a file");
        let found = bytes.windows(6).any(|part| part == b"hunter");
        assert!(!found, "{}", file.path().display());
    }

    let kept = fs::read(&key).expect("a file");
    fs::remove_file(&key).expect("a file");
    run(&place, &["get", "pw"])
        .code(8)
        .stdout("")
        .stderr_has("mycfg.key");
    done(&place, &["get", "k"]).stdout("v\n");
    // Another key beside secrets of the first would be in its way when it comes back.
    for set in [&["set", "new", "x", "--secret"][..], &["set", "pw", "hunter3"]] {
        run(&place, set)
            .code(8)
            .stdout("")
            .stderr_has("mycfg.key not found: the config's secrets are encrypted with it")
            .stderr_has("hint: restore the file; without it, delete the secrets with `discfg delete`");
        assert!(!key.exists());
    }
    fs::write(&key, [7; 32]).expect("a file");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("its owner's alone");
    run(&place, &["get", "pw"])
        .code(70)
        .stdout("")
        .stderr_has("encrypted with another key");
    fs::write(&key, [7; 31]).expect("a file");
    run(&place, &["set", "pw", "hunter3"])
        .code(70)
        .stdout("")
        .stderr_has("expected 32 bytes");
    fs::write(&key, kept).expect("a file");
    done(&place, &["get", "pw"]).stdout("hunter2\n");
    run(&place, &["set", "new", "x", "--secret", "--as", "read"]).code(5);

    fs::remove_file(&key).expect("a file");
    done(&place, &["delete", "pw"]);
    done(&place, &["set", "new", "x", "--secret"]);
    done(&place, &["get", "new"]).stdout("x\n");
}

#[test]
fn many_processes_make_one_key_file() {
    let place = embedded();
    let script = "for i in 1 2 3 4 5 6; do discfg set s/k$i hunter$i --secret -q & done; wait";
    place.shell(script).run().code(0);
    let shown = done(&place, &["export", "--prefix", "/s", "-f", "dotenv"]).text();
    assert_eq!(shown.matches("hunter").count(), 6, "{shown}");
}

#[test]
fn whoever_acts_as_itself_needs_the_key_too() {
    let (account, place) = on_table();
    done(&place, &["set", "pw", "hunter2", "--secret"]);
    let reader = account.user_with(
        "reader",
        &json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}),
    );
    let place = place.who(&reader);
    run(&place, &["get", "pw"])
        .code(5)
        .stderr_has("access denied: kms:Decrypt on /pw")
        .stderr_has("allow kms:Decrypt on the config's key in your own policies");
}
