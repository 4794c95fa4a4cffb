//! Secrets that are compared, planned, copied and taken back.

use support::cli::{Outcome, Place};
use support::config::{embedded, on_every_engine, on_table};

on_every_engine!(
    secrets_are_compared_by_value_and_unmasked_when_asked_for,
    a_file_leaves_secrets_secret_and_shows_none,
    a_copy_is_encrypted_anew,
    a_prefix_is_taken_back_with_its_secrets,
);

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

fn secrets_are_compared_by_value_and_unmasked_when_asked_for(place: &Place) {
    done(place, &["set", "a/pw", "hunter2", "--secret"]);
    done(place, &["set", "b/pw", "hunter2", "--secret"]);
    done(place, &["diff", "/a", "/b"]).stdout("");
    done(place, &["set", "b/pw", "hunter3"]);
    done(place, &["set", "a/only", "hunter4", "--secret"]);
    lacks_secret(run(place, &["diff", "/a", "/b"]))
        .code(1)
        .stdout("- only\n~ pw\n")
        .stderr("");
    run(place, &["diff", "/a", "/b", "--values"])
        .code(1)
        .stdout("- only\thunter4\n~ pw\thunter2 -> hunter3\n");
    let told = run(place, &["diff", "/a", "/b", "--values", "-f", "json"])
        .code(1)
        .text();
    assert!(
        told.contains(r#""from":{"kind":"text","value":"hunter2"},"to":{"kind":"text","value":"hunter3"}"#),
        "{told}"
    );
    let file = place.write("a.json", r#"{"pw": "hunter2", "only": "x"}"#);
    lacks_secret(run(place, &["diff", "/a", "-d", &file.to_string_lossy()]))
        .code(1)
        .stdout("~ only\n");
    run(place, &["diff", "/a@1", "/a", "--values"])
        .code(1)
        .stdout("+ only\thunter4\n");
}

fn a_file_leaves_secrets_secret_and_shows_none(place: &Place) {
    done(place, &["set", "db/pw", "hunter2", "--secret"]);
    done(place, &["set", "db/url", "u"]);
    let same = place.write("same.json", r#"{"/db/pw": "hunter2", "/db/url": "u"}"#);
    let same = same.to_string_lossy();
    done(place, &["apply", "-d", &same, "--yes"]).stdout_has("unchanged");
    let other = place.write("other.json", r#"{"/db/pw": "hunter3", "/db/url": "v"}"#);
    let other = other.to_string_lossy();
    for format in ["human", "json"] {
        let args = ["apply", "-d", &other, "--dry-run", "--values", "-f", format];
        let shown = lacks_secret(done(place, &args)).text();
        assert!(shown.contains("secret") || shown.contains("masked"), "{shown}");
    }
    let shown = done(place, &["apply", "-d", &other, "--dry-run", "--values"]);
    shown.stdout_has("~ /db/pw\t(secret) -> (secret)\n~ /db/url\tu -> v\n");
    lacks_secret(done(place, &["apply", "-d", &other, "--yes", "--values"]))
        .stderr_has("~ /db/pw\t(secret) -> (secret)");
    done(place, &["get", "db/pw"]).stdout("hunter3\n");
    let third = place.write("third.json", r#"{"/db/pw": "hunter5"}"#);
    let third = third.to_string_lossy();
    lacks_secret(done(place, &["import", "-d", &third]));
    done(place, &["get", "db/pw"]).stdout("hunter5\n");
    lacks_secret(done(place, &["ls", "-r", "--values"])).stdout("/db/pw\t(secret)\n/db/url\tv\n");
    let only = place.write("only.json", r#"{"pw": "hunter6"}"#);
    let only = only.to_string_lossy();
    let prune = [
        "apply", "-d", &only, "--prefix", "/db", "--prune", "--yes", "--batch",
    ];
    lacks_secret(done(place, &prune));
    lacks_secret(done(place, &["ls", "-r", "--values"])).stdout("/db/pw\t(secret)\n");
    done(place, &["get", "db/pw"]).stdout("hunter6\n");
}

fn a_copy_is_encrypted_anew(place: &Place) {
    done(place, &["set", "a/pw", "hunter2", "--secret"]);
    done(place, &["set", "a/url", "u"]);
    done(place, &["set", "b/pw", "was plain"]);
    done(place, &["set", "b/url", "was secret", "--secret"]);
    lacks_secret(done(place, &["copy", "/a", "/b", "--yes", "--values"]))
        .stderr_has("~ /b/pw\twas plain -> (secret)")
        .stderr_has("~ /b/url\t(secret) -> (secret)");
    done(place, &["get", "b/pw"]).stdout("hunter2\n");
    lacks_secret(done(place, &["ls", "/b", "--values"])).stdout("/b/pw\t(secret)\n/b/url\t(secret)\n");
    done(place, &["copy", "/a", "/b", "--yes"]).stdout_has("unchanged");
    done(place, &["set", "a/pw", "hunter3"]);
    lacks_secret(done(place, &["copy", "/a@1", "/c", "--yes"]));
    done(place, &["get", "c/pw"]).stdout("hunter2\n");
}

fn a_prefix_is_taken_back_with_its_secrets(place: &Place) {
    done(place, &["set", "db/pw", "hunter2", "--secret"]);
    done(place, &["set", "db/gone", "hunter3", "--secret"]);
    done(place, &["set", "db/pw", "hunter4"]);
    done(place, &["delete", "db/gone"]);
    lacks_secret(done(
        place,
        &["rollback", "--prefix", "/db", "--to", "2", "--yes", "--values"],
    ))
    .stderr_has("+ /db/gone\t(secret)\n~ /db/pw\t(secret) -> (secret)");
    done(place, &["get", "db/pw"]).stdout("hunter2\n");
    done(place, &["get", "db/gone"]).stdout("hunter3\n");
    done(place, &["rollback", "--prefix", "/db", "--to", "2", "--yes"]).stdout_has("unchanged");
}

mod on_aws {
    use super::*;

    #[test]
    fn a_copy_goes_from_one_engine_to_the_other() {
        let (account, place) = on_table();
        let home = embedded();
        done(&home, &["set", "db/pw", "hunter2", "--secret"]);
        let data = home.home().join("data").join("discfg");
        let place = place.env("DISCFG_DATA_DIR", data);
        let args = ["copy", "--from-engine", "local", "/db", "/db", "--yes"];
        lacks_secret(done(&place, &args));
        done(&place, &["get", "db/pw"]).stdout("hunter2\n");
        let items = format!("{:?}", account.items("discfg-mycfg"));
        assert!(!items.contains("hunter"), "{items}");
    }
}
