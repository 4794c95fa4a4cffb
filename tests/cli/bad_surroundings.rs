//! Surroundings that can't be used: no region, no credentials, no answer, data that isn't ours.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use support::account::keys;
use support::cli::Place;
use support::config::{CONFIG, TABLE, behind_proxy, embedded, on_table};
use support::emulator::Emulator;
use support::proxy::Proxy;

#[test]
fn without_a_region_the_three_ways_to_give_one_are_told() {
    let place = Place::at("http://127.0.0.1:1", &keys("id", "secret"))
        .without_env("AWS_REGION")
        .env("DISCFG_CONFIG", CONFIG);
    for args in [&["get", "k"][..], &["set", "k", "v"], &["init", CONFIG, "--yes"]] {
        place
            .args(args)
            .run()
            .code(2)
            .stdout("")
            .stderr_has("no AWS region set")
            .stderr_has("--region")
            .stderr_has("AWS_REGION")
            .stderr_has("discfg use CONFIG --region REGION");
    }
    place
        .args(["get", "k", "--region", "Frankfurt"])
        .run()
        .code(2)
        .stderr_has("invalid region \"Frankfurt\": expected a code such as eu-central-1");
    place
        .args(["get", "k"])
        .env("AWS_REGION", "nowhere")
        .run()
        .code(2)
        .stderr_has("invalid AWS_REGION")
        .stderr_has("\"nowhere\"");
}

#[test]
fn without_credentials_the_ways_to_give_them_are_told() {
    let place = Place::new()
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("DISCFG_CONFIG", CONFIG);
    for args in [
        &["get", "k"][..],
        &["set", "k", "v"],
        &["get", "k", "--as", "self"],
        &["init", CONFIG, "--yes"],
    ] {
        place
            .args(args)
            .run()
            .code(5)
            .stdout("")
            .stderr_has("no usable AWS credentials found")
            .stderr_has("AWS_ACCESS_KEY_ID")
            .stderr_has("-p");
    }
    for files in ["", "[other]\naws_access_key_id = a\naws_secret_access_key = b\n"] {
        fs::create_dir_all(place.home().join(".aws")).expect("a folder");
        fs::write(place.home().join(".aws/credentials"), files).expect("a file");
        place
            .args(["get", "k", "-p", "nosuch"])
            .run()
            .code(2)
            .stdout("")
            .stderr_has("error: AWS profile \"nosuch\" not found: not in ");
    }
}

#[test]
fn an_endpoint_that_refuses_is_told_within_seconds() {
    let place = Place::at("http://127.0.0.1:1", &keys("id", "secret")).env("DISCFG_CONFIG", CONFIG);
    for args in [&["get", "k"][..], &["set", "k", "v"], &["ls", "--as", "self"]] {
        let began = Instant::now();
        place
            .args(args)
            .run()
            .code(6)
            .stdout("")
            .stderr_has("Connection refused")
            .stderr_has("AWS_ENDPOINT_URL");
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{args:?} took {:?}",
            began.elapsed()
        );
    }
}

#[test]
fn a_newer_layout_of_a_file_is_refused() {
    let place = embedded();
    place.args(["set", "k", "v"]).run().code(0);
    let file = place.home().join("data/discfg/mycfg.db");
    let database = rusqlite::Connection::open(file).expect("SQLite opens it");
    database.pragma_update(None, "user_version", 2).expect("a pragma");
    drop(database);
    for args in [
        &["get", "k"][..],
        &["set", "k", "w"],
        &["ls"],
        &["init", CONFIG, "--local"],
    ] {
        place
            .args(args)
            .run()
            .code(70)
            .stdout("")
            .stderr_has("layout 2")
            .stderr_has("update discfg");
    }
}

#[test]
fn a_file_that_is_not_ours_is_left_as_it_is() {
    let place = embedded();
    let folder = place.home().join("data/discfg");
    fs::write(folder.join("noise.db"), vec![0xa5; 20_000]).expect("a file");
    fs::write(folder.join("short.db"), "not a database").expect("a file");
    let foreign = rusqlite::Connection::open(folder.join("foreign.db")).expect("a database");
    foreign
        .execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
        .expect("SQL");
    drop(foreign);
    for name in ["noise", "short", "foreign"] {
        let path = folder.join(format!("{name}.db"));
        let before = fs::read(&path).expect("it is there");
        for args in [
            &["get", name, "k"][..],
            &["set", name, "k", "v"],
            &["info", name],
            &["init", name, "--local"],
        ] {
            place
                .args(args)
                .env("DISCFG_ENGINE", "local")
                .run()
                .code(70)
                .stdout("")
                .stderr_has(path.to_str().expect("a path in UTF-8"))
                .stderr_has("holds no config: it is");
        }
        assert_eq!(fs::read(&path).expect("it is there"), before);
    }
}

#[test]
fn a_damaged_file_is_told_as_damaged() {
    let place = embedded();
    for key in ["a/b", "c"] {
        place.args(["set", key, &"v".repeat(20_000)]).run().code(0);
    }
    let file = place.home().join("data/discfg/mycfg.db");
    let database = rusqlite::Connection::open(&file).expect("SQLite opens it");
    database
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .expect("a checkpoint");
    drop(database);
    let mut bytes = fs::read(&file).expect("it is there");
    bytes[4096..].fill(0xa5);
    fs::write(&file, bytes).expect("it can be written");
    for args in [&["get", "c"][..], &["set", "c", "w"], &["ls", "-r"]] {
        place
            .args(args)
            .run()
            .code(70)
            .stdout("")
            .stderr_has(file.to_str().expect("a path in UTF-8"))
            .stderr_has("is corrupt");
    }
}

#[test]
fn a_folder_that_can_not_be_used_is_named() {
    let place = Place::new();
    // Also root can't make a folder below a file.
    let below = place.write("file", "").join("folder");
    let place = place.env("DISCFG_DATA_DIR", &below).env("DISCFG_ENGINE", "local");
    for args in [
        &["init", CONFIG][..],
        &["set", CONFIG, "k", "v"],
        &["get", CONFIG, "k"],
    ] {
        place
            .args(args)
            .run()
            .code(8)
            .stdout("")
            .stderr_has(below.to_str().expect("a path in UTF-8"))
            .stderr_has("Not a directory");
    }
    assert!(!place.dir().join(".discfg").exists());
}

mod on_aws {
    use super::*;

    #[test]
    fn expired_credentials_are_told_from_a_denial() {
        let (account, proxy, place) = behind_proxy();
        proxy.on("GetItem").error(
            400,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        );
        proxy.on("BatchGetItem").error(
            400,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        );
        for args in [&["get", "k"][..], &["set", "k", "v"]] {
            place
                .args(args)
                .run()
                .code(5)
                .stdout("")
                .stderr_has("credentials expired")
                .stderr_has("aws sso login");
        }
        assert_eq!(proxy.count("TransactWriteItems"), 0);
        let items = account.items(TABLE);
        assert!(
            items.iter().all(|item| item["sk"]["S"] == "@sections"),
            "{items:?}"
        );
    }

    #[test]
    fn credentials_of_a_role_that_are_no_longer_accepted_are_not_kept() {
        let account = Emulator::shared().account();
        let proxy = Proxy::before(Emulator::shared());
        let place = Place::at(proxy.url(), &account.admin()).env("DISCFG_CONFIG", CONFIG);
        place.args(["init", CONFIG, "--yes", "-q"]).run().code(0);
        place.args(["set", "k", "v"]).run().code(0);
        for (args, operation) in [
            (&["get", "k"][..], "GetItem"),
            (&["set", "k", "v"], "BatchGetItem"),
        ] {
            place.args(args).run().code(0);
            // The role was made anew meanwhile, say.
            proxy.on(operation).times(1).error(
                400,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            );
            place
                .args(args)
                .run()
                .code(5)
                .stdout("")
                .stderr_has("UnrecognizedClientException")
                .stderr_has("rerun the command")
                .stderr_lacks("aws sso login");
            proxy.forget();
            place.args(args).run().code(0);
            assert_eq!(proxy.operations()[..2], ["AssumeRole", operation]);
        }
    }

    #[test]
    fn a_newer_layout_is_refused_and_nothing_is_written() {
        let (account, place) = on_table();
        place.args(["set", "k", "v"]).run().code(0);
        let put = |item: &serde_json::Value| {
            let input = json!({"TableName": TABLE, "Item": item});
            account
                .dynamodb(&account.root(), "PutItem", &input)
                .expect("root may write");
        };
        put(&json!({
            "pk": {"S": "@config"}, "sk": {"S": "@meta"}, "layout": {"N": "2"}, "history_days": {"N": "30"},
        }));
        let items = account.items(TABLE);
        let newer = "unsupported data layout 2: this version of discfg supports layouts up to 1";
        for args in [&["set", "k", "w"][..], &["delete", "k"]] {
            place.args(args).run().code(70).stdout("").stderr_has(newer);
        }
        assert_eq!(account.items(TABLE), items);

        // Such a layout marks every item, so that a reader of one item sees it.
        for mut item in items {
            item["layout"] = json!({"N": "2"});
            put(&item);
        }
        for args in [&["ls", "-r"][..], &["info"]] {
            place.args(args).run().code(70).stdout("").stderr_has(newer);
        }
        place
            .args(["get", "k"])
            .run()
            .code(70)
            .stdout("")
            .stderr_has("section @root requires a newer version of discfg (feature \"layout 2\")");
    }
}
