//! The console in a real browser. Each test is a journey, which `journeys` has under its name.

use serde_json::{Value, json};
use support::browser::journey;
use support::cli::Place;
use support::running::Running;
use support::serving::new_token;

/// A place with the configs `shop` and `stage` on the embedded engine.
fn shop() -> Place {
    let place = Place::new();
    let run = |args: &[&str]| drop(place.args(args).run().code(0));
    for config in ["shop", "stage"] {
        run(&["init", config, "--local"]);
    }
    run(&["use", "shop", "--local"]);
    run(&[
        "set",
        "shop",
        "db/url",
        "postgres://one",
        "-m",
        "the first server",
    ]);
    run(&["set", "shop", "db/user", "app"]);
    run(&["set", "shop", "app/port", "8080"]);
    run(&[
        "set",
        "shop",
        "app/limits",
        "--json",
        r#"{"cpu":1,"memory":"512Mi"}"#,
    ]);
    run(&["set", "shop", "svc/web/1", "10.0.0.7:80", "--ttl", "10m"]);
    run(&["set", "stage", "db/user", "app"]);
    run(&["set", "stage", "app/port", "8081"]);
    let secret = place.args(["set", "-c", "shop", "db/password", "--secret"]);
    secret.stdin("correct-horse").run().code(0);
    place
}

/// A running console, and what it printed when it was ready.
struct Console {
    place: Place,
    running: Running,
    ready: Value,
}

impl Console {
    /// `discfg ui` of both configs.
    #[track_caller]
    fn ui(place: Place) -> Self {
        Self::start(place, &["ui", "shop", "stage", "--no-open", "-f", "json"])
    }

    #[track_caller]
    fn start(place: Place, args: &[&str]) -> Self {
        let running = place.args(args).start();
        let ready = running.json();
        Self {
            place,
            running,
            ready,
        }
    }

    #[track_caller]
    fn journey(&self, name: &str) {
        self.journey_with(name, &json!({}));
    }

    #[track_caller]
    fn journey_with(&self, name: &str, more: &Value) {
        journey(name, &self.place, &self.ready, more);
    }
}

#[test]
fn a_link_opens_the_console_once() {
    let console = Console::ui(shop());
    console.journey("open");
    console.running.says("link");
}

#[test]
fn who_signs_out_is_out_in_every_window() {
    Console::ui(shop()).journey("sign_out");
}

#[test]
fn keys_are_found_in_the_tree_by_filter_by_value_and_by_ttl() {
    Console::ui(shop()).journey("find");
}

#[test]
fn ten_thousand_keys_and_a_thousand_sections_come_by_pages() {
    let place = shop();
    let import = |config: &str, lines: Vec<String>| {
        let import = place.args(["import", config, "-", "--from", "yaml", "--batch"]);
        import.stdin(lines.concat()).run().code(0);
    };
    let keys = (0..10_000).map(|n| format!("/app/k{n:05}: value {n}\n"));
    import("shop", keys.collect());
    let sections = (0..1000).map(|n| format!("/s{n:03}/key: value {n}\n"));
    import("stage", sections.collect());
    Console::ui(place).journey("pages");
}

#[test]
fn a_key_is_edited_by_keyboard_alone() {
    Console::ui(shop()).journey("edit");
}

#[test]
fn a_conflict_is_shown_in_three_columns_and_resolved() {
    Console::ui(shop()).journey("conflict");
}

#[test]
fn two_windows_do_not_overwrite_each_other() {
    Console::ui(shop()).journey("two_windows");
}

#[test]
fn a_key_is_rolled_back_after_a_preview() {
    Console::ui(shop()).journey("roll_back");
}

#[test]
fn a_key_is_deleted_after_a_preview() {
    Console::ui(shop()).journey("delete");
}

#[test]
fn a_secret_is_revealed_and_hidden() {
    let console = Console::ui(shop());
    console.journey("reveal");
    // By key, never by value.
    let line = console.running.says("/db/password");
    assert!(!line.contains("correct-horse"), "{line}");
}

#[test]
fn a_change_by_another_process_is_on_screen_within_three_seconds() {
    Console::ui(shop()).journey("live");
}

#[test]
fn of_eight_tabs_only_the_visible_one_holds_a_stream() {
    Console::ui(shop()).journey("tabs");
}

#[test]
fn tokens_that_are_wrong_read_only_or_revoked() {
    let place = shop();
    let reader = new_token(&place, "tokens.toml", "reader", &["--read", "db"]);
    let writer = new_token(&place, "tokens.toml", "writer", &["--write-all"]);
    let args = [
        "serve",
        "--ui",
        "--token-file",
        "tokens.toml",
        "--listen",
        "127.0.0.1:0",
        "-f",
        "json",
        "shop",
    ];
    let more = json!({"reader": reader, "writer": writer});
    Console::start(place, &args).journey_with("tokens", &more);
}

#[test]
fn a_server_that_goes_and_comes_back() {
    let place = shop();
    let writer = new_token(&place, "tokens.toml", "writer", &["--write-all"]);
    // The journey starts the server itself.
    let more = json!({"writer": writer});
    journey("gone", &place, &Value::Null, &more);
}

#[test]
fn without_javascript() {
    Console::ui(shop()).journey("no_script");
}

#[test]
fn hostile_data_stays_text() {
    let place = shop();
    let key = "/evil/markup";
    let value = "<script>window.hacked = 1</script><img src=//evil.example/x onerror=hacked=1> {{7*7}} javascript:hacked=1";
    let message = "</time></li><svg onload=hacked=1> & &lt;b&gt;";
    let writer = "local:<b onmouseover=hacked=1>mallory</b>";
    let user = writer.trim_start_matches("local:");
    let set = |args: &[&str], value: &str| {
        let call = place.args([&["set", "shop"], args].concat());
        call.env("USER", user).stdin(value).run().code(0);
    };
    set(&[key, "-d", "-", "--text", "-m", message], "before");
    set(&[key, "-d", "-", "--text", "-m", message], value);
    let marks = "abc\u{202e}gpj.exe\u{2066}\u{200b}\u{feff} \u{1b}[31mred";
    set(&["evil/bidi", "-d", "-", "--text", "-m", "turned round"], marks);
    set(&["long/line", "-d", "-", "--text"], &"x".repeat(100_000));
    let json = format!(r#"{{"{}":"{}"}}"#, "k".repeat(1000), "y".repeat(100_000));
    set(&["long/json", "-d", "-", "--json"], &json);
    let more = json!({"key": key, "value": value, "message": message, "writer": writer});
    Console::ui(place).journey_with("hostile", &more);
}

/// A shop with something of everything that a page can show.
fn varied_shop() -> Place {
    let place = shop();
    let change = ["set", "shop", "db/url", "postgres://two", "-m", "move"];
    place.args(change).run().code(0);
    place.write("logo", [0, 159, 146, 150]);
    let bytes = ["set", "shop", "bin/logo", "-d", "logo"];
    place.args(bytes).run().code(0);
    place
}

#[test]
fn every_page_is_accessible_in_light() {
    Console::ui(varied_shop()).journey_with("accessible", &json!({"scheme": "light"}));
}

#[test]
fn every_page_is_accessible_in_dark() {
    Console::ui(varied_shop()).journey_with("accessible", &json!({"scheme": "dark"}));
}

#[test]
fn the_focus_is_seen_and_every_page_fits_a_phone() {
    Console::ui(varied_shop()).journey("focus");
}

#[test]
fn large_values_bytes_and_invalid_json() {
    let place = shop();
    place.write("big", "a".repeat(190_000));
    place.write("logo", [0, 159, 146, 150]);
    for (key, file) in [("big/value", "big"), ("bin/logo", "logo")] {
        place.args(["set", "shop", key, "-d", file]).run().code(0);
    }
    Console::ui(place).journey("values");
}

#[test]
fn configs_side_by_side_timeline_and_access() {
    Console::ui(shop()).journey("grid");
}

#[test]
fn a_config_that_goes_while_it_is_open() {
    Console::ui(shop()).journey("config_gone");
}
