//! Every data command says through an API what it says on the engine behind it.

use std::sync::Arc;

use discfg::engine::local::{LocalEngine, OpenMode};
use discfg::model::SystemClock;
use serde_json::Value as Json;

use support::api_server::ApiServer;
use support::cli::Place;
use support::config::{CONFIG, behind_api, embedded};

/// An embedded config in its place, and an API over the same file.
fn one_file() -> (Place, ApiServer) {
    let place = embedded();
    let path = place.home().join("data/discfg").join(format!("{CONFIG}.db"));
    let engine = LocalEngine::open(&path, OpenMode::Write, Arc::new(SystemClock), "tester");
    let server = ApiServer::over(Arc::new(engine.expect("the file is there")));
    (place, server)
}

fn fill(place: &Place) {
    for args in [
        &["set", "top", "also a prefix"][..],
        &["set", "db/url", "two\nlines"],
        &["set", "db/n", "1.10", "--json"],
        &["set", "db/n", "1e400", "--json"],
        &["set", "db/pool/size", r#"{"a": [1, 2.50], "ü": null}"#],
        &["set", "db/empty", ""],
        &["set", "db/pw", "hunter2", "--secret"],
        &["set", "app/lease", "x", "--ttl", "1h"],
        &["set", "app/gone", "x"],
        &["delete", "app/gone"],
    ] {
        place.args(args).run().code(0);
    }
    place.write("blob", [0xff, 0x00, 0x0a]);
    place.args(["set", "db/blob", "-d", "blob"]).run().code(0);
}

#[test]
fn what_is_read_is_the_same_byte_for_byte() {
    let (place, server) = one_file();
    fill(&place);
    place.write("template", "{{ db.url }}\n");
    place.write("wanted.json", r#"{"/db/url":"other","/db/new":"1"}"#);
    for args in [
        &["get", "top"][..],
        &["get", "db/url", "-f", "json"],
        &["get", "db/n", "-f", "yaml"],
        &["get", "db/n", "--revision", "2"],
        &["get", "db/blob", "-f", "raw"],
        &["get", "db/blob", "-f", "json"],
        &["get", "db/pw"],
        &["get", "db/pw", "-f", "json"],
        &["get", "app/lease", "-f", "json", "--eventual"],
        &["get", "app/gone"],
        &["get", "app/gone", "--default", "d"],
        &["get", "none/at/all"],
        &["ls"],
        &["ls", "-r", "-f", "json"],
        &["ls", "db", "--values"],
        &["ls", "db", "-r", "-f", "yaml"],
        &["ls", "none"],
        &["info", "-f", "raw"],
        &["info", "--prefix", "db", "-f", "raw"],
        &["history", "db/n"],
        &["history", "db/n", "-f", "json"],
        &["history", "app/gone", "-f", "json"],
        &["watch", "db", "--after", "0", "--once", "-f", "json"],
        &["diff", "/db", "/db@1"],
        &["diff", "/db@1", "/db@3", "-f", "json"],
        &["diff", "/db", "-d", "wanted.json"],
        &["export", "-f", "json"],
        &["export", "-f", "yaml", "--prefix", "db/pool", "--nested"],
        &["export", "-f", "dotenv", "--prefix", "db/pool"],
        &["export", "--with-ttl", "--prefix", "app"],
        &["export", "-f", "dotenv"],
        &["exec", "--prefix", "db/pool", "--pristine", "--", "/usr/bin/env"],
        &["apply", "-d", "wanted.json", "--dry-run"],
        &["apply", "-d", "wanted.json", "--dry-run", "-f", "json"],
        &["set", "db/url", "x", "--if-revision", "99"],
        &["set", "db/url", "x", "--if-absent"],
        &["set", "db/pw", "x", "--if-value", "hunter2"],
        &["set", "db/pw", "x", "--if-absent", "-f", "json"],
        &["touch", "top"],
        &["touch", "none"],
        &["delete", "none"],
        &["rollback", "db/n", "--to", "99"],
    ] {
        let on = |engine: &str| place.args(args).env("DISCFG_ENGINE", engine).run();
        let (alone, through) = (on("local"), on(server.url()));
        assert_eq!(through.text(), alone.text(), "{args:?}");
        assert_eq!(through.errors(), alone.errors(), "{args:?}");
        assert_eq!(through.exit_code(), alone.exit_code(), "{args:?}");
    }
    let info = |engine: &[&str]| {
        let args = ["info", "-f", "json"].iter().chain(engine);
        place.args(args).run().code(0).text()
    };
    let through = info(&["--engine", server.url()]);
    assert_eq!(through.replace(server.url(), "local"), info(&["--local"]));
}

#[test]
fn what_is_written_is_told_alike() {
    let (alone, behind) = (embedded(), behind_api());
    let both = [&alone, &behind.place];
    for place in both {
        place.write("data.json", r#"{"/db/url":"new","/db/n":2,"/app/x":"y"}"#);
        place.write("less.json", r#"{"n":3}"#);
    }
    for args in [
        &["set", "db/url", "one"][..],
        &["set", "db/url", "two", "-f", "json"],
        &["set", "db/lease", "x", "--ttl", "2h", "-f", "json"],
        &["set", "db/lease", "y", "--keep-ttl", "-f", "json"],
        &["touch", "db/lease", "--ttl", "3h", "-f", "json"],
        &["touch", "db/lease"],
        &["set", "db/pw", "hunter2", "--secret", "-f", "json"],
        &["set", "db/pw", "hunter3", "-f", "json"],
        &["touch", "db/pw", "--ttl", "1h", "-f", "json"],
        &["set", "db/pw", "hunter4", "--plain", "-f", "json"],
        &["delete", "db/lease", "-f", "json"],
        &["delete", "db/lease", "--ignore-not-found"],
        &["apply", "-d", "data.json", "--yes"],
        &["import", "-d", "data.json", "-f", "json"],
        &[
            "apply",
            "-d",
            "less.json",
            "--prefix",
            "db",
            "--prune",
            "--yes",
            "-f",
            "json",
        ],
        &["rollback", "db/url", "--to", "2", "-f", "json"],
        &["rollback", "--prefix", "db", "--to", "3", "--yes"],
        // It has come back with what it had left to live, in seconds.
        &["touch", "db/lease", "--ttl", "2h", "-f", "json"],
        &["copy", "/db", "/copied", "--yes"],
        &["copy", "/db", "/again", "--yes", "-f", "json"],
        &["delete", "-r", "copied", "--yes"],
        &["ls", "-r", "--values", "-f", "json"],
        &["export"],
        &["info", "-f", "raw"],
        &["history", "db/url", "-f", "json"],
        &["history", "db/pw", "-f", "json"],
    ] {
        let [alone, through] = both.map(|place| place.args(args).run().code(0));
        let (alone, through) = (normal(&alone.text()), normal(&through.text()));
        assert_eq!(through, alone, "{args:?}");
    }
}

/// A result without what differs from one time to the next: moments, writers, ids, digests of sealed secrets.
fn normal(text: &str) -> Vec<Json> {
    fn settle(json: &mut Json) {
        match json {
            Json::Object(members) => {
                for (name, member) in members {
                    match name.as_str() {
                        "created" | "modified" | "at" | "expires" | "by" | "commit" => {
                            *member = Json::from("settled");
                        }
                        _ => settle(member),
                    }
                }
            }
            Json::Array(items) => items.iter_mut().for_each(settle),
            _ => {}
        }
    }
    let mut whole = match serde_json::from_str(text) {
        Ok(json) => vec![json],
        // Two stores write at their own times.
        Err(_) => text
            .lines()
            .map(|line| Json::from(line.split(": expires ").next()))
            .collect(),
    };
    whole.iter_mut().for_each(settle);
    whole
}
