//! What a search says of what may not be read.

use serde_json::json;

use support::cli::Place;
use support::config::{CONFIG, behind_proxy};
use support::emulator::Emulator;
use support::grants::granted;

#[test]
fn what_may_not_be_read_is_named_and_the_rest_is_searched() {
    let (_account, proxy, place) = behind_proxy();
    for key in ["app/url", "db/url", "web/url", "url"] {
        place.args(["set", key, "x", "-q"]).run().code(0);
    }
    let denial = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"not authorized"}"#;
    proxy
        .on("Query")
        .play(move |body| body.contains("\"/db\"").then(|| (400, denial.to_owned())));
    place
        .args(["find", "url"])
        .run()
        .code(0)
        .stdout("/app/url\n/web/url\n/url\n")
        .stderr_has(&format!(
            "warning: section /db of {CONFIG} was not searched whole: access denied: dynamodb:Query"
        ));
    let answer = place
        .args(["find", "nosuch", "-f", "json"])
        .run()
        .code(5)
        .stderr_has("nothing found in what you can read")
        .json();
    assert_eq!(answer["matches"], json!([]));
    assert_eq!(answer["denied"][0]["section"], "/db");
    assert_eq!(answer["denied"][0]["config"], CONFIG);
    place
        .args(["find", "url", "--prefix", "db"])
        .run()
        .code(5)
        .stdout("")
        .stderr_has("warning: section /db of");
}

#[test]
fn a_config_that_may_not_be_read_does_not_hide_the_others() {
    let account = Emulator::shared().account();
    let place = Place::at(&account.url(), &account.admin());
    let nobody = format!("arn:aws:iam::{}:role/nobody", account.id());
    for args in [&["payments"][..], &["hidden", "--reader", &nobody]] {
        place.args([&["init", "-yq"], args].concat()).run().code(0);
    }
    place
        .args(["set", "-c", "payments", "db/url", "x", "-q"])
        .run()
        .code(0);
    place
        .args(["find", "url", "--all-configs"])
        .run()
        .code(0)
        .stdout("payments:/db/url\n")
        .stderr_has("warning: hidden was not searched whole: ")
        .stderr_has("can't assume the role");
    // A denial after a failure doesn't hide that, either.
    place
        .args([
            "find", "url", "--in", "absent", "--in", "hidden", "--in", "payments",
        ])
        .run()
        .code(3)
        .stdout("payments:/db/url\n");
}

#[test]
fn a_grant_searches_what_it_covers() {
    let (_account, _proxy, place) = granted(&["--read", "db", "--read", "@root"]);
    place.args(["find", "u"]).run().code(0).stdout("/db/url\n");
    place.args(["find", "mode"]).run().code(0).stdout("/mode\n");
}
