use super::*;

fn file(is_config: bool, content: &str) -> Result<SharedFile, AwsError> {
    SharedFile::of("/home/ann/.aws/file".into(), is_config, content.into())
}

fn files(config: &str, credentials: &str) -> SharedFiles {
    let of = |is_config, content| file(is_config, content).expect("it is UTF-8");
    SharedFiles(vec![of(true, config), of(false, credentials)])
}

#[test]
fn the_last_setting_of_a_profile_is_found_with_its_place() {
    let found = files(
        "\u{feff}[default]\nregion = eu-west-1\n[profile \"dev\"]\nregion=eu-west-2 # London\nregion =\n  sub = 1\n",
        "[dev]\nregion = eu-west-3\n",
    );
    let setting = |profile: &str| {
        found
            .find(profile, "region")
            .map(|found| (found.value, found.place))
    };
    let place = |line: u8| format!("/home/ann/.aws/file, line {line}");
    assert_eq!(setting("default"), Some(("eu-west-1".into(), place(2))));
    assert_eq!(setting("dev"), Some(("eu-west-3".into(), place(2))));
    assert_eq!(setting("nosuch"), None);
    let config = files("[profile 'dev']\nregion = a ; b\nregion =\n", "");
    assert_eq!(config.find("dev", "region").expect("it is set").value, "a");
}

#[test]
fn a_profile_that_is_not_found_is_named_with_what_was_meant() {
    let found = files(
        "[dev]\n[profile my app]\n[profile ok]\n[sso-session s]\n",
        "[profile ci]\n[keys]\n",
    );
    let checked = |name: &str| found.check_profile(name).map_err(|error| error.to_string());
    for name in ["default", "ok", "keys"] {
        assert_eq!(checked(name), Ok(()), "{name}");
    }
    for (name, problem) in [
        ("dev", "/home/ann/.aws/file, line 1: [dev] must be [profile dev]"),
        ("my app", "/home/ann/.aws/file, line 2: its name has a space"),
        ("ci", "/home/ann/.aws/file, line 1: [profile ci] must be [ci]"),
        ("s", "not in /home/ann/.aws/file or /home/ann/.aws/file"),
    ] {
        let words = format!("AWS profile {name:?} not found: {problem}");
        assert_eq!(checked(name), Err(words));
    }
    let none = SharedFiles::default()
        .check_profile("dev")
        .expect_err("there are no files");
    assert_eq!(
        none.to_string(),
        "AWS profile \"dev\" not found: there are no AWS config files"
    );
}

#[test]
fn an_empty_setting_is_left_out_and_a_block_refused_where_a_value_is_due() {
    let kept = |content: &str| {
        let file = file(true, content).expect("UTF-8");
        let kept = file.without_empty_settings();
        kept.map(|file| file.content).map_err(|error| error.to_string())
    };
    assert_eq!(
        kept("[default]\r\nrole_arn =\r\nregion = a\n\t# c\nsso_session = ; none\ns3 =\n\n  x = 1\nx =")
            .expect("fine"),
        "[default]\r\n\nregion = a\n\n\ns3 =\n\n  x = 1\n\n"
    );
    let error = "invalid Max_Attempts in /home/ann/.aws/file, line 3: expected a value on this line, not an indented block below it";
    for block in ["Max_Attempts =\n  x = 1\n", "Max_Attempts = 1\n# c\n\n\tx"] {
        assert_eq!(kept(&format!("[default]\n\n{block}")), Err(error.into()));
    }
}

#[tokio::test]
async fn a_fault_is_named_with_its_line() {
    for (content, line) in [
        ("region = eu-west-1\n", 1),
        ("[default]\nregion eu-west-1\n", 2),
        ("[default]\n\n[profile x\n", 3),
        ("[default]\n= 1\n", 2),
    ] {
        let checked = file(true, content).expect("it is UTF-8").check().await;
        let error = checked.expect_err(content).to_string();
        assert!(
            error.starts_with(&format!("invalid /home/ann/.aws/file at line {line}: ")),
            "{error}"
        );
    }
    file(true, "\u{feff}[default]\r\nregion = a\r\n")
        .expect("UTF-8")
        .check()
        .await
        .expect("it is well-formed");
    let error = SharedFile::of("f".into(), true, b"[default]\na = \xff\n".to_vec()).expect_err("no UTF-8");
    assert_eq!(error.to_string(), "invalid f at line 2: not valid UTF-8");
}
