//! Files that another user of the machine, or a cloned repository, has put where discfg looks: none is used, none is
//! destroyed, none is repeated, and none holds a command up.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use support::cli::Place;
use support::config::{CONFIG, embedded};

/// Another user of the machine.
const FOREIGN: u32 = 12_345;

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

/// Gives the file to another user, which root alone may; as anyone else, lets others write it. What is then said of it.
fn give_away(path: &Path) -> &'static str {
    if chown(path, Some(FOREIGN), None).is_ok() {
        "belongs to user 12345, not to you"
    } else {
        chmod(path, 0o666);
        "others can write"
    }
}

pub(super) fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).expect("a named pipe");
}

/// Every file and folder below.
fn below(folder: &Path, all: &mut Vec<std::path::PathBuf>) {
    for file in fs::read_dir(folder).expect("a folder") {
        let path = file.expect("a file").path();
        if path.is_dir() {
            below(&path, all);
        }
        all.push(path);
    }
}

#[test]
fn a_file_of_another_user_in_a_sticky_folder_is_not_used_until_it_is_trusted() {
    let place = Place::new();
    chmod(&place.dir(), 0o1777);
    let file = place.write(".discfg", "config = 'theirs'\n");
    let told = give_away(&file);
    fs::create_dir(place.dir().join("mine")).expect("a folder");
    let path = file.to_str().expect("a path in UTF-8");
    for args in [&["which"][..], &["get", "k"], &["get", "-c", "other", "k"]] {
        place
            .args(args)
            .cd("mine")
            .run()
            .code(5)
            .stdout("")
            .stderr_has(path)
            .stderr_has("refusing to use")
            .stderr_has(told)
            .stderr_has("discfg use --trust")
            .stderr_lacks("theirs");
    }
    place
        .args(["use", "--trust"])
        .cd("mine")
        .run()
        .code(0)
        .stdout_has("theirs");
    place
        .args(["which", "-f", "raw"])
        .cd("mine")
        .run()
        .code(0)
        .stdout("theirs\n");
    // What was trusted is what it held then.
    fs::write(&file, "config = 'changed'\n").expect("it is written");
    place.args(["which"]).cd("mine").run().code(5);
    // One of one's own is nearer.
    place.args(["use", "own"]).cd("mine").run().code(0);
    place
        .args(["which", "-f", "raw"])
        .cd("mine")
        .run()
        .code(0)
        .stdout("own\n");
}

#[test]
fn a_file_that_others_can_change_is_not_used() {
    let place = Place::new();
    let file = place.write(".discfg", "config = 'mine'\n");
    chmod(&file, 0o666);
    place
        .args(["which"])
        .run()
        .code(5)
        .stderr_has(&format!("others can write {} (mode 0666)", file.display()))
        .stderr_has(&format!("chmod go-w {}", file.display()));
    chmod(&file, 0o644);
    place.args(["which"]).run().code(0);
    chmod(&place.dir(), 0o777);
    place
        .args(["which"])
        .run()
        .code(5)
        .stderr_has("others can write")
        .stderr_has("(mode 0777)");
    place.args(["use", "--trust"]).run().code(0);
    place.args(["which"]).run().code(0);
}

#[test]
fn what_a_link_a_pipe_or_a_large_file_holds_is_neither_waited_for_nor_read_nor_repeated() {
    let place = Place::new();
    let file = place.dir().join(".discfg");
    let secret = place.write("secret", "hunter2\n");
    let make: [(&str, &dyn Fn()); 5] = [
        ("is a symbolic link", &|| symlink(&secret, &file).expect("a link")),
        ("is a symbolic link", &|| {
            symlink("/dev/zero", &file).expect("a link");
        }),
        ("is a symbolic link", &|| {
            symlink("/nowhere", &file).expect("a link");
        }),
        ("is a named pipe", &|| pipe(&file)),
        ("is too large (at most 65,536 bytes)", &|| {
            let large = fs::File::create(&file).expect("a file");
            large.set_len(1 << 40).expect("a sparse file");
        }),
    ];
    for (told, make) in make {
        make();
        for args in [&["which"][..], &["get", "k"], &["use", "--trust"]] {
            place
                .args(args)
                .run()
                .code(8)
                .stdout("")
                .stderr_has(told)
                .stderr_has("hint: ")
                .stderr_lacks("hunter");
        }
        fs::remove_file(&file).expect("it is there");
    }
    // A file that was named so by mistake.
    for content in [
        "hunter2 and more\n",
        "HUNTER2\n",
        "password = 'hunter2'\n",
        "[hunter2\n",
        "config = 'Hunter2'\n",
    ] {
        place.write(".discfg", content);
        let told = place
            .args(["which"])
            .run()
            .code(8)
            .stdout("")
            .stderr_has(".discfg");
        assert!(
            !told.errors().to_lowercase().contains("hunter2"),
            "{}",
            told.errors()
        );
    }
}

#[test]
fn use_and_init_write_no_file_that_a_link_leads_to() {
    for args in [&["use", "mycfg"][..], &["use", "mycfg", "--region", "eu-west-1"]] {
        let place = Place::new();
        let profile = place.home().join(".profile");
        fs::write(&profile, "export PATH\n").expect("a file");
        symlink(&profile, place.dir().join(".discfg")).expect("a link");
        place.args(args).run().code(0);
        assert_eq!(fs::read(&profile).expect("it is there"), b"export PATH\n");
        let written = fs::symlink_metadata(place.dir().join(".discfg")).expect("it is there");
        assert!(written.is_file());
        place.args(["which", "-f", "raw"]).run().code(0).stdout("mycfg\n");
    }
    let place = Place::new();
    let victim = place.home().join("victim");
    symlink(&victim, place.dir().join(".discfg")).expect("a link");
    place.args(["init", CONFIG, "--local"]).run().code(8);
    assert!(!victim.exists());
}

#[test]
fn whatever_the_umask_is_nobody_else_can_change_what_is_written() {
    let place = Place::new();
    place
        .shell(
            "umask 000; discfg init mycfg --local -q && discfg set k v -q && discfg set s --secret -q < /etc/hostname \
             && discfg serve token new --file ../home/tokens --name a --read-all > ../home/token \
             && chmod 600 ../home/token \
             && discfg use mycfg --engine https://config.example --token-file ../home/token",
        )
        .run()
        .code(0)
        .stderr_lacks("warning");
    let mut all = vec![place.dir().join(".discfg")];
    below(&place.home(), &mut all);
    let named = |name: &str| all.iter().any(|path| path.ends_with(name));
    for name in [
        "mycfg.db",
        "mycfg.key",
        "config/discfg/tokens",
        "state/discfg/trusted",
        "home/tokens",
    ] {
        assert!(named(name), "{name} in {all:?}");
    }
    for path in all {
        let mode = fs::metadata(&path).expect("it is there").mode() & 0o777;
        let wanted = if path.ends_with(".discfg") { 0o022 } else { 0o077 };
        // The XDG folders of the place are made by discfg, too.
        assert_eq!(mode & wanted, 0, "{} has mode {mode:o}", path.display());
    }
}

#[test]
fn a_mark_of_trust_that_another_user_can_set_is_none() {
    let place = Place::new();
    place.write(".discfg", "config = 'cloned'\nprofile = 'admin'\n");
    place.args(["use", "--trust"]).run().code(0);
    place.args(["which"]).run().code(0);
    let marks = place.home().join("state/discfg/trusted");
    let mark = fs::read_dir(&marks)
        .expect("a folder")
        .next()
        .expect("a mark")
        .expect("a mark")
        .path();
    let refused = |told: &str| {
        place
            .args(["which"])
            .run()
            .code(5)
            .stderr_has("did not write it on this machine")
            .stderr_has(told);
    };
    chmod(&marks, 0o777);
    refused("others can write");
    // And none is set there.
    place
        .args(["use", "--trust"])
        .run()
        .code(8)
        .stdout("")
        .stderr_has("cannot save")
        .stderr_has("chmod go-w");
    chmod(&marks, 0o700);
    place.args(["which"]).run().code(0);
    let content = fs::read(&mark).expect("it is there");
    fs::remove_file(&mark).expect("it is there");
    place.write("theirs", &content);
    symlink(place.dir().join("theirs"), &mark).expect("a link");
    refused("symbolic link");
    fs::remove_file(&mark).expect("it is there");
    fs::write(&mark, &content).expect("it is written");
    place.args(["which"]).run().code(0);
    refused(give_away(&mark));
}

#[test]
fn a_database_or_key_that_others_could_have_made_is_not_used() {
    let place = embedded();
    let folder = place.home().join("data/discfg");
    let database = folder.join("mycfg.db");
    place
        .args(["set", "s", "--secret", "-q"])
        .stdin("hunter2")
        .run()
        .code(0);
    place.args(["set", "k", "v", "-q"]).run().code(0);
    let commands = [
        &["get", "k"][..],
        &["set", "k", "w"],
        &["init", CONFIG, "--local"],
        &["ls"],
    ];
    let refused = |path: &Path, told: &str| {
        for args in commands {
            place
                .args(args)
                .run()
                .code(8)
                .stdout("")
                .stderr_has(path.to_str().expect("a path in UTF-8"))
                .stderr_has(told)
                .stderr_has("hint: ");
        }
    };
    let write_ahead = folder.join("mycfg.db-wal");
    for path in [&database, &write_ahead, &folder] {
        let before = fs::metadata(path).expect("it is there").mode() & 0o7777;
        chmod(path, 0o777);
        refused(path, "others can write");
        chmod(path, before);
    }
    place.args(["get", "k"]).run().code(0).stdout("v\n");
    // A log that was put beside it would be taken into it.
    let kept = folder.join("kept");
    for path in [&database, &write_ahead] {
        fs::rename(path, &kept).expect("it is there");
        symlink(&kept, path).expect("a link");
        refused(path, "symbolic link");
        fs::remove_file(path).expect("it is there");
        pipe(path);
        refused(path, "named pipe");
        fs::remove_file(path).expect("it is there");
        fs::rename(&kept, path).expect("it is there");
    }
    let key = folder.join("mycfg.key");
    for mode in [0o666, 0o640, 0o604] {
        chmod(&key, mode);
        for args in [&["get", "s"][..], &["set", "t", "--secret"]] {
            place
                .args(args)
                .stdin("x")
                .run()
                .code(8)
                .stdout("")
                .stderr_has(&format!("mycfg.key (mode {mode:04o})"))
                .stderr_has("hint: run `chmod go")
                .stderr_lacks("hunter");
        }
    }
    chmod(&key, 0o600);
    place.args(["get", "s"]).run().code(0).stdout("hunter2\n");
    // A key that was made beforehand, for the first secret to be encrypted with.
    place.args(["init", "other", "--local", "-q"]).run().code(0);
    let planted = folder.join("other.key");
    fs::write(&planted, [7; 32]).expect("a file");
    chmod(&planted, 0o666);
    place
        .args(["set", "-c", "other", "s", "--secret"])
        .stdin("hunter2")
        .run()
        .code(8)
        .stderr_has("others can write");
    // And a database.
    let planted = folder.join("third.db");
    fs::write(&planted, "").expect("a file");
    chmod(&planted, 0o666);
    place
        .args(["init", "third", "--local"])
        .run()
        .code(8)
        .stderr_has("others can write");
    refused(&database, give_away(&database));
}

#[test]
fn files_that_are_named_are_judged_where_links_lead() {
    let place = embedded();
    let new = |file: &str| {
        place
            .args([
                "serve",
                "token",
                "new",
                "--file",
                file,
                "--name",
                "a",
                "--read-all",
            ])
            .run()
    };
    let list = |file: &str| place.args(["serve", "token", "list", "--file", file]).run();
    new("tokens").code(0);
    let tokens = place.dir().join("tokens");
    // As Kubernetes mounts a secret.
    fs::create_dir(place.dir().join("..v1")).expect("a folder");
    fs::rename(&tokens, place.dir().join("..v1/tokens")).expect("it is there");
    symlink("..v1", place.dir().join("..data")).expect("a link");
    symlink("..data/tokens", &tokens).expect("a link");
    list("tokens").code(0).stderr("");
    chmod(&tokens, 0o644);
    list("tokens")
        .code(0)
        .stdout_has("a reads")
        .stderr_has("warning: others can read tokens (mode 0644)");
    chmod(&tokens, 0o666);
    list("tokens")
        .code(8)
        .stdout("")
        .stderr_has("others can write tokens (mode 0666)");
    chmod(&tokens, 0o600);
    list("tokens").code(0);
    let told = give_away(&tokens);
    list("tokens").code(8).stdout("").stderr_has(told);
    pipe(&place.dir().join("pipe"));
    list("pipe")
        .code(8)
        .stderr_has("is a named pipe, not a regular file");
    new("pipe").code(8).stderr_has("is a named pipe");
    symlink("/dev/zero", place.dir().join("zero")).expect("a link");
    list("zero").code(8).stderr_has("is a device, not a regular file");
    place.write("secret", "password = 'hunter2'\n");
    list("secret")
        .code(8)
        .stderr_has("invalid line 1 in the token file secret")
        .stderr_lacks("hunter");
    // The token of a client.
    let keep = |file: &str| {
        place
            .args([
                "use",
                CONFIG,
                "--engine",
                "https://config.example",
                "--token-file",
                file,
            ])
            .run()
    };
    let token = place.write("token", "abc\n");
    chmod(&token, 0o644);
    keep("token")
        .code(0)
        .stderr_has("warning: others can read token (mode 0644)");
    chmod(&token, 0o602);
    keep("token")
        .code(8)
        .stderr_has("others can write token")
        .stderr_has("chmod go-w token");
}

#[test]
fn a_certificate_is_read_as_platforms_mount_it_and_a_key_that_others_can_write_is_not() {
    let place = embedded();
    let authority = support::tls::Authority::new("Company");
    let (certificate, key) = authority.certify("localhost");
    place.write("..v1/tls.crt", certificate);
    let real = place.write("..v1/tls.key", key);
    symlink("..v1", place.dir().join("..data")).expect("a link");
    for name in ["tls.crt", "tls.key"] {
        symlink(format!("..data/{name}"), place.dir().join(name)).expect("a link");
    }
    let args = [
        "serve",
        "-f",
        "json",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        "tls.crt",
        "--tls-key",
        "tls.key",
    ];
    chmod(&real, 0o644);
    let server = place.args(args).start();
    server.says("others can read tls.key (mode 0644)");
    assert_eq!(server.json()["action"], "serve");
    server.signal("TERM");
    server.end().code(0);
    let refused = |told: &str| place.args(args).run().code(8).stdout("").stderr_has(told);
    chmod(&real, 0o666);
    refused("others can write tls.key (mode 0666)");
    fs::remove_file(&real).expect("it is there");
    pipe(&real);
    refused("is a named pipe");
    fs::remove_file(&real).expect("it is there");
    fs::write(&real, "-----BEGIN hunter2\n").expect("a file");
    refused("tls.key is not valid PEM").stderr_lacks("hunter");
}

mod on_aws {
    use support::account::keys;
    use support::emulator::Emulator;
    use support::proxy::Proxy;

    use super::*;

    /// Puts a file with that content there, of one sort or another.
    type Make<'m> = &'m dyn Fn(&Path, &str);

    #[test]
    fn credentials_that_were_planted_in_a_shared_cache_are_not_used() {
        let account = Emulator::shared().account();
        let proxy = Proxy::before(Emulator::shared());
        let place = Place::at(proxy.url(), &account.admin()).env("DISCFG_CONFIG", CONFIG);
        place.args(["init", CONFIG, "--yes", "-q"]).run().code(0);
        place.args(["set", "k", "v", "-q"]).run().code(0);
        place.args(["get", "k"]).run().code(0).stdout("v\n").stderr("");
        let cache = place.home().join("cache/discfg");
        let role = fs::read_dir(&cache)
            .expect("a folder")
            .map(|file| file.expect("a file").path());
        let roles: Vec<_> = role
            .filter(|path| {
                path.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("role-"))
            })
            .collect();
        assert_eq!(roles.len(), 2, "for reading and writing: {roles:?}");
        // Those of somebody whom discfg would then act as.
        let planted = |path: &Path| {
            let kept: serde_json::Value =
                serde_json::from_slice(&fs::read(path).expect("it is there")).expect("JSON");
            let who = keys("AKIAPLANTED", "secret");
            let mut kept = kept;
            kept["access_key_id"] = who.access_key_id().into();
            kept.to_string()
        };
        let contents: Vec<String> = roles.iter().map(|path| planted(path)).collect();
        let plant = |make: Make<'_>| {
            for (path, content) in roles.iter().zip(&contents) {
                let _ = fs::remove_file(path);
                make(path, content);
            }
        };
        let written = |mode| {
            move |path: &Path, content: &str| {
                fs::write(path, content).expect("a file");
                chmod(path, mode);
            }
        };
        let elsewhere = place.dir();
        let makes: [(&str, Make<'_>); 5] = [
            ("others can write", &written(0o666)),
            ("others can read", &written(0o644)),
            ("symbolic link", &|path, content| {
                let real = elsewhere.join("planted");
                fs::write(&real, content).expect("a file");
                chmod(&real, 0o600);
                symlink(&real, path).expect("a link");
            }),
            ("named pipe", &|path, _| pipe(path)),
            ("", &|path, content| {
                fs::write(path, content).expect("a file");
                chmod(path, 0o600);
                give_away(path);
            }),
        ];
        for (told, make) in makes {
            plant(make);
            proxy.forget();
            place
                .args(["get", "k"])
                .run()
                .code(0)
                .stdout("v\n")
                .stderr_has("warning: ignoring cached credentials: ")
                .stderr_has(told)
                .stderr_has("hint: ");
            assert_eq!(proxy.operations(), ["AssumeRole", "GetItem"], "{told}");
            for request in proxy.requests() {
                assert!(!format!("{:?}", request.message.headers).contains("AKIAPLANTED"));
            }
            // What was planted has gone with it.
            place.args(["get", "k"]).run().code(0).stdout("v\n").stderr("");
        }
        // The folder itself.
        plant(&written(0o600));
        for (open, mode) in [(cache.clone(), 0o777), (place.home().join("cache"), 0o777)] {
            chmod(&open, mode);
            proxy.forget();
            let told = place.args(["get", "k"]).run().code(0).stdout("v\n");
            assert_eq!(told.errors().matches("warning").count(), 1, "{}", told.errors());
            told.stderr_has(&format!("others can write {} (mode 0777)", open.display()));
            assert!(proxy.operations().contains(&"AssumeRole".to_owned()));
            chmod(&open, 0o700);
        }
    }
}

#[test]
fn a_named_pipe_is_not_waited_for_and_one_of_the_shells_is_read() {
    let place = embedded();
    pipe(&place.dir().join("pipe"));
    let keep = "discfg use mycfg --engine https://config.example --token-file";
    place
        .shell(&format!("timeout 20 {keep} pipe"))
        .run()
        .code(8)
        .stderr_has("pipe is a named pipe");
    place
        .shell(&format!("printf abc | {keep} /dev/stdin"))
        .run()
        .code(0);
    // As bash passes `<(command)`.
    place
        .shell(&format!("printf abc | {{ {keep} /dev/fd/3 3<&0; }}"))
        .run()
        .code(0);
}
