//! Secrets: what is shown of them and to whom, and that they stay secrets.

use support::cli::{Outcome, Place};
use support::config::on_every_engine;

on_every_engine!(
    a_secret_is_read_by_get_and_by_nothing_that_lists,
    a_secret_stays_one_until_plain_is_said,
    the_value_comes_from_stdin_where_no_word_gives_it,
    every_kind_of_value_comes_back,
    no_guard_asks_for_the_value_of_a_secret,
    the_limit_is_named_with_what_encrypts_it,
    a_newline_at_the_end_is_noted_and_trimmed,
    a_secret_over_a_plain_value_warns_of_it,
    an_environment_and_an_export_hold_what_they_name,
    the_log_keeps_what_was_secret_secret,
);

const SECRET: &str = "hunter2";

fn run(place: &Place, args: &[&str]) -> Outcome {
    place.args(args).run()
}

fn done(place: &Place, args: &[&str]) -> Outcome {
    run(place, args).code(0)
}

fn lacks_secret(outcome: Outcome) -> Outcome {
    assert!(!outcome.text().contains("hunter"), "{}", outcome.text());
    outcome.stderr_lacks("hunter")
}

fn a_secret_is_read_by_get_and_by_nothing_that_lists(place: &Place) {
    done(place, &["set", "db/pw", SECRET, "--secret"])
        .stdout("/db/pw: version 1, revision 1\n")
        .stderr("");
    done(place, &["get", "db/pw"]).stdout("hunter2\n").stderr("");
    done(place, &["get", "db/pw", "-f", "raw"]).stdout(SECRET);
    let node = done(place, &["get", "db/pw", "-f", "json"]).json()["node"].clone();
    assert_eq!(
        (&node["value"], &node["secret"], &node["kind"], &node["masked"]),
        (
            &SECRET.into(),
            &true.into(),
            &"text".into(),
            &serde_json::Value::Null
        )
    );
    lacks_secret(done(place, &["ls", "-r", "--values"])).stdout("/db/pw\t(secret)\n");
    let listed = lacks_secret(done(place, &["ls", "-r", "--values", "-f", "json"])).json();
    let node = &listed["nodes"][0];
    assert_eq!(
        (&node["masked"], &node["kind"], &node["value"]),
        (&true.into(), &"text".into(), &serde_json::Value::Null)
    );
    for args in [
        &["history", "db/pw", "--values"][..],
        &["history", "db/pw", "-f", "json"],
        &["ls", "-rl", "--values"],
        &["info"],
        &["watch", "/db", "--after", "0", "--once", "-f", "json"],
        &["set", "db/pw", "hunter3", "-f", "json", "-vv"],
        &["get", "db/other", "-vv", "--default", "x"],
    ] {
        lacks_secret(done(place, args));
    }
    lacks_secret(run(place, &["set", "db/pw", "x", "--if-absent", "--show-value"]))
        .code(4)
        .stderr_has("the value there is (secret)");
    lacks_secret(done(place, &["delete", "db/pw", "-f", "json"]));
}

fn a_secret_stays_one_until_plain_is_said(place: &Place) {
    done(place, &["set", "pw", "hunter1", "--secret"]);
    done(place, &["set", "pw", SECRET, "--ttl", "1h"]);
    let node = done(place, &["get", "pw", "-f", "json"]).json()["node"].clone();
    assert_eq!((&node["value"], &node["secret"]), (&SECRET.into(), &true.into()));
    assert_eq!((&node["version"], &node["ttl"]), (&2.into(), &3600.into()));
    done(place, &["set", "pw", "open", "--plain"]);
    done(place, &["ls", "--values"]).stdout("/pw\topen\n");
    done(place, &["set", "pw", "still open"]);
    done(place, &["ls", "--values"]).stdout("/pw\tstill open\n");
    run(place, &["set", "pw", "x", "--plain", "--secret"])
        .code(2)
        .stderr_has("--secret");
}

fn the_value_comes_from_stdin_where_no_word_gives_it(place: &Place) {
    place
        .args(["set", "--secret", "pw"])
        .stdin("hunter2\n")
        .run()
        .code(0)
        .stdout("/pw: version 1, revision 1\n");
    done(place, &["get", "pw", "-f", "raw"]).stdout("hunter2\n");
    let file = place.write("pw.txt", "from a file");
    place.args(["set", "--secret", "mycfg", "pw", "-d"]).run().code(2);
    done(
        place,
        &["set", "--secret", "mycfg", "pw", "-d", &file.to_string_lossy()],
    );
    done(place, &["get", "pw", "-f", "raw"]).stdout("from a file");
    // Without --secret a value is still a word.
    run(place, &["set", "pw"]).code(2).stderr_has("missing VALUE");
}

fn every_kind_of_value_comes_back(place: &Place) {
    done(place, &["set", "json", "{\"n\": 1.10}", "--secret"]);
    done(place, &["set", "scalar", "1.10", "--json", "--secret"]);
    done(place, &["set", "empty", "", "--secret"]);
    place
        .args(["set", "blob", "--secret", "-d", "-"])
        .stdin([0xff, 0, 1])
        .run()
        .code(0);
    done(place, &["get", "blob", "-f", "raw"]).stdout([0xff, 0, 1]);
    done(place, &["get", "empty", "-f", "raw"]).stdout("");
    for (key, kind, value) in [
        ("json", "json", r#""value":{"n":1.10}"#),
        ("scalar", "json", r#""value":1.10"#),
        ("empty", "text", r#""value":"""#),
        ("blob", "bytes", r#""value":"/wAB""#),
    ] {
        let shown = done(place, &["get", key, "-f", "json"]).text();
        assert!(shown.contains(value), "{shown}");
        assert!(shown.contains(&format!(r#""kind":"{kind}""#)), "{shown}");
    }
}

fn no_guard_asks_for_the_value_of_a_secret(place: &Place) {
    done(place, &["set", "pw", SECRET, "--secret"]);
    for args in [
        &["set", "pw", "new", "--if-value", SECRET][..],
        &["set", "pw", "new", "--secret", "--if-value", "wrong"],
        &["delete", "pw", "--if-value", SECRET],
    ] {
        run(place, args)
            .code(2)
            .stdout("")
            .stderr_has("key /pw is a secret: a guard can't compare its value")
            .stderr_has("--if-revision");
    }
    done(place, &["get", "pw"]).stdout("hunter2\n");
    done(place, &["set", "pw", "hunter3", "--if-revision", "1"]);
    done(place, &["get", "pw"]).stdout("hunter3\n");
}

fn a_newline_at_the_end_is_noted_and_trimmed(place: &Place) {
    let noted = "note: the secret ends with a newline; --trim removes it\n";
    for (text, trim, stored, stderr) in [
        ("pw\n", "", "pw\n", noted),
        ("pw\r\n", "", "pw\r\n", noted),
        ("pw", "", "pw", ""),
        ("pw\n", "--trim", "pw", ""),
        ("pw\r\n", "--trim", "pw", ""),
        ("pw\n\n", "--trim", "pw\n", ""),
        ("pw", "--trim", "pw", ""),
    ] {
        place.write("value", text);
        for call in [
            format!("discfg set db/pw --secret {trim} < value"),
            format!("discfg set db/pw --secret {trim} -d value"),
            format!("discfg set db/pw {trim} -d value"),
        ] {
            place.shell(&call).run().code(0).stderr(stderr);
            place
                .args(["get", "db/pw", "-f", "raw"])
                .run()
                .code(0)
                .stdout(stored);
        }
    }
    place.write("value", "plain\n");
    place
        .args(["set", "db/text", "-d", "value"])
        .run()
        .code(0)
        .stderr("");
    place
        .args(["set", "db/text", "-d", "value", "--trim"])
        .run()
        .code(0);
    place
        .args(["get", "db/text", "-f", "raw"])
        .run()
        .code(0)
        .stdout("plain");
}

fn a_secret_over_a_plain_value_warns_of_it(place: &Place) {
    place.args(["set", "db/pw", "plain"]).run().code(0).stderr("");
    let warned = place
        .args(["set", "db/pw", "secret", "--secret", "-q"])
        .run()
        .code(0);
    let warned =
        warned.stderr_has("warning: the value that this replaces was not encrypted: it stays in the history");
    warned.stderr_lacks("plain");
    place.args(["set", "db/copy", "plain"]).run().code(0);
    let copy = place
        .args(["copy", "/db/pw", "/db/copy", "--yes", "-q"])
        .run()
        .code(0);
    copy.stderr_has("warning: the earlier values of /db/copy were not encrypted");
    place
        .args(["set", "db/pw", "secret", "--secret"])
        .run()
        .code(0)
        .stderr("");
    place
        .args(["set", "db/new", "secret", "--secret"])
        .run()
        .code(0)
        .stderr("");
}

fn the_limit_is_named_with_what_encrypts_it(place: &Place) {
    let set = |size: usize| {
        place
            .args(["set", "big", "--secret", "-d", "-"])
            .stdin(vec![b'x'; size])
            .run()
    };
    lacks_secret(set(190_000))
        .code(8)
        .stdout("")
        .stderr_has("secret /big too large: 190,000 bytes; the limit for a secret is 189,");
    run(place, &["get", "big"]).code(3);
    set(189_000).code(0);
    done(place, &["get", "big", "-f", "raw"]).stdout(vec![b'x'; 189_000]);
}

fn an_environment_and_an_export_hold_what_they_name(place: &Place) {
    done(place, &["set", "db/pw", SECRET, "--secret"]);
    done(place, &["set", "db/url", "u"]);
    done(place, &["set", "app/key", "hunter9", "--secret"]);
    done(place, &["exec", "--prefix", "/db", "--pristine", "--", "env"])
        .stdout("PW=hunter2\nURL=u\n")
        .stderr("");
    done(place, &["export", "--prefix", "/db"]).stdout_has("\"pw\": \"hunter2\"");
    let template = place.write("t", "{{ get('/db/pw') }}");
    done(place, &["export", "--template", &template.to_string_lossy()]).stdout(SECRET);
    lacks_secret(done(place, &["exec", "-vv", "--prefix", "/db", "--", "true"]));
    let digest = done(place, &["info", "--prefix", "/db", "-f", "json"]).json()["digest"].clone();
    let digest = digest.as_str().expect("a digest").to_owned();
    done(place, &["export", "--prefix", "/db", "--expect-digest", &digest]);
    done(place, &["set", "db/pw", SECRET]);
    run(place, &["export", "--prefix", "/db", "--expect-digest", &digest])
        .code(4)
        .stdout("");
}

fn the_log_keeps_what_was_secret_secret(place: &Place) {
    done(place, &["set", "pw", "hunter1", "--secret"]);
    done(place, &["set", "pw", SECRET]);
    done(place, &["set", "pw", "open", "--plain"]);
    done(place, &["get", "pw", "--revision", "1"]).stdout("hunter1\n");
    let told = lacks_secret(done(place, &["history", "pw", "--values", "-f", "json"])).json();
    let masked: Vec<bool> = told["changes"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| line["masked"] == true)
        .collect();
    assert_eq!(masked, [false, true, true]);
    lacks_secret(done(place, &["rollback", "pw", "--to", "2", "--values"]));
    done(place, &["get", "pw"]).stdout("hunter2\n");
    lacks_secret(done(place, &["ls", "--values"])).stdout("/pw\t(secret)\n");
    // What was plain then is a secret now, and stays one.
    lacks_secret(done(place, &["rollback", "pw", "--to", "3"]));
    done(place, &["get", "pw"]).stdout("open\n");
    done(place, &["ls", "--values"]).stdout("/pw\t(secret)\n");
    done(place, &["delete", "pw"]);
    done(place, &["rollback", "pw", "--to", "1"]);
    done(place, &["get", "pw"]).stdout("hunter1\n");
}
