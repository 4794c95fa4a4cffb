//! The action in a stand-in for a runner, with the built program on the embedded engine and the emulator.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use support::account::REGION;
use support::cli::Place;
use support::config::{CONFIG, embedded, on_table};

use super::runner::{Runner, VERSION};

/// A secret of several lines, one of them empty, one a command to the runner.
const CERTIFICATE: &str = "-----BEGIN-----\nMIIB%\n\n::stop-commands::x\n-----END-----\n";

fn fill(place: &Place) {
    place.args(["set", "db/url", "postgres://db"]).run().code(0);
    place
        .args(["set", "db/password", "hunter2", "--secret"])
        .run()
        .code(0);
    place
        .args(["set", "web/cert", "--secret", "-d", "-"])
        .stdin(CERTIFICATE)
        .run()
        .code(0);
    place.args(["set", "web/limits", r#"{"max": 10}"#]).run().code(0);
    place.args(["set", "stage", "test"]).run().code(0);
}

/// A job whose folder has a config on the embedded engine.
pub(crate) fn job() -> Runner {
    let place = embedded();
    fill(&place);
    Runner::new(place)
}

#[test]
fn without_a_config_it_installs_its_own_version_once() {
    let runner = Runner::new(Place::new());
    let used = runner.uses(&[]).worked();
    assert_eq!(used.log().lines().next(), Some(&*format!("discfg {VERSION}")));
    assert_eq!(used.outputs["version"], VERSION);
    assert_eq!(used.outputs["values"], "");
    assert_eq!(used.env.len(), 0);
    let program = &used.outputs["path"];
    assert_eq!(
        used.path,
        format!("{}\n", program.strip_suffix("/discfg").expect("its name"))
    );
    assert!(
        program.contains(&format!("/runner/tools/discfg/{VERSION}/")),
        "{program}"
    );
    let said = runner
        .place()
        .shell("\"$0\" --version")
        .and(&[program])
        .run()
        .code(0);
    said.stdout(format!("discfg {VERSION}\n"));
    assert_eq!(runner.releases().requests().len(), 2);

    // What is in the tool cache is used, unless it is another program.
    let again = runner.uses(&[("version", &format!("v{VERSION}"))]).worked();
    assert_eq!((&again.outputs, &again.path), (&used.outputs, &used.path));
    assert_eq!(runner.releases().requests(), [""; 0]);
    fs::write(program, "#!/bin/sh\necho discfg 0.0.1\n").expect("it was installed here");
    runner.uses(&[]).worked();
    assert_eq!(runner.releases().requests().len(), 2);
}

#[test]
fn installs_the_latest_version_anew_each_time() {
    let runner = Runner::new(Place::new());
    runner
        .releases()
        .publish("9.0.0", "#!/bin/sh\necho discfg 9.0.0\n");
    for _ in 0..2 {
        let used = runner.uses(&[("version", "latest")]).worked();
        assert_eq!(used.outputs["version"], "9.0.0");
        assert_eq!(runner.releases().requests().len(), 2);
    }
}

#[test]
fn installs_without_a_tool_cache() {
    for cache in ["", "/dev/null/tools"] {
        let runner = Runner::new(Place::new()).env("RUNNER_TOOL_CACHE", cache);
        let used = runner.uses(&[]).worked();
        assert!(
            used.outputs["path"].contains("/runner/temp/discfg/"),
            "{:?}",
            used.outputs
        );
    }
}

#[test]
fn exports_variables_and_masks_secrets_before() {
    let runner = job();
    let used = runner.uses(&[("config", CONFIG)]).worked();
    let wanted = [
        ("DB_PASSWORD", "hunter2"),
        ("DB_URL", "postgres://db"),
        ("STAGE", "test"),
        ("WEB_CERT", CERTIFICATE),
        ("WEB_LIMITS", r#"{"max": 10}"#),
    ];
    assert_eq!(
        used.env,
        wanted
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    );
    let masks = [
        "hunter2",
        "-----BEGIN-----",
        "MIIB%25",
        "::stop-commands::x",
        "-----END-----",
    ];
    assert_eq!(used.masks(), masks);
    for mask in masks {
        assert!(!used.log().contains(mask), "{}", used.log());
    }
    let used = runner
        .uses(&[("config", CONFIG), ("prefix", "  db \r\n\n/web\n")])
        .worked();
    let names: Vec<_> = used.env.keys().collect();
    assert_eq!(names, ["DB_PASSWORD", "DB_URL", "WEB_CERT", "WEB_LIMITS"]);
    let used = runner.uses(&[("config", CONFIG), ("prefix", "db")]).worked();
    assert_eq!(used.env.keys().collect::<Vec<_>>(), ["PASSWORD", "URL"]);
    assert_eq!(used.masks(), ["hunter2"]);
}

#[test]
fn exports_variables_of_chosen_names() {
    let runner = job();
    let env = "DATABASE_URL=/db/url\n  CERT=web/cert\n\nSTAGE=/stage\n";
    let used = runner.uses(&[("config", CONFIG), ("env", env)]).worked();
    let wanted = [
        ("CERT", CERTIFICATE),
        ("DATABASE_URL", "postgres://db"),
        ("STAGE", "test"),
    ];
    assert_eq!(
        used.env,
        wanted
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    );
    assert!(used.masks().contains(&"-----END-----"), "{}", used.stderr);
    assert!(
        used.log().contains("DATABASE_URL\t/db/url\t13 bytes"),
        "{}",
        used.log()
    );
    // Without a key at the root, only what is next to the keys is read.
    let used = runner
        .uses(&[("config", CONFIG), ("env", "URL=/db/url")])
        .worked();
    assert_eq!(used.env.len(), 1);
    assert_eq!(used.masks(), ["hunter2"]);
}

#[test]
fn outputs_one_object() {
    let runner = job();
    let output = |inputs: &[(&str, &str)]| -> Value {
        let inputs = [&[("config", CONFIG), ("export", "output")], inputs].concat();
        let used = runner.uses(&inputs).worked();
        assert!(used.env.is_empty());
        assert!(used.masks().contains(&"hunter2"), "{}", used.stderr);
        assert!(!used.log().contains("hunter2"), "{}", used.log());
        serde_json::from_str(&used.outputs["values"]).expect("JSON")
    };
    assert_eq!(
        output(&[("prefix", "db")]),
        json!({"password": "hunter2", "url": "postgres://db"})
    );
    let used = runner
        .uses(&[("config", CONFIG), ("export", "output"), ("prefix", "web")])
        .worked();
    let values: Value = serde_json::from_str(&used.outputs["values"]).expect("JSON");
    assert_eq!(values["limits"], json!({"max": 10}));
    let all = json!({
        "/db/password": "hunter2",
        "/db/url": "postgres://db",
        "/stage": "test",
        "/web/cert": CERTIFICATE,
        "/web/limits": {"max": 10},
    });
    assert_eq!(output(&[]), all);
    let env = "PASSWORD=/db/password\nCERT=/web/cert\nLIMITS=/web/limits";
    assert_eq!(
        output(&[("env", env)]),
        json!({"PASSWORD": "hunter2", "CERT": CERTIFICATE, "LIMITS": {"max": 10}})
    );
}

#[test]
fn writes_a_private_file() {
    let runner = job();
    let file = [("config", CONFIG), ("export", "file"), ("file", "out/a b.env")];
    fs::create_dir(runner.place().dir().join("out")).expect("a folder");
    let path = runner.place().dir().join("out/a b.env");
    let read = || fs::read_to_string(&path).expect("the file");
    let used = runner
        .uses(&[&file[..], &[("format", "dotenv"), ("prefix", "db")]].concat())
        .worked();
    assert_eq!(read(), "PASSWORD=hunter2\nURL=postgres://db\n");
    assert_eq!(
        fs::metadata(&path).expect("its facts").permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(used.masks(), ["hunter2"]);
    assert!(used.env.is_empty());
    runner.uses(&file).worked();
    assert!(
        read().starts_with("{\n  \"/db/password\": \"hunter2\""),
        "{}",
        read()
    );

    let before = read();
    let used = runner.uses(&[&file[..], &[("prefix", "nosuch")]].concat());
    used.failed("cannot read the config");
    assert!(
        used.stderr.contains("error: no keys below /nosuch\n"),
        "{}",
        used.stderr
    );
    assert_eq!(read(), before);
    let nowhere = [("config", CONFIG), ("export", "file"), ("file", "nowhere/x")];
    runner.uses(&nowhere).failed("cannot read the config");
}

#[test]
fn without_masks_it_warns() {
    let runner = job();
    for (export, more) in [
        ("env", ("prefix", "db")),
        ("output", ("env", "A=/db/password")),
        ("file", ("file", "x")),
    ] {
        let used = runner
            .uses(&[("config", CONFIG), ("mask", "false"), ("export", export), more])
            .worked();
        assert_eq!(used.masks(), [""; 0]);
        let warning = "::warning title=discfg::mask is off: secrets are shown in the log\n";
        assert!(used.stdout.contains(warning), "{}", used.stdout);
        assert!(!used.log().contains("hunter2"), "{}", used.log());
    }
}

#[test]
fn reads_in_the_region_that_it_is_given() {
    let (_account, place) = on_table();
    fill(&place);
    let runner = Runner::new(place.without_env("AWS_REGION"));
    runner
        .uses(&[("config", CONFIG)])
        .failed("cannot read the config");
    let used = runner
        .uses(&[("config", CONFIG), ("region", REGION), ("prefix", "db")])
        .worked();
    assert_eq!(used.env["PASSWORD"], "hunter2");
    assert_eq!(used.masks(), ["hunter2"]);
    let used = runner
        .uses(&[("config", CONFIG), ("region", REGION), ("env", "P=/db/password")])
        .worked();
    assert_eq!(used.env["P"], "hunter2");
}
