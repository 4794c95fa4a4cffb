//! `touch`: a time to live renewed, and never a ghost of a key that is gone.

use support::cli::Place;
use support::config::{CONFIG, TABLE, behind_proxy, on_every_engine};
use support::emulator::Emulator;
use support::proxy::Proxy;

on_every_engine!(
    a_time_to_live_is_renewed_or_replaced,
    a_key_that_is_not_there_stays_away,
    a_key_without_a_time_to_live_needs_one,
    what_is_no_time_to_live_is_refused,
    each_format_tells_the_entry,
);

fn node(place: &Place, key: &str) -> serde_json::Value {
    place.args(["get", key, "-f", "json"]).run().code(0).json()["node"].clone()
}

fn a_time_to_live_is_renewed_or_replaced(place: &Place) {
    place
        .args(["set", "services/a", "10.0.0.1", "--ttl", "1h"])
        .run()
        .code(0);
    let written = node(place, "services/a");
    place.args(["touch", "services/a", "--ttl", "2d"]).run().code(0);
    let longer = node(place, "services/a");
    assert_eq!(longer["ttl"], 172_800);
    assert!(longer["expires"].as_str() > written["expires"].as_str());
    for unchanged in ["value", "version", "revision", "created", "modified", "by"] {
        assert_eq!(longer[unchanged], written[unchanged], "{unchanged}");
    }
    // Without --ttl the last one given holds.
    place.args(["touch", CONFIG, "/services/a"]).run().code(0);
    assert_eq!(node(place, "services/a")["ttl"], 172_800);
    place
        .args(["history", "services/a", "-f", "json"])
        .run()
        .code(0)
        .stdout_has("\"revision\":1")
        .json();
    place.args(["info", "-f", "raw"]).run().code(0).stdout("1\n");
}

fn a_key_that_is_not_there_stays_away(place: &Place) {
    for args in [&["touch", "gone"][..], &["touch", "gone", "--ttl", "30s"]] {
        place
            .args(args)
            .run()
            .code(3)
            .stdout("")
            .stderr_has("key /gone not found")
            .stderr_has("discfg touch -c gone KEY");
    }
    place.args(["set", "left", "v", "--ttl", "1h"]).run().code(0);
    place.args(["delete", "left"]).run().code(0);
    place.args(["touch", "left"]).run().code(3);
    place.args(["ls", "-r"]).run().code(0).stdout("");
    // Its time is over: it was to live for the shortest time that there is.
    place.args(["set", "brief", "v", "--ttl", "1s"]).run().code(0);
    place
        .shell("until ! discfg get brief -q >/dev/null 2>&1; do sleep 0.05; done")
        .run()
        .code(0);
    place.args(["touch", "brief", "--ttl", "1h"]).run().code(3);
    place.args(["get", "brief"]).run().code(3);
}

fn a_key_without_a_time_to_live_needs_one(place: &Place) {
    place.args(["set", "k", "v"]).run().code(0);
    place
        .args(["touch", "k"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("key /k has no time to live")
        .stderr_has("--ttl 30s");
    assert!(node(place, "k").get("ttl").is_none());
    place.args(["touch", "k", "--ttl", "5m"]).run().code(0);
    assert_eq!(node(place, "k")["ttl"], 300);
}

fn what_is_no_time_to_live_is_refused(place: &Place) {
    place.args(["set", "k", "v", "--ttl", "1h"]).run().code(0);
    let before = node(place, "k");
    for (ttl, told) in [
        ("-1", "invalid time to live \"-1\""),
        ("0", "time to live 0 out of range: expected 1s to 3650d"),
        ("3651d", "out of range"),
        ("1w", "expected a whole number with s, m, h or d"),
        ("", "invalid time to live"),
    ] {
        for command in [&["touch", "k", "--ttl"][..], &["set", "k", "w", "--ttl"]] {
            place
                .args([command, &[ttl]].concat())
                .run()
                .code(2)
                .stdout("")
                .stderr_has(told);
        }
    }
    place.args(["touch"]).run().code(2).stdout("").stderr_has("KEY");
    place
        .args(["touch", "a//b"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("invalid key");
    assert_eq!(node(place, "k"), before);
}

fn each_format_tells_the_entry(place: &Place) {
    place.args(["set", "k", "v", "--ttl", "1h"]).run().code(0);
    let touch = |format: &str| place.args(["touch", "k", "-f", format]).run().code(0).stderr("");
    let json = touch("json").json();
    assert_eq!(json["action"], "touch");
    assert_eq!(json["node"], node(place, "k"));
    assert_eq!(json["prevNode"], serde_json::json!({}));
    touch("yaml")
        .stdout_has("action: touch\n")
        .stdout_has("  ttl: 3600\n");
    touch("human").stdout_has("/k: expires 20");
    let raw = touch("raw").text();
    assert_eq!(node(place, "k")["expires"], raw.trim_end());
    touch("silent").stdout("");
}

#[test]
fn on_dynamodb_it_is_one_request_after_a_look_at_the_time() {
    let (account, proxy, place) = behind_proxy();
    place.args(["set", "k", "v", "--ttl", "1h"]).run().code(0);
    let lines = account.items(TABLE).len();
    proxy.forget();
    place.args(["touch", "k", "--ttl", "2h"]).run().code(0);
    assert_eq!(proxy.operations(), ["GetItem", "UpdateItem"]);
    assert_eq!(account.items(TABLE).len(), lines, "no line in the log");
}

mod on_aws {
    use super::*;

    #[test]
    fn through_the_write_role_it_is_two_requests_and_the_read_role_may_not() {
        let account = Emulator::shared().account();
        let place = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", "payments");
        place.args(["init", "payments", "--yes", "-q"]).run().code(0);
        let proxy = Proxy::before(Emulator::shared());
        let place = place
            .who(&account.developer())
            .env("AWS_ENDPOINT_URL", proxy.url());
        place.args(["set", "k", "v", "--ttl", "1h"]).run().code(0);
        proxy.forget();
        place.args(["touch", "k"]).run().code(0);
        assert_eq!(proxy.operations(), ["GetItem", "UpdateItem"], "a warm touch");
        place
            .args(["touch", "k", "--as", "read"])
            .run()
            .code(5)
            .stdout("")
            .stderr_has("access denied: dynamodb:UpdateItem on /k")
            .stderr_has("omit `--as read`");
    }
}
