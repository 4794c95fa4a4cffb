//! Guards: what a write may be made to depend on, and what is told where it doesn't hold.

use support::cli::{Outcome, Place};
use support::config::on_every_engine;

on_every_engine!(
    each_guard_lets_through_what_holds,
    a_conflict_tells_what_is_there_but_not_its_value,
    a_guard_holds_for_delete_too,
    revision_zero_is_refused_with_the_guard_that_was_meant,
    a_conflict_shows_the_value_when_asked_to,
);

fn set(place: &Place, args: &[&str]) -> Outcome {
    place.args([&["set"], args].concat()).run()
}

fn each_guard_lets_through_what_holds(place: &Place) {
    set(place, &["k", "one", "--if-absent"]).code(0);
    set(place, &["k", "two", "--if-present"]).code(0);
    set(place, &["k", "-three", "--if-revision", "2"]).code(2);
    set(place, &["k", "--if-revision", "2", "--", "-three"]).code(0);
    set(place, &["k", "{\"n\": 1.10}", "--if-value", "-three"]).code(0);
    set(
        place,
        &["k", "", "--if-value", "{\"n\": 1.10}", "--if-revision", "4"],
    )
    .code(0);
    set(place, &["k", "last", "--if-value", ""])
        .code(0)
        .stdout("/k: version 6, revision 6\n");
}

fn a_conflict_tells_what_is_there_but_not_its_value(place: &Place) {
    set(place, &["k", "hunter1"]).code(0);
    set(place, &["k", "hunter2"]).code(0);
    let node = place.args(["get", "k", "-f", "json"]).run().code(0).json();
    let there = format!(
        "(version 2, revision 2, written {} by {}",
        node["node"]["modified"].as_str().unwrap_or_default(),
        node["node"]["by"].as_str().unwrap_or_default()
    );
    for guard in [
        &["--if-absent"][..],
        &["--if-revision", "1"],
        &["--if-value", "hunter3"],
        &["--if-value", "{\"n\":1}"],
        &["--if-present", "--if-revision", "7"],
    ] {
        set(place, &[&["k", "new"], guard].concat())
            .code(4)
            .stdout("")
            .stderr_has("error: key /k")
            .stderr_has(&there)
            .stderr_lacks("hunter");
    }
    set(place, &["other", "new", "--if-present"])
        .code(4)
        .stdout("")
        .stderr_has("error: key /other not found");
    set(place, &["other", "new", "--if-revision", "3"])
        .code(4)
        .stderr_has("key /other: expected revision 3, key not found");
    place
        .args(["ls", "--values"])
        .run()
        .code(0)
        .stdout("/k\thunter2\n");
    place.args(["info", "-f", "raw"]).run().code(0).stdout("2\n");
}

fn a_guard_holds_for_delete_too(place: &Place) {
    set(place, &["k", "v"]).code(0);
    let delete = |args: &[&str]| place.args([&["delete", "k"], args].concat()).run();
    delete(&["--if-revision", "2"])
        .code(4)
        .stdout("")
        .stderr_has("version 1, revision 1");
    delete(&["--if-value", "w"]).code(4);
    delete(&["--if-revision", "1", "--if-value", "v"]).code(0);
    delete(&["--if-present"]).code(4).stderr_has("key /k not found");
    delete(&["--if-present", "--ignore-not-found"]).code(4);
}

fn revision_zero_is_refused_with_the_guard_that_was_meant(place: &Place) {
    set(place, &["k", "v", "--if-revision", "0"])
        .code(2)
        .stdout("")
        .stderr_has("revision 0")
        .stderr_has("--if-absent");
    set(place, &["k", "v", "--if-revision", "x"])
        .code(2)
        .stderr_has("invalid revision \"x\"");
    set(place, &["k", "v", "--if-absent", "--if-present"])
        .code(2)
        .stderr_has("--if-present");
    place.args(["get", "k"]).run().code(3);
}

fn a_conflict_shows_the_value_when_asked_to(place: &Place) {
    set(place, &["k", "two\nlines"]).code(0);
    set(place, &["k", "new", "--if-absent", "--show-value"])
        .code(4)
        .stdout("")
        .stderr_has("the value there is two\\nlines");
    place
        .args(["delete", "k", "--if-revision", "7", "--show-value"])
        .run()
        .code(4)
        .stdout("")
        .stderr_has("the value there is two\\nlines");
}
