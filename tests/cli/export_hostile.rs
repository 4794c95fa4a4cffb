//! `export` where what it writes decides what runs, or where it goes is not the caller's own.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use support::config::embedded;

#[test]
fn the_environment_file_of_a_runner_is_private_and_judged() {
    let place = embedded();
    place.args(["set", "a", "1"]).run().code(0);
    let at = |name: &str| place.dir().join(name);
    let mode = |name: &str| fs::metadata(at(name)).expect("a file").permissions().mode() & 0o777;
    let append = |out: &str| {
        let script = format!("umask 0; exec discfg export -f github-env --out {out}");
        place.shell(&script).run()
    };
    append("env").code(0).stderr("");
    assert_eq!(mode("env"), 0o600);
    // As runners put it there.
    symlink("env", at("link")).expect("a link");
    append("link").code(0).stderr("");
    assert_eq!(
        fs::read_to_string(at("env"))
            .expect("a file")
            .matches("A<<")
            .count(),
        2
    );
    fs::set_permissions(at("env"), fs::Permissions::from_mode(0o666)).expect("it is ours");
    append("link")
        .code(0)
        .stderr_has("warning: others can write link (mode 0666)");
    super::hostile_files::pipe(&at("pipe"));
    symlink("pipe", at("to-pipe")).expect("a link");
    for out in ["pipe", "to-pipe", "/dev/null"] {
        append(out).code(8).stderr_has("not a regular file");
    }
    symlink("new", at("dangling")).expect("a link");
    append("dangling").code(0);
    assert_eq!(mode("new"), 0o600);
}

#[test]
fn variables_that_decide_what_runs_are_not_exported() {
    let place = embedded();
    for key in [
        "gh/path",
        "gh/bash/env",
        "gh/ld/preload",
        "gh/git/ssh/command",
        "gh/ifs",
        "gh/makeflags",
        "gh/https/proxy",
        "gh/aws/profile",
        "gh/fine",
    ] {
        place.args(["set", key, "x"]).run().code(0);
    }
    for format in ["github-env", "shell", "dotenv", "docker-env"] {
        let export = ["export", "--prefix", "/gh", "-f", format];
        place
            .args(export)
            .run()
            .code(8)
            .stdout("")
            .stderr_has("PATH (from key /gh/path)")
            .stderr_has("LD_PRELOAD (from key /gh/ld/preload)")
            .stderr_has("MAKEFLAGS (from key /gh/makeflags)")
            .stderr_has("HTTPS_PROXY (from key /gh/https/proxy)")
            .stderr_has("AWS_PROFILE (from key /gh/aws/profile)")
            .stderr_has("--allow-env NAME");
        let names = [
            "PATH",
            "BASH_ENV",
            "LD_PRELOAD",
            "GIT_SSH_COMMAND",
            "IFS",
            "MAKEFLAGS",
            "HTTPS_PROXY",
            "AWS_PROFILE",
        ];
        let allowed = names.iter().flat_map(|name| ["--allow-env", name]);
        place
            .args(export.into_iter().chain(allowed))
            .run()
            .code(0)
            .stdout_has("FINE");
    }
    // A name that isn't a variable of a process decides nothing.
    place
        .args(["export", "--prefix", "/gh", "-f", "tfvars"])
        .run()
        .code(0);
    place.args(["export", "--prefix", "/gh"]).run().code(0);
    // Such a name is refused in a Kubernetes object, which becomes the environment of a container.
    place.args(["set", "k8s/PATH", "x"]).run().code(0);
    place
        .args(["export", "--prefix", "/k8s", "-f", "k8s-configmap"])
        .run()
        .code(8)
        .stderr_has("PATH (from key /k8s/PATH)");
}

#[test]
fn a_variable_that_a_shell_keeps_for_itself_is_not_exported_to_it() {
    let place = embedded();
    for key in ["username", "db/username"] {
        place.args(["set", key, "ann"]).run().code(0);
    }
    let said = "error: cannot write the key /username as shell: shells use the variable USERNAME themselves\n  hint: rename the key, ";
    for allowed in [&[][..], &["--allow-env", "USERNAME"]] {
        let call = place.args(["export", "-f", "shell"]).and(allowed).run();
        call.code(8).stdout("").stderr_has(said);
    }
    for format in ["dotenv", "docker-env", "github-env", "fish", "tfvars"] {
        place
            .args(["export", "-f", format])
            .run()
            .code(0)
            .stdout_has("DB_USERNAME");
    }
    place
        .args(["exec", "--", "sh", "-c", "echo $USERNAME"])
        .run()
        .code(0)
        .stdout("ann\n");
}
