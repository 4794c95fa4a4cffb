//! The console's pages over several keys: Timeline, Compare and Grid, as a browser asks for them.

use std::fmt::Write as _;

use rusqlite::Connection;
use support::cli::Place;
use support::console::{ConsoleProcess, Visitor};
use support::serving::new_token;

/// `discfg ui` of these configs, with a browser that looks at it.
fn visit(place: &Place, configs: &[&str]) -> (ConsoleProcess, Visitor) {
    let process = ConsoleProcess::start(place, configs);
    let visitor = process.launch();
    (process, visitor)
}

fn run(place: &Place, args: &[&str]) {
    place.args(args).run().code(0);
}

/// Configs of that name on the embedded engine.
fn place_with(configs: &[&str]) -> Place {
    let place = Place::new();
    for config in configs {
        run(&place, &["init", config, "--local"]);
    }
    run(&place, &["use", configs[0], "--local"]);
    place
}

/// As many keys as there are numbers, each a line of YAML.
fn import(place: &Place, config: &str, lines: &str) {
    let import = place.args(["import", config, "-", "--from", "yaml", "--batch"]);
    import.stdin(lines).run().code(0);
}

fn seeded() -> Place {
    let place = place_with(&["shop", "stage"]);
    run(
        &place,
        &["set", "shop", "db/url", "postgres://one", "-m", "first server"],
    );
    let both = ["set", "-c", "shop", "db/pool=4", "app/port=8080", "-m", "both"];
    place.args(both).env("USER", "anna").run().code(0);
    run(&place, &["set", "shop", "db/url", "postgres://two"]);
    run(&place, &["set", "shop", "db/old", "gone"]);
    run(&place, &["delete", "shop", "db/old"]);
    for value in ["hunter2", "hunter3"] {
        let secret = place.args(["set", "-c", "shop", "db/password", "--secret"]);
        secret.stdin(value).run().code(0);
    }
    run(&place, &["set", "shop", "top", "level"]);
    place
}

#[test]
fn the_timeline_has_commits_newest_first_and_filters() {
    let place = seeded();
    let (_process, visitor) = visit(&place, &["shop"]);
    let all = visitor.page("/c/shop/timeline");
    all.has("<h1>Timeline</h1>")
        .has("data-live=\"/live?config=shop\"")
        .has("8 commits")
        .has("first server")
        .lacks("hunter");
    // Of one second, commits come by section.
    let at = |key: &str| all.text.find(&format!(">{key}</a>")).expect("a key");
    assert!(at("/db/password") < at("/db/old") && at("/db/old") < at("/db/url"));
    // One commit over two sections is one item.
    let items = all.text.matches("<li id=\"commit-").count();
    assert_eq!(items, 8);
    let both = all
        .text
        .split("<li id=\"commit-")
        .find(|item| item.contains(">both<"));
    let both = both.expect("the commit over two sections");
    for part in [
        "2 keys",
        "/app/port",
        "/db/pool",
        "compare?section=/app&amp;from=0&amp;to=1",
    ] {
        assert!(both.contains(part), "{part} is not in {both}");
    }
    assert!(both.contains("absent") && both.contains("8080"), "{both}");

    let of = |query: &str| visitor.page(&format!("/c/shop/timeline?{query}"));
    of("section=/db").has("/db/url").lacks(">/app/port</a>");
    of("section=@root")
        .has("1 commit<")
        .has(">/top</a>")
        .lacks(">/db/url</a>");
    of("prefix=/app").has("1 commit<").has(">/app/port</a>");
    of("section=/app&prefix=/db").has("No change matches");
    of("by=anna").has("1 commit<").has(">both<");
    of("since=2h").has("8 commits");
    of("since=2999-01-01").has("No change matches");
    of("n=3")
        .has("The last 3 commits")
        .has("timeline?n=6\">Show more</a>");
    // A filter is read while it is typed, so what is wrong with it is said in place.
    of("since=2x")
        .has("role=\"alert\"")
        .has("expected a time ago")
        .has("value=\"2x\"");
    of("prefix=/db//").has("Prefix: invalid key");
    assert_eq!(visitor.get("/c/none/timeline").status, 404);
}

#[test]
fn two_revisions_of_a_section_are_compared() {
    let place = seeded();
    let (_process, visitor) = visit(&place, &["shop"]);
    let page = visitor.page("/c/shop/compare?section=/db&from=1&to=3");
    page.has("<h1>Compare</h1>").has("1 added, 1 changed");
    page.has("postgres://<del>one</del>")
        .has("postgres://<ins>two</ins>");
    page.has("/c/shop/key/db/pool")
        .lacks("/db/old")
        .lacks("/app/port");
    visitor
        .page("/c/shop/compare?section=/db&from=5&to=4")
        .has("1 added")
        .has("/db/old");
    // Each encryption differs, so a secret is only known to be set again.
    visitor
        .page("/c/shop/compare?section=/db&from=6&to=7")
        .has("set again at revision 7")
        .lacks("hunter");
    visitor
        .page("/c/shop/compare?section=/db&from=3&to=3")
        .has("No difference");
    // What is left out is the latest two.
    visitor
        .page("/c/shop/compare?section=/db")
        .has("set again at revision 7");
    visitor.page("/c/shop/compare").has("Choose a section");

    let failed = |query: &str, status: u16| {
        let answer = visitor.get(&format!("/c/shop/compare?{query}"));
        assert_eq!(answer.status, status, "{query}: {}", answer.text);
        answer
    };
    failed("section=/db&from=1&to=99", 404).has("revision 99 of /db not found; the latest is 7");
    failed("section=/none", 404).has("Section /none not found.");
    failed("section=/db&from=x", 422).has("invalid revision");
    failed("section=/a/b", 422).has("invalid section");
}

#[test]
fn a_grid_marks_what_differs_and_what_is_missing() {
    let place = seeded();
    run(&place, &["set", "stage", "db/url", "postgres://two"]);
    run(&place, &["set", "stage", "db/pool", "8"]);
    run(&place, &["set", "stage", "svc/web", "10.0.0.7", "--ttl", "1h"]);
    let secret = place.args(["set", "-c", "stage", "db/password", "--secret"]);
    secret.stdin("hunter3").run().code(0);
    let (_process, visitor) = visit(&place, &["shop", "stage"]);

    let all = visitor.page("/grid");
    all.has("<h1>Grid</h1>")
        .has("<main id=\"main\" class=\"wide\"")
        .has("data-live=\"/live?config=shop&amp;config=stage\"")
        .has("5 keys: 1 with different values, 2 missing in a column, 1 not compared")
        .has("discfg diff")
        .has("Keys with a time to live are left out.")
        .lacks("hunter")
        .lacks("/svc/web");
    let row = all.row("db/pool");
    assert!(
        row.contains("/db/pool") && row.contains("td class=\"value differs\""),
        "{row}"
    );
    assert!(row.contains("href=\"/c/stage/key/db/pool\""), "{row}");
    assert!(!all.row("db/url").contains("differs"));
    let row = all.row("app/port");
    assert!(
        row.contains("td class=\"gap\"") && row.contains(">missing<"),
        "{row}"
    );
    assert!(!all.row("db/password").contains("differs"));

    let of = |query: &str| visitor.page(&format!("/grid?{query}"));
    of("side=shop&side=stage&only=differences")
        .has("data-key=\"app/port\"")
        .lacks("data-key=\"db/url\"");
    of("side=shop&side=stage&ttl=on")
        .has("data-key=\"svc/web\"")
        .has("data-expires");
    of("side=shop&side=stage&q=PO")
        .has("data-key=\"app/port\"")
        .lacks("data-key=\"db/url\"");
    // Prefixes, and a revision.
    let prefixes = of("side=shop/db&side=stage:/db&side=shop/db@1");
    let row = prefixes.row("url");
    assert_eq!(row.matches("class=\"value differs\"").count(), 1, "{row}");
    assert!(prefixes.row("pool").contains("missing"));
    prefixes.has("Remove column <bdi>stage:/db</bdi>");
    // A column that can't be shown doesn't break the page.
    let broken = of("side=shop&side=none&side=Bad!&side=/db&side=shop/db@99");
    broken
        .has("Config &quot;none&quot; is not served")
        .has("Expected CONFIG or CONFIG/PREFIX")
        .has("the latest is 7");
    assert_eq!(broken.row("app/port").matches("class=\"unknown\"").count(), 4);
    assert!(!broken.row("app/port").contains("missing"));
    of("side=shop&side=stage&side=shop&side=stage&side=shop&side=stage&side=shop&side=stage&side=shop")
        .has("first 8 of 9 columns");
    of("side=shop").has("/grid?side=shop/app&amp;side=shop/db");
}

#[test]
fn a_section_that_cannot_be_read_is_not_taken_for_missing() {
    let place = place_with(&["shop", "stage"]);
    for key in ["bad/a", "bad/z", "good/a"] {
        run(&place, &["set", "shop", key, "1"]);
        run(&place, &["set", "stage", key, "1"]);
    }
    let file = Connection::open(place.home().join("data/discfg/shop.db")).expect("the config's file");
    let spoil = "UPDATE entry SET kind = 'nonsense' WHERE key = '/bad/a'";
    file.execute(spoil, []).expect("SQLite takes it");
    drop(file);
    let (_process, visitor) = visit(&place, &["shop", "stage"]);
    let grid = visitor.page("/grid");
    grid.has("Section /bad can't be read");
    for key in ["bad/a", "bad/z"] {
        let row = grid.row(key);
        assert!(
            row.contains("class=\"unknown\"") && !row.contains("missing"),
            "{row}"
        );
    }
    assert!(!grid.row("good/a").contains("unknown"));
}

#[test]
fn pages_show_only_the_sections_of_a_token() {
    let place = seeded();
    let token = new_token(&place, "tokens", "app", &["--read", "app"]);
    let process = ConsoleProcess::serving(&place, &["shop"]);
    let visitor = process.sign_in(&token);
    let timeline = visitor.page("/c/shop/timeline");
    timeline
        .has("1 commit<")
        .has("/app/port")
        .lacks("/db/pool")
        .lacks("section=/db");
    visitor
        .page("/c/shop/timeline?prefix=/db/pool")
        .has("You can't access section /db")
        .lacks("commit-");
    assert_eq!(visitor.get("/c/shop/compare?section=/db&from=1&to=2").status, 403);
    let grid = visitor.page("/grid?side=shop/db&side=shop");
    grid.has("You can't access section /db")
        .has("app/port")
        .lacks("db/pool");
    assert!(grid.row("app/port").contains("unknown"));
}

#[test]
fn hostile_text_stays_text() {
    let place = place_with(&["shop", "stage"]);
    let value = "<script>window.hacked=1</script>\u{202e}gpj";
    let set = |value: &str| {
        let args = ["set", "shop", "evil/markup", "-d", "-", "--text"];
        let call = place.args([&args[..], &["-m", "</li><svg onload=1>"]].concat());
        let call = call.env("USER", "<b>mallory</b>");
        call.stdin(value).run().code(0);
    };
    set("before");
    set(value);
    run(&place, &["set", "stage", "evil/markup", "\u{2066}<img src=x>"]);
    let (_process, visitor) = visit(&place, &["shop", "stage"]);
    let pages = [
        "/c/shop/timeline",
        "/c/shop/timeline?by=%3Cb%3E&since=%3Cscript%3E",
        "/c/shop/timeline?section=%3Cscript%3E",
        "/c/shop/compare?section=/evil&from=1&to=2",
        "/grid?side=shop&side=stage&q=evil",
        "/grid?side=shop&side=%3Cscript%3E%E2%80%AE",
    ];
    for path in pages {
        let page = visitor.page(path);
        for raw in [
            "<script>window",
            "<script>%",
            "<script><",
            "<b>mallory",
            "<svg",
            "<img",
        ] {
            assert!(!page.text.contains(raw), "{raw} is in {path}");
        }
        // A field has what was typed.
        let shown = page.text.split("id=\"list\"").nth(1).expect("a list");
        assert!(!shown.contains(['\u{202e}', '\u{2066}']), "a mark is in {path}");
    }
    visitor
        .page("/c/shop/timeline")
        .has("&lt;script&gt;")
        .has(">U+202E</span>")
        .has("&lt;b&gt;mallory");
}

#[test]
fn a_thousand_sections_are_one_page() {
    let place = place_with(&["shop", "stage"]);
    let lines = (0..1000).fold(String::new(), |mut all, n| {
        writeln!(all, "/s{n:04}/key: value {n}").expect("it is memory");
        all
    });
    import(&place, "shop", &lines);
    let (_process, visitor) = visit(&place, &["shop", "stage"]);
    let timeline = visitor.page("/c/shop/timeline");
    timeline.has("commit-").has("list=\"section-known\"");
    assert!(timeline.text.len() < 200_000, "{} bytes", timeline.text.len());
    visitor
        .page("/c/shop/timeline?section=/s0999")
        .has("/s0999/key")
        .lacks(">/s0998/key</a>");
    visitor
        .page("/c/shop/compare?section=/s0500")
        .has("/s0500/key")
        .has("1 added");
    let grid = visitor.page("/grid?side=shop&side=stage");
    grid.has("100 keys on this page: 100 missing in a column")
        .has("Next page");
    assert!(grid.text.len() < 100_000, "{} bytes", grid.text.len());
}

#[test]
fn ten_thousand_keys_come_by_pages() {
    let place = place_with(&["shop", "stage"]);
    let lines = |of: &str| {
        (0..10_000).fold(String::new(), |mut all, n| {
            writeln!(all, "/app/k{n:05}: value {n}").expect("it is memory");
            if n == 9_999 {
                writeln!(all, "/app/last: {of}").expect("it is memory");
            }
            all
        })
    };
    import(&place, "shop", &lines("one"));
    import(&place, "stage", &lines("two"));
    let (_process, visitor) = visit(&place, &["shop", "stage"]);
    let first = visitor.page("/grid");
    first
        .has("100 keys on this page")
        .has("data-key=\"app/k00099\"")
        .lacks("app/k00100");
    assert!(first.text.len() < 100_000, "{} bytes", first.text.len());
    let next = visitor.page("/grid?side=shop&side=stage&after=app/k00099");
    next.has("data-key=\"app/k00100\"").has("First page");
    visitor
        .page("/grid?side=shop&side=stage&only=differences")
        .has("1 key: 1 with different values")
        .has("data-key=\"app/last\"");
    visitor
        .page("/grid?side=shop/app&side=stage/app&q=9998")
        .has("data-key=\"k09998\"");
    let timeline = visitor.page("/c/shop/timeline");
    timeline.has("more keys");
    assert!(timeline.text.len() < 200_000, "{} bytes", timeline.text.len());
    let compare = visitor.page("/c/shop/compare?section=/app&from=0");
    compare.has("10,001 added").has("Next page");
    assert!(compare.text.len() < 200_000, "{} bytes", compare.text.len());
}
