//! The embedded engine as many processes meet it: side by side, killed, and for its owner alone.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use rusqlite::Connection;

use support::cli::Place;
use support::config::embedded;

/// The config's file, opened by a client that is not ours.
fn database(place: &Place) -> Connection {
    Connection::open(place.home().join("data/discfg/mycfg.db")).expect("SQLite opens it")
}

fn number(database: &Connection, query: &str) -> i64 {
    database
        .query_row(query, [], |row| row.get(0))
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

#[test]
fn eight_processes_lose_nothing() {
    const WRITERS: usize = 8;
    const SETS: usize = 100;
    let place = embedded();
    let acknowledged: Vec<String> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|me| {
                let place = &place;
                // By turns to one key for all and to a key of its own.
                let script = format!(
                    "i=0; while [ $i -lt {SETS} ]; do i=$((i+1)); \
                     if [ $((i % 2)) = 0 ]; then key=race/same; else key=race/w{me}-$i; fi; \
                     discfg set $key {me}-$i -f raw || exit; done"
                );
                scope.spawn(move || place.shell(&script).run().code(0).stderr("").text())
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().expect("it ends"))
            .collect()
    });
    let revisions: Vec<u64> = acknowledged
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| line.parse().expect("a revision"))
        .collect();
    let apart: BTreeSet<u64> = revisions.iter().copied().collect();
    assert_eq!(revisions.len(), WRITERS * SETS);
    assert_eq!(
        apart.len(),
        WRITERS * SETS,
        "each commit has a revision of its own"
    );
    assert_eq!(apart.last(), Some(&((WRITERS * SETS) as u64)));

    let same = place
        .args(["get", "race/same", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(same["node"]["version"], WRITERS * SETS / 2);
    let listing = place
        .args(["ls", "race", "-r", "--values", "-f", "json"])
        .run()
        .code(0)
        .json();
    let nodes = listing["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), WRITERS * SETS / 2 + 1);
    for node in nodes.iter().filter(|node| node["key"] != "/race/same") {
        let (key, value) = (node["key"].as_str(), node["value"].as_str());
        assert_eq!(key, value.map(|value| format!("/race/w{value}")).as_deref());
        assert_eq!(node["version"], 1);
    }
    place.args(["info", "-f", "raw"]).run().code(0).stdout("800\n");
    let database = database(&place);
    assert_eq!(number(&database, "SELECT COUNT(*) FROM log"), 800);
    assert_eq!(number(&database, "SELECT COUNT(DISTINCT revision) FROM log"), 800);
    // Each line's predecessor is the one before it: `prevNode` is what was really there.
    assert_eq!(
        number(
            &database,
            "SELECT COUNT(*) FROM log AS line WHERE key = '/race/same' AND prev_revision IS NOT \
             (SELECT MAX(revision) FROM log WHERE key = line.key AND revision < line.revision)"
        ),
        0
    );
}

#[test]
fn a_kill_loses_no_acknowledged_write() {
    let place = embedded();
    // From before a process has begun to after it has ended, so that the kills come at every point of a write.
    let said = place
        .shell(
            "i=0; ended=0; us=1000
            while [ $ended -lt 10 ] && [ $us -lt 900000 ]; do
                i=$((i+1)); us=$((us + us / 25 + 1))
                discfg set kill/same $i -q -f silent & pid=$!
                sleep $(printf 0.%06d $us); kill -9 $pid
                wait $pid && ended=$((ended+1)) && echo acknowledged $i
            done 2>/dev/null
            discfg set kill/same last -f raw",
        )
        .run()
        .code(0)
        .text();
    let acknowledged: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("acknowledged "))
        .collect();
    assert!(!acknowledged.is_empty(), "all were killed: {said}");

    let database = database(&place);
    let logged: Vec<(i64, Option<i64>, String)> = database
        .prepare("SELECT revision, prev_revision, CAST(value AS TEXT) FROM log ORDER BY revision")
        .and_then(|mut query| {
            query
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })
        .expect("a log");
    for (index, (revision, previous, _)) in (1..).zip(&logged) {
        assert_eq!(*revision, index, "the log has no gap");
        assert_eq!(*previous, Some(index - 1).filter(|revision| *revision > 0));
    }
    for value in acknowledged {
        assert!(
            logged.iter().any(|line| line.2 == value),
            "{value} is lost: {logged:?}"
        );
    }
    let node = place
        .args(["get", "kill/same", "-f", "json"])
        .run()
        .code(0)
        .json();
    assert_eq!(node["node"]["value"], "last");
    assert_eq!(node["node"]["version"], logged.len());
    place
        .args(["info"])
        .run()
        .code(0)
        .stdout_has("state    ok\n")
        .stdout_has(&format!("version  {}\n", logged.len()));
}

#[test]
fn its_files_are_for_their_owner_alone() {
    let place = Place::new();
    place
        .shell("umask 0; discfg init mycfg --local -q && discfg set k v")
        .run()
        .code(0);
    let folder = place.home().join("data/discfg");
    let mode = |path: &std::path::Path| {
        let metadata = path.metadata().expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = folder
        .read_dir()
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .collect();
    assert!(files.len() >= 2, "with its log beside it: {files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_reader_does_not_write_and_there_are_no_grants() {
    let place = embedded();
    place.args(["set", "k", "v", "--as", "write"]).run().code(0);
    for args in [
        &["set", "k", "w", "--as", "read"][..],
        &["set", "new", "w", "--as", "read"],
        &["delete", "k", "--as", "read"],
    ] {
        place
            .args(args)
            .run()
            .code(5)
            .stdout("")
            .stderr_has("opened read-only")
            .stderr_has("--as write");
    }
    for role in ["read", "write", "self"] {
        place.args(["get", "k", "--as", role]).run().code(0).stdout("v\n");
    }
    for args in [&["get", "k"][..], &["set", "k", "w"]] {
        place
            .args([args, &["--as", "team"]].concat())
            .run()
            .code(2)
            .stdout("")
            .stderr_has("cannot act as team: the local engine has no grants");
    }
    place.args(["info", "-f", "raw"]).run().code(0).stdout("1\n");
}

/// Reads go on from a damaged file as long as they meet sound pages, so that a check of the whole file is `doctor`'s.
#[test]
fn a_damaged_file_is_found_by_doctor_alone() {
    let place = embedded();
    place.args(["set", "/a", "1"]).run().code(0);
    place
        .args(["doctor"])
        .run()
        .code(0)
        .stdout_has("SQLite's integrity check passed");
    database(&place)
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .expect("SQLite writes all pages to the file");
    let file = place.home().join("data/discfg/mycfg.db");
    let mut bytes = std::fs::read(&file).expect("the config's file");
    // The number of free pages (SQLite documentation, "The Database Header").
    bytes[36..40].copy_from_slice(&5_u32.to_be_bytes());
    std::fs::write(&file, bytes).expect("the config's file");

    place.args(["get", "/a"]).run().code(0).stdout("1\n");
    place.args(["info"]).run().code(0).stdout_has("state    ok");
    place.args(["status"]).run().code(0).stdout_has("state      ok");
    place
        .args(["doctor"])
        .run()
        .code(1)
        .stdout_has("fail  integrity")
        .stdout_has("discfg export -f json");
}

#[test]
fn a_change_bears_the_account_where_no_variable_names_the_user() {
    let place = Place::new();
    let said = place
        .shell("unset USER; discfg init mycfg --local -q && discfg set k v && discfg get k -f json && id -un")
        .run()
        .code(0);
    let text = said.text();
    let user = text.lines().last().expect("a name");
    assert!(text.contains(&format!(r#""by":"local:{user}""#)), "{text}");
}
