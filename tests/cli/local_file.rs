//! The embedded engine's file as people keep it: copied, on full disks and on read-only ones, and shared with root.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use support::cli::{Call, Outcome, Place};
use support::config::embedded;
use support::serving::{Server, served_place};

fn folder(place: &Place) -> PathBuf {
    place.home().join("data/discfg")
}

/// A call on a copy of the config's database alone.
fn of_copy(place: &Place, args: &[&str]) -> Call {
    let copy = place.dir().join("copy");
    fs::create_dir_all(&copy).expect("a folder");
    fs::copy(folder(place).join("mycfg.db"), copy.join("mycfg.db")).expect("a copy");
    for end in ["-wal", "-shm"] {
        // Of the copy before.
        let _ = fs::remove_file(copy.join(format!("mycfg.db{end}")));
    }
    place.args(args).env("DISCFG_DATA_DIR", copy)
}

#[test]
fn the_database_alone_holds_what_was_written() {
    let place = embedded();
    of_copy(&place, &["info", "-f", "raw"])
        .run()
        .code(0)
        .stdout("0\n");
    place.args(["set", "db/url", "one"]).run().code(0);
    of_copy(&place, &["get", "db/url"]).run().code(0).stdout("one\n");
    place.args(["touch", "db/url", "--ttl", "1h"]).run().code(0);
    let node = of_copy(&place, &["get", "db/url", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(node["node"]["ttl"], 3600, "{node}");
    place
        .shell("i=0; while [ $i -lt 100 ]; do i=$((i+1)); discfg set many/k$i $i -q || exit; done")
        .run()
        .code(0);
    of_copy(&place, &["info", "-f", "raw"])
        .run()
        .code(0)
        .stdout("101\n");
    of_copy(&place, &["doctor"])
        .run()
        .stdout_has("SQLite's integrity check passed");
    // More than what SQLite keeps in its log.
    let values: Vec<String> = (0..600).map(|n| format!("k{n}={n:04000}")).collect();
    place
        .args([
            "import", "-d", "-", "--from", "dotenv", "--batch", "--prefix", "/large",
        ])
        .stdin(values.join("\n"))
        .run()
        .code(0);
    of_copy(&place, &["get", "large/k599"])
        .run()
        .code(0)
        .stdout(format!("{:04000}\n", 599));
    place.args(["delete", "db/url"]).run().code(0);
    of_copy(&place, &["get", "db/url"]).run().code(3);
    of_copy(&place, &["set", "db/url", "two"])
        .run()
        .code(0)
        .stdout_has("revision 3");
}

#[test]
fn the_database_alone_holds_what_a_server_wrote_once_it_stopped() {
    let place = served_place();
    let server = Server::start(&place, &[]);
    server.ask("PUT", "/v1/mycfg/db/keys/url", &[], "one");
    server.signal("TERM");
    server.end().code(0);
    of_copy(&place, &["get", "db/url"]).run().code(0).stdout("one\n");
}

#[test]
fn the_size_is_that_of_all_files() {
    let place = embedded();
    place.args(["set", "k", "v", "--secret"]).run().code(0);
    // Opened and closed here, so that reading it below changes none of them.
    place.args(["status"]).run().code(0);
    let files = fs::read_dir(folder(&place)).expect("a folder");
    let sizes = files.map(|file| file.and_then(|file| file.metadata()).expect("a file").len());
    let (files, bytes) = sizes.fold((0, 0), |(files, bytes), size| (files + 1, bytes + size));
    assert_eq!(files, 4, "the database, its log, its index and the key");
    let status = place.args(["status", "-f", "json"]).run().code(0).json();
    assert_eq!(status["bytes"], bytes);
    let configs = place
        .args(["configs", "--local", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(configs["configs"][0]["bytes"], bytes);
    place
        .args(["destroy", "mycfg", "--delete-data", "--yes"])
        .run()
        .code(0)
        .stderr_has(&format!("({bytes} bytes)"));
    assert_eq!(fs::read_dir(folder(&place)).expect("a folder").count(), 0);
}

#[test]
fn a_file_without_a_config_is_said_to_be_that() {
    let place = embedded();
    let file = |name: &str| folder(&place).join(format!("{name}.db"));
    fs::write(file("nothing"), "").expect("a file");
    fs::write(file("text"), "a text, and long enough to have a header".repeat(9)).expect("a file");
    for (name, statement) in [
        ("empty", "PRAGMA journal_mode = WAL"),
        ("foreign", "CREATE TABLE a (b)"),
    ] {
        let database = Connection::open(file(name)).expect("SQLite makes it");
        database
            .query_row(statement, [], |_| Ok(()))
            .or_else(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(()),
                error => Err(error),
            })
            .expect(statement);
    }
    for (name, code, says) in [
        ("nothing", 3, "nothing.db is an empty database"),
        ("empty", 3, "empty.db is an empty database"),
        (
            "text",
            70,
            "text.db holds no config: it is not an SQLite database",
        ),
        (
            "foreign",
            70,
            "foreign.db holds no config: it is another program's database",
        ),
    ] {
        for command in [&["get", "k"][..], &["set", "k", "v"], &["info"], &["status"]] {
            place
                .args(command)
                .and(&["-c", name])
                .run()
                .code(code)
                .stdout("")
                .stderr_has(says);
        }
    }
    let listed = place
        .args(["configs", "--local", "-f", "json"])
        .run()
        .code(0)
        .json();
    let notes: Vec<_> = listed["configs"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|config| {
            (
                config["config"].as_str(),
                config["note"]
                    .as_str()
                    .is_some_and(|note| note.contains("holds no config")),
            )
        })
        .collect();
    assert_eq!(
        notes,
        [
            (Some("empty"), true),
            (Some("foreign"), true),
            (Some("mycfg"), false),
            (Some("nothing"), true),
            (Some("text"), true)
        ]
    );
}

#[test]
fn what_is_another_programs_is_not_destroyed() {
    let place = embedded();
    let file = |name: &str| folder(&place).join(name);
    fs::write(
        file("text.db"),
        "a text, and long enough to have a header".repeat(9),
    )
    .expect("a file");
    let database = Connection::open(file("foreign.db")).expect("SQLite makes it");
    database.execute("CREATE TABLE a (b)", []).expect("a table");
    drop(database);
    fs::write(file("certificate.key"), "-----BEGIN PRIVATE KEY-----").expect("a file");
    for (name, file_name, says) in [
        (
            "text",
            "text.db",
            "text.db holds no config: it is not an SQLite database",
        ),
        (
            "foreign",
            "foreign.db",
            "foreign.db holds no config: it is another program's database",
        ),
        ("certificate", "certificate.key", "invalid key file"),
    ] {
        let before = fs::read(file(file_name)).expect("a file");
        for flags in [
            &["--delete-data", "--yes"][..],
            &["--delete-data", "--dry-run"],
            &[],
        ] {
            let outcome = place.args(["destroy", name, "--local"]).and(flags).run();
            outcome
                .code(70)
                .stdout("")
                .stderr_has(says)
                .stderr_lacks("--delete-data");
        }
        assert_eq!(fs::read(file(file_name)).expect("it is there"), before);
    }
    // What was left of a creation that was interrupted, and a config.
    fs::write(file("nothing.db"), "").expect("a file");
    for name in ["nothing", "mycfg"] {
        let call = place.args(["destroy", name, "--local", "--delete-data", "--yes"]);
        call.run().code(0);
        assert!(!file(&format!("{name}.db")).exists(), "{name}");
    }
}

#[test]
fn a_write_beyond_the_limit_on_file_sizes_fails_and_loses_nothing() {
    let place = embedded();
    place.args(["set", "db/url", "one"]).run().code(0);
    let value = "v".repeat(150_000);
    for command in [
        "set db/large -d -",
        "set db/pw -d - --secret",
        "set db/large -d - --json",
    ] {
        // In blocks of 512 bytes.
        let script = format!("ulimit -f 200; exec discfg {command}");
        let value = if command.ends_with("--json") {
            format!("\"{value}\"")
        } else {
            value.clone()
        };
        let refused = place.shell(&script).stdin(value).run().code(8).stdout("");
        refused
            .stderr_has("error: no space left to write")
            .stderr_has("because: files are limited to 102400 bytes");
    }
    for script in ["ulimit -f 200; discfg get db/url", "discfg get db/url"] {
        place.shell(script).run().code(0).stdout("one\n");
    }
    // The programs that discfg runs are still ended.
    let large = "dd if=/dev/zero of=large bs=1M count=1 2>/dev/null";
    let script = format!("ulimit -f 200; discfg exec -- sh -c '{large}'");
    place.shell(&script).run().code(128 + 25);
    place.args(["set", "db/url", "two"]).run().code(0);
    of_copy(&place, &["get", "db/url"]).run().code(0).stdout("two\n");
}

/// On a small file system, which root alone can mount.
#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let place = Place::new();
    let script = r#"
        mkdir data && mount -t tmpfs -o size=512k,mode=0700 none data || { echo NOT RUN; exit; }
        export DISCFG_DATA_DIR=$PWD/data
        dd if=/dev/zero of=data/ballast bs=1k count=100 2>/dev/null
        discfg init mycfg --local -q && discfg set db/url one -f silent || exit
        while discfg set fill/$((i += 1)) -d value -f silent 2>errors; do :; done; cat errors
        dd if=/dev/zero of=data/rest bs=4k 2>/dev/null
        discfg get db/url
        discfg set db/pw x --secret -f silent 2>errors; echo secret: $?
        discfg init other --local -f silent 2>errors; echo other: $?; ls data | grep other
        discfg serve --listen 127.0.0.1:0 -f json >serving 2>log & server=$!
        until [ -s serving ]; do sleep 0.05; done
        url=$(sed 's/.*"url":"\([^"]*\)".*/\1/' serving)
        discfg set mycfg more/k -d value --engine $url -f json 2>&1; echo API: $?
        kill $server; wait $server; echo served: $?
        rm data/rest data/ballast; discfg get db/url; discfg doctor | grep integrity; discfg set db/url two -q"#;
    place.write("value", "v".repeat(20_000));
    let unshare = Path::new("/usr/bin/unshare");
    let said = place.under(unshare, ["-m", "/bin/sh", "-c", script], &[]).run();
    let text = said.text();
    if text.contains("NOT RUN") || said.errors().contains("unshare") {
        // Nothing can be mounted here.
        return;
    }
    for part in [
        "error: no space left to write ",
        "one\nsecret: 8\nother: 8\n",
        r#""code":"storage-full""#,
        "API: 8\nserved: 0\none\nok    integrity",
        "/db/url: version 2",
    ] {
        assert!(text.contains(part), "{part} is missing: {text}{}", said.errors());
    }
}

/// On a full file system, which root alone can mount.
#[test]
fn a_full_disk_is_said_of_every_file_and_leaves_none_half_written() {
    let place = embedded();
    place.args(["set", "db/url", "one"]).run().code(0);
    place
        .args(["set", "db/large", "-d", "-"])
        .stdin("v".repeat(20_000))
        .run()
        .code(0);
    let script = r#"
        mkdir full && mount -t tmpfs -o size=64k,mode=0700 none full || { echo NOT RUN; exit; }
        cd full; echo A=1 >env; dd if=/dev/zero of=ballast bs=4k 2>/dev/null
        said() { echo "$1: $?"; tail -n 1 ../errors | grep -o '"kind":"[a-z-]*"'; }
        discfg init mycfg --local -f json >/dev/null 2>../errors; said init
        discfg use mycfg -f json >/dev/null 2>../errors; said use
        discfg export -f json --out all.json 2>../errors; echo out: $?; grep -c 'hint: free space' ../errors
        discfg export -f github-env --out env 2>../errors; echo appended: $?
        discfg export -f github-env --out new 2>../errors; echo new: $?
        discfg serve token new --name ann --read-all --file tokens -f json >/dev/null 2>../errors; said token
        ls -A; cat env"#;
    let unshare = Path::new("/usr/bin/unshare");
    let said = place.under(unshare, ["-m", "/bin/sh", "-c", script], &[]).run();
    let text = said.text();
    if text.contains("NOT RUN") || said.errors().contains("unshare") {
        // Nothing can be mounted here.
        return;
    }
    let full = "\"kind\":\"storage-full\"";
    assert_eq!(
        text,
        format!(
            "init: 8\n{full}\nuse: 8\n{full}\nout: 8\n1\nappended: 8\nnew: 8\ntoken: 8\n{full}\nballast\nenv\nA=1\n"
        ),
        "{}",
        said.errors()
    );
}

#[test]
fn an_empty_file_becomes_a_config_that_is_created() {
    let place = Place::new();
    place.args(["init", "first", "--local"]).run().code(0);
    fs::write(place.home().join("data/empty.db"), "").expect("a file");
    for result in ["created", "unchanged"] {
        let init = ["init", "empty", "--local", "-f", "raw"];
        place.args(init).run().code(0).stdout(format!("{result}\n"));
    }
}

#[test]
fn the_days_of_history_are_set_when_it_is_created_and_later() {
    let place = Place::new();
    let init = |days: &[&str], result: &str| {
        let args = [&["init", "mycfg", "--local", "-f", "raw"][..], days].concat();
        place.args(args).run().code(0).stdout(format!("{result}\n"));
    };
    let days = || {
        let database = Connection::open(folder(&place).join("mycfg.db")).expect("SQLite opens it");
        let days = database.query_row("SELECT history_days FROM meta", [], |row| row.get::<_, i64>(0));
        days.ok()
    };
    init(&["--history-days", "90", "--dry-run"], "created");
    assert!(!folder(&place).join("mycfg.db").exists());
    init(&["--history-days", "90"], "created");
    assert_eq!(days(), Some(90));
    init(&[], "unchanged");
    init(&["--history-days", "90"], "unchanged");
    init(&["--history-days", "7", "--dry-run"], "updated");
    assert_eq!(days(), Some(90));
    init(&["--history-days", "7"], "updated");
    assert_eq!(days(), Some(7));
    place.args(["set", "k", "v"]).run().code(0);
    let kept = "SELECT (expires - at) / 86400 FROM log";
    let database = Connection::open(folder(&place).join("mycfg.db")).expect("SQLite opens it");
    assert_eq!(database.query_row(kept, [], |row| row.get::<_, i64>(0)), Ok(7));
    let refused = place
        .args(["init", "mycfg", "--local", "--history-days", "7", "--kms"])
        .run();
    refused.code(2).stderr_has("a local config has no stack");
}

/// Mounted for reading alone, which root alone can do, and in a folder that its user can't write.
#[test]
fn a_read_only_config_is_read_and_a_log_next_to_it_is_not_passed_over() {
    let place = embedded();
    place.args(["set", "db/url", "one"]).run().code(0);
    let mounted = |files: &str, args: &str| {
        let script = format!(
            "mkdir -p 'a ?#%b' && cp ../home/data/discfg/{files} 'a ?#%b' && mount --bind 'a ?#%b' 'a ?#%b' && \
             mount -o remount,ro,bind 'a ?#%b' || {{ echo NOT RUN; exit; }}
             DISCFG_DATA_DIR=\"$PWD/a ?#%b\" $0 {args}; code=$?; umount 'a ?#%b'; rm -r 'a ?#%b'; exit $code"
        );
        let run = place
            .under(
                Path::new("/usr/bin/unshare"),
                ["-m", "/bin/sh", "-c", &script],
                &[],
            )
            .run();
        let is_mounted = !run.text().contains("NOT RUN") && !run.errors().contains("unshare");
        is_mounted.then_some(run)
    };
    if let Some(run) = mounted("mycfg.db", "get db/url") {
        run.code(0).stdout("one\n");
    }
    if let Some(run) = mounted("mycfg.db", "set db/url two") {
        run.code(8).stderr_has("cannot access");
    }
    // What only the log has is read where it can be, and else nothing is.
    let database = Connection::open(folder(&place).join("mycfg.db")).expect("SQLite opens it");
    database
        .execute("UPDATE entry SET value = 'two'", [])
        .expect("it is written into the log");
    if let Some(run) = mounted("mycfg.db*", "get db/url") {
        run.code(0).stdout("two\n");
    }
    if let Some(run) = mounted("mycfg.db-wal ../home/data/discfg/mycfg.db", "get db/url") {
        run.code(8).stdout("").stderr_has("cannot access");
    }
}

/// As a user who can't write there, which root becomes for it.
#[test]
fn a_config_in_a_read_only_folder_is_read_as_it_is_or_not_at_all() {
    const USER: u32 = 12345;
    let place = embedded();
    place.args(["set", "db/url", "one"]).run().code(0);
    let is_root = rustix::process::geteuid().is_root();
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    if is_root {
        for above in folder(&place).ancestors().skip(1).take(3) {
            set_mode(above, 0o755);
        }
    }
    let database = folder(&place).join("mycfg.db");
    let call = |args: &[&str]| {
        if is_root {
            for file in fs::read_dir(folder(&place)).expect("a folder") {
                chown(file.expect("a file").path(), Some(USER), Some(USER)).expect("root may");
            }
            chown(folder(&place), Some(USER), Some(USER)).expect("root may");
        }
        set_mode(&folder(&place), 0o555);
        let call = place.args(args);
        let outcome = if is_root { call.uid(USER).run() } else { call.run() };
        set_mode(&folder(&place), 0o755);
        outcome
    };
    // All that SQLite needs is there.
    call(&["get", "db/url"]).code(0).stdout("one\n");
    let refused = |outcome: Outcome| {
        outcome
            .code(8)
            .stdout("")
            .stderr_has("error: cannot access ")
            .stderr_has("because: SQLite has to create files beside it, and the folder is read-only");
    };
    let connection = Connection::open(&database).expect("SQLite opens it");
    connection
        .execute("UPDATE entry SET value = 'two'", [])
        .expect("it is written into the log");
    call(&["get", "db/url"]).code(0).stdout("two\n");
    fs::remove_file(database.with_extension("db-shm")).expect("the log's index");
    refused(call(&["get", "db/url"]));
    // What closes it last removes its log.
    drop(connection);
    drop(Connection::open(&database).and_then(|database| {
        database.execute_batch("SELECT count(*) FROM entry; PRAGMA wal_checkpoint(TRUNCATE)")
    }));
    let _ = fs::remove_file(database.with_extension("db-shm"));
    let _ = fs::remove_file(database.with_extension("db-wal"));
    refused(call(&["get", "db/url"]));
    refused(call(&["set", "db/url", "three"]));
}

/// By the rule for files that discfg finds, root uses no file of another user, who would decide what root trusts.
#[test]
fn root_leaves_no_key_in_the_folder_of_another_user() {
    let place = embedded();
    let script = "chown -R 12345 ../home/data/discfg || { echo NOT RUN; exit; }
        discfg set k v --secret; echo $?; ls ../home/data/discfg";
    let run = place.shell(script).run();
    if !run.text().contains("NOT RUN") {
        run.stdout_has("8\n").stderr_has("belongs to user 12345");
        assert!(!folder(&place).join("mycfg.key").exists());
    }
}
