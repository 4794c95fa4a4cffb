//! `discfg serve` killed under writers, over and over: what it answered is there, and what it didn't is told when it is
//! asked again.

use std::io::BufReader;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use support::api::path_of;
use support::http1::Message;
use support::serving::{Server, served_place};

const ROUNDS: usize = 100;
const WRITERS: usize = 4;

/// One write, which can be sent again as it is.
#[derive(Debug, Clone)]
struct Write {
    /// The commit's id, where the writer names one.
    id: Option<String>,
    method: &'static str,
    path: String,
    body: String,
    keys: Vec<String>,
    value: String,
}

/// What one writer wrote before its server died.
#[derive(Default)]
struct Written {
    acknowledged: Vec<Write>,
    unanswered: Option<Write>,
}

impl Write {
    /// The `n`th of a writer: two race for one key, one writes keys of its own under no id, one writes in two sections.
    fn of(writer: usize, round: usize, n: usize) -> Self {
        let value = format!("r{round}-w{writer}-{n}");
        let put = |key: String, id: Option<String>| Self {
            id,
            method: "PUT",
            path: format!("/v1/mycfg/{}", path_of("keys", &key)),
            body: value.clone(),
            keys: vec![key],
            value: value.clone(),
        };
        match writer {
            0 | 1 => put("/db/same".into(), Some(format!("one-{value}"))),
            2 => put(format!("/own/{value}"), None),
            _ => {
                let set = |key: &str| serde_json::json!({"op": "set", "key": key, "value": value});
                Self {
                    id: Some(format!("two-{value}")),
                    method: "POST",
                    path: "/v1/mycfg/@config/commit".into(),
                    body: serde_json::json!({"changes": [set("/left/half"), set("/right/half")]}).to_string(),
                    keys: vec!["/left/half".into(), "/right/half".into()],
                    value,
                }
            }
        }
    }

    /// Sends it; nothing comes of it where the server dies first.
    fn send(&self, stream: &TcpStream, host: &str) -> Option<Message> {
        let kind = match self.method {
            "POST" => "application/json",
            _ => "text/plain",
        };
        let id = self.id.iter().map(|id| ("Idempotency-Key", id.as_str()));
        let headers = [("Host", host), ("Content-Type", kind)].into_iter().chain(id);
        let request = Message {
            start: format!("{} {} HTTP/1.1", self.method, self.path),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: self.body.clone().into_bytes(),
        };
        request.write(&mut &*stream).ok()?;
        Message::read_response(&mut BufReader::new(stream)).ok()
    }
}

/// Writes until the server is gone.
fn write(stream: &TcpStream, host: &str, writer: usize, round: usize, answered: &AtomicUsize) -> Written {
    let mut written = Written::default();
    for n in 0.. {
        let write = Write::of(writer, round, n);
        let Some(answer) = write.send(stream, host) else {
            written.unanswered = Some(write);
            break;
        };
        assert!(matches!(answer.status(), 200 | 201), "{write:?}: {answer:?}");
        written.acknowledged.push(write);
        answered.fetch_add(1, Ordering::Relaxed);
    }
    written
}

fn count(database: &Connection, query: &str) -> i64 {
    database
        .query_row(query, [], |row| row.get(0))
        .unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// How many lines of the log a write left.
fn lines(database: &Connection, write: &Write) -> usize {
    let found = |key: &String| {
        let query = "SELECT COUNT(*) FROM log WHERE key = ?1 AND CAST(value AS TEXT) = ?2 \
                     AND (?3 IS NULL OR commit_id = ?3)";
        let found: usize = database
            .query_row(query, (key, &write.value, &write.id), |row| row.get(0))
            .expect("a log");
        found
    };
    write.keys.iter().map(found).sum()
}

/// Nothing is torn: each log goes on without a gap to where its section stands, each revision has all its lines, each
/// commit all its sections, and each entry is as its last line left it.
fn check_whole(database: &Connection) {
    let sound: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("it can be checked");
    assert_eq!(sound, "ok");
    let broken = [
        "SELECT COUNT(*) FROM section WHERE revision <> (SELECT COUNT(DISTINCT revision) FROM log WHERE log.section = section.section)",
        "SELECT COUNT(*) FROM section WHERE revision <> (SELECT COALESCE(MAX(revision), 0) FROM log WHERE log.section = section.section)",
        "SELECT COUNT(*) FROM (SELECT 1 FROM log GROUP BY section, revision HAVING COUNT(*) <> MAX(lines) OR MAX(line) - MIN(line) + 1 <> COUNT(*))",
        "SELECT COUNT(*) FROM (SELECT 1 FROM log GROUP BY commit_id HAVING COUNT(*) <> CASE WHEN commit_id LIKE 'two-%' THEN 2 ELSE 1 END)",
        "SELECT COUNT(*) FROM entry WHERE NOT EXISTS (SELECT 1 FROM log WHERE log.key = entry.key AND \
         log.revision = entry.revision AND log.version = entry.version AND log.value = entry.value)",
        "SELECT COUNT(*) FROM log AS line WHERE revision > (SELECT revision FROM entry WHERE entry.key = line.key)",
        "SELECT COUNT(*) FROM log AS line WHERE key = '/db/same' AND prev_revision IS NOT \
         (SELECT MAX(revision) FROM log WHERE key = line.key AND revision < line.revision)",
    ];
    for query in broken {
        assert_eq!(count(database, query), 0, "{query}");
    }
}

/// Lets all writers write, and kills the server meanwhile, at a moment that differs from round to round.
fn write_and_kill(server: &Server, host: &str, round: usize) -> Vec<Written> {
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (stream, answered) = (server.connect(), &answered);
                scope.spawn(move || write(&stream, host, writer, round, answered))
            })
            .collect();
        let deadline = Instant::now() + Duration::from_mins(1);
        while answered.load(Ordering::Relaxed) < 1 + round % 17 {
            assert!(Instant::now() < deadline, "nothing is answered");
            thread::yield_now();
        }
        server.signal("KILL");
        let written = writers
            .into_iter()
            .map(|writer| writer.join().expect("it writes"));
        written.collect()
    })
}

#[test]
fn a_hundred_kills_lose_nothing_that_was_answered() {
    let place = served_place();
    let file = place.home().join("data/discfg/mycfg.db");
    let (mut acknowledged, mut unanswered) = (Vec::new(), Vec::<Write>::new());
    let mut checked = 0;
    for at in 0..=ROUNDS {
        // Before anyone else opens the file: what a kill leaves is for the next server to go on from.
        let server = Server::start(&place, &["--log", "off"]);
        let host = server.address.to_string();
        let database = Connection::open(&file).expect("SQLite opens it");
        check_whole(&database);
        for write in &unanswered {
            let found = lines(&database, write);
            assert!(
                found == 0 || found == write.keys.len(),
                "{write:?} is torn: {found}"
            );
        }
        // Whether it had happened or not: now it has, once.
        for write in unanswered.drain(..).filter(|write| write.id.is_some()) {
            let answer = write.send(&server.connect(), &host).expect("an answer");
            assert!(matches!(answer.status(), 200 | 201), "{write:?}: {answer:?}");
            acknowledged.push(write);
        }
        // Those of the round before, and in the end all.
        for write in &acknowledged[if at == ROUNDS { 0 } else { checked }..] {
            let found = lines(&database, write);
            assert_eq!(found, write.keys.len(), "{write:?} is lost or doubled");
        }
        checked = acknowledged.len();
        if at == ROUNDS {
            server.signal("TERM");
            server.end().code(0);
            break;
        }
        for written in write_and_kill(&server, &host, at) {
            acknowledged.extend(written.acknowledged);
            unanswered.extend(written.unanswered);
        }
        let told = format!("serving mycfg on {}; no token required\n", server.url);
        let ended = server.end().stderr(&told);
        assert_eq!(ended.exit_code(), None, "it was killed");
    }
    assert!(acknowledged.len() > ROUNDS, "{}", acknowledged.len());
    let info = place.args(["info", "-q"]).run().code(0).stderr("");
    info.stdout_has("state    ok\n");
}
