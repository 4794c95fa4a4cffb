//! The action where something is wrong: it says what on the job's page, and exports nothing.

use std::fs;

use support::config::CONFIG;

use super::action::job;
use super::runner::ROOT;

#[test]
fn a_release_that_cannot_be_installed_ends_the_job() {
    let runner = job();
    let used = runner.uses(&[("version", "8.8.8"), ("config", CONFIG)]);
    used.failed("cannot install discfg");
    assert!(
        used.stderr.contains("error: version 8.8.8 not found: "),
        "{}",
        used.stderr
    );
    assert_eq!(used.path, "");
    for bad in ["1;id", "../x", "-x", "1\n::warning::x", "${{ x }}", " "] {
        runner.uses(&[("version", bad)]).failed("invalid version");
    }
    runner.uses(&[("version", "1.0")]).failed("cannot install discfg");
    for file in ["GITHUB_PATH", "GITHUB_OUTPUT"] {
        let used = runner.uses_where(&[], &[(file, "/nowhere")]);
        used.failed(&format!(
            "cannot write to {file}: it does not name a writable file"
        ));
        assert_eq!(used.path, "");
    }
}

#[test]
fn inputs_that_are_wrong_export_nothing() {
    let runner = job();
    for (inputs, said) in [
        (
            &[("config", ""), ("prefix", "db")][..],
            "cannot read keys: config is not set",
        ),
        (&[("mask", "yes")], "invalid mask: expected true or false"),
        (&[("mask", "")], "invalid mask: expected true or false"),
        (
            &[("export", "envs")],
            "invalid export: expected env, output or file",
        ),
        (&[("export", "file")], "cannot export: file is not set"),
        (&[("file", "x")], "cannot use file or format without export: file"),
        (
            &[("export", "output"), ("format", "yaml")],
            "cannot use file or format without export: file",
        ),
        (
            &[("export", "file"), ("file", "x"), ("env", "A=/stage")],
            "cannot use env with export: file",
        ),
        (
            &[("export", "file"), ("file", "x"), ("format", "github-env")],
            "cannot write this format to a file",
        ),
        (
            &[("env", "A=/stage"), ("prefix", "db")],
            "cannot use env and prefix in one step",
        ),
        (&[("env", "A=/nosuch")], "cannot export the variables of env"),
        (&[("env", "A")], "cannot export the variables of env"),
        (&[("env", "A B=/stage")], "cannot export the variables of env"),
        (
            &[("env", "A=/stage\nA=/db/url")],
            "cannot export the variables of env",
        ),
        (&[("env", "PATH=/stage")], "cannot export the variables of env"),
        (
            &[("env", "LD_PRELOAD=/stage")],
            "cannot export the variables of env",
        ),
        (
            &[("env", "A=/stage\") }}{{ get(\"/db/url")],
            "cannot export the variables of env",
        ),
        (&[("prefix", "nosuch")], "cannot read the config"),
        (&[("prefix", "$(touch touched)")], "cannot read the config"),
        (&[("prefix", "--out=touched")], "cannot read the config"),
        (&[("config", "nosuch")], "cannot read the config"),
        (&[("config", "--help")], "cannot read the config"),
        (&[("config", "x\n::add-mask::e")], "invalid config"),
        (&[("region", "x\r::add-mask::e")], "invalid region"),
        (&[("prefix", "db\r::add-mask::e")], "invalid prefix"),
        (&[("prefix", "x##[add-mask]e")], "invalid prefix"),
        (&[("env", "A=/x\r::add-mask::e")], "invalid env"),
        (
            &[("export", "file"), ("file", "x\n::add-mask::e")],
            "invalid file",
        ),
        (
            &[("export", "file"), ("file", "x"), ("format", "x\n::add-mask::e")],
            "invalid format",
        ),
    ] {
        let inputs = [&[("config", CONFIG)], inputs].concat();
        let used = runner.uses(&inputs);
        used.failed(said);
        assert!(!used.log().contains("hunter2"), "{}", used.log());
        // No input becomes a command to the runner.
        assert_eq!(used.masks(), [""; 0], "{inputs:?}");
        for file in ["touched", "x"] {
            assert!(!runner.place().dir().join(file).exists(), "{inputs:?}");
        }
    }
    runner.place().args(["set", "git/dir", "x"]).run().code(0);
    let used = runner.uses(&[("config", CONFIG)]);
    used.failed("cannot read the config");
    assert!(used.stderr.contains("GIT_DIR"), "{}", used.stderr);
}

#[test]
fn files_of_the_runner_that_cannot_be_written() {
    let runner = job();
    let folder = runner.place().dir();
    let folder = folder.to_str().expect("UTF-8");
    for env in [
        &[("config", CONFIG)][..],
        &[("config", CONFIG), ("env", "A=/stage")],
    ] {
        let used = runner.uses_where(env, &[("GITHUB_ENV", "")]);
        used.failed("cannot write to GITHUB_ENV: it is not set");
        for path in ["/nowhere", folder] {
            let used = runner.uses_where(env, &[("GITHUB_ENV", path)]);
            used.failed("cannot write to GITHUB_ENV: it does not name a writable file");
            assert_eq!(used.masks(), [""; 0]);
        }
    }
}

#[test]
fn a_full_disk_leaves_the_files_of_the_runner_as_they_were() {
    let runner = job();
    let large = "x".repeat(4_000);
    runner.place().args(["set", "large", &large]).run().code(0);
    let before = "A=1\nB=".to_owned() + &"b".repeat(1_000);
    let file = runner.place().write("env", &before);
    // A limit for the size of a file is a disk that is full at that size.
    let append = "trap '' XFSZ; ulimit -f 8; . \"$0/packaging/action/common.sh\"; create_work_folder; append large env";
    runner.place().write("large", large);
    runner
        .place()
        .shell("exec dash -c \"$0\" \"$1\"")
        .and(&[append, ROOT])
        .run()
        .code(1)
        .stdout("::error title=discfg::cannot export: writing to the file of the runner failed\n");
    assert_eq!(fs::read_to_string(file).expect("the file"), before);
}
