use super::*;
use crate::context::FILE_NAME;

fn settle(
    folder: &Path,
    variables: &[(&str, &str)],
    choices: Choices,
    trust: &TrustedFiles,
) -> Result<Target, TargetError> {
    let environment = |name: &str| {
        variables
            .iter()
            .find(|(variable, _)| *variable == name)
            .map(|(_, value)| (*value).to_owned())
    };
    Target::settle(
        choices,
        &Surroundings {
            environment: &environment,
            folder,
            trust,
        },
    )
}

fn folder_with(content: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(FILE_NAME), content).expect("a file");
    folder
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let folder = folder_with("config = 'file'\nregion = 'eu-west-1'\n");
    let below = folder.path().join("a/b");
    std::fs::create_dir_all(&below).expect("folders");
    let trust = TrustedFiles::at(folder.path().join("trust"));
    let config = |variables: &[(&str, &str)], choices| {
        let target = settle(&below, variables, choices, &trust).expect("settled");
        target.config.map(|setting| setting.value.to_string())
    };
    assert_eq!(config(&[], Choices::default()).as_deref(), Some("file"));
    assert_eq!(
        config(&[("DISCFG_CONFIG", "env")], Choices::default()).as_deref(),
        Some("env")
    );
    let flag = Choices {
        config: Some("flag".parse().expect("a name")),
        ..Choices::default()
    };
    assert_eq!(config(&[("DISCFG_CONFIG", "env")], flag).as_deref(), Some("flag"));
}

#[test]
fn a_bare_name_is_a_config() {
    let folder = folder_with("mycfg\n");
    let trust = TrustedFiles::at(folder.path().join("trust"));
    let target = settle(folder.path(), &[], Choices::default(), &trust).expect("settled");
    assert_eq!(target.config().expect("a config").as_str(), "mycfg");
}

#[test]
fn a_file_that_use_did_not_write_decides_no_destination() {
    for line in [
        "engine = 'https://evil.example'",
        "profile = 'admin'",
        "as = 'self'",
    ] {
        let folder = folder_with(&format!("config = 'a'\n{line}\n"));
        let trust = TrustedFiles::at(folder.path().join("trust"));
        let error = settle(folder.path(), &[], Choices::default(), &trust).expect_err(line);
        assert!(matches!(error, TargetError::Untrusted { .. }), "{error}");
        let found = FoundTargetFile::read(folder.path()).expect("readable");
        trust.remember(&found.expect("it is there")).expect("remembered");
        settle(folder.path(), &[], Choices::default(), &trust).expect("trusted now");
        std::fs::write(folder.path().join(FILE_NAME), format!("config = 'b'\n{line}\n")).expect("changed");
        settle(folder.path(), &[], Choices::default(), &trust).expect_err("changed since");
    }
    let folder = folder_with("config = 'a'\nregion = 'eu-west-1'\nas = 'write'\nengine = 'local'\n");
    let trust = TrustedFiles::at(folder.path().join("trust"));
    settle(folder.path(), &[], Choices::default(), &trust).expect("needs no trust");
}

#[test]
fn what_is_trusted_is_what_was_read_whatever_the_file_has_become() {
    let folder = folder_with("config = 'seen'\nprofile = 'admin'\n");
    let trust = TrustedFiles::at(folder.path().join("trust"));
    let seen = FoundTargetFile::read(folder.path())
        .expect("readable")
        .expect("there");
    std::fs::write(
        folder.path().join(FILE_NAME),
        "config = 'other'\nprofile = 'admin'\n",
    )
    .expect("swapped");
    trust.remember(&seen).expect("remembered");
    assert!(trust.holds(&seen));
    let content = trust.content_of(&seen).expect("as it was read");
    assert_eq!(content.config.expect("a name").as_str(), "seen");
    let error = settle(folder.path(), &[], Choices::default(), &trust).expect_err("swapped");
    assert!(matches!(error, TargetError::Untrusted { .. }), "{error}");
}

#[test]
fn a_malformed_file_is_told() {
    for content in ["config = 1\n", "confg = 'a'\n", "No Name\n", "config = 'A'\n"] {
        let folder = folder_with(content);
        let trust = TrustedFiles::at(folder.path().join("trust"));
        let error = settle(folder.path(), &[], Choices::default(), &trust).expect_err(content);
        assert!(matches!(error, TargetError::Malformed { .. }), "{error}");
    }
}
