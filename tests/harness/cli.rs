//! The builder of calls keeps the developer's machine out, and sees what it says it sees.

use support::account::{REGION, keys};
use support::cli::Place;

#[test]
fn the_environment_is_the_places_own() {
    let place = Place::new();
    let script = "echo $HOME; pwd; env | grep -c -e AWS_ -e DISCFG_";
    let (home, work) = (place.home(), place.dir());
    let wanted = format!("{}\n{}\n2\n", home.display(), work.display());
    place.shell(script).run().code(0).stdout(wanted).stderr("");
}

#[test]
fn a_user_and_an_endpoint_become_the_sdks_variables() {
    let script = "echo $AWS_ENDPOINT_URL $AWS_REGION $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $MORE";
    let place = Place::at("http://e", &keys("id", "secret")).env("MORE", "less");
    place
        .shell(script)
        .run()
        .stdout(format!("http://e {REGION} id secret less\n"));
    place
        .shell(script)
        .env("MORE", "more")
        .run()
        .stdout_has("secret more");
    place
        .without_env("MORE")
        .who(&keys("other", "s"))
        .shell(script)
        .run()
        .stdout_has("other s\n");
}

#[test]
fn streams_and_exit_code_are_told_apart() {
    let place = Place::new();
    place.write("sub/file.json", r#"{"a":1}"#);
    let outcome = place.shell("cat; echo oops >&2; exit 3").stdin(b"in\xff").run();
    outcome
        .code(3)
        .stdout(b"in\xff")
        .stderr("oops\n")
        .stderr_has("oop")
        .stderr_lacks("in");
    assert_eq!(
        place.shell("cat file.json").cd("sub").run().code(0).json()["a"],
        1
    );
}

#[test]
#[should_panic(expected = "wanted exit code 1; exit status: 0")]
fn a_failed_check_says_what_was_wanted() {
    Place::new().shell("true").run().code(1);
}

#[test]
fn the_binary_is_on_the_path_of_scripts() {
    let place = Place::new();
    place
        .shell("command -v discfg")
        .run()
        .code(0)
        .stdout_has("discfg");
    place.args(["--version"]).run().stderr_lacks("panicked");
}
