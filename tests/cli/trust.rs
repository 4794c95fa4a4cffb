//! `.discfg`: who writes it, which one is in force, and how far it is trusted.

use std::fs;

use support::account::{REGION, keys};
use support::cli::Place;
use support::config::on_table;

fn which(place: &Place, name: &str) -> (Option<String>, String) {
    setting(&place.args(["which", "-f", "json"]).run().code(0).json(), name)
}

fn setting(which: &serde_json::Value, name: &str) -> (Option<String>, String) {
    let settings = which["settings"].as_array().expect("a list");
    let found = settings.iter().find(|setting| setting["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {which}"));
    let text = |member: &str| found[member].as_str().map(str::to_owned);
    (text("value"), text("from").unwrap_or_default())
}

#[test]
fn use_writes_what_was_given_with_it_and_makes_no_request() {
    // Nothing listens there, so a request would fail.
    let place = Place::at("http://127.0.0.1:1", &keys("id", "secret")).without_env("AWS_REGION");
    place
        .args([
            "use",
            "mycfg",
            "--region",
            "eu-west-3",
            "-p",
            "team",
            "--as",
            "self",
        ])
        .run()
        .code(0)
        .stdout_has("mycfg (region eu-west-3, profile team, as self)\n")
        .stderr("");
    assert_eq!(
        fs::read_to_string(place.dir().join(".discfg")).expect("it is written"),
        "config = \"mycfg\"\nregion = \"eu-west-3\"\nprofile = \"team\"\nas = \"self\"\n"
    );
    // The next call changes what it gives and keeps the rest.
    let used = place
        .args(["use", "other", "--engine", "http://localhost:8899", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(used["action"], "use");
    assert_eq!(used["config"], "other");
    assert_eq!(used["engine"], "http://localhost:8899");
    assert_eq!(used["region"], "eu-west-3");
    // But for the identity: an API takes none.
    assert_eq!(used.get("as"), None);
    let file = place.dir().canonicalize().expect("a folder").join(".discfg");
    assert_eq!(used["file"], file.to_str().expect("a path in UTF-8"));
    place
        .args(["use", "mycfg", "-f", "raw"])
        .run()
        .code(0)
        .stdout("mycfg\n");
    place
        .args(["use", "mycfg", "-c", "other"])
        .run()
        .code(2)
        .stdout("")
        .stderr_has("other")
        .stderr_has("mycfg");
}

#[test]
fn which_shows_where_each_setting_came_from() {
    let place = Place::new();
    place
        .args(["use", "mycfg", "--region", "eu-west-3"])
        .run()
        .code(0);
    let file = place.dir().canonicalize().expect("a folder").join(".discfg");
    let file = file.to_str().expect("a path in UTF-8");
    let answer = place.args(["which", "-f", "json"]).run().code(0).json();
    assert_eq!(answer["action"], "which");
    assert_eq!(answer["file"], file);
    assert_eq!(setting(&answer, "config"), (Some("mycfg".into()), file.into()));
    assert_eq!(
        setting(&answer, "region"),
        (Some("eu-west-3".into()), file.into())
    );
    assert_eq!(
        setting(&answer, "engine"),
        (Some("dynamodb".into()), "the default".into())
    );
    assert_eq!(setting(&answer, "as").0, None);

    let place = place
        .env("DISCFG_CONFIG", "fromenv")
        .env("AWS_REGION", "us-east-2")
        .env("AWS_PROFILE", "team")
        .env("DISCFG_AS", "write");
    let variable = |name: &str| format!("the environment variable {name}");
    assert_eq!(
        which(&place, "config"),
        (Some("fromenv".into()), variable("DISCFG_CONFIG"))
    );
    assert_eq!(
        which(&place, "region"),
        (Some("us-east-2".into()), variable("AWS_REGION"))
    );
    assert_eq!(
        which(&place, "profile"),
        (Some("team".into()), variable("AWS_PROFILE"))
    );
    assert_eq!(which(&place, "as"), (Some("write".into()), variable("DISCFG_AS")));

    let flags = [
        "-c",
        "flag",
        "--region",
        "eu-north-1",
        "-p",
        "mine",
        "--as",
        "self",
    ];
    let answer = place
        .args([&["which", "-f", "json"][..], &flags].concat())
        .run()
        .code(0)
        .json();
    for (name, value) in [
        ("config", "flag"),
        ("region", "eu-north-1"),
        ("profile", "mine"),
        ("as", "self"),
    ] {
        assert_eq!(
            setting(&answer, name),
            (Some(value.into()), "the command line".into())
        );
    }
    // Also where it decides nothing, the file in force is shown.
    place
        .args([&["which"][..], &flags].concat())
        .run()
        .code(0)
        .stdout_has(file);
    place
        .args(["which", "-f", "raw"])
        .run()
        .code(0)
        .stdout("fromenv\n");
    place
        .args(["which", "-f", "yaml"])
        .run()
        .code(0)
        .stdout_has("action: which\nsettings:\n  - name: config\n    value: fromenv\n");
}

#[test]
fn where_no_config_is_chosen_which_says_so() {
    Place::new()
        .args(["which"])
        .run()
        .code(3)
        .stdout_has("not set")
        .stderr_has("no config selected")
        .stderr_has("DISCFG_CONFIG");
}

#[test]
fn the_nearest_file_upwards_is_in_force_whole() {
    let place = Place::new();
    place.write(".discfg", "config = 'far'\nregion = 'eu-west-1'\n");
    place.write("a/.discfg", "near\n");
    fs::create_dir_all(place.dir().join("a/b/c")).expect("folders");
    let seen = |folder: &str| {
        let answer = place
            .args(["which", "-f", "json"])
            .cd(folder)
            .run()
            .code(0)
            .json();
        (setting(&answer, "config").0, setting(&answer, "region").0)
    };
    assert_eq!(seen("."), (Some("far".into()), Some("eu-west-1".into())));
    assert_eq!(seen("a/b/c"), (Some("near".into()), None));
    // `use` writes into the working folder, not into the file in force.
    place.args(["use", "here"]).cd("a/b/c").run().code(0);
    assert_eq!(seen("a/b/c").0.as_deref(), Some("here"));
    assert_eq!(seen("a/b").0.as_deref(), Some("near"));
    // A folder of that name is somebody else's.
    fs::create_dir_all(place.dir().join("a/b/.discfg")).expect("a folder");
    assert_eq!(seen("a/b").0.as_deref(), Some("near"));
}

#[test]
fn a_cloned_file_may_choose_config_region_and_a_role_of_that_config() {
    let place = Place::new();
    for role in ["read", "write", "a-grant"] {
        for engine in ["dynamodb", "local"] {
            place.write(
                ".discfg",
                format!("config = 'cloned'\nregion = 'eu-west-1'\nengine = '{engine}'\nas = '{role}'\n"),
            );
            let answer = place.args(["which", "-f", "json"]).run().code(0).json();
            assert_eq!(setting(&answer, "config").0.as_deref(), Some("cloned"));
            assert_eq!(setting(&answer, "engine").0.as_deref(), Some(engine));
            assert_eq!(setting(&answer, "as").0.as_deref(), Some(role));
        }
    }
}

#[test]
fn a_cloned_file_may_not_choose_where_data_goes_or_as_whom() {
    for (line, named) in [
        (
            "engine = 'https://evil.example'",
            "the engine https://evil.example",
        ),
        ("profile = 'admin'", "the profile admin"),
        ("as = 'self'", "the identity self"),
    ] {
        let place = Place::at("http://127.0.0.1:1", &keys("id", "secret"));
        let content = format!("config = 'cloned'\n{line}\n");
        let file = place.write(".discfg", &content);
        for args in [
            &["get", "k"][..],
            &["set", "k", "v"],
            &["ls"],
            &["info"],
            &["which"],
        ] {
            place
                .args(args)
                .run()
                .code(5)
                .stdout("")
                .stderr_has(file.to_str().expect("a path in UTF-8"))
                .stderr_has(named)
                .stderr_has("discfg use --trust");
        }
        // What is said by the call is no matter of trust.
        let chosen = ["which", "--engine", "dynamodb", "-p", "mine", "--as", "read"];
        place.args(chosen).run().code(0);

        place.args(["use", "--trust"]).run().code(0).stdout_has("cloned");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), content);
        place.args(["which"]).run().code(0);
        // By content: a pull that changes the file takes the trust away.
        place.write(".discfg", format!("{content}region = 'eu-west-1'\n"));
        place.args(["which"]).run().code(5);
        // And by path: the same file elsewhere isn't trusted.
        place.write(".discfg", &content);
        place.args(["which"]).run().code(0);
        place.write("other/.discfg", &content);
        place.args(["which"]).cd("other").run().code(5);
    }
}

#[test]
fn use_does_not_take_over_what_it_does_not_trust() {
    let place = Place::new();
    place.write(".discfg", "config = 'cloned'\nprofile = 'admin'\n");
    place.args(["use", "mine"]).run().code(0).stdout_has("mine\n");
    assert_eq!(which(&place, "config").0.as_deref(), Some("mine"));
    assert_eq!(which(&place, "profile").0, None);
}

#[test]
fn a_file_that_can_not_be_understood_is_told_and_can_be_replaced() {
    let place = Place::new();
    for content in [
        &b"confg = 'a'\n"[..],
        b"Not A Name\n",
        b"config = 'UP'\n",
        b"\xff\n",
        b"as = 'No Role'\n",
    ] {
        let file = place.write(".discfg", content);
        place
            .args(["get", "k"])
            .run()
            .code(8)
            .stdout("")
            .stderr_has(file.to_str().expect("a path in UTF-8"));
    }
    place.args(["use", "mycfg"]).run().code(0);
    assert_eq!(which(&place, "config").0.as_deref(), Some("mycfg"));
}

#[test]
fn use_that_can_not_write_says_so() {
    let place = Place::new();
    fs::create_dir(place.dir().join(".discfg")).expect("a folder");
    place
        .args(["use", "mycfg"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("cannot write")
        .stderr_has(".discfg");
}

mod on_aws {
    use super::*;

    #[test]
    fn a_profile_named_with_the_call_goes_before_keys_in_the_environment() {
        let (account, place) = on_table();
        let team = account.user("team", &["*"]);
        let (id, secret) = (team.access_key_id(), team.secret_access_key());
        fs::create_dir_all(place.home().join(".aws")).expect("a folder");
        fs::write(
            place.home().join(".aws/credentials"),
            format!("[team]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"),
        )
        .expect("a file");
        fs::write(
            place.home().join(".aws/config"),
            format!("[profile team]\nregion = {REGION}\n"),
        )
        .expect("a file");
        let by = |place: &Place, args: &[&str]| {
            let set = place
                .args([&["set", "k", "v", "-f", "json"], args].concat())
                .run()
                .code(0)
                .json();
            let by = set["node"]["by"].as_str().unwrap_or_default().to_owned();
            by.rsplit(':').next().map(str::to_owned).unwrap_or_default()
        };
        assert_eq!(by(&place, &[]), "root");
        assert_eq!(by(&place, &["-p", "team"]), "user/team");
        // Named in a file it comes after the environment, as everything in a file does.
        place.args(["use", "mycfg", "-p", "team"]).run().code(0);
        assert_eq!(by(&place, &[]), "root");
        let place = place
            .without_env("AWS_ACCESS_KEY_ID")
            .without_env("AWS_SECRET_ACCESS_KEY");
        assert_eq!(by(&place, &[]), "user/team");
        // The profile's own region serves, too.
        let place = place.without_env("AWS_REGION");
        assert_eq!(by(&place, &[]), "user/team");
        assert_eq!(by(&place, &["-p", "team"]), "user/team");
    }
}
