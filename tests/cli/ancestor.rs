//! The examples of the tool that discfg descends from, word for word, on both engines.

use support::cli::Place;
use support::emulator::Emulator;

const WORKS: &str = r#"{"json": "works"}"#;

/// A place with the binary as `./discfg` and a `file.json` beside it.
fn with_binary(place: Place) -> Place {
    place.shell("ln -s \"$(command -v discfg)\" discfg").run().code(0);
    place.write("file.json", r#"{"foo":"test"}"#);
    place
}

fn examples(place: &Place) {
    let line = |script: &str| place.shell(script).run().code(0);
    line("./discfg use mycfg").stdout_has("mycfg");
    line(r#"./discfg set mykey '{"json": "works"}'"#).stdout("/mykey: version 1, revision 1\n");
    line("./discfg get mykey").stdout(format!("{WORKS}\n"));
    line("./discfg set mykey -d file.json").stdout("/mykey: version 2, revision 2\n");
    line("./discfg get mykey").stdout("{\"foo\":\"test\"}\n");
    line(r#"./discfg set mycfg mykey '{"json": "works"}'"#).stdout("/mykey: version 3, revision 3\n");
    line("./discfg get /mykey").stdout(format!("{WORKS}\n"));

    let node = line("./discfg get mykey -f json").json();
    assert_eq!(node["action"], "get");
    assert_eq!(node["node"]["key"], "/mykey");
    assert_eq!(node["node"]["value"]["json"], "works");
    assert_eq!(node["node"]["version"], 3);
    assert_eq!(node["prevNode"], serde_json::json!({}));

    let update = line(r#"./discfg set mykey '{"json": "again"}' -f json"#).json();
    assert_eq!(update["node"]["value"]["json"], "again");
    assert_eq!(update["prevNode"]["value"]["json"], "works");
    assert_eq!(update["prevNode"]["version"], 3);
}

#[test]
fn they_hold_on_the_embedded_engine() {
    let place = with_binary(Place::new());
    place
        .shell("./discfg create mycfg --local")
        .run()
        .code(0)
        .stdout_has("mycfg: created")
        .stderr_has(".discfg");
    examples(&place);
}

mod on_aws {
    use super::*;

    #[test]
    fn they_hold_on_aws() {
        let account = Emulator::shared().account();
        let place = with_binary(Place::at(&account.url(), &account.admin()));
        place
            .shell("./discfg create mycfg --yes")
            .run()
            .code(0)
            .stdout_has("mycfg: created");
        examples(&place);
    }
}
