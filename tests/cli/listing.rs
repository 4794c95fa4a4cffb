//! What `ls` and `info` answer, in each format and on every engine.

use support::cli::Place;
use support::config::on_every_engine;

on_every_engine!(
    ls_shows_one_level_or_all,
    ls_in_long_and_with_values,
    ls_answers_in_the_documented_shape,
    info_answers_in_the_documented_shape,
);

/// Keys on three levels, one of which is a prefix too.
fn fill(place: &Place) {
    for (key, value) in [
        ("a", "1"),
        ("db", "also a prefix"),
        ("db/url", "two\nlines"),
        ("db/pool/size", "[4]"),
        ("dbx/y", "0"),
    ] {
        place.args(["set", key, value]).run().code(0);
    }
}

fn ls_shows_one_level_or_all(place: &Place) {
    place.args(["ls"]).run().code(0).stdout("").stderr("");
    fill(place);
    let ls = |args: &[&str]| place.args([&["ls"], args].concat()).run().code(0).text();
    let sorted = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(ls(&[])), ["/a", "/db", "/db/", "/dbx/"]);
    assert_eq!(ls(&["/db"]), "/db/pool/\n/db/url\n");
    assert_eq!(ls(&["db/"]), "/db/pool/\n/db/url\n");
    assert_eq!(ls(&["mycfg", "/db"]), "/db/pool/\n/db/url\n");
    assert_eq!(ls(&["/db", "-r"]), "/db/pool/size\n/db/url\n");
    assert_eq!(ls(&["/db", "-r", "-f", "raw"]), "/db/pool/size\n/db/url\n");
    assert_eq!(
        sorted(ls(&["-r"])),
        ["/a", "/db", "/db/pool/size", "/db/url", "/dbx/y"]
    );
    place
        .args(["ls", "mycfg"])
        .run()
        .code(0)
        .stdout("")
        .stderr_has("hint: a single argument is a prefix")
        .stderr_has("discfg ls -c mycfg");
    place
        .args(["ls", "mycfg", "-q"])
        .run()
        .code(0)
        .stdout("")
        .stderr("");
    place.args(["ls", "/no/such"]).run().code(0).stdout("").stderr("");
}

fn ls_in_long_and_with_values(place: &Place) {
    fill(place);
    place.args(["set", "db/url", "http", "--ttl", "2h"]).run().code(0);
    let long = place.args(["ls", "/db", "-l"]).run().code(0).text();
    let lines: Vec<Vec<&str>> = long
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["-", "-", "-", "-", "/db/pool/"]);
    let [version, revision, age, size, key, by, rest @ ..] = &lines[1][..] else {
        panic!("{long}");
    };
    assert_eq!([*version, *revision, *size, *key], ["v2", "r3", "4", "/db/url"]);
    assert!(age.ends_with('s') && !by.is_empty(), "{long}");
    assert_eq!(rest[0], "(ttl");
    place
        .args(["ls", "/db", "-r", "--values"])
        .run()
        .code(0)
        .stdout("/db/pool/size\t[4]\n/db/url\thttp\n");
    place.args(["set", "db/url", "two\nlines\t\"x\""]).run().code(0);
    place
        .args(["ls", "/db", "--values"])
        .run()
        .code(0)
        .stdout("/db/pool/\n/db/url\ttwo\\nlines\\t\"x\"\n");
}

fn ls_answers_in_the_documented_shape(place: &Place) {
    fill(place);
    let listing = place.args(["ls", "/db", "-f", "json"]).run().code(0).json();
    assert_eq!(listing["action"], "ls");
    assert_eq!(listing["folders"], serde_json::json!(["/db/pool/"]));
    let nodes = listing["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0]["key"], "/db/url");
    assert_eq!(nodes[0]["version"], 1);
    assert!(nodes[0].get("value").is_none(), "{listing}");
    let listing = place
        .args(["ls", "/db", "-r", "--values", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(listing["nodes"][0]["value"], serde_json::json!([4]));
    assert_eq!(listing["nodes"][1]["value"], "two\nlines");
    assert_eq!(listing["folders"], serde_json::json!([]));
    place
        .args(["ls", "/db", "-f", "yaml"])
        .run()
        .code(0)
        .stdout_has("action: ls\nnodes:\n  - key: /db/url\n")
        .stdout_has("folders:\n  - /db/pool/\n");
}

fn info_answers_in_the_documented_shape(place: &Place) {
    fill(place);
    let info = place.args(["info", "-f", "json"]).run().code(0).json();
    assert_eq!(info["action"], "info");
    assert_eq!(info["config"], "mycfg");
    assert_eq!(info["version"], 5);
    let digest = info["digest"].as_str().expect("text");
    assert_eq!(digest.strip_prefix("sha256:").map(str::len), Some(64), "{digest}");
    let sections: Vec<(&str, u64, u64)> = info["sections"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|section| {
            assert!(
                section["modified"].as_str().is_some_and(|at| at.ends_with('Z')),
                "{section}"
            );
            let number = |name: &str| section[name].as_u64().expect("a number");
            (
                section["name"].as_str().expect("text"),
                number("revision"),
                number("keys"),
            )
        })
        .collect();
    assert_eq!(sections, [("/db", 2, 2), ("/dbx", 1, 1), ("@root", 2, 2)]);

    place
        .args(["info", "mycfg", "-f", "raw"])
        .run()
        .code(0)
        .stdout("5\n");
    place
        .args(["info"])
        .run()
        .code(0)
        .stdout_has("version  5\n")
        .stdout_has(digest);
    let part = place
        .args(["info", "--prefix", "/db", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(part["sections"].as_array().map(Vec::len), Some(1));
    assert_eq!(part["version"], 2);
    assert_ne!(part["digest"], info["digest"]);
    place.args(["set", "db/beat", "v", "--ttl", "1h"]).run().code(0);
    let after = place.args(["info", "-f", "json"]).run().code(0).json();
    assert_eq!(
        after["digest"], info["digest"],
        "a key with a time to live is not in it"
    );
    assert_eq!(after["version"], 6);
}
